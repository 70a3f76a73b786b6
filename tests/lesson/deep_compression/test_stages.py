"""Lesson 09's stages: every byte is counted, and what comes out of the file is what went in."""

import pytest
import torch

from pruning_lab import compress, masks, models, prune
from pruning_lab.lesson.deep_compression import experiments, stages
from pruning_lab.lesson.deep_compression.reveal import stage_reveal


@pytest.fixture
def networks(monkeypatch):
    """A network, its pruned copy and the masks, and so few images that a codebook trains in a moment."""
    torch.manual_seed(0)
    dense, pruned = models.lenet_300_100(), models.lenet_300_100()
    pruned.load_state_dict(dense.state_dict())
    kept = masks.mask_global(prune.prunable_weights(pruned), 0.9, by_magnitude=True)
    prune.apply_masks_(pruned, kept)
    few = torch.rand(60, 1, 28, 28), torch.arange(60) % 10
    for module in (stages, experiments):
        monkeypatch.setattr(module, "images", lambda split: few)
    return dense, pruned, kept


def test_each_stage_is_smaller_and_the_last_is_the_file(networks):
    dense, pruned, kept = networks
    rows = stages.by_stage(dense, pruned, kept, bits=2)
    sizes = [row["bytes"] for row in rows]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] == 4 * 266_610
    shared = stages.shared_copy(pruned, kept, 2)
    assert sizes[3] == stages.through_a_file(shared, kept, 2)[0]
    product = rows[1]["times"] * rows[2]["times"] * rows[3]["times"]
    assert product == pytest.approx(sizes[0] / sizes[3])


def test_what_the_file_holds_is_the_shared_network_in_half_precision(networks):
    _, pruned, kept = networks
    shared = stages.shared_copy(pruned, kept, 3)
    _, _, loaded = stages.through_a_file(shared, kept, 3)
    for name, value in shared.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value.half().float()), name


def test_the_groups_add_up_to_the_file(networks):
    _, pruned, kept = networks
    rows = stages.by_bits(pruned, kept, {bits: stages.shared_copy(pruned, kept, bits, epochs=0) for bits in (2, 4)})
    assert rows[0]["places"] == rows[1]["places"]
    assert rows[0]["values"] < rows[1]["values"]
    assert all(row["values"] + row["places"] < row["file"] for row in rows)


def test_every_byte_of_a_file_has_a_group(tmp_path):
    layer, path = torch.nn.Linear(40, 30), tmp_path / "layer.pruned"
    compress.save_compressed(layer, {"weight": torch.rand(30, 40) < 0.2}, path, bits=3)
    groups = stages.bytes_by_group(compress.file_parts(path))
    assert sum(groups.values()) == path.stat().st_size
    assert groups["biases and other numbers"] == 2 * 30
    assert groups["which values they have"] > 2 * 8
    assert all(groups.values())


def test_fixed_codes_are_what_the_paper_counts(networks):
    _, pruned, kept = networks
    shared = stages.shared_copy(pruned, kept, 3, epochs=0)
    least = 0
    for name, bits in zip(kept, (3, 3, 4), strict=True):
        found = compress.share_weights(shared.get_parameter(name), kept[name], bits)
        least += min(compress.compressed_size(found, gap_bits).total for gap_bits in range(1, 9))
    assert stages.fixed_bytes(shared, kept, 3) == least + 2 * 410


def test_the_rival_is_measured_at_the_same_bits(networks):
    _, pruned, kept = networks
    found = stages.against_the_rival(pruned, kept, {4: stages.shared_copy(pruned, kept, 4, epochs=0)})
    assert [name for name, *_ in found[4]] == ["the .pruned file", "integers, lzma"]
    assert all(1000 < size < 60_000 and 0 <= right <= 1 for _, size, right in found[4])


def test_the_reveal_names_the_stage_that_takes_off_the_most(networks):
    options = {"sharing": 2, "coding": 3, "pruning": 1}
    found, (table, picture) = stage_reveal(*networks, options)()
    assert found == "pruning"
    assert "1,066,440" in table
    assert table.count("<tr>") == 1 + 4
    assert picture.startswith("<img alt=")
