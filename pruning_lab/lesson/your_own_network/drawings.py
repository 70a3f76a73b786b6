"""Lesson 10's drawings: what a share of the time allows, what each kind of pruning gives, a choice in four frames."""

import numpy as np
from matplotlib.figure import Figure

from pruning_lab import plots
from pruning_lab.audit.verdicts import amdahl

LETTERS = {"A": (0.5, float("inf")), "B": (0.9, 2.0), "C": (0.2, float("inf")), "D": (0.9, float("inf"))}


def amdahl_picture():
    """Draw how much faster a network gets, against the share of its time that gets faster, with four points."""
    axes = plots.new_axes(7.2, 4.2)
    shares = np.linspace(0, 0.95, 96)
    for number, (faster, name) in enumerate(((2, "twice as fast"), (4, "four times"), (float("inf"), "gone"))):
        axes.plot(shares, [amdahl(share, faster) for share in shares], color=plots.SERIES[number], label=name)
    for letter, (share, faster) in LETTERS.items():
        axes.plot(share, amdahl(share, faster), "o", color="black")
        axes.annotate(letter, (share, amdahl(share, faster)), (-13, 3), textcoords="offset points", fontweight="bold")
    axes.set(
        xlabel="share of the network's time that the pruned layers take", ylabel="the whole network: times as fast"
    )
    axes.set(xlim=(0, 1), ylim=(0, 12))
    axes.grid(color="#E5E5E5")
    axes.legend(title="those layers become", frameon=False, loc="upper left")
    axes.spines[["top", "right"]].set_visible(False)
    return axes


KINDS = {
    "zeros left in place": ("zeros in place", None, "pruned"),
    "a quarter of the channels": ("smaller", 0.25, "blocks"),
    "half of the channels": ("smaller", 0.5, "structured"),
}


def kinds_picture(reports):
    """Draw, for each network, how fast it is with zeros in place and with fewer channels, against dense.

    Args:
        reports: {network: Audit}. What an audit did not reach is missing.
    """
    figure = Figure(figsize=(7.2, 1.3 + 0.9 * len(reports)), layout="constrained")
    axes = figure.add_subplot()
    for place, report in enumerate(reports.values()):
        for number, (name, (what, level, colour)) in enumerate(KINDS.items()):
            wanted = {"what": what} | ({"level": level} if level else {})
            for found in report.find("network", **wanted):
                spread = [[found.value - min(found.low, found.value)], [max(found.high, found.value) - found.value]]
                height, label = place + 0.26 * (number - 1), name if place == 0 else None
                axes.barh(height, found.value, 0.24, xerr=spread, color=plots.COLOURS[colour], label=label, capsize=3)
    axes.axvline(1, color="black", linestyle=":")
    axes.set_yticks(range(len(reports)), list(reports))
    axes.invert_yaxis()
    axes.set_xlabel("times as fast as dense, median and quartiles")
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def choice_frames(report, name):
    """Return four frames of one layer as the sparsity moves: its bytes, its time, the network's time, the channels.

    Args:
        report: an Audit of a network that has the layer `name`, with its bytes and its product.
    """
    return [
        ("the layer's bytes", lambda axes, sparsity: _bytes(axes, report, name, sparsity)),
        ("the layer's time", lambda axes, sparsity: _time(axes, report, name, sparsity)),
        ("the network's time", lambda axes, sparsity: _network(axes, report, name, sparsity)),
        ("the same share as channels", _channels),
    ]


def _bytes(axes, report, name, sparsity):
    [dense] = report.find("bytes", where=name, what="dense")
    for number, form in enumerate(("CSR", "Bitmask", "RelativeIndex")):
        found = sorted((f.level, 100 * f.value / dense.value) for f in report.find("bytes", where=name, what=form))
        axes.plot(*zip(*found, strict=True), marker=plots.MARKERS[number], color=plots.SERIES[number], label=form)
    _finish(axes, sparsity, "bytes [% of dense]", 100)


def _time(axes, report, name, sparsity):
    for number, kernel in enumerate(("CSR", "4x1 vectors")):
        found = sorted((f.level, 100 / f.value) for f in report.find("product", where=name, what=kernel))
        if found:
            marker, colour = plots.MARKERS[number], plots.SERIES[number]
            axes.plot(*zip(*found, strict=True), marker=marker, color=colour, label=kernel)
    _finish(axes, sparsity, "time [% of dense]", 100)


def _network(axes, report, name, sparsity):
    share = report.find("share", where=name)[0].value
    at = np.linspace(0, 0.95, 20)
    axes.plot(
        at,
        [100 / amdahl(share, 1 / (1 - level)) for level in at],
        color=plots.SERIES[0],
        label="if its time falls like its weights",
    )
    axes.axhline(100 * (1 - share), color=plots.SERIES[5], linestyle="--", label="without the layer")
    _finish(axes, sparsity, "time of the network [% of dense]", 100)


def _channels(axes, sparsity):
    at = np.linspace(0, 0.95, 20)
    axes.plot(at, 100 * (1 - at), color=plots.SERIES[0], label="one side cut")
    axes.plot(at, 100 * (1 - at) ** 2, color=plots.SERIES[1], label="both sides cut")
    _finish(axes, sparsity, "multiply-accumulates left [%]", 100)


def _finish(axes, sparsity, label, dense):
    axes.axhline(dense, color="black", linestyle=":", linewidth=1)
    axes.axvline(sparsity, color="#888888", linewidth=1)
    axes.set(xlabel="fraction pruned", ylabel=label, xlim=(0, 1), ylim=(0, None))
    axes.legend(fontsize=9, frameon=False)
