"""Lesson 08's drawings: a valley of the loss, predictions and what was measured, curves, intervals, a storyboard."""

import numpy as np
import torch
from matplotlib.figure import Figure

from pruning_lab import plots, reconstruct
from pruning_lab.lesson.beyond_magnitude.experiments import by_seed
from pruning_lab.lesson.beyond_magnitude.lite0 import interval

VALLEY = np.array([[2.0, 1.85], [1.85, 2.0]])  # the Hessian of the opening picture
LOWEST = np.array([1.0, 1.4])  # its minimum
FAR = 0.8  # the sparsity whose moves have the full colours


def valley_picture():
    """Draw a loss of two weights that can stand in for each other, and what happens when the first becomes 0.

    A is the minimum, B the mask alone, C the survivor adjusted, D the mask that takes the second weight instead.

    Returns:
        the axes.
    """
    axes = plots.new_axes(6.4, 4.2)
    x, y = np.meshgrid(np.linspace(-0.6, 2.2, 200), np.linspace(-0.4, 2.9, 200))
    away = np.stack([x - LOWEST[0], y - LOWEST[1]])
    loss = 0.5 * np.einsum("iab,ij,jab->ab", away, VALLEY, away)
    axes.contour(x, y, loss, levels=[0.02, 0.1, 0.3, 0.6, 1, 1.6, 2.4], colors="0.6", linewidths=1)
    axes.axvline(0, color=plots.COLOURS["kept"], linewidth=2)
    axes.axhline(0, color="0.3", linewidth=0.8)
    best = LOWEST[1] + VALLEY[1, 0] / VALLEY[1, 1] * LOWEST[0]
    points = {"A": tuple(LOWEST), "B": (0, LOWEST[1]), "C": (0, best), "D": (LOWEST[0], 0)}
    for end in ("B", "D"):
        axes.annotate("", points[end], points["A"], arrowprops={"arrowstyle": "->", "color": "0.3", "shrinkB": 9})
    arrow = {"arrowstyle": "->", "color": plots.COLOURS["threshold"], "linewidth": 2, "shrinkA": 9, "shrinkB": 9}
    axes.annotate("", points["C"], points["B"], arrowprops=arrow)
    paper = {"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none"}  # no ring runs through a number
    for letter, (at, up) in points.items():
        axes.text(at + 0.12, up + 0.17, f"loss +{_loss(at, up):.2f}", va="center", fontsize=10, bbox=paper)
        plots.draw_letter(axes, letter, at, up)
    axes.set(xlabel="first weight", ylabel="second weight", xlim=(-0.6, 2.2), ylim=(-0.4, 2.9))
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def _loss(x, y):
    away = np.array([x, y]) - LOWEST
    return away @ VALLEY @ away / 2


def predictions_picture(scores_by_rule, measured, agreements):
    """Draw each rule's scores against what the loss gained, weight by weight, on logarithmic axes.

    Args:
        scores_by_rule: {rule: scores}. measured: of the same shape, what the loss gained.
        agreements: {rule: rank correlation}, for the titles.
    """
    figure = Figure(figsize=(10, 3.4), layout="constrained")
    panels = figure.subplots(1, len(scores_by_rule), sharey=True)
    for number, (axes, (rule, scores)) in enumerate(zip(panels, scores_by_rule.items(), strict=True)):
        axes.loglog(scores.flatten().numpy(), measured.flatten().numpy(), ".", color=plots.SERIES[number], markersize=4)
        axes.set_title(f"{rule}\nrank corr. {agreements[rule]:.2f}", fontsize=11)
        axes.set_xlabel("score")
        axes.spines[["top", "right"]].set_visible(False)
        if rule == "OBD":
            low, high = axes.get_xlim()
            axes.plot([low, high], [low, high], color="0.5", linestyle="--", linewidth=1, zorder=0)
    panels[0].set_ylabel("loss gained, measured")
    return figure


def removal_curves(found, methods=None):
    """Draw what the loss gains against the fraction removed, one curve for each method; return a Figure.

    Args:
        found: list of `experiments.Removal`. methods: which of them; None for all.
    """
    figure = Figure(figsize=(8, 3.9), layout="constrained")
    axes = figure.add_subplot()
    for number, method in enumerate(methods or dict.fromkeys(one.method for one in found)):
        own = sorted((one.sparsity, one.gained) for one in found if one.method == method)
        style = {"color": plots.SERIES[number], "marker": plots.MARKERS[number]}
        axes.semilogy(*zip(*own, strict=True), label=method, **style)
        said = sorted((one.sparsity, one.predicted) for one in found if one.method == method == "OBD")
        if said:
            axes.semilogy(*zip(*said, strict=True), ":", color=plots.SERIES[number], label="OBD, as it predicts")
    axes.set(xlabel="fraction of the weights removed", ylabel="loss gained")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def calibration_picture(found, by_magnitude, samples="pictures"):
    """Draw the error of a layer's output against the number of samples that it was pruned with.

    Args:
        found: list of `experiments.Calibrated`. by_magnitude: the error of the mask that needs no samples.
        samples: what they are.

    Returns:
        the axes: solid on other samples, dashed on those that were used.
    """
    axes = plots.new_axes(8, 4)
    for number, method in enumerate(dict.fromkeys(one.method for one in found)):
        own = [one for one in found if one.method == method]
        sizes = [one.samples for one in own]
        style = {"color": plots.SERIES[number], "marker": plots.MARKERS[number]}
        axes.loglog(sizes, [one.outside for one in own], label=method, **style)
        axes.loglog(sizes, [max(one.inside, 1e-5) for one in own], "--", **style)
    axes.axhline(by_magnitude, color=plots.COLOURS["dense"], linestyle=":", label=f"magnitude, no {samples}")
    axes.set(xlabel=f"{samples} used (dashed: error on these)", ylabel="error of the output")
    axes.set_ylim(bottom=max(8e-6, axes.get_ylim()[0]))
    ticks = sizes[:: 1 + len(sizes) // 5]
    axes.set_xticks(ticks, [f"{size}" for size in ticks], minor=False)
    axes.set_xticks([], minor=True)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def agreement_picture(rows):
    """Draw how many answers stay after channels went, with intervals over photographs: as they are, and mean kept.

    Args:
        rows: of `measured()["lite0"]["rows"]` at one fraction: dicts of rule, mean kept, and same, by photograph. Rules
            that begin with "dice" are drawn together, each throw a mark.
    """
    axes = plots.new_axes(8, 3.4)
    names = list(
        dict.fromkeys(row["rule"].split()[0] if row["rule"].startswith("dice") else row["rule"] for row in rows)
    )
    for kept, colour, shift in ((False, plots.SERIES[1], -0.16), (True, plots.SERIES[0], 0.16)):
        for place, name in enumerate(names):
            own = [row for row in rows if row["rule"].startswith(name) and row["mean kept"] == kept]
            for row in own:
                mean, low, high = interval(row["same"])
                label = ("their mean kept" if kept else "just removed") if not place and row is own[0] else None
                spread = None if name == "dice" else [[mean - low], [high - mean]]
                axes.errorbar(mean, place + shift, xerr=spread, color=colour, marker="o", capsize=3, label=label)
    axes.set_yticks(
        range(len(names)), [f"{name}, {len(_throws(rows))} throws" if name == "dice" else name for name in names]
    )
    axes.set(
        xlabel="answers that stay (fraction), 95 % interval over photographs",
        xlim=(-0.02, 1),
        ylim=(len(names) - 0.5, -0.5),
    )
    axes.legend(frameon=False, loc="lower right")
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def _throws(rows):
    return {row["rule"] for row in rows if row["rule"].startswith("dice")}


def shift_picture(shifts):
    """Draw how far the mean behind each block shifts, a bar for each rule.

    Args:
        shifts: {rule: array (blocks,)}, what `lite0.lost_shift` returned.
    """
    axes = plots.new_axes(8, 3.2)
    for number, (rule, shift) in enumerate(shifts.items()):
        places = np.arange(1, len(shift) + 1) + 0.4 * (number - (len(shifts) - 1) / 2)
        axes.bar(places, shift, width=0.4, color=plots.SERIES[number], label=rule)
    axes.set(xlabel="block that widens", ylabel="shift, in spreads of\nits batch norm")
    axes.set_xticks(range(1, len(shift) + 1))
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def seeds_picture(rows, names, dense):
    """Draw the accuracy of each control: a mark for each seed, and their mean as a line.

    Args:
        rows: dicts of seed and accuracy, {name: in [0, 1]}. names: which, from top to bottom.
        dense: {label: name} of the networks drawn as lines from top to bottom.
    """
    axes = plots.new_axes(8, 0.42 * len(names) + 1.2)
    for place, name in enumerate(names):
        seeds = by_seed(rows, name)
        axes.plot(seeds, [place] * len(seeds), "o", color=plots.SERIES[0], alpha=0.6)
        axes.plot([np.mean(seeds)] * 2, [place - 0.3, place + 0.3], color=plots.SERIES[5], linewidth=2)
    for (label, name), line in zip(dense.items(), (":", "--"), strict=False):
        axes.axvline(np.mean(by_seed(rows, name)), color=plots.COLOURS["dense"], linestyle=line, label=label)
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="test accuracy, one mark for each seed", ylim=(len(names) - 0.4, -0.6))
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def surgery_frames(row, hessian, side=7):
    """Return the storyboard of one class's weights under OBS: worth, what goes, how the others move, what is left.

    Args:
        row: (side * side,) weights of one class. hessian: (side * side, side * side), of its own.

    Returns:
        list of (title, draw(axes, sparsity)), for `lesson.storyboard`.
    """
    reach = float(row.abs().max()) * 1.3
    worth = reconstruct.obs_scores(row[None], hessian)[0]

    def surgeon(sparsity):
        return reconstruct.obs(row[None], hessian, sparsity)

    def moves(done):
        return torch.where(done.mask[0], done.weight[0] - row, torch.nan)

    far = float(moves(surgeon(FAR)).nan_to_num(0).abs().max())

    def draw_worth(axes, _sparsity):
        _draw_map(axes, worth.log10().view(side, side), "Greys", float(worth.log10().min()), float(worth.log10().max()))

    def draw_mask(axes, sparsity):
        plots.draw_cells(axes, surgeon(sparsity).mask.view(side, side).numpy())

    def draw_moves(axes, sparsity):
        done = surgeon(sparsity)
        _draw_map(axes, moves(done).view(side, side), "PuOr", -far, far)

    def draw_left(axes, sparsity):
        done = surgeon(sparsity)
        left = torch.where(done.mask[0], done.weight[0], torch.nan)
        _draw_map(axes, left.view(side, side), "PuOr", -reach, reach)
        axes.set_xlabel(f"loss gained, as predicted: {float(done.change):.4f}")

    return [
        ("what is each weight worth? (dark: much)", draw_worth),
        ("the least go, one by one (grey)", draw_mask),
        ("how far the others have moved", draw_moves),
        ("what is left", draw_left),
    ]


def _draw_map(axes, values, colours, low, high):
    """Draw a map of numbers, grey where they are NaN."""
    axes.set_facecolor(plots.COLOURS["pruned"])
    axes.imshow(values.numpy(), cmap=colours, vmin=low, vmax=high)
    axes.set(xticks=[], yticks=[])
