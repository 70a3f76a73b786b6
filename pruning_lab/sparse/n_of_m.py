"""N:M: in every group of m neighbours along a row exactly n values are stored, so no pointer is needed."""

from dataclasses import dataclass
from typing import Self

import numba
import numpy as np

from pruning_lab.arrays import FLOATS, check_array
from pruning_lab.checks import check_integer
from pruning_lab.sparse.format import (
    Format,
    check_density,
    check_matrix,
    check_pair,
    check_range,
    check_value_bytes,
    magnitude_bits,
)


@dataclass(frozen=True, eq=False)
class NOfM(Format):
    """n values in every group of m columns, and the place of each in its group; 2:4 is what NVIDIA's GPUs take.

    `positions` holds one byte each in memory, for the kernels; `nbytes` counts the ceil(log2 m) bits that they need.
    A group with fewer than n weights stores zeros, so the size depends on n, m and the shape alone.

    Args:
        data: (rows, columns * n / m) float32 or float64, group after group.
        positions: the same shape, uint8: place in the group, in [0, m), ascending within the group.
        n: values stored in a group, at least 1.
        m: columns in a group, n to 256.
        shape: (rows, columns), columns a multiple of m.

    Raises:
        TypeError: an array has another dtype.
        ValueError: the arrays contradict each other, the shape or n and m.

    Source: Mishra et al. 2021, Accelerating Sparse Deep Neural Networks (arXiv 2104.08378), section 3.

    >>> two_of_four = NOfM.from_dense(np.array([[0, 5, 0, 6, 7, 0, 0, 0]], np.float32))
    >>> two_of_four.data.tolist(), two_of_four.positions.tolist()
    ([[5.0, 6.0, 7.0, 0.0]], [[1, 3, 0, 1]])
    >>> two_of_four.nnz, two_of_four.nbytes  # 4 values of 4 bytes, 4 positions of 2 bits
    (3, 17)
    """

    data: np.ndarray
    positions: np.ndarray
    n: int
    m: int
    shape: tuple[int, int]

    def __post_init__(self) -> None:
        shape, n, m = _check_groups(self.shape, self.n, self.m)
        self._keep(shape=shape, n=n, m=m, data=check_array(self.data, "data", FLOATS, ndim=2))
        self._keep(positions=check_array(self.positions, "positions", (np.uint8,), ndim=2))
        expected = (shape[0], shape[1] // m * n)
        if self.data.shape != expected or self.positions.shape != expected:
            got = f"{self.data.shape} and {self.positions.shape}"
            raise ValueError(f"data and positions must both have shape {expected}; got {got}")
        check_range(self.positions, "positions", self.m)
        grouped = self.positions.reshape(-1, self.n)
        if (grouped[:, 1:] <= grouped[:, :-1]).any():
            raise ValueError("positions must ascend within each group; got a repeat or a descent")

    @classmethod
    def from_dense(cls, array: np.ndarray, n: int = 2, m: int = 4) -> Self:
        """Store n values of every group of m columns: those that are not zero, then zeros from the left.

        Args:
            array: (rows, columns) float32 or float64, columns a multiple of m, at most n weights in a group.
            n: values to store in a group.
            m: columns in a group, at most 256.

        Raises:
            ValueError: a group holds more than n weights; the message names it.
        """
        array = check_matrix(array)
        (rows, columns), n, m = _check_groups(array.shape, n, m)
        shape = (rows, columns // m * n)
        data, positions = np.empty(shape, array.dtype), np.empty(shape, np.uint8)
        groups, magnitude = array.reshape(-1, m), magnitude_bits(array)[1]
        full = _fill_groups(groups, magnitude_bits(groups)[0], magnitude, data.reshape(-1, n), positions.reshape(-1, n))
        if full >= 0:
            row, group = divmod(full, array.shape[1] // m)
            raise ValueError(
                f"array must hold at most {n} nonzeros in {m} columns; got more in row {row}, group {group}"
            )
        return cls(data, positions, n, m, array.shape)

    def to_dense(self) -> np.ndarray:
        """Return the matrix, (rows, columns), with the dtype of the values."""
        groups = np.zeros((self.stored // self.n, self.m), self.data.dtype)
        np.put_along_axis(groups, self.positions.reshape(-1, self.n).astype(np.intp), self.data.reshape(-1, self.n), 1)
        return groups.reshape(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of the values and of the positions packed into ceil(log2 m) bits each."""
        return self.data.nbytes + _packed_bytes(self.stored, self.m)

    @staticmethod
    def bytes_at(
        shape: tuple[int, int], density: float | None = None, value_bytes: float = 4, n: int = 2, m: int = 4
    ) -> float:
        """Return the bytes of an NOfM of `shape` (rows, columns); it stores n / m of them whatever the weights are.

        `density` is the second argument of every format; here it changes nothing and may be left out.

        >>> NOfM.bytes_at((1000, 1000)) / 4e6  # half the values, 2 bits for each
        0.53125
        """
        if density is not None:
            check_density(density)  # raises what the other formats raise
        (rows, columns), n, m = _check_groups(shape, n, m)
        stored = rows * (columns // m) * n
        return stored * check_value_bytes(value_bytes) + _packed_bytes(stored, m)


def _check_groups(shape, n, m):
    """Return all three as Python's integers, if groups of m columns of which n are stored fill the shape."""
    shape = check_pair(shape, "shape", minimum=0)
    n, m = check_integer(n, "n", minimum=1), check_integer(m, "m", minimum=1)
    if not n <= m <= 256:
        raise ValueError(f"m must be in [n, 256] = [{n}, 256]; got {m}")
    if shape[1] % m:
        raise ValueError(f"shape must have a multiple of m = {m} columns; got {shape}")
    return shape, n, m


def _packed_bytes(stored, m):
    bits = (m - 1).bit_length()  # ceil(log2 m)
    return -(-stored * bits // 8)


@numba.njit(cache=True)
def _fill_groups(groups, bits, magnitude, data, positions):
    """Fill `data` and `positions` group by group; return the first group with too many nonzeros, else -1."""
    n = data.shape[1]
    for g in range(groups.shape[0]):
        fillers = n - np.count_nonzero(bits[g] & magnitude)
        if fillers < 0:
            return g
        k = 0
        for j in range(groups.shape[1]):
            is_zero = bits[g, j] & magnitude == 0
            if not is_zero or fillers > 0:
                fillers -= is_zero
                data[g, k] = groups[g, j]
                positions[g, k] = j
                k += 1
    return -1
