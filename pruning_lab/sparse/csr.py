"""CSR and CSC: the values row by row (or column by column), and where each row begins."""

from dataclasses import dataclass
from typing import Self

import numba
import numpy as np
import scipy.sparse
from numpy.typing import DTypeLike

from pruning_lab.arrays import FLOATS, check_array
from pruning_lab.sparse.format import (
    INDICES,
    Format,
    check_length,
    check_matrix,
    check_pair,
    check_range,
    check_value_bytes,
    kept_weights,
    magnitude_bits,
    smallest_index_dtype,
)


@dataclass(frozen=True, eq=False)
class CSR(Format):
    """Compressed sparse rows: row i holds data[indptr[i]:indptr[i + 1]], in the columns indices[same slice].

    Columns ascend within a row. Up to 65,536 of them fit in uint16, half the bytes of the int32 that SciPy uses.

    Args:
        data: (stored,) float32 or float64, the values.
        indices: (stored,) uint16, int32 or int64, the column of each value.
        indptr: (rows + 1,) int32 or int64, from 0 to stored, never decreasing.
        shape: (rows, columns).

    Raises:
        TypeError: an array has another dtype.
        ValueError: the arrays contradict each other or the shape.

    >>> csr = CSR.from_dense(np.array([[0, 5, 0], [0, 0, 0], [7, 0, 8]], np.float32))
    >>> csr.data.tolist(), csr.indices.tolist(), csr.indptr.tolist()
    ([5.0, 7.0, 8.0], [1, 0, 2], [0, 1, 1, 3])
    >>> csr.nnz, csr.nbytes  # 3 values of 4 bytes, 3 columns of 2, 4 pointers of 4
    (3, 34)
    """

    data: np.ndarray
    indices: np.ndarray
    indptr: np.ndarray
    shape: tuple[int, int]

    def __post_init__(self) -> None:
        shape = check_pair(self.shape, "shape", minimum=0)
        self._keep(shape=shape, data=check_array(self.data, "data", FLOATS, ndim=1))
        indices, indptr = check_compressed(self.indices, self.indptr, self.data.size, *shape, axis="row")
        self._keep(indices=indices, indptr=indptr)

    @classmethod
    def from_dense(cls, array: np.ndarray, index_dtype: DTypeLike | None = None) -> Self:
        """Store the entries of `array` that are not zero. NaN is stored, -0.0 is a zero.

        Args:
            array: (rows, columns) float32 or float64.
            index_dtype: uint16, int32 or int64; by default the smallest that can number the columns.

        >>> CSR.from_dense(np.eye(2, dtype=np.float32), index_dtype=np.int32).indices.dtype.name
        'int32'
        """
        array = check_matrix(array)
        bits, magnitude = magnitude_bits(array)
        indptr = _row_ends(bits, magnitude)
        indices = np.empty(indptr[-1], check_index_dtype(index_dtype, array.shape[1]))
        data = np.empty(indptr[-1], array.dtype)
        _fill_rows(array, bits, magnitude, indptr, data, indices)
        return cls(data, indices, indptr.astype(pointer_dtype(data.size)), array.shape)

    def to_dense(self) -> np.ndarray:
        """Return the matrix, (rows, columns), with the dtype of the values."""
        dense = np.zeros(self.shape, self.data.dtype)
        dense[np.repeat(np.arange(self.shape[0]), np.diff(self.indptr)), self.indices] = self.data
        return dense

    def to_scipy(self) -> scipy.sparse.csr_array:
        """Return a copy as `scipy.sparse.csr_array`, which widens uint16 columns to int32."""
        return scipy.sparse.csr_array((self.data, self.indices, self.indptr), shape=self.shape, copy=True)

    @staticmethod
    def bytes_at(
        shape: tuple[int, int], density: float, value_bytes: float = 4, index_dtype: DTypeLike | None = None
    ) -> float:
        """Return the bytes of a CSR of `shape` (rows, columns) at `density` (kept / all), without building it.

        >>> CSR.bytes_at((1000, 1000), density=0.5, index_dtype=np.int32) / 4e6  # against dense float32
        1.001001
        """
        stored = kept_weights(shape, density)
        rows, columns = check_pair(shape, "shape", minimum=0)
        index_bytes = check_index_dtype(index_dtype, columns).itemsize
        return stored * (check_value_bytes(value_bytes) + index_bytes) + (rows + 1) * pointer_dtype(stored).itemsize


@dataclass(frozen=True, eq=False)
class CSC(Format):
    """Compressed sparse columns: column j holds data[indptr[j]:indptr[j + 1]], in the rows indices[same slice].

    It is the CSR of the transposed matrix, under the shape of the matrix itself.

    Args:
        data: (stored,) float32 or float64, the values, column after column.
        indices: (stored,) uint16, int32 or int64, the row of each value.
        indptr: (columns + 1,) int32 or int64, from 0 to stored, never decreasing.
        shape: (rows, columns).

    Raises:
        TypeError: an array has another dtype.
        ValueError: the arrays contradict each other or the shape.

    >>> csc = CSC.from_dense(np.array([[0, 5, 0], [0, 0, 0], [7, 0, 8]], np.float32))
    >>> csc.data.tolist(), csc.indices.tolist(), csc.indptr.tolist()
    ([7.0, 5.0, 8.0], [2, 0, 2], [0, 1, 2, 3])
    """

    data: np.ndarray
    indices: np.ndarray
    indptr: np.ndarray
    shape: tuple[int, int]

    def __post_init__(self) -> None:
        shape = check_pair(self.shape, "shape", minimum=0)
        self._keep(shape=shape, data=check_array(self.data, "data", FLOATS, ndim=1))
        indices, indptr = check_compressed(self.indices, self.indptr, self.data.size, *shape[::-1], axis="column")
        self._keep(indices=indices, indptr=indptr)

    @classmethod
    def from_dense(cls, array: np.ndarray, index_dtype: DTypeLike | None = None) -> Self:
        """Store the entries of `array` (rows, columns) that are not zero; arguments as for `CSR.from_dense`."""
        csr = CSR.from_dense(check_matrix(array).T, index_dtype)
        return cls(csr.data, csr.indices, csr.indptr, array.shape)

    def to_dense(self) -> np.ndarray:
        """Return the matrix, (rows, columns), with the dtype of the values."""
        return CSR(self.data, self.indices, self.indptr, self.shape[::-1]).to_dense().T

    def to_scipy(self) -> scipy.sparse.csc_array:
        """Return a copy as `scipy.sparse.csc_array`, which widens uint16 rows to int32."""
        return scipy.sparse.csc_array((self.data, self.indices, self.indptr), shape=self.shape, copy=True)

    @staticmethod
    def bytes_at(
        shape: tuple[int, int], density: float, value_bytes: float = 4, index_dtype: DTypeLike | None = None
    ) -> float:
        """Return the bytes of a CSC of `shape` (rows, columns) at `density`, without building it."""
        return CSR.bytes_at(check_pair(shape, "shape", minimum=0)[::-1], density, value_bytes, index_dtype)


def check_compressed(
    indices: np.ndarray, indptr: np.ndarray, stored: int, majors: int, minors: int, axis: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return both, if `indptr` cuts `stored` entries into `majors` runs of `indices` that ascend below `minors`."""
    indices = check_array(indices, "indices", INDICES, ndim=1)
    indptr = check_array(indptr, "indptr", (np.int32, np.int64), ndim=1)
    check_length(indices, "indices", stored, "stored")
    check_length(indptr, "indptr", majors + 1, f"{axis}s + 1")
    if indptr[0] != 0 or indptr[-1] != stored:
        raise ValueError(f"indptr must run from 0 to stored = {stored}; got {indptr[0]} to {indptr[-1]}")
    decreases = indptr[1:] < indptr[:-1]  # not their difference, which may be too large for an integer
    if decreases.any():
        raise ValueError(f"indptr must not decrease; got a decrease at {axis} {np.argmax(decreases)}")
    check_range(indices, "indices", minors)
    unsorted = _first_unsorted(indices, indptr)
    if unsorted >= 0:
        raise ValueError(f"indices must ascend within each {axis}; got a repeat or a descent in {axis} {unsorted}")
    return indices, indptr


def check_index_dtype(index_dtype: DTypeLike | None, size: int) -> np.dtype:
    """Return `index_dtype` as a NumPy dtype if it can number `size` things; for None, the smallest that can."""
    try:
        dtype = np.dtype(smallest_index_dtype(size) if index_dtype is None else index_dtype)
    except TypeError as error:  # "int 32", torch.int32
        raise TypeError(f"index_dtype must be uint16, int32 or int64 of NumPy; got {index_dtype!r}") from error
    if dtype not in INDICES:
        raise TypeError(f"index_dtype must be uint16, int32 or int64; got {dtype}")
    if size - 1 > np.iinfo(dtype).max:
        raise ValueError(f"index_dtype must be able to number {size} columns (CSC: rows); got {dtype}")
    return dtype


def pointer_dtype(stored: float) -> np.dtype:
    """Return the dtype of pointers into `stored` values: int32, and int64 from 2**31 values on."""
    return np.dtype(np.int32 if stored < 2**31 else np.int64)


@numba.njit(cache=True)
def _row_ends(bits, magnitude):
    ends = np.zeros(bits.shape[0] + 1, np.int64)
    for i in range(bits.shape[0]):
        row = bits[i]
        count = np.int32(0)  # as wide as a float32, so that the comparison runs in full vectors
        for j in range(row.size):
            count += np.int32(row[j] & magnitude != 0)
        ends[i + 1] = ends[i] + count
    return ends


@numba.njit(cache=True)
def _fill_rows(array, bits, magnitude, indptr, data, indices):
    """Fill `data` and `indices`, row by row: first the columns, then the values in them.

    A column is always written, and kept by moving on: no branch to guess, over twice as fast as with an `if`.
    """
    columns = np.empty(array.shape[1] + 1, indices.dtype)
    for i in range(array.shape[0]):
        row, row_bits = array[i], bits[i]
        count = 0
        for j in range(row.size):
            columns[count] = j
            count += row_bits[j] & magnitude != 0
        first = indptr[i]
        for k in range(count):
            indices[first + k] = columns[k]
            data[first + k] = row[columns[k]]


@numba.njit(cache=True)
def _first_unsorted(indices, indptr):
    for i in range(indptr.size - 1):
        run = indices[indptr[i] : indptr[i + 1]]
        for k in range(1, run.size):
            if run[k] <= run[k - 1]:
                return i
    return -1
