"""The compiled loops: short enough to be read, and each says why it is written as it is.

The same product written in two ways can differ five-fold. Four habits recur in all of these loops:

- **Slice first, then loop.** After `values = data[start:stop]` the loop runs over `values.size`, and the compiler sees
  that no index can be negative. In `data[k]`, k from start to stop, it has to ask each time, and gives up on vectors.
- **A width known at compile time.** The running sums of a strip of the batch fit in the registers of a processor. The
  compiler keeps them there if the loop over them has a constant length; otherwise every step loads and stores them.
- **Strips of the batch, copied once.** In the copy the rows lie side by side, seldom reach into one more cache line
  than they must, and stay in the cache while all weights pass by.
- **No overlap.** If the result might overlap the inputs, each sum must be stored at once, in case it is read again as
  an input. `_NoOverlap` promises that it does not; C calls this `restrict`.
"""

from functools import partial

import numba
import numpy as np
from llvmlite import binding
from numba.core.compiler import Compiler

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
_njit = partial(numba.njit, cache=True, nogil=True, fastmath={"reassoc", "contract"}, pipeline_class=_NoOverlap)
_compiled = _njit()
_in_order = _njit(fastmath={"contract"})

_16_BITS = np.uint64(0xFFFF)


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
    """The same for fewer than STRIP columns: their sums go through memory, but only once for four weights."""
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


@_njit(inline="always")  # a call for each row of a small matrix would take a third of the time
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
def csr_matvec(data, indices, indptr, x, y):
    for i in range(y.size):
        start, stop = indptr[i], indptr[i + 1]
        y[i] = _dot(data[start:stop], indices[start:stop], x)


@_in_order
def _dot_in_fours(values, fours, x):
    """One row times a vector, the columns of four values read as one number of 64 bits: 9 loads for four, not 12.

    Four sums do not wait for each other. They are not to be reordered: the compiler would gather all look-ups of a
    vector by one instruction, which takes longer than the look-ups on some processors.
    """
    sum0 = sum1 = sum2 = sum3 = x.dtype.type(0)
    for k in range(fours.size):
        four = fours[k]
        sum0 += values[4 * k] * x[four & _16_BITS]
        sum1 += values[4 * k + 1] * x[(four >> np.uint64(16)) & _16_BITS]
        sum2 += values[4 * k + 2] * x[(four >> np.uint64(32)) & _16_BITS]
        sum3 += values[4 * k + 3] * x[four >> np.uint64(48)]
    return (sum0 + sum1) + (sum2 + sum3)


@_compiled
def tiled_matvec(data, fours, indptr, tile, x, y, first, last):
    """Rows first to last. The part of x that a tile reads is copied, with the zeros behind it that fillers read."""
    part = np.zeros(tile + 4, x.dtype)
    y[first:last] = 0
    for t in range(-(-x.size // tile)):
        columns = x[t * tile : (t + 1) * tile]
        part[: columns.size] = columns
        for i in range(first, last):
            start, stop = indptr[t * y.size + i], indptr[t * y.size + i + 1]
            y[i] += _dot_in_fours(data[start:stop], fours[start // 4 : stop // 4], part)


@_compiled
def _walk(codebook, codes, gaps, x):
    """One row in codes and gaps times a vector.

    Where a value belongs is known only after the one before it, so no vectors; four sums at least do not wait for each
    other. Places are unsigned, so that none can count from the end.
    """
    one, at = np.uintp(1), np.uintp(0)
    zero = x.dtype.type(0)
    sum0, sum1, sum2, sum3 = zero, zero, zero, zero
    whole = codes.size // 4 * 4
    for k in range(0, whole, 4):
        at0 = at + np.uintp(gaps[k])
        at1 = at0 + one + np.uintp(gaps[k + 1])
        at2 = at1 + one + np.uintp(gaps[k + 2])
        at3 = at2 + one + np.uintp(gaps[k + 3])
        sum0 += codebook[codes[k]] * x[at0]
        sum1 += codebook[codes[k + 1]] * x[at1]
        sum2 += codebook[codes[k + 2]] * x[at2]
        sum3 += codebook[codes[k + 3]] * x[at3]
        at = at3 + one
    for k in range(whole, codes.size):
        at += np.uintp(gaps[k])
        sum0 += codebook[codes[k]] * x[at]
        at += one
    return (sum0 + sum1) + (sum2 + sum3)


@_compiled
def shared_matvec(codebook, codes, gaps, indptr, x, y):
    for i in range(y.size):
        start, stop = indptr[i], indptr[i + 1]
        y[i] = _walk(codebook, codes[start:stop], gaps[start:stop], x)


@_compiled
def csr_matmul(data, indices, indptr, x, y):
    strip, sums = np.zeros((x.shape[0], STRIP), x.dtype), np.empty(STRIP, x.dtype)
    for first in range(0, x.shape[1], STRIP):
        width = _copy_strip(x, first, strip)
        for i in range(y.shape[0]):
            start, stop = indptr[i], indptr[i + 1]
            _multiply_row(data[start:stop], indices[start:stop], x, strip, width, sums, y[i, first:])


@_compiled
def tiled_matmul(data, indices, indptr, tile, x, y, first, last):
    """Rows first to last. A strip holds the rows of x of one tile, so that it fits a cache however many there are."""
    strip, sums = np.zeros((tile + 4, STRIP), x.dtype), np.empty(STRIP, x.dtype)
    y[first:last] = 0
    for column in range(0, x.shape[1], STRIP):
        for t in range(-(-x.shape[0] // tile)):
            width = _copy_strip(x[t * tile : (t + 1) * tile], column, strip)
            for i in range(first, last):
                start, stop = indptr[t * y.shape[0] + i], indptr[t * y.shape[0] + i + 1]
                out = y[i, column : column + width]
                for j in range(width):
                    sums[j] = out[j]
                if width == STRIP:
                    _add_rows(data[start:stop], indices[start:stop], strip, sums)
                else:
                    _add_narrow_rows(data[start:stop], indices[start:stop], strip, sums[:width])
                for j in range(width):
                    out[j] = sums[j]


@_compiled
def n_of_m_matmul(data, positions, group_starts, x, y):
    """Positions count from the start of their group: add that, and a row is a row of a CSR."""
    columns = np.empty_like(group_starts)
    strip, sums = np.zeros((x.shape[0], STRIP), x.dtype), np.empty(STRIP, x.dtype)
    for first in range(0, x.shape[1], STRIP):
        width = _copy_strip(x, first, strip)
        for i in range(y.shape[0]):
            columns[:] = group_starts + positions[i]
            _multiply_row(data[i], columns, x, strip, width, sums, y[i, first:])


@_compiled
def four_row_matmul(data, indices, indptr, x, y):
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
def block_matmul(data, indices, indptr, x, y):
    """Blocks of any size: each block row is copied into r rows of a CSR, which share their columns."""
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
