"""Lesson 07's drawings: words near a definition, where the work is, what rules keep, blocks, and the frontier."""

import numpy as np
import torch
from matplotlib.figure import Figure

from pruning_lab import masks, plots
from pruning_lab.lesson.real_transformer.explorer import draw_measure
from pruning_lab.lesson.real_transformer.results import MEASURES
from pruning_lab.lesson.real_transformer.task import nearness, nouns
from pruning_lab.scores import magnitude_scores, wanda_scores

SHOWN = 5  # words near a definition
RULES = {"magnitude": "network", "Wanda": "row", "SparseGPT": "block"}  # as each paper compares


def task_picture(whole, thinned, places):
    """Draw the words nearest to some definitions, in the whole network and in a pruned one.

    Args:
        whole, thinned: Embeddings. places: numbers of the nouns to show.

    Returns:
        a matplotlib Figure; the right word is blue.
    """
    figure = Figure(figsize=(10, 2.1 * len(places) + 0.3), layout="constrained")
    panels = figure.subplots(len(places), 2, squeeze=False, sharex=True)
    for line, place in zip(panels, places, strict=True):
        for axes, made in zip(line, (whole, thinned), strict=True):
            _draw_nearest(axes, nearness(made)[place], place)
        line[0].set_title(f"“{nouns().glosses[place]}”", fontsize=12, loc="left", style="italic")
    panels[-1, 0].set_xlabel("whole network: cosine of definition and word")
    panels[-1, 1].set_xlabel("half of the blocks' weights gone: cosine")
    return figure


def _draw_nearest(axes, cosines, place):
    top = cosines.topk(SHOWN)
    colours = [plots.COLOURS["kept"] if word == place else plots.COLOURS["pruned"] for word in top.indices.tolist()]
    axes.barh(range(SHOWN), top.values.tolist(), color=colours)
    axes.set_yticks(range(SHOWN), [nouns().words[word] for word in top.indices.tolist()])
    axes.set(xlim=(0, 1), ylim=(SHOWN - 0.5, -0.5))
    axes.spines[["top", "right"]].set_visible(False)


def shares_picture(shares):
    """Draw what each part of a network has of several things, as bars on top of each other.

    Args:
        shares: {thing: {part: amount}}, the same parts in each.
    """
    axes = plots.new_axes(8, 2.9)
    parts = list(next(iter(shares.values())))
    for y, amounts in enumerate(shares.values()):
        left = 0.0
        for number, part in enumerate(parts):
            share = amounts[part] / sum(amounts.values())
            axes.barh(y, share, left=left, color=plots.SERIES[number], label=part if y == 0 else None)
            if share > 0.05:
                axes.text(left + share / 2, y, f"{100 * share:.0f} %", ha="center", va="center", color="black")
            left += share
    axes.set_yticks(range(len(shares)), list(shares))
    axes.set(xlim=(0, 1), ylim=(len(shares) - 0.5, -0.5), xticks=[])
    axes.spines[:].set_visible(False)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 0), ncols=len(parts), frameon=False)
    return axes


def rules_picture(rows, whole):
    """Draw four measures against the sparsity of the blocks' weights, a line for each rule, with intervals.

    Args:
        rows: those of the part "weights". whole: the row of the whole network.

    Returns:
        a matplotlib Figure with letters A to D on its panels.
    """
    figure = Figure(figsize=(10, 6.4), layout="constrained")
    for letter, axes, (key, title) in zip("ABCD", figure.subplots(2, 2).flat, MEASURES.items(), strict=True):
        for number, (rule, together) in enumerate(RULES.items()):
            mine = [row for row in rows if (row["rule"], row["together"]) == (rule, together)]
            line = [(0.0, whole[key]), *((row["sparsity"], row[key]) for row in mine)]
            draw_measure(axes, *zip(*line, strict=True), number, rule)
        axes.set_title(title, fontsize=12)
        top = 0.3 if key == "found" else 1.05
        axes.set(ylim=(0, top), xlim=(-0.02, 0.8))
        axes.spines[["top", "right"]].set_visible(False)
        plots.draw_letter(axes, letter, 0.77, 0.92 * top)
    for axes in figure.axes[2:]:
        axes.set_xlabel("sparsity of the blocks' weights")
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    return figure


def blocks_picture(influence, rows):
    """Draw each block's influence, and beside it the neighbours that are lost when it goes.

    Args:
        influence: a number for each block. rows: those of the part "structure".
    """
    alone = {row["blocks"][0]: row["neighbours"] for row in rows if len(row["blocks"]) == 1}
    figure = Figure(figsize=(10, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.bar(range(len(influence)), influence, color=plots.SERIES[0])
    left.set(ylabel="1 - cosine", title="block influence: how far it turns its input")
    means, lows, highs = np.array([alone[block] for block in range(len(influence))]).T
    right.bar(range(len(influence)), 1 - means, yerr=(highs - means, means - lows), color=plots.SERIES[1], capsize=3)
    right.set(ylabel="share of neighbours", title="lost when this block goes")
    for axes in (left, right):
        axes.set(xlabel="block", xticks=range(len(influence)))
        axes.title.set_fontsize(12)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def frontier_picture(families):
    """Draw neighbours kept against the work that is left, and against the time, a line for each kind of part that goes.

    Args:
        families: {kind: rows with "neighbours", "work" and "faster"}, as `results.families` returns.
    """
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for number, (name, rows) in enumerate(families.items()):
        draw_measure(left, [row["work"] for row in rows], [row["neighbours"] for row in rows], number, name)
        timed = [row for row in rows if row["faster"]]
        draw_measure(right, [row["faster"][0] for row in timed], [row["neighbours"] for row in timed], number, name)
        for row in timed:
            right.plot(row["faster"][1:], 2 * [row["neighbours"][0]], color=plots.SERIES[number], linewidth=1)
    left.set(xlabel="multiplications left", ylabel="neighbours kept", xlim=(1.02, 0.4), ylim=(0, 1.02))
    right.set(xlabel="times as fast, one text of 16 pieces")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    return figure


def activations_picture(gelu, relu):
    """Draw how what a GELU and what a ReLU puts out is spread; exact zeros are a bar of their own.

    Args:
        gelu, relu: tensors of values.
    """
    figure = Figure(figsize=(10, 3.2), layout="constrained")
    for axes, values, title in zip(
        figure.subplots(1, 2), (gelu, relu), ("GELU: MiniLM, block 2", "ReLU: LeNet-300-100, first layer"), strict=True
    ):
        values = values.flatten()
        edges = np.linspace(-0.5, 1.5, 41)
        others = values[values != 0].clamp(-0.5, 1.5).numpy()
        heights, _ = np.histogram(others, edges)
        axes.stairs(heights / len(values), edges, fill=True, color=plots.SERIES[0], label="other values")
        zeros = float((values == 0).float().mean())
        axes.bar(0, zeros, width=0.05, color=plots.SERIES[5], label=f"exactly 0: {100 * zeros:.1f} %")
        axes.set_title(title, fontsize=12)
        axes.set(xlabel="value (all above 1.5 in the last bar)", ylabel="share of all values")
        axes.legend(frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def wanda_frames(weight, inputs):
    """Return the storyboard of three choices on one small matrix: by magnitude, within rows, and by Wanda.

    Args:
        weight: (out, in) tensor. inputs: (samples, in), what it is fed.

    Returns:
        list of (title, draw(axes, sparsity)), for `storyboard`.
    """
    norms = inputs.norm(dim=0)

    def by_row(scores, sparsity):
        columns = scores.shape[1]
        return masks.mask_n_of_m(scores, columns - round(sparsity * columns), columns)

    def bars(axes, _sparsity):
        axes.bar(range(len(norms)), norms.tolist(), color=plots.SERIES[2])
        axes.set(xlabel="input", ylabel="its norm over the texts")
        axes.spines[["top", "right"]].set_visible(False)

    def matrix(scores, choose):
        def draw(axes, sparsity):
            keep = choose(scores, sparsity)
            plots.draw_cells(axes, keep.numpy())
            plots.draw_numbers(axes, scores, keep)
            axes.set(xlabel="inputs", ylabel="outputs")

        return draw

    magnitude, wanda = magnitude_scores(weight), wanda_scores(weight, inputs)
    return [
        ("|w|, the matrix compared", matrix(magnitude, masks.mask_unstructured)),
        ("|w|, each row compared", matrix(magnitude, by_row)),
        ("how large is each input?", bars),
        ("|w| times its input's norm, in rows", matrix(wanda, by_row)),
    ]


def small_example():
    """Return a weight (4, 6) and inputs (16, 6) for the storyboard; one input is loud, one almost silent."""
    generator = torch.Generator().manual_seed(2)
    weight = torch.randn(4, 6, generator=generator).round(decimals=1)
    inputs = torch.randn(16, 6, generator=generator) * torch.tensor([0.3, 0.5, 2.0, 0.4, 0.02, 0.6])
    return weight, inputs
