"""How fast can the survivors multiply? Numba loops over the formats of `sparse`, on one thread unless asked for more.

A function here checks its arguments and shares the rows out among threads; the loops themselves are in `loops`.

A pruned weight never meets the input: where a dense product has 0 * inf = NaN, a sparse one adds nothing. Stored
values, the zeros that fill a block or a group included, multiply as usual. Sums are taken in another order than in a
dense product: the two agree up to rounding.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import numba
import numpy as np

from pruning_lab import measure
from pruning_lab.arrays import FLOATS, check_array, check_plain
from pruning_lab.kernels import loops
from pruning_lab.sparse import CSR, BlockCSR, NOfM, SharedRows, TiledCSR

TILES = (1024, 2048, 4096)  # columns; each of them is the quickest for some matrix and some batch


class Product(NamedTuple):
    """A matrix in the form that was the quickest: `product(x)` multiplies it by an x of the shape it was chosen for.

    Attributes:
        form: sparse.CSR or sparse.TiledCSR.
        multiply: the kernel of that form.
        comparison: the `measure.Comparison` that decided, one row a form.
    """

    form: CSR | TiledCSR
    multiply: Callable[..., np.ndarray]
    comparison: measure.Comparison

    def __call__(self, x: np.ndarray, parallel: bool = False) -> np.ndarray:
        """Return the product, as the kernel does."""
        return self.multiply(self.form, x, parallel)


def csr_matvec(csr: CSR, x: np.ndarray, parallel: bool = False) -> np.ndarray:
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
    return _multiply(loops.csr_matvec, csr.data, csr, x, parallel)


def tiled_matmul(tiled_csr: TiledCSR, x: np.ndarray, parallel: bool = False) -> np.ndarray:
    """Multiply a TiledCSR by a vector or a batch: the CSR's product one step further, tile after tile of columns.

    For a vector, each value of a CSR looks up an entry of x, often by a gather, and perhaps from a slow cache. Here
    four columns come in one load, the look-ups are plain loads, and the part of x that a tile looks up stays in the
    first cache. For a batch, the rows of x that a tile looks up stay in the second: a tile of 1,024 columns is a good
    one then.

    A row's sum is that of its tiles, from left to right; within a tile, a vector meets four sums that take turns, added
    up as (0 + 2) + (1 + 3).

    Args:
        tiled_csr: sparse.TiledCSR of shape (out, in).
        x: (in,) or (in, batch) array of the matrix's dtype; multiples of 64 columns are the fastest.
        parallel: share the rows among `numba.get_num_threads()` threads.

    Returns:
        (out,) or (out, batch) array of the same dtype. Raises what `csr_matvec` raises.

    >>> tiled = TiledCSR.from_dense(np.array([[0, 5, 0], [7, 0, 8]], np.float32))
    >>> tiled_matmul(tiled, np.array([1, 2, np.inf], np.float32)).tolist()
    [10.0, inf]
    """
    x = _check(tiled_csr, TiledCSR, "tiled_csr", x, axes=(1, 2))
    rows, stored = tiled_csr.shape[0], np.diff(tiled_csr.indptr).reshape(tiled_csr.tiles, tiled_csr.shape[0])
    y = np.empty((rows, *x.shape[1:]), x.dtype)
    kernel, indices = loops.tiled_matmul, tiled_csr.indices
    if y.size == rows:  # a vector, or a batch of one
        kernel, indices, x = loops.tiled_matvec, np.ascontiguousarray(indices).view(np.uint64), x.reshape(-1)

    def run(first, last):
        out = y.reshape(rows) if x.ndim == 1 else y
        kernel(tiled_csr.data, indices, tiled_csr.indptr, tiled_csr.tile, x, out, first, last)

    _share(run, np.concatenate([[0], stored.sum(0).cumsum()]), parallel)
    return y


def csr_matmul(csr: CSR, x: np.ndarray, parallel: bool = False) -> np.ndarray:
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
    return _multiply(loops.csr_matvec if x.ndim == 1 else loops.csr_matmul, csr.data, csr, x, parallel)


def quickest(weight: np.ndarray, x: np.ndarray, cold: bool = False) -> Product:
    """Choose between a CSR and tiles of three widths by timing them once on this machine.

    Which is quicker depends on how many columns there are, how many weights are kept, and what the processor waits for.
    A dense product is not among them: time it against the one chosen, with `measure.compare`.

    Args:
        weight: (out, in) float32 or float64, with its zeros.
        x: (in,) or (in, batch) array of the same dtype: an input as the product will meet it.
        cold: choose for a matrix that comes from memory each time, as in a network larger than the caches.

    Returns:
        Product: call it with an input. `product.form` is the matrix, `product.comparison` the table that decided.

    Raises:
        TypeError, ValueError: as for `csr_matmul`.

    >>> product = quickest(np.array([[0, 5, 0], [7, 0, 8]], np.float32), np.ones(3, np.float32))
    >>> product(np.array([1, 2, 3], np.float32)).tolist(), [row.name for row in product.comparison.rows]
    ([10.0, 31.0], ['CSR', 'tiles of 3 columns'])
    """
    csr = CSR.from_dense(check_array(weight, "weight", FLOATS, ndim=2))
    x = _check(csr, CSR, "weight", x, axes=(1, 2))
    widths = dict.fromkeys(min(tile, max(weight.shape[1], 1)) for tile in TILES)
    forms: dict[str, tuple[CSR | TiledCSR, Callable[..., np.ndarray]]] = {"CSR": (csr, csr_matmul)}
    forms |= {f"tiles of {width:,} columns": (TiledCSR.from_dense(weight, width), tiled_matmul) for width in widths}
    products = {name: partial(multiply, form, x) for name, (form, multiply) in forms.items()}
    comparison = measure.compare(products, cold=cold)
    return Product(*forms[min(comparison.rows, key=lambda row: row.median).name], comparison)


def block_matmul(block_csr: BlockCSR, x: np.ndarray, parallel: bool = False) -> np.ndarray:
    """Multiply a BlockCSR matrix by a vector or a batch. Blocks of 4 x 1 have a kernel of their own: the one that pays.

    Its four output rows share each entry of x that is loaded, as in a dense kernel. Other blocks are multiplied row by
    row, at about the speed of a CSR. The zeros inside a stored block are multiplied like weights. For blocks of 4 x 1 a
    narrow x is copied and filled up to 32 columns (to 8 without AVX-512), which takes as much memory.

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
    kernel, data = (loops.four_row_matmul, block_csr.data[:, :, 0]) if four else (loops.block_matmul, block_csr.data)
    return _multiply(kernel, data, block_csr, _columns(x), parallel).reshape(block_csr.shape[0], *x.shape[1:])


def n_of_m_matmul(n_of_m: NOfM, x: np.ndarray, parallel: bool = False) -> np.ndarray:
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
    group_starts = (np.arange(stored) // n_of_m.n * n_of_m.m).astype(np.uintp)
    y = np.empty((rows, *x.shape[1:]), x.dtype)

    def run(first, last):
        part = slice(first, last)
        loops.n_of_m_matmul(n_of_m.data[part], n_of_m.positions[part], group_starts, _columns(x), _columns(y)[part])

    _share(run, np.arange(rows + 1), parallel)
    return y


def shared_matvec(shared_rows: SharedRows, x: np.ndarray, parallel: bool = False) -> np.ndarray:
    """Multiply a weight by a vector as it is stored, in codes and gaps: `shared_rows.to_dense() @ x`.

    It reads 2 bytes for each stored value where a CSR with uint16 columns reads 6 (float32). But where the next value
    belongs is known only once its gap is added, and a code must be looked up: a value takes more time, unless the
    matrix comes from memory and not from a cache.

    Args:
        shared_rows: sparse.SharedRows of shape (out, in).
        x: (in,) array of the codebook's dtype, float32 or float64.
        parallel: share the rows among `numba.get_num_threads()` threads.

    Returns:
        (out,) array of the same dtype. Raises what `csr_matvec` raises.

    >>> mask = np.array([[False, True, False], [True, False, True]])
    >>> rows = SharedRows.from_codes(np.array([5, 7], np.float32), np.array([0, 1, 0], np.uint8), mask)
    >>> shared_matvec(rows, np.array([1, 2, 3], np.float32)).tolist()
    [10.0, 22.0]
    """
    x = _check(shared_rows, SharedRows, "shared_rows", x, axes=(1,))
    y = np.empty(shared_rows.shape[0], x.dtype)

    def run(first, last):
        indptr = shared_rows.indptr[first : last + 1]
        loops.shared_matvec(shared_rows.codebook, shared_rows.codes, shared_rows.gaps, indptr, x, y[first:last])

    _share(run, shared_rows.indptr, parallel)
    return y


def _check(matrix, kind, name, x, axes):
    """Return x with its rows contiguous if `matrix`, of class `kind`, can be multiplied by it."""
    if not isinstance(matrix, kind):
        raise TypeError(f"{name} must be a sparse.{kind.__name__}; got {type(matrix).__name__}")
    check_plain(x, "x")
    dtype = matrix.codebook.dtype if kind is SharedRows else matrix.data.dtype
    if x.dtype != dtype:
        raise TypeError(f"x must have the dtype of {name}, {dtype}; got dtype {x.dtype}")
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
    cuts[0], cuts[-1] = 0, rows  # empty rows at the end need a thread too
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(run, cuts[:-1], cuts[1:]))
