"""Time, whole channels: the network really shrunk, against itself and against its mask."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from torch import nn

from pruning_lab import measure
from pruning_lab.channels import ChannelGroups, channel_scores, mask_channels, shrink
from pruning_lab.channels.resized import Resized
from pruning_lab.masks import keep_channels
from pruning_lab.scores import magnitude_scores

from .arguments import with_batch
from .budget import timed, waiting_for
from .findings import Finding, of_row
from .layers import Layer
from .storage import zero_smallest_
from .untouched import copied, first_line
from .watching import device_of, run, where_it_fails


def kept(model: nn.Module, groups: ChannelGroups, fraction: float) -> dict[str, Any]:
    """Return which units of every group stay when a fraction goes, those of the smallest weights first; one stays."""
    scores = {name: magnitude_scores(p.detach()) for name, p in model.named_parameters() if p.is_floating_point()}
    return {
        group.name: keep_channels(channel_scores(group, scores), min(fraction, 1 - 1 / group.size)) for group in groups
    }


def smaller(model: nn.Module, groups: ChannelGroups, fractions: Sequence[float]) -> dict[float, nn.Module]:
    """Return {fraction: the network without that fraction of every group}, each proven to compute what its mask does.

    >>> from pruning_lab.channels import channel_groups
    >>> import torch
    >>> network = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2))
    >>> smaller(network, channel_groups(network, torch.ones(1, 3)), [0.25])[0.25][0].out_features
    6
    """
    return {fraction: shrink(model, kept(model, groups, fraction), groups=groups) for fraction in fractions}


def zeroed(model: nn.Module, layers: Sequence[Layer], sparsity: float) -> nn.Module:
    """Return a copy with each layer's smallest weights at zero, in place: the same shapes, the same dense kernels."""
    zeros = copied(model)
    zero_smallest_(zeros, layers, sparsity)
    return zeros


def network_times(
    networks: dict[tuple[str, float | None], nn.Module],
    small: dict[float, nn.Module],
    groups: ChannelGroups | None,
    example_inputs: Any,
    seconds: float,
    batch: int,
) -> list[Finding]:
    """Return how fast each network is against the first one, the dense one; and the smaller ones against their masks.

    Args:
        networks: {(what it is, its sparsity): network}; the first is the dense one.
        small: of `smaller`; may be empty.
        seconds: to spend; an empty list comes back where three rounds do not fit.
    """
    inputs = with_batch(example_inputs, batch)
    model = next(iter(networks.values()))
    rivals = networks | {("smaller", fraction): network for fraction, network in small.items()}
    found = _compared(rivals, inputs, seconds * (0.6 if small else 1), batch, "times as fast as dense")
    if groups is None:
        return found
    for fraction, network in small.items():
        masked = mask_channels(model, kept(model, groups, fraction), groups=groups)
        pair = {("masked", fraction): masked, ("smaller against masked", fraction): network}
        found += _compared(pair, inputs, seconds * 0.4 / len(small), batch, "times as fast as masked")
    return found


def _compared(networks, inputs, seconds, batch, unit):
    comparison = timed({f"{what} {level}": caller(one, inputs) for (what, level), one in networks.items()}, seconds)
    if comparison is None:
        return []
    first, *rows = comparison.rows
    (name, level), *others = networks
    found = [Finding("network", "", name, first.median, "seconds", first.q1, first.q3, level, batch)]
    return found + [
        of_row(row, "network", "", what, unit, level, batch) for row, (what, level) in zip(rows, others, strict=True)
    ]


def caller(network: nn.Module, inputs: Any) -> Callable[[], object]:
    """Return what runs a network once, and waits until its device has done so."""
    wait = waiting_for(device_of(network))

    def call() -> None:
        run(network, inputs)
        wait()

    return call


def corrected(networks: Iterable[nn.Module]) -> list[str]:
    """Return the names of the modules whose code passes sizes of its own, which smaller networks correct as they run.

    >>> corrected([nn.Linear(2, 2)])
    []
    """
    names = [
        name or type(module).__name__
        for network in networks
        for name, module in network.named_modules()
        if isinstance(getattr(vars(module).get("forward"), "__self__", None), Resized)
    ]
    return list(dict.fromkeys(names))


def costs(networks: dict[float, nn.Module], example_inputs: Any) -> tuple[list[Finding], list[str]]:
    """Return parameters and multiply-accumulates of each network, and a line for what could not be counted.

    Args:
        networks: {fraction cut: network}; 0 for the dense one.
    """
    found, unseen = [], []
    for fraction, network in networks.items():
        parameters = sum(parameter.numel() for parameter in network.parameters())
        found.append(Finding("cost", "", "parameters", parameters, "entries", level=fraction))
        count, where, error = where_it_fails(network, partial(measure.macs, network, example_inputs))
        if error is None:
            found.append(Finding("cost", "", "MACs", count, "multiply-accumulates", level=fraction))
        else:
            unseen.append(f"multiply-accumulates: {where}: {first_line(error)}")
    return found, list(dict.fromkeys(unseen))
