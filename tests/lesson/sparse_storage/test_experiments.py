"""Lesson 03's tables and pictures: shares of dense by hand, the reveal's answer, the arrays drawn."""

import numpy as np
import pytest

from pruning_lab import lesson, sparse
from pruning_lab.lesson import storage

NAMES = list(storage.FORMATS)
WEIGHT = np.arange(1, 25, dtype=np.float32).reshape(4, 6) / 10


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
    assert storage.share_of_dense(name, (10_000, 10_000), density) == pytest.approx(share, abs=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_the_curve_is_what_encoding_takes(name):
    rng = np.random.default_rng(0)
    array = rng.standard_normal((400, 500), np.float32) * (rng.random((400, 500)) < 0.2)
    density = np.count_nonzero(array) / array.size
    measured = storage.encode(name, array).nbytes / array.nbytes
    assert storage.share_of_dense(name, array.shape, density) == pytest.approx(measured, rel=0.01)


OPTIONS = {"all": NAMES, "bits": ["bitmask", "relative index, 5 bits"], "other": None}


@pytest.mark.parametrize(("density", "answer"), [(0.1, "all"), (0.7, "bits"), (0.99, "other"), (0.6, "other")])
def test_the_reveal_answers_what_was_measured(density, answer):
    rng = np.random.default_rng(0)
    array = (rng.standard_normal((64, 64)) * (rng.random((64, 64)) < density)).astype(np.float32)
    found, (table, picture) = storage.smaller_reveal(array, OPTIONS)()
    assert found == answer
    assert table.count("<tr>") == 1 + len(NAMES)
    assert picture.startswith("<img alt=")


def test_fillers_are_marked():
    relative = sparse.RelativeIndex.from_dense(np.array([[0, 0, 0, 0, 0, 7]], np.float32), index_bits=2)
    assert storage.relative_rows(relative) == {"gap": [3, 1], "value": ["filler", "7"]}


@pytest.mark.parametrize("sparsity", [0.0, 0.5, 0.95])
def test_every_frame_draws_at_every_sparsity(sparsity):
    for _, draw in storage.storage_frames(WEIGHT):
        axes = lesson.storage.plots.new_axes()
        draw(axes, sparsity)
        assert len(axes.get_children()) > len(lesson.storage.plots.new_axes().get_children())


def test_the_bars_are_the_bytes():
    axes = storage.plots.new_axes()
    storage.storage_frames(WEIGHT)[3][1](axes, 0.5)
    dense, csr, bitmask, relative = (bar.get_height() for bar in axes.patches)
    assert (dense, bitmask) == (96, 12 * 4 + 3)
    assert csr == 12 * 4 + 12 * 2 + 5 * 4
    assert relative >= 12 * 4 + 3


def test_a_zipped_matrix_is_counted_as_written():
    array = np.zeros((100, 100), np.float32)
    array[::2, ::3] = 1
    sizes = storage.file_sizes(array)
    assert sizes["dense, with its zeros"] == 40_000
    assert sizes["dense, zipped"] < 1_000
