"""Lesson 03's drawings: formats as boxes of numbers, and bytes against density."""

from itertools import cycle

import numpy as np
import torch
from matplotlib.figure import Figure

from pruning_lab import masks, plots, sparse
from pruning_lab.lesson.sparse_storage.experiments import DENSITIES, FORMATS, share_of_dense


def arrays_picture(rows):
    """Draw named arrays as boxes in a row, one array below the other.

    Args:
        rows: {name: sequence of numbers or strings}.

    Returns:
        a matplotlib Figure.
    """
    longest = max(len(values) for values in rows.values())
    figure = Figure(figsize=(1.6 + 0.52 * longest, 0.3 + 0.42 * len(rows)), layout="constrained")
    draw_arrays(figure.add_subplot(), rows)
    return figure


def draw_arrays(axes, rows):
    """Draw {name: values} as rows of boxes on `axes`; a filler's 0 is grey."""
    longest = max(len(values) for values in rows.values())
    size = 9 if longest < 10 else 7
    for place, (name, values) in enumerate(rows.items()):
        axes.text(-0.7, place, name, ha="right", va="center", fontsize=10)
        for k, value in enumerate(values):
            colour = plots.COLOURS["pruned"] if value == "filler" else "#E8F1F8"
            box = {"boxstyle": "square,pad=0.3", "facecolor": colour, "edgecolor": "0.5"}
            axes.text(
                k, place, "0" if value == "filler" else f"{value}", ha="center", va="center", fontsize=size, bbox=box
            )
    axes.set(xlim=(-4, longest), ylim=(len(rows) - 0.4, -0.6), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def relative_rows(relative):
    """Return the arrays of a RelativeIndex for `draw_arrays`, its fillers marked."""
    values = ["filler" if value == 0 else f"{value:g}" for value in relative.data]
    return {"gap": relative.gaps.tolist(), "value": values}


def storage_frames(weight, index_bits=2):
    """Return the storyboard of one small matrix: pruned, as CSR, as a relative index, and what each takes.

    Args:
        weight: (rows, columns) float32 array, small enough to be read.
        index_bits: bits of a gap; two, so that fillers appear.

    Returns:
        list of (title, draw(axes, sparsity)), for `storyboard`.
    """

    def pruned(sparsity):
        return weight * masks.mask_unstructured(torch.from_numpy(np.abs(weight)), sparsity).numpy()

    def matrix(axes, sparsity):
        array = torch.from_numpy(pruned(sparsity))
        plots.draw_numbers(axes, array, array != 0)

    def rows(axes, sparsity):
        csr = sparse.CSR.from_dense(pruned(sparsity))
        values = [f"{value:.1f}" for value in csr.data]
        draw_arrays(axes, {"data": values, "indices": csr.indices.tolist(), "indptr": csr.indptr.tolist()})

    def gaps(axes, sparsity):
        relative = sparse.RelativeIndex.from_dense(pruned(sparsity), index_bits)
        values = ["filler" if value == 0 else f"{value:.1f}" for value in relative.data]
        draw_arrays(axes, {"gap": relative.gaps.tolist(), "value": values})

    def sizes(axes, sparsity):
        array = pruned(sparsity)
        forms = {
            "dense": array,
            "CSR": sparse.CSR.from_dense(array),
            "bitmask": sparse.Bitmask.from_dense(array),
            "relative": sparse.RelativeIndex.from_dense(array, index_bits),
        }
        bars = axes.bar(list(forms), [form.nbytes for form in forms.values()], color=plots.SERIES[: len(forms)])
        axes.bar_label(bars, fontsize=10)
        axes.set_ylabel("bytes", fontsize=10)
        axes.set_ylim(0, 2.1 * array.nbytes)

    return [
        ("the pruned matrix", matrix),
        ("CSR: three arrays", rows),
        (f"relative index: gaps of {index_bits} bits", gaps),
        ("what each takes", sizes),
    ]


def bytes_figure(shape, density=None):
    """Draw the bytes of every format against the density, as shares of dense float32; returns a matplotlib Figure."""
    figure = Figure(figsize=(8.4, 4.2), layout="constrained")
    axes = figure.add_subplot()
    looks = zip(cycle(plots.SERIES), cycle(plots.MARKERS), cycle(["-", "--"]), cycle([0, 1]), strict=False)
    for name, (colour, marker, line, first) in zip(FORMATS, looks, strict=False):
        shares = [share_of_dense(name, shape, d) for d in DENSITIES]
        # COO lies under CSR with int32 columns: dashes, and markers in turn, show both.
        style = {"color": colour, "marker": marker, "linestyle": line, "markevery": (first, 2), "markersize": 5}
        axes.plot(DENSITIES, shares, label=name, **style)
    axes.axhline(1, color=plots.COLOURS["limit"], linestyle=":", label="dense float32")
    if density is not None:
        axes.axvline(density, color="0.6", linewidth=1)
    axes.set(
        xlabel="density (fraction of weights kept)", ylabel="bytes, as a share of dense", xlim=(0, 1), ylim=(0, 2.2)
    )
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure
