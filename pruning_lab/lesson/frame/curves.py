"""An explorer of curves: several quantities over the same places, read out at the slider's position."""

from itertools import cycle

import numpy as np

from pruning_lab import plots
from pruning_lab.lesson.frame.explorer import Explorer, Steps


def explore_accuracy(curves, dense=None):
    """Explore accuracies that were computed in advance: a line follows the slider, and each curve is read out there.

    Args:
        curves, dense: the same as in `plots.accuracy_curve`, but with all curves over the same sparsities.

    Returns:
        an Explorer.

    Raises:
        ValueError: the curves are over different sparsities, or `plots.accuracy_curve` rejects them.
    """
    figure = plots.accuracy_curve(curves, dense=dense).figure  # checks the curves
    places = sorted({float(s) for sparsities, _ in curves.values() for s in sparsities})
    if any(sorted(map(float, sparsities)) != places for sparsities, _ in curves.values()):
        raise ValueError(f"curves must all be over the same sparsities; got {[list(s) for s, _ in curves.values()]}")
    means = {name: _mean_points(*curve) for name, curve in curves.items()}
    lowest = min(share for points in means.values() for _, share in points)
    words = {"title": "accuracy (fraction right)", "across": "sparsity (fraction of weights pruned)"}
    scale = {"low": max(0.0, float(np.floor(lowest * 10)) / 10), "high": 1.0, "line": dense}
    return curves_explorer(
        means, words, scale, figure, f"Accuracy against sparsity, {len(means)} curves: {', '.join(means)}."
    )


def from_table(columns):
    """Rebuild the explorer of accuracies from the table that it left in a notebook.

    Args:
        columns: {heading: numbers}, with "sparsity" as the first heading.
    """
    sparsity, *accuracies = columns.values()
    names = list(columns)[1:]
    return explore_accuracy({name: (sparsity, accuracy) for name, accuracy in zip(names, accuracies, strict=True)})


def curves_explorer(curves, words, scale, figure, alt):
    """Return an explorer of curves over the same places.

    Args:
        curves: {name: [(place, value), ...]}.
        words: {"title": what the curves show, "across": what the places are}.
        scale: {"low", "high": the range of values drawn; "line": the height of a dashed line, or None}.
        figure, alt: the same as in `Explorer`.
    """
    places = [place for place, _ in next(iter(curves.values()))]
    across = words["across"].split()[0]
    rows = [
        [(across, f"{place:g}"), *((name, f"{points[k][1]:.3f}") for name, points in curves.items())]
        for k, place in enumerate(places)
    ]
    drawn = zip(curves.items(), cycle(plots.SERIES), strict=False)
    facts = {
        **words,
        **scale,
        "places": places,
        "curves": [{"name": name, "colour": colour, "points": points} for (name, points), colour in drawn],
        "rows": rows,
        "words": [", ".join(f"{name} {value}" for name, value in row) for row in rows],
    }
    name = words["across"].replace("fraction of weights ", "").capitalize()  # "Sparsity (pruned)"
    slider = Steps(name, tuple(f"{place:g}" for place in places), "place")
    table = [[name for name, _ in rows[0]], *([value for _, value in row] for row in rows)]
    return Explorer("curves", [slider], facts, figure, table, alt)


def _mean_points(sparsities, accuracies):
    mean, _, _ = plots.mean_and_range(accuracies, points=len(sparsities))
    return sorted((float(s), float(share)) for s, share in zip(sparsities, mean, strict=True))
