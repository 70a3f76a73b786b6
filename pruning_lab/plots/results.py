"""Pictures of what was measured: accuracy, time, and where a sparse kernel overtakes a dense one."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike
from torch import Tensor

from pruning_lab.checks import check_initialised, check_sparsity, check_values
from pruning_lab.plots.canvas import new_axes, tidy
from pruning_lab.plots.style import COLOURS, MARKERS, SERIES, contrast


class Range(NamedTuple):
    """Accuracies over several seeds: mean, lowest and highest, each of shape (points,)."""

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray


def mean_and_range(accuracy: ArrayLike, points: int) -> Range:
    """Return mean, lowest and highest over the seeds.

    Args:
        accuracy: (points,) for one seed, or (seeds, points).
        points: how many the curve has.

    >>> mean_and_range([[0.5, 1.0], [1.0, 1.0]], points=2)
    Range(mean=array([0.75, 1.  ]), low=array([0.5, 1. ]), high=array([1., 1.]))
    """
    seen = _numbers_of(accuracy, "accuracy")
    if seen.ndim not in (1, 2) or seen.shape[-1] != points or seen.size == 0:
        raise ValueError(f"accuracy must have shape ({points},) or (seeds, {points}); got {seen.shape}")
    _check_accuracy(seen, "accuracy")
    runs = np.atleast_2d(seen)
    low, high = runs.min(axis=0), runs.max(axis=0)
    return Range(runs.mean(axis=0).clip(low, high), low, high)  # the mean of three times 0.1 is a rounding step off 0.1


def accuracy_curve(
    curves: dict[str, tuple[Sequence[float], ArrayLike]], dense: float | None = None, ax: Axes | None = None
) -> Axes:
    """Draw accuracy against sparsity: the mean of the seeds, with whiskers from the lowest to the highest.

    The whiskers are a range, not a standard error: with three seeds, what was seen says more than an estimate.

    Args:
        curves: dict from name to (sparsities, accuracies), of shapes (points,) and (points,) or (seeds, points).
        dense: accuracy of the network before pruning, drawn as a line; None draws none.
        ax: axes to draw on; None makes a figure.

    Returns:
        The axes.

    >>> axes = accuracy_curve({"one-shot": ([0.5, 0.9], [[0.86, 0.6], [0.88, 0.7]])}, dense=0.88)
    >>> [round(float(y), 2) for y in axes.containers[0].lines[0].get_ydata()]
    [0.87, 0.65]
    """
    _check_curves(curves)
    if dense is not None:
        _check_accuracy(_numbers_of(dense, "dense", shape=()), "dense")
    drawn = {name: (_sparsities(where), mean_and_range(what, len(where))) for name, (where, what) in curves.items()}
    ax = tidy(ax, width=7.2)
    if dense is not None:
        ax.axhline(dense, color=COLOURS["dense"], linestyle=":", label="dense")
    for number, (name, (sparsities, (mean, low, high))) in enumerate(drawn.items()):
        ax.errorbar(
            sparsities,
            mean,
            yerr=(mean - low, high - mean),
            label=name,
            color=SERIES[number],
            marker=MARKERS[number],
            capsize=3,
        )
    ax.set(xlabel="sparsity (fraction of weights pruned)", ylabel="accuracy (fraction right)")
    ax.grid(axis="y", color="#E5E5E5")
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    return ax


def latency_bars(rows: Sequence, limit: float | None = None, ax: Axes | None = None) -> Axes:
    """Draw times per call as bars: the median, with whiskers at the quartiles.

    Args:
        rows: objects with name, median, q1 and q3 (seconds), as in `measure.compare(...).rows`. The first is on top.
        limit: the least time the memory allows, in seconds, drawn as a line; None draws none.
        ax: axes to draw on; None makes a figure as high as the rows need.

    Returns:
        The axes, in ms or µs, whichever keeps the shortest bar above 1 where it can.

    >>> from types import SimpleNamespace as Row
    >>> axes = latency_bars([Row(name="dense", median=2e-3, q1=1.9e-3, q3=2.2e-3)])
    >>> axes.get_xlabel(), float(axes.patches[0].get_width())
    ('time per call [ms], median and quartiles', 2.0)
    """
    if not rows:
        raise ValueError("rows must hold at least one candidate; got none")
    for row in rows:
        if not 0 <= row.q1 <= row.median <= row.q3 < np.inf:
            got = f"{row.q1}, {row.median}, {row.q3} for {row.name!r}"
            raise ValueError(f"rows must hold finite seconds, q1 <= median <= q3, none below 0; got {got}")
    if limit is not None and not 0 <= limit < np.inf:
        raise ValueError(f"limit must be finite seconds, at least 0; got {limit}")
    unit, scale = ("µs", 1e6) if min(row.median for row in rows) < 1e-3 else ("ms", 1e3)
    ax = tidy(ax, height=1.2 + 0.45 * len(rows))
    places, medians = range(len(rows)), [row.median * scale for row in rows]
    whiskers = np.array([(row.median - row.q1, row.q3 - row.median) for row in rows]).T * scale
    ax.barh(places, medians, xerr=whiskers, color=COLOURS["kept"], error_kw={"ecolor": "black", "capsize": 3})
    for place, row in zip(places, rows, strict=True):
        ax.annotate(_digits(row.median * scale), (row.q3 * scale, place), (6, -4), textcoords="offset points")
    ax.set_yticks(places, [row.name for row in rows])
    ax.invert_yaxis()
    label = f"time per call [{unit}], median and quartiles"
    if limit is not None:
        ax.axvline(limit * scale, color=COLOURS["limit"], linestyle="--")
        label += f"\ndashed: memory limit, {_digits(limit * scale)} {unit}"
    ax.margins(x=0.12)
    ax.set(xlabel=label, xlim=(0, None))
    return ax


def crossover_map(
    densities: Sequence[float], batches: Sequence[int], ratios: ArrayLike, ax: Axes | None = None
) -> Axes:
    """Draw where a sparse kernel beats a dense one: purple is faster, orange slower, the line is where they meet.

    Colours follow the logarithm, so that twice and half as fast are equally strong.

    Args:
        densities: (d,) fractions kept, ascending. batches: (b,) numbers of inputs, ascending.
        ratios: (d, b) dense time over sparse time, above 0; above 1 the sparse kernel is faster.
        ax: axes to draw on; None makes a figure.

    Returns:
        The axes. `ax.images[0].get_array()` holds log2 of the ratios; rows are densities, from the bottom up.

    >>> axes = crossover_map([0.1, 0.5], [1, 64], [[4.0, 2.0], [1.0, 0.5]])
    >>> axes.images[0].get_array().tolist(), axes.images[0].get_clim()
    ([[2.0, 1.0], [0.0, -1.0]], (-2.0, 2.0))
    """
    measured = _numbers_of(ratios, "ratios")
    if measured.shape != (len(densities), len(batches)) or measured.size == 0:
        raise ValueError(f"ratios must have shape ({len(densities)}, {len(batches)}); got {measured.shape}")
    if not (np.isfinite(measured).all() and measured.min() > 0):
        raise ValueError(f"ratios must be finite and above 0; got {measured.min():g} to {measured.max():g}")
    for density in densities:
        if not 0 <= density <= 1:
            raise ValueError(f"densities must be in [0, 1] (0.1 keeps 10 %); got {density}")
    for batch in batches:
        if not 0 < batch < np.inf:
            raise ValueError(f"batches must be finite and above 0; got {batch}")
    ax = new_axes() if ax is None else ax
    logs = np.log2(measured)
    reach = max(1.0, float(np.abs(logs).max()))
    image = ax.imshow(logs, cmap="PuOr", vmin=-reach, vmax=reach, origin="lower", aspect="auto")
    if logs.min() < 0 < logs.max() and min(measured.shape) > 1:
        ax.contour(logs, levels=[0.0], colors="black", linewidths=2)
    _numbers(ax, measured, image)
    ax.set_xticks(range(len(batches)), [f"{batch:g}" for batch in batches])
    ax.set_yticks(range(len(densities)), [f"{density:g}" for density in densities])
    ax.set(xlabel="batch size (inputs at once)", ylabel="density (fraction of weights kept)")
    bar = ax.figure.colorbar(image, ax=ax, label="dense time / sparse time")
    ticks = range(-int(reach), int(reach) + 1)
    bar.set_ticks(ticks, labels=[f"{2.0**tick:g}" for tick in ticks])
    return ax


def _numbers_of(values, name, shape=None):
    """Return real numbers as a float array; complex ones would lose a part, and masked ones come back."""
    if isinstance(values, np.ma.MaskedArray):
        raise TypeError(f"{name} must be numbers without a mask (.filled(...) ends it); got MaskedArray")
    if isinstance(values, Tensor):
        values = check_values(check_initialised(values, name), name).detach().cpu()
    try:
        array = np.asarray(values.double() if isinstance(values, Tensor) and values.is_floating_point() else values)
        if array.dtype.kind not in "biuf":
            raise TypeError(f"dtype {array.dtype}")
    except (TypeError, ValueError) as error:  # rows of different lengths, text
        raise TypeError(f"{name} must be real numbers in rows of one length; got {error}") from error
    if shape is not None and array.shape != shape:
        raise ValueError(f"{name} must have shape {shape}; got {array.shape}")
    return array.astype(float)


def _check_accuracy(accuracy, name):
    if accuracy.min() < 0 or accuracy.max() > 1 or np.isnan(accuracy).any():
        got = f"{accuracy.min():g} to {accuracy.max():g}" if accuracy.ndim else f"{accuracy:g}"
        raise ValueError(f"{name} must be in [0, 1]; got {got}")


def _sparsities(values):
    return [check_sparsity(s.item() if isinstance(s, Tensor) else s) for s in values]


def _digits(number):
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def _numbers(ax, ratios, image):
    """Write each ratio into its cell, on a ground of the cell's colour, in the ink that can be read better there."""
    for (row, column), ratio in np.ndenumerate(ratios):
        ground = image.cmap(image.norm(np.log2(ratio)))
        colour = max("white", "black", key=partial(contrast, ground))
        box = {"facecolor": ground, "edgecolor": "none", "pad": 1.5}  # the line between winners stops before it
        ax.text(column, row, f"{ratio:#.2g}".rstrip("."), ha="center", va="center", color=colour, bbox=box)


def _check_curves(curves):
    if not isinstance(curves, dict):
        raise TypeError(f"curves must be a dict of name to (sparsities, accuracies); got {type(curves).__name__}")
    if not 1 <= len(curves) <= len(SERIES):
        raise ValueError(f"curves must be 1 to {len(SERIES)}, more cannot be told apart; got {len(curves)}")
