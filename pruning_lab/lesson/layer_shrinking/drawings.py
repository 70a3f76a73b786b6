"""Lesson 05's drawings: two layers that shrink together, steps of channels, accuracy against filters removed."""

import numpy as np
from matplotlib.figure import Figure

from pruning_lab import masks, plots, scores


def share_bars(work, time):
    """Draw the shares of work and of time that are left, beside one half."""
    axes = plots.new_axes(6, 2)
    axes.barh(["multiplications", "time"], [work, time], color=[plots.COLOURS["kept"], plots.COLOURS["structured"]])
    axes.axvline(0.5, color=plots.COLOURS["limit"], linestyle="--")
    axes.set(xlim=(0, 1), xlabel="share that is left; dashed: one half")
    axes.invert_yaxis()
    return axes


def steps_picture(rows):
    """Draw time per call against the number of filters, a line at each multiple of 16."""
    axes = plots.new_axes(7, 3.4)
    counts = np.array(list(rows))
    medians, low, high = (
        np.array([getattr(row, part) for row in rows.values()]) * 1e3 for part in ("median", "q1", "q3")
    )
    axes.errorbar(
        counts, medians, yerr=(medians - low, high - medians), fmt="o-", color=plots.COLOURS["kept"], capsize=2
    )
    for edge in range(-(-counts.min() // 16) * 16, counts.max() + 1, 16):
        axes.axvline(edge, color="0.8", zorder=0)
    axes.set(
        xlabel="filters of the convolution (grey lines: multiples of 16)", ylabel="time per call [ms]", ylim=(0, None)
    )
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def results_picture(fractions, curves, dense):
    """Draw accuracy against the fraction of filters removed, means with the range of the runs.

    Args:
        fractions: one for each point.
        curves: {name: (runs, points) accuracies}.
        dense: accuracy of the network before, drawn as a line.
    """
    axes = plots.new_axes(7.4, 3.8)
    axes.axhline(dense, color=plots.COLOURS["dense"], linestyle=":", label="before pruning")
    for number, (name, runs) in enumerate(curves.items()):
        mean, low, high = plots.mean_and_range(runs, len(fractions))
        style = {"color": plots.SERIES[number], "marker": plots.MARKERS[number], "capsize": 3}
        axes.errorbar(fractions, mean, yerr=(mean - low, high - mean), label=name, **style)
    axes.set(xlabel="fraction of the filters of every layer removed", ylabel="test accuracy", ylim=(0, 1))
    axes.set_xticks(fractions, [f"{fraction:g}" for fraction in fractions])
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def pair_picture(hidden=8, inputs=6, outputs=5, gone=(2, 5, 6)):
    """Draw two layers around the same channels, some of which go, with letters to point at.

    Returns:
        a matplotlib Figure: A is a filter that goes (a row of the first layer), B the channel that the next layer loses
        with it (a column), C and D the shapes that remain.
    """
    stays = ~np.isin(np.arange(hidden), gone)
    figure = Figure(figsize=(10, 4.4), layout="constrained")
    first, second = figure.subplots(1, 2, width_ratios=(inputs, hidden))
    plots.draw_cells(first, np.repeat(stays[:, None], inputs, axis=1))
    plots.draw_cells(second, np.repeat(stays[None], outputs, axis=0))
    plots.draw_letter(first, "A", inputs // 2, gone[0])
    plots.draw_letter(second, "B", gone[0], outputs // 2)
    kept = int(stays.sum())
    first.set_title(f"first layer: {hidden} filters,\n{inputs} input channels", fontsize=12)
    second.set_title(f"next layer: {outputs} filters,\n{hidden} input channels", fontsize=12)
    first.set_xlabel(f"C   {kept} x {inputs} remain", fontsize=11)
    second.set_xlabel(f"D   {outputs} x {kept} remain", fontsize=11)
    return figure


def shrinking_frames(first, second):
    """Return the storyboard of filters that go: their norms, the first layer, the next one, the work that is left.

    Args:
        first, second: nn.Conv2d, the second reading what the first makes; few channels, so that they can be seen.

    Returns:
        list of (title, draw(axes, sparsity)), for `storyboard`.
    """
    norms = scores.channel_scores(first.weight).detach()

    def kept(sparsity):
        pruned = min(round(sparsity * len(norms)), len(norms) - 1)
        return np.isin(np.arange(len(norms)), masks.keep_channels(norms, pruned / len(norms)))

    def bars(axes, sparsity):
        stays = kept(sparsity)
        colours = [plots.COLOURS["kept" if stay else "pruned"] for stay in stays]
        axes.bar(range(len(norms)), norms.numpy(), color=colours)
        axes.set(xlabel=f"filter; {stays.sum()} of {len(norms)} stay", ylabel="L1 norm")

    def rows(axes, sparsity):
        plots.draw_cells(axes, np.repeat(kept(sparsity)[:, None], first.in_channels, axis=1))
        axes.set_xlabel(f"{kept(sparsity).sum()} x {first.in_channels} kernels", fontsize=10)

    def columns(axes, sparsity):
        plots.draw_cells(axes, np.repeat(kept(sparsity)[None], second.out_channels, axis=0))
        axes.set_xlabel(f"{second.out_channels} x {kept(sparsity).sum()} kernels", fontsize=10)

    def work(axes, sparsity):
        stay = kept(sparsity).mean()
        share = {"this layer": stay, "the next": stay, "one between\ntwo shrunk ones": stay**2}
        bars = axes.bar(list(share), list(share.values()), color=plots.COLOURS["structured"])
        axes.bar_label(bars, [f"{value:.2f}" for value in share.values()])
        axes.set(ylim=(0, 1.15), ylabel="multiplications left (share)")

    return [
        ("which filters go?", bars),
        ("their rows go here", rows),
        ("their columns go there", columns),
        ("what is left to do", work),
    ]
