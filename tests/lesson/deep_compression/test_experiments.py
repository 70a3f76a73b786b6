"""Lesson 09's experiments: what is counted, what is chosen on validation, and the whole pipeline on a tiny network."""

import lzma

import numpy as np
import pytest
import torch
from torch import nn

from pruning_lab import compress, masks, measure, prune
from pruning_lab.lesson.deep_compression import experiments
from pruning_lab.sparse import CSR


def tiny():
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 12), nn.ReLU(), nn.Linear(12, 3))


@pytest.fixture
def tiny_course(monkeypatch):
    """A network and images small enough to train in a moment."""
    generator = torch.Generator().manual_seed(0)
    pictures = torch.rand(200, 1, 4, 4, generator=generator)
    labels = pictures.flatten(1)[:, :3].argmax(dim=1)
    monkeypatch.setitem(experiments.NETWORKS, "tiny", tiny)
    monkeypatch.setitem(experiments.EPOCHS, "tiny", 20)
    monkeypatch.setitem(experiments.PRUNING_EPOCHS, "tiny", 10)
    monkeypatch.setattr(experiments, "images", lambda split: (pictures, labels))


@pytest.mark.usefixtures("tiny_course")
def test_the_pipeline_ends_in_files_that_say_what_the_rows_say(tmp_path):
    rows = experiments.compress_network("tiny", 0, tmp_path, sparsities=(0.5,), bits=(2, 3))
    methods = ["dense", "dense, trained as long", "pruned", "pipeline", "pipeline", "rival", "rival"]
    assert [row["method"] for row in rows] == methods
    for row in rows[3:5]:
        path = tmp_path / f"tiny-0-0.5-{row['bits']}.pruned"
        assert row["bytes"] == path.stat().st_size
        loaded = compress.load_compressed(path, tiny())
        assert (loaded[1].weight == 0).float().mean() > 0.3
        assert loaded[1].weight.unique().numel() <= 2 ** row["bits"] + 1
    line = experiments.frontier(rows, "tiny", "pipeline")[-1]
    (read,) = experiments.read_test_once(rows, "tiny", line, tmp_path)
    assert (read["dense"], read["bytes"]) == (rows[0]["validation"], rows[3]["bytes"])  # one set of images for all
    assert read["compressed"] == rows[3]["validation"]


@pytest.mark.usefixtures("tiny_course")
def test_sharing_leaves_few_values_and_training_them_lowers_the_loss():
    model = experiments.trained("tiny", 0)
    kept = experiments.prune_gradually(model, "tiny", 0.5, 0)
    assert sum(int(mask.sum()) for mask in kept.values()) == (16 * 12 + 12 * 3) // 2
    losses = []
    for epochs in (0, 5):
        shared = experiments.fresh_copy("tiny", model)
        experiments.share_and_retrain(shared, kept, 1, 0, epochs=epochs)
        assert shared[1].weight[kept["1.weight"]].unique().numel() <= 2
        images, labels = experiments.images("train")
        losses.append(nn.functional.cross_entropy(shared(images), labels).item())
    assert losses[1] < losses[0]


def test_csr_is_counted_as_the_format_counts_it():
    model = tiny()
    kept = masks.mask_global(prune.prunable_weights(model), 0.8, by_magnitude=True)
    prune.apply_masks_(model, kept)
    formats = [CSR.from_dense(model.get_parameter(name).detach().numpy(), np.uint16) for name in kept]
    pointers = sum(form.indptr.nbytes for form in formats)
    expected = measure.stored_bytes(formats) + 4 * (12 + 3)
    assert experiments.csr_bytes(model, kept) == expected - pointers + sum(8 * form.indptr.size for form in formats)


def test_the_rival_is_integers_and_lzma():
    torch.manual_seed(0)
    model = tiny()
    kept = {"1.weight": torch.rand(12, 16) < 0.5, "3.weight": torch.rand(3, 12) < 0.5}
    prune.apply_masks_(model, kept)
    before = {name: model.get_parameter(name).detach().clone() for name in kept}
    size = experiments.two_line_rival(model, kept, 4)
    text = b""
    for name, weight in before.items():
        after = model.get_parameter(name).detach()
        scale = experiments.best_scale(weight[kept[name]].numpy(), 7)
        codes = (after / scale).round()
        assert torch.allclose(codes * scale, after)
        assert codes.abs().max() <= 7
        assert (after - weight).abs().max() < weight.abs().max() / 4
        text += codes.to(torch.int8).numpy().tobytes()
    assert size == len(lzma.compress(text, preset=9 | lzma.PRESET_EXTREME)) + 2 * (12 + 3 + 2)


def test_a_searched_clip_beats_the_largest_weight():
    survivors = np.random.default_rng(0).standard_t(3, 5000)

    def error(scale):
        return ((np.clip(np.round(survivors / scale), -7, 7) * scale - survivors) ** 2).sum()

    assert error(experiments.best_scale(survivors, 7)) < 0.5 * error(np.abs(survivors).max() / 7)


def made_row(seed, method, bits, size, validation, sparsity=0.9):
    names = ("network", "seed", "method", "sparsity", "bits", "bytes", "validation")
    return dict(zip(names, ("net", seed, method, sparsity, bits, size, validation), strict=True))


ROWS = [
    *(made_row(seed, "dense", 32, 1000, 0.80 + seed / 100, 0.0) for seed in (0, 1)),
    *(made_row(seed, "pipeline", 2, 10, 0.79 + seed / 100) for seed in (0, 1)),
    *(made_row(seed, "pipeline", 3, 20 + 5 * seed, 0.798 + seed / 100) for seed in (0, 1)),
    *(made_row(seed, "pipeline", 4, 50, 0.81) for seed in (0, 1)),
]


def test_the_frontier_by_hand():
    lines = experiments.frontier(ROWS, "net", "pipeline")
    assert [line["bits"] for line in lines] == [4, 3, 2]
    assert [line["ratio"] for line in lines] == [20, 45, 100]
    assert [round(line["change"], 6) for line in lines] == [0.5, -0.2, -1.0]
    assert (round(lines[0]["low"], 6), round(lines[0]["high"], 6)) == (0.0, 1.0)


def test_the_smallest_good_file_is_chosen():
    assert experiments.chosen_on_validation(ROWS, "net")["bits"] == 3
    assert experiments.chosen_on_validation(ROWS, "net", points=1.1)["bits"] == 2
    with pytest.raises(ValueError, match="rows must hold a file that loses at most -1 points; got none of net"):
        experiments.chosen_on_validation(ROWS, "net", points=-1)


@pytest.mark.parametrize(("network", "weights"), [("LeNet-300-100", 266_610), ("LeNet-5", 431_080)])
def test_what_was_measured_keeps_what_the_course_says_of_it(network, weights):
    """At least 40 times smaller within half a point of the dense network it came from: test, mean of three."""
    kept = experiments.measured()
    (chosen,) = [read for read in kept["test"] if (read["network"], read["method"]) == (network, "pipeline")]
    assert len(chosen["seeds"]) == 3
    changes = [100 * (seed["compressed"] - seed["dense"]) for seed in chosen["seeds"]]
    assert np.mean(changes) > -0.5
    assert all(4 * weights / seed["bytes"] > 40 for seed in chosen["seeds"])
    again = experiments.chosen_on_validation(kept["rows"], network, against="dense, trained as long")
    assert again == pytest.approx(chosen["line"])


def test_a_network_that_is_small_already_does_not_come_near():
    """What the course says of VGG-small: against one trained as long, no file within half a point; nor 40 times."""
    kept = experiments.measured()
    lines = experiments.frontier(kept["rows"], "VGG-small", "pipeline", "dense, trained as long")
    assert len(lines) == 9
    assert [read["line"] for read in kept["test"] if read["network"] == "VGG-small"] == [None, None]
    assert max(line["change"] for line in lines) < -0.5
    assert max(line["ratio"] for line in lines) < 40
    against_its_own = experiments.frontier(kept["rows"], "VGG-small", "pipeline", "dense")
    assert max(line["ratio"] for line in against_its_own if line["change"] >= -0.5) > 20
