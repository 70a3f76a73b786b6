"""Lesson 08's experiments on networks small enough to know everything about: what a weight's removal costs, and why.

What takes minutes is run by `measure_again`, and `measured` reads what it wrote.
"""

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from scipy.stats import spearmanr
from torch.nn import functional as F

from pruning_lab import masks, reconstruct
from pruning_lab.lesson.beyond_magnitude import tiny
from pruning_lab.scores import magnitude_scores, obd_scores, taylor_scores, wanda_scores

MEASURED = Path(__file__).with_name("measured.json")
RULES = ("magnitude", "first order (Taylor)", "Wanda", "OBD")
REPAIRED = " + survivors adjusted"
SPARSITIES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


class Layer(NamedTuple):
    """One layer of a trained network, with all that the lesson asks about it.

    Attributes:
        weight: float64 (outputs, inputs).
        loss: function of such a weight, the training loss. accuracy: the same, on validation pictures.
        inputs: (samples, inputs), what the layer is fed.
    """

    weight: torch.Tensor
    loss: object
    accuracy: object
    inputs: torch.Tensor


@cache
def softmax_layer():
    """Return the Layer of the softmax regression: its only one, at the minimum of its loss."""
    weight, bias = tiny.softmax_regression()
    return _layer(weight, lambda w, x: x @ w.T + bias)


@cache
def hidden_layer(samples=tiny.TRAINED_ON):
    """Return the Layer of the small network's hidden weights, the others as trained; its loss on so many pictures."""
    network = tiny.hidden_network()
    return _layer(network.first, lambda w, x: tiny.logits_of_hidden(network._replace(first=w), x), samples)


def _layer(weight, logits, samples=tiny.TRAINED_ON):
    (x, y), (seen, labels) = tiny.pictures("train"), tiny.pictures("validation")
    x, y = x[:samples], y[:samples]

    def loss(w):
        return F.cross_entropy(logits(w, x), y) + tiny.DECAY * w.square().sum()

    def accuracy(w):
        return float((logits(w, seen).argmax(1) == labels).double().mean())

    return Layer(weight, loss, accuracy, x)


def exact_hessian(layer):
    """Return all second derivatives of the loss, (weights, weights), weights in row-major order.

    For 490 weights it takes a few seconds and 2 MB; for 22 million it would be 4,000 terabytes.
    """
    size = layer.weight.numel()
    return torch.func.hessian(layer.loss)(layer.weight).reshape(size, size)


def gauss_newton(network, x):
    """Return the Gauss-Newton matrix of a `tiny.Hidden`'s first weights, weight decay included: never negative.

    Args:
        network: tiny.Hidden. x: pictures (n, inputs).

    Returns:
        float64 tensor (weights, weights): the mean of J^T (diag(p) - p p^T) J over the pictures, and 2 x decay.
    """
    p = tiny.logits_of_hidden(network, x).softmax(1)
    slope = 1 - torch.tanh(x @ network.first.T + network.bias).square()
    curved = torch.diag_embed(p) - p[:, :, None] * p[:, None, :]
    units = slope[:, :, None] * (network.last.T @ curved @ network.last) * slope[:, None, :]
    size = network.first.numel()
    mean = torch.einsum("nab,ni,nj->aibj", units, x, x).reshape(size, size) / len(x)
    return mean + 2 * tiny.DECAY * torch.eye(size, dtype=mean.dtype)


def removed_one_by_one(layer):
    """Return what the loss gains when each weight alone becomes 0, in the shape of the weight."""
    dense, gained = layer.loss(layer.weight), torch.zeros(layer.weight.numel(), dtype=torch.float64)
    for place in range(layer.weight.numel()):
        pruned = layer.weight.clone()
        pruned.view(-1)[place] = 0
        gained[place] = layer.loss(pruned) - dense
    return gained.view_as(layer.weight)


def scores_by_rule(layer, hessian):
    """Return {rule: scores} of a layer's weights; the Hessian is for OBD, the rest ask the layer itself."""
    gradient = torch.func.grad(layer.loss)(layer.weight)
    found = (
        magnitude_scores(layer.weight),
        taylor_scores(layer.weight, gradient),
        wanda_scores(layer.weight, layer.inputs),
        obd_scores(layer.weight, hessian.diagonal().view_as(layer.weight)),
    )
    return dict(zip(RULES, found, strict=True))


def rank_agreement(scores, measured):
    """Return Spearman's rank correlation: 1 where both put the weights in the same order, 0 where neither knows.

    >>> rank_agreement(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([10.0, 20.0, 90.0]))
    1.0
    """
    return round(float(spearmanr(scores.flatten(), measured.flatten()).statistic), 6)


class Removal(NamedTuple):
    """What became of a layer that lost weights.

    Attributes:
        method: name of the rule, or of the rule and the repair. sparsity: fraction removed.
        gained: by the loss, measured. predicted: by the second-order formula, where there is one.
        accuracy: on validation pictures.
        weight: (outputs, inputs), what is left.
    """

    method: str
    sparsity: float
    gained: float
    predicted: float | None
    accuracy: float
    weight: torch.Tensor


def removals(layer, hessian, sparsities=SPARSITIES, repaired=("magnitude",)):
    """Remove weights by every rule, as they are and for some with the survivors adjusted, and by OBS.

    Args:
        layer: Layer. hessian: (weights, weights), positive definite.
        sparsities: fractions of all weights. repaired: the rules whose masks are repaired as well.

    Returns:
        list of Removal.
    """
    dense, row = float(layer.loss(layer.weight)), layer.weight.reshape(1, -1)

    def removal(method, sparsity, weight, predicted=None):
        weight = weight.view_as(layer.weight)
        return Removal(method, sparsity, float(layer.loss(weight)) - dense, predicted, layer.accuracy(weight), weight)

    found = []
    for sparsity in sparsities:
        for rule, scores in scores_by_rule(layer, hessian).items():
            keep = masks.mask_unstructured(scores, sparsity)
            said = float(scores[~keep].sum()) if rule == "OBD" else None
            found.append(removal(rule, sparsity, layer.weight * keep, said))
            if rule in repaired:
                adjusted = reconstruct.adjust_survivors(row, keep.reshape(1, -1), hessian)
                found.append(removal(rule + REPAIRED, sparsity, adjusted.weight, float(adjusted.change)))
        surgeon = reconstruct.obs(row, hessian, sparsity)
        found.append(removal("OBS", sparsity, surgeon.weight, float(surgeon.change)))
    return found


def at(found, method, sparsity):
    """Return the one Removal of a method at a sparsity."""
    return next(one for one in found if (one.method, one.sparsity) == (method, sparsity))


def removals_text(found, sparsities=(0.3, 0.5, 0.7)):
    """Return the removals as lines: what the loss gains and the accuracy that is left, at some sparsities.

    >>> print(removals_text([Removal("OBD", 0.3, 0.25, 0.2, 0.75, None)], (0.3,)))
    removed                                  0.3
    OBD                             +0.250 0.750
    """
    lines = [f"{'removed':32}" + "".join(f"{sparsity:12}  " for sparsity in sparsities)]
    for method in dict.fromkeys(one.method for one in found):
        cells = [at(found, method, sparsity) for sparsity in sparsities]
        lines.append(f"{method:32}" + "".join(f"{f'+{one.gained:.3f} {one.accuracy:.3f}':>12}  " for one in cells))
    return "\n".join(line.rstrip() for line in lines)


def adjusted_by_dice(layer, hessian, sparsity, draws=5):
    """Return what the loss gains with masks drawn by chance whose survivors are adjusted: a list, one for each draw."""
    dense, row, gained = float(layer.loss(layer.weight)), layer.weight.reshape(1, -1), []
    for seed in range(draws):
        thrown = torch.rand(row.shape, generator=torch.Generator().manual_seed(seed))
        keep = masks.mask_unstructured(thrown, sparsity)
        weight = reconstruct.adjust_survivors(row, keep, hessian).weight.view_as(layer.weight)
        gained.append(float(layer.loss(weight)) - dense)
    return gained


class Calibrated(NamedTuple):
    """What one way of pruning a layer does to its output: |(W' - W) X|^2 / |W X|^2.

    Attributes:
        method: its name. samples: pictures that it was calibrated on.
        inside: on these pictures. outside: on others.
    """

    method: str
    samples: int
    inside: float
    outside: float


def calibrations(weight, inputs, others, sparsity=0.8, sizes=(8, 16, 32, 64, 128, 256, 512, 1024, 4096)):
    """Prune a layer with statistics of few inputs or many, and see how it does on others.

    Args:
        weight: (outputs, inputs) of a linear layer. inputs: (n, inputs) to calibrate on, the first ones of them.
        others: (m, inputs) to look at. sparsity: fraction of each row that goes.
        sizes: numbers of samples, at most n.

    Returns:
        list of Calibrated: "Wanda", "SparseGPT", "least squares, damped" and "hardly damped" (for magnitude's mask).
    """
    weight, inputs, others = weight.double(), inputs.double(), others.double()
    keeps = round((1 - sparsity) * weight.shape[1])
    by_magnitude = masks.mask_n_of_m(weight.abs(), keeps, weight.shape[1])
    found = []
    for size in sizes:
        some = inputs[:size]
        hessian = reconstruct.input_hessian(some)
        by_wanda = masks.mask_n_of_m(wanda_scores(weight, some), keeps, weight.shape[1])
        pruned = {
            "Wanda": weight * by_wanda,
            "SparseGPT": reconstruct.sparsegpt(weight, hessian, sparsity=sparsity).weight,
            "least squares, damped": reconstruct.adjust_survivors(weight, by_magnitude, hessian, 0.01).weight,
            "least squares, hardly damped": reconstruct.adjust_survivors(weight, by_magnitude, hessian, 1e-6).weight,
        }
        for method, new in pruned.items():
            found.append(Calibrated(method, size, output_error(weight, new, some), output_error(weight, new, others)))
    return found


def output_error(weight, new, inputs):
    """Return the squared change of a linear layer's outputs over their own square, |(W' - W) X|^2 / |W X|^2.

    >>> output_error(torch.tensor([[2.0]]), torch.tensor([[1.0]]), torch.tensor([[1.0], [3.0]]))
    0.25
    """
    return float((inputs @ (new - weight).T).square().sum() / (inputs @ weight.T).square().sum())


def measured():
    """Return what `measure_again` wrote."""
    return json.loads(MEASURED.read_text(encoding="utf-8"))


def by_calibration(rows, layer=None):
    """Return {(layer, method, samples): Calibrated} of the rows of `measured()["glosses"]`, of one layer or of all."""
    kept = [row for row in rows if layer in (None, row["layer"])]
    return {
        (row["layer"], row["method"], row["samples"]): Calibrated(*(row[name] for name in Calibrated._fields))
        for row in kept
    }


def answers_kept(rows, rule, fraction, mean_kept=False):
    """Return the share of answers that stay of each photograph, a list, from the rows of `measured()["lite0"]`."""
    wanted = {"rule": rule, "fraction": fraction, "mean kept": mean_kept}
    return next(row["same"] for row in rows if all(row[name] == value for name, value in wanted.items()))


def by_seed(rows, name):
    """Return one accuracy for each seed.

    >>> by_seed([{"seed": 0, "accuracy": {"dense": 0.8}}, {"seed": 1, "accuracy": {"dense": 0.9}}], "dense")
    [0.8, 0.9]
    """
    return [row["accuracy"][name] for row in rows]


def means_text(rows, names=None):
    """Return accuracies in per cent in lines, of these names or of all: mean, lowest and highest of the seeds.

    >>> print(means_text([{"seed": 0, "accuracy": {"dense": 0.8}}, {"seed": 1, "accuracy": {"dense": 0.9}}]))
    dense                                  85.00   80.00 .. 90.00
    """
    lines = []
    for name in names or rows[0]["accuracy"]:
        seeds = 100 * np.array(by_seed(rows, name))
        lines.append(f"{name:38} {seeds.mean():5.2f}   {seeds.min():.2f} .. {seeds.max():.2f}")
    return "\n".join(lines)
