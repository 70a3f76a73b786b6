"""What a check may trust: plain copies of what an answer returned, and instances that nobody has seen before.

A check takes the student's function and a generator of instances; it raises AssertionError with a message for them.
"""

import os

import numpy as np

from pruning_lab.homework.frame.sandbox.inside.wire import pack, unpack


def instances(seed=None):
    """Return a NumPy generator to draw a question's instances from.

    Args:
        seed: a number for the public checks, which then show everybody the same instances. None draws others: while a
            class is graded, those of the environment variable PRUNING_LAB_INSTANCES, the same for the whole class;
            elsewhere new ones on every call.
    """
    drawn = os.environ.get("PRUNING_LAB_INSTANCES")
    return np.random.default_rng(seed if seed is not None or drawn is None else int(drawn))


def plain(value):
    """Return a copy of an answer made of plain types alone: numbers, text, lists, tuples, dicts and NumPy arrays.

    An object that says it equals everything is none of these, nor is one of a class that a submission made from them,
    so it cannot pass a comparison.

    Raises:
        TypeError: anything else, at any depth.

    >>> import torch
    >>> plain({"indptr": torch.tensor([0, 2])})
    {'indptr': array([0, 2])}
    """
    return unpack(pack(value))


def plain_answer(value, name):
    """Return a plain copy of an answer; where there cannot be one, tell the student so."""
    try:
        return plain(value)
    except TypeError as error:
        raise AssertionError(f"{name}: {error}") from None


def answered(answer, name, *arguments):
    """Call the student's function; return a plain copy of its answer, or say what is missing."""
    assert answer is not None, f"{name} is not defined: its cell is missing, or stopped with an error"
    assert callable(answer), f"{name} must be a function; something else has taken its name"
    got = plain_answer(answer(*arguments), name)
    assert got is not None, f"{name} returns nothing yet: replace the ... and return the answer"
    return got
