"""The two things to do with groups: shrink a whole model, or mask it so that it computes the same."""

import copy
import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from pruning_lab.checks import Indices, check_keep, check_model

from .fitting import MISTAKES, Trace, masked, outputs_of, shrunk
from .groups import ChannelGroups, described, reasons
from .run import painted_run
from .sizes import Measured, Strip
from .units import choices, unit_of_each_colour

Keep = Mapping[str, Indices]


def channel_groups(model: nn.Module, example_inputs: Any, *, exact: bool = True) -> ChannelGroups:
    """Find which channels of a network must go together, by running it once with every channel in a colour of its own.

    The run is an ordinary one: control flow that depends on data is followed for these inputs only.

    Args:
        model: nn.Module, left untouched.
        example_inputs: what to call it with: a tensor, a tuple of arguments, or a dict of keyword arguments.
        exact: with False, channels that are averaged over (a layer norm) may go too: the average is then one over those
            that stay, which no mask does. Such a group says so; `inexactness` measures what it changes. Averages over
            channels that a mask makes zero (an RMS norm, most often) are exact: the smaller model scales them.

    Returns:
        ChannelGroups: a sequence that prints itself, with `.refused` for what stays whole. Every group in it can
        shrink: half of its units were taken away on a copy, and what was left computed what the mask computes.

    Raises:
        TypeError: `model` is not an nn.Module.
        ValueError: the model does not run on these inputs, cannot be copied, or its weights are not numbers yet.

    >>> model = nn.Sequential(nn.Conv2d(3, 8, 1), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(32, 2))
    >>> for group in channel_groups(model, torch.ones(1, 3, 2, 2)):
    ...     print(group)
    0.weight: 8 x channel: 0 output, 1, 4 input
    """
    _check_traceable(check_model(model))
    trace = _traced(model, example_inputs, exact)
    groups = described(model, trace.canvas, trace.unit, choices(trace.canvas, trace.unit))
    refused = reasons(model, trace.canvas, trace.unit, groups)
    failures = _failures(model, groups, trace)
    refused |= failures
    return ChannelGroups([group for group in groups if group.name not in failures], refused, trace)


def _check_traceable(model):
    """Refuse what cannot be watched, and weights that would hide every difference between a mask and a cut."""
    for name, module in model.named_modules():
        if isinstance(module, torch.jit.ScriptModule):
            raise TypeError(f"model must be made of ordinary modules; got a scripted one at {name!r}")
    for name, parameter in model.named_parameters():
        if is_lazy(parameter):
            raise ValueError(f"model must have run once on example inputs; got {name!r}, not initialised yet")
        if parameter.is_meta:
            raise ValueError(f"model must hold numbers; got {name!r} on the meta device")
        if parameter.dtype.itemsize > 1 and not parameter.isfinite().all():  # torch has no isfinite for float8
            raise ValueError(f"model must hold finite weights; got NaN or infinity in {name!r}")


def _traced(model, example_inputs, exact):
    try:
        twin = copy.deepcopy(model)
    except MISTAKES as mistake:
        raise ValueError(
            f"model must be one that copy.deepcopy can copy; got {str(mistake).splitlines()[0][:200]}"
        ) from mistake
    try:
        canvas, recording = painted_run(twin, example_inputs, exact=exact)
    except MISTAKES as mistake:
        raise ValueError(
            f"example_inputs must be what the model takes; got {str(mistake).splitlines()[0]}"
        ) from mistake

    def painted(number: Measured):
        return Strip(canvas.layers(number.tensor), number.dim, number.upto, number.tensor.shape[number.dim])

    calls = {
        count: (name, module, site, {n.place: painted(n) for n in measured if canvas.layers(n.tensor)})
        for count, (name, module, site, measured) in recording.calls.items()
    }
    evidence = {key: painted(number) for key, number in recording.evidence.items()}
    unit = unit_of_each_colour(canvas)
    return Trace(canvas, unit, calls, recording.constants, evidence, recording.averages, example_inputs)


def _failures(model, groups, trace):
    """Return {group: why it cannot be cut}: all at once first, then halves of those that fail together."""
    if not groups:
        return {}
    keep = {group.name: torch.arange(0, group.size, 2) for group in groups}
    try:
        shrunk(model, _staying(groups, keep), trace)
    except ValueError as error:
        if len(groups) == 1:
            return {groups[0].name: str(error).removeprefix("model must ")}
        middle = len(groups) // 2
        return _failures(model, groups[:middle], trace) | _failures(model, groups[middle:], trace)
    return {}


def shrink(
    model: nn.Module, keep: Keep, example_inputs: Any = None, *, groups: ChannelGroups | None = None
) -> nn.Module:
    """Return a smaller model of the same classes that computes what `mask_channels` does with the same arguments.

    That is not promised but checked: both run on the example before the smaller one is returned. Groups found with
    `exact=False` are checked against a mask whose norms average over the channels that stay. Where averages are scaled,
    the smaller model raises a RuntimeError rather than take one, in training say, that the example did not meet.

    Args:
        model: nn.Module, left untouched.
        keep: {name of a group: sorted indices of the units that stay}, at least one; a group left out stays whole.
        example_inputs: as for `channel_groups`; not needed with `groups`.
        groups: what `channel_groups` found for this model, to save a run.

    Returns:
        nn.Module, on its own: nothing is shared with `model`.

    Raises:
        ValueError: `keep` names no group of the model or holds wrong indices; the model cannot run with fewer channels
            (the message names the module and its numbers), or computes something else with them.

    >>> model = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2))
    >>> shrink(model, {"0.weight": [0, 3, 5]}, torch.ones(1, 3))
    Sequential(
      (0): Linear(in_features=3, out_features=3, bias=True)
      (1): ReLU()
      (2): Linear(in_features=3, out_features=2, bias=True)
    )
    """
    groups = groups if groups is not None else channel_groups(model, example_inputs)
    return shrunk(model, _staying(groups, _checked(keep, groups)), groups.trace)


def mask_channels(
    model: nn.Module, keep: Keep, example_inputs: Any = None, *, groups: ChannelGroups | None = None
) -> nn.Module:
    """Return a copy with zeros in place of what `shrink` would take away: the same function, at the old shapes.

    Args and errors as for `shrink`.

    >>> model = nn.Sequential(nn.Linear(3, 8), nn.Sigmoid(), nn.Linear(8, 2))
    >>> mask_channels(model, {"0.weight": [1]}, torch.ones(1, 3))[2].weight.count_nonzero(dim=0)
    tensor([0, 2, 0, 0, 0, 0, 0, 0])
    """
    groups = groups if groups is not None else channel_groups(model, example_inputs)
    return masked(model, _staying(groups, _checked(keep, groups)))


def inexactness(model: nn.Module, keep: Keep, *, groups: ChannelGroups) -> float:
    """Return how far the smaller model is from its mask on the example: 0 for exact groups, up to rounding.

    Args:
        model, keep: as for `shrink`.
        groups: of `channel_groups(model, example_inputs, exact=False)`.

    Returns:
        The norm of the difference of their outputs over that of the mask's outputs; inf if those are all 0 and the
        smaller model's are not.

    >>> model = nn.Sequential(nn.Linear(3, 8), nn.LayerNorm(8), nn.Linear(8, 2))
    >>> groups = channel_groups(model, torch.ones(1, 3), exact=False)
    >>> print(groups[0])
    0.weight: 8 x channel (inexact): 0 output, 1, 2 input
    >>> inexactness(model, {"0.weight": range(7)}, groups=groups) > 0.001
    True
    """
    small, twin = (f(model, keep, groups=groups) for f in (shrink, mask_channels))
    found, wanted = (outputs_of(one, groups.trace.example_inputs) for one in (small, twin))
    apart = sum(float((one - other).square().sum()) for one, other in zip(found, wanted, strict=True))
    size = sum(float(other.square().sum()) for other in wanted)
    if not size:
        return math.inf if apart else 0.0
    return math.sqrt(apart / size)


def _checked(keep, groups):
    if not isinstance(keep, Mapping):
        raise TypeError(f"keep must be a dict of group name: indices of units; got {type(keep).__name__}")
    names = groups.names
    for name in keep:
        if name in groups.refused and name not in names:
            raise ValueError(f"keep must name groups that can shrink; got {name!r}: {groups.refused[name]}")
        if name not in names:
            some = f"{', '.join(names[:8])}{' ...' if len(names) > 8 else ''}" if names else "it has none"
            raise ValueError(f"keep must name groups of the model ({some}); got {name!r}")
    return {name: check_keep(indices, groups[name].size, f"keep[{name!r}]") for name, indices in keep.items()}


def _staying(groups, keep):
    """Return {(tensor name, axis): bool, True for the indices that stay}."""
    stays: dict[tuple[str, int], Tensor] = {}
    for group in groups:
        if group.name in keep:
            kept = torch.zeros(group.size + 1, dtype=torch.bool)
            kept[keep[group.name]] = kept[-1] = True
            for axis, number in group.axes.items():
                stays[axis] = stays.get(axis, torch.tensor(True)) & kept[number]
    return stays
