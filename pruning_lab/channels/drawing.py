"""A network's groups in one picture: for each weight a strip of its columns and one of its rows."""

import re
from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patheffects import withStroke

from pruning_lab.plots import COLOURS, new_axes
from pruning_lab.plots.style import shade

from .groups import ChannelGroup, ChannelGroups

MOST = 60  # weights; more do not fit a page
ROWS, WORDS = 1.2, 2.36  # where the strips of rows and the words begin; those of columns begin at 0, all are 1 at most


def groups_picture(groups: ChannelGroups, ax: Axes | None = None) -> Axes:
    """Draw which channels go together: squares of one colour and number are one group, of one shade one unit.

    Each weight has a strip for its columns (its inputs, mostly) and one for its rows (its outputs), as long as the
    root of their number. Grey stays whole. Biases and norms are left out: they go with the rows of their layer.

    Args:
        groups: what `channel_groups` found.
        ax: axes to draw on; None makes a figure, as high as the network has weights.

    Returns:
        The axes. `ax.images` are the strips, from top to bottom, columns before rows; `ax.texts` has the words.

    >>> import torch
    >>> from torch import nn
    >>> from pruning_lab.channels import channel_groups
    >>> axes = groups_picture(channel_groups(nn.Sequential(nn.Linear(3, 8), nn.Linear(8, 2)), torch.ones(1, 3)))
    >>> [image.get_array().shape[1] for image in axes.images]
    [3, 8, 8, 2]
    """
    if not isinstance(groups, ChannelGroups):
        raise TypeError(f"groups must be what channel_groups returned; got {type(groups).__name__}")
    weights = drawn_weights(groups)
    shown, more = weights[:MOST], len(weights) - MOST
    ax = new_axes(10, 0.24 * len(shown) + 0.7) if ax is None else ax
    widest = max((size for weight in shown for size in _sizes(groups, weight)), default=1)
    for y, weight in enumerate(shown):
        rows, columns = _sizes(groups, weight)
        for axis, x, size in ((1, 0.0, columns), (0, ROWS, rows)):
            _draw_strip(ax, groups, (weight, axis), x, y, size, (size / widest) ** 0.5)
        if words := _words(groups, weight):
            ax.text(WORDS, y, words, va="center", fontsize=8.5)
    ax.set_yticks(range(len(shown)), [_short(name.removesuffix(".weight"), -36) for name in shown], fontsize=9)
    titles = ["columns (inputs)", "rows (outputs)", f"{more} more weights are left out" if more > 0 else ""]
    ax.set_xticks([0, ROWS, WORDS], titles, ha="left", fontsize=10)
    ax.set(xlim=(-0.02, 4.1), ylim=(len(shown) - 0.4, -0.6), aspect="auto")
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return ax


def drawn_weights(groups: ChannelGroups) -> list[str]:
    """Return the names of what multiplies, is looked up, or has a group of its own, in the order of the model."""
    axes, macs = groups.trace.canvas.axes, groups.trace.canvas.macs
    owned = {name for group in groups for name, axis in group.axes if axis == 1} | set(groups.refused)
    return [name for name in dict.fromkeys(name for name, _ in axes) if name in macs or name in owned]


def _sizes(groups, weight):
    """Return the number of rows and of columns of a weight."""
    axes = groups.trace.canvas.axes
    return [len(axes[weight, axis]) if (weight, axis) in axes else 1 for axis in (0, 1)]


def _draw_strip(ax, groups, place, x, y, size, width):
    colours = np.full((1, size, 3), to_rgb(COLOURS["pruned"]))
    for number, group in enumerate(groups):
        unit = group.axes.get(place)
        if unit is not None:
            shades = np.array([to_rgb(shade(number, one, group.size)) for one in range(group.size)])
            colours[0, unit >= 0] = shades[unit[unit >= 0]]
            for start, stop in _runs((unit >= 0).numpy()):
                if (stop - start) / size * width > 0.025:
                    _write_number(ax, number + 1, x + (start + stop) / 2 / size * width, y)
    ax.imshow(colours, extent=(x, x + width, y + 0.4, y - 0.4), interpolation="nearest", aspect="auto")
    for edge in range(1, size) if width / size > 0.008 else ():
        ax.plot([x + edge / size * width] * 2, [y - 0.4, y + 0.4], color="white", linewidth=0.6)
    ax.text(x + width + 0.01, y, str(size), va="center", fontsize=8, color="0.4")


def _runs(mask: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield (start, stop) of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(int), [0]])))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _write_number(ax, number, x, y):
    halo = [withStroke(linewidth=2, foreground="white")]
    ax.text(x, y, str(number), ha="center", va="center", fontsize=8, fontweight="bold", path_effects=halo)


def _words(groups, weight):
    """Return which groups begin at a weight, or else why its rows stay."""
    begin = [_named(number, group) for number, group in enumerate(groups, 1) if group.name.split("#")[0] == weight]
    stays = all((weight, 0) not in group.axes for group in groups)
    if stays and weight in groups.refused:
        reason = groups.refused[weight].split(":")[0].replace("native_", "")
        begin.append("stays: " + re.sub(r"[\w.]{17,}", lambda found: _short(found[0], -16), reason))
    return _short("; ".join(begin), 48)


def _named(number: int, group: ChannelGroup) -> str:
    return f"group {number}: {group.size} x {group.kind}"


def _short(text, most):
    """Return the beginning of a text, or its end where `most` is negative."""
    if len(text) <= abs(most):
        return text
    return f"{text[: most - 1]}…" if most > 0 else f"…{text[most + 1 :]}"
