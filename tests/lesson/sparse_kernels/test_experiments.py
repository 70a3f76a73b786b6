"""Lesson 04's races: vector loads of two spellings, a control in every race, a ratio for every cell of the map."""

import numba
import numpy as np
import pytest

from pruning_lab.lesson.sparse_kernels import experiments


def test_two_spellings_differ_in_vector_loads():
    def indexed(values, x):
        total = values.dtype.type(0)
        for k in range(values.size):
            total += values[k] * x[k]
        return total

    x = np.ones(64, np.float32)
    scalar, vector = numba.njit(indexed), numba.njit(fastmath={"reassoc", "contract"})(indexed)
    assert scalar(x, x) == vector(x, x) == 64
    assert experiments.vector_loads(vector) > experiments.vector_loads(scalar) == 0


def test_the_crossover_has_a_ratio_for_every_density_and_batch():
    ratios, control, dense = experiments.crossover(32, [0.1, 0.5], [1, 2, 4], cold=False, repeats=2)
    assert ratios.shape == (2, 3)
    assert control.shape == (3,)
    assert (ratios > 0).all()
    assert [(name in {"NumPy dense", "torch dense"}, speed > 0) for name, speed in dense] == [(True, True)] * 3


@pytest.mark.parametrize(("batch", "shape"), [(1, (6,)), (3, (6, 3))])
def test_inputs_come_as_a_vector_or_with_the_batch_last(batch, shape):
    x = experiments.random_inputs(6, batch)
    assert (x.shape, x.dtype) == (shape, np.float32)


@pytest.mark.parametrize(
    ("ratios", "words"),
    [([2, 1, 0.5], "0.20"), ([1, 0.9, 0.5], "0.10"), ([0.9, 2, 2], "below 0.1"), ([3, 2, 1], "above 0.4")],
)
def test_where_the_two_meet_is_read_off_between_two_densities(ratios, words):
    assert experiments.crossing([0.1, 0.2, 0.4], ratios) == words
