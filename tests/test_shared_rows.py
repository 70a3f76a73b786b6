"""Rows of codes and gaps, and the product from them."""

import numpy as np
import pytest
import torch
from bad_input import bad_input_test
from hypothesis import given, settings
from hypothesis import strategies as st
from layouts import LAYOUTS

from pruning_lab import kernels
from pruning_lab.compress import share_weights
from pruning_lab.sparse import SharedRows


def random_rows(shape, density, bits=3, dtype=np.float32, seed=0):
    rng = np.random.default_rng(seed)
    mask = rng.random(shape) < density
    codes = rng.integers(0, 2**bits, int(mask.sum())).astype(np.uint8)
    codebook = rng.standard_normal(2**bits).astype(dtype)
    return SharedRows.from_codes(codebook, codes, mask), codebook, codes, mask


def dense_of(codebook, codes, mask):
    dense = np.zeros(mask.shape, codebook.dtype)
    dense[mask] = codebook[codes]
    return dense


def test_a_row_by_hand():
    mask = np.zeros((2, 600), bool)
    mask[0, [0, 3, 599]] = True  # 595 zeros before the last: two fillers of 256 places, then a gap of 83
    rows = SharedRows.from_codes(np.array([5, 7], np.float32), np.array([0, 1, 0], np.uint8), mask)
    assert rows.gaps.tolist() == [0, 2, 255, 255, 83]
    assert rows.codes.tolist() == [0, 1, 2, 2, 0]
    assert rows.codebook.tolist() == [5, 7, 0]
    assert (rows.indptr.tolist(), rows.stored, rows.nbytes) == ([0, 5, 5], 5, 12 + 5 + 5 + 24)


@settings(max_examples=60, deadline=None)
@given(rows=st.integers(0, 6), columns=st.integers(0, 900), density=st.sampled_from([0, 0.002, 0.05, 0.5, 1]))
def test_rows_hold_what_they_were_given_and_multiply_it(rows, columns, density):
    stored, codebook, codes, mask = random_rows((rows, columns), density)
    dense = dense_of(codebook, codes, mask)
    assert np.array_equal(stored.to_dense(), dense)
    x = np.random.default_rng(1).standard_normal(columns).astype(np.float32)
    np.testing.assert_allclose(kernels.shared_matvec(stored, x), dense.astype(np.float64) @ x, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("parallel", [False, True])
def test_the_product_is_that_of_the_dense_twin(dtype, parallel):
    stored, codebook, codes, mask = random_rows((300, 784), 0.07, dtype=dtype)
    x = np.random.default_rng(1).standard_normal(784).astype(dtype)
    dense = dense_of(codebook, codes, mask)
    bound = np.finfo(dtype).eps * 784 * (np.abs(dense.astype(np.float64)) @ np.abs(x))
    y = kernels.shared_matvec(stored, x, parallel)
    assert (np.abs(y - dense.astype(np.float64) @ x) <= bound).all()
    assert y.dtype == dtype


def test_what_was_pruned_never_meets_the_input():
    mask = np.array([[True, False, True]])
    rows = SharedRows.from_codes(np.array([2], np.float32), np.array([0, 0], np.uint8), mask)
    assert kernels.shared_matvec(rows, np.array([1, np.inf, 3], np.float32)).tolist() == [8]
    assert np.isnan(kernels.shared_matvec(rows, np.array([np.nan, 0, 3], np.float32))).all()


def test_shared_weights_become_rows():
    weight = torch.randn(20, 400, generator=torch.Generator().manual_seed(0))
    shared = share_weights(weight, weight.abs() > 2.5, bits=4)
    assert np.array_equal(shared.to_rows().to_dense(), shared.to_dense())


@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_layout_is_one(layout):
    rows, *_ = random_rows((8, 700), 0.01)
    laid = SharedRows(*(layout(getattr(rows, name)) for name in ("codebook", "codes", "gaps", "indptr")), rows.shape)
    x = np.random.default_rng(1).standard_normal(700).astype(np.float32)
    assert np.array_equal(kernels.shared_matvec(laid, layout(x)), kernels.shared_matvec(rows, x))


def test_a_zero_in_a_full_codebook_fills_gaps():
    mask = np.zeros((1, 1000), bool)
    mask[0, -1] = True
    codebook = np.arange(256).astype(np.float32)
    rows = SharedRows.from_codes(codebook, np.array([9], np.uint8), mask)
    assert (rows.codes.tolist(), rows.codebook.size) == ([0, 0, 0, 9], 256)


BOOK, CODES, GAPS, INDPTR = np.ones(2, np.float32), np.zeros(2, np.uint8), np.ones(2, np.uint8), np.array([0, 1, 2])
FAR = np.zeros((1, 1000), bool)
FAR[0, -1] = True
BAD_INPUT = [
    (
        "code beyond",
        lambda: SharedRows(BOOK, CODES + np.uint8(2), GAPS, INDPTR, (2, 2)),
        ValueError,
        "codes must be in [0, 2); got 2",
    ),
    (
        "row beyond",
        lambda: SharedRows(BOOK, CODES, GAPS, INDPTR, (2, 1)),
        ValueError,
        "gaps must end within the 1 columns of a row; got 2 places",
    ),
    (
        "indptr falls",
        lambda: SharedRows(BOOK, CODES, GAPS, np.array([0, 3, 2]), (2, 2)),
        ValueError,
        "indptr must ascend from 0 to stored = 2; got [0, 2]",
    ),
    (
        "indptr wraps",
        lambda: SharedRows(BOOK, CODES, GAPS, np.array([0, 2**63 - 1, -(2**63), -(2**62), 0, 2]), (5, 2)),
        ValueError,
        "indptr must ascend from 0 to stored = 2; got [0, 2]",
    ),
    (
        "indptr short",
        lambda: SharedRows(BOOK, CODES, GAPS, np.array([0, 2]), (2, 2)),
        ValueError,
        "indptr must have rows + 1 = 3 entries; got 2",
    ),
    (
        "gaps missing",
        lambda: SharedRows(BOOK, CODES, GAPS[:1], INDPTR, (2, 2)),
        ValueError,
        "gaps must have stored = 2 entries; got 1",
    ),
    (
        "no room for a zero",
        lambda: SharedRows.from_codes(np.arange(1, 257).astype(np.float32), CODES[:1], FAR),
        ValueError,
        "codebook must have at most 255 values beside the 0 of a filler; got 256",
    ),
    (
        "dense",
        lambda: kernels.shared_matvec(np.eye(2), np.ones(2)),
        TypeError,
        "shared_rows must be a sparse.SharedRows; got ndarray",
    ),
    (
        "x double",
        lambda: kernels.shared_matvec(SharedRows(BOOK, CODES, GAPS, INDPTR, (2, 2)), np.ones(2)),
        TypeError,
        "x must have the dtype of shared_rows, float32; got dtype float64",
    ),
    (
        "x long",
        lambda: kernels.shared_matvec(SharedRows(BOOK, CODES, GAPS, INDPTR, (2, 2)), np.ones(3, np.float32)),
        ValueError,
        "x must have shape (in,) with in = 2, as shared_rows has shape (2, 2); got (3,)",
    ),
]
test_bad_input = bad_input_test(BAD_INPUT)
