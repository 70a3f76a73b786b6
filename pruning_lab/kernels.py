"""How fast can the survivors multiply? Loops over stored weights, compiled by Numba, one thread.

A pruned entry never meets x: where x holds NaN or an infinity, a dense product makes NaN of 0 * inf and these do not.
"""

import numpy as np
from numba import njit

from pruning_lab.sparse import CSR, BlockCSR, NOfM


def csr_matvec(csr, x):
    """Multiply a CSR matrix by a vector.

    Args:
        csr: CSR of shape (out, in).
        x: (in,) array of the dtype of `csr.data`.

    Returns:
        (out,) array.

    Raises:
        TypeError: another format or dtype.
        ValueError: sizes that disagree.

    Source: Han et al. 2015, arXiv 1510.00149, section 6.2, times such products at batch 1.

    >>> csr = CSR.from_dense(np.array([[0, 2, 0], [1, 0, 3]], np.float32))
    >>> csr_matvec(csr, np.array([1, 10, 100], np.float32))
    array([ 20., 301.], dtype=float32)
    """
    x = _check(csr, CSR, x, axes=(1,))
    y = np.empty(csr.shape[0], x.dtype)
    _csr_matvec(csr.data, csr.indices, csr.indptr, x, y)
    return y


def csr_matmul(csr, x):
    """Multiply a CSR matrix by a batch of vectors, the batch on the last axis.

    Args:
        csr: CSR of shape (out, in).
        x: (in, batch) array of the dtype of `csr.data`; (in,) is one vector, as in `csr_matvec`.

    Returns:
        (out, batch) array.

    Raises:
        TypeError: another format or dtype.
        ValueError: sizes that disagree.

    >>> csr = CSR.from_dense(np.array([[0, 2], [1, 0]], np.float32))
    >>> csr_matmul(csr, np.array([[1, 2], [3, 4]], np.float32))
    array([[6., 8.],
           [1., 2.]], dtype=float32)
    """
    x = _check(csr, CSR, x, axes=(1, 2))
    if x.ndim == 1:
        return csr_matvec(csr, x)
    y = np.zeros((csr.shape[0], x.shape[1]), x.dtype)
    _csr_matmul(csr.data, csr.indices, csr.indptr, x, y)
    return y


def block_matmul(block_csr, x):
    """Multiply a block-sparse matrix by a vector or a batch; a 4x1 block uses one input row for four outputs.

    Args:
        block_csr: BlockCSR of shape (out, in).
        x: (in,) or (in, batch) array of the dtype of `block_csr.data`.

    Returns:
        (out,) or (out, batch) array.

    Raises:
        TypeError: another format or dtype.
        ValueError: sizes that disagree.

    >>> blocks = BlockCSR.from_dense(np.array([[0, 2], [0, 3]], np.float32), (2, 1))
    >>> block_matmul(blocks, np.array([1, 10], np.float32))
    array([20., 30.], dtype=float32)
    """
    x = _check(block_csr, BlockCSR, x, axes=(1, 2))
    batch = x.reshape(len(x), -1)
    y = np.zeros((block_csr.shape[0], batch.shape[1]), x.dtype)
    _block_matmul(block_csr.data, block_csr.indices, block_csr.indptr, batch, y)
    return y.reshape(block_csr.shape[0], *x.shape[1:])


def n_of_m_matmul(n_of_m, x):
    """Multiply an N:M matrix by a vector or a batch.

    Args:
        n_of_m: NOfM of shape (out, in).
        x: (in,) or (in, batch) array of the dtype of `n_of_m.data`.

    Returns:
        (out,) or (out, batch) array.

    Raises:
        TypeError: another format or dtype.
        ValueError: sizes that disagree.

    >>> two_of_four = NOfM.from_dense(np.array([[0, 5, 0, 6]], np.float32))
    >>> n_of_m_matmul(two_of_four, np.array([1, 2, 3, 4], np.float32))
    array([34.], dtype=float32)
    """
    x = _check(n_of_m, NOfM, x, axes=(1, 2))
    batch = x.reshape(len(x), -1)
    y = np.zeros((n_of_m.shape[0], batch.shape[1]), x.dtype)
    _n_of_m_matmul(n_of_m.data, n_of_m.positions, n_of_m.n, n_of_m.m, batch, y)
    return y.reshape(n_of_m.shape[0], *x.shape[1:])


def _check(matrix, kind, x, axes):
    """Return x contiguous, if the matrix is of its kind and both fit each other."""
    if not isinstance(matrix, kind):
        raise TypeError(f"matrix must be a {kind.__name__}; got {type(matrix).__name__}")
    if not isinstance(x, np.ndarray) or x.dtype != matrix.data.dtype:
        got = getattr(x, "dtype", type(x).__name__)
        raise TypeError(f"x must be an array of the matrix's dtype {matrix.data.dtype}; got {got}")
    if x.ndim not in axes or len(x) != matrix.shape[1]:
        raise ValueError(
            f"x must have first axis {matrix.shape[1]} for a matrix of shape {matrix.shape}; got {x.shape}"
        )
    return np.ascontiguousarray(x)


@njit(cache=True, fastmath={"contract", "reassoc", "nsz"})
def _csr_matvec(data, indices, indptr, x, y):
    for row in range(y.size):
        # Slicing the row first lets the compiler see plain arrays: several times faster than data[k] over indptr.
        values = data[indptr[row] : indptr[row + 1]]
        columns = indices[indptr[row] : indptr[row + 1]]
        total = x.dtype.type(0)
        for k in range(values.size):
            total += values[k] * x[columns[k]]
        y[row] = total


@njit(cache=True, fastmath={"contract"})
def _csr_matmul(data, indices, indptr, x, y):
    for row in range(y.shape[0]):
        values = data[indptr[row] : indptr[row + 1]]
        columns = indices[indptr[row] : indptr[row + 1]]
        out = y[row]
        whole = values.size - values.size % 4
        for k in range(0, whole, 4):  # four rows of x at a time: `out` is read and written a quarter as often
            a, b, c, d = x[columns[k]], x[columns[k + 1]], x[columns[k + 2]], x[columns[k + 3]]
            for j in range(out.size):
                out[j] += values[k] * a[j] + values[k + 1] * b[j] + values[k + 2] * c[j] + values[k + 3] * d[j]
        for k in range(whole, values.size):
            for j in range(out.size):
                out[j] += values[k] * x[columns[k], j]


@njit(cache=True, fastmath={"contract"})
def _block_matmul(data, indices, indptr, x, y):
    height, width = data.shape[1:]
    for block_row in range(indptr.size - 1):
        for k in range(indptr[block_row], indptr[block_row + 1]):
            for c in range(width):
                inputs = x[indices[k] * width + c]  # read once, used by every row of the block
                for r in range(height):
                    weight, out = data[k, r, c], y[block_row * height + r]
                    for j in range(out.size):
                        out[j] += weight * inputs[j]


@njit(cache=True, fastmath={"contract"})
def _n_of_m_matmul(data, positions, n, m, x, y):
    for row in range(y.shape[0]):
        values, places, out = data[row], positions[row], y[row]
        for k in range(values.size):
            weight, inputs = values[k], x[k // n * m + places[k]]  # no column index: the group is known from k
            for j in range(out.size):
                out[j] += weight * inputs[j]
