"""Lesson 06's drawings: strips with letters, frames at every sparsity, curves with the range of the seeds."""

import numpy as np
import pytest

from pruning_lab import plots
from pruning_lab.lesson.coupled_channels import drawings
from pruning_lab.lesson.coupled_channels.experiments import NormCost
from pruning_lab.lesson.coupled_channels.networks import Residual, example
from pruning_lab.lesson.coupled_channels.strips import painted_strips


@pytest.mark.parametrize("sparsity", [0.0, 0.5, 0.95])
def test_every_frame_draws_at_every_sparsity(sparsity):
    for _, draw in drawings.coupled_frames(Residual()):
        draw(plots.new_axes(), sparsity)


def test_a_unit_is_worth_what_its_places_are_together():
    network, axes = Residual(), plots.new_axes()
    drawings.coupled_frames(network)[0][1](axes, 0.5)
    tops = [max(bar.get_y() + bar.get_height() for bar in axes.patches[unit::6]) for unit in range(6)]
    parts = [network.stem.weight[2], network.conv1.weight[:, 2], network.conv2.weight[2], network.head.weight[:, 2]]
    assert np.isclose(tops[2], sum(part.abs().sum().item() for part in parts))
    assert "3 of 6 stay" in axes.get_xlabel()


def test_the_picture_shows_the_run_before_the_sum_and_after_it():
    strips = painted_strips(Residual(), example())
    left, right = drawings.before_and_after(strips, 7, {"A": 0}, {"D": 6}).axes
    names = [[text.get_text() for text in axes.texts] for axes in (left, right)]
    assert "c0" in names[0]
    assert "c0" not in names[1]
    assert ("A" in names[0], "D" in names[1]) == (True, True)
    assert left.get_title() == "before the sum"


def test_results_are_drawn_with_the_range_of_the_seeds():
    spans = {"one-shot": [0.25, 0.5], "statistics again": [0.25, 0.5], "retrained": [0.25, 0.5], "born small": [0.25]}
    rows = [
        {"seed": seed, "network": network, "fraction": fraction, "test": 0.5 + 0.1 * seed}
        for seed in (0, 1)
        for network, fractions in {"dense": [0], "dense, trained as long": [0], **spans}.items()
        for fraction in fractions
    ]
    left, right = drawings.results_picture(rows).axes
    assert [curve.get_label() for curve in left.containers] == list(spans)
    curve, other = right.containers
    assert np.allclose(curve.lines[0].get_ydata(), [0.55, 0.55])
    assert np.allclose([bar[:, 1] for bar in curve.lines[2][0].get_segments()], [[0.5, 0.6]] * 2)
    assert other.lines[0].get_xdata().tolist() == [0.25]


def test_the_cost_of_a_norm_is_drawn_as_measured():
    axes = drawings.norm_picture([NormCost(0.25, 0.2, 0.1, 0.8, 0.8), NormCost(0.5, 0.4, 0.15, 0.8, 0.8)])
    assert [line.get_ydata().tolist() for line in axes.lines] == [[0.2, 0.4], [0.1, 0.15]]
