"""Lesson 07: zeros that a network makes by itself, on the way from layer to layer."""

from copy import deepcopy

import torch
from torch import nn

from pruning_lab.lesson.real_transformer.task import nouns
from pruning_lab.lesson.real_transformer.weights import inputs_of, states


class Largest(nn.Module):
    """Pass on the largest entries of each row by magnitude, and 0 for the rest: this `share` of them.

    >>> Largest(0.5)(torch.tensor([[1.0, -3.0, 2.0, 0.5]])).tolist()
    [[0.0, -3.0, 2.0, 0.0]]
    """

    def __init__(self, share):
        super().__init__()
        self.share = share

    def forward(self, x):
        kept = round((1 - self.share) * x.shape[-1])
        places = x.abs().topk(kept, dim=-1).indices
        return torch.zeros_like(x).scatter(-1, places, x.gather(-1, places))


def with_zeros(model, share):
    """Return a copy of MiniLM whose `down` layers get only the largest inputs of each place; this share is set to 0."""
    model = deepcopy(model)
    for block in model.blocks:
        block.down = nn.Sequential(Largest(share), block.down)
    return model


def after_gelu(model, texts=None):
    """Return for each block what its GELU puts out for the calibration glosses: a list of tensors (samples, width)."""
    found = []
    with torch.no_grad():
        batches = states(model, texts or nouns().calibration)
        for block in model.blocks:
            found.append(inputs_of(block, batches)["down"])
            batches = [(block(x, mask), mask) for x, mask in batches]
    return found


def after_relus(model, images):
    """Return for each ReLU of an nn.Sequential what it puts out for these images."""
    found = []
    with torch.no_grad():
        for layer in model:
            images = layer(images)
            if isinstance(layer, nn.ReLU):
                found.append(images)
    return found


def share_of_zeros(values, below=0.0):
    """Return the share of entries whose magnitude is at most `below`; 0 counts exact zeros alone.

    >>> share_of_zeros(torch.tensor([0.0, 0.004, -2.0, 3.0])), share_of_zeros(torch.tensor([0.0, 0.004]), 0.01)
    (0.25, 1.0)
    """
    return float((values.abs() <= below).float().mean())
