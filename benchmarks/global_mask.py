"""How fast are the survivors of a whole model chosen? Ratios from one interleaved run on one thread.

What is timed is everything from the weights to one mask per layer, magnitudes included. `mask_global(...,
by_magnitude=True)` reads the weights where they are; calling `magnitude_scores` first gives the same answer but
copies them. The call in torch.nn.utils.prune also multiplies weights by masks, which takes under 1 % of its time.
"""

import multiprocessing
import re
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.utils import prune

from benchmarks.table import Line
from pruning_lab import measure
from pruning_lab.masks import mask_global
from pruning_lab.scores import magnitude_scores

SIDE, SPARSITY = 2000, 0.9
ROUNDS = 3  # a call to torch.nn.utils.prune takes 20 s or more


def rows(layers: int = 25) -> list[Line]:
    """Return one line of the table per comparison, on a model with this many layers."""
    weights = _weights(layers)
    _check_answers(_weights(3))
    ours_memory, theirs_memory = _extra_bytes_per_weight(_by_magnitude, layers), _extra_bytes_per_weight(_by_torch, 3)
    functions = {"torch": _by_torch, "NumPy": _by_numpy, "ours": _by_magnitude, "scores": _by_scores}
    calls = {name: (lambda function=function: function(weights)) for name, function in functions.items()}
    against_numpy = measure.compare({name: calls[name] for name in ("NumPy", "ours")}, repeats=10, cold=True)
    against_torch = measure.compare({name: calls[name] for name in ("torch", "ours", "scores")}, ROUNDS, cold=True)
    size = f"{layers * SIDE**2 / 1e6:.0f} M weights"
    return [
        Line.of(
            "mask_global by magnitude against torch global_unstructured",
            against_torch["ours"],
            goal=100.0,
            note=f"{size}; extra bytes a weight {ours_memory} against {theirs_memory}",
        ),
        Line.of(
            "magnitude_scores, then mask_global, against torch global_unstructured",
            against_torch["scores"],
            note=f"{size}; 4 bytes a weight more, for the scores",
        ),
        Line.of(
            "mask_global by magnitude against np.partition and >=",
            against_numpy["ours"],
            note=f"{size}; NumPy joins all magnitudes in one array first, and keeps every tie",
        ),
    ]


def _weights(layers):
    generator = torch.Generator().manual_seed(0)
    return {f"{i}.weight": torch.randn(SIDE, SIDE, generator=generator).div_(SIDE**0.5) for i in range(layers)}


def _by_magnitude(weights):
    return mask_global(weights, SPARSITY, by_magnitude=True)


def _by_scores(weights):
    return mask_global({name: magnitude_scores(weight) for name, weight in weights.items()}, SPARSITY)


def _by_torch(weights):
    holders = {name: nn.Module() for name in weights}
    for name, holder in holders.items():
        holder.weight = nn.Parameter(weights[name])
    pairs = [(holder, "weight") for holder in holders.values()]
    prune.global_unstructured(pairs, prune.L1Unstructured, amount=SPARSITY)
    return {name: holder.weight_mask for name, holder in holders.items()}


def _by_numpy(weights):
    magnitudes = np.concatenate([np.abs(weight.numpy().ravel()) for weight in weights.values()])
    threshold = np.partition(magnitudes, round(SPARSITY * magnitudes.size))[round(SPARSITY * magnitudes.size)]
    return {name: np.abs(weight.numpy()) >= threshold for name, weight in weights.items()}


def _check_answers(weights):
    """Raise if the ways to make a mask disagree, except on weights tied at the threshold: torch takes any of those."""
    ours, by_scores, by_torch = _by_magnitude(weights), _by_scores(weights), _by_torch(weights)
    threshold = min(weight.abs()[ours[name]].min() for name, weight in weights.items())
    pruned = sum(int((~mask).sum()) for mask in ours.values())
    if pruned != round(SPARSITY * sum(mask.numel() for mask in ours.values())):
        raise ValueError(f"mask_global must prune an exact count; got {pruned}")
    for name, mask in ours.items():
        differs = (mask != by_torch[name].bool()) & (weights[name].abs() != threshold)
        if differs.any() or not torch.equal(mask, by_scores[name]):
            raise ValueError(f"masks must agree; got different ones for {name}")


def _extra_bytes_per_weight(function, layers):
    """Return, as text, the peak memory that a call adds, masks included, in bytes per weight."""
    if not Path("/proc/self/clear_refs").exists():
        return "(counted on Linux only)"
    # A fresh process: in this one, a call might reuse memory that an earlier call had freed.
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as fresh:
        return f"{fresh.submit(_count_extra_bytes, function, layers).result() / (layers * SIDE**2):.2f}"


def _count_extra_bytes(function, layers):
    function({"compiles.weight": torch.ones(8, 8)})
    weights = _weights(layers)
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak to what is in use now
    before = _peak_bytes()
    function(weights)
    return _peak_bytes() - before


def _peak_bytes():
    return 1024 * int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1])
