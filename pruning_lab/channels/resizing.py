"""Calls whose sizes must change: found in the painted run, corrected in a smaller model, then scaled for good.

A module whose numbers cannot be set from outside gets a `Resized` forward: its own code runs with the numbers it was
written for, and each size is scaled, each constant cut, on its way into PyTorch. An average over fewer channels is
multiplied on its way out, as if zeros stood for those that went.
"""

import math
import sys
from fractions import Fraction
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_flatten, tree_unflatten

from .paint import along
from .sizes import FACTORIES, SIZED, Labelled, Measured, Place, relabelled

Change = Fraction | Tensor | float  # a factor for a number; of a tensor's axis which entries stay; the share that stays
AVERAGE: Place = (-1, "average")  # the place of no argument: here stands the share of an average's entries that stays
MODULE_FILE = nn.Module.__call__.__code__.co_filename


def site_of() -> tuple[tuple, Any]:
    """Return where in its module's forward the running code stands, and the `Resized` around it, if any."""
    frame: FrameType | None = sys._getframe(2)
    chain: list[tuple[str, int]] = []
    while frame is not None and frame.f_code.co_filename != MODULE_FILE:
        if frame.f_code is Resized.__call__.__code__:
            return tuple(chain), frame.f_locals["self"]
        if frame.f_code.co_name != "__torch_function__":
            chain.append((frame.f_code.co_name, frame.f_lasti))
        frame = frame.f_back
    return tuple(chain), None


class EveryCall(TorchFunctionMode):
    """Hand every call that two runs of a model share to `called`, and count them.

    Attributes:
        seen: how many such calls came before.
    """

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0

    def called(self, func: Any, args: tuple, kwargs: dict) -> Any:
        """Return what the call is to return."""
        raise NotImplementedError

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if not counts(getattr(func, "__name__", ""), flatten(args, kwargs)[0]):
            return func(*args, **kwargs)
        output = self.called(func, args, kwargs)
        self.seen += 1
        return output


class Recording(EveryCall):
    """Write down every call that takes sizes, or a constant that meets paint.

    Attributes:
        constants: {how many calls came before: {place: the colours along that axis of a constant}}; at `AVERAGE` those
            that an average over zeros takes in.
        evidence: {(module, attribute, place in a tuple, ...): what that number measured}.
        averages: {how many calls came before: (the colours that it averages over, their axis counted from the end)}.
    """

    def __init__(self, canvas: Any) -> None:
        super().__init__()
        self.canvas = canvas
        self._calls: dict[int, tuple[str, str, tuple, list[Measured]]] = {}
        self.constants: dict[int, dict[Place, Tensor]] = {}
        self.evidence: dict[tuple, Measured] = {}
        self.made: list[Tensor] = []  # so that no id is used twice
        self.averages: dict[int, tuple[Tensor, int]] = {}

    def called(self, func, args, kwargs):
        leaves, name, measured = flatten(args, kwargs)[0], getattr(func, "__name__", ""), []
        self.canvas.met.clear()
        already, scaled = len(self.canvas.averaged), len(self.canvas.scaled)
        output = func(*args, **kwargs)
        for layer in self.canvas.averaged[already : already + 1]:
            [dim] = along(layer)
            self.averages[self.seen] = (layer.reshape(-1), dim - layer.ndim)
        if reader := SIZED.get(name):
            sizes = args[1] if len(args) > 1 else next(iter(kwargs.values()), None)
            measured = list(reader(leaves, output, sizes))
            self._remember_labels(leaves, measured)
            if name in FACTORIES and measured:
                self.canvas.made.add(id(output))
                self.made.append(output)
        constants = {
            (j, axis): colours
            for tensor, axis, colours in self.canvas.met
            for j, leaf in enumerate(leaves)
            if leaf is tensor
        }
        for layer in self.canvas.scaled[scaled : scaled + 1]:
            constants[AVERAGE] = layer.reshape(-1, 1)
        self._calls[self.seen] = (name, self.canvas.module, site_of()[0], measured)
        self.constants[self.seen] = constants
        return output

    @property
    def calls(self) -> dict[int, tuple[str, str, tuple, list[Measured]]]:
        """{how many calls came before: (function name, module, site, what its numbers measure)}.

        Only sites where some visit takes sizes or such a constant, but all their visits: a loop may do so once.
        """
        sites = {call[:3] for count, call in self._calls.items() if call[3] or self.constants[count]}
        return {count: call for count, call in self._calls.items() if call[:3] in sites}

    def _remember_labels(self, leaves, measured):
        for number in measured:
            value = number_at(leaves, number.place)
            if isinstance(value, Labelled):
                self.evidence.setdefault((*value.origin, number.place, self.seen), number)


class OverWhatStays(EveryCall):
    """Take averages over the channels that stay, as a smaller model does, at the old shapes.

    Args:
        averages: {how many calls came before: (bool: the entries that stay, their axis counted from the end)}.
    """

    def __init__(self, averages: dict[int, tuple[Tensor, int]]) -> None:
        super().__init__()
        self.averages = averages

    def called(self, func, args, kwargs):
        if self.seen not in self.averages:
            return func(*args, **kwargs)
        stay, dim = self.averages[self.seen]
        return averaged(func, args, kwargs, stay, dim)


def averaged(func: Any, args: tuple, kwargs: dict, stay: Tensor, dim: int) -> Tensor:
    """Return a mean, or a norm over the last axis with zeros for the rest, of the entries that stay.

    >>> stay = torch.tensor([True, False, True])
    >>> averaged(torch.mean, (torch.tensor([[1.0, 0.0, 3.0]]), 1), {}, stay, -1)
    tensor([2.])
    >>> averaged(torch.nn.functional.layer_norm, (torch.tensor([[1.0, 0.0, 3.0]]), (3,)), {}, stay, -1).round()
    tensor([[-1.,  0.,  1.]])
    """
    leaves, spec = flatten(args, kwargs)
    x = next(leaf for leaf in leaves if isinstance(leaf, Tensor))
    index, vector = stay.nonzero().flatten().to(x.device), func.__name__ != "mean"
    for j, leaf in enumerate(leaves):
        if leaf is x:
            leaves[j] = x.index_select(dim, index)
        elif vector and isinstance(leaf, Tensor):
            leaves[j] = leaf.index_select(0, index)
        elif vector and leaf == len(stay) and isinstance(leaf, int):  # the normalised shape
            leaves[j] = len(index)
    args, kwargs = tree_unflatten(leaves, spec)
    output = func(*args, **kwargs)
    return torch.zeros_like(x).index_copy(dim, index, output) if vector else output


class Correcting(EveryCall):
    """Run a smaller model with the sizes it should pass, and write down which it does pass.

    Args:
        calls: {how many calls came before: (function name, module, site, {place: wanted number or entries that stay})}.

    Attributes:
        changes: {module: {site: for each visit, {place: change}}}.
        names: {module: names of the functions changed}.
    """

    def __init__(self, calls: dict[int, tuple[str, str, tuple, dict[Place, Any]]]) -> None:
        super().__init__()
        self.calls = calls
        self.changes: dict[str, dict[tuple, list[dict[Place, Change]]]] = {}

    def called(self, func, args, kwargs):
        if self.seen in self.calls:
            name, module, site, wanted = self.calls[self.seen]
            if name != getattr(func, "__name__", "") or site != site_of()[0]:
                raise ValueError("a different path through its code than before")
            changes = changes_for(args, kwargs, wanted)
            self.changes.setdefault(module, {}).setdefault((name, *site), []).append(changes)
            return called_with(func, args, kwargs, changes)
        return func(*args, **kwargs)

    def wrong(self, module: str) -> bool:
        """Return whether a module passes a size that does not fit; a constant that must be cut is no fault of its."""
        visits = [visit for visits in self.changes.get(module, {}).values() for visit in visits]
        return any(isinstance(change, Fraction) for visit in visits for change in visit.values())


def counts(name: str, leaves: list) -> bool:
    """Return whether a call has to do with tensors; switching gradients off is a call too."""
    return name in SIZED or any(isinstance(leaf, Tensor) for leaf in leaves)


def flatten(args: tuple, kwargs: dict) -> tuple[list, Any]:
    """Return arguments in one list, and what puts them together again. An ellipsis, a None, a slice is one entry."""
    return tree_flatten((args, kwargs))


def number_at(leaves: list, place: Place) -> Any:
    """Return the number at a place; None where there is none."""
    value = leaves[place[0]]
    value = getattr(value, place[1], None) if isinstance(place[1], str) and place[1] else value
    return value if isinstance(value, int) else None


def changes_for(args: tuple, kwargs: dict, wanted: dict[Place, Any]) -> dict[Place, Change]:
    """Return the factor for each number that is not what it should be, and the entries of constants that stay."""
    leaves, _ = flatten(args, kwargs)
    changes: dict[Place, Change] = {}
    for place, target in wanted.items():
        if place == AVERAGE:
            changes |= {} if target.all() else {place: float(target.double().mean())}
            continue
        if isinstance(target, Tensor):
            if leaves[place[0]].shape[place[1]] == len(target) and not target.all():
                changes[place] = target
            continue
        number = number_at(leaves, place)
        if number and number != target and (number != -1 or place[1]):  # a size of -1 finds itself
            changes[place] = Fraction(target, int(number))
    return changes


def called_with(func: Any, args: tuple, kwargs: dict, changes: dict[Place, Change]) -> Any:
    """Return what a call gives with its arguments changed; an average is one over as many entries as before.

    >>> called_with(torch.mean, (torch.tensor([6.0]),), {}, {AVERAGE: 0.5})
    tensor(3.)
    """
    args, kwargs = changed(args, kwargs, changes) if changes else (args, kwargs)
    share = changes.get(AVERAGE)
    if not isinstance(share, float):
        return func(*args, **kwargs)
    return _rms_norm(share, *args, **kwargs) if func.__name__ == "rms_norm" else func(*args, **kwargs) * share


def _rms_norm(share, input, normalized_shape, weight=None, eps=None):
    """The root of a mean over `share` of the entries: in place of the mean, what comes out and epsilon are scaled."""
    eps = torch.finfo(input.dtype).eps if eps is None else eps
    shape = input.shape[-len(normalized_shape) :]  # a norm without a weight does not know its new size
    return nn.functional.rms_norm(input, shape, weight, eps / share) / math.sqrt(share)


def changed(args: tuple, kwargs: dict, changes: dict[Place, Change]) -> tuple[tuple, dict]:
    """Return the arguments with some numbers multiplied, and some constants cut."""
    leaves, spec = flatten(args, kwargs)
    for (j, part), change in changes.items():
        if (j, part) == AVERAGE:
            continue
        if isinstance(change, Tensor):
            leaves[j] = entries_that_stay(leaves[j], part, change)
        elif (number := number_at(leaves, (j, part))) is not None:
            new = int(number * change)
            if isinstance(number, Labelled):  # a run over an earlier round still knows where the number stands
                new = relabelled(new, number)
            leaves[j] = slice(*(new if n == part else getattr(leaves[j], n) for n in SLICE)) if part else new
    return tree_unflatten(leaves, spec)


SLICE = ("start", "stop", "step")


def entries_that_stay(tensor: Tensor, axis: Any, stay: Tensor) -> Tensor:
    """Return a tensor with some entries along an axis; a pattern that repeats, as batch by heads does, fits any batch.

    >>> entries_that_stay(torch.arange(6), 0, torch.tensor([True, False, True, False]))
    tensor([0, 2, 4])
    """
    size = tensor.shape[axis]
    if size != len(stay):
        periods = (
            n for n in range(1, len(stay)) if len(stay) % n == 0 and torch.equal(stay, stay[:n].repeat(len(stay) // n))
        )
        period = next((n for n in periods if size % n == 0), None)
        if period is None:
            return tensor
        stay = stay[:period].repeat(size // period)
    return tensor.index_select(axis, stay.nonzero().flatten().to(tensor.device))


class Resized:
    """The forward of a module that computes sizes from numbers of its own: its code, with sizes scaled on the way.

    Attributes:
        module: whose forward it is.
        before: {attribute: number} that the code was written for; outside the forward the module shows its new ones.
        changes: {site: for each visit, {place: factor of a number, or entries of a constant that stay}}.
    """

    def __init__(self, module: nn.Module, before: dict[str, Any], changes: dict) -> None:
        self.module, self.before, self.changes = module, before, changes
        self.inner = module.__dict__.get("forward")  # that of an earlier round, or one that the caller had set

    def __call__(self, *args, **kwargs):
        module = self.module
        now = {name: module.__dict__[name] for name in self.before}
        module.__dict__.update(self.before)
        try:
            with Scaling(self):
                return self.inner(*args, **kwargs) if self.inner else type(module).forward(module, *args, **kwargs)
        finally:
            module.__dict__.update(now)


class Scaling(TorchFunctionMode):
    """Scale the sizes in one forward; its submodules are left alone."""

    def __init__(self, resized: Resized) -> None:
        super().__init__()
        self.resized, self.visits = resized, dict.fromkeys(resized.changes, 0)
        self.names = {name for name, *_ in resized.changes}

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if name in self.names:
            site, around = site_of()
            key = (name, *site)
            if key in self.visits and around is not None and around.module is self.resized.module:
                visits = self.resized.changes[key]
                changes = visits[min(self.visits[key], len(visits) - 1)]
                self.visits[key] += 1
                return called_with(func, args, kwargs, changes)
        return func(*args, **kwargs)
