"""What every format shares: equality, counts, bytes, and the checks on the arrays it is built from."""

from dataclasses import fields
from numbers import Integral

import numpy as np

FLOATS = (np.float32, np.float64)
INDICES = (np.uint16, np.int32, np.int64)


class Format:
    """A matrix of shape (rows, columns) of which only some values are stored, in the field `data`."""

    @property
    def stored(self):
        """How many values are stored, zeros that only fill a block, a group or a gap included."""
        return self.data.size

    @property
    def nnz(self):
        """How many of the stored values are not zero. NaN is not zero, so it counts."""
        return int(np.count_nonzero(self.data))

    @property
    def nbytes(self):
        """Bytes of all arrays: values, indices and pointers."""
        return sum(value.nbytes for value in self._fields().values() if isinstance(value, np.ndarray))

    def _fields(self):
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def __eq__(self, other):
        """Return whether both are the same format and hold the same arrays, dtypes included; NaN equals NaN."""
        if type(self) is not type(other):
            return NotImplemented
        ours, theirs = self._fields(), other._fields()
        return all(_same(ours[name], theirs[name]) for name in ours)


def _same(a, b):
    if not isinstance(a, np.ndarray):
        return a == b
    return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


def smallest_index_dtype(size):
    """Return the smallest of uint16, int32 and int64 that can number `size` things from 0.

    >>> smallest_index_dtype(65_536).__name__, smallest_index_dtype(65_537).__name__
    ('uint16', 'int32')
    """
    return next(dtype for dtype in INDICES if size - 1 <= np.iinfo(dtype).max)


def check_matrix(array):
    """Return `array`, a float32 or float64 matrix, with its rows contiguous in memory."""
    check_array(array, "array", FLOATS, ndim=2)
    return np.ascontiguousarray(array)


def check_array(array, name, dtypes, ndim):
    """Raise unless `array` is a NumPy array of one of `dtypes` with `ndim` axes."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"{name} must be a NumPy array; got {type(array).__name__}")
    if array.dtype not in dtypes:
        allowed = " or ".join(np.dtype(dtype).name for dtype in dtypes)
        raise TypeError(f"{name} must be {allowed}; got dtype {array.dtype}")
    if array.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} {'axis' if ndim == 1 else 'axes'}; got shape {array.shape}")


def check_length(array, name, length, meaning):
    """Raise unless the 1-D `array` has `length` entries."""
    if array.size != length:
        raise ValueError(f"{name} must have {meaning} = {length} entries; got {array.size}")


def check_range(array, name, stop):
    """Raise unless all entries of the integer `array` are in [0, stop)."""
    if array.size and (array.min() < 0 or array.max() >= stop):
        wrong = array[(array < 0) | (array >= stop)]
        raise ValueError(f"{name} must be in [0, {stop}); got {wrong.flat[0]}")


def check_pair(pair, name, minimum):
    """Raise unless `pair` is a tuple of two integers, each at least `minimum`."""
    whole = isinstance(pair, tuple) and len(pair) == 2 and all(isinstance(size, Integral) for size in pair)
    if not whole or min(pair) < minimum:
        raise ValueError(f"{name} must be a tuple of two integers, each at least {minimum}; got {pair!r}")


def kept_weights(shape, density):
    """Return how many weights a matrix of `shape` keeps at `density` (kept / all), after checking both."""
    check_pair(shape, "shape", minimum=0)
    if not 0 <= density <= 1:
        raise ValueError(f"density must be in [0, 1] (0.1 keeps 10 %); got {density}")
    return shape[0] * shape[1] * density
