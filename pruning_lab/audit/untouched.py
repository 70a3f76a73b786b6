"""Everything is measured on a copy, and the random numbers that are drawn meanwhile are put back."""

import copy
import random
from collections.abc import Iterator
from contextlib import contextmanager
from textwrap import shorten

import numpy as np
import torch
from torch import Tensor, nn

from pruning_lab.weights import find_weights


def copied(model: nn.Module) -> nn.Module:
    """Return a copy in evaluation mode that needs no gradients."""
    try:
        twin = copy.deepcopy(model)
    except Exception as error:
        computed = [f"{w.name!r} is {w.left_out}" for w in find_weights(model) if w.left_out.startswith("computed")]
        got = "; ".join([first_line(error), *computed[:1]])
        raise ValueError(f"model must be one that copy.deepcopy can copy; got {got}") from error
    return twin.eval()


def first_line(error: Exception) -> str:
    """Return the first line of what an error says, of a long one the beginning; its class where it says nothing.

    >>> first_line(ValueError("no\\nmore")), first_line(KeyError())
    ('no', 'KeyError')
    """
    line = next(iter(str(error).splitlines()), "") or type(error).__name__
    return shorten(line, 200, placeholder=" ...") if len(line) > 200 else line


@contextmanager
def same_random_state() -> Iterator[None]:
    """Put back the state of torch's, NumPy's and Python's random numbers, on the processor and on every GPU.

    >>> before = torch.get_rng_state()
    >>> with same_random_state():
    ...     _ = torch.rand(100)
    >>> torch.equal(before, torch.get_rng_state())
    True
    """
    ours, numpys = random.getstate(), np.random.get_state()  # noqa: NPY002 - the one that a caller may be using
    gpus = list(range(torch.cuda.device_count()))
    try:
        with torch.random.fork_rng(devices=gpus):
            yield
    finally:
        random.setstate(ours)
        np.random.set_state(numpys)  # noqa: NPY002


def changed(model: nn.Module, before: nn.Module) -> str:
    """Return the name of the first thing in which a model differs from what it was; "" where nothing does.

    Parameters and buffers are compared bit for bit.

    >>> model = nn.Linear(2, 1)
    >>> before = copied(model)
    >>> with torch.no_grad():
    ...     changed(model, before), changed(model.train(), before), model.bias.add_(1).numel(), changed(model, before)
    ('', '', 1, "'bias'")
    """
    old = {**dict(before.named_parameters()), **dict(before.named_buffers())}
    new = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    for name in {**old, **new}:
        if name not in old or name not in new or not _same_bits(old[name], new[name]):
            return repr(name)
    return ""


def _same_bits(one: Tensor, other: Tensor) -> bool:
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    if one.layout != torch.strided or one.is_quantized:
        return one is other or bool((one.to_dense() == other.to_dense()).all())
    return torch.equal(*(tensor.detach().contiguous().reshape(-1).view(torch.uint8) for tensor in (one, other)))
