"""What to deploy? Models as points, good against cheap, and the front of those that no other beats in both."""

from itertools import cycle

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from pruning_lab import plots

COSTS = {  # what its axis says, and in which unit
    "bytes": ("file, kilobytes", 1000),
    "time": ("time, dense = 1", 1),
    "energy": ("energy, µJ (estimate)", 1),
}


def frontier(rows):
    """Draw accuracy against each cost that the rows have; models on the front are filled, the others hollow.

    A model is on the front if no other is at least as good and at least as cheap, and better in one of the two.

    Args:
        rows: list of dicts with a "name", an "accuracy" in [0, 1], and costs: "bytes", "time", "energy". A cost that
            is None leaves its model out of that picture; one that no row has gets no picture.

    Returns:
        a matplotlib Figure.

    Raises:
        ValueError: a row without a name or an accuracy, or no costs at all.

    >>> rows = [{"name": "dense", "accuracy": 0.9, "bytes": 4000}, {"name": "small", "accuracy": 0.8, "bytes": 100}]
    >>> len(frontier(rows).axes)
    1
    """
    missing = [row for row in rows if not {"name", "accuracy"} <= set(row)]
    if missing:
        raise ValueError(f"rows must have a name and an accuracy; got {missing[0]}")
    shown = [cost for cost in COSTS if any(row.get(cost) is not None for row in rows)]
    if not shown:
        raise ValueError(f"rows must have at least one cost of {', '.join(COSTS)}; got {rows}")
    figure = Figure(figsize=(3.4 * len(shown) + 0.6, 4.8), layout="constrained")
    panels = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    for axes, cost in zip(panels, shown, strict=True):
        _draw(axes, rows, cost)
    panels[0].set_ylabel("accuracy (fraction right)")
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    return figure


def on_front(rows, cost):
    """Return the names of the models that no other beats at accuracy and at this cost, cheapest first.

    >>> rows = [{"name": n, "accuracy": a, "time": t} for n, a, t in [("a", 0.9, 1), ("b", 0.8, 2), ("c", 0.95, 3)]]
    >>> on_front(rows, "time")
    ['a', 'c']
    """
    rows = [row for row in rows if row.get(cost) is not None]
    best = [row for row in rows if not any(_beats(other, row, cost) for other in rows)]
    return [row["name"] for row in sorted(best, key=lambda row: row[cost])]


def _beats(other, row, cost):
    no_worse = other["accuracy"] >= row["accuracy"] and other[cost] <= row[cost]
    return no_worse and (other["accuracy"] > row["accuracy"] or other[cost] < row[cost])


def _draw(axes, rows, cost):
    front, (words, unit) = on_front(rows, cost), COSTS[cost]
    for row, colour, marker in zip(rows, cycle(plots.SERIES), cycle(plots.MARKERS + "*"), strict=False):
        value = [] if row.get(cost) is None else [row[cost] / unit]
        face = colour if row["name"] in front else "none"
        look = {"color": colour, "marker": marker, "markerfacecolor": face, "markersize": 9, "linestyle": "none"}
        axes.plot(value, [row["accuracy"]] * len(value), label=row["name"], **look)
    by_name = {row["name"]: row for row in rows}
    points = [(by_name[name][cost] / unit, by_name[name]["accuracy"]) for name in front]
    axes.plot(*zip(*points, strict=True), color="0.7", linewidth=1, zorder=0)
    axes.set(xscale="log", xlabel=words)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 3), numticks=9))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.margins(x=0.12, y=0.15)
    axes.spines[["top", "right"]].set_visible(False)
