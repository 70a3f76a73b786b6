"""Lesson 04's explorer: it names the winner, with quartiles where there are some; made again from its table."""

import pytest
from explorer_tests import explorer_tests

from pruning_lab.lesson.sparse_kernels import explore_crossover, explorer

DENSITIES, BATCHES, RATIOS = [0.1, 0.5], [1, 64], [[4, 2], [1, 0.5]]


def with_quartiles():
    return explore_crossover(DENSITIES, BATCHES, RATIOS, low=[[3, 1], [1, 0]], high=[[5, 3], [2, 1]])


test_drawing, test_attended, test_unattended, test_html, test_text = explorer_tests(
    {"plain": lambda: explore_crossover(DENSITIES, BATCHES, RATIOS), "with quartiles": with_quartiles}
)


def test_the_crossover_names_the_winner():
    rows = with_quartiles().facts["rows"]
    assert dict(rows[0][0])["faster"] == "the sparse product"
    assert dict(rows[1][1])["faster"] == "the dense product"
    assert dict(rows[0][0])["quartiles"] == "3.00 to 5.00"


@pytest.mark.parametrize("quartiles", [{}, {"low": RATIOS}, {"high": RATIOS}], ids=["none", "low only", "high only"])
def test_quartiles_are_read_out_where_there_are_both(quartiles):
    rows = explore_crossover(DENSITIES, BATCHES, RATIOS, **quartiles).facts["rows"]
    assert "quartiles" not in dict(rows[0][0])


def test_each_slider_has_the_steps_of_one_axis():
    density, batch = with_quartiles().controls
    assert (density.name, density.options, density.trait) == ("Density (kept)", ("0.1", "0.5"), "choice")
    assert (batch.name, batch.options, batch.trait) == ("Batch size (inputs)", ("1", "64"), "place")


def test_it_is_made_again_from_its_own_table():
    shown = explore_crossover(DENSITIES, BATCHES, RATIOS)
    header, *rows = shown.table
    columns = {name: [float(row[k]) for row in rows] for k, name in enumerate(header)}
    again = explorer.from_table(columns)
    assert again.facts == shown.facts
    assert again.table == shown.table


def test_ratios_must_fit_the_axes():
    with pytest.raises(ValueError, match=r"ratios must have shape \(2, 1\); got \(2, 2\)"):
        explore_crossover(DENSITIES, [1], RATIOS)
