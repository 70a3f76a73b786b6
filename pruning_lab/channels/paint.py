"""Paint: beside each tensor, which colours its channels have, and which colours have met.

A colour is an integer. Each axis of each parameter and buffer starts with one colour per index. What travels beside a
tensor is a few *layers*: integer tensors that broadcast to its shape, of size 1 along every axis where the colour does
not change. Colour 0 is the colour of what never goes. Where two colours must share their fate, an edge is drawn.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

FIXED = 0


class Paint(NamedTuple):
    """What travels beside a tensor.

    Attributes:
        layers: int64 tensors that broadcast to the tensor.
        weight: whether it is zero wherever the parameter that it was made from is zero.
    """

    layers: list[Tensor]
    weight: bool = False


class Event(NamedTuple):
    """Colours that lost their freedom: "mixed" with each other, "met" by something that stays, or else "fixed"."""

    kind: str
    operation: str
    module: str
    colours: Tensor


class Canvas:
    """All paint of one run, and the edges between colours.

    Attributes:
        axes: (name of a parameter or buffer, axis) -> the colours along it, 1-D.
        edges: int64 tensors (2, n): colours that share their fate.
        boxes: layers that vary along several axes; at the end, only whole rows along one of them may go.
        picked: (layer, axis, bool: the places that numbers count over) of what was picked; settled at the end.
        partial: (larger, smaller) layers that met along a part of their axes; settled at the end.
        events: why colours are not free, first reason first.
        touched: ids of the tensors that an operation has used.
        dtypes: of what operations on paint gave: some networks go by way of a coarser one.
        made: ids of constants whose sizes the model's code passes: they take the paint that they meet, and shrink too.
        met: other constants that have met paint since this list was last emptied: (tensor, its axis, colours along it).
        operation, module: what runs now; events remember it.
        macs: parameter name -> multiplications with its entries in this run.
        heads: layers that set the products of two activations apart.
        zero: {id: (activation, colours along which it is zero wherever the weights that made it are)}.
        scaled: layers of such, averaged over: a mean over fewer is put right by a factor.
        exact: whether any other average over channels ties them; if not, `averaged` has their colours.
    """

    def __init__(self, *, exact: bool = True) -> None:
        self.exact = exact
        self.zero: dict[int, tuple[Tensor, Tensor]] = {}
        self.scaled: list[Tensor] = []
        self.averaged: list[Tensor] = []
        self.axes: dict[tuple[str, int], Tensor] = {}
        self.edges: list[Tensor] = []
        self.boxes: list[Tensor] = []
        self.picked: list[tuple[Tensor, int, Tensor]] = []
        self.partial: list[tuple[Tensor, Tensor]] = []
        self.events: list[Event] = []
        self.heads: list[Tensor] = []
        self.macs: dict[str, float] = {}
        self.operation = self.module = ""
        self.colours = self.first_buffer = self.first_spread = 1
        self.touched: set[int] = set()
        self.dtypes: set[torch.dtype] = set()
        self.met: list[tuple[Tensor, int, Tensor]] = []
        self.made: set[int] = set()
        self._firsts: list[int] = []
        self._owners: list[str] = []
        self._paints: dict[int, Paint] = {}
        self._alive: list[Tensor] = []  # so that no id is used twice

    def paint_model(self, model: nn.Module) -> None:
        """Give every index of every axis of every parameter and buffer a colour of its own."""
        for named in (model.named_parameters(), model.named_buffers()):
            self.first_buffer = self.colours
            self._paint_axes(named)
        self.first_spread = self.colours

    def _paint_axes(self, named):
        for name, tensor in named:
            layers = []
            for axis, size in enumerate(tensor.shape):
                if size > 1:
                    colours = torch.arange(self.colours, self.colours + size)
                    self.axes[name, axis] = colours
                    self._firsts.append(self.colours)
                    self._owners.append(name)
                    layers.append(colours.view([-1 if a == axis else 1 for a in range(tensor.ndim)]))
                    self.colours += size
            self.put(tensor, layers, weight=True)

    def new_colours(self, shape: Sequence[int], dim: int) -> Tensor:
        """Return a layer of new colours along an axis, for one number spread out: its copies go with whom they meet."""
        self.colours += shape[dim]
        layer = torch.arange(self.colours - shape[dim], self.colours)
        return layer.view([-1 if d == dim else 1 for d in range(len(shape))])

    def owner(self, colour: int) -> str:
        """Return the name of the parameter or buffer that a colour was given to."""
        return self._owners[bisect_right(self._firsts, colour) - 1] if colour else ""

    def put(self, tensor: Tensor, layers: Iterable[Tensor], weight: bool = False) -> None:
        """Paint a tensor; no layers say that it comes from data or from what stays."""
        kept = []
        for layer in layers:
            if layer.numel() == 1:
                self.pin(layer)
            elif layer.numel():  # an empty part of a tensor has no channels
                kept.append(layer)
                if len(along(layer)) > 1:
                    self.boxes.append(layer)
        self._paints[id(tensor)] = Paint(kept, weight)
        self._alive.append(tensor)

    def get(self, tensor: object) -> Paint | None:
        """Return the paint of a tensor; None for constants made on the way and for what is no tensor."""
        return self._paints.get(id(tensor)) if isinstance(tensor, Tensor) else None

    def layers(self, tensor: object) -> list[Tensor]:
        """Return the layers of a tensor, none where it has no paint."""
        paint = self.get(tensor)
        return paint.layers if paint else []

    def is_weight(self, tensor: object) -> bool:
        """Return whether a tensor is zero wherever its parameter is."""
        paint = self.get(tensor)
        return paint is not None and paint.weight

    def tie(self, one: Tensor, other: Tensor) -> None:
        """These colours share their fate, index by index."""
        if one is not other:
            one, other = torch.broadcast_tensors(one, other)
            self.edges.append(torch.stack([one.reshape(-1), other.reshape(-1)]))

    def pin(self, layer: Tensor, kind: str = "fixed") -> None:
        """These colours stay."""
        self.note(kind, layer)
        self.tie(layer, torch.tensor(FIXED))

    def merge(self, layer: Tensor, dims: Iterable[int]) -> Tensor:
        """All colours along `dims` share one fate. Returns the layer with those axes of size 1."""
        first = layer
        for dim in dims:
            first = first.narrow(dim, 0, 1)
        if first.numel() < layer.numel():
            self.note("mixed", layer)
            self.tie(layer, first)
        return first

    def note(self, kind: str, colours: Tensor) -> None:
        """Remember what may have taken these colours' freedom."""
        self.events.append(Event(kind, self.operation, self.module, colours))

    def average(self, layer: Tensor, dims: Iterable[int], *, of_zeros: bool) -> Tensor:
        """As `merge`, where all channels go into an average: where what goes is zero, a factor puts it right.

        Otherwise, inexactly, an average over those that stay will do.
        """
        dims = set(dims)
        if (self.exact and not of_zeros) or along(layer) != dims or len(dims) != 1:
            return self.merge(layer, dims)
        (self.scaled if of_zeros else self.averaged).append(layer)
        return no_channel(layer)

    def row(self, layer: Tensor, dim: int) -> Tensor:
        """Return the layer as one colour per index of `dim`."""
        return self.merge(layer, [d for d in range(layer.ndim) if d != dim]).reshape(-1)

    def meet(self, *operands: tuple[Sequence[int], list[Tensor]]) -> list[Tensor]:
        """Return the layers of a result to which (shape, layers) broadcast: colours that meet are tied.

        An operand of several entries along an axis where it has no paint does not shrink with the others: it pins them.
        """
        ndim = max((len(shape) for shape, _ in operands), default=0)
        lifted = [
            (lift(shape, ndim), [lay.reshape(lift(lay.shape, ndim)) for lay in layers]) for shape, layers in operands
        ]
        result: list[Tensor] = []
        for _, layers in lifted:
            for layer in layers:
                for shape, others in lifted:
                    self._meet_one(layer, shape, others)
                if not any(along(layer) <= along(done) for done in result):
                    result = [done for done in result if not along(done) < along(layer)] + [layer]
        return result

    def meet_tensors(self, *tensors: Tensor) -> list[Tensor]:
        """Return the layers of a result to which tensors broadcast.

        What was made on the way or spread from one number has no channels of its own: whoever cuts must cut it too.
        """
        shapes = [spread_shape(t) if self.get(t) else [1] * t.ndim for t in tensors]
        result = self.meet(*zip(shapes, map(self.layers, tensors), strict=True))
        for tensor in tensors:
            for layer in result:
                self._meet_constant(tensor, layer)
        return result

    def _meet_constant(self, tensor, layer):
        shape = (
            tensor.shape
            if not self.get(tensor)
            else [size if stride == 0 else 1 for size, stride in zip(tensor.shape, tensor.stride(), strict=True)]
        )
        for dim in along(layer):
            axis = dim - (layer.ndim - tensor.ndim)
            if axis >= 0 and shape[axis] == layer.shape[dim] and not self.has_paint_along(tensor, axis):
                if id(tensor) in self.made and along(layer) == {dim}:
                    self.put(tensor, [*self.layers(tensor), layer.reshape(layer.shape[-tensor.ndim :])])
                    continue
                self._alive.append(tensor)
                self.met.append((tensor, axis, layer.movedim(dim, 0).reshape(layer.shape[dim], -1)))

    def has_paint_along(self, tensor: Tensor, axis: int) -> bool:
        """Return whether the colour of a tensor changes along an axis."""
        return any(axis in along(layer) for layer in self.layers(tensor))

    def _meet_one(self, layer, shape, others):
        mine = along(layer)
        partners = [other for other in others if along(other) & mine]
        for partner in partners:
            theirs = along(partner)
            if theirs < mine and int(partner.min()) >= self.first_spread:
                continue  # copies of one number for each head, say, fit any head's channels
            if theirs < mine:
                self.partial.append((layer, partner))
            elif not mine < theirs:
                self.tie(layer, partner)
        whole = {dim for dim in mine if shape[dim] > 1}
        if not partners and whole == mine and mine:
            self.pin(layer, "met")
        elif not partners and whole:
            self.merge(layer, whole)


def along(layer: Tensor) -> frozenset[int]:
    """Return the axes along which the colour changes.

    >>> along(torch.zeros(4, 1, 3))
    frozenset({0, 2})
    """
    return frozenset(dim for dim, size in enumerate(layer.shape) if size > 1)


def no_channel(layer: Tensor) -> Tensor:
    """Return the layer of what belongs to no channel, such as an average over all of them.

    >>> no_channel(torch.ones(4, 1, 3)).shape
    torch.Size([1, 1, 1])
    """
    return torch.full([1] * layer.ndim, FIXED)


def spread_shape(tensor: Tensor) -> list[int]:
    """Return the shape, with size 1 along every axis where a tensor is one number spread out.

    >>> spread_shape(torch.ones(3, 1).expand(3, 4))
    [3, 1]
    """
    return [1 if stride == 0 else size for size, stride in zip(tensor.shape, tensor.stride(), strict=True)]


def lift(shape: Sequence[int], ndim: int) -> list[int]:
    """Return a shape with axes of size 1 in front, as broadcasting adds them.

    >>> lift((4, 3), 3)
    [1, 4, 3]
    """
    return [1] * (ndim - len(shape)) + list(shape)


def thin(layer: Tensor) -> Tensor:
    """Return the layer with size 1 along every axis where the colour does not change.

    >>> thin(torch.tensor([[1, 1], [2, 2]]))
    tensor([[1],
            [2]])
    """
    for dim in range(layer.ndim):
        if layer.shape[dim] > 1:
            first = layer.narrow(dim, 0, 1)
            if torch.equal(layer, first.expand_as(layer)):
                layer = first
    return layer
