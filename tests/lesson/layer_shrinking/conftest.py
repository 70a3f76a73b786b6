"""What lesson 05's tests share: filters that stay, chosen at random."""

import math

import pytest
import torch


@pytest.fixture
def some():
    """A function of channels and the fraction pruned: which stay after ceil(channels x fraction) have gone."""

    def stay(channels, fraction_pruned):
        left = channels - math.ceil(channels * fraction_pruned)
        return torch.randperm(channels)[:left].sort().values

    return stay
