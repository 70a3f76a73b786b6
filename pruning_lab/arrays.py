"""What a caller may pass as a NumPy array, in the words of `checks`."""

import numpy as np

FLOATS = (np.float32, np.float64)


def check_array(array: np.ndarray, name: str, dtypes: tuple[type[np.generic], ...], ndim: int) -> np.ndarray:
    """Return `array`, a NumPy array of one of `dtypes` with `ndim` axes; of a subclass, its memory as a plain array.

    >>> check_array(np.arange(3), "x", FLOATS, ndim=1)
    Traceback (most recent call last):
    TypeError: x must be float32 or float64; got dtype int64
    """
    check_plain(array, name)
    if array.dtype not in dtypes:
        allowed = " or ".join(np.dtype(dtype).name for dtype in dtypes)
        raise TypeError(f"{name} must be {allowed}; got dtype {array.dtype}")
    if array.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} {'axis' if ndim == 1 else 'axes'}; got shape {array.shape}")
    return np.asarray(array)


def check_plain(array: np.ndarray, name: str) -> None:
    """Raise unless `array` is a NumPy array, all of whose entries count."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"{name} must be a NumPy array; got {type(array).__name__}")
    if isinstance(array, np.ma.MaskedArray):
        raise TypeError(f"{name} must be a NumPy array without a mask (.filled(0) ends it); got MaskedArray")
