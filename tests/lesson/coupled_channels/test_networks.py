"""Lesson 06's small networks: shrunk equals masked for each of them, and their code can be shown."""

import pytest
import torch

from pruning_lab import channels
from pruning_lab.lesson.coupled_channels import networks

NETWORKS = [
    networks.Chain,
    networks.Residual,
    networks.Concatenation,
    networks.Depthwise,
    networks.SqueezeExcite,
    networks.Heads,
]


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.__name__)
def test_shrunk_equals_masked(network):
    model, x = networks.as_trained_(network()), networks.example().double()
    groups = channels.channel_groups(model, x)
    keep = {group.name: range(0, group.size, 2) for group in groups}
    small, masked = (make(model, keep, groups=groups) for make in (channels.shrink, channels.mask_channels))
    torch.testing.assert_close(small(x), masked(x), rtol=0, atol=1e-10)
    assert sum(p.numel() for p in small.parameters()) < sum(p.numel() for p in model.parameters())


def test_as_trained_moves_what_would_hide_mistakes():
    chain = networks.as_trained_(networks.Chain())
    assert chain.norm.running_mean.min() >= 0.5
    assert chain.norm.weight.dtype == torch.float64
    assert not chain.training


def test_the_code_of_a_forward_is_shown_without_its_margin():
    first, second = networks.forward_of(networks.Chain).splitlines()
    assert (first, second) == (
        "def forward(self, x):",
        "    return self.conv2(torch.relu(self.norm(self.conv1(x))))",
    )
