"""Lesson 02's experiments: networks trained once for each repeat, pruned on a schedule, retrained, validated.

The functions that a sweep calls take plain values and are defined here, so that other processes can import them.
Networks pass from one run to the next as safetensors files in a folder.
"""

import itertools
import math
from functools import cache, partial
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
import torch.nn.functional as F

from pruning_lab import data, masks, models, prune, train
from pruning_lab.schedules import cubic_sparsity, iterative_sparsities
from pruning_lab.scores import magnitude_scores

BATCH = 100
NETWORKS = {"LeNet-300-100": models.lenet_300_100, "VGG": partial(models.vgg_small, widths=(8, 8, 16, 16, 32, 32))}
DENSE_EPOCHS = {"LeNet-300-100": 5, "VGG": 3}
RETRAINING_EPOCHS = {"LeNet-300-100": 2, "VGG": 1}
REPEATS = (0, 1, 2)
NONE = "no retraining"


@cache
def images_for(network, split):
    """Return the images and labels a network is fed, the same tensors each time; the VGG gets each image at half size.

    >>> images_for("VGG", "validation")[0].shape
    torch.Size([2000, 1, 14, 14])
    """
    images, labels = data.fashion_mnist(split)
    return (F.avg_pool2d(images, 2) if network == "VGG" else images), labels


def train_dense(network, repeat, seed, folder):
    """Train one network from scratch, save it in `folder`, and return its validation accuracy."""
    torch.manual_seed(seed)
    model = NETWORKS[network]()
    _fit(model, network, DENSE_EPOCHS[network], seed=seed)
    return _save_and_validate(model, network, folder, repeat)


def load(network, folder, repeat, *how):
    """Return a network that a run saved: the dense one, or the pruned one that `how` (schedule, sparsity) names."""
    model = NETWORKS[network]()
    model.load_state_dict(safetensors.torch.load_file(_file(network, folder, repeat, *how)))
    return model


def accuracy(model, network, split="validation"):
    """Return the accuracy of a network on a split of its images, in [0, 1]."""
    return train.evaluate(model, images_for(network, split))


def layer_names(network):
    """Return the names of a network's prunable weights.

    >>> layer_names("LeNet-300-100")
    ['fc1.weight', 'fc2.weight', 'fc3.weight']
    """
    return list(prune.prunable_weights(NETWORKS[network]()))


def each_layer_alone(model, sparsity):
    """Return masks that prune the same share of every layer: the alternative to one ranking over all of them."""
    return prune.masks_for(model, magnitude_scores, lambda scores: masks.mask_unstructured(scores, sparsity))


def prune_one_layer(network, repeat, layer, sparsity, epochs, seed, folder):
    """Prune one layer of a trained network, retrain all of it for `epochs`, and return its validation accuracy."""
    model = load(network, folder, repeat)
    mask = {layer: masks.mask_unstructured(magnitude_scores(model.get_parameter(layer)), sparsity)}
    prune.apply_masks_(model, mask)
    if epochs:
        _fit(model, network, epochs, seed=seed, masks=mask)
    return {"validation": accuracy(model, network)}


def at_once(step, steps, target):
    """Prune everything before the first step; after that only retrain."""
    return target


def in_rounds(step, steps, target, rounds=3):
    """Prune the same share of what is left in each of a few rounds, each followed by its part of the retraining.

    >>> [in_rounds(step, 6, target=0.875) for step in range(6)]
    [0.5, 0.5, 0.75, 0.75, 0.875, 0.875]
    """
    number = min(step * rounds // steps, rounds - 1)
    shares = iterative_sparsities(rounds, 1 - (1 - target) ** (1 / rounds))
    return target if number == rounds - 1 else shares[number]  # the last share equals the target only up to rounding


def cubic(step, steps, target):
    """Prune a little every few steps, fast at first; all the pruning is done halfway through the retraining.

    >>> [cubic(step, 8, target=0.64) for step in (0, 2, 4, 8)]
    [0.0, 0.56, 0.64, 0.64]
    """
    return cubic_sparsity(step, start=0, stop=steps // 2, target=target)


SCHEDULES = {"at once": at_once, "in rounds": in_rounds, "cubic": cubic}


def retrain_on_schedule(model, training, schedule, target, *, epochs, seed, every=10):
    """Retrain `model` in place while `schedule(step, steps, target)` says how sparse it must be by that step.

    All weights share one ranking by magnitude. Pruned weights are held at zero, so they come first in the next ranking:
    no weight returns.

    Args:
        model: `torch.nn.Module`, changed.
        training: images and labels, as in `train.fit`.
        schedule: one of the values of SCHEDULES.
        target: sparsity at the end, in [0, 1].
        epochs: passes over `training`.
        seed: for the shuffling.
        every: steps from one pruning to the next.

    Returns:
        {parameter name: bool tensor}, the masks at the end.
    """
    steps = epochs * math.ceil(len(training[1]) / BATCH)
    held, weights, count = {}, prune.prunable_weights(model), itertools.count(1)

    def prune_up_to(step):
        prune.apply_masks_(model, held)  # the step just taken has moved the zeros: they must not outrank a survivor
        held.update(masks.mask_global(weights, schedule(step, steps, target), by_magnitude=True))

    def prune_when_due():
        if (step := next(count)) % every == 0 or step == steps:
            prune_up_to(step)

    prune_up_to(0)
    options = {"epochs": epochs, "batch_size": BATCH, "seed": seed, "progress": False}
    train.fit(model, training, masks=held, after_step=prune_when_due, **options)
    return held


def prune_and_retrain(network, repeat, schedule, sparsity, seed, folder):
    """Prune a trained network, retrain it on a schedule or not at all, save it; return its validation accuracy."""
    model = load(network, folder, repeat)
    if schedule == NONE:
        prune.apply_masks_(model, masks.mask_global(prune.prunable_weights(model), sparsity, by_magnitude=True))
    else:
        training, epochs = images_for(network, "train"), RETRAINING_EPOCHS[network]
        retrain_on_schedule(model, training, SCHEDULES[schedule], sparsity, epochs=epochs, seed=seed)
    return _save_and_validate(model, network, folder, repeat, schedule, sparsity)


def select(rows, **where):
    """Return the validation accuracies of those rows of a sweep in which every name has the given value.

    >>> rows = [{"network": "VGG", "repeat": repeat, "result": {"validation": 0.5}} for repeat in (0, 1)]
    >>> select(rows, network="VGG", repeat=1)
    [0.5]
    """
    return [row["result"]["validation"] for row in rows if all(row[name] == value for name, value in where.items())]


def curve(rows, **where):
    """Return (sparsities, validation accuracies of shape (repeats, points)), as `plots.accuracy_curve` takes them."""
    chosen = [row for row in rows if all(row[name] == value for name, value in where.items())]
    sparsities = sorted({row["sparsity"] for row in chosen})
    columns = [select(chosen, sparsity=sparsity) for sparsity in sparsities]
    return sparsities, np.array(columns, dtype=np.float32).T  # so few bits that equal values have an exact mean


def _fit(model, network, epochs, **options):
    train.fit(model, images_for(network, "train"), epochs=epochs, batch_size=BATCH, progress=False, **options)


def _save_and_validate(model, network, *where):
    safetensors.torch.save_file(model.state_dict(), _file(network, *where))
    return {"validation": accuracy(model, network)}


def _file(network, folder, repeat, *how):
    return Path(folder) / "-".join(map(str, (network, repeat, *how, "network.safetensors")))
