"""Lesson 06's drawings: strips of coloured channels, frames of a coupled group, accuracy against channels removed."""

from string import ascii_lowercase

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from pruning_lab import masks, plots
from pruning_lab.lesson.coupled_channels.experiments import by_seed
from pruning_lab.lesson.coupled_channels.strips import cells, first_of_their_kind
from pruning_lab.plots.style import shade

GAP = 0.5  # between the pieces of a strip, in cells


def looks(strips, step):
    """Return `cells` as they look: (fill, name) for each channel of each piece of each strip up to a step.

    A name is a letter for the strip that had the colour first, and the place on it. What has no choice is grey and has
    no name.
    """
    letters = {number: letter for letter, number in enumerate(first_of_their_kind(strips))}
    sizes = [strip.colours.numel() for strip in strips]

    def look(cell):
        if cell is None:
            return plots.COLOURS["pruned"], ""
        letter, place = letters[cell[0]], cell[1]
        return shade(letter, place, sizes[cell[0]]), f"{ascii_lowercase[letter % 26]}{place}"

    return [[[look(cell) for cell in piece] for piece in row] for row in cells(strips, step)]


def draw_strips(axes, strips, step, letters=()):
    """Draw every strip up to a step, in the colours that its channels have by then.

    Args:
        axes: to draw on.
        strips: what `painted_strips` returned. step: number of the last operation to draw.
        letters: {letter: number of the strip} to point at.
    """
    rows = looks(strips, step)
    for height, row in enumerate(rows):
        x = 0.0
        for piece in row:
            for fill, name in piece:
                axes.add_patch(Rectangle((x, height + 0.1), 0.95, 0.8, facecolor=fill, edgecolor="0.3", linewidth=0.6))
                axes.text(x + 0.475, height + 0.52, name, ha="center", va="center", fontsize=9)
                x += 1
            x += GAP
    width = max(sum(len(piece) + GAP for piece in row) for row in rows)
    axes.set(xlim=(-0.2, width + 0.8), ylim=(len(rows), 0), xticks=[])
    axes.set_yticks(np.arange(len(rows)) + 0.5, [strip.name for strip in strips[: step + 1]])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for letter, number in dict(letters).items():
        plots.draw_letter(axes, letter, sum(len(piece) for piece in rows[number]) + 0.6, number + 0.5, size=10)


def before_and_after(strips, step, letters_before=(), letters_after=()):
    """Draw the strips just before one operation, and at the end of the run, side by side.

    Returns:
        a matplotlib Figure.
    """
    figure = Figure(figsize=(10, 0.42 * len(strips) + 0.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    draw_strips(left, strips, step - 1, letters_before)
    draw_strips(right, strips, len(strips) - 1, letters_after)
    left.set(ylim=right.get_ylim(), xlim=right.get_xlim())
    left.set_title(f"before the {strips[step].name}", fontsize=12)
    right.set_title("after the run", fontsize=12)
    return figure


def strips_figure(runs):
    """Draw all strips of some runs as they are in the end.

    Args:
        runs: {name: what `painted_strips` returned}.

    Returns:
        a matplotlib Figure, two runs to a row.
    """
    lines, longest = -(-len(runs) // 2), max(map(len, runs.values()))
    figure = Figure(figsize=(10, (0.4 * longest + 0.5) * lines), layout="constrained")
    figure.subplots(lines, min(len(runs), 2), squeeze=False)
    for axes, (name, strips) in zip(figure.axes, runs.items(), strict=False):
        draw_strips(axes, strips, len(strips) - 1)
        axes.set(title=name, ylim=(longest, 0))
    widest = max(axes.get_xlim()[1] for axes in figure.axes)
    for number, axes in enumerate(figure.axes):
        axes.set_xlim(-0.2, widest)
        axes.set_visible(number < len(runs))
    return figure


def coupled_frames(network):
    """Return the storyboard of units that go from both sides of a sum: what they are worth, and three of their places.

    Args:
        network: `networks.Residual`; its stem, block and head share six channels.

    Returns:
        list of (title, draw(axes, sparsity)), for `storyboard`.
    """
    parts = {"stem rows": (network.stem, 0), "conv1 columns": (network.conv1, 1), "conv2 rows": (network.conv2, 0)}
    parts["head columns"] = (network.head, 1)
    shares = {name: _along(layer.weight, axis) for name, (layer, axis) in parts.items()}
    worth = np.sum(list(shares.values()), axis=0)

    def kept(sparsity):
        pruned = min(round(sparsity * len(worth)), len(worth) - 1)
        return np.isin(np.arange(len(worth)), masks.keep_channels(torch.from_numpy(worth), pruned / len(worth)))

    def bars(axes, sparsity):
        stays, bottom = kept(sparsity), np.zeros(len(worth))
        for number, (name, share) in enumerate(shares.items()):
            drawn = axes.bar(range(len(worth)), share, bottom=bottom, color=plots.SERIES[number], label=name)
            for bar, stay in zip(drawn, stays, strict=True):
                bar.set_alpha(1 if stay else 0.25)
            bottom += share
        axes.set(xlabel=f"unit; {stays.sum()} of {len(worth)} stay (pale ones go)", ylabel="sum of magnitudes")
        axes.set_ylim(0, 1.6 * worth.max())
        axes.legend(frameon=False, ncols=2, fontsize=9)

    def place(layer, axis):
        def draw(axes, sparsity):
            stays = np.expand_dims(kept(sparsity), 1 - axis)
            plots.draw_cells(axes, np.broadcast_to(stays, layer.weight.shape[:2]).copy())
            axes.set(xlabel="inputs", ylabel="outputs")

        return draw

    return [
        ("what is each unit worth?", bars),
        *((f"{name} go", place(*parts[name])) for name in ("stem rows", "conv1 columns", "conv2 rows")),
    ]


def _along(weight, axis):
    return weight.detach().double().abs().movedim(axis, 0).flatten(1).sum(1).numpy()


def results_picture(rows):
    """Draw test accuracy against the fraction of units removed: means of the seeds, with their range.

    Args:
        rows: what `experiments.measured` returns.

    Returns:
        a matplotlib Figure: on the left all networks, on the right those that were trained to the end, zoomed in.
    """
    figure = Figure(figsize=(10, 3.9), layout="constrained")
    left, right = figure.subplots(1, 2)
    styles = dict(zip(("one-shot", "statistics again", "retrained", "born small"), range(4), strict=True))
    for axes, networks in ((left, list(styles)), (right, ["retrained", "born small"])):
        for network in networks:
            _draw_seeds(axes, rows, network, styles[network])
        for network, line in (("dense", ":"), ("dense, trained as long", "--")):
            level = np.mean(by_seed(rows, network)[1])
            axes.axhline(level, color=plots.COLOURS["dense"], linestyle=line, label=network)
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_xlabel("fraction removed")
    left.set(ylabel="test accuracy", ylim=(0, 1))
    right.set_title("zoomed in", fontsize=12)
    figure.legend(*left.get_legend_handles_labels(), loc="outside right center", frameon=False)
    return figure


def _draw_seeds(axes, rows, network, number):
    fractions, runs = by_seed(rows, network)
    mean, low, high = plots.mean_and_range(runs, len(fractions))
    style = {"color": plots.SERIES[number], "marker": plots.MARKERS[number], "capsize": 3}
    axes.errorbar(fractions, mean, yerr=(mean - low, high - mean), label=network, **style)
    axes.set_xticks(fractions, [f"{fraction:g}" for fraction in fractions])


def norm_picture(costs):
    """Draw what cutting through a layer norm changes, against the fraction of hidden units removed.

    Args:
        costs: what `experiments.layer_norm_costs` returned.
    """
    axes = plots.new_axes(7, 3.4)
    fractions = [cost.fraction for cost in costs]
    for number, (name, label) in enumerate((("cut", "statistics of what is left"), ("rescaled", "and rescaled"))):
        values = [getattr(cost, name) for cost in costs]
        axes.plot(fractions, values, color=plots.SERIES[number], marker=plots.MARKERS[number], label=label)
    axes.set(xlabel="fraction of the hidden units removed", ylabel="relative change of the logits", ylim=(0, None))
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return axes
