"""Lesson 09's bits: closed forms against encoded matrices, entropies by hand, integers and zeros at equal bits."""

import numpy as np
import pytest

from pruning_lab import sparse
from pruning_lab.lesson.deep_compression import bits


@pytest.mark.parametrize("density", [0.05, 0.1, 0.5])
def test_the_closed_form_is_what_random_matrices_take(density):
    picked = (np.random.default_rng(0).random((1000, 2000)) < density).astype(np.float32)
    taken = 20 * sparse.RelativeIndex.from_dense(picked, 4).stored / picked.size
    found = bits.bits_by_format(np.count_nonzero(picked) / picked.size)
    assert taken == pytest.approx(found["gaps of 4 bits"], rel=0.005)
    assert 8 * sparse.Bitmask.bytes_at(picked.shape, density, value_bytes=2) == pytest.approx(
        picked.size * bits.bits_by_format(density)["bitmask"], rel=1e-3
    )


def test_the_floor_is_below_every_format():
    for density in bits.DENSITIES:
        *others, (name, floor) = bits.bits_by_format(density).items()
        assert name == "floor"
        assert all(taken >= floor - 1e-9 for _, taken in others)


def test_entropies_by_hand():
    assert bits.mask_entropy(0.25) == pytest.approx(0.25 * 2 + 0.75 * np.log2(4 / 3))
    assert bits.mask_entropy(0.0) == bits.mask_entropy(1.0) == 0
    assert bits.code_entropy(np.arange(8)) == pytest.approx(3)


def test_integers_use_every_value_that_their_bits_have():
    weights = np.random.default_rng(0).standard_normal(20_000)
    for number in (2, 3, 4):
        rounded = bits.as_integers(weights, number)
        assert np.unique(rounded).size == 2**number
        unclipped = bits.unclipped_integers(weights, number)
        assert ((rounded - weights) ** 2).sum() <= ((unclipped - weights) ** 2).sum()
    assert np.abs(unclipped).max() == pytest.approx(np.abs(weights).max(), rel=1e-6)


@pytest.mark.parametrize("outlier", [5, 50, 150])
def test_a_searched_clip_is_found_however_large_one_weight_is(outlier):
    """At 2 bits the rest of a bell curve stays 8 dB above its error, whatever one weight among 100,000 is."""
    weights = np.random.default_rng(0).standard_normal(100_000)
    clipped = bits.as_integers(np.append(weights, outlier), 2)[:-1]
    assert bits.snr(weights, clipped) > 8


def test_survivors_cost_no_more_than_the_bits_they_are_given():
    weights = np.random.default_rng(0).standard_normal(10_000)
    for number in (2, 4, 8):
        kept = np.count_nonzero(bits.as_survivors(weights, number)) / weights.size
        assert 16 * kept + bits.mask_entropy(kept) <= number
        assert 16 * (kept + 0.002) + bits.mask_entropy(kept + 0.002) > number
        assert np.count_nonzero(bits.as_survivors(weights, number, index_is_free=True)) == weights.size * number // 16


def test_the_largest_survive():
    assert bits.as_survivors(np.array([1.0, -4.0, 2.0, 3.0]), 8, index_is_free=True).tolist() == [0, -4, 0, 3]


def test_rows_hold_every_rival_at_every_number_of_bits():
    rows = bits.zeros_against_bits(bits.bell_curves(size=2000), bits=(4, 2))
    assert [(row["source"], row["bits"]) for row in rows] == [
        (source, number) for source in ("bell curve", "heavy tails") for number in (4, 2)
    ]
    assert all(list(row)[2:] == list(bits.RIVALS) for row in rows)
    assert rows[0]["integers"] > rows[0]["pruned, places for nothing"] > rows[0]["pruned, places at the floor"]


def test_heavy_tails_are_heavier():
    curves = bits.bell_curves()
    assert bits.kurtosis(curves["bell curve"]) == pytest.approx(3, abs=0.1)
    assert bits.kurtosis(curves["heavy tails"]) > 10
