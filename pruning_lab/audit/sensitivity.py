"""What each layer and each group is worth to a function of the model: one call for each, at each level."""

import hashlib
import math
import pickle
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pruning_lab.channels import ChannelGroups
from pruning_lab.channels.fitting import masked
from pruning_lab.masks import mask_unstructured
from pruning_lab.prune import apply_masks_
from pruning_lab.scores import magnitude_scores
from pruning_lab.sweep import SweepError
from pruning_lab.sweep import run as sweep_run

from .findings import Finding
from .layers import Layer
from .structured import kept
from .untouched import changed, copied, same_random_state

Evaluate = Callable[[nn.Module], float]
Cuts = Mapping[tuple[str, float], Mapping[tuple[str, int], Tensor]]  # (group, fraction) -> what stays along each axis


def evaluated(evaluate: Evaluate, model: nn.Module) -> float:
    """Return what `evaluate` says of a copy of the model, a finite number; the copy must come back as it was.

    >>> evaluated(lambda model: float("nan"), nn.Linear(2, 1))
    Traceback (most recent call last):
    ValueError: evaluate must return a finite number; got nan
    """
    given = copied(model)
    with same_random_state(), torch.no_grad():
        torch.manual_seed(0)  # an evaluation that draws examples draws the same ones for each network
        value = evaluate(given)
    if isinstance(value, Tensor) and value.numel() == 1:
        value = value.item()
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        raise TypeError(f"evaluate must return a number; got {type(value).__name__}")
    if not math.isfinite(value):
        raise ValueError(f"evaluate must return a finite number; got {float(value)}")
    if any(module.training for module in given.modules()):
        raise ValueError("evaluate must leave the model as it is; got it back in training mode")
    if name := changed(given, model):
        raise ValueError(f"evaluate must leave the model as it is; got a change of {name}")
    return float(value)


def as_it_is(evaluate: Evaluate, model: nn.Module, original: nn.Module) -> float:
    """Return what `evaluate` says of the model as it is, or say what is wrong with it; `original` must stay as well."""
    try:
        value = evaluated(evaluate, model)
    except Exception as error:
        if isinstance(error, TypeError | ValueError) and str(error).startswith("evaluate must"):
            raise
        raise ValueError(f"evaluate must run on the model as it is; got {type(error).__name__}: {error}") from error
    if name := changed(original, model):
        raise ValueError(f"evaluate must leave the model as it is; got a change of {name}")
    return value


def cuts_of(model: nn.Module, groups: ChannelGroups, fractions: Sequence[float]) -> Cuts:
    """Return, for each group alone and each fraction, which indices stay along each axis that the group owns."""
    cuts = {}
    for fraction in fractions:
        keep = kept(model, groups, fraction)
        for group in groups:
            stays = torch.zeros(group.size + 1, dtype=torch.bool)
            stays[keep[group.name]] = stays[-1] = True
            cuts[group.name, fraction] = {axis: stays[number] for axis, number in group.axes.items()}
    return cuts


def _without(model, evaluate, parameters, cuts, *, where, what, level, network, seed):
    """Evaluate the model with one layer's smallest weights, or one group's smallest channels, at zero."""
    if what == "channels":
        return evaluated(evaluate, masked(model, cuts[where, level]).eval())
    pruned = copied(model)
    name = parameters[where]
    weight = dict(pruned.named_parameters())[name]
    apply_masks_(pruned, {name: mask_unstructured(magnitude_scores(weight.detach()), level)})
    return evaluated(evaluate, pruned)


def grid_of(layers: Sequence[Layer], cuts: Cuts, sparsities: Sequence[float], model: nn.Module) -> list[dict[str, Any]]:
    """Return the runs to make. Each carries a fingerprint of the network, so that a file is not taken for another's."""
    network = fingerprint(model)
    runs = [(layer.name, "scattered", sparsity) for layer in layers for sparsity in sparsities]
    runs += [(group, "channels", fraction) for group, fraction in cuts]
    return [{"where": where, "what": what, "level": level, "network": network} for where, what, level in runs]


def fingerprint(model: nn.Module) -> str:
    """Return a short text that changes with any bit of the parameters and buffers."""
    digest = hashlib.blake2b(digest_size=8)
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        plain = tensor.detach().to_dense() if tensor.layout != torch.strided else tensor.detach()
        digest.update(name.encode())
        try:
            digest.update(plain.cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
        except (RuntimeError, TypeError):  # quantized: what pickling writes
            digest.update(pickle.dumps(plain))
    return digest.hexdigest()


def sensitivities(
    model: nn.Module,
    evaluate: Evaluate,
    layers: Sequence[Layer],
    cuts: Cuts,
    sparsities: Sequence[float],
    executor: Executor | None,
    path: Path | str | None,
) -> tuple[list[Finding], list[str]]:
    """Return what `evaluate` says with each layer or group pruned alone, and a line for each way in which it failed.

    Args:
        model: a copy, in evaluation mode.
        executor, path: as for `sweep.run`: other workers, and a file from which an interrupted audit goes on.
    """
    parameters = {layer.name: layer.parameter for layer in layers}
    function = partial(_without, model, evaluate, parameters, cuts)
    grid = grid_of(layers, cuts, sparsities, model)
    failures: list[tuple[dict[str, Any], str]] = []
    try:
        rows = sweep_run(function, grid, executor, path=path)
    except SweepError as error:
        rows, failures = error.rows, error.failures
    found = [
        Finding("sensitivity", row["where"], row["what"], row["result"], "evaluate", level=row["level"]) for row in rows
    ]
    return found, _told(failures)


def _told(failures):
    """Return one line for each message, with the first place where it was met and how many more there are."""
    places: dict[str, list[str]] = {}
    for parameters, text in failures:
        message = text.strip().splitlines()[-1]
        places.setdefault(message, []).append(f"{parameters['where']!r} at {parameters['level']:g}")
    return [
        f"evaluate failed with {where[0]}{f' and {len(where) - 1} more' if where[1:] else ''}: {message}"
        for message, where in places.items()
    ]
