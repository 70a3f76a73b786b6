"""Lesson 09's drawings: how small against how good, and what the bytes of a file are."""

from itertools import cycle

from matplotlib.figure import Figure

from pruning_lab import plots
from pruning_lab.lesson.deep_compression.experiments import frontier

METHODS = {"pipeline": "shared values, Huffman codes", "rival": "integers and lzma"}
GROUPS = {  # what a part of a .pruned file is for, by the beginning of its description
    "where the survivors are": ("steps in", "code lengths of the steps"),
    "which values they have": ("values in Huffman", "code lengths of the values", "codebook"),
    "biases and other numbers": ("numbers",),
}


def frontier_figure(rows, network, against="dense"):
    """Draw the change of validation accuracy against the ratio of sizes, a line for each method and sparsity.

    Bars reach from the lowest to the highest of the seeds.

    Args:
        rows, network, against: as for `experiments.frontier`.

    Returns:
        a matplotlib Figure.
    """
    figure = Figure(figsize=(8.4, 4.4), layout="constrained")
    axes = figure.add_subplot()
    for (method, words), dash in zip(METHODS.items(), ("-", "--"), strict=True):
        lines = frontier(rows, network, method, against)
        sparsities = sorted({line["sparsity"] for line in lines})
        for sparsity, colour, marker in zip(sparsities, cycle(plots.SERIES), cycle(plots.MARKERS), strict=False):
            some = [line for line in lines if line["sparsity"] == sparsity]
            bars = [[line["change"] - line["low"] for line in some], [line["high"] - line["change"] for line in some]]
            label = f"{100 * sparsity:g} % pruned, {words}"
            ratios, changes = [line["ratio"] for line in some], [line["change"] for line in some]
            axes.errorbar(ratios, changes, bars, color=colour, marker=marker, linestyle=dash, capsize=3, label=label)
    axes.axhline(0, color=plots.COLOURS["limit"], linewidth=1)
    axes.set(xlabel="times smaller than dense float32", ylabel="change of validation accuracy, points")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def bytes_by_group(parts):
    """Return {what for: bytes} of a .pruned file, from `compress.file_parts`; what is left over is its headers.

    >>> from pruning_lab.compress import Part
    >>> bytes_by_group([Part(0, 8, "", "magic"), Part(8, 5, "fc1.weight", "codebook")])["which values they have"]
    5
    """
    sizes = dict.fromkeys([*GROUPS, "names, shapes, checksum"], 0)
    for part in parts:
        group = next(
            (name for name, starts in GROUPS.items() if part.what.startswith(starts)), "names, shapes, checksum"
        )
        sizes[group] += part.size
    return sizes
