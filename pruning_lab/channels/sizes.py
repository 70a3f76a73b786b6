"""Sizes written into Python: `reshape(batch, places, heads, width // heads)`, `split([8, 4])`, `h[:, :5]`.

A sized call is one that takes such numbers. This is how to read them: which axis of which tensor each one measures.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from torch import Tensor

from .paint import along

Place = tuple[int, str | int]  # which of the flattened arguments; of a slice "start" or "stop", of a tensor the axis


class Measured(NamedTuple):
    """What a number measures: the indices of axis `dim` of `tensor`, up to `upto` (None: all of them)."""

    place: Place
    tensor: Tensor
    dim: int
    upto: int | None = None


def shape_numbers(leaves: list, output: Tensor, sizes: Any = None) -> Iterator[Measured]:
    """One number for each axis of the output, as `view`, `reshape` and `expand` take them."""
    places = [j for j, leaf in enumerate(leaves) if isinstance(leaf, int)]
    if len(places) == output.ndim:
        yield from (Measured((j, ""), output, dim) for dim, j in enumerate(places))


def unflatten_numbers(leaves: list, output: Tensor, sizes: Any = None) -> Iterator[Measured]:
    """The axis first, then the sizes that it falls apart into."""
    dim, *places = (j for j, leaf in enumerate(leaves) if isinstance(leaf, int))
    first = leaves[dim] % (output.ndim - len(places) + 1)
    yield from (Measured((j, ""), output, first + i) for i, j in enumerate(places))


def split_numbers(leaves: list, output: tuple, sizes: Any = None) -> Iterator[Measured]:
    """The size of all parts, or that of each: `sizes` is then a list."""
    places = [j for j, leaf in enumerate(leaves) if isinstance(leaf, int)]
    count = len(output) if isinstance(sizes, list | tuple) else 1
    dim = leaves[places[count]] if len(places) > count else 0
    for j, part in zip(places, output[:count], strict=False):
        yield Measured((j, ""), part, dim % part.ndim)


def slice_numbers(leaves: list, output: Tensor, sizes: Any = None) -> Iterator[Measured]:
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


def narrow_numbers(leaves: list, output: Tensor, sizes: Any = None) -> Iterator[Measured]:
    """The axis, where to start, how many."""
    x, dim, start = leaves[:3]
    yield Measured((2, ""), x, dim % x.ndim, start)
    yield Measured((3, ""), output, dim % x.ndim)


FACTORIES = ("new_zeros", "new_ones", "new_empty", "zeros", "ones", "empty", "full", "new_full")
SIZED: dict[str, Callable[[list, Any, Any], Iterator[Measured]]] = {
    **dict.fromkeys(("view", "reshape", "expand"), shape_numbers),
    **dict.fromkeys(FACTORIES, shape_numbers),
    "unflatten": unflatten_numbers,
    "split": split_numbers,
    "split_with_sizes": split_numbers,
    "__getitem__": slice_numbers,
    "narrow": narrow_numbers,
}


class Labelled(int):
    """A number of a module that remembers where it stands: (module, attribute, place in a tuple)."""

    origin: tuple[str, str, int | None]


def relabelled(value: int, labelled: Labelled) -> Labelled:
    """Return another number that remembers the same place."""
    new = Labelled(value)
    new.origin = labelled.origin
    return new


class Strip(NamedTuple):
    """The paint along one axis: layers, the axis, how many indices are measured (None: all `size` of them)."""

    layers: list[Tensor]
    dim: int
    upto: int | None
    size: int

    def staying(self, alive: Tensor) -> int | None:
        """Return how many indices stay, given a bool per colour; None where a part of an axis has no paint."""
        counts = []
        for layer in self.layers:
            if self.dim in along(layer):
                lives = alive[layer].movedim(self.dim, 0).reshape(layer.shape[self.dim], -1).any(dim=1)
                counts.append(int(lives[: self.upto].sum()))
        return min(counts) if counts else self.size if self.upto is None else None


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
