"""Lesson 01's drawings: the two kinds of zeros, magnitude pruning step by step, four masks and their times."""

import numpy as np
import torch
from matplotlib.collections import PolyCollection
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from pruning_lab import masks, plots, scores


def first_idea(sparsity=0.5, size=12):
    """Draw the same number of zeros as scattered points and as whole columns, with letters to point at.

    Returns:
        a matplotlib Figure: on the left the scattered mask (A is a zero in it, C the shape that a dense product sees),
        on the right whole columns (B is one that goes, D the shape).
    """
    made_up = torch.from_numpy(np.random.default_rng(0).random((size, size)))
    scattered = masks.mask_unstructured(made_up, sparsity).numpy()
    columns = np.zeros_like(scattered)
    columns[:, masks.keep_channels(made_up.sum(dim=0), sparsity).numpy()] = True
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    for axes, mask, title in zip(
        figure.subplots(1, 2), (scattered, columns), ("scattered zeros", "whole columns"), strict=True
    ):
        plots.draw_cells(axes, mask)
        axes.set_title(f"{title}: {int((~mask).sum())} of {mask.size} weights go", fontsize=12)
    left, right = figure.axes
    row, column = np.argwhere(~scattered)[len(np.argwhere(~scattered)) // 2]
    plots.draw_letter(left, "A", column, row)
    gone = int(np.flatnonzero(~columns.any(axis=0))[0])
    plots.draw_letter(right, "B", gone, size // 2)
    left.set_xlabel(f"C   the dense product sees\n{size} x {size}, as before", fontsize=11)
    kept = int(columns.any(axis=0).sum())
    right.set_xlabel(f"D   the dense product sees\n{size} x {kept}", fontsize=11)
    return figure


def pruning_frames(weight):
    """Return the storyboard of magnitude pruning on a small matrix: weights, scores, mask, what the machine runs.

    Args:
        weight: (rows, columns) float32 tensor, small enough for its numbers to be read: 6 x 6, say.

    Returns:
        list of (title, draw(axes, sparsity)), for `storyboard`.
    """
    return [
        ("weights", lambda axes, sparsity: plots.draw_numbers(axes, weight, mask=None)),
        ("scores |w|", lambda axes, sparsity: plots.draw_numbers(axes, scores.magnitude_scores(weight), mask=None)),
        ("mask", lambda axes, sparsity: _draw_mask(axes, weight, sparsity)),
        ("what the machine runs", lambda axes, sparsity: _draw_products(axes, weight, sparsity)),
    ]


def _draw_mask(axes, weight, sparsity):
    magnitudes = scores.magnitude_scores(weight)
    mask = masks.mask_unstructured(magnitudes, sparsity)
    plots.draw_numbers(axes, weight, mask)
    gone = magnitudes[~mask]
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


def mask_figure(patterns, window=32):
    """Draw the top left `window` x `window` corner of each pattern's mask, side by side."""
    figure = Figure(figsize=(2.5 * len(patterns), 2.5), layout="constrained")
    for axes, pattern in zip(figure.subplots(1, len(patterns), squeeze=False).flat, patterns.values(), strict=True):
        plots.mask_picture(torch.from_numpy(pattern.mask[:window, :window]), ax=axes)
        axes.set_title(pattern.name, fontsize=11)
        axes.set_xlabel("")  # the shares in this corner differ from those of the whole matrix, which the table gives
    return figure


def time_figure(measured):
    """Draw the speed-ups as bars, one panel for each batch size, with a line where pruning changes nothing."""
    figure = Figure(figsize=(10, 3), layout="constrained")
    for axes, (batch, by_name) in zip(figure.subplots(1, len(measured), sharey=True), measured.items(), strict=True):
        places = np.arange(len(by_name))
        for offset, kernel, colour in ((-0.2, "dense product", "dense"), (0.2, "its own product", "structured")):
            rows = [pair[offset > 0] for pair in by_name.values()]
            ratios = np.array([row.ratio for row in rows])
            spread = np.abs([[row.ratio_q1 for row in rows], [row.ratio_q3 for row in rows]] - ratios)
            axes.barh(
                places + offset,
                ratios,
                height=0.38,
                xerr=spread,
                capsize=2,
                ecolor="0.6",
                color=plots.COLOURS[colour],
                label=kernel,
            )
        axes.axvline(1, color=plots.COLOURS["limit"], linewidth=1.5, linestyle="--")
        axes.set_yticks(places, by_name)
        axes.set_xlabel("times as fast as unpruned dense")
        axes.set_title(f"batch {batch}", fontsize=11)
    axes.invert_yaxis()  # shared: the first pattern on top in every panel
    axes.legend(fontsize=9)
    return figure


def full_square(weight):
    """Return the magnitude whose square fills its place in `painted_figure`: three times the root mean square."""
    return 3 * float(np.sqrt(np.mean(np.square(weight, dtype=np.float64))))


def painted_figure(weight, masks_by_title):
    """Draw a block of weights under several masks, side by side.

    Each weight is a square with the area of its own square, so that the coloured area is what a mask keeps. Larger ones
    than `full_square` fill their place and no more.
    """
    figure = Figure(figsize=(2.7 * len(masks_by_title), 3), layout="constrained")
    half = np.minimum(np.abs(weight) / full_square(weight), 1) / 2
    rows, columns = np.indices(weight.shape)
    corners = [np.stack([columns + x * half, rows + y * half], -1) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    squares = np.stack(corners, 2)
    for axes, (title, mask) in zip(figure.subplots(1, len(masks_by_title)), masks_by_title.items(), strict=True):
        axes.imshow(~mask, cmap=ListedColormap(["white", plots.COLOURS["pruned"]]), vmin=0, vmax=1)
        axes.add_collection(PolyCollection(squares[mask], facecolors=plots.COLOURS["kept"]))
        axes.add_collection(PolyCollection(squares[~mask], facecolors="0.6"))
        axes.set_title(title, fontsize=11)
        axes.set(xticks=[], yticks=[])
    return figure
