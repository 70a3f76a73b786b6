"""Sizes written into Python: `reshape(batch, places, heads, width // heads)`, `split([8, 4])`, `h[:, :5]`.

A sized call is one that takes such numbers. The painted run remembers which axis each number measures, and so what it
must become. A module whose numbers cannot be set from outside gets a `Resized` forward: its own code runs with the
numbers it was written for, and each size is scaled on its way into PyTorch.
"""

import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, NamedTuple

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_flatten, tree_unflatten

from .paint import along

MODULE_FILE = nn.Module.__call__.__code__.co_filename
Place = tuple[int, str]  # which of the flattened arguments, and for a slice "start" or "stop"


class Measured(NamedTuple):
    """What a number measures: the indices of axis `dim` of `tensor`, up to `upto` (None: all of them)."""

    place: Place
    tensor: Tensor
    dim: int
    upto: int | None = None


def shape_numbers(leaves: list, output: Tensor) -> Iterator[Measured]:
    """One number for each axis of the output, as `view`, `reshape` and `expand` take them."""
    places = [j for j, leaf in enumerate(leaves) if isinstance(leaf, int)]
    if len(places) == output.ndim:
        yield from (Measured((j, ""), output, dim) for dim, j in enumerate(places))


def unflatten_numbers(leaves: list, output: Tensor) -> Iterator[Measured]:
    """The axis first, then the sizes that it falls apart into."""
    dim, *places = (j for j, leaf in enumerate(leaves) if isinstance(leaf, int))
    first = leaves[dim] % (output.ndim - len(places) + 1)
    yield from (Measured((j, ""), output, first + i) for i, j in enumerate(places))


def split_numbers(leaves: list, output: tuple) -> Iterator[Measured]:
    """The size of all parts, or that of each."""
    places = [j for j, leaf in enumerate(leaves) if isinstance(leaf, int)]
    several = len(places) >= len(output) > 1 or len(places) > 2
    count = len(output) if several else 1
    dim = leaves[places[count]] if len(places) > count else 0
    for j, part in zip(places, output[:count], strict=False):
        yield Measured((j, ""), part, dim % part.ndim)


def slice_numbers(leaves: list, output: Tensor) -> Iterator[Measured]:
    """Where a slice starts and stops."""
    x, entries = leaves[0], leaves[1:]
    if not isinstance(x, Tensor) or any(isinstance(entry, Tensor) for entry in entries):
        return
    taking = [j for j, entry in enumerate(entries, 1) if entry is not None and entry is not Ellipsis]
    dots = next((j for j, entry in enumerate(entries, 1) if entry is Ellipsis), len(leaves))
    behind = sum(j > dots for j in taking)
    for place, j in enumerate(taking):
        dim = x.ndim - len(taking) + place if place >= len(taking) - behind else place
        if isinstance(leaves[j], slice):
            for part in ("start", "stop"):
                number = getattr(leaves[j], part)
                if isinstance(number, int) and number:
                    yield Measured(
                        (j, part), x, dim, min(number if number > 0 else x.shape[dim] + number, x.shape[dim])
                    )


def narrow_numbers(leaves: list, output: Tensor) -> Iterator[Measured]:
    """The axis, where to start, how many."""
    x, dim, start, length = leaves[:4]
    yield Measured((2, ""), x, dim % x.ndim, start)
    yield Measured((3, ""), output, dim % x.ndim)


SIZED: dict[str, Callable[[list, Any], Iterator[Measured]]] = {
    **dict.fromkeys(("view", "reshape", "expand"), shape_numbers),
    **dict.fromkeys(
        ("new_zeros", "new_ones", "new_empty", "zeros", "ones", "empty", "full", "new_full"), shape_numbers
    ),
    "unflatten": unflatten_numbers,
    "split": split_numbers,
    "split_with_sizes": split_numbers,
    "__getitem__": slice_numbers,
    "narrow": narrow_numbers,
}


class SizedCall(NamedTuple):
    """A sized call of the painted run: where in which module, and what its numbers measure."""

    module: str
    site: tuple
    numbers: dict[Place, tuple[list[Tensor], int, int | None]]


class Labelled(int):
    """A number of a module that remembers where it stands: (module, attribute, place in a tuple)."""

    origin: tuple[str, str, int | None]


def site_of() -> tuple[tuple, Any]:
    """Return where in its module's forward the running code stands, and the `Resized` around it, if any."""
    frame, chain = sys._getframe(2), []
    while frame is not None and frame.f_code.co_filename != MODULE_FILE:
        if frame.f_code is Resized.__call__.__code__:
            return tuple(chain), frame.f_locals["self"]
        if frame.f_code.co_name != "__torch_function__":
            chain.append((frame.f_code.co_name, frame.f_lasti))
        frame = frame.f_back
    return tuple(chain), None


class Recording(TorchFunctionMode):
    """Write down every sized call: `calls` in order, None for those that measure nothing painted."""

    def __init__(self, canvas: Any) -> None:
        super().__init__()
        self.canvas = canvas
        self.calls: list[tuple[str, tuple, list[Measured]]] = []
        self.evidence: dict[tuple, Measured] = {}

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        output = func(*args, **kwargs)
        if reader := SIZED.get(getattr(func, "__name__", "")):
            leaves = flatten(args, kwargs)[0]
            measured = list(reader(leaves, output))
            for number in measured:
                value = leaves[number.place[0]]
                value = getattr(value, number.place[1]) if number.place[1] else value
                if isinstance(value, Labelled):
                    self.evidence.setdefault((*value.origin, number.place, len(self.calls)), number)
            self.calls.append((self.canvas.module, site_of()[0], measured))
        return output


class Correcting(TorchFunctionMode):
    """Run a smaller model with the numbers it should pass, and write down which it does pass.

    Args:
        calls: (module, site, {place: wanted number}) for each sized call, in order.
    """

    def __init__(self, calls: list[tuple[str, tuple, dict[Place, int]]]) -> None:
        super().__init__()
        self.calls, self.seen = calls, 0
        self.scales: dict[str, dict[tuple, list[dict[Place, Fraction]]]] = {}

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if getattr(func, "__name__", "") in SIZED:
            if self.seen >= len(self.calls):
                raise ValueError("another path through its code than before")
            module, site, wanted = self.calls[self.seen]
            self.seen += 1
            if site != site_of()[0]:
                raise ValueError("another path through its code than before")
            scales = scales_for(args, kwargs, wanted)
            self.scales.setdefault(module, {}).setdefault(site, []).append(scales)
            if scales:
                args, kwargs = scaled(args, kwargs, scales)
        return func(*args, **kwargs)

    def wrong(self, module: str) -> bool:
        """Return whether a module passes a number that does not fit."""
        return any(any(visits) for visits in self.scales.get(module, {}).values())


def flatten(args: tuple, kwargs: dict) -> tuple[list, Any]:
    """Return arguments in one list, and what puts them together again. An ellipsis, a None, a slice is one entry."""
    return tree_flatten((args, kwargs))


def number_at(leaves: list, place: Place) -> Any:
    """Return the number at a place; None where there is none."""
    value = leaves[place[0]]
    value = getattr(value, place[1]) if place[1] else value
    return value if isinstance(value, int) else None


def scales_for(args: tuple, kwargs: dict, wanted: dict[Place, int]) -> dict[Place, Fraction]:
    """Return the factor for each number that is not what it should be; -1 finds its size by itself."""
    leaves, _ = flatten(args, kwargs)
    passed = {place: number_at(leaves, place) for place in wanted}
    return {
        place: Fraction(wanted[place], int(number))
        for place, number in passed.items()
        if number and number != wanted[place] and (number != -1 or place[1])
    }


def scaled(args: tuple, kwargs: dict, scales: dict[Place, Fraction]) -> tuple[tuple, dict]:
    """Return the arguments with some numbers multiplied."""
    leaves, spec = flatten(args, kwargs)
    for (j, part), factor in scales.items():
        number = number_at(leaves, (j, part))
        if number is None:
            continue
        new = int(number * factor)
        if part:
            old = {name: getattr(leaves[j], name) for name in ("start", "stop", "step")} | {part: new}
            leaves[j] = slice(old["start"], old["stop"], old["step"])
        else:
            leaves[j] = new
    return tree_unflatten(leaves, spec)


class Resized:
    """The forward of a module that computes sizes from numbers of its own: its code, with sizes scaled on the way.

    Attributes:
        module: whose forward it is.
        before: {attribute: number} that the code was written for; outside the forward the module shows its new ones.
        scales: {site: for each visit, {place of a number: factor}}.
    """

    def __init__(self, module: nn.Module, before: dict[str, Any], scales: dict) -> None:
        self.module, self.before, self.scales = module, before, scales
        self.inner = module.__dict__.get("forward")  # of an earlier round

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
        self.resized, self.visits = resized, dict.fromkeys(resized.scales, 0)

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if getattr(func, "__name__", "") in SIZED:
            site, around = site_of()
            if site in self.visits and (around is self.resized or around is self.resized.inner):
                scales = self.resized.scales[site]
                args, kwargs = scaled(args, kwargs, scales[min(self.visits[site], len(scales) - 1)])
                self.visits[site] += 1
        return func(*args, **kwargs)


def alive_along(layers: list[Tensor], dim: int, upto: int | None, alive: Tensor) -> int | None:
    """Return how many indices of an axis stay; None where it has no paint.

    Args:
        layers: the paint of the tensor.
        dim: the axis. upto: only the indices below this; None for all.
        alive: bool, one entry per colour.
    """
    counts = []
    for layer in layers:
        if dim in along(layer):
            lives = alive[layer].movedim(dim, 0).reshape(layer.shape[dim], -1).any(dim=1)
            counts.append(int(lives[:upto].sum()))
    return min(counts, default=None)


def with_label(value: Any, module: str, attribute: str, place: int | None = None) -> Any:
    """Return an int, or a tuple or list of ints, whose numbers remember where they stand."""
    if type(value) is int:
        labelled = Labelled(value)
        labelled.origin = (module, attribute, place)
        return labelled
    return type(value)(with_label(one, module, attribute, i) for i, one in enumerate(value))


def has_numbers(value: Any) -> bool:
    """Return whether a value is an int, or a tuple or list of nothing but ints."""
    return type(value) is int or (type(value) in (tuple, list) and value != () and all(type(v) is int for v in value))
