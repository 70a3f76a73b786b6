"""Small ways to be wrong. A sabotage lets the function do its work, and spoils what goes in or what comes out.

So errors about bad arguments are raised as before: a sabotage is noticed because an answer is wrong, not because an
error is missing. What a sabotage cannot be done to (a text where it spoils numbers) it leaves as it is.
"""

import dataclasses
import inspect
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn


class Sabotage(NamedTuple):
    """`apply(original, args, kwargs)` answers a call in a wrong way."""

    name: str
    apply: Callable[[Callable, tuple, dict], Any]


NOTHING = Sabotage("nothing wrong", lambda original, args, kwargs: original(*args, **kwargs))  # as a control


def result(name, spoil):
    """Return a sabotage of what comes out: `spoil(result)`."""

    def apply(original, args, kwargs):
        return _tried(spoil, original(*args, **kwargs))

    return Sabotage(name, apply)


def argument(name, parameter, spoil):
    """Return a sabotage of what goes in: the function gets `spoil(argument)` for one of its parameters."""

    def apply(original, args, kwargs):
        given = inspect.signature(original).bind(*args, **kwargs)
        if parameter in given.arguments:
            given.arguments[parameter] = _tried(spoil, given.arguments[parameter])
        return original(*given.args, **given.kwargs)

    return Sabotage(name, apply)


def from_call(name, make):
    """Return a sabotage whose answer is `make(result, *args, **kwargs)`, since it needs the arguments."""

    def apply(original, args, kwargs):
        right = original(*args, **kwargs)
        return _tried(lambda wrong: make(wrong, *args, **kwargs), right)

    return Sabotage(name, apply)


def _tried(spoil, value):
    try:
        return spoil(value)
    except Exception:  # such a value cannot be spoilt so; who is to notice must notice it somewhere else
        return value


def never_done(context=False):
    """Return the sabotage of a function that changes something: it changes nothing. `context`: it is for a `with`."""
    return Sabotage("does nothing", lambda original, args, kwargs: nullcontext() if context else None)


# --- Ways to spoil a value. Each works on tensors, arrays and numbers, and on what holds some. ---


def spoils(leaf):
    """Make of `leaf(array)` a function that spoils what is inside of tuples, dicts, dataclasses and networks, too."""

    def spoil(value):
        if isinstance(value, nn.Module):
            with torch.no_grad():
                for parameter in value.parameters():
                    parameter.copy_(leaf(parameter))
            return value
        if isinstance(value, dict):
            return {key: spoil(part) for key, part in value.items()}
        if isinstance(value, tuple) and hasattr(value, "_make"):
            return value._make(map(spoil, value))
        if isinstance(value, list | tuple):
            return type(value)(map(spoil, value))
        if dataclasses.is_dataclass(value):
            return dataclasses.replace(
                value, **{field.name: spoil(getattr(value, field.name)) for field in dataclasses.fields(value)}
            )
        numbers = isinstance(value, torch.Tensor | np.ndarray | int | float | np.generic)
        return leaf(value) if numbers and _size(value) else value

    return spoil


def spoils_entries(leaf):
    """The same for what only arrays have: several entries. Numbers stay as they are."""
    return spoils(lambda value: leaf(value) if np.ndim(value) else value)


def _copied(value):
    return value.clone(memory_format=torch.contiguous_format) if isinstance(value, torch.Tensor) else value.copy()


def _size(value):
    return value.numel() if isinstance(value, torch.Tensor) else np.size(value)


def _flat(value):
    """Return a view of all entries in one row."""
    return value.reshape(-1)


@spoils
def negative(value):
    """The wrong sign; of a mask the opposite."""
    if isinstance(value, bool):
        return not value
    return ~value if getattr(value, "dtype", None) in (torch.bool, np.dtype(bool)) else -value


@spoils
def constant(value):
    """The first entry everywhere; a number becomes 0."""
    if np.ndim(value) == 0:
        return type(value)(0) if isinstance(value, int | float) else value * 0
    spoilt = _copied(value)
    spoilt[...] = _flat(value)[0]
    return spoilt


@spoils_entries
def backwards(value):
    """The entries in the opposite order, along the first axis."""
    return value.flip(0) if isinstance(value, torch.Tensor) else np.ascontiguousarray(value[::-1])


@spoils_entries
def half_zero(value):
    """Zeros in place of the second half."""
    spoilt = _copied(value)
    _flat(spoilt)[_size(spoilt) // 2 :] = 0
    return spoilt


@spoils_entries
def half_kept(value):
    """True in place of the second half: a mask that was made for the first half only."""
    spoilt = _copied(value)
    _flat(spoilt)[_size(spoilt) // 2 :] = True
    return spoilt


@spoils
def all_kept(value):
    """A mask that prunes nothing."""
    return value | True


@spoils_entries
def one_less_kept(value):
    """A mask that prunes one entry too many."""
    spoilt = _copied(value)
    _flat(spoilt)[_flat(spoilt).nonzero()[0]] = False
    return spoilt


@spoils
def one_more(value):
    """A number that is too large by one; of an array its last entry."""
    if np.ndim(value) == 0:
        return value + 1
    spoilt = _copied(value)
    _flat(spoilt)[-1] += 1
    return spoilt


@spoils
def doubled(value):
    return value * 2


@spoils
def halved(value):
    return value / 2


@spoils
def complement(value):
    """The density for a sparsity, the error for an accuracy."""
    return 1 - value


@spoils
def zeros(value):
    return value * 0


def last_left_out(value):
    """Return a list, a dict or an array of indices without its last entry."""
    return dict(list(value.items())[:-1]) if isinstance(value, dict) else value[:-1]


def half_left_out(value):
    """Return the first half of a list or a dict."""
    return dict(list(value.items())[: len(value) // 2]) if isinstance(value, dict) else value[: len(value) // 2]


def in_opposite_order(value):
    """Return a list, a tuple, a text, a dict or indices from the last to the first."""
    if isinstance(value, dict):
        return dict(zip(value, list(value.values())[::-1], strict=True))
    return value.flip(0) if isinstance(value, torch.Tensor) else value[::-1]


def empty(value):
    """Return nothing of the same kind."""
    return type(value)()


def first(_result, value, *_args, **_kwargs):
    """Return the first argument."""
    return value
