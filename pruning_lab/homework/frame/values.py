"""Numbers in an answer, in whatever they came: lists, tuples, arrays of any dtype are all the same to a check."""

import numpy as np


def numbers(value, what):
    """Return an answer's numbers as an array.

    Raises:
        AssertionError: they are none, for the student.

    >>> numbers((1, 2.5), "data")
    array([1. , 2.5])
    >>> numbers({"a": 1}, "data")
    Traceback (most recent call last):
    ...
    AssertionError: data must be numbers; got dict
    """
    try:
        array = np.asarray(value)
    except ValueError:
        raise AssertionError(f"{what} must have rows of one length") from None
    assert array.dtype.kind in "biuf", f"{what} must be numbers; got {_kind(value, array)}"
    return array


def number(value, what):
    """Return an answer that is one number, an array without axes included."""
    array = numbers(value, what)
    assert array.ndim == 0, f"{what}: return one number; got {type(value).__name__}"
    assert array.dtype.kind != "b", f"{what}: return one number; got {value}"
    return array.item()


def _kind(value, array):
    inside = type(value).__name__
    return f"{inside} of text" if array.dtype.kind == "U" and array.ndim else inside
