"""What every format shares: equality, counts, bytes, and the checks on the arrays it is built from."""

from abc import ABC, abstractmethod
from dataclasses import Field, fields
from numbers import Integral
from typing import ClassVar, Self

import numpy as np

FLOATS = (np.float32, np.float64)
INDICES = (np.uint16, np.int32, np.int64)


class Format(ABC):
    """A matrix of shape (rows, columns) of which only some values are stored, in the field `data`.

    A format is a frozen dataclass of this class: its fields are NumPy arrays, `shape`, and plain numbers or pairs of
    them. What only the format itself can do are the three abstract methods. Called with the arguments below, named as
    here, they work on every format; a format may take options of its own besides.
    """

    __dataclass_fields__: ClassVar[dict[str, Field]]  # what makes a class a dataclass
    data: np.ndarray
    shape: tuple[int, int]

    @classmethod
    @abstractmethod
    def from_dense(cls, array: np.ndarray) -> Self:
        """Store the entries of `array` (rows, columns), float32 or float64, that are not zero."""

    @abstractmethod
    def to_dense(self) -> np.ndarray:
        """Return the matrix, (rows, columns), with the dtype of the values."""

    @staticmethod
    @abstractmethod
    def bytes_at(shape: tuple[int, int], *, density: float, value_bytes: float = 4) -> float:
        """Return the bytes of a matrix of this shape and density, without building it.

        Args:
            shape: (rows, columns).
            density: kept / all, in [0, 1].
            value_bytes: bytes of one value; 5 / 8 for a code of 5 bits.
        """

    @property
    def stored(self) -> int:
        """How many values are stored, zeros that only fill a block, a group or a gap included."""
        return self.data.size

    @property
    def nnz(self) -> int:
        """How many of the stored values are not zero. NaN is not zero, so it counts."""
        return int(np.count_nonzero(self.data))

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays: values, indices and pointers."""
        return sum(value.nbytes for value in self._fields().values() if isinstance(value, np.ndarray))

    def _fields(self):
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def __eq__(self, other: object) -> bool:
        """Return whether both are the same format and hold the same arrays, dtypes included; NaN equals NaN."""
        if type(self) is not type(other):
            return NotImplemented
        ours, theirs = self._fields(), other._fields()
        return all(_same(ours[name], theirs[name]) for name in ours)


def _same(a, b):
    if not isinstance(a, np.ndarray):
        return a == b
    return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


def smallest_index_dtype(size: int) -> type[np.integer]:
    """Return the smallest of uint16, int32 and int64 that can number `size` things from 0.

    >>> smallest_index_dtype(65_536).__name__, smallest_index_dtype(65_537).__name__
    ('uint16', 'int32')
    """
    return next(dtype for dtype in INDICES if size - 1 <= np.iinfo(dtype).max)


def check_matrix(array: np.ndarray) -> np.ndarray:
    """Return `array`, a float32 or float64 matrix, with its rows contiguous in memory."""
    check_array(array, "array", FLOATS, ndim=2)
    return np.ascontiguousarray(array)


def check_array(array: np.ndarray, name: str, dtypes: tuple[type[np.generic], ...], ndim: int) -> None:
    """Raise unless `array` is a NumPy array of one of `dtypes` with `ndim` axes."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"{name} must be a NumPy array; got {type(array).__name__}")
    if array.dtype not in dtypes:
        allowed = " or ".join(np.dtype(dtype).name for dtype in dtypes)
        raise TypeError(f"{name} must be {allowed}; got dtype {array.dtype}")
    if array.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} {'axis' if ndim == 1 else 'axes'}; got shape {array.shape}")


def check_length(array: np.ndarray, name: str, length: int, meaning: str) -> None:
    """Raise unless the 1-D `array` has `length` entries."""
    if array.size != length:
        raise ValueError(f"{name} must have {meaning} = {length} entries; got {array.size}")


def check_range(array: np.ndarray, name: str, stop: int) -> None:
    """Raise unless all entries of the integer `array` are in [0, stop)."""
    if array.size and (array.min() < 0 or array.max() >= stop):
        wrong = array[(array < 0) | (array >= stop)]
        raise ValueError(f"{name} must be in [0, {stop}); got {wrong.flat[0]}")


def check_pair(pair: tuple[int, int], name: str, minimum: int) -> None:
    """Raise unless `pair` is a tuple of two integers, each at least `minimum`."""
    whole = isinstance(pair, tuple) and len(pair) == 2 and all(isinstance(size, Integral) for size in pair)
    if not whole or min(pair) < minimum:
        raise ValueError(f"{name} must be a tuple of two integers, each at least {minimum}; got {pair!r}")


def kept_weights(shape: tuple[int, int], density: float) -> float:
    """Return how many weights a matrix of `shape` keeps at `density` (kept / all), after checking both."""
    check_pair(shape, "shape", minimum=0)
    if not 0 <= density <= 1:
        raise ValueError(f"density must be in [0, 1] (0.1 keeps 10 %); got {density}")
    return shape[0] * shape[1] * density
