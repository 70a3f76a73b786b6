"""The pictures of the course: each function draws on the axes given, or on a figure of its own, and returns the axes.

Numbers are worked out by functions of their own (`magnitude_histogram`, `mean_and_range`), so that they can be checked
without looking. Figures are made without pyplot: no window, no global state, nothing to close. `show` puts one into a
notebook with a description for those who cannot see it.
"""

import base64
import html
import io

import matplotlib.colors
import numpy as np
import torch
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from pruning_lab.checks import check_float_tensor, check_integer, check_sparsity

# The palette of Okabe and Ito (2008, "Color Universal Design"), told apart with every common colour blindness.
COLOURS = {
    "dense": "#000000",
    "kept": "#0072B2",
    "pruned": "#D9D9D9",
    "threshold": "#D55E00",
    "limit": "#D55E00",
    "unstructured": "#E69F00",
    "n_of_m": "#CC79A7",
    "blocks": "#56B4E9",
    "structured": "#009E73",
}
SERIES = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000"]
MARKERS = "osD^vPX"  # curves differ in shape too, for a print in grey


def new_axes(width=6.4, height=4.0):
    """Return the axes of a new figure of `width` by `height` inches that cuts nothing off.

    >>> new_axes(5, 3).figure.get_size_inches().tolist()
    [5.0, 3.0]
    """
    return Figure(figsize=(width, height), layout="constrained").add_subplot()


def png(picture):
    """Return axes or a figure as the bytes of a PNG, 144 pixels per inch.

    >>> png(new_axes())[1:4]
    b'PNG'
    """
    content = io.BytesIO()
    _figure(picture).savefig(content, format="png", dpi=144)
    return content.getvalue()


def show(picture, alt):
    """Put axes or a figure into the notebook, with a description in words.

    The description is the image's alternative text on exported pages. JupyterLab and GitHub give an image none, so it
    also stands below, folded up under "In words". It is compared when notebooks are tested: leave out what a second
    run would measure differently.

    Args:
        picture: axes or figure.
        alt: what a reader would see and should notice, in a sentence or two.

    >>> show(new_axes(), "")
    Traceback (most recent call last):
    ValueError: alt must say what the picture shows; got ''
    """
    if not isinstance(alt, str):
        raise TypeError(f"alt must be a string; got {type(alt).__name__}")
    if not alt.strip():
        raise ValueError(f"alt must say what the picture shows; got {alt!r}")
    width, height = (round(96 * inches) for inches in _figure(picture).get_size_inches())
    image = {"image/png": base64.b64encode(png(picture)).decode(), "text/plain": alt}
    display(image, raw=True, metadata={"image/png": {"alt": alt, "width": width, "height": height}})
    words = f"<details><summary>In words</summary>{html.escape(alt)}</details>"
    display({"text/html": words, "text/plain": alt}, raw=True)


def mask_picture(mask, ax=None):
    """Draw which weights of a matrix stay; the legend gives their shares.

    Args:
        mask: bool, (out_features, in_features), True keeps.
        ax: axes to draw on; None makes a figure.

    Returns:
        The axes. `ax.images[0].get_array()` is the mask.

    >>> axes = mask_picture(torch.eye(4, dtype=torch.bool))
    >>> [text.get_text() for text in axes.get_legend().get_texts()]
    ['kept 25 %', 'pruned 75 %']
    """
    _check_mask(mask)
    palette = matplotlib.colors.ListedColormap([COLOURS["pruned"], COLOURS["kept"]])
    ax = _matrix(mask.cpu().numpy(), ax, cmap=palette, vmin=0, vmax=1)
    density = mask.float().mean().item()
    _legend_below(ax, {f"kept {_percent(density)}": "kept", f"pruned {_percent(1 - density)}": "pruned"})
    return ax


def weight_picture(weight, mask=None, ax=None):
    """Draw a weight matrix, orange below zero, purple above; grey where `mask` prunes.

    Args:
        weight: floating point, (out_features, in_features).
        mask: bool of the same shape, True keeps; None keeps all.
        ax: axes to draw on; None makes a figure.

    Returns:
        The axes. `ax.images[0].get_array()` is a masked array of the weights that stay.

    >>> axes = weight_picture(torch.tensor([[3.0, -1.0]]), torch.tensor([[True, False]]))
    >>> axes.images[0].get_array().compressed(), axes.images[0].get_clim()
    (array([3.], dtype=float32), (-3.0, 3.0))
    """
    check_float_tensor(weight, "weight", ndim=2)
    mask = torch.ones_like(weight, dtype=torch.bool) if mask is None else _check_mask(mask)
    if mask.shape != weight.shape:
        raise ValueError(f"mask must have the weight's shape {tuple(weight.shape)}; got {tuple(mask.shape)}")
    values = weight.detach().float().cpu().numpy()
    largest = float(np.abs(values).max()) or 1.0
    palette = matplotlib.colormaps["PuOr"].with_extremes(bad=COLOURS["pruned"])
    values = np.ma.masked_array(values, ~mask.cpu().numpy())
    ax = _matrix(values, ax, cmap=palette, vmin=-largest, vmax=largest)
    ax.figure.colorbar(ax.images[0], ax=ax, label="weight")
    if not mask.all():
        _legend_below(ax, {f"pruned {_percent(1 - mask.float().mean().item())}": "pruned"})
    return ax


def magnitude_histogram(weight, sparsity, bins=61):
    """Count kept and pruned weights in bins of equal width, and find the threshold between them.

    Exactly round(sparsity * n) entries count as pruned, the first in a stable order of magnitude: ties or not.

    Args:
        weight: floating point, any shape.
        sparsity: fraction pruned, in [0, 1].
        bins: number of bins, at least 1; they reach as far below zero as above.

    Returns:
        edges (bins + 1,), pruned (bins,) and kept (bins,) counts, and the largest magnitude pruned (0.0 if none is).

    >>> magnitude_histogram(torch.tensor([-4.0, -1.0, 2.0, 3.0]), 0.5, bins=4)[1:]
    (array([0, 1, 0, 1]), array([1, 0, 0, 1]), 2.0)
    """
    check_float_tensor(weight, "weight")
    check_integer(bins, "bins", minimum=1)
    values = weight.detach().double().cpu().numpy().ravel()
    if not values.size or not np.isfinite(values).all():
        raise ValueError(f"weight must hold at least one entry, all finite; got {values.size}, not all finite")
    order = np.argsort(np.abs(values), kind="stable")
    pruned, kept = np.split(values[order], [round(check_sparsity(sparsity) * values.size)])
    largest = np.abs(values).max() or 1.0
    edges = np.linspace(-largest, largest, bins + 1)
    threshold = float(np.abs(pruned).max()) if pruned.size else 0.0
    return edges, np.histogram(pruned, edges)[0], np.histogram(kept, edges)[0], threshold


def weight_histogram(weight, sparsity, bins=61, ax=None):
    """Draw how the weights are spread, pruned ones grey, and the threshold that the sparsity amounts to.

    Args:
        weight, sparsity, bins: as in `magnitude_histogram`, which does the counting.
        ax: axes to draw on; None makes a figure.

    Returns:
        The axes.

    >>> axes = weight_histogram(torch.arange(-50.0, 50.0), 0.7)
    >>> [text.get_text() for text in axes.get_legend().get_texts()]
    ['kept 30 %', 'pruned 70 %', 'threshold ±35']
    """
    edges, pruned, kept, threshold = magnitude_histogram(weight, sparsity, bins)
    ax = _tidy(new_axes() if ax is None else ax)
    share = pruned.sum() / (pruned.sum() + kept.sum())
    ax.stairs(pruned + kept, edges, fill=True, color=COLOURS["kept"], label=f"kept {_percent(1 - share)}")
    ax.stairs(pruned, edges, fill=True, color=COLOURS["pruned"], label=f"pruned {_percent(share)}")
    for sign, label in ((-1, None), (1, f"threshold ±{threshold:.3g}")):
        if threshold:
            ax.axvline(sign * threshold, color=COLOURS["threshold"], linestyle="--", label=label)
    ax.set(xlabel="weight", ylabel=f"number of weights (of {len(weight.flatten()):,})", xlim=(edges[0], edges[-1]))
    ax.legend(frameon=False)
    return ax


def mean_and_range(accuracy, points):
    """Return mean, lowest and highest over the seeds, each of shape (points,).

    Args:
        accuracy: (points,) for one seed, or (seeds, points).
        points: how many the curve has.

    >>> mean_and_range([[0.5, 1.0], [1.0, 1.0]], points=2)
    (array([0.75, 1.  ]), array([0.5, 1. ]), array([1., 1.]))
    """
    accuracy = np.asarray(accuracy, dtype=float)
    if accuracy.ndim not in (1, 2) or accuracy.shape[-1] != points or accuracy.size == 0:
        raise ValueError(f"accuracy must have shape ({points},) or (seeds, {points}); got {accuracy.shape}")
    if accuracy.min() < 0 or accuracy.max() > 1 or np.isnan(accuracy).any():
        raise ValueError(f"accuracy must be in [0, 1]; got {accuracy.min():g} to {accuracy.max():g}")
    runs = np.atleast_2d(accuracy)
    return runs.mean(axis=0), runs.min(axis=0), runs.max(axis=0)


def accuracy_curve(curves, dense=None, ax=None):
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
    ax = _tidy(new_axes() if ax is None else ax)
    if dense is not None:
        ax.axhline(dense, color=COLOURS["dense"], linestyle=":", label="dense")
    for number, (name, (sparsities, accuracies)) in enumerate(curves.items()):
        mean, low, high = mean_and_range(accuracies, points=len(sparsities))
        style = {"color": SERIES[number], "marker": MARKERS[number], "capsize": 3}
        ax.errorbar([check_sparsity(s) for s in sparsities], mean, yerr=(mean - low, high - mean), label=name, **style)
    ax.set(xlabel="sparsity (fraction of weights pruned)", ylabel="accuracy (fraction right)")
    ax.grid(axis="y", color="#E5E5E5")
    ax.legend(frameon=False)
    return ax


def latency_bars(rows, limit=None, ax=None):
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
    unit, scale = ("µs", 1e6) if min(row.median for row in rows) < 1e-3 else ("ms", 1e3)
    ax = _tidy(new_axes(height=1.2 + 0.45 * len(rows)) if ax is None else ax)
    medians = [row.median * scale for row in rows]
    whiskers = np.array([(row.median - row.q1, row.q3 - row.median) for row in rows]).T * scale
    names = [row.name for row in rows]
    ax.barh(names, medians, xerr=whiskers, color=COLOURS["kept"], error_kw={"ecolor": "black", "capsize": 3})
    for place, row in enumerate(rows):
        text, end = f"{row.median * scale:.3g}", (row.q3 * scale, place)
        ax.annotate(text, end, (6, 0), textcoords="offset points", va="center")
    if limit is not None:
        label = f"memory limit {limit * scale:.3g} {unit}"
        ax.axvline(limit * scale, color=COLOURS["limit"], linestyle="--", label=label)
        ax.figure.legend(loc="outside upper right", frameon=False)
    ax.invert_yaxis()
    ax.margins(x=0.12)
    ax.set(xlabel=f"time per call [{unit}], median and quartiles", xlim=(0, None))
    return ax


def crossover_map(densities, batches, ratios, ax=None):
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
    ratios = np.asarray(ratios, dtype=float)
    if ratios.shape != (len(densities), len(batches)) or ratios.size == 0:
        raise ValueError(f"ratios must have shape ({len(densities)}, {len(batches)}); got {ratios.shape}")
    if not (np.isfinite(ratios).all() and ratios.min() > 0):
        raise ValueError(f"ratios must be finite and above 0; got {ratios.min():g} to {ratios.max():g}")
    ax = new_axes() if ax is None else ax
    logs = np.log2(ratios)
    reach = max(1.0, float(np.abs(logs).max()))
    image = ax.imshow(logs, cmap="PuOr", vmin=-reach, vmax=reach, origin="lower", aspect="auto")
    _numbers(ax, ratios, reach)
    if logs.min() < 0 < logs.max() and min(ratios.shape) > 1:
        ax.contour(logs, levels=[0.0], colors="black", linewidths=2)
    ax.set_xticks(range(len(batches)), [f"{batch:g}" for batch in batches])
    ax.set_yticks(range(len(densities)), [f"{density:g}" for density in densities])
    ax.set(xlabel="batch size (inputs at once)", ylabel="density (fraction of weights kept)")
    bar = ax.figure.colorbar(image, ax=ax, label="dense time / sparse time")
    ticks = np.arange(-int(reach), int(reach) + 1)
    bar.set_ticks(ticks, labels=[f"{2.0**tick:g}" for tick in ticks])
    return ax


def _numbers(ax, ratios, reach):
    """Write each ratio into its cell, light on dark."""
    for (row, column), ratio in np.ndenumerate(ratios):
        colour = "white" if abs(np.log2(ratio)) > 0.6 * reach else "black"
        ax.text(column, row, f"{ratio:.2g}", ha="center", va="center", color=colour)


def _matrix(values, ax, **colours):
    """Draw a matrix true to shape, with lines between the entries where those are few enough to be told apart."""
    ax = new_axes(5.0, 4.4) if ax is None else ax
    # Shrinking a large matrix mixes colours, not values: a dense region stays darker than a sparse one.
    ax.imshow(values, interpolation="antialiased", interpolation_stage="rgba", **colours)
    rows, columns = values.shape
    if max(rows, columns) <= 40:
        ax.set_xticks(np.arange(columns + 1) - 0.5, minor=True)
        ax.set_yticks(np.arange(rows + 1) - 0.5, minor=True)
        ax.grid(which="minor", color="white", linewidth=1)
        ax.tick_params(which="minor", length=0)
    ax.set(xlabel=f"input ({columns})", ylabel=f"output ({rows})")
    return ax


def _check_mask(mask):
    if not isinstance(mask, torch.Tensor) or mask.dtype != torch.bool:
        raise TypeError(f"mask must be a bool tensor; got {getattr(mask, 'dtype', type(mask).__name__)}")
    if mask.ndim != 2 or mask.numel() == 0:
        raise ValueError(f"mask must have 2 axes and an entry (flatten(1) for a convolution); got {tuple(mask.shape)}")
    return mask


def _check_curves(curves):
    if not isinstance(curves, dict) or not curves:
        raise ValueError(f"curves must be a dict with at least one curve; got {curves!r}")
    if len(curves) > len(SERIES):
        raise ValueError(f"curves must be at most {len(SERIES)}, to be told apart; got {len(curves)}")


def _figure(picture):
    return picture.figure if isinstance(picture, Axes) else picture


def _tidy(ax):
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _percent(fraction):
    return f"{100 * fraction:.3g} %"


def _legend_below(ax, colour_by_label):
    patches = [Patch(color=COLOURS[name], label=label) for label, name in colour_by_label.items()]
    ax.legend(handles=patches, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=len(patches), frameon=False)
