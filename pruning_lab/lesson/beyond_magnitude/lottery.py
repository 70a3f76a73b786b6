"""Retraining with its controls: what the survivors' values, their places and their first values are worth.

A LeNet-300-100 on 10,000 Fashion-MNIST pictures, five epochs for the dense network and five again for each retraining:
as many steps, the same learning rates, the same batches. Pruned is by magnitude over all layers.
"""

import copy
from functools import cache

import torch

from pruning_lab import data, models, prune, schedules, train
from pruning_lab.masks import mask_global, mask_unstructured

EPOCHS = 5
# In the order of the lesson's table: what starts from where, under which mask.
CONTROLS = (
    "not retrained",
    "fine-tuned, a twentieth of the rate",
    "fine-tuned, a quarter of the rate",
    "learning rate rewound",
    "ticket: weights rewound to the start",
    "same mask, new start",
    "mask shuffled within layers",
    "mask drawn by chance",
)
RATE = 4e-3


@cache
def pictures(split):
    """Return the images and labels of a split, always the same tensors."""
    return data.fashion_mnist(split)


def fresh(seed):
    """Return a new LeNet-300-100 whose weights this seed draws."""
    torch.manual_seed(seed)
    return models.lenet_300_100()


def trained(model, seed, masks=train.NOT_PRUNED, rate=RATE, progress=False):
    """Return a trained copy, its pruned weights at zero all the way."""
    model = copy.deepcopy(model)
    prune.apply_masks_(model, masks)
    train.fit(model, pictures("train"), epochs=EPOCHS, learning_rate=rate, seed=seed, masks=masks, progress=progress)
    return model


def magnitude_masks(model, sparsity):
    """Return the masks of global magnitude pruning: what is zero already goes first."""
    return mask_global(dict(prune.prunable_weights(model)), sparsity, by_magnitude=True)


def shuffled(masks, seed):
    """Return masks that keep as many weights of each layer, at places drawn by chance."""
    generator = torch.Generator().manual_seed(seed)
    return {
        name: mask.flatten()[torch.randperm(mask.numel(), generator=generator)].view_as(mask)
        for name, mask in masks.items()
    }


def by_chance(masks, sparsity, seed):
    """Return masks of the same shapes that prune the same fraction of every layer, at places drawn by chance."""
    generator = torch.Generator().manual_seed(seed)
    return {name: mask_unstructured(torch.rand(m.shape, generator=generator), sparsity) for name, m in masks.items()}


def retrained(name, start, dense, masks, sparsity, seed):
    """Return the network of one of the CONTROLS.

    Args:
        name: one of CONTROLS. start: the network before training. dense: after it.
        masks: those of the dense network at this sparsity. seed: of the batches, and of what is drawn anew.
    """
    again = 1000 + seed
    if name == "not retrained":
        model = copy.deepcopy(dense)
        prune.apply_masks_(model, masks)
        return model
    ways = {
        "fine-tuned, a twentieth of the rate": (dense, masks, RATE / 20),
        "fine-tuned, a quarter of the rate": (dense, masks, RATE / 4),
        "learning rate rewound": (dense, masks, RATE),
        "ticket: weights rewound to the start": (start, masks, RATE),
        "same mask, new start": (fresh(again), masks, RATE),
        "mask shuffled within layers": (fresh(again), shuffled(masks, again), RATE),
        "mask drawn by chance": (fresh(again), by_chance(masks, sparsity, again), RATE),
    }
    if name not in ways:
        raise ValueError(f"name must be one of {', '.join(CONTROLS)}; got {name!r}")
    model, its_masks, rate = ways[name]
    return trained(model, seed, its_masks, rate)


def one_shot(seed, sparsity, names=CONTROLS, split="test", progress=lambda items: items):
    """Train a dense network, prune it at once, and retrain it in several ways.

    Returns:
        {"dense": accuracy, "dense, trained as long": accuracy, and one for each name}, on a split.
    """
    start, dense = fresh(seed), dense_network(seed)
    masks, accuracy = magnitude_masks(dense, sparsity), {"dense": accuracy_of(dense, split)}
    accuracy["dense, trained as long"] = accuracy_of(trained_as_long(seed), split)
    for name in progress(names):
        accuracy[name] = accuracy_of(retrained(name, start, dense, masks, sparsity, seed), split)
    return accuracy


def iterative(seed, sparsity, rounds, split="test"):
    """Prune in rounds, each time from the start (a ticket) or from where the weights are (learning rate rewound).

    Returns:
        {"dense", "dense, trained as long", "ticket", "its mask, new start", "learning rate rewound", "one-shot ticket",
        "one-shot mask, new start": accuracy on a split}.
    """
    start, dense, new = fresh(seed), dense_network(seed), fresh(1000 + seed)
    once = magnitude_masks(dense, sparsity)
    ticket, masks = _rounds(dense, seed, sparsity, rounds, start)
    found = {
        "dense": dense,
        "dense, trained as long": trained_as_long(seed),
        "ticket": ticket,
        "its mask, new start": trained(new, seed, masks),
        "learning rate rewound": _rounds(dense, seed, sparsity, rounds, None)[0],
        "one-shot ticket": trained(start, seed, once),
        "one-shot mask, new start": trained(new, seed, once),
    }
    return {name: accuracy_of(model, split) for name, model in found.items()}


@cache
def dense_network(seed):
    """Return the trained network of a seed, always the same one: leave its weights alone."""
    return trained(fresh(seed), seed)


@cache
def trained_as_long(seed):
    """Return the dense network after five epochs more: the fair reference for all that got them."""
    return trained(dense_network(seed), seed)


def accuracy_of(model, split):
    """Return the fraction right on a split, in [0, 1], with four digits."""
    return round(train.evaluate(model, pictures(split)), 4)


def _rounds(dense, seed, sparsity, rounds, start):
    """Return the last network and its masks; each round starts from `start`, or if that is None from the last one."""
    model = dense
    for wanted in schedules.iterative_sparsities(rounds, 1 - (1 - sparsity) ** (1 / rounds)):
        masks = magnitude_masks(model, wanted)
        model = trained(model if start is None else start, seed, masks)
    return model, masks


def flat_pictures(split):
    """Return the pictures of a split as rows of a linear layer's inputs, float64 (n, 784)."""
    return pictures(split)[0].flatten(1).double()
