"""Lesson 01's explorer: one weight matrix under four patterns of pruning, what stays, and what it costs."""

import numpy as np
import torch
from matplotlib.figure import Figure

from pruning_lab import masks, plots, scores, sparse
from pruning_lab.lesson.frame.explorer import STILL, Explorer, SparsitySlider, Steps, gone_at, places_for
from pruning_lab.lesson.why_prune.experiments import four_patterns


def explore_patterns(weight):
    """Explore one weight matrix: four patterns of pruning, the histogram, and what each costs in bytes and products.

    N:M is coarse: of every four neighbours, one to four stay, so its sparsity is the nearest of 0, 0.25, 0.5 and 0.75,
    and the table says which.

    Args:
        weight: (rows, columns) float32 tensor, both multiples of 4, with 200,000 entries at most.

    Returns:
        an Explorer.

    Raises:
        TypeError, ValueError: the weight is not such a matrix.
    """
    weight = _checked_matrix(weight)
    places = places_for(weight.shape[1])
    steps = [four_patterns(weight, place, group=(max(1, 4 - round(4 * place)), 4)) for place in places]
    names = ["scattered", "N:4", "4x1 vectors", "whole columns"]  # the name of N:M changes with the step
    by_name = dict(zip(names, zip(*(step.values() for step in steps), strict=True), strict=True))
    goes = [gone_at([pattern.mask for pattern in patterns]) for patterns in by_name.values()]
    facts = {
        "rows": weight.shape[0],
        "columns": weight.shape[1],
        "places": places,
        "reach": float(np.abs(weight).max()) * 1.0001,  # the largest weight falls inside the last bin
        "patterns": [_pattern_facts(weight, patterns) for patterns in by_name.values()],
    }
    still = places.index(STILL)
    header = ["pattern", *(name for name, _ in pattern_rows(weight, steps[still]["scattered"]))]
    table = [[p.name, *(value for _, value in pattern_rows(weight, p))] for p in steps[still].values()]
    alt = f"The mask of a {_size(weight)} matrix with scattered zeros at sparsity {STILL}, and its histogram."
    knobs = [Steps("Pattern", tuple(names), "choice", listed=True), SparsitySlider(places[-1])]
    return Explorer("patterns", knobs, facts, _pattern_figure(weight), [header, *table], alt, weight, np.stack(goes))


def pattern_rows(weight, pattern):
    """Return what an explorer reads out for a `Pattern` of `weight`: a list of (name, text)."""
    pruned = weight * pattern.mask
    kept_norm = np.linalg.norm(pruned) / np.linalg.norm(weight)
    small = isinstance(pattern.stored, np.ndarray)
    return [
        ("sparsity", f"{1 - pattern.mask.mean():.3f}"),
        ("norm that survives", f"{kept_norm:.3f}"),
        ("bytes, dense with zeros", f"{weight.nbytes:,}"),
        ("bytes, CSR", f"{sparse.CSR.from_dense(pruned).nbytes:,}"),
        ("bytes, bitmask", f"{sparse.Bitmask.from_dense(pruned).nbytes:,}"),
        ("bytes, its own format", f"{pattern.stored.nbytes:,}"),
        ("multiplications, dense product", f"{pattern.stored.size if small else weight.size:,}"),
        ("multiplications, its own product", f"{pattern.multiplications:,}"),
    ]


def _pattern_facts(weight, patterns):
    """Return the read-outs, words and thresholds of one pattern at every step."""
    magnitudes, rows = np.abs(weight), [pattern_rows(weight, pattern) for pattern in patterns]
    pruned = [magnitudes[~pattern.mask] for pattern in patterns]
    words = [
        f"{pattern.name}: {int(pattern.mask.sum()):,} of {weight.size:,} weights stay; "
        f"{pattern.stored.nbytes:,} bytes in its own format, {weight.nbytes:,} dense."
        for pattern in patterns
    ]
    threshold = [float(some.max()) if some.size and patterns[0].name == "scattered" else None for some in pruned]
    return {"rows": rows, "words": words, "thresholds": threshold}


def _pattern_figure(weight):
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    tensor = torch.from_numpy(weight)
    plots.mask_picture(masks.mask_unstructured(scores.magnitude_scores(tensor), STILL), ax=left)
    plots.weight_histogram(tensor, STILL, ax=right)
    return figure


def _checked_matrix(weight):
    """Return the weight as an array if the explorer of patterns can show it."""
    if not isinstance(weight, torch.Tensor) or weight.dtype != torch.float32:
        got = weight.dtype if isinstance(weight, torch.Tensor) else type(weight).__name__
        raise TypeError(f"weight must be a float32 tensor; got {got}")
    if weight.ndim != 2 or weight.shape[0] % 4 or weight.shape[1] % 4 or not 0 < weight.numel() <= 200_000:
        rule = "2 axes, both sizes multiples of 4, and at most 200,000 entries"
        raise ValueError(f"weight must have {rule}; got shape {tuple(weight.shape)}")
    return weight.detach().numpy()


def _size(weight):
    return f"{weight.shape[0]} x {weight.shape[1]}"
