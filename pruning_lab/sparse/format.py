"""What every format shares: equality, counts, bytes, and the checks on the arrays it is built from."""

import math
from abc import ABC, abstractmethod
from dataclasses import Field, fields
from numbers import Integral, Real
from typing import ClassVar, Self

import numba
import numpy as np

from pruning_lab.arrays import FLOATS, check_array
from pruning_lab.checks import check_integer

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
    def bytes_at(shape: tuple[int, int], density: float, value_bytes: float = 4) -> float:
        """Return the bytes of a matrix of this shape and density, without building it.

        Every format takes these three in this order; its own options come after them.

        Args:
            shape: (rows, columns).
            density: kept / all, in [0, 1].
            value_bytes: bytes of one value, at least 0; 5 / 8 for a code of 5 bits.
        """

    @property
    def stored(self) -> int:
        """How many values are stored, zeros that only fill a block, a group or a gap included."""
        return self.data.size

    @property
    def nnz(self) -> int:
        """How many of the stored values are not zero. NaN is not zero, so it counts."""
        return int(np.count_nonzero(is_nonzero(self.data)))

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays: values, indices and pointers."""
        return sum(value.nbytes for value in self._fields().values() if isinstance(value, np.ndarray))

    def _keep(self, **values):
        """Set fields while the format is being made: checked, and as plain integers where NumPy's would overflow."""
        for name, value in values.items():
            object.__setattr__(self, name, value)

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
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if a.dtype.kind != "f":
        return np.array_equal(a, b)
    equal = (_bits(a) == _bits(b)) | (np.isnan(a) & np.isnan(b)) | ~(is_nonzero(a) | is_nonzero(b))
    return bool(equal.all())


def is_nonzero(array: np.ndarray) -> np.ndarray:
    """Return where a float array is not zero, as bool of its shape: by the bits, so NaN is not and -0.0 is.

    A comparison would ask the processor, which calls the smallest numbers zero once `torch.set_flush_denormal(True)`,
    or a library built with fast math, has told it to.

    >>> is_nonzero(np.array([0.0, -0.0, 5e-324, np.nan])).tolist()
    [False, False, True, True]
    """
    return _has_magnitude(*magnitude_bits(array))


@numba.vectorize(cache=True)
def _has_magnitude(bits, magnitude):
    return bits & magnitude != 0


def magnitude_bits(array: np.ndarray) -> tuple[np.ndarray, np.integer]:
    """Return the bits of a float array as integers on its memory, and the mask of all but their sign, for `&`.

    What a compiled loop needs to find zeros as `is_nonzero` does: `bits[i] & magnitude` is 0 there.
    """
    bits = _bits(array)
    return bits, bits.dtype.type(np.iinfo(bits.dtype).max)


def _bits(array):
    return array.view(f"i{array.itemsize}")


def smallest_index_dtype(size: int) -> type[np.integer]:
    """Return the smallest of uint16, int32 and int64 that can number `size` things from 0.

    >>> smallest_index_dtype(65_536).__name__, smallest_index_dtype(65_537).__name__
    ('uint16', 'int32')
    """
    return next(dtype for dtype in INDICES if size - 1 <= np.iinfo(dtype).max)


def check_matrix(array: np.ndarray) -> np.ndarray:
    """Return `array`, a float32 or float64 matrix, with its rows contiguous in memory."""
    return np.ascontiguousarray(check_array(array, "array", FLOATS, ndim=2))


def check_length(array: np.ndarray, name: str, length: int, meaning: str) -> None:
    """Raise unless the 1-D `array` has `length` entries."""
    if array.size != length:
        raise ValueError(f"{name} must have {meaning} = {length} entries; got {array.size}")


def check_range(array: np.ndarray, name: str, stop: int) -> None:
    """Raise unless all entries of the integer `array` are in [0, stop)."""
    if array.size and (array.min() < 0 or array.max() >= stop):
        wrong = array[(array < 0) | (array >= stop)]
        raise ValueError(f"{name} must be in [0, {stop}); got {wrong.flat[0]}")


def check_pair(pair: tuple[int, int], name: str, minimum: int) -> tuple[int, int]:
    """Return `pair`, two integers of at least `minimum`, as Python's integers: products of NumPy's may overflow."""
    whole = isinstance(pair, tuple) and len(pair) == 2 and all(_is_whole(size) for size in pair)
    if not whole or min(pair) < minimum:
        raise ValueError(f"{name} must be a tuple of two integers, each at least {minimum}; got {pair!r}")
    if max(pair) >= 2**63:
        raise ValueError(f"{name} must be two integers below 2**63, to be numbered in int64; got {pair!r}")
    return int(pair[0]), int(pair[1])


def _is_whole(size):
    return isinstance(size, Integral) and not isinstance(size, bool)


def check_density(density: float) -> float:
    """Return `density` (kept / all) as a Python float in [0, 1]."""
    if isinstance(density, bool) or not isinstance(density, Real):
        raise TypeError(f"density must be a number in [0, 1] (0.1 keeps 10 %); got {density!r}")
    if not 0 <= density <= 1:
        raise ValueError(f"density must be in [0, 1] (0.1 keeps 10 %); got {density}")
    return float(density)


def check_value_bytes(value_bytes: float) -> float:
    """Return the bytes of one value as a Python number, finite and at least 0."""
    if isinstance(value_bytes, bool) or not isinstance(value_bytes, Real):
        raise TypeError(f"value_bytes must be a number, the bytes of one value; got {value_bytes!r}")
    if not (value_bytes >= 0 and math.isfinite(value_bytes)):
        raise ValueError(f"value_bytes must be finite and at least 0; got {value_bytes}")
    return check_integer(value_bytes, "value_bytes", 0) if isinstance(value_bytes, Integral) else float(value_bytes)


def kept_weights(shape: tuple[int, int], density: float) -> float:
    """Return how many weights a matrix of `shape` keeps at `density` (kept / all), after checking both."""
    rows, columns = check_pair(shape, "shape", minimum=0)
    return rows * columns * check_density(density)
