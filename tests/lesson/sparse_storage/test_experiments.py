"""Lesson 03's experiments: shares of dense by hand, by formula as by encoding, and what a zipped matrix takes."""

import numpy as np
import pytest

from pruning_lab.lesson.sparse_storage import experiments

NAMES = list(experiments.FORMATS)


@pytest.mark.parametrize(
    ("name", "density", "share"),
    [
        ("CSR, int32 columns", 0.7, 1.4),
        ("CSR, uint16 columns", 0.7, 1.05),
        ("bitmask", 0.7, 0.7 + 1 / 32),
        ("COO, uint16 places", 0.5, 1.0),
    ],
)
def test_shares_by_hand(name, density, share):
    assert experiments.share_of_dense(name, (10_000, 10_000), density) == pytest.approx(share, abs=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_the_curve_is_what_encoding_takes(name):
    rng = np.random.default_rng(0)
    array = rng.standard_normal((400, 500), np.float32) * (rng.random((400, 500)) < 0.2)
    density = np.count_nonzero(array) / array.size
    measured = experiments.encode(name, array).nbytes / array.nbytes
    assert experiments.share_of_dense(name, array.shape, density) == pytest.approx(measured, rel=0.01)


def test_a_zipped_matrix_is_counted_as_written():
    array = np.zeros((100, 100), np.float32)
    array[::2, ::3] = 1
    sizes = experiments.file_sizes(array)
    assert sizes["dense, with its zeros"] == 40_000
    assert sizes["dense, zipped"] < 1_000
