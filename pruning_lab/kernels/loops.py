"""The compiled loops: short enough to be read, and each says why it is written as it is.

The same product written in two ways can differ five-fold. Three habits recur in all of these loops:

- **Slice first, then loop.** After `values = data[start:stop]` the loop runs over `values.size`, and the compiler sees
  that no index can be negative. In `data[k]`, k from start to stop, it has to ask each time, and gives up on vectors.
- **A width known at compile time.** The running sums of a strip of the batch fit in the registers of a processor. The
  compiler keeps them there if the loop over them has a constant length; otherwise every step loads and stores them.
- **Strips of the batch, copied once.** In the copy the rows lie side by side, each from the start of a cache line, and
  stay in the cache while all weights pass by.
"""

import numpy as np
from llvmlite import binding

from pruning_lab.kernels.compiled import compiled, inlined, pasted, side_by_side

CACHE_LINE = 64  # bytes: as many as the widest registers have
STRIP = 64  # columns of a batch that share one pass over the weights: 64 float32 are 8 registers of a common CPU
# The same for four rows at once. With AVX-512 a processor has 32 registers of 16 float32, without it 16 of 8.
FOUR_ROW_STRIP = 64 if binding.get_host_cpu_features().get("avx512f") else 16

_16_BITS = np.uint64(0xFFFF)


@compiled
def _dot(values, columns, x):
    """One row times a vector. Each value looks up its own entry of x: those look-ups set the pace, not the bytes."""
    total = x.dtype.type(0)
    for k in range(values.size):
        total += values[k] * x[columns[k]]
    return total


@compiled
def _aligned(rows, columns, x):
    """Return zeros like x from the start of a cache line: a load that reaches into the next one takes twice as long."""
    line = CACHE_LINE // x.itemsize
    zeros = np.zeros(rows * columns + line, x.dtype)
    first = -(zeros.ctypes.data // x.itemsize) % line
    return zeros[first : first + rows * columns].reshape(rows, columns)


@inlined
def _add_rows(values, columns, x, sums):
    """Add values[k] * x[columns[k]] to the STRIP sums of a row."""
    for k in range(values.size):
        row = x[columns[k]]
        for j in range(STRIP):
            sums[j] += values[k] * row[j]


@inlined
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


@inlined
def _add_single(values, columns, x, sums):
    """The same for a batch of one."""
    sums[0] += _dot(values, columns, x.ravel())


def _four_rows(width):
    """Return the loop that adds to four output rows at once, `width` columns of each.

    An entry of x, once loaded, serves four products, as in a dense kernel.
    """

    @inlined
    def add(values, columns, x, sums):
        for k in range(columns.size):
            row = x[columns[k]]
            for j in range(width):
                sums[j] += values[k, 0] * row[j]
                sums[FOUR_ROW_STRIP + j] += values[k, 1] * row[j]
                sums[2 * FOUR_ROW_STRIP + j] += values[k, 2] * row[j]
                sums[3 * FOUR_ROW_STRIP + j] += values[k, 3] * row[j]

    return add


_add_four_rows, _add_four_half_rows = _four_rows(FOUR_ROW_STRIP), _four_rows(FOUR_ROW_STRIP // 2)


@compiled
def _copy_strip(x, first, strip):
    """Copy columns of x from `first` on into the strip; return how many there are."""
    width = min(strip.shape[1], x.shape[1] - first)
    for i in range(x.shape[0]):
        row, copy = x[i, first : first + width], strip[i, :width]
        for j in range(width):
            copy[j] = row[j]
    return width


@pasted
def _add_strip(add_product, data, places, starts, strip, y, first, width):
    """Add the matrix times a strip of x to columns first to first + width of y.

    A full strip has a loop over the rows of its own: one that asked each row for the width would take longer.
    """
    if width == STRIP:
        add_product(_add_rows, data, places, starts, strip, y, first, width)
    else:
        add_product(_add_narrow_rows, data, places, starts, strip, y, first, width)


@pasted
def _multiply(add_product, data, places, starts, x, y):
    """`add_product` walks through a format row by row; how a row is added depends on the columns of x alone."""
    y[:] = 0
    if x.shape[1] == 1:
        return add_product(_add_single, data, places, starts, x, y, 0, 1)
    strip = _aligned(x.shape[0], min(STRIP, x.shape[1]), x)
    for first in range(0, x.shape[1], STRIP):
        width = _copy_strip(x, first, strip)
        _add_strip(add_product, data, places, starts, strip, y, first, width)


@compiled
def csr_matvec(data, indices, indptr, x, y):
    for i in range(y.size):
        start, stop = indptr[i], indptr[i + 1]
        y[i] = _dot(data[start:stop], indices[start:stop], x)


@side_by_side
def _dot_in_fours(values, fours, x):
    """One row times a vector, 7 plain loads for four values: their columns are one number of 64 bits.

    Four sums do not wait for each other, and added up like this they go in pairs: two values are one load, and one
    instruction multiplies both. They are not to be reordered: the compiler would gather all look-ups of a vector by one
    instruction, which takes longer than the look-ups on some processors.
    """
    sum0 = sum1 = sum2 = sum3 = x.dtype.type(0)
    for k in range(fours.size):
        four = fours[k]
        sum0 += values[4 * k] * x[four & _16_BITS]
        sum1 += values[4 * k + 1] * x[(four >> np.uint64(16)) & _16_BITS]
        sum2 += values[4 * k + 2] * x[(four >> np.uint64(32)) & _16_BITS]
        sum3 += values[4 * k + 3] * x[four >> np.uint64(48)]
    return (sum0 + sum2) + (sum1 + sum3)


@compiled
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


@inlined
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


@compiled
def shared_matvec(codebook, codes, gaps, indptr, x, y):
    for i in range(y.size):
        start, stop = indptr[i], indptr[i + 1]
        y[i] = _walk(codebook, codes[start:stop], gaps[start:stop], x)


@pasted
def _add_csr(add, data, indices, indptr, x, y, first, width):
    for i in range(y.shape[0]):
        start, stop = indptr[i], indptr[i + 1]
        add(data[start:stop], indices[start:stop], x, y[i, first : first + width])


@compiled
def csr_matmul(data, indices, indptr, x, y):
    _multiply(_add_csr, data, indices, indptr, x, y)


@compiled
def tiled_matmul(data, indices, indptr, tile, x, y, first, last):
    """Rows first to last. A strip holds the rows of x of one tile, so that it fits a cache however many there are."""
    strip, rows = _aligned(tile + 4, STRIP, x), y.shape[0]
    y[first:last] = 0
    for column in range(0, x.shape[1], STRIP):
        for t in range(-(-x.shape[0] // tile)):
            width = _copy_strip(x[t * tile : (t + 1) * tile], column, strip)
            starts = indptr[t * rows + first : t * rows + last + 1]
            _add_strip(_add_csr, data, indices, starts, strip, y[first:last], column, width)


@pasted
def _add_n_of_m(add, data, positions, group_starts, x, y, first, width):
    columns = np.empty_like(group_starts)
    for i in range(y.shape[0]):
        for k in range(columns.size):
            columns[k] = group_starts[k] + positions[i, k]
        add(data[i], columns, x, y[i, first : first + width])


@compiled
def n_of_m_matmul(data, positions, group_starts, x, y):
    """Positions count from the start of their group: add that, and a row is a row of a CSR."""
    _multiply(_add_n_of_m, data, positions, group_starts, x, y)


@pasted
def _multiply_four_rows(add, data, indices, indptr, strip, y, first, width):
    sums = _aligned(1, 4 * FOUR_ROW_STRIP, strip)[0]
    for i in range(indptr.size - 1):
        start, stop = indptr[i], indptr[i + 1]
        sums[:] = 0
        add(data[start:stop], indices[start:stop], strip, sums)
        for r in range(4):
            out, row = y[4 * i + r, first : first + width], sums[r * FOUR_ROW_STRIP :]
            for j in range(width):
                out[j] = row[j]


@compiled
def four_row_matmul(data, indices, indptr, x, y):
    """Blocks of 4 x 1, given as (blocks, 4). The rest of a batch costs as much as half a strip, or a whole one."""
    strip = _aligned(x.shape[0], FOUR_ROW_STRIP if 2 * x.shape[1] > FOUR_ROW_STRIP else FOUR_ROW_STRIP // 2, x)
    for first in range(0, x.shape[1], FOUR_ROW_STRIP):
        width = _copy_strip(x, first, strip)
        if 2 * width > FOUR_ROW_STRIP:
            _multiply_four_rows(_add_four_rows, data, indices, indptr, strip, y, first, width)
        else:
            _multiply_four_rows(_add_four_half_rows, data, indices, indptr, strip, y, first, width)


@pasted
def _add_blocks(add, data, indices, indptr, x, y, first, width):
    r, c = data.shape[1:]
    for i in range(indptr.size - 1):
        start, stop = indptr[i], indptr[i + 1]
        columns = np.empty((stop - start, c), np.uintp)
        values = np.empty((r, stop - start, c), data.dtype)
        for j in range(c):
            for k in range(stop - start):  # innermost, because it is the longest
                columns[k, j] = np.intp(indices[start + k]) * c + j
            for s in range(r):
                for k in range(stop - start):
                    values[s, k, j] = data[start + k, s, j]
        for s in range(r):
            add(values[s].ravel(), columns.ravel(), x, y[i * r + s, first : first + width])


@compiled
def block_matmul(data, indices, indptr, x, y):
    """Blocks of any size: each block row is copied into r rows of a CSR, which share their columns."""
    _multiply(_add_blocks, data, indices, indptr, x, y)
