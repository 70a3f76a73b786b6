"""Small matrices drawn square by square, so that an idea can be pointed at: cells, their numbers, lettered discs."""

from functools import lru_cache

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.textpath import TextPath

from pruning_lab.plots.style import COLOURS


def draw_cells(axes: Axes, mask: np.ndarray) -> None:
    """Draw a matrix as squares: kept ones blue, pruned ones grey."""
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
