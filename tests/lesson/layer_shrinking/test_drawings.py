"""Lesson 05's drawings: what remains of two layers, times with quartiles, accuracies with the range of the runs."""

from types import SimpleNamespace

import numpy as np
import pytest
from torch import nn

from pruning_lab import plots
from pruning_lab.lesson.layer_shrinking import drawings


def test_the_steps_are_drawn_as_measured():
    rows = {4: SimpleNamespace(median=2e-3, q1=1e-3, q3=4e-3), 18: SimpleNamespace(median=3e-3, q1=3e-3, q3=3e-3)}
    axes = drawings.steps_picture(rows)
    assert np.allclose(axes.lines[0].get_ydata(), [row.median * 1e3 for row in rows.values()])
    assert np.allclose([bar[:, 1] for bar in axes.containers[0].lines[2][0].get_segments()], [[1, 4], [3, 3]])
    assert axes.lines[-1].get_xdata() == [16, 16]  # the one multiple of 16 between them


@pytest.mark.parametrize("sparsity", [0.0, 0.5, 0.95])
def test_every_frame_draws_at_every_sparsity(sparsity):
    frames = drawings.shrinking_frames(nn.Conv2d(2, 8, 3), nn.Conv2d(8, 4, 3))
    for _, draw in frames:
        draw(plots.new_axes(), sparsity)
    axes = plots.new_axes()
    frames[3][1](axes, 0.5)
    assert [bar.get_height() for bar in axes.patches] == [0.5, 0.5, 0.25]


def test_the_pair_of_layers_says_what_remains():
    left, right = drawings.pair_picture().axes
    assert (left.get_xlabel(), right.get_xlabel()) == ("C   5 x 6 remain", "D   5 x 5 remain")


def test_results_are_drawn_with_the_range_of_the_runs():
    axes = drawings.results_picture([0.25, 0.5], {"retrained": [[0.8, 0.6], [0.9, 0.6]]}, 0.9)
    (curve,) = axes.containers
    assert np.allclose(curve.lines[0].get_ydata(), [0.85, 0.6])
    assert np.allclose([bar[:, 1] for bar in curve.lines[2][0].get_segments()], [[0.8, 0.9], [0.6, 0.6]])


def test_shares_stand_beside_one_half():
    axes = drawings.share_bars(0.25, 0.4)
    assert [bar.get_width() for bar in axes.patches] == [0.25, 0.4]
    assert axes.lines[0].get_xdata() == [0.5, 0.5]
