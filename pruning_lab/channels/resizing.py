"""Calls whose sizes must change: found in the painted run, corrected in a smaller model.

A module whose numbers cannot be set from outside gets a `Resized` forward, which does the same for good.
"""

from fractions import Fraction
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_unflatten

from .paint import along
from .resized import AVERAGE, Change, called_with, flatten, has_other_gradients, number_at, site_of
from .sizes import FACTORIES, SIZED, Labelled, Measured, Place


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
        for layer in self.canvas.scaled[scaled if has_other_gradients() else scaled + 1 :]:
            self.canvas.pin(layer)  # no factor would be there in its gradient; a second one in a call has no place
        self._calls[self.seen] = (name, self.canvas.module, site_of()[0], measured)
        self.constants[self.seen] = constants
        return output

    @property
    def calls(self) -> dict[int, tuple[str, str, tuple, list[Measured]]]:
        """{how many calls came before: (function name, module, site, what its numbers measure)}.

        Only sites where some visit takes sizes or such a constant, but all their visits: a loop may do so once. Where
        a module takes an average over zeros, all of its calls of that name: a site among them is then known to be new.
        """
        sites = {call[:3] for count, call in self._calls.items() if call[3] or self.constants[count]}
        averaging = {self._calls[count][:2] for count, constants in self.constants.items() if AVERAGE in constants}
        return {count: call for count, call in self._calls.items() if call[:3] in sites or call[:2] in averaging}

    def averages_elsewhere(self, other: "Recording") -> list[Tensor]:
        """Return the colours of averages over zeros at sites where another run had none."""
        known = {other._calls[count][:3] for count, constants in other.constants.items() if AVERAGE in constants}
        return [
            constants[AVERAGE]
            for count, constants in self.constants.items()
            if AVERAGE in constants and self._calls[count][:3] not in known
        ]

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
