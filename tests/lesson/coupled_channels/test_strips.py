"""Lesson 06's strips are the package's own paint: at the end of the run they say what `channel_groups` says."""

import pytest
import torch
from torch import nn

from pruning_lab import channels
from pruning_lab.lesson.coupled_channels import networks
from pruning_lab.lesson.coupled_channels.networks import example
from pruning_lab.lesson.coupled_channels.strips import cells, choices, lost, painted_strips

# Network, and the units of each of its groups, written by hand.
GROUPS = {
    networks.Chain: [6],
    networks.Residual: [6, 4],
    networks.Concatenation: [4, 3],
    networks.Depthwise: [8],
    networks.SqueezeExcite: [8, 3],
    networks.Heads: [3],
    networks.Normed: [],
}
each_network = pytest.mark.parametrize("network", GROUPS, ids=lambda network: network.__name__)


@each_network
def test_the_groups_are_those_counted_by_hand(network):
    assert [group.size for group in channels.channel_groups(network(), example())] == GROUPS[network]


@each_network
def test_the_strips_end_with_as_many_units_as_the_groups_have(network):
    strips = painted_strips(network(), example())
    assert len(choices(strips, len(strips) - 1)) == sum(GROUPS[network])


@each_network
def test_the_network_is_left_as_it_was(network):
    model = network().train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    painted_strips(model, example())
    assert model.training
    assert not model._forward_pre_hooks
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def steps_of(network):
    strips = painted_strips(network(), example())
    return strips, {strip.name: number for number, strip in enumerate(strips)}


def test_a_sum_gives_the_branch_the_stems_colours():
    strips, step = steps_of(networks.Residual)
    before, after = cells(strips, step["sum"] - 1), cells(strips, step["sum"])
    stem = [[(0, place) for place in range(6)]]
    assert before[step["norm2"]] == [[(step["conv2"], place) for place in range(6)]]
    assert after[step["norm2"]] == after[step["sum"]] == stem
    assert after[step["conv1"]] == before[step["conv1"]]
    assert lost(strips, step["sum"]) == 6


def test_a_concatenation_lays_strips_side_by_side():
    strips, step = steps_of(networks.Concatenation)
    shown = cells(strips, step["concatenation"])
    assert shown[step["concatenation"]] == [shown[step["left"]][0] + shown[step["right"]][0]]
    assert lost(strips, step["concatenation"]) == 0


def test_a_view_cuts_a_strip_and_the_first_dot_product_fuses_heads():
    strips, _ = steps_of(networks.Heads)
    first = [strip.name for strip in strips].index("view")
    dot = [strip.name for strip in strips].index("dot products")
    assert [len(piece) for piece in cells(strips, first)[first]] == [4, 4, 4]
    assert len({cell for piece in cells(strips, dot - 1)[first] for cell in piece}) == 12
    assert [len(set(piece)) for piece in cells(strips, dot)[first]] == [1, 1, 1]


def test_a_layer_norm_leaves_no_choice():
    strips, step = steps_of(networks.Normed)
    assert None not in cells(strips, step["norm"] - 1)[0][0]
    assert set(cells(strips, step["norm"])[0][0]) == {None}


def test_the_output_stays():
    strips = painted_strips(nn.Linear(3, 2), torch.ones(1, 3))
    assert cells(strips, len(strips) - 1)[-1] == [[None, None]]
