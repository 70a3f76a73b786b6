"""Lesson 01's drawings: the counts and letters they carry, and frames that draw at every sparsity."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from pruning_lab import masks, plots
from pruning_lab.lesson.why_prune import drawings, experiments

WEIGHT = torch.randn(6, 6, generator=torch.Generator().manual_seed(0))


def letters(axes):
    return [text.get_text() for text in axes.texts]


def test_the_first_idea_spends_as_many_zeros_on_both_sides():
    left, right = drawings.first_idea(sparsity=0.5, size=12).axes
    assert left.get_title() == "scattered zeros: 72 of 144 weights go"
    assert right.get_title() == "whole columns: 72 of 144 weights go"
    assert (left.get_xlabel()[0], right.get_xlabel()[0]) == ("C", "D")
    assert "12 x 12" in left.get_xlabel()
    assert "12 x 6" in right.get_xlabel()
    assert letters(left) + letters(right) == ["A", "B"]


def test_the_letters_lie_on_what_goes():
    for axes in drawings.first_idea().axes:
        column, row = map(int, axes.texts[0].get_position())
        assert not axes.collections[0].get_array()[row, column]


@pytest.mark.parametrize("sparsity", [0.0, 0.5, 0.95])
def test_every_frame_draws_at_every_sparsity(sparsity):
    for _, draw in drawings.pruning_frames(WEIGHT):
        axes = plots.new_axes()
        draw(axes, sparsity)
        assert len(axes.get_children()) > len(plots.new_axes().get_children())


def test_the_bars_count_the_multiplications_of_three_machines():
    axes = plots.new_axes()
    drawings.pruning_frames(WEIGHT)[3][1](axes, 0.5)
    assert [bar.get_height() for bar in axes.patches] == [36, 18, 18]
    drawings.pruning_frames(WEIGHT)[3][1](axes := plots.new_axes(), 0.25)
    assert [bar.get_height() for bar in axes.patches] == [36, 27, 24]  # of six columns 1.5 would go: two do


def test_the_mask_says_how_large_the_largest_pruned_magnitude_is():
    drawings.pruning_frames(WEIGHT)[2][1](axes := plots.new_axes(), 0.5)
    gone = WEIGHT.abs()[~masks.mask_unstructured(WEIGHT.abs(), 0.5)]
    assert axes.get_xlabel() == f"18 of 36 pruned, all of magnitude {gone.max():.2f} or less"
    drawings.pruning_frames(WEIGHT)[2][1](axes := plots.new_axes(), 0.0)
    assert axes.get_xlabel() == "0 of 36 pruned"


def test_each_pattern_shows_the_corner_of_its_mask():
    patterns = experiments.four_patterns(np.random.default_rng(0).standard_normal((16, 32), dtype=np.float32), 0.5)
    figure = drawings.mask_figure(patterns, window=8)
    assert [axes.get_title() for axes in figure.axes] == list(patterns)
    for axes, pattern in zip(figure.axes, patterns.values(), strict=True):
        assert np.array_equal(axes.images[0].get_array(), pattern.mask[:8, :8])


def test_times_have_a_panel_for_each_batch_and_two_bars_for_each_pattern():
    dense, own = (SimpleNamespace(ratio=r, ratio_q1=r - 0.1, ratio_q3=r + 0.2) for r in (1.0, 2.0))
    figure = drawings.time_figure({1: {"scattered": (dense, own)}, 64: {"scattered": (own, dense)}})
    left, right = figure.axes
    assert [bar.get_width() for bar in left.patches] == [1.0, 2.0]
    assert [bar.get_width() for bar in right.patches] == [2.0, 1.0]
    assert [axes.get_title() for axes in figure.axes] == ["batch 1", "batch 64"]
    whiskers = left.containers[0].lines[2][0].get_segments()
    assert np.allclose([bar[:, 0] for bar in whiskers], [[0.9, 1.2]])
