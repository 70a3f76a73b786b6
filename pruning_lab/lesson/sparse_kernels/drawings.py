"""Lesson 04's drawings: where a row of the matrix fetches its inputs from, who won which race, who wins where."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import ConnectionPatch, Rectangle

from pruning_lab import plots

LINE = 16  # float32 in a cache line of 64 bytes, the least that memory hands over on common processors
USED, FETCHED, LEFT = plots.COLOURS["kept"], "#F5C25B", plots.COLOURS["pruned"]  # a number's fate in one row's product


def two_walks():
    """Draw one row times x, dense and as a CSR, with letters to point at.

    Returns:
        a matplotlib Figure: above, the dense row over x (A is a pruned weight in it); below, the CSR row over x (B is a
        column index, C a number that is fetched and not used, D a line of x that stays where it is).
    """
    columns = np.array([2, 11, 13, 37, 52, 55])
    figure = Figure(figsize=(10, 4.6), layout="constrained")
    dense, sparse = figure.subplots(2, 1, height_ratios=(1, 1.25))
    kept = np.isin(np.arange(4 * LINE), columns)
    _strip(dense, 1.9, np.where(kept, USED, LEFT), "weights")
    _strip(dense, 0, np.full(kept.size, USED), "x")
    plots.draw_letter(dense, "A", 24.5, 2.4, size=11)
    lines = np.isin(np.arange(kept.size) // LINE, columns // LINE)
    places = 5 + 9 * np.arange(columns.size)
    for place, column in zip(places, columns, strict=True):
        sparse.add_patch(Rectangle((place, 3.4), 3, 1, facecolor=USED, edgecolor="white"))
        sparse.add_patch(Rectangle((place, 2.4), 3, 1, facecolor="white", edgecolor="black"))
        sparse.text(place + 1.5, 2.9, column, ha="center", va="center", fontsize=10)
        arrow = {"arrowstyle": "->", "color": "0.3"}
        sparse.add_patch(ConnectionPatch((place + 1.5, 2.4), (column + 0.5, 1.0), "data", "data", **arrow))
    for height, name in ((3.9, "values"), (2.9, "columns")):
        sparse.text(-1, height, name, ha="right", va="center", fontsize=11)
    _strip(sparse, 0, np.where(kept, USED, np.where(lines, FETCHED, LEFT)), "x")
    plots.draw_letter(sparse, "B", places[3] + 4.2, 2.9, size=11)
    plots.draw_letter(sparse, "C", 44.5, 0.5, size=11)
    plots.draw_letter(sparse, "D", 24.5, 0.5, size=11)
    dense.set_title("dense row: every weight meets its input, in order", fontsize=12)
    sparse.set_title("the same row in CSR: each value names its input, and goes there", fontsize=12)
    for axes, top in ((dense, 3.1), (sparse, 4.6)):
        axes.set(xlim=(-8, 65), ylim=(-0.2, top))
        axes.axis("off")
    return figure


def tiles_picture():
    """Draw one row of a matrix as a TiledCSR holds it, over x, with letters to point at.

    Returns:
        a matplotlib Figure: two tiles of columns, in each the values in fours (A is a filler) over one box for the four
        columns (B); below, x, of which the first tile's part lies in the first cache (C).
    """
    axes = plots.new_axes(10, 3.4)
    for tile, weights in enumerate((6, 4)):
        left, fours = 34 * tile, -(-weights // 4)
        for place in range(4 * fours):
            colour = USED if place < weights else LEFT
            axes.add_patch(Rectangle((left + 3 * place, 3.2), 2.8, 1, facecolor=colour, edgecolor="white"))
        for four in range(fours):
            axes.add_patch(Rectangle((left + 12 * four, 2.1), 11.8, 1, facecolor="white", edgecolor="black"))
            axes.text(left + 12 * four + 5.9, 2.6, "4 columns, 1 load", ha="center", va="center", fontsize=10)
        x_of_tile = FETCHED if tile else USED
        axes.add_patch(Rectangle((left, 0), 31, 1, facecolor=x_of_tile, edgecolor="black"))
        where = "its turn comes later" if tile else "in the first cache"
        axes.text(left + 15.5, 0.5, where, ha="center", va="center", fontsize=10, color="black" if tile else "white")
        axes.text(left + 15.5, 4.5, f"tile {tile + 1}", ha="center", fontsize=11)
    for height, name in ((3.7, "values"), (2.6, "columns"), (0.5, "x")):
        axes.text(-1, height, name, ha="right", va="center", fontsize=11)
    for letter, place, height in (("A", 25.4, 3.7), ("B", 25.4, 2.6), ("C", 32.5, 0.5)):
        plots.draw_letter(axes, letter, place, height, size=11)
    axes.set(xlim=(-8, 68), ylim=(-0.2, 5.2))
    axes.axis("off")
    return axes.figure


def _strip(axes, bottom, colours, name):
    """Draw numbers side by side as they lie in memory, with a gap's width of black where a cache line ends."""
    for place, colour in enumerate(colours):
        axes.add_patch(Rectangle((place, bottom), 1, 1, facecolor=colour, edgecolor="white", linewidth=0.6))
    for end in range(0, len(colours) + 1, LINE):
        axes.plot([end, end], [bottom - 0.15, bottom + 1.15], color="black", linewidth=1.6)
    axes.text(-1, bottom + 0.5, name, ha="right", va="center", fontsize=11)


def gather_frames(columns=32):
    """Return the storyboard of one CSR row at work: what is stored, then which cache lines of x it fetches.

    Args:
        columns: inputs of the layer, a multiple of 16.

    Returns:
        list of (title, draw(axes, sparsity)), for `storyboard`. A higher sparsity keeps some of the same columns.
    """
    order = np.random.default_rng(3).permutation(columns)

    def kept_at(sparsity):
        kept = np.zeros(columns, dtype=bool)
        kept[order[: columns - round(sparsity * columns)]] = True
        return kept

    return [
        ("one row: which weights stay", lambda axes, sparsity: _draw_row(axes, kept_at(sparsity))),
        ("batch 1: x lies in two lines", lambda axes, sparsity: _draw_lines(axes, kept_at(sparsity)[:, None])),
        ("batch of 16, batch last", lambda axes, sparsity: _draw_lines(axes, _batch(kept_at(sparsity), last=True))),
        ("batch of 16, batch first", lambda axes, sparsity: _draw_lines(axes, _batch(kept_at(sparsity), last=False))),
    ]


def _batch(kept, last):
    """Return which numbers of x one row uses: (in, LINE) with the batch last, (LINE, in) with the batch first."""
    used = np.repeat(kept[:, None], LINE, axis=1)
    return used if last else used.T


def lines_fetched(used):
    """Return which cache lines an access touches, (lines,) bool: those with at least one number that is used.

    Args:
        used: bool array of any shape, as it lies in memory; its size a multiple of 16.

    >>> lines_fetched(np.arange(32) == 20).tolist()
    [False, True]
    """
    return used.reshape(-1, LINE).any(axis=1)


def _draw_row(axes, kept):
    _cells(axes, np.where(kept, USED, LEFT).reshape(-1, LINE))
    for column in np.flatnonzero(kept):
        y, x = divmod(int(column), LINE)
        axes.text(x, y, column, ha="center", va="center", color="white", fontsize=8)
    count = int(kept.sum())
    stored = f"stored: {count} values and their columns, {6 * count} bytes"
    axes.set_xlabel(f"{stored}\n(all {kept.size} weights: {4 * kept.size} bytes)", fontsize=10)


def _draw_lines(axes, used):
    lines = lines_fetched(used)
    fate = np.where(lines[:, None], FETCHED, LEFT)
    _cells(axes, np.where(used.reshape(-1, LINE), USED, fate))
    axes.set_ylabel("cache line of x" if used.size > 2 * LINE else "line", fontsize=10)
    share = f"{used.sum()} of the {LINE * lines.sum()} numbers in them used"
    axes.set_xlabel(f"{lines.sum()} of {lines.size} lines fetched,\n{share}", fontsize=10)


def _cells(axes, colours):
    """Draw memory, one cache line in a row of squares."""
    for row, column in np.ndindex(colours.shape):
        square = Rectangle((column - 0.45, row - 0.45), 0.9, 0.9, facecolor=colours[row, column])
        axes.add_patch(square)
    axes.set(xlim=(-0.7, colours.shape[1] - 0.3), ylim=(colours.shape[0] - 0.3, -0.7), xticks=[], yticks=[])
    axes.set_aspect("equal" if len(colours) < LINE else "auto")
    axes.spines[:].set_visible(False)


def race(labels, published, rows, batch):
    """Draw dense over sparse time for every layer: the published machines, and this one with its quartiles.

    Args:
        labels: one a layer. published: {machine: a ratio for each layer}.
        rows: this machine's, one a layer, with ratio, ratio_q1 and ratio_q3.
    """
    axes = plots.new_axes(9, 3.8)
    axes.spines[["top", "right"]].set_visible(False)
    places = np.arange(len(labels))
    for number, (machine, ratios) in enumerate(published.items()):
        style = {
            "marker": plots.MARKERS[number + 1],
            "color": plots.SERIES[number + 1],
            "linestyle": "none",
            "markersize": 7,
        }
        axes.plot(places + 0.13 * (number - 1.5), ratios, label=f"{machine},\npublished", **style)
    ratios = np.array([row.ratio for row in rows])
    spread = np.abs([[row.ratio_q1 for row in rows], [row.ratio_q3 for row in rows]] - ratios)
    style = {"color": plots.SERIES[0], "markersize": 9, "capsize": 3, "ecolor": "black"}
    axes.errorbar(places + 0.2, ratios, yerr=spread, fmt="o", label="this machine", **style)
    axes.axhline(1, color=plots.COLOURS["limit"], linestyle="--", label="as fast as dense")
    axes.set_yscale("log", base=2)
    axes.yaxis.set_major_formatter(lambda value, _place: f"{value:g}")
    axes.set_xticks(places, [label.replace(" ", "\n", 1) for label in labels])  # so that words may be large
    axes.set_ylabel(f"dense time / sparse time,\nbatch {batch}")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    return axes


def crossover_maps(maps, densities, batches):
    """Draw crossover maps side by side.

    Args:
        maps: {title: (densities, batches) array of dense over sparse time}.
    """
    figure = Figure(figsize=(5.2 * len(maps), 4.2), layout="constrained")
    for axes, (title, ratios) in zip(figure.subplots(1, len(maps), squeeze=False).flat, maps.items(), strict=True):
        plots.crossover_map(densities, batches, ratios, ax=axes)
        axes.set_title(title, fontsize=12)
    return figure
