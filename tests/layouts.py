"""Ways in which the same numbers can lie in memory: whatever takes an array takes all of them, and answers alike."""

import tempfile

import numpy as np


def as_is(array):
    return array


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def fortran(array):
    return np.asfortranarray(array)


def strided(array):
    return np.repeat(array, 2, axis=-1)[..., ::2]


def backwards(array):
    return array[::-1].copy()[::-1]


def broadcast(array):
    """Read-only, and one entry of an array whose stride is 0."""
    return np.broadcast_to(array, (2, *array.shape))[0]


def mapped(array):
    """Read from a file as it is needed; an empty array cannot be."""
    if not array.size:
        return array
    with tempfile.TemporaryFile() as file:
        file.write(array.tobytes())
        file.flush()
        return np.memmap(file, array.dtype, "r", 0, array.shape)


def as_matrix(array):
    """A subclass whose products and shapes are its own."""
    return array.view(np.matrix) if array.ndim == 2 else array


LAYOUTS = [as_is, read_only, fortran, strided, backwards, broadcast, mapped, as_matrix]
