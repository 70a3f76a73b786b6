"""Lesson 07's explorer: heads and width gone from every block, and what four measures say of what is left."""

from matplotlib.figure import Figure

from pruning_lab import plots
from pruning_lab.lesson.frame.explorer import Explorer, Steps
from pruning_lab.lesson.real_transformer.results import MEASURES

SHORT = {"found": "found", "neighbours": "neighbours", "refit": "fitted anew", "old": "old one"}  # beside a picture
COLOURS = dict(zip(MEASURES, plots.SERIES, strict=False))


def explore_structure(rows, whole):
    """Explore the networks that are left when heads and feed-forward channels go, the same number from each block.

    Args:
        rows: those of the part "grid" of what `measure_again` wrote. whole: the row of the whole network.

    Returns:
        an Explorer.
    """
    heads, widths = sorted({row["heads"] for row in rows}), sorted({row["width"] for row in rows})
    found = {(row["heads"], row["width"]): row for row in rows}
    states = [found[head, width] for head in heads for width in widths]
    shown = [_rows(state, whole) for state in states]
    facts = {
        "measures": [{"name": name, "colour": COLOURS[key], "whole": whole[key][0]} for key, name in MEASURES.items()],
        "states": [[state[key] for key in MEASURES] for state in states],
        "work": [state["macs"] / whole["macs"] for state in states],
        "widths": len(widths),
        "rows": shown,
        "words": [", ".join(f"{name} {value}" for name, value in row) for row in shown],
    }
    knobs = [
        Steps("Heads gone from each block, of 12", tuple(map(str, heads)), "place"),
        Steps("Width gone from each block", tuple(f"{width / 16:g}" for width in widths), "choice"),
    ]
    header = ["heads gone, of 12", "width gone", "work left", *MEASURES.values()]
    alt = (
        "Two panels, measures of the network that is left, with intervals: against heads gone from each block, and "
        "against width gone. The two classifiers fall little, words found and neighbours kept more."
    )
    table = [
        [state["heads"], f"{state['width'] / 16:g}", *(value for _, value in _rows(state, whole)[2:])]
        for state in states
        if not (state["heads"] and state["width"])
    ]
    return Explorer("kept", knobs, facts, structure_figure(rows), [header, *table], alt)


def _rows(state, whole):
    """Return what one network keeps: [(what, value)]."""
    return [
        ("heads gone", f"{state['heads']} of 12"),
        ("width gone", f"{state['width'] / 16:g}"),
        ("work left", f"{state['macs'] / whole['macs']:.2f}"),
        *((SHORT[key], "{:.2f} ({:.2f}-{:.2f})".format(*state[key])) for key in MEASURES),
    ]


def structure_figure(rows):
    """Draw the four measures against heads gone, and against width gone; return a Figure."""
    figure = Figure(figsize=(10, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for axes, gone, other, per in ((left, "heads", "width", 12), (right, "width", "heads", 16)):
        chosen = sorted((row for row in rows if not row[other]), key=lambda row: row[gone])
        for number, (key, name) in enumerate(MEASURES.items()):
            draw_measure(axes, [row[gone] / per for row in chosen], [row[key] for row in chosen], number, name)
        axes.set_xlabel(f"fraction of the {gone} gone from each block")
        axes.spines[["top", "right"]].set_visible(False)
    left.set(ylim=(0, 1.02), ylabel="share")
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
    return figure


def draw_measure(axes, places, measures, number, name):
    """Draw one measure with its intervals: means as a line, intervals as bars."""
    means, lows, highs = zip(*measures, strict=True)
    reach = [[m - low for m, low in zip(means, lows, strict=True)], [h - m for m, h in zip(means, highs, strict=True)]]
    look = {"color": plots.SERIES[number], "marker": plots.MARKERS[number], "capsize": 3, "label": name}
    axes.errorbar(places, means, yerr=reach, **look)
