"""Lesson 09's explorer: every state is what the matrix takes once it is pruned, shared and written with gaps."""

import numpy as np
import pytest
import torch
from explorer_tests import explorer_tests

from pruning_lab import compress, masks, sparse
from pruning_lab.lesson.deep_compression.bits import DENSITIES
from pruning_lab.lesson.deep_compression.explorer import GAP_BITS, VALUE_BITS, explore_bits, states_at

WEIGHT = torch.randn(40, 100, generator=torch.Generator().manual_seed(0))

test_drawing, test_attended, test_unattended, test_html, test_text = explorer_tests(
    {"bits": lambda: explore_bits(WEIGHT)}
)


def test_a_state_is_what_the_paper_counts():
    found = {(state["value bits"], state["gap bits"]): state for state in states_at(WEIGHT, 0.1)}
    mask = masks.mask_unstructured(WEIGHT.abs(), 0.9)
    for value_bits, gap_bits in [(2, 2), (3, 5), (5, 8)]:
        size = compress.compressed_size(compress.share_weights(WEIGHT, mask, value_bits), gap_bits)
        state = found[value_bits, gap_bits]
        bits = WEIGHT.numel() * (state["values"] + state["gaps"] + state["fillers"])
        assert bits == pytest.approx(size.stored * (value_bits + gap_bits))


def test_the_sliders_reach_the_state_that_they_name():
    facts = explore_bits(WEIGHT).facts
    place, choice, level = DENSITIES.index(0.2), VALUE_BITS.index(4), GAP_BITS.index(6)
    at = (place * len(VALUE_BITS) + choice) * len(GAP_BITS) + level
    assert facts["sizes"] == [len(VALUE_BITS), len(GAP_BITS)]
    assert len(facts["states"]) == len(DENSITIES) * len(VALUE_BITS) * len(GAP_BITS)
    values, gaps, fillers, floor, _ = facts["states"][at]
    assert (values, gaps) == pytest.approx((0.2 * 4, 0.2 * 6))
    array = (WEIGHT * masks.mask_unstructured(WEIGHT.abs(), 0.8)).numpy()
    stored = sparse.RelativeIndex.from_dense(array, 6).stored
    assert fillers == pytest.approx((stored - np.count_nonzero(array)) * 10 / array.size)
    assert floor < values + gaps
    assert dict(facts["rows"][at])["density"] == "0.2"


def test_more_bits_leave_less_error_and_a_higher_floor():
    states = [state for state in states_at(WEIGHT, 0.3) if state["gap bits"] == 4]
    assert [state["snr"] for state in states] == sorted(state["snr"] for state in states)
    assert states[0]["floor"] < states[-1]["floor"]


def test_each_slider_has_a_trait_of_its_own():
    assert [knob.trait for knob in explore_bits(WEIGHT).controls] == ["place", "choice", "level"]
