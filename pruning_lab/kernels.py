"""How fast can the survivors multiply? Numba loops over the formats of `sparse`, on one thread unless asked for more.

A public function checks its arguments; the loop below it is short enough to be read. The same product written in two
ways can differ five-fold, so each loop says why it is written as it is. Four habits come back in all of them:

- **Slice first, then loop.** After `values = data[start:stop]` the loop runs over `values.size`, and the compiler sees
  that no index can be negative. In `data[k]`, k from start to stop, it has to ask each time, and gives up on vectors.
- **A width known beforehand.** The running sums of a strip of the batch fit in the registers of a processor. The
  compiler keeps them there if the loop over them has a constant length; otherwise every step loads and stores them.
- **Strips of the batch, laid out anew.** A strip is copied once, so that its rows lie side by side, seldom reach into
  one more cache line than they must, and stay in the cache while all weights pass by.
- **No overlap.** If the result might overlap the inputs, each sum must be stored at once, in case it is read again as
  an input. `_NoOverlap` promises that it does not; C calls this `restrict`.

A pruned weight never meets the input: where a dense product has 0 * inf = NaN, a sparse one adds nothing. Stored
values, the zeros that fill a block or a group included, multiply as usual. Sums are taken in another order than in a
dense product: the two agree up to rounding.
"""

from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
from llvmlite import binding
from numba.core.compiler import Compiler

from pruning_lab.sparse import CSR, BlockCSR, NOfM

STRIP = 64  # columns of a batch that share one pass over the weights: 64 float32 are 8 registers of a common CPU
# The same for four rows at once. With AVX-512 a processor has 32 registers, without it 16.
FOUR_ROW_STRIP = 32 if binding.get_host_cpu_features().get("avx512f") else 16


class _NoOverlap(Compiler):
    """Numba's compiler, promised that no two arrays of a call overlap in memory."""

    def __init__(self, *args):
        super().__init__(*args)
        self.state.flags.noalias = True


# Sums may be reordered, since a vector register holds 8 partial sums, and a * b + c may be fused. Numba's fastmath=True
# would assume as well that NaN and infinity never occur, and compute anything where they do.
_options = {"cache": True, "nogil": True, "fastmath": {"reassoc", "contract"}, "pipeline_class": _NoOverlap}
_compiled = numba.njit(**_options)


@_compiled
def _dot(values, columns, x):
    """One row times a vector. Each value looks up its own entry of x: those look-ups set the pace, not the bytes."""
    total = x.dtype.type(0)
    for k in range(values.size):
        total += values[k] * x[columns[k]]
    return total


@_compiled
def _add_rows(values, columns, x, sums):
    """Add values[k] * x[columns[k]] to the STRIP sums of a row."""
    for k in range(values.size):
        row = x[columns[k]]
        for j in range(STRIP):
            sums[j] += values[k] * row[j]


@_compiled
def _add_narrow_rows(values, columns, x, sums):
    """The same for less than STRIP columns: their sums go through memory, but only once for four weights."""
    whole = values.size // 4 * 4
    for k in range(0, whole, 4):
        v0, v1, v2, v3 = values[k], values[k + 1], values[k + 2], values[k + 3]
        x0, x1, x2, x3 = x[columns[k]], x[columns[k + 1]], x[columns[k + 2]], x[columns[k + 3]]
        for j in range(sums.size):
            sums[j] += v0 * x0[j] + v1 * x1[j] + v2 * x2[j] + v3 * x3[j]
    for k in range(whole, values.size):
        row = x[columns[k]]
        for j in range(sums.size):
            sums[j] += values[k] * row[j]


@_compiled
def _add_four_rows(values, columns, x, sums):
    """Add to four output rows at once: an entry of x, once loaded, serves four products, as in a dense kernel."""
    for k in range(columns.size):
        row = x[columns[k]]
        for j in range(FOUR_ROW_STRIP):
            sums[j] += values[k, 0] * row[j]
            sums[FOUR_ROW_STRIP + j] += values[k, 1] * row[j]
            sums[2 * FOUR_ROW_STRIP + j] += values[k, 2] * row[j]
            sums[3 * FOUR_ROW_STRIP + j] += values[k, 3] * row[j]


@_compiled
def _copy_strip(x, first, strip):
    """Copy columns of x from `first` on into the strip; return how many there are."""
    width = min(strip.shape[1], x.shape[1] - first)
    for i in range(x.shape[0]):
        for j in range(width):
            strip[i, j] = x[i, first + j]
    return width


@numba.njit(inline="always", **_options)  # a call for each row of a small matrix would take a third of the time
def _multiply_row(values, columns, x, strip, width, sums, out):
    """One row of the matrix times the strip of x, which has `width` columns."""
    sums[:] = 0
    if width == STRIP:
        _add_rows(values, columns, strip, sums)
    elif x.shape[1] == 1:
        sums[0] = _dot(values, columns, x.ravel())
    else:
        _add_narrow_rows(values, columns, strip, sums[:width])
    for j in range(width):
        out[j] = sums[j]


@_compiled
def _csr_matvec(data, indices, indptr, x, y):
    for i in range(y.size):
        start, stop = indptr[i], indptr[i + 1]
        y[i] = _dot(data[start:stop], indices[start:stop], x)


@_compiled
def _csr_matmul(data, indices, indptr, x, y):
    strip, sums = np.zeros((x.shape[0], STRIP), x.dtype), np.empty(STRIP, x.dtype)
    for first in range(0, x.shape[1], STRIP):
        width = _copy_strip(x, first, strip)
        for i in range(y.shape[0]):
            start, stop = indptr[i], indptr[i + 1]
            _multiply_row(data[start:stop], indices[start:stop], x, strip, width, sums, y[i, first:])


@_compiled
def _n_of_m_matmul(data, positions, group_starts, x, y):
    """Positions count from the start of their group: add that, and a row is a row of a CSR."""
    columns = np.empty_like(group_starts)
    strip, sums = np.zeros((x.shape[0], STRIP), x.dtype), np.empty(STRIP, x.dtype)
    for first in range(0, x.shape[1], STRIP):
        width = _copy_strip(x, first, strip)
        for i in range(y.shape[0]):
            columns[:] = group_starts + positions[i]
            _multiply_row(data[i], columns, x, strip, width, sums, y[i, first:])


@_compiled
def _four_row_matmul(data, indices, indptr, x, y):
    """Blocks of 4 x 1, given as (blocks, 4). A narrower batch costs as much as one of FOUR_ROW_STRIP columns."""
    strip, sums = np.zeros((x.shape[0], FOUR_ROW_STRIP), x.dtype), np.empty(4 * FOUR_ROW_STRIP, x.dtype)
    for first in range(0, x.shape[1], FOUR_ROW_STRIP):
        width = _copy_strip(x, first, strip)
        for i in range(indptr.size - 1):
            start, stop = indptr[i], indptr[i + 1]
            sums[:] = 0
            _add_four_rows(data[start:stop], indices[start:stop], strip, sums)
            for r in range(4):
                for j in range(width):
                    y[4 * i + r, first + j] = sums[r * FOUR_ROW_STRIP + j]


@_compiled
def _block_matmul(data, indices, indptr, x, y):
    """Blocks of any size: each block row is laid out anew as r rows of a CSR, which share their columns."""
    r, c = data.shape[1:]
    strip, sums = np.zeros((x.shape[0], STRIP), x.dtype), np.empty(STRIP, x.dtype)
    for first in range(0, x.shape[1], STRIP):
        width = _copy_strip(x, first, strip)
        for i in range(indptr.size - 1):
            start, stop = indptr[i], indptr[i + 1]
            columns = np.empty((stop - start, c), np.uint32)
            values = np.empty((r, stop - start, c), data.dtype)
            for j in range(c):
                for k in range(stop - start):  # innermost, because it is the longest
                    columns[k, j] = np.intp(indices[start + k]) * c + j
                for s in range(r):
                    for k in range(stop - start):
                        values[s, k, j] = data[start + k, s, j]
            for s in range(r):
                out = y[i * r + s, first:]
                _multiply_row(values[s].ravel(), columns.ravel(), x, strip, width, sums, out)


def csr_matvec(csr, x, parallel=False):
    """Multiply a CSR matrix by a vector: `csr.to_dense() @ x`, without touching what was pruned.

    Args:
        csr: sparse.CSR of shape (out, in); columns in uint16 are the fastest.
        x: (in,) array of the matrix's dtype, float32 or float64.
        parallel: share the rows among `numba.get_num_threads()` threads, which takes about 0.2 ms to set up.

    Returns:
        (out,) array of the same dtype.

    Raises:
        TypeError: not a CSR, not an array, or another dtype than the matrix. ValueError: the shapes disagree.

    >>> csr = CSR.from_dense(np.array([[0, 5, 0], [7, 0, 8]], np.float32))
    >>> csr_matvec(csr, np.array([1, 2, np.inf], np.float32)).tolist()  # dense: the first would be 0 + 10 + 0 * inf
    [10.0, inf]
    """
    x = _check(csr, CSR, "csr", x, axes=(1,))
    return _multiply(_csr_matvec, csr.data, csr, x, parallel)


def csr_matmul(csr, x, parallel=False):
    """Multiply a CSR matrix by a batch of vectors, one in each column: `csr.to_dense() @ x`.

    The batch is the last axis: then a weight looks up one row of x, and multiplies numbers that lie side by side. An x
    of another layout is copied first.

    Args:
        csr: sparse.CSR of shape (out, in).
        x: (in, batch) or (in,) array of the matrix's dtype; multiples of 64 columns are the fastest.
        parallel: share the rows among `numba.get_num_threads()` threads.

    Returns:
        (out, batch) or (out,) array of the same dtype. Raises what `csr_matvec` raises.

    >>> csr = CSR.from_dense(np.array([[0, 5, 0], [7, 0, 8]], np.float32))
    >>> csr_matmul(csr, np.eye(3, dtype=np.float32)).tolist()
    [[0.0, 5.0, 0.0], [7.0, 0.0, 8.0]]
    """
    x = _check(csr, CSR, "csr", x, axes=(1, 2))
    return _multiply(_csr_matvec if x.ndim == 1 else _csr_matmul, csr.data, csr, x, parallel)


def block_matmul(block_csr, x, parallel=False):
    """Multiply a BlockCSR matrix by a vector or a batch. Blocks of 4 x 1 have a kernel of their own: the one that pays.

    Its four output rows share each entry of x that is loaded, as in a dense kernel. Other blocks are multiplied row by
    row, at about the speed of a CSR. The zeros inside a stored block are multiplied like weights.

    Args:
        block_csr: sparse.BlockCSR of shape (out, in).
        x: (in,) or (in, batch) array of the matrix's dtype; multiples of 64 columns are the fastest.
        parallel: share the block rows among `numba.get_num_threads()` threads.

    Returns:
        (out,) or (out, batch) array of the same dtype. Raises what `csr_matvec` raises.

    >>> blocks = BlockCSR.from_dense(np.array([[1, 0], [2, 0], [3, 0], [4, 0]], np.float32), block=(4, 1))
    >>> block_matmul(blocks, np.array([10, 20], np.float32)).tolist()
    [10.0, 20.0, 30.0, 40.0]
    """
    x = _check(block_csr, BlockCSR, "block_csr", x, axes=(1, 2))
    four = block_csr.block == (4, 1)
    kernel, data = (_four_row_matmul, block_csr.data[:, :, 0]) if four else (_block_matmul, block_csr.data)
    return _multiply(kernel, data, block_csr, _columns(x), parallel).reshape(block_csr.shape[0], *x.shape[1:])


def n_of_m_matmul(n_of_m, x, parallel=False):
    """Multiply an NOfM matrix, such as 2:4, by a vector or a batch. The n stored values of a group are all multiplied.

    A GPU has instructions for 2:4. A CPU has none, and here the pattern is a CSR whose rows are equally long.

    Args:
        n_of_m: sparse.NOfM of shape (out, in).
        x: (in,) or (in, batch) array of the matrix's dtype.
        parallel: share the rows among `numba.get_num_threads()` threads.

    Returns:
        (out,) or (out, batch) array of the same dtype. Raises what `csr_matvec` raises.

    >>> two_of_four = NOfM.from_dense(np.array([[0, 5, 0, 6]], np.float32))
    >>> n_of_m_matmul(two_of_four, np.array([1, 2, 3, 4], np.float32)).tolist()
    [34.0]
    """
    x = _check(n_of_m, NOfM, "n_of_m", x, axes=(1, 2))
    rows, stored = n_of_m.data.shape
    group_starts = (np.arange(stored) // n_of_m.n * n_of_m.m).astype(np.uint32)
    y = np.empty((rows, *x.shape[1:]), x.dtype)

    def run(*part):
        part = slice(*part)
        _n_of_m_matmul(n_of_m.data[part], n_of_m.positions[part], group_starts, _columns(x), _columns(y)[part])

    _share(run, np.arange(rows + 1), parallel)
    return y


def _check(matrix, kind, name, x, axes):
    """Return x with its rows contiguous if `matrix`, of class `kind`, can be multiplied by it."""
    if not isinstance(matrix, kind):
        raise TypeError(f"{name} must be a sparse.{kind.__name__}; got {type(matrix).__name__}")
    if not isinstance(x, np.ndarray):
        raise TypeError(f"x must be a NumPy array; got {type(x).__name__}")
    if x.dtype != matrix.data.dtype:
        raise TypeError(f"x must have the dtype of {name}, {matrix.data.dtype}; got dtype {x.dtype}")
    if x.ndim not in axes or x.shape[0] != matrix.shape[1]:
        shapes = " or ".join("(in,)" if count == 1 else "(in, batch)" for count in axes)
        raise ValueError(
            f"x must have shape {shapes} with in = {matrix.shape[1]}, as {name} has shape {matrix.shape}; got {x.shape}"
        )
    return np.ascontiguousarray(x)


def _columns(x):
    return x[:, None] if x.ndim == 1 else x


def _multiply(kernel, data, matrix, x, parallel):
    """Call `kernel` on the rows of a CSR, or the block rows of a BlockCSR, and return the product."""
    y = np.empty((matrix.shape[0], *x.shape[1:]), x.dtype)
    indices = matrix.indices.view(f"u{matrix.indices.itemsize}")  # unsigned: no column can count from the end
    height = data.shape[1] if data.ndim > 1 else 1

    def run(first, last):
        kernel(data, indices, matrix.indptr[first : last + 1], x, y[first * height : last * height])

    _share(run, matrix.indptr, parallel)
    return y


def _share(run, indptr, parallel):
    """Call run(0, rows); in parallel, call it on runs of rows with about equally many stored values, one a thread."""
    rows, threads = indptr.size - 1, numba.get_num_threads() if parallel else 1
    if threads == 1:
        return run(0, rows)
    cuts = np.searchsorted(indptr, np.linspace(0, indptr[-1], threads + 1))
    cuts[0], cuts[-1] = 0, rows  # empty rows at the end belong to somebody too
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(run, cuts[:-1], cuts[1:]))
