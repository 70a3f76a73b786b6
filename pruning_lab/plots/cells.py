"""Small matrices drawn square by square, so that an idea can be pointed at: cells, their numbers, lettered discs."""

import re
from functools import lru_cache

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.textpath import TextPath

from pruning_lab.checks import check_initialised, check_mask, check_values
from pruning_lab.plots.style import COLOURS


def draw_cells(axes: Axes, mask: np.ndarray) -> None:
    """Draw a matrix of bool as squares: kept ones blue, pruned ones grey."""
    if not isinstance(mask, np.ndarray) or mask.dtype != bool:
        got = f"dtype {mask.dtype}" if hasattr(mask, "dtype") else type(mask).__name__
        raise TypeError(f"mask must be a NumPy array of bool (True keeps); got {got}")
    if mask.ndim != 2 or not mask.size:
        raise ValueError(f"mask must have 2 axes and at least one entry; got shape {mask.shape}")
    rows, columns = mask.shape
    palette = ListedColormap([COLOURS["pruned"], COLOURS["kept"]])
    edges = np.arange(columns + 1) - 0.5, np.arange(rows + 1) - 0.5
    axes.pcolormesh(*edges, mask, cmap=palette, vmin=0, vmax=1, edgecolors="white", linewidth=3)
    axes.set(xlim=(-0.7, columns - 0.3), ylim=(rows - 0.3, -0.7), aspect="equal", xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def draw_letter(axes: Axes, letter: str, x: float, y: float, size: float = 12) -> None:
    """Draw a letter on a disc at a place in the data, to point at."""
    circle = {"boxstyle": "circle,pad=0.25", "facecolor": COLOURS["unstructured"], "edgecolor": "black"}
    axes.text(x, y, letter, ha="center", va="center", fontsize=size, fontweight="bold", bbox=circle)


def draw_numbers(axes: Axes, values: torch.Tensor, mask: torch.Tensor | None) -> None:
    """Write each value in its square; a pruned one is a grey square with a faint 0."""
    if not isinstance(values, torch.Tensor) or check_initialised(values, "values").is_complex():
        got = f"dtype {values.dtype}" if isinstance(values, torch.Tensor) else type(values).__name__
        raise TypeError(f"values must be a torch.Tensor of real numbers; got {got}")
    if values.ndim != 2 or not values.numel():
        raise ValueError(f"values must have 2 axes and at least one entry; got shape {tuple(values.shape)}")
    numbers = check_values(values, "values").detach().cpu().double().numpy()
    stays = np.ones(numbers.shape, dtype=bool)
    if mask is not None:
        stays = check_values(check_mask(mask), "mask").cpu().numpy()
        if stays.shape != numbers.shape:
            raise ValueError(f"mask must have the shape of values, {numbers.shape}; got {stays.shape}")
    draw_cells(axes, stays)
    _write(axes, {place: _short(numbers[place]) for place in zip(*np.nonzero(stays), strict=True)}, "white")
    _write(axes, dict.fromkeys(zip(*np.nonzero(~stays), strict=True), "0"), "0.35")


def _short(number):
    """Return a number to two places, without a leading zero: .25, -.50, 10.50."""
    text = f"{number:.2f}"
    return re.sub(r"^(-?)0\.", r"\1.", text)


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
