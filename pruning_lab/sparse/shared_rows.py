"""A pruned weight in two bytes a survivor: a gap and a code. Small enough to keep, plain enough to multiply from."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from pruning_lab.arrays import FLOATS, check_array
from pruning_lab.sparse.format import check_length, check_pair, check_range

LARGEST_GAP = 255


@dataclass(frozen=True, eq=False)
class SharedRows:
    """Shared weights row by row: before each value a gap in one byte, instead of the value its code in one byte.

    The gap is the number of zeros since the value before it, or since the beginning of the row: each row begins anew,
    so that a product can begin anywhere. Where more than 255 zeros follow each other, the 256th is stored, with the
    code of a value 0.

    Args:
        codebook: (values,) float32 or float64, at most 256 values.
        codes: (stored,) uint8, the place in the codebook of each stored value.
        gaps: (stored,) uint8, the zeros skipped before each.
        indptr: (rows + 1,) int64, where each row begins in codes and gaps.
        shape: (rows, columns).

    Raises:
        TypeError: an array has another dtype.
        ValueError: the arrays contradict each other or the shape.

    Source: after EIE (Han et al. 2016, arXiv 1602.01528, section 3), which packs both into one byte, by columns.

    >>> mask = np.array([[False, True, True], [False, False, False]])
    >>> rows = SharedRows.from_codes(np.array([5, 7], np.float32), np.array([1, 0], np.uint8), mask)
    >>> rows.gaps.tolist(), rows.codes.tolist(), rows.indptr.tolist()
    ([1, 0], [1, 0], [0, 2, 2])
    >>> rows.to_dense().tolist()
    [[0.0, 7.0, 5.0], [0.0, 0.0, 0.0]]
    """

    codebook: np.ndarray
    codes: np.ndarray
    gaps: np.ndarray
    indptr: np.ndarray
    shape: tuple[int, int]

    def __post_init__(self) -> None:
        arrays = {
            "codebook": check_array(self.codebook, "codebook", FLOATS, ndim=1),
            "codes": check_array(self.codes, "codes", (np.uint8,), ndim=1),
            "gaps": check_array(self.gaps, "gaps", (np.uint8,), ndim=1),
            "indptr": check_array(self.indptr, "indptr", (np.int64,), ndim=1),
        }
        for name, array in arrays.items():  # a copy where memory is not contiguous: the kernel takes no other
            object.__setattr__(self, name, np.ascontiguousarray(array))
        object.__setattr__(self, "shape", check_pair(self.shape, "shape", minimum=0))
        check_length(self.gaps, "gaps", self.codes.size, "stored")
        check_length(self.indptr, "indptr", self.shape[0] + 1, "rows + 1")
        check_range(self.codes, "codes", self.codebook.size)
        self._check_rows()

    def _check_rows(self):
        """The kernel reads without asking: no row may lead beyond its columns."""
        pointers = self.indptr
        if pointers[0] != 0 or pointers[-1] != self.stored or (pointers[1:] < pointers[:-1]).any():
            raise ValueError(f"indptr must ascend from 0 to stored = {self.stored}; got {pointers[[0, -1]].tolist()}")
        widths = np.diff(self._ends()[pointers])
        if widths.size and widths.max() > self.shape[1]:
            raise ValueError(f"gaps must end within the {self.shape[1]} columns of a row; got {widths.max()} places")

    def _ends(self):
        """Return how many places the first 0, 1, ... stored values span."""
        return np.concatenate([[0], np.cumsum(self.gaps + np.int64(1))])

    @classmethod
    def from_codes(cls, codebook: np.ndarray, codes: np.ndarray, mask: np.ndarray) -> Self:
        """Store shared weights.

        Args:
            codebook: (values,) float32 or float64. Of 256 values one must be 0 if gaps are to be filled.
            codes: (kept,) unsigned integers, the place in the codebook of each survivor, row by row.
            mask: (rows, columns) bool, True where a weight survives.
        """
        check_array(mask, "mask", (np.bool_,), ndim=2)
        check_array(codes, "codes", (np.uint8, np.uint16), ndim=1)
        check_length(codes, "codes", int(np.count_nonzero(mask)), "mask.sum()")
        row, column = np.nonzero(mask)
        first = np.diff(row, prepend=-1) != 0
        zeros = np.where(first, column, np.diff(column, prepend=0) - 1)
        fillers = zeros // (LARGEST_GAP + 1)
        codebook, filler = _with_zero(codebook) if fillers.any() else (codebook, 0)
        check_range(codes, "codes", min(codebook.size, 256))
        places = np.cumsum(fillers + 1) - 1
        stored = int(places[-1]) + 1 if places.size else 0
        gaps, all_codes = np.full(stored, LARGEST_GAP, np.uint8), np.full(stored, filler, np.uint8)
        gaps[places], all_codes[places] = zeros % (LARGEST_GAP + 1), codes
        per_row = np.bincount(row, fillers + 1, minlength=mask.shape[0]).astype(np.int64)
        return cls(codebook, all_codes, gaps, np.concatenate([[0], np.cumsum(per_row)]), mask.shape)

    def to_dense(self) -> np.ndarray:
        """Return the weight, (rows, columns), with the dtype of the codebook."""
        dense = np.zeros(self.shape, self.codebook.dtype)
        ends = self._ends()
        row = np.repeat(np.arange(self.shape[0]), np.diff(self.indptr))
        dense[row, ends[1:] - 1 - ends[self.indptr[row]]] = self.codebook[self.codes]
        return dense

    @property
    def stored(self) -> int:
        """How many values are stored, those that only fill a gap included."""
        return self.codes.size

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return self.codebook.nbytes + self.codes.nbytes + self.gaps.nbytes + self.indptr.nbytes


def _with_zero(codebook):
    """Return a codebook that has a value 0, and its place."""
    zeros = np.flatnonzero(codebook == 0)
    if zeros.size:
        return codebook, int(zeros[0])
    if codebook.size >= 256:
        raise ValueError(f"codebook must have at most 255 values beside the 0 of a filler; got {codebook.size}")
    return np.append(codebook, codebook.dtype.type(0)), codebook.size
