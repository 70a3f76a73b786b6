"""Lesson 09's drawings: a small matrix step by step, bytes by part, how small against how good, zeros against bits."""

from itertools import cycle

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from pruning_lab import compress, masks, plots, sparse
from pruning_lab.compress.huffman import huffman_bits
from pruning_lab.lesson.deep_compression.bits import DENSITIES, RIVALS, bits_by_format
from pruning_lab.lesson.deep_compression.experiments import frontier

METHODS = {"pipeline": "shared, Huffman", "rival": "integers, lzma"}
CHANGE = "validation accuracy,\nchange in points"
PARTS = {"values": plots.SERIES[0], "places": plots.SERIES[1]}


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
            label = f"{100 * sparsity:g} %, {words}"
            ratios, changes = [line["ratio"] for line in some], [line["change"] for line in some]
            axes.errorbar(ratios, changes, bars, color=colour, marker=marker, linestyle=dash, capsize=3, label=label)
    axes.axhline(0, color=plots.COLOURS["limit"], linewidth=1)
    axes.set(xlabel="times smaller than dense float32", ylabel=CHANGE)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    return _tidy(figure)


def networks_figure(measured, against, points=0.5):
    """Draw every file of every network as a point, times smaller against validation; the chosen ones have a ring.

    Args:
        measured: {"rows": rows of `experiments.compress_network`, "test": what was chosen}.
        against: as for `experiments.frontier`. points: what a chosen file may lose.
    """
    figure = Figure(figsize=(8.4, 4.6), layout="constrained")
    axes = figure.add_subplot()
    networks = list(dict.fromkeys(row["network"] for row in measured["rows"]))
    for network, colour, marker in zip(networks, plots.SERIES, plots.MARKERS, strict=False):
        for method, words in METHODS.items():
            lines = frontier(measured["rows"], network, method, against)
            face = colour if method == "pipeline" else "none"
            ratios, changes = [line["ratio"] for line in lines], [line["change"] for line in lines]
            axes.plot(ratios, changes, marker, color=colour, markerfacecolor=face, label=f"{network}: {words}")
    rings = [read["line"] for read in measured["test"] if read["line"]]
    ring = {"markersize": 15, "markerfacecolor": "none", "color": plots.COLOURS["limit"], "label": "chosen"}
    axes.plot([line["ratio"] for line in rings], [line["change"] for line in rings], "o", **ring)
    axes.axhline(-points, color=plots.COLOURS["limit"], linewidth=1)
    axes.set(xscale="log", xlabel="times smaller than dense float32", ylabel=CHANGE)
    axes.set_xticks((15, 20, 30, 40, 60, 80), ("15", "20", "30", "40", "60", "80"))
    axes.minorticks_off()
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    return _tidy(figure)


def three_steps(weight, sparsity=0.5, bits=2):
    """Draw a small matrix as it is, pruned, with shared values, and as the codes of its survivors; returns a Figure."""
    figure = Figure(figsize=(11, 3.2), layout="constrained")
    for axes, (title, draw) in zip(figure.subplots(1, 4), small_frames(weight, bits)[:4], strict=True):
        draw(axes, sparsity)
        axes.set_title(title, fontsize=12)
    return figure


def small_frames(weight, bits=2):
    """Return the storyboard of one small matrix: as it is, pruned, shared, as codes; then the codebook and the bits.

    Args:
        weight: (rows, columns) float tensor, small enough to be read.

    Returns:
        list of (title, draw(axes, sparsity)), an even number of them, for `lesson.storyboard`.
    """

    def pruned(sparsity):
        return masks.mask_unstructured(weight.abs(), sparsity)

    def shared(sparsity):
        return compress.share_weights(weight, pruned(sparsity), bits)

    def as_it_is(axes, _sparsity):
        plots.draw_numbers(axes, weight, None)

    def after_pruning(axes, sparsity):
        plots.draw_numbers(axes, weight, pruned(sparsity))

    def after_sharing(axes, sparsity):
        plots.draw_numbers(axes, torch.from_numpy(shared(sparsity).to_dense()), pruned(sparsity))

    def as_codes(axes, sparsity):
        found, mask = shared(sparsity), pruned(sparsity)
        codes = torch.zeros(mask.shape, dtype=torch.float32)
        codes[mask] = torch.from_numpy(found.codes.astype(np.float32))
        _draw_codes(axes, codes.numpy(), mask.numpy(), found)

    def codebook(axes, sparsity):
        found = shared(sparsity)
        counts = np.bincount(found.codes, minlength=found.codebook.size)
        lengths = compress.huffman_code_lengths(found.codes)
        words = compress.huffman_codes(lengths)
        axes.bar(range(counts.size), counts, color=plots.COLOURS["kept"])
        names = [f"{value:.2f}\n{words.get(code, '-')}" for code, value in enumerate(found.codebook)]
        axes.set_xticks(range(counts.size), names, fontsize=10)
        axes.set(ylabel="survivors", ylim=(0, weight.numel() * 0.75))
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))

    def sizes(axes, sparsity):
        found = shared(sparsity)
        relative = sparse.RelativeIndex.from_dense(found.mask.reshape(1, -1).astype(np.float32), 2)
        steps = np.where(relative.data, relative.gaps, 2**2)  # a filler is a symbol of its own, as in a file
        bars = [weight.numel() * 32, relative.stored * (32 + 2), relative.stored * (bits + 2)]
        bars.append(huffman_bits(found.codes) + huffman_bits(steps))
        drawn = axes.bar(["dense", "pruned", "shared", "Huffman"], bars, color=plots.SERIES[:4])
        axes.bar_label(drawn, fontsize=10)
        axes.set_yscale("log", base=2)
        axes.set(ylabel="bits, without codebook and tables", ylim=(1, 2 * weight.numel() * 32))

    return [
        ("32 bits each", as_it_is),
        ("small ones pruned", after_pruning),
        (f"{2**bits} shared values", after_sharing),
        (f"codes of {bits} bits", as_codes),
        ("value, and its Huffman word", codebook),
        ("what each step leaves", sizes),
    ]


def _draw_codes(axes, codes, mask, found):
    colours = ["#56B4E9", "#F0E442", "#E69F00", "#CC79A7"] * (1 + found.codebook.size // 4)
    plots.draw_cells(axes, mask)
    for (row, column), stays in np.ndenumerate(mask):
        if stays:
            code = int(codes[row, column])
            cell = {"facecolor": colours[code], "edgecolor": "white", "linewidth": 3}  # as draw_cells has it
            axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, **cell))
            axes.text(column, row, f"{code}", ha="center", va="center", color="black", fontsize=11)


def stages_figure(rows):
    """Draw the bytes after each stage as bars, with what each took off written on it; returns a matplotlib Figure."""
    figure = Figure(figsize=(8, 3.4), layout="constrained")
    axes = figure.add_subplot()
    names, sizes = [row["stage"] for row in rows], [row["bytes"] / 1000 for row in rows]
    bars = axes.barh(names, sizes, color=plots.SERIES[: len(rows)])
    labels = [
        f"{size:,.0f} kB" + (f", {row['times']:.1f} times smaller" if row["times"] > 1 else "")
        for row, size in zip(rows, sizes, strict=True)
    ]
    axes.bar_label(bars, labels, padding=4)
    axes.set(xlabel="kilobytes", xlim=(0, 1.35 * max(sizes)))
    axes.invert_yaxis()
    return _tidy(figure)


def parts_figure(rows):
    """Draw the bytes of values and of places for each number of bits, from `stages.by_bits`; returns a Figure."""
    figure = Figure(figsize=(7, 3.6), layout="constrained")
    axes = figure.add_subplot()
    for shift, (part, colour) in zip((-0.2, 0.2), PARTS.items(), strict=True):
        places = [place + shift for place in range(len(rows))]
        bars = axes.bar(places, [row[part] / 1000 for row in rows], 0.38, color=colour, label=part)
        axes.bar_label(bars, fmt="%.1f", fontsize=10)
    axes.set_xticks(range(len(rows)), [str(row["bits"]) for row in rows])
    most = max(row[part] for row in rows for part in PARTS) / 1000
    axes.set(xlabel="bits of a value", ylabel="kilobytes of the file", ylim=(0, 1.3 * most))
    axes.legend(frameon=False, loc="upper left", ncols=2)
    return _tidy(figure)


def formats_figure(densities=DENSITIES):
    """Draw bits a weight against density for every format of `bits.bits_by_format`, and shade what none can have."""
    figure = Figure(figsize=(8, 4.2), layout="constrained")
    axes = figure.add_subplot()
    found = [bits_by_format(density) for density in densities]
    for name, colour, marker in zip(found[0], cycle(plots.SERIES), cycle(plots.MARKERS), strict=False):
        bits = [row[name] for row in found]
        if name == "floor":
            axes.fill_between(densities, 0.3, bits, color="0.85", label="below the floor")
        else:
            axes.plot(densities, bits, color=colour, marker=marker, label=name)
    axes.set(xscale="log", yscale="log", ylim=(0.4, 40), xlabel="density (fraction of weights kept)")
    axes.set_ylabel("bits a weight")
    ticks = [density for density in densities if density not in (0.3, 0.7)]  # their words would touch
    axes.set_xticks(ticks, [f"{density:g}" for density in ticks])
    axes.set_yticks((0.5, 1, 2, 4, 8, 16, 32), ("0.5", "1", "2", "4", "8", "16", "32"))
    axes.minorticks_off()
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    return _tidy(figure)


def bits_against_zeros(rows):
    """Draw SNR against bits a weight, a panel for each source of `bits.zeros_against_bits`; returns a Figure."""
    sources = list(dict.fromkeys(row["source"] for row in rows))
    figure = Figure(figsize=(3.1 * len(sources) + 0.4, 4.2), layout="constrained")
    for axes, source in zip(figure.subplots(1, len(sources), sharey=True, squeeze=False)[0], sources, strict=True):
        some = [row for row in rows if row["source"] == source]
        for rival, colour, marker in zip(RIVALS, plots.SERIES, plots.MARKERS, strict=False):
            axes.plot(
                [row["bits"] for row in some], [row[rival] for row in some], color=colour, marker=marker, label=rival
            )
        axes.set(title=source, xlabel="bits a weight", xticks=[row["bits"] for row in some])
    figure.axes[0].set_ylabel("SNR, dB: error below the weights")
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    return _tidy(figure)


def layers_figure(rows):
    """Draw the SNR of every layer as a dot, a column for each of RIVALS at each number of bits; returns a Figure.

    Args:
        rows: as `bits.zeros_against_bits` returns them, with as many bits in every layer.
    """
    numbers = list(dict.fromkeys(row["bits"] for row in rows))
    figure = Figure(figsize=(8.4, 4.6), layout="constrained")
    axes, columns = figure.add_subplot(), np.linspace(-0.27, 0.27, len(RIVALS))
    for rival, column, colour, marker in zip(RIVALS, columns, plots.SERIES, plots.MARKERS, strict=False):
        places = [numbers.index(row["bits"]) + column for row in rows]
        heights = [row[rival] for row in rows]
        axes.plot(places, heights, marker, color=colour, markersize=5, alpha=0.6, label=rival)
    axes.set(xlabel="bits a weight", ylabel="SNR in dB,\nerror below the weights")
    axes.set_xticks(range(len(numbers)), [str(number) for number in numbers])
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    return _tidy(figure)


def _tidy(figure):
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
    return figure
