"""Groups of channels: what one may choose from, in numbers and in words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvTransposeNd

from pruning_lab.tables import table_html
from pruning_lab.weights import find_weights

from .paint import Canvas, along, thin
from .units import tied_colours


@dataclass(frozen=True, eq=False)
class ChannelGroup:
    """One choice: units of which any may go, as long as one stays. Units touch the same axes of the same parameters.

    Attributes:
        name: the first parameter axis that it touches; unique in its model.
        size: number of units.
        granularity: what a unit is: "channel", "group of channels" or "head".
        axes: {(parameter or buffer, axis): int64 tensor}: the unit of each index along the axis, -1 for none.
        slices: every slice that it owns, in words, such as "layer1.0.conv2 input".
        parameters: int64 (size,): entries of parameters that go with each unit.
        macs: float64 (size,): multiplications on the example inputs that go with each unit.
        exact: whether what is left computes what a mask computes; False where a norm averages over the units.
    """

    name: str
    size: int
    granularity: str
    axes: dict[tuple[str, int], Tensor] = field(repr=False)
    slices: tuple[str, ...] = field(repr=False)
    parameters: Tensor = field(repr=False)
    macs: Tensor = field(repr=False)
    exact: bool = True

    @property
    def kind(self) -> str:
        """The granularity, and a word where removing is not exact."""
        return self.granularity if self.exact else f"{self.granularity} (inexact)"

    def __str__(self) -> str:
        return f"{self.name}: {self.size} x {self.kind}: {', '.join(self.slices)}"


class ChannelGroups(Sequence[ChannelGroup]):
    """The groups of a model, in the order of its parameters, and what stays whole.

    Index it by number or by name. It carries the painted run that found it, so that `shrink` need not run again.

    Attributes:
        refused: {parameter or group: why it stays whole, and what can be done}.
    """

    def __init__(self, groups: Sequence[ChannelGroup], refused: dict[str, str], trace: Any) -> None:
        self._groups, self.refused, self.trace = tuple(groups), refused, trace

    def __getitem__(self, key):
        """Return a group by number or by name."""
        if isinstance(key, str):
            return next(group for group in self._groups if group.name == key)
        return self._groups[key]

    def __len__(self) -> int:
        return len(self._groups)

    def __iter__(self) -> Iterator[ChannelGroup]:
        return iter(self._groups)

    @property
    def names(self) -> list[str]:
        """The names of all groups."""
        return [group.name for group in self._groups]

    def _rows(self):
        return [
            (
                g.name,
                g.size,
                g.kind,
                int(g.parameters.sum()) // g.size,
                int(g.macs.sum()) // g.size,
                ", ".join(g.slices),
            )
            for g in self._groups
        ]

    def __str__(self) -> str:
        if not self._groups:
            lines = ["no group of channels can shrink"]
        else:
            rows = [("group", "units", "of", "parameters each", "MACs each", "owns"), *self._rows()]
            widths = [max(len(f"{row[i]}") for row in rows) for i in range(5)]
            lines = [
                "  ".join([*(f"{c:<{w}}" for c, w in zip(row, widths, strict=False)), row[5]])[:200] for row in rows
            ]
        return "\n".join(lines + [f"stays whole: {name}: {why}" for name, why in self.refused.items()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        header = ["group", "units", "of", "parameters each", "MACs each", "owns"]
        stay = table_html(["stays whole", "why"], self.refused.items()) if self.refused else ""
        return table_html(header, self._rows(), caption="Groups of channels") + stay


def described(model: nn.Module, canvas: Canvas, unit: Tensor, found: list[dict]) -> list[ChannelGroup]:
    """Return the groups with names, words and sizes."""
    heads = _joined(units for layer in canvas.heads if along(units := thin(unit[layer])) == {0})
    averaged = _joined(unit[layer] for layer in canvas.averaged)
    parameters = dict(model.named_parameters())
    groups: list[ChannelGroup] = []
    taken: dict[str, int] = {}
    for axes in found:
        owned = [axis for axis in axes if axis[0] in parameters]
        if len(axes) < 2 or not owned:
            continue
        taken[owned[0][0]] = taken.get(owned[0][0], 0) + 1
        name = owned[0][0] + (f"#{taken[owned[0][0]]}" if taken[owned[0][0]] > 1 else "")
        size = int(axes[owned[0]].max()) + 1
        words = tuple(dict.fromkeys(_words(model, *axis) for axis in axes))
        kind = _granularity(axes[owned[0]], unit[canvas.axes[owned[0]]], heads, size)
        exact = not torch.isin(unit[canvas.axes[owned[0]]][axes[owned[0]] >= 0], averaged).any()
        entries, macs = _weighed(parameters, canvas, axes, size)
        groups.append(ChannelGroup(name, size, kind, axes, words, entries, macs, exact=bool(exact)))
    return groups


def _joined(numbers):
    return torch.cat([torch.zeros(0, dtype=torch.int64), *(part.reshape(-1) for part in numbers)]).unique()


def _weighed(parameters, canvas, axes, size):
    """Return the parameters and the multiplications of each unit; what two of its axes share counts once."""
    entries, macs = torch.zeros(size, dtype=torch.float64), torch.zeros(size, dtype=torch.float64)
    for name in {name for name, _ in axes if name in parameters}:
        shape = parameters[name].shape
        left = torch.ones(size, dtype=torch.float64)  # the fraction that stays when one unit goes
        for axis in (axis for own, axis in axes if own == name):
            number = axes[name, axis]
            left *= 1 - torch.bincount(number[number >= 0], minlength=size) / shape[axis]
        entries += (1 - left) * shape.numel()
        macs += (1 - left) * canvas.macs.get(name, 0)
    return entries.round().to(torch.int64), macs


def _granularity(number, units, heads, size):
    if torch.isin(units[number >= 0], heads).any():
        return "head"
    return "channel" if int((number >= 0).sum()) == size else "group of channels"


def _words(model, name, axis):
    """Return "conv1 output" for the axis of a parameter."""
    prefix, _, own = name.rpartition(".")
    module = model.get_submodule(prefix)
    tensor = getattr(module, own, None)
    if own == "weight" and isinstance(module, nn.Embedding | nn.EmbeddingBag):
        return f"{prefix} {('rows', 'columns')[axis]}".lstrip()
    if own == "weight" and tensor is not None and tensor.ndim > 1 and hasattr(module, "bias"):
        ends = ("input", "output") if isinstance(module, _ConvTransposeNd) else ("output", "input")
        return f"{prefix} {ends[axis]}".lstrip() if axis < 2 else f"{name} axis {axis}"
    if own == "bias" and getattr(module, "weight", None) is not None and module.weight.ndim > 1:
        return f"{prefix} output".lstrip()
    if tensor is not None and tensor.ndim == 1 and own in ("weight", "bias", "running_mean", "running_var"):
        return prefix or own
    return f"{name} axis {axis}"


def reasons(model: nn.Module, canvas: Canvas, unit: Tensor, groups: list[ChannelGroup]) -> dict[str, str]:
    """Return {parameter: why its output channels stay whole} for all weights of two axes that no group touches.

    Outputs of the model stay too, and need no reason. A weight computed from others is named as its layer reads it.
    """
    computed = {weight.name: weight.left_out for weight in find_weights(model) if "computed from" in weight.left_out}
    free = {axis for group in groups for axis in group.axes}
    found: dict[str, str] = {}
    tied = tied_colours(canvas)
    for name, parameter in model.named_parameters():
        if parameter.ndim > 1 and parameter.shape[0] > 1 and (name, 0) not in free and (name, 0) in canvas.axes:
            found[name] = _reason(canvas, tied, canvas.axes[name, 0])
    found |= {name: why for name, why in computed.items() if (name, 0) not in free}
    return {name: why for name, why in found.items() if why}


PICKING = {"embedding", "_embedding_bag", "index", "index_select", "gather", "select", "unbind"}


def _reason(canvas, tied, colours):
    """Return the first event that took freedom from these colours, or else from one that they are tied to."""
    mine, linked = tied[colours].unique(), None
    for event in canvas.events:
        flat = event.colours.reshape(-1)
        if torch.isin(flat, colours).any():
            return _told(event)
        if linked is None and torch.isin(tied[flat], mine).any():
            linked = event
    return _told(linked)


def _told(event):
    if event is None:
        return "tied to the input or the output of the model"
    if event.operation == "the output":
        return ""
    where = f" in {event.module!r}" if event.module else ""
    if event.operation in PICKING:
        return f"{event.operation}{where} picks by number: with some gone, each number would mean another one"
    if event.kind == "met":
        return f"met by something that stays whole, in {event.operation}{where}"
    if event.kind == "mixed":
        return f"mixed by {event.operation}{where}: all of its channels go into one number"
    return f"no rule lets {event.operation}{where} lose a part"
