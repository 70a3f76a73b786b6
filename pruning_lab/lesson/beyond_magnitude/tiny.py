"""Two networks small enough for the whole Hessian: softmax regression on 7 x 7 pixels, and one hidden layer on them.

Everything is float64 on 5,000 Fashion-MNIST pictures; both losses have the same weight decay, which is part of them.
"""

from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from pruning_lab import data

DECAY = 1e-4  # times the sum of squares of all weights
TRAINED_ON = 5000


class Hidden(NamedTuple):
    """A network of one hidden layer: logits = tanh(x first^T + bias) last^T + last_bias."""

    first: Tensor
    bias: Tensor
    last: Tensor
    last_bias: Tensor


@cache
def pictures(split):
    """Return pictures (n, 49) of 7 x 7 pixels, each the mean of sixteen, and labels (n,): always the same tensors.

    >>> pictures("train")[0].shape
    torch.Size([5000, 49])
    """
    images, labels = data.fashion_mnist(split)
    return F.avg_pool2d(images, 4).flatten(1).double()[:TRAINED_ON], labels[:TRAINED_ON]


@cache
def softmax_regression():
    """Return weight (10, 49) and bias (10,) at the minimum of the loss: nowhere is the gradient above 1e-6.

    The minimum is the only one, so the numbers depend on no seed.
    """
    weight, bias = torch.zeros(10, 49, dtype=torch.float64), torch.zeros(10, dtype=torch.float64)
    return descend([weight, bias], lambda weight, bias, x: x @ weight.T + bias)


@cache
def hidden_network(units=16):
    """Return a Hidden of 49 inputs, as trained: near a minimum, but not at one."""
    generator = torch.Generator().manual_seed(0)
    sizes = ((units, 49), (units,), (10, units), (10,))
    start = [torch.randn(size, generator=generator, dtype=torch.float64) / 4 for size in sizes]
    return Hidden(*descend(start, lambda *parts: logits_of_hidden(Hidden(*parts[:-1]), parts[-1]), rounds=400))


def logits_of_hidden(network, x):
    """Return the logits (n, 10) of a Hidden for pictures (n, 49)."""
    return torch.tanh(x @ network.first.T + network.bias) @ network.last.T + network.last_bias


def descend(parts, logits, rounds=600):
    """Return the parts of a network after L-BFGS on the training loss.

    Args:
        parts: list of tensors, where it starts. logits: called with all of them and the pictures.
        rounds: of L-BFGS, at most.
    """
    x, y = pictures("train")
    parts = [part.clone().requires_grad_() for part in parts]
    options = {"tolerance_grad": 1e-9, "tolerance_change": 1e-14, "line_search_fn": "strong_wolfe", "history_size": 50}
    optimizer = torch.optim.LBFGS(parts, max_iter=rounds, **options)

    def closure():
        optimizer.zero_grad()
        weights = sum(part.square().sum() for part in parts if part.ndim == 2)
        loss = F.cross_entropy(logits(*parts, x), y) + DECAY * weights
        loss.backward()
        return loss

    optimizer.step(closure)
    return tuple(part.detach() for part in parts)
