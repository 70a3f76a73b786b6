"""Lesson 04's races: the published numbers as the paper prints them, the reveals' answers, the maps and the engine."""

import numba
import numpy as np
import pytest

from pruning_lab.lesson import engine, kernel_pictures, kernel_race
from pruning_lab.lesson.kernel_race import (
    LAYERS,
    MACHINES,
    geometric_mean,
    published_energy_ratios,
    published_speed_ups,
)

SMALL = {"AlexNet FC6": ((64, 96), 0.09), "VGG-16 FC8": ((32, 48), 0.23)}


@pytest.mark.parametrize(("batch", "means"), [(1, (3.33, 3.54, 4.75)), (64, (0.27, 0.27, 0.78))])
def test_geometric_means_of_the_published_table(batch, means):
    assert tuple(round(geometric_mean(published_speed_ups(machine, batch)), 2) for machine in MACHINES) == means


def test_energy_ratios_of_the_published_table():
    assert [round(geometric_mean(published_energy_ratios(machine)), 2) for machine in MACHINES] == [6.68, 3.27, 4.23]


def test_two_spellings_differ_in_vector_loads():
    def indexed(values, x):
        total = values.dtype.type(0)
        for k in range(values.size):
            total += values[k] * x[k]
        return total

    x = np.ones(64, np.float32)
    scalar, vector = numba.njit(indexed), numba.njit(fastmath={"reassoc", "contract"})(indexed)
    assert scalar(x, x) == vector(x, x) == 64
    assert kernel_race.vector_loads(vector) > kernel_race.vector_loads(scalar) == 0


def test_a_race_on_small_layers_has_a_control_and_a_table():
    races = {name: kernel_race.race_layer(*layer, batch=1, repeats=2) for name, layer in SMALL.items()}
    assert [row.name for row in races["AlexNet FC6"].rows[1:]] == ["sparse", "sparse again"]
    table = kernel_race.race_table(races, 1)
    assert table.count("<tr>") == 1 + len(SMALL) + 1
    assert "2.45" in table  # 7516.2 / 3066.5, the paper's Core i7 on FC6
    axes = kernel_race.race_picture(races, 1)
    assert [text.get_text().split("\n")[0] for text in axes.get_xticklabels()] == list(SMALL)


@pytest.mark.parametrize(("mean", "answer"), [(0.5, "slower"), (2.0, "faster")])
def test_the_race_reveal_answers_with_the_range_of_the_mean(monkeypatch, mean, answer):
    races = {name: kernel_race.race_layer(*layer, batch=4, repeats=1) for name, layer in SMALL.items()}
    monkeypatch.setattr(kernel_race, "race_layers", lambda batch: races)
    monkeypatch.setattr(kernel_race, "speed_up", lambda _races: mean)
    reveal = kernel_race.race_reveal(64, {"slower": (0, 1), "faster": (1, np.inf)})
    found, (picture, table) = reveal()
    assert found == answer
    assert picture.startswith("<img alt=")
    assert table.startswith("<table>")


def test_the_crossover_has_a_ratio_for_every_density_and_batch():
    ratios, control = kernel_race.crossover(32, [0.1, 0.5], [1, 2, 4], cold=False, repeats=2)
    assert ratios.shape == (2, 3)
    assert control.shape == (3,)
    assert (ratios > 0).all()


@pytest.mark.parametrize(
    ("slow", "answer"), [((), "none"), (("sparse",), "sparse only"), (("dense", "sparse"), "another")]
)
def test_the_zeros_reveal_finds_who_got_faster(monkeypatch, slow, answer):
    """`slow` names the products that take ten times as long with all weights."""

    def work(loops):
        return lambda: sum(range(loops))

    def calls(name):
        return work(30_000 if name in slow else 3_000), work(30_000 if name in slow else 3_000), work(3_000)

    options = {"none": [], "sparse only": ["sparse"], "another": None}
    reveal = kernel_race.zeros_reveal({name: calls(name) for name in ("dense", "sparse")}, options, repeats=9)
    assert reveal()[0] == answer


def test_the_engine_multiplies_and_stores_every_zero():
    weight = np.eye(8, 12, dtype=np.float32)
    x = np.arange(24, dtype=np.float32).reshape(12, 2)
    np.testing.assert_allclose(engine.engine_product(weight, x)(), weight @ x)
    full = np.ones_like(weight)
    assert len(engine.layer_model(weight, 2)) == len(engine.layer_model(full, 2))


@pytest.mark.parametrize("sparsity", [0.0, 0.5, 0.95])
def test_every_frame_draws_at_every_sparsity(sparsity):
    for _, draw in kernel_pictures.gather_frames():
        axes = kernel_pictures.plots.new_axes()
        draw(axes, sparsity)
        assert axes.get_xlabel()


def test_six_layers_as_published():
    assert [shape for shape, _ in LAYERS.values()] == [
        (4096, 9216),
        (4096, 4096),
        (1000, 4096),
        (4096, 25088),
        (4096, 4096),
        (1000, 4096),
    ]
