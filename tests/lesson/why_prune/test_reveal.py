"""Lesson 01's reveal: the answer follows the lower quartile, and every number of the tables was measured or counted."""

from types import SimpleNamespace

import numpy as np
import pytest

from pruning_lab.lesson.frame.seen import Explanation
from pruning_lab.lesson.why_prune import experiments, reveal

WEIGHT = np.random.default_rng(0).standard_normal((16, 32), dtype=np.float32)
OPTIONS = {"columns": ["whole columns"], "none": [], "other": None}


def measured(ratios):
    """Return what `times` would, where every pattern that `ratios` does not name is as fast as the unpruned matrix."""

    def times(_weight, made, _batch):
        rows = {name: ratios.get(name, 1.0) for name in [experiments.CONTROL, *made]}
        pairs = {name: ratio if isinstance(ratio, tuple) else (ratio, ratio) for name, ratio in rows.items()}
        return {
            name: (SimpleNamespace(ratio=r, ratio_q1=q1, ratio_q3=r, ratio_text=f"{r:.2f} ({q1:.2f} to {r:.2f})"),) * 2
            for name, (r, q1) in pairs.items()
        }

    return times


@pytest.mark.parametrize(
    ("ratios", "answer"),
    [
        ({"whole columns": 1.9}, "columns"),
        ({}, "none"),
        ({experiments.CONTROL: 1.9}, "none"),  # a lucky copy of the unpruned matrix is no pattern that won
        ({"scattered": 1.3}, "other"),
        ({"whole columns": 1.1}, "none"),  # too little to count
        ({"whole columns": (1.9, 1.1)}, "none"),  # a high median whose lower quartile stays below the bar
    ],
)
def test_the_answer_follows_what_was_measured(monkeypatch, ratios, answer):
    monkeypatch.setattr(reveal, "times", measured(ratios))
    assert reveal.pattern_reveal(WEIGHT, 0.5, OPTIONS)()[0] == answer


def test_the_reveal_shows_masks_costs_and_times_with_the_control(monkeypatch):
    monkeypatch.setattr(reveal, "times", measured({"whole columns": 1.9}))
    _, (masks, costs, bars, times, read_first, invariant, _) = reveal.pattern_reveal(WEIGHT, 0.5, OPTIONS)()
    assert masks.startswith('<img alt="The masks of scattered, 2:4, 4x1 vectors, whole columns')
    assert costs.count("<tr>") == 1 + 4
    assert f"{8 * 32 * 4:,} (0.50 of dense)" in costs  # whole columns: half of the matrix
    assert "whole columns, batch 64: dense product 1.90, its own 1.90" in bars
    assert times.count("<tr>") == 1 + 5
    assert times.count("1.90 (1.90 to 1.90)") == 4  # two batch sizes, two products
    assert experiments.CONTROL in times
    assert experiments.CONTROL in read_first
    assert isinstance(invariant, Explanation)  # it waits until the learner has said what was seen
