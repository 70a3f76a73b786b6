"""Lesson 08's explorer: every state is a removal, and bytes say which weights are gone."""

import numpy as np
import pytest
import torch
from explorer_tests import explorer_tests

from pruning_lab.lesson.beyond_magnitude.experiments import Removal
from pruning_lab.lesson.beyond_magnitude.explorer import ZERO, explore_removals


def removals():
    generator = torch.Generator().manual_seed(0)
    found = []
    for number, method in enumerate(("magnitude", "OBD", "OBS")):
        for sparsity in (0.5, 0.7, 0.9):
            weight = torch.randn(10, 49, generator=generator).double()
            weight.view(-1)[: round(490 * sparsity)] = 0
            predicted = 0.1 if method == "OBD" else None
            found.append(
                Removal(method, sparsity, 0.1 * (number + 1) + sparsity, predicted, 0.8 - sparsity / 10, weight)
            )
    return found


test_drawing, test_attended, test_unattended, test_html, test_text = explorer_tests(
    {"removals": lambda: explore_removals(removals())}
)


def test_the_controls_reach_the_removal_that_they_name():
    found = removals()[::-1]  # in any order
    shown = explore_removals(found)
    methods, places = shown.controls[0].options, shown.facts["places"]
    states = shown.numbers.reshape(len(methods), len(places), 490)
    for one in found:
        at = methods.index(one.method), places.index(one.sparsity)
        assert np.array_equal(states[at] == ZERO, one.weight.flatten().numpy() == 0)
        assert np.array_equal(np.sign(states[at].astype(int) - ZERO), np.sign(one.weight.flatten().numpy()))
        said = dict(shown.facts["rows"][at[0] * len(places) + at[1]])
        assert (said["removed"], said["loss gained"]) == (f"{one.sparsity:g}", f"{one.gained:.4f}")
        assert shown.facts["words"][at[0] * len(places) + at[1]].startswith(f"{one.method}: removed")


def test_the_table_is_of_the_sparsity_that_the_figure_is_read_at():
    table = explore_removals(removals()).table
    assert table[0] == ["method", "loss gained", "loss gained, as predicted", "accuracy"]
    assert table[1] == ["magnitude", "0.8000", "no prediction", "0.730"]
    assert table[2] == ["OBD", "0.9000", "0.1000", "0.730"]


def test_a_method_that_lacks_a_sparsity_is_refused():
    with pytest.raises(ValueError, match="found must hold every method at every sparsity; got 8 removals"):
        explore_removals(removals()[:-1])
