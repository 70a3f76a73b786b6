"""Relative index: instead of a column, the few bits that say how many zeros to skip."""

import math
from dataclasses import dataclass
from typing import Self

import numba
import numpy as np

from pruning_lab.arrays import FLOATS, check_array
from pruning_lab.checks import check_integer
from pruning_lab.sparse.format import (
    Format,
    check_density,
    check_length,
    check_matrix,
    check_pair,
    check_range,
    check_value_bytes,
    kept_weights,
    magnitude_bits,
)


@dataclass(frozen=True, eq=False)
class RelativeIndex(Format):
    """Row-major order, each value after a gap of k bits: the zeros skipped before it, 0 to 2**k - 1.

    A value and its gap span at most 2**k places. Where 2**k zeros follow each other, the last of them is stored as a
    filler: value 0, gap 2**k - 1. The matrix is one long row: gaps run on from one row into the next. Nothing is
    stored after the last weight.

    `gaps` holds one byte each in memory (two from 9 bits on); `nbytes` counts the k bits that they need.

    Args:
        data: (stored,) float32 or float64, values and fillers.
        gaps: (stored,) uint8, or uint16 for index_bits over 8: the zeros skipped before each value.
        index_bits: k, 1 to 16.
        shape: (rows, columns).

    Raises:
        TypeError: an array has another dtype.
        ValueError: the arrays contradict each other, the shape or index_bits.

    Source: Han et al. 2016, Deep Compression (arXiv 1510.00149), section 2. Its figure 2 stores weights at the places
    1, 4 and 15 with 3 bits, which span 8 = 2**3 places, and prints differences 1, 3, 8 (the filler, at place 12) and 3.
    A difference of 1 to 8 fits 3 bits as the number of zeros between, 0 to 7, which is what `gaps` holds.

    >>> array = np.zeros((1, 16))
    >>> array[0, [1, 4, 15]] = [3.4, 0.9, 1.7]
    >>> relative = RelativeIndex.from_dense(array, index_bits=3)
    >>> relative.gaps.tolist(), relative.data.tolist()
    ([1, 2, 7, 2], [3.4, 0.9, 0.0, 1.7])
    >>> relative.nnz, relative.stored, relative.nbytes  # 4 values of 8 bytes, 4 gaps of 3 bits
    (3, 4, 34)
    """

    data: np.ndarray
    gaps: np.ndarray
    index_bits: int
    shape: tuple[int, int]

    def __post_init__(self) -> None:
        self._keep(shape=check_pair(self.shape, "shape", minimum=0), index_bits=_check_index_bits(self.index_bits))
        self._keep(
            data=check_array(self.data, "data", FLOATS, ndim=1),
            gaps=check_array(self.gaps, "gaps", (_gap_dtype(self.index_bits),), ndim=1),
        )
        check_length(self.gaps, "gaps", self.data.size, "stored")
        check_range(self.gaps, "gaps", 2**self.index_bits)
        size, reach = self.shape[0] * self.shape[1], int(self.gaps.sum(dtype=np.int64)) + self.gaps.size
        if reach > size:
            raise ValueError(f"gaps must end within the {size} weights of shape {self.shape}; got {reach} places")

    @classmethod
    def from_dense(cls, array: np.ndarray, index_bits: int = 5) -> Self:
        """Store the entries of `array` that are not zero, and fillers where a gap does not fit. NaN is stored.

        Args:
            array: (rows, columns) float32 or float64.
            index_bits: bits of a gap, 1 to 16. The paper takes 5 for LeNet and 4 for AlexNet.
        """
        array = check_matrix(array)
        index_bits = _check_index_bits(index_bits)
        weights, span = array.reshape(-1), 2**index_bits
        bits, magnitude = magnitude_bits(weights)
        # No room at first, to count: arrays of its own, as a part of `weights` may not be written to.
        nothing = np.empty(0, array.dtype), np.empty(0, _gap_dtype(index_bits))
        stored = _encode(weights, bits, magnitude, span, *nothing)
        data, gaps = np.empty(stored, array.dtype), np.empty(stored, _gap_dtype(index_bits))
        _encode(weights, bits, magnitude, span, data, gaps)
        return cls(data, gaps, index_bits, array.shape)

    def to_dense(self) -> np.ndarray:
        """Return the matrix, (rows, columns), with the dtype of the values."""
        dense = np.zeros(self.shape, self.data.dtype)
        dense.reshape(-1)[np.cumsum(self.gaps + np.int64(1)) - 1] = self.data
        return dense

    @property
    def nbytes(self) -> int:
        """Bytes of the values and of the gaps packed into index_bits each."""
        return self.data.nbytes + -(-self.stored * self.index_bits // 8)

    @staticmethod
    def bytes_at(shape: tuple[int, int], density: float, value_bytes: float = 4, index_bits: int = 5) -> float:
        """Return the expected bytes of a RelativeIndex of `shape` whose zeros fall at random, without building it.

        >>> size = RelativeIndex.bytes_at((4096, 9216), density=0.09, value_bytes=5 / 8, index_bits=4)
        >>> round(100 * size / (4 * 4096 * 9216), 1)  # percent of float32: AlexNet's first linear layer, fc6
        3.2
        """
        kept, index_bits = kept_weights(shape, density), _check_index_bits(index_bits)
        stored = kept * filler_factor(density, index_bits) if kept else 0  # fillers lead to a weight, or are not there
        return stored * (check_value_bytes(value_bytes) + index_bits / 8)


def filler_factor(density: float, index_bits: int) -> float:
    """Return how many values a relative index stores for each weight kept, if zeros fall at random: 1 or more.

    What is stored next is a filler if 2**index_bits zeros come first: f = 1 / (1 - (1 - density)**2**index_bits).

    Args:
        density: kept / all, in (0, 1].
        index_bits: bits of a gap, 1 to 16.

    >>> round(filler_factor(0.09, 4), 3), round(filler_factor(0.09, 5), 3)
    (1.284, 1.051)
    """
    span, density = 2 ** _check_index_bits(index_bits), check_density(density)
    if not density:
        raise ValueError(f"density must be in (0, 1]; got {density:g}")
    # 1 - (1 - density)**span, exact for the smallest densities too, whose difference from 1 is rounded away.
    return 1 / -math.expm1(span * math.log1p(-density)) if density < 1 else 1.0


def _check_index_bits(index_bits):
    index_bits = check_integer(index_bits, "index_bits", minimum=1)
    if index_bits > 16:
        raise ValueError(f"index_bits must be at most 16; got {index_bits}")
    return index_bits


def _gap_dtype(index_bits):
    return np.uint8 if index_bits <= 8 else np.uint16


@numba.njit(cache=True)
def _encode(weights, bits, magnitude, span, data, gaps):
    """Return how many values are stored up to the last nonzero weight; write as many as `data` has room for."""
    stored, k, gap = 0, 0, 0
    for i in range(weights.size):
        is_zero = bits[i] & magnitude == 0
        if is_zero and gap < span - 1:
            gap += 1
            continue
        if k < data.size:
            data[k] = weights[i]
            gaps[k] = gap
        k += 1
        gap = 0
        if not is_zero:
            stored = k
    return stored
