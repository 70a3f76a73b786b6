"""Single groups of channels: what cutting each of them alone saves, counted for all of them, timed for the largest."""

import time
from collections.abc import Sequence
from typing import Any

from torch import nn

from pruning_lab.channels import ChannelGroup, ChannelGroups, shrink

from .arguments import with_batch
from .budget import timed
from .findings import Finding, of_row
from .structured import caller, kept
from .untouched import copied

TIMED = 3  # groups that are cut for real, if the budget reaches them


def counted(model: nn.Module, groups: ChannelGroups, fractions: Sequence[float]) -> list[Finding]:
    """Return what cutting a fraction of each group alone saves in multiply-accumulates and parameters, most first.

    Multiply-accumulates are those with weights: what two activations multiply, as in attention, is not in them.
    """
    found: list[Finding] = []
    by_saving = sorted(groups, key=lambda group: -_saved(model, groups, group, fractions[-1])[0])
    for group in by_saving:
        found.append(Finding("group", group.name, "units", group.size, group.kind))
        for fraction in fractions:
            macs, parameters = _saved(model, groups, group, fraction)
            found.append(Finding("group", group.name, "MACs saved", macs, "multiply-accumulates", level=fraction))
            found.append(Finding("group", group.name, "parameters saved", parameters, "entries", level=fraction))
    return found


def _saved(model, groups, group: ChannelGroup, fraction: float) -> tuple[float, float]:
    """Return the multiply-accumulates and the parameters that go; an entry that two of its axes share goes once."""
    cut = group.size - max(1, group.size - round(fraction * group.size))
    macs = entries = 0.0
    for name, parameter in model.named_parameters():
        left = 1.0
        for axis in (axis for own, axis in group.axes if own == name):
            owned = int((group.axes[name, axis] >= 0).sum())
            left *= 1 - owned / parameter.shape[axis] * cut / group.size
        macs += (1 - left) * groups.trace.canvas.macs.get(name, 0)
        entries += (1 - left) * parameter.numel()
    return macs, entries


def timed_alone(
    model: nn.Module,
    groups: ChannelGroups,
    names: Sequence[str],
    fraction: float,
    example_inputs: Any,
    seconds: float,
    batch: int,
) -> list[Finding]:
    """Cut a fraction of one group after the other, and return how fast the network is without it.

    Args:
        names: of groups, largest saving first; the first three, or as many as half of `seconds` suffices to cut.
    """
    began, inputs = time.perf_counter(), with_batch(example_inputs, batch)
    keep, networks = kept(model, groups, fraction), {"": model}
    for name in names[:TIMED]:
        before = time.perf_counter()
        networks[name] = shrink(model, {name: keep[name]}, groups=groups)
        now = time.perf_counter()
        if now - began + (now - before) > seconds / 2:  # another one would be too many
            break
    left = seconds - (time.perf_counter() - began)
    calls = {name: caller(network, inputs) for name, network in networks.items()}
    comparison = timed({**calls, "dense again": caller(copied(model), inputs)}, left)
    if comparison is None:
        return []
    *rows, again = comparison.rows[1:]
    unit = "times as fast as dense"
    found = [of_row(row, "group", row.name, "smaller", unit, fraction, batch) for row in rows]
    return [*found, of_row(again, "group", "", "dense again", unit, None, batch)]
