"""Pictures of a weight matrix: what stays, how large it is, where the threshold falls."""

from typing import NamedTuple

import matplotlib.colors
import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor

from pruning_lab.checks import check_float_tensor, check_integer, check_mask, check_sparsity, check_values
from pruning_lab.plots.canvas import new_axes, percent, tidy
from pruning_lab.plots.style import COLOURS


def mask_picture(mask: Tensor, ax: Axes | None = None) -> Axes:
    """Draw which weights of a matrix stay, blue, and which go, grey; the text below gives their shares.

    Args:
        mask: bool, (out_features, in_features), True keeps.
        ax: axes to draw on; None makes a figure.

    Returns:
        The axes. `ax.images[0].get_array()` is the mask.

    >>> axes = mask_picture(torch.eye(4, dtype=torch.bool))
    >>> axes.get_xlabel().splitlines()
    ['input (4)', 'blue: kept 25 %', 'grey: pruned 75 %']
    """
    _check_matrix_mask(mask)
    palette = matplotlib.colors.ListedColormap([COLOURS["pruned"], COLOURS["kept"]])
    kept, pruned = _shares(mask)
    shares = f"blue: kept {kept}\ngrey: pruned {pruned}"
    return _matrix(mask.cpu().numpy(), ax, shares, cmap=palette, vmin=0, vmax=1)


def weight_picture(weight: Tensor, mask: Tensor | None = None, ax: Axes | None = None) -> Axes:
    """Draw a weight matrix, orange below zero, purple above; grey where `mask` prunes.

    Colours are full at the 99th percentile of the magnitudes, so that one large weight does not pale all others.

    Args:
        weight: floating point, (out_features, in_features).
        mask: bool of the same shape, True keeps; None keeps all.
        ax: axes to draw on; None makes a figure.

    Returns:
        The axes. `ax.images[0].get_array()` is a masked array of the weights that stay.

    >>> axes = weight_picture(torch.tensor([[3.0, -1.0]]), torch.tensor([[True, False]]))
    >>> axes.images[0].get_array().compressed()
    array([3.], dtype=float32)
    """
    values = _finite(check_float_tensor(weight, "weight", ndim=2))
    mask = torch.ones(weight.shape, dtype=torch.bool, device="cpu") if mask is None else _check_matrix_mask(mask)
    if mask.shape != weight.shape:
        raise ValueError(f"mask must have the weight's shape {tuple(weight.shape)}; got {tuple(mask.shape)}")
    reach = float(np.quantile(np.abs(values).astype(np.float64), 0.99)) or 1.0
    palette = matplotlib.colormaps["PuOr"].with_extremes(bad=COLOURS["pruned"])
    shares = "" if mask.all() else f"grey: pruned {_shares(mask)[1]}"
    values = np.ma.masked_array(values, ~mask.cpu().numpy())
    ax = _matrix(values, ax, shares, cmap=palette, vmin=-reach, vmax=reach)
    # A colour bar in axes of its own within these, so that it is as high as the matrix.
    ax.figure.colorbar(ax.images[0], cax=ax.inset_axes((1.03, 0, 0.04, 1)), label="weight", extend="both")
    return ax


class Histogram(NamedTuple):
    """Counts of weights by value: edges (b + 1,), pruned (b,), kept (b,), and the threshold that parts them."""

    edges: np.ndarray
    pruned: np.ndarray
    kept: np.ndarray
    threshold: float


def magnitude_histogram(weight: Tensor, sparsity: float, bins: int = 61) -> Histogram:
    """Count kept and pruned weights in bins of equal width, with an edge at the threshold between them.

    Exactly round(sparsity * n) entries count as pruned, the first in a stable order of magnitude: ties or not.

    Args:
        weight: floating point, any shape.
        sparsity: fraction pruned, in [0, 1].
        bins: roughly how many, at least 1; the width is adjusted so that a bin is not cut by the threshold.

    Returns:
        a Histogram. Its threshold is halfway between the largest magnitude
        pruned and the smallest kept (0.0 if none is pruned, the largest magnitude if all are).

    >>> magnitude_histogram(torch.tensor([-4.0, -1.0, 2.0, 3.0]), 0.5, bins=4)[1:]
    (array([0, 1, 1, 0]), array([1, 0, 0, 1]), 2.5)
    """
    check_float_tensor(weight, "weight")
    check_integer(bins, "bins", minimum=1)
    values = _finite(weight).astype(np.float64).ravel()
    order = np.argsort(np.abs(values), kind="stable")
    pruned, kept = np.split(values[order], [round(check_sparsity(sparsity) * values.size)])
    threshold = _between(np.abs(pruned[-1:]), np.abs(kept[:1]))
    reach = float(np.abs(values).max()) or 1.0
    if not 1e-300 < reach < 1e300:
        raise ValueError(f"weight must have magnitudes that bins can part, 1e-300 to 1e300; got at most {reach:g}")
    edges = _edges(reach, threshold, bins)
    return Histogram(edges, np.histogram(pruned, edges)[0], np.histogram(kept, edges)[0], threshold)


def _between(largest_pruned, smallest_kept):
    if not largest_pruned.size:
        return 0.0
    return float(np.mean([largest_pruned, smallest_kept]) if smallest_kept.size else largest_pruned[0])


def _edges(reach, threshold, bins):
    """Return bin edges from at most -reach to at least reach, zero and the threshold among them."""
    width = 2 * reach / bins
    inner = round(threshold / width)  # bins from zero to the threshold; none where it is too close to zero
    width = threshold / inner if inner else width
    outer = int(np.ceil(reach / width - 1e-9))
    edges = width * np.arange(-outer, outer + 1)
    edges[[0, -1]] = min(edges[0], -reach), max(edges[-1], reach)  # rounding must not lose the largest weight
    return edges


def weight_histogram(weight: Tensor, sparsity: float, bins: int = 61, ax: Axes | None = None) -> Axes:
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
    ax = tidy(ax)
    total = int(pruned.sum() + kept.sum())
    ax.stairs(pruned + kept, edges, fill=True, color=COLOURS["kept"], label=f"kept {percent(int(kept.sum()) / total)}")
    ax.stairs(pruned, edges, fill=True, color=COLOURS["pruned"], label=f"pruned {percent(int(pruned.sum()) / total)}")
    for sign, label in ((-1, None), (1, f"threshold ±{threshold:.3g}")):
        if threshold:
            ax.axvline(sign * threshold, color=COLOURS["threshold"], linestyle="--", label=label)
    ax.set(xlabel="weight", ylabel=f"weights (of {len(weight.flatten()):,})", xlim=(edges[0], edges[-1]))
    ax.legend(frameon=False)
    return ax


def _matrix(values, ax, below, **colours):
    """Draw a matrix true to shape; white lines part the entries where those are few enough to be told apart."""
    rows, columns = values.shape
    ax = new_axes(5.0, min(max(5.0 * rows / columns, 1.2), 4.0) + 0.9) if ax is None else ax
    # Shrinking a large matrix mixes colours, not values: a dense region stays darker than a sparse one.
    ax.imshow(values, interpolation="antialiased", interpolation_stage="rgba", **colours)
    if max(rows, columns) <= 40:
        ax.set_xticks(np.arange(columns + 1) - 0.5, minor=True)
        ax.set_yticks(np.arange(rows + 1) - 0.5, minor=True)
        ax.grid(which="minor", color="white", linewidth=1 if max(rows, columns) <= 16 else 0.5)
        ax.tick_params(which="minor", length=0)
    # The key is part of the axis label: unlike a legend it cannot cover anything, however small the axes.
    ax.set(xlabel=f"input ({columns})\n{below}".rstrip(), ylabel=f"output ({rows})")
    return ax


def _shares(mask):
    """Return what a mask keeps and prunes, as per cent: counted, as a mean of many rounds to all or none."""
    kept = int(mask.sum())
    return percent(kept / mask.numel()), percent((mask.numel() - kept) / mask.numel())


def _finite(weight):
    """Return the numbers of a weight in float32 (float64 where it is that), all of them finite."""
    check_values(weight, "weight")
    wide = weight.detach().cpu().resolve_neg()
    values = (wide if wide.dtype == torch.float64 else wide.float()).numpy()
    count = int(np.isfinite(values).sum())
    if not 0 < values.size == count:
        raise ValueError(f"weight must hold finite entries, at least one; got {count} finite of {values.size}")
    return values


def _check_matrix_mask(mask):
    check_values(check_mask(mask), "mask")
    if mask.ndim != 2:
        raise ValueError(f"mask must have 2 axes (mask.flatten(1) for a convolution); got shape {tuple(mask.shape)}")
    return mask
