"""Numbers in an answer, in whatever they came: lists, tuples, arrays of any dtype are all the same to a check."""

import numpy as np

from pruning_lab.homework.frame.answers import plain_answer


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


def by_hand_part(by_hand, name):
    """Return what a dict that was written by hand holds under a name.

    Raises:
        AssertionError: it holds nothing there yet, for the student.
    """
    assert by_hand is not None, "by_hand is not defined: its cell is missing, or stopped with an error"
    by_hand = plain_answer(by_hand, "by_hand")
    assert isinstance(by_hand, dict), f"by_hand must be the dict with all parts; got {type(by_hand).__name__}"
    found = by_hand.get(name)
    empty = found.size == 0 if isinstance(found, np.ndarray) else found in (None, [], (), {})
    assert not empty, f"{name} is not filled in yet"
    return found


def by_hand_list(by_hand, name):
    """Return a list of numbers that was written by hand, as an array with one axis."""
    got = numbers(by_hand_part(by_hand, name), name)
    assert got.ndim == 1, f"{name} must be one list of numbers; got {got.ndim} axes"
    return got


def _kind(value, array):
    inside = type(value).__name__
    return f"{inside} of text" if array.dtype.kind == "U" and array.ndim else inside
