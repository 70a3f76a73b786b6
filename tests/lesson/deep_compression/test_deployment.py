"""Lesson 09's ways to deploy: each computes what its network computes, and is counted for what it holds."""

import numpy as np
import pytest
import torch

from pruning_lab import masks, models, prune
from pruning_lab.lesson.deep_compression import deployment, stages


@pytest.fixture(scope="module")
def ways():
    torch.manual_seed(0)
    dense, pruned, small = models.lenet_300_100(), models.lenet_300_100(), models.lenet_300_100(widths=(150, 50))
    pruned.load_state_dict(dense.state_dict())
    kept = masks.mask_global(prune.prunable_weights(pruned), 0.9, by_magnitude=True)
    prune.apply_masks_(pruned, kept)
    shared = stages.shared_copy(pruned, kept, 3, epochs=0)
    found = deployment.all_ways(dense, small, pruned, kept, shared, bits=3)
    return {way.name: way for way in found}, dense, pruned, stages.through_a_file(shared, kept, 3)[2]


def logits(way, x):
    return way.product(x)


def test_every_way_computes_its_network(ways):
    found, dense, pruned, loaded = ways
    x = np.random.default_rng(0).random(784, np.float32)
    networks = {"dense": dense, "ONNX Runtime": dense, "masked": pruned, "CSR": pruned, "compressed": loaded}
    for name, network in networks.items():
        expected = network(torch.from_numpy(x)[None])[0].detach().numpy()
        np.testing.assert_allclose(logits(found[name], x), expected, rtol=1e-4, atol=1e-4, err_msg=name)
    for name in ("int8, torch", "int8, ONNX Runtime"):
        exact = logits(found["dense"], x)
        assert 0 < np.abs(logits(found[name], x) - exact).max() < 0.1 * np.abs(exact).max(), name


def test_bytes_and_multiplications_are_those_of_the_form(ways):
    found = ways[0]
    assert found["dense"].bytes == found["masked"].bytes == 4 * 266_610
    assert found["int8, torch"].bytes == 266_200 + 4 * 410
    assert found["shrunk"].bytes == 4 * (150 * 785 + 50 * 151 + 10 * 51)
    assert found["CSR"].macs == found["compressed"].macs == 26_620
    assert found["CSR"].bytes > 6 * 26_620
    assert found["compressed"].bytes < found["compressed"].read < found["CSR"].read


def test_energy_is_bytes_from_dram_and_multiplications():
    way = deployment.Way("by hand", 0.9, 10, 4_000_000, 1_000_000, 4.6, None)
    assert deployment.energy(way) == pytest.approx((1_000_000 * 640 + 1_000_000 * 4.6) / 1e6)


def test_rows_are_ready_for_the_frontier_and_there_is_a_control(ways):
    rows, timed = deployment.frontier_rows(list(ways[0].values())[:3], repeats=3)
    assert [row["name"] for row in rows] == ["dense", "masked", "CSR"]
    assert rows[0]["time"] == 1
    assert rows[0]["energy"] == rows[1]["energy"] > rows[2]["energy"]
    assert timed["control: dense again"].median > 0


def test_the_shrunk_network_has_half_of_the_hidden_units(monkeypatch):
    few = torch.rand(40, 1, 28, 28), torch.arange(40) % 10
    monkeypatch.setattr(deployment, "images", lambda split: few)
    small = deployment.shrunk(models.lenet_300_100())
    assert [tuple(p.shape) for p in small.parameters() if p.ndim == 2] == [(150, 784), (50, 150), (10, 50)]
