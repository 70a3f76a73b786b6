"""Lesson 06's reveal: the slices of one channel of the stem, counted on the real groups."""

import torch

from pruning_lab import channels
from pruning_lab.lesson.coupled_channels.experiments import resnet20
from pruning_lab.lesson.coupled_channels.networks import Residual, example
from pruning_lab.lesson.coupled_channels.reveal import slices_by_kind, stem_reveal


def test_a_unit_of_the_block_has_the_places_counted_by_hand():
    block = Residual()
    group = channels.channel_groups(block, example())["stem.weight"]
    # stem and conv2; conv1 and head; the stem's bias, weight and bias of norm2
    assert list(slices_by_kind(block, group).values()) == [2, 2, 3]


def test_one_channel_of_the_stem_has_forty_places():
    model = resnet20()
    groups = channels.channel_groups(model, torch.rand(1, 1, 14, 14))
    # rows: stem, 9 branches; columns: 9 first convolutions, the linear layer; norms: weight and bias of 1 + 9
    found, (words, table) = stem_reveal(model, groups, {"few": (0, 40), "forty": (40, 41)})()
    assert found == "forty"
    assert "40 of 59 parameter tensors" in words
    assert table.count("<tr>") == 6
