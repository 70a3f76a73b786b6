"""The four patterns of lesson 01: equal numbers of zeros, right products, and a control beside them."""

import numpy as np
import pytest

from pruning_lab import measure
from pruning_lab.lesson.why_prune import experiments

WEIGHT = np.random.default_rng(0).standard_normal((16, 32), dtype=np.float32)


@pytest.mark.parametrize("sparsity", [0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875])
def test_all_patterns_have_the_same_number_of_zeros(sparsity):
    made = experiments.four_patterns(WEIGHT, sparsity).values()
    assert [int((~pattern.mask).sum()) for pattern in made] == [round(sparsity * WEIGHT.size)] * 4
    assert [pattern.multiplications for pattern in made] == [WEIGHT.size - round(sparsity * WEIGHT.size)] * 4


@pytest.mark.parametrize("shape", [(32,), (32, 64)])
def test_each_product_is_that_of_the_masked_matrix(shape):
    x = np.random.default_rng(1).standard_normal(shape, dtype=np.float32)
    for pattern in experiments.four_patterns(WEIGHT, 0.5).values():
        y = experiments._product(pattern, np.ascontiguousarray(x[pattern.columns]))()
        np.testing.assert_allclose(y, (WEIGHT * pattern.mask) @ x, rtol=1e-4, atol=1e-5)


def test_a_sparsity_that_no_n_of_m_has_is_refused():
    with pytest.raises(ValueError, match=r"sparsity must be a multiple of 1/8 below 1.*; got 0.7"):
        experiments.group_for(0.7)


def test_the_control_is_timed_beside_the_patterns():
    made = experiments.four_patterns(WEIGHT, 0.5)
    assert list(experiments.times(WEIGHT, made, batch=64, repeats=2)) == [experiments.CONTROL, *made]


@pytest.mark.parametrize(("batch", "cold"), [(1, True), (64, False)])
def test_batch_1_is_timed_cold_where_copies_of_one_matrix_agree(monkeypatch, batch, cold):
    real, seen = measure.compare, []

    def compare(candidates, repeats=30, cold=False):
        seen.append(cold)
        return real(candidates, repeats=1)

    monkeypatch.setattr(measure, "compare", compare)
    monkeypatch.setattr(measure.rivals, "compare", compare)
    experiments.times(WEIGHT, experiments.four_patterns(WEIGHT, 0.5), batch)
    assert seen == [cold, cold]  # the choice of the dense rival, then the comparison with it
