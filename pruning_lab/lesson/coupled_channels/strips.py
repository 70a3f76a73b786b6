"""Strips of colours: what the painted run of `channels` saw, operation by operation.

The strips are not an illustration drawn beside the package: they are its own paint, looked at while it runs.
"""

import copy
from dataclasses import dataclass

import torch
from torch import Tensor

from pruning_lab.channels.paint import FIXED, Canvas, along
from pruning_lab.channels.run import Painting, plain_arithmetic
from pruning_lab.channels.units import unit_of_each_colour
from pruning_lab.modes import in_mode

WORDS = {
    "add": "sum",
    "mul": "product, entry by entry",
    "cat": "concatenation",
    "bmm": "dot products",
    "_softmax": "softmax",
    "view": "view",
    "_unsafe_view": "view",
}
LAYERS = ("convolution", "native_batch_norm", "native_layer_norm", "addmm", "mm")
SILENT = ("t", "transpose", "permute", "expand", "clone", "detach", "unsqueeze", "div")  # nothing new to see


@dataclass(frozen=True, eq=False)
class Strip:
    """The channels of one tensor, as the run painted them.

    Attributes:
        name: what made the tensor, such as "conv1" or "sum".
        shape: of the tensor.
        colours: int64 (pieces, channels of a piece).
        unit: int64: after this operation the smallest colour of each colour's unit, 0 for what stays.
    """

    name: str
    shape: tuple[int, ...]
    colours: Tensor
    unit: Tensor


class Watching(Painting):
    """Paint, and keep a strip of what every operation made."""

    def __init__(self, canvas):
        super().__init__(canvas)
        self.strips = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        output = super().__torch_dispatch__(func, types, args, kwargs)
        made = output[0] if isinstance(output, tuple | list) else output
        if self.canvas.layers(made) and not self.canvas.is_weight(made):
            with torch._C._DisableTorchDispatch():
                self.keep(self.canvas.operation, made)
        return output

    def keep(self, operation, made, boxes=()):
        """Keep the strip of a tensor, unless the operation only turned round what is there already."""
        colours = _pieces(max(self.canvas.layers(made), key=lambda layer: (len(along(layer)), layer.numel())))
        known = any(torch.equal(colours, strip.colours) for strip in self.strips)
        if operation in SILENT or ("view" in operation and known):
            return
        name = self.canvas.module if operation in LAYERS else WORDS.get(operation, operation)
        self.strips.append(Strip(name, tuple(made.shape), colours, smallest_of_unit(self.canvas, boxes)))


def painted_strips(model, example_inputs):
    """Run a network painted, and return what became of its channels.

    Args:
        model: nn.Module, left untouched. example_inputs: tensor, what to call it with.

    Returns:
        list of Strip, one for each operation with something to see, the last one for the output, which stays.

    >>> from torch import nn
    >>> for strip in painted_strips(nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2)), torch.ones(1, 2)):
    ...     print(strip.name, strip.colours.tolist())
    0 [[1, 2, 3]]
    relu [[1, 2, 3]]
    2 [[9, 10]]
    output [[9, 10]]
    """
    model, canvas = copy.deepcopy(model), Canvas()
    canvas.paint_model(model)
    canvas.put(example_inputs, [])
    watching = Watching(canvas)
    for name, module in model.named_modules():
        module.register_forward_pre_hook(lambda *_, name=name: setattr(canvas, "module", name))
    with plain_arithmetic(), in_mode(model, training=False), watching:
        output = model(example_inputs)
    for layer in canvas.layers(output):
        canvas.pin(layer)
    watching.keep("output", output, canvas.boxes)
    return watching.strips


def smallest_of_unit(canvas, boxes):
    """Return for each colour the smallest colour that shares its fate by now; 0 where that is to stay.

    Which axis of a tensor that was cut in pieces may be chosen from (`boxes`) is settled when the run is over.
    """
    canvas = copy.copy(canvas)
    canvas.boxes = list(boxes)
    unit = unit_of_each_colour(canvas)
    smallest = torch.full((int(unit.max()) + 1,), len(unit))
    return smallest.scatter_reduce(0, unit, torch.arange(len(unit)), "amin")[unit]


def free(strip, unit):
    """Return bool like the strip's colours: whether there is a choice, given the units.

    What stays is not free, and neither is a strip whose channels have all become one unit.
    """
    units = unit[strip.colours]
    return (units != FIXED) & (len(units.unique()) > 1)


def named(strips, step):
    """Return {unit: (number of the strip that had it first, place on it)} for the free units up to a step."""
    unit, names = strips[step].unit, {}
    for number, strip in enumerate(strips[: step + 1]):
        units, may_go = unit[strip.colours].flatten().tolist(), free(strip, unit).flatten().tolist()
        for place, (one, choice) in enumerate(zip(units, may_go, strict=True)):
            if choice:
                names.setdefault(one, (number, place))
    return names


def cells(strips, step):
    """Return what to draw: for each strip up to a step its pieces, for each piece its channels, (strip, place) or None.

    Two channels that share their fate have the same name: that of the strip that had the colour first, and its place
    there. None is for a channel without a choice.
    """
    names, unit = named(strips, step), strips[step].unit
    return [
        [
            [names.get(one) if may_go else None for one, may_go in zip(units, free_ones, strict=True)]
            for units, free_ones in zip(unit[strip.colours].tolist(), free(strip, unit).tolist(), strict=True)
        ]
        for strip in strips[: step + 1]
    ]


def choices(strips, step, unit=None):
    """Return the units with a choice that are to be seen on the strips up to a step: a set.

    Args:
        strips: what `painted_strips` returned. step: number of the last operation.
        unit: of each colour; None takes what holds after that step.
    """
    unit = strips[step].unit if unit is None else unit
    return {one for strip in strips[: step + 1] for one in unit[strip.colours][free(strip, unit)].tolist()}


def lost(strips, step):
    """Return how many choices an operation costs: units that it fused, or that it found to be tied to what stays.

    >>> from pruning_lab.lesson.coupled_channels.networks import Residual, example
    >>> strips = painted_strips(Residual(), example())
    >>> {strip.name: lost(strips, step) for step, strip in enumerate(strips) if lost(strips, step)}
    {'sum': 6, 'output': 3}
    """
    if step == 0:
        return 0
    return len(choices(strips, step, strips[step - 1].unit)) - len(choices(strips, step))


def first_of_their_kind(strips):
    """Return the numbers of the strips that brought new colours into the run."""
    bring = {cell[0] for step in range(len(strips)) for row in cells(strips, step) for p in row for cell in p if cell}
    return sorted(bring)


def _pieces(layer):
    """Return a layer as (pieces, channels of a piece): one piece, or one for each index of its first axis of two."""
    axes = sorted(along(layer))
    return layer.reshape(layer.shape[axes[0]] if len(axes) > 1 else 1, -1)
