"""Lesson 02's drawings: where the cut falls, when it falls, and what it costs."""

import numpy as np
import torch
from matplotlib.figure import Figure

from pruning_lab import masks, plots, prune
from pruning_lab.lesson.magnitude_pruning.experiments import NONE, SCHEDULES, curve

ONE_POINT = 0.01  # of accuracy: what a plateau may lose and still be called one


def two_questions(sparsity=0.5, target=0.9, steps=200):
    """Draw the two choices of the lesson, with letters to point at: where the cut falls, and when.

    Returns:
        a matplotlib Figure. Left: the sorted magnitudes of three made-up layers, one cut through all of them (A) and
        a cut for each layer (B). Right: three schedules; the jump of `at once` (C), the flat end of `cubic` (D).
    """
    figure = Figure(figsize=(10.5, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.1, 1))
    _draw_cuts(left, sparsity)
    draw_schedules(right, target, steps)
    plots.draw_letter(right, "C", 0, 0.8 * target)
    plots.draw_letter(right, "D", 0.57 * steps, target)
    right.set_title("when? three ways to one target", fontsize=12)
    return figure


def _draw_cuts(axes, sparsity):
    generator = torch.Generator().manual_seed(0)
    scales, size = {"layer 1": 0.35, "layer 2": 0.7, "layer 3": 1.5}, 16
    weights = {name: scale * torch.randn(size, generator=generator).abs() for name, scale in scales.items()}
    keep = masks.mask_global(weights, sparsity)
    everything = torch.cat(list(weights.values())).sort().values
    cut = everything[round(sparsity * everything.numel()) - 1 :][:2].mean().item()
    for number, (name, weight) in enumerate(weights.items()):
        order = weight.argsort()
        places = number * (size + 4) + np.arange(size)
        colours = [plots.COLOURS["kept" if stays else "pruned"] for stays in keep[name][order]]
        axes.bar(places, weight[order].numpy(), color=colours, width=0.8)
        own = weight[order][round(sparsity * size) - 1 :][:2].mean().item()
        ends = [places[0] - 0.8, places[-1] + 0.8]
        axes.plot(
            ends, [own, own], color="black", linestyle=":", linewidth=2, label="a cut for each layer" * (not number)
        )
        below = {
            "xy": (places.mean(), -0.1),
            "textcoords": "offset points",
            "ha": "center",
            "va": "top",
            "fontsize": 10,
        }
        axes.annotate(f"{int((~keep[name]).sum())} of {size} go", xytext=(0, 0), **below)
        axes.annotate(name, xytext=(0, -13), **below)
    axes.axhline(cut, color=plots.COLOURS["threshold"], linestyle="--", linewidth=2, label="one cut through all")
    plots.draw_letter(axes, "A", size + 1.5, cut)
    plots.draw_letter(axes, "B", 3 * size + 9.2, own)
    axes.set(ylabel="magnitude |w|", xticks=[], ylim=(-0.85, None))
    axes.set_yticks([0, 1, 2, 3])
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.legend(loc="upper left", frameon=False, fontsize=10)
    axes.set_title("where? grey weights lie below one cut", fontsize=12)


def draw_schedules(axes, target, steps=200):
    """Draw the three schedules to one target, as sparsity over the steps of retraining."""
    places = np.arange(steps + 1)
    for (name, schedule), colour, style in zip(SCHEDULES.items(), plots.SERIES, ("-", "--", "-."), strict=False):
        due = [0.0, *(schedule(step, steps, target) for step in places[:-1])]
        axes.plot(np.maximum(places - 1, 0), due, color=colour, linestyle=style, linewidth=2.5, label=name)
    axes.set(xlabel="step of retraining", ylabel="sparsity due", ylim=(-0.04, 1.04))
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="lower right", frameon=False)


def magnitude_frames(model, rows, network="LeNet-300-100"):
    """Return the storyboard of pruning a whole network: the ranking, what each layer loses, the schedules, the result.

    Args:
        model: a trained network.
        rows: the sweep of `experiments.prune_and_retrain`.
        network: the network whose accuracies the last frame shows.

    Returns:
        list of (title, draw(axes, sparsity)), for `storyboard`.
    """
    return [
        ("one ranking over all layers", lambda axes, sparsity: _draw_ranking(axes, model, sparsity)),
        ("what each layer loses", lambda axes, sparsity: _draw_shares(axes, model, sparsity)),
        ("when it is pruned", draw_schedules),
        ("what is left of the accuracy", lambda axes, sparsity: _draw_accuracy(axes, rows, network, sparsity)),
    ]


def _draw_ranking(axes, model, sparsity):
    """Draw a curve for each layer: which share of it is smaller than a magnitude; and the one cut."""
    weights = {name: weight.detach().abs().flatten() for name, weight in prune.prunable_weights(model).items()}
    everything = torch.cat(list(weights.values())).sort().values
    cut = everything[min(round(sparsity * everything.numel()), everything.numel() - 1)].item()
    for (name, weight), colour in zip(weights.items(), plots.SERIES, strict=False):
        ranked = weight.sort().values[:: max(1, weight.numel() // 500)].numpy()
        axes.plot(ranked, np.linspace(0, 1, ranked.size), color=colour, linewidth=2, label=name)
    axes.axvline(cut, color=plots.COLOURS["threshold"], linestyle="--", label="the cut")
    axes.set(xlabel="magnitude |w|", ylabel="share of the layer below", xlim=(0, 0.3))
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="lower right", frameon=False, fontsize=9)


def _draw_shares(axes, model, sparsity):
    """Draw the sparsity of each layer under one ranking; a layer for itself would be at the line."""
    keep = masks.mask_global(prune.prunable_weights(model), sparsity, by_magnitude=True)
    shares = [masks.sparsity_of(mask) for mask in keep.values()]
    labels = [f"{name.removesuffix('.weight')}\n{mask.numel():,}" for name, mask in keep.items()]
    bars = axes.bar(labels, shares, color=plots.COLOURS["kept"])
    axes.bar_label(bars, fmt="%.2f", label_type="center", color="white", fontsize=11)
    axes.axhline(sparsity, color=plots.COLOURS["threshold"], linestyle="--", label="each layer alone")
    axes.set(ylim=(0, 1.12), ylabel="sparsity of the layer")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="upper right", frameon=False, fontsize=9)


def _draw_accuracy(axes, rows, network, sparsity):
    curves = {how: curve(rows, network=network, schedule=how) for how in (NONE, "at once")}
    for (how, (sparsities, accuracies)), colour in zip(curves.items(), plots.SERIES, strict=False):
        axes.plot(sparsities, accuracies.mean(axis=0), "o-", color=colour, label=how)
    axes.axvline(sparsity, color=plots.COLOURS["threshold"], linestyle="--", label="this sparsity")
    axes.set(xlabel="sparsity", ylabel="validation accuracy", xlim=(-0.02, 1.02), ylim=(0, 1))
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="lower left", frameon=False, fontsize=9)


def sensitivity_figure(rows, dense):
    """Draw what pruning one layer alone does, a panel for each network: mean of the repeats, whiskers their range.

    Args:
        rows: the sweep of `experiments.prune_one_layer` without retraining.
        dense: {network: validation accuracies of the repeats before pruning}.
    """
    figure = Figure(figsize=(10.5, 4.0), layout="constrained")
    for axes, (network, accuracies) in zip(figure.subplots(1, len(dense), sharey=True), dense.items(), strict=True):
        names = list(dict.fromkeys(row["layer"] for row in rows if row["network"] == network))
        curves = {n.removesuffix(".weight"): curve(rows, network=network, layer=n) for n in names}
        plots.accuracy_curve(curves, dense=np.mean(accuracies), ax=axes)
        axes.set_title(f"{network}: one layer pruned", fontsize=12)
        axes.set_xlabel("sparsity of that layer")
        axes.set_ylabel("validation accuracy")
    return figure


def plateau_figure(sparsities, measured, dense):
    """Draw accuracy without retraining, a panel for each network, with the band that a plateau would stay in."""
    figure = Figure(figsize=(10.5, 3.8), layout="constrained")
    panels = figure.subplots(1, len(measured), sharey=True)
    for axes, (network, curves) in zip(panels, measured.items(), strict=True):
        level = np.mean(dense[network])
        plots.accuracy_curve({name: (sparsities, points) for name, points in curves.items()}, dense=level, ax=axes)
        axes.axhspan(level - ONE_POINT, level, color=plots.COLOURS["blocks"], alpha=0.4, label="within one point")
        axes.set_title(network, fontsize=12)
        axes.legend(loc="lower left", frameon=False, fontsize=9)
        axes.set_ylabel("validation accuracy")
    return figure
