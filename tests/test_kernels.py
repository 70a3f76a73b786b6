"""Sparse products against dense ones, for every format, dtype and batch."""

import numpy as np
import pytest

from pruning_lab import kernels
from pruning_lab.sparse import CSR, BlockCSR, NOfM

RNG = np.random.default_rng(0)


def two_of_four(weight):
    grouped = np.abs(weight).reshape(-1, 4)
    lost = np.argsort(grouped, axis=1)[:, :2]
    kept = weight.copy().reshape(-1, 4)
    np.put_along_axis(kept, lost, 0, axis=1)
    return kept.reshape(weight.shape)


def blocks_of(weight, block):
    keep = RNG.random((weight.shape[0] // block[0], weight.shape[1] // block[1])) < 0.4
    return weight * np.kron(keep, np.ones(block)).astype(weight.dtype)


def cases(dtype):
    weight = RNG.standard_normal((24, 16)).astype(dtype)
    scattered = np.where(RNG.random(weight.shape) < 0.3, weight, 0).astype(dtype)
    scattered[3] = 0  # a row without any weight
    yield kernels.csr_matmul, CSR.from_dense(scattered)
    yield kernels.csr_matmul, CSR.from_dense(scattered, index_dtype=np.int32)
    yield kernels.n_of_m_matmul, NOfM.from_dense(two_of_four(weight))
    for block in ((4, 1), (2, 4), (1, 1)):
        yield kernels.block_matmul, BlockCSR.from_dense(blocks_of(weight, block), block)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("batch", [None, 1, 3, 64])
def test_every_product_equals_the_dense_one(dtype, batch):
    x = RNG.standard_normal((16,) if batch is None else (16, batch)).astype(dtype)
    for multiply, matrix in cases(dtype):
        y = multiply(matrix, x)
        assert y.dtype == dtype
        np.testing.assert_allclose(y, matrix.to_dense() @ x, rtol=1e-4, atol=1e-5)


def test_a_matvec_of_each_matrix_by_hand():
    csr = CSR.from_dense(np.array([[0, 2, 0], [0, 0, 0], [1, 0, 3]], np.float32))
    assert kernels.csr_matvec(csr, np.array([1, 10, 100], np.float32)).tolist() == [20, 0, 301]


def test_x_need_not_be_contiguous():
    csr = CSR.from_dense(np.eye(4, dtype=np.float32))
    x = np.arange(16, dtype=np.float32).reshape(4, 4)
    np.testing.assert_array_equal(kernels.csr_matmul(csr, x.T), x.T)


def test_a_pruned_weight_never_meets_an_infinity():
    csr = CSR.from_dense(np.array([[0, 2]], np.float32))
    assert kernels.csr_matvec(csr, np.array([np.inf, 1], np.float32)).tolist() == [2]


MATRIX = CSR.from_dense(np.eye(3, dtype=np.float32))
BAD_INPUT = [
    (
        "sizes",
        lambda: kernels.csr_matvec(MATRIX, np.ones(4, np.float32)),
        ValueError,
        "x must have first axis 3 for a matrix of shape (3, 3); got (4,)",
    ),
    (
        "axes",
        lambda: kernels.csr_matvec(MATRIX, np.ones((3, 2), np.float32)),
        ValueError,
        "x must have first axis 3 for a matrix of shape (3, 3); got (3, 2)",
    ),
    (
        "dtype",
        lambda: kernels.csr_matmul(MATRIX, np.ones(3)),
        TypeError,
        "x must be an array of the matrix's dtype float32; got float64",
    ),
    (
        "list",
        lambda: kernels.csr_matvec(MATRIX, [1, 2, 3]),
        TypeError,
        "x must be an array of the matrix's dtype float32; got list",
    ),
    (
        "format",
        lambda: kernels.block_matmul(MATRIX, np.ones(3, np.float32)),
        TypeError,
        "matrix must be a BlockCSR; got CSR",
    ),
]


@pytest.mark.parametrize(
    ("call", "error", "message"), [row[1:] for row in BAD_INPUT], ids=[row[0] for row in BAD_INPUT]
)
def test_bad_input(call, error, message):
    with pytest.raises(error) as caught:
        call()
    assert type(caught.value) is error
    assert str(caught.value) == message
