"""COO: row, column and value of each survivor, the format that needs no explanation."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import scipy.sparse

from pruning_lab.arrays import FLOATS, check_array
from pruning_lab.sparse.csr import CSR
from pruning_lab.sparse.format import (
    INDICES,
    Format,
    check_length,
    check_pair,
    check_range,
    check_value_bytes,
    kept_weights,
    smallest_index_dtype,
)


@dataclass(frozen=True, eq=False)
class COO(Format):
    """Coordinates: data[k] belongs at row[k], col[k]; row by row, columns ascending, no place twice.

    Args:
        data: (stored,) float32 or float64, the values.
        row: (stored,) uint16, int32 or int64.
        col: (stored,) uint16, int32 or int64.
        shape: (rows, columns).

    Raises:
        TypeError: an array has another dtype.
        ValueError: the arrays contradict each other or the shape.

    >>> coo = COO.from_dense(np.array([[0, 5, 0], [7, 0, 8]], np.float32))
    >>> coo.data.tolist(), coo.row.tolist(), coo.col.tolist()
    ([5.0, 7.0, 8.0], [0, 1, 1], [1, 0, 2])
    >>> coo.nbytes  # 3 times 4 + 2 + 2
    24
    """

    data: np.ndarray
    row: np.ndarray
    col: np.ndarray
    shape: tuple[int, int]

    def __post_init__(self) -> None:
        shape = check_pair(self.shape, "shape", minimum=0)
        self._keep(shape=shape, data=check_array(self.data, "data", FLOATS, ndim=1))
        for name, stop in zip(("row", "col"), shape, strict=True):
            self._keep(**{name: check_array(getattr(self, name), name, INDICES, ndim=1)})
            check_length(getattr(self, name), name, self.data.size, "stored")
            check_range(getattr(self, name), name, stop)
        # Row and column by themselves: the place in one long row, row * columns + column, could overflow.
        same_row, next_column = self.row[1:] == self.row[:-1], self.col[1:] > self.col[:-1]
        ascend = (self.row[1:] > self.row[:-1]) | (same_row & next_column)
        if not ascend.all():
            at = np.argmin(ascend) + 1
            raise ValueError(f"row and col must ascend in row-major order; got a repeat or a descent at entry {at}")

    @classmethod
    def from_dense(cls, array: np.ndarray) -> Self:
        """Store the entries of `array` (rows, columns), float32 or float64, that are not zero. NaN is stored."""
        csr = CSR.from_dense(array)
        rows = np.arange(csr.shape[0], dtype=smallest_index_dtype(csr.shape[0]))
        return cls(csr.data, np.repeat(rows, np.diff(csr.indptr)), csr.indices, csr.shape)

    def to_dense(self) -> np.ndarray:
        """Return the matrix, (rows, columns), with the dtype of the values."""
        dense = np.zeros(self.shape, self.data.dtype)
        dense[self.row, self.col] = self.data
        return dense

    def to_scipy(self) -> scipy.sparse.coo_array:
        """Return a copy as `scipy.sparse.coo_array`, with int32 or int64 coordinates."""
        coordinates = [np.asarray(index, np.promote_types(index.dtype, np.int32)) for index in (self.row, self.col)]
        return scipy.sparse.coo_array((self.data, tuple(coordinates)), shape=self.shape, copy=True)

    @staticmethod
    def bytes_at(shape: tuple[int, int], density: float, value_bytes: float = 4) -> float:
        """Return the bytes of a COO of `shape` (rows, columns) at `density` (kept / all), without building it.

        >>> COO.bytes_at((1000, 1000), density=0.5) / 4e6  # against dense float32
        1.0
        """
        stored = kept_weights(shape, density)
        index_bytes = sum(np.dtype(smallest_index_dtype(size)).itemsize for size in shape)
        return stored * (check_value_bytes(value_bytes) + index_bytes)
