"""Drawings made for one lesson: plain matrices with names on them, so that an idea can be pointed at."""

from functools import lru_cache

import numpy as np
import torch
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.textpath import TextPath

from pruning_lab import masks, plots, scores


def first_idea(sparsity=0.5, size=12):
    """Draw the same number of zeros as scattered points and as whole columns, with letters to point at.

    Returns:
        a matplotlib Figure: on the left the scattered mask (A is a zero in it, C the shape that a dense product sees),
        on the right whole columns (B is one that goes, D the shape).
    """
    worth = torch.from_numpy(np.random.default_rng(0).random((size, size)))
    scattered = masks.mask_unstructured(worth, sparsity).numpy()
    columns = np.zeros_like(scattered)
    columns[:, masks.keep_channels(worth.sum(dim=0), sparsity).numpy()] = True
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    for axes, mask, title in zip(
        figure.subplots(1, 2), (scattered, columns), ("scattered zeros", "whole columns"), strict=True
    ):
        draw_cells(axes, mask)
        axes.set_title(f"{title}: {int((~mask).sum())} of {mask.size} weights go", fontsize=12)
    left, right = figure.axes
    row, column = np.argwhere(~scattered)[len(np.argwhere(~scattered)) // 2]
    draw_letter(left, "A", column, row)
    gone = int(np.flatnonzero(~columns.any(axis=0))[0])
    draw_letter(right, "B", gone, size // 2)
    left.set_xlabel(f"C   shape the dense product sees: {size} x {size}, as before", fontsize=11)
    kept = int(columns.any(axis=0).sum())
    right.set_xlabel(f"D   shape the dense product sees: {size} x {kept}", fontsize=11)
    return figure


def draw_cells(axes, mask):
    """Draw a matrix as squares: kept ones blue, pruned ones grey."""
    rows, columns = mask.shape
    palette = ListedColormap([plots.COLOURS["pruned"], plots.COLOURS["kept"]])
    edges = np.arange(columns + 1) - 0.5, np.arange(rows + 1) - 0.5
    axes.pcolormesh(*edges, mask, cmap=palette, vmin=0, vmax=1, edgecolors="white", linewidth=3)
    axes.set(xlim=(-0.7, columns - 0.3), ylim=(rows - 0.3, -0.7), aspect="equal", xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def draw_letter(axes, letter, column, row):
    circle = {"boxstyle": "circle,pad=0.25", "facecolor": plots.COLOURS["unstructured"], "edgecolor": "black"}
    axes.text(column, row, letter, ha="center", va="center", fontsize=12, fontweight="bold", bbox=circle)


def pruning_frames(weight):
    """Return the storyboard of magnitude pruning on a small matrix: weights, scores, mask, what the machine runs.

    Args:
        weight: (rows, columns) float32 tensor, small enough for its numbers to be read: 6 x 6, say.

    Returns:
        list of (title, draw(axes, sparsity)), for `storyboard`.
    """
    return [
        ("weights", lambda axes, sparsity: draw_numbers(axes, weight, mask=None)),
        ("scores |w|", lambda axes, sparsity: draw_numbers(axes, scores.magnitude_scores(weight), mask=None)),
        ("mask", lambda axes, sparsity: _draw_mask(axes, weight, sparsity)),
        ("what the machine runs", lambda axes, sparsity: _draw_products(axes, weight, sparsity)),
    ]


def draw_numbers(axes, values, mask):
    """Write each value in its square; a pruned one is a grey square with a faint 0."""
    stays = np.ones(values.shape, dtype=bool) if mask is None else mask.numpy()
    draw_cells(axes, stays)
    _write(
        axes,
        {place: f"{values[place]:.2f}".replace("0.", ".", 1) for place in zip(*np.nonzero(stays), strict=True)},
        "white",
    )
    _write(axes, dict.fromkeys(zip(*np.nonzero(~stays), strict=True), "0"), "0.4")


def _write(axes, texts, colour):
    """Write {(row, column): text} as one shape: as texts of their own they take longer than all the rest together."""
    if texts:
        outlines = [
            Path(np.add(_outline(text).vertices, (column, row)), _outline(text).codes)
            for (row, column), text in texts.items()
        ]
        axes.add_artist(PathPatch(Path.make_compound_path(*outlines), facecolor=colour, linewidth=0))


@lru_cache(maxsize=1000)
def _outline(text):
    """Return the outline of a number, centred on 0, as high as fits into a cell; its y axis points down."""
    outline = TextPath((0, 0), text, size=0.28)
    return Path((outline.vertices - outline.get_extents().get_points().mean(axis=0)) * (1, -1), outline.codes)


def _draw_mask(axes, weight, sparsity):
    worth = scores.magnitude_scores(weight)
    mask = masks.mask_unstructured(worth, sparsity)
    draw_numbers(axes, weight, mask)
    gone = worth[~mask]
    highest = f", all of magnitude {gone.max():.2f} or less" if gone.numel() else ""
    axes.set_xlabel(f"{gone.numel()} of {mask.numel()} pruned{highest}", fontsize=10)


def _draw_products(axes, weight, sparsity):
    """Count the multiplications of one product under three machines, as bars."""
    kept = int(masks.mask_unstructured(scores.magnitude_scores(weight), sparsity).sum())
    rows, columns = weight.shape
    stay = columns - round(sparsity * columns)
    counts = {
        "dense product,\nscattered zeros": rows * columns,
        "sparse product,\nscattered zeros": kept,
        "dense product,\ncolumns gone": rows * stay,
    }
    colours = [plots.COLOURS[name] for name in ("dense", "unstructured", "structured")]
    bars = axes.bar(list(counts), list(counts.values()), color=colours)
    axes.bar_label(bars, fontsize=10)
    axes.set_ylabel("multiplications for one input vector", fontsize=10)
    axes.set_ylim(0, 1.15 * rows * columns)
    axes.tick_params(axis="x", labelsize=9)
