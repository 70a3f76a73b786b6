"""Putting a network into training or evaluation mode for a while."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def in_mode(model: nn.Module, training: bool) -> Iterator[None]:
    """Put every module into one mode, and restore each module's own mode afterwards: a frozen batch norm stays frozen.

    >>> model = nn.Sequential(nn.BatchNorm1d(2).eval())
    >>> with in_mode(model, training=False):
    ...     model.training
    False
    >>> model.training, model[0].training
    (True, False)
    """
    before = {module: module.training for module in model.modules()}
    try:
        model.train(training)
        yield
    finally:
        for module, was_training in before.items():
            module.training = was_training
