"""Bitmask: one bit a weight says whether it is there, then only the values that are."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from pruning_lab.arrays import FLOATS, check_array
from pruning_lab.sparse.format import (
    Format,
    check_length,
    check_matrix,
    check_pair,
    check_value_bytes,
    is_nonzero,
    kept_weights,
)


@dataclass(frozen=True, eq=False)
class Bitmask(Format):
    """One bit a weight in row-major order, 1 where a value is stored, and those values in the same order.

    Args:
        data: (stored,) float32 or float64, the values.
        bits: (ceil(rows * columns / 8),) uint8, as `np.packbits` makes them: the first weight is the highest bit.
        shape: (rows, columns).

    Raises:
        TypeError: an array has another dtype.
        ValueError: the arrays contradict each other or the shape.

    >>> bitmask = Bitmask.from_dense(np.array([[0, 5, 0], [7, 0, 8]], np.float32))
    >>> bitmask.data.tolist(), f"{bitmask.bits[0]:08b}"  # six weights, two bits unused
    ([5.0, 7.0, 8.0], '01010100')
    """

    data: np.ndarray
    bits: np.ndarray
    shape: tuple[int, int]

    def __post_init__(self) -> None:
        self._keep(
            shape=check_pair(self.shape, "shape", minimum=0),
            data=check_array(self.data, "data", FLOATS, ndim=1),
            bits=check_array(self.bits, "bits", (np.uint8,), ndim=1),
        )
        size = self.shape[0] * self.shape[1]
        check_length(self.bits, "bits", -(-size // 8), "ceil(rows * columns / 8)")
        ones = int(np.bitwise_count(self.bits).sum(dtype=np.int64))
        if ones != self.data.size:
            raise ValueError(f"bits must have as many ones as data has values, {self.data.size}; got {ones}")
        if size % 8 and self.bits[-1] & (0xFF >> size % 8):
            raise ValueError(f"bits must be 0 after the last weight; got {self.bits[-1]:08b} for {size % 8} weights")

    @classmethod
    def from_dense(cls, array: np.ndarray) -> Self:
        """Store the entries of `array` (rows, columns), float32 or float64, that are not zero. NaN is stored."""
        array = check_matrix(array)
        keep = is_nonzero(array)
        return cls(array[keep], np.packbits(keep), array.shape)

    def to_dense(self) -> np.ndarray:
        """Return the matrix, (rows, columns), with the dtype of the values."""
        dense = np.zeros(self.shape, self.data.dtype)
        dense[np.unpackbits(self.bits, count=dense.size).view(bool).reshape(self.shape)] = self.data
        return dense

    @staticmethod
    def bytes_at(shape: tuple[int, int], density: float, value_bytes: float = 4) -> float:
        """Return the bytes of a Bitmask of `shape` (rows, columns) at `density` (kept / all), without building it.

        >>> Bitmask.bytes_at((1000, 1000), density=0.5) / 4e6  # against dense float32
        0.53125
        """
        rows, columns = check_pair(shape, "shape", minimum=0)
        return kept_weights(shape, density) * check_value_bytes(value_bytes) + -(-rows * columns // 8)
