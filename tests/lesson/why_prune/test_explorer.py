"""Lesson 01's explorer is given the package's masks at every step, its bytes and its counts."""

import numpy as np
import pytest
import torch
from bad_input import bad_input_test
from explorer_tests import explorer_tests, masks_shown

from pruning_lab import masks, scores, sparse
from pruning_lab.lesson.frame.explorer import PLACES
from pruning_lab.lesson.why_prune import explore_patterns


def small_weight(rows=8, columns=12):
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(0))


def masks_of(weight, pattern):
    return [mask[pattern] for mask in masks_shown(explore_patterns(weight), 4, weight.shape)]


test_drawing, test_attended, test_unattended, test_html, test_text = explorer_tests(
    {"patterns": lambda: explore_patterns(small_weight())}
)


@pytest.mark.parametrize(
    ("pattern", "mask_of"),
    [
        (0, lambda worth, s: masks.mask_unstructured(worth, s)),
        (1, lambda worth, s: masks.mask_n_of_m(worth, max(1, 4 - round(4 * s)), 4)),
        (2, lambda worth, s: masks.mask_blocks(worth, (4, 1), s)),
    ],
    ids=["scattered", "N:4", "4x1"],
)
def test_the_browser_is_sent_the_masks_of_the_package(pattern, mask_of):
    weight = small_weight()
    weight[0] = 0.5  # ties
    worth = scores.magnitude_scores(weight)
    for mask, place in zip(masks_of(weight, pattern), PLACES, strict=True):
        assert np.array_equal(mask, mask_of(worth, place).numpy())


def test_columns_go_whole_and_in_the_order_of_keep_channels():
    weight = small_weight()
    for mask, place in zip(masks_of(weight, 3), PLACES, strict=True):
        keep = masks.keep_channels(weight.abs().sum(dim=0), place)
        assert np.flatnonzero(mask.any(axis=0)).tolist() == keep.tolist()
        assert (mask.all(axis=0) == mask.any(axis=0)).all()


def test_the_numbers_read_out_are_those_of_the_formats():
    weight = small_weight()
    step = PLACES.index(0.6)
    pruned = weight.numpy() * masks.mask_unstructured(weight.abs(), 0.6).numpy()
    rows = dict(explore_patterns(weight).facts["patterns"][0]["rows"][step])
    assert rows["bytes, CSR"] == rows["bytes, its own format"] == f"{sparse.CSR.from_dense(pruned).nbytes:,}"
    assert rows["bytes, bitmask"] == f"{sparse.Bitmask.from_dense(pruned).nbytes:,}"
    assert rows["bytes, dense with zeros"] == "384"
    assert rows["multiplications, dense product"] == "96"
    assert rows["multiplications, its own product"] == "38"
    assert rows["norm that survives"] == f"{np.linalg.norm(pruned) / weight.norm().item():.3f}"


def test_the_weights_reach_the_browser_and_fit_its_histogram():
    weight = small_weight()
    shown = explore_patterns(weight)
    sent = np.frombuffer(shown.state()["numbers"], np.float32).reshape(weight.shape)
    assert np.array_equal(sent, weight.numpy())
    assert np.abs(sent).max() < shown.facts["reach"] < 1.001 * np.abs(sent).max()


def test_a_threshold_is_drawn_for_scattered_zeros_only():
    weight = small_weight()
    scattered, *others = (pattern["thresholds"] for pattern in explore_patterns(weight).facts["patterns"])
    assert scattered[0] is None  # nothing is pruned yet
    for place, threshold in zip(PLACES[1:], scattered[1:], strict=True):
        assert (weight.abs() <= threshold).sum() == round(place * weight.numel())
    assert {threshold for pattern in others for threshold in pattern} == {None}


def test_the_plain_table_is_the_read_out_at_half():
    shown = explore_patterns(small_weight())
    header, *rows = shown.table
    at_half = [pattern["rows"][PLACES.index(0.5)] for pattern in shown.facts["patterns"]]
    assert header == ["pattern", *(name for name, _ in at_half[0])]
    assert [row[0] for row in rows] == ["scattered", "2:4", "4x1 vectors", "whole columns"]
    assert [row[1:] for row in rows] == [[value for _, value in pattern] for pattern in at_half]


def test_the_state_stays_small():
    state = explore_patterns(torch.randn(100, 300)).state()
    assert len(state["numbers"]) + len(state["gone_at"]) + len(str(state["facts"])) < 500_000


BAD_INPUT = [
    (
        "weight array",
        lambda: explore_patterns(np.zeros((4, 4), np.float32)),
        TypeError,
        "weight must be a float32 tensor; got ndarray",
    ),
    (
        "weight shape",
        lambda: explore_patterns(torch.zeros(4, 6)),
        ValueError,
        "weight must have 2 axes, both sizes multiples of 4, and at most 200,000 entries; got shape (4, 6)",
    ),
]
test_bad_input = bad_input_test(BAD_INPUT)
