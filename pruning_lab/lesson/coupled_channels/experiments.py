"""Lesson 06's experiments: a ResNet-20 that loses channels in all its groups, against one that was born small.

Three seeds take too long for a lesson; `measure_again` runs them, and `measured` reads what it wrote.
"""

import copy
import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from pruning_lab import channels, data, layers, masks, measure, models, train
from pruning_lab.scores import magnitude_scores

FRACTIONS = (0.25, 0.5)
TRAINED_ON, EPOCHS, RETRAIN = 5000, 3, 1
SCORES = ("all that a unit owns", "its filters alone")
MEASURED = Path(__file__).with_name("measured.json")


def resnet20():
    """Return a ResNet-20 for Fashion-MNIST; seed torch before."""
    return models.resnet_cifar(20, in_channels=1)


@cache
def images(split):
    """Return the images and labels of one split, always the same tensors: 14 x 14, each pixel the mean of four.

    A quarter of the pixels is a quarter of the work, so that three seeds take minutes. Of the training images it is the
    first 5,000.

    >>> images("train")[0].shape
    torch.Size([5000, 1, 14, 14])
    """
    pictures, labels = data.fashion_mnist(split)
    return F.avg_pool2d(pictures, 2)[:TRAINED_ON], labels[:TRAINED_ON]


def unit_scores(model, group, score=SCORES[0]):
    """Return the worth of each unit of a group: the magnitudes of its weights, added up.

    Args:
        model: the network that the group was found in.
        group: one of `channel_groups`.
        score: "all that a unit owns", every slice of convolutions and linear layers, or "its filters alone", what
            makes the channel and not what reads it.

    Returns:
        Tensor (group.size,).
    """
    if score not in SCORES:
        raise ValueError(f"score must be one of {SCORES}; got {score!r}")
    made = {name for name, axis in group.axes if axis == 0}
    wanted = [name for name, axis in group.axes if score == SCORES[0] or name in made]
    weights = {name: model.state_dict()[name] for name in wanted}
    return channels.channel_scores(group, {n: magnitude_scores(w) for n, w in weights.items() if w.ndim > 1})


def keep_by_score(model, groups, fraction, score=SCORES[0]):
    """Return the `keep` for `shrink` that takes this fraction of the units of every group, the least worth first."""
    return {group.name: masks.keep_channels(unit_scores(model, group, score), fraction) for group in groups}


def born_small(model):
    """Return a new ResNet-20 with the widths of a shrunk one, and weights of its own.

    >>> born_small(resnet20()).conv
    Conv2d(1, 16, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), bias=False)
    """
    stages = [model.stage1, model.stage2, model.stage3]
    widths = [stage.block1.conv2.out_channels for stage in stages]
    inner = [block.conv1.out_channels for stage in stages for block in stage]
    return models.resnet_cifar(20, widths, inner, in_channels=1)


def statistics_again(model, pictures):
    """Return a copy whose batch norms have measured their means and variances again; no weight moves.

    Args:
        model: a network with batch norms. pictures: (n, channels, height, width), training images.
    """
    model = copy.deepcopy(model).train()
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.reset_running_stats()
            layer.momentum = None  # a plain mean over the batches
    with torch.no_grad():
        for some in pictures.split(100):
            model(some)
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = 0.1
    return model.eval()


def one_seed(seed):
    """Train, shrink, retrain, and train born-small rivals; choose on validation, read test once.

    Returns:
        list of dicts: seed, fraction removed, network ("dense", "dense, trained as long", "one-shot", "statistics
        again", "retrained" or "born small"), score, validation and test accuracy, parameters, macs.
    """
    torch.manual_seed(seed)
    dense = resnet20()
    train.fit(dense, images("train"), epochs=EPOCHS, seed=seed, progress=False)
    longer = copy.deepcopy(dense)
    train.fit(longer, images("train"), epochs=RETRAIN, seed=seed, progress=False)
    rows = [_row(seed, 0.0, "dense", dense), _row(seed, 0.0, "dense, trained as long", longer)]
    groups = channels.channel_groups(dense, images("train")[0][:2])
    for fraction in FRACTIONS:
        rows += _at(seed, fraction, dense, groups)
    return rows


def _at(seed, fraction, dense, groups):
    shrunk = {s: channels.shrink(dense, keep_by_score(dense, groups, fraction, s), groups=groups) for s in SCORES}
    again = {score: statistics_again(model, images("train")[0][:1000]) for score, model in shrunk.items()}
    score = max(SCORES, key=lambda s: train.evaluate(again[s], images("validation")))
    retrained = copy.deepcopy(shrunk[score])
    train.fit(retrained, images("train"), epochs=RETRAIN, seed=seed, progress=False)
    torch.manual_seed(seed)
    small = born_small(retrained)
    train.fit(small, images("train"), epochs=EPOCHS + RETRAIN, seed=seed, progress=False)
    return [
        *[_row(seed, fraction, "statistics again", again[s], s, chosen=False) for s in SCORES if s != score],
        _row(seed, fraction, "one-shot", shrunk[score], score),
        _row(seed, fraction, "statistics again", again[score], score),
        _row(seed, fraction, "retrained", retrained, score),
        _row(seed, fraction, "born small", small),
    ]


def _row(seed, fraction, network, model, score="", chosen=True):
    """Return what is written about one network; the test images are for those that were chosen."""
    return {
        "seed": seed,
        "fraction": fraction,
        "network": network,
        "score": score,
        "validation": round(train.evaluate(model, images("validation")), 4),
        "test": round(train.evaluate(model, images("test")), 4) if chosen else None,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "macs": measure.macs(model.eval(), images("test")[0][:1]),
    }


def measured():
    """Return the rows that `measure_again` wrote."""
    return json.loads(MEASURED.read_text(encoding="utf-8"))


def by_seed(rows, network):
    """Return the fractions, and the test accuracies of one kind of network: (fractions, [those of each seed]).

    >>> by_seed([{"seed": 0, "network": "dense", "fraction": 0.0, "test": 0.9}], "dense")
    ([0.0], [[0.9]])
    """
    mine = [row for row in rows if row["network"] == network and row["test"] is not None]
    fractions = sorted({row["fraction"] for row in mine})
    seeds = sorted({row["seed"] for row in mine})
    found = {(row["seed"], row["fraction"]): row["test"] for row in mine}
    return fractions, [[found[seed, fraction] for fraction in fractions] for seed in seeds]


def results_text(rows):
    """Return the test accuracies in lines, one for each fraction and kind of network, and how often a score was chosen.

    >>> print(results_text([{"seed": 0, "network": "retrained", "fraction": 0.5, "test": 0.9, "score": "a"}]))
    0.50  retrained              0.900
    scores chosen: {'a': 1}
    """
    tested = [row for row in rows if row["test"] is not None]
    kinds = dict.fromkeys((row["fraction"], row["network"]) for row in tested)
    lines = []
    for kind in sorted(kinds, key=lambda kind: kind[0]):
        seeds = [row["test"] for row in tested if (row["fraction"], row["network"]) == kind]
        lines.append(f"{kind[0]:.2f}  {kind[1]:22} " + " ".join(f"{accuracy:.3f}" for accuracy in seeds))
    chosen = [row["score"] for row in rows if row["network"] == "retrained"]
    return "\n".join([*lines, f"scores chosen: { {score: chosen.count(score) for score in sorted(set(chosen))} }"])


class NormCost(NamedTuple):
    """What one cut through a layer norm changed, against the mask that leaves its statistics alone.

    Attributes:
        fraction: of the hidden units removed.
        cut: |logits - masked logits| / |masked logits|, the norm taking its statistics over what is left.
        rescaled: the same, after the one factor that would be exact for an RMS norm.
        masked, accuracy: accuracy of the mask, and of the cut network, in [0, 1].
    """

    fraction: float
    cut: float
    rescaled: float
    masked: float
    accuracy: float


def normed_network(norm=nn.LayerNorm, hidden=128):
    """Return a network of one hidden layer, normalised: (n, 1, 14, 14) -> (n, 10). Seed torch before."""
    return nn.Sequential(nn.Flatten(), nn.Linear(196, hidden), norm(hidden, eps=1e-5), nn.ReLU(), nn.Linear(hidden, 10))


def cut_through(model, keep, rescale=False):
    """Return a `normed_network` without some hidden units: its norm takes its statistics over those that stay.

    Args:
        model: nn.Sequential of `normed_network`. keep: sorted indices of the hidden units that stay.
        rescale: fold the factor sqrt(hidden / kept) into the norm: exact for an RMS norm, and for a layer norm the
            nearer the mean of those that stay is to 0.
    """
    _, first, norm, _, last = copy.deepcopy(model)
    small, factor = type(norm)(len(keep), eps=norm.eps), (norm.weight.numel() / len(keep)) ** 0.5
    for name, parameter in small.named_parameters():
        parameter.data = norm.get_parameter(name).data[keep]
    if rescale:
        small.weight.data *= factor
        small.eps = norm.eps * factor**2
    shrunk = layers.shrink_linear(first, keep_out=keep), small, nn.ReLU(), layers.shrink_linear(last, keep_in=keep)
    return nn.Sequential(nn.Flatten(), *shrunk)


def silence(model, keep):
    """Return a `normed_network` of the old shapes whose other hidden units are 0 ahead of the norm, and not read."""
    model = copy.deepcopy(model)
    gone = torch.ones(model[4].in_features, dtype=torch.bool)
    gone[keep] = False
    model[1].weight.data[gone] = 0
    model[1].bias.data[gone] = 0
    model[4].weight.data[:, gone] = 0
    return model


def layer_norm_costs(model, data, fractions):
    """Cut a trained `normed_network` at several fractions, by magnitude; return a NormCost for each.

    Args:
        model: nn.Sequential. data: (images, labels). fractions: of the hidden units, in [0, 1).
    """
    worth = magnitude_scores(model[1].weight).sum(1) + magnitude_scores(model[4].weight).sum(0)
    costs = []
    with torch.no_grad():
        for fraction in fractions:
            keep = masks.keep_channels(worth, fraction)
            masked, cut, rescaled = silence(model, keep), cut_through(model, keep), cut_through(model, keep, True)
            target = masked(data[0])
            changes = [((m(data[0]) - target).norm() / target.norm()).item() for m in (cut, rescaled)]
            costs.append(NormCost(fraction, *changes, *(train.evaluate(m, data) for m in (masked, cut))))
    return costs
