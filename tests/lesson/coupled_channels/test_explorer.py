"""Lesson 06's explorer: what it shows at each step is what the strips say."""

import pytest
from bad_input import bad_input_test
from explorer_tests import explorer_tests

from pruning_lab.lesson.coupled_channels import Heads, Normed, Residual, example, explore_paint, painted_strips
from pruning_lab.lesson.coupled_channels.strips import cells

NETWORKS = {"a block": Residual, "heads": Heads, "a norm": Normed}


def all_of_them():
    return explore_paint({name: network() for name, network in NETWORKS.items()}, example())


test_drawing, test_attended, test_unattended, test_html, test_text = explorer_tests(
    {"three": all_of_them, "one": lambda: explore_paint({"a block": Residual()}, example())}
)


@pytest.mark.parametrize("number", range(3), ids=NETWORKS)
def test_every_step_shows_the_strips_up_to_it(number):
    strips = painted_strips([*NETWORKS.values()][number](), example())
    shown = all_of_them().facts["networks"][number]["strips"]
    assert [len(rows) for rows in shown] == list(range(1, len(strips) + 1))
    for step, rows in enumerate(shown):
        assert [[[bool(name) for _, name in piece] for piece in row] for row in rows] == [
            [[cell is not None for cell in piece] for piece in row] for row in cells(strips, step)
        ]


def test_equal_names_have_equal_colours_and_others_differ():
    steps = all_of_them().facts["networks"][0]["strips"]
    looks = {look for rows in steps for row in rows for piece in row for look in map(tuple, piece)}
    named = [look for look in looks if look[1]]
    assert len({fill for fill, _ in named}) == len({name for _, name in named}) == len(named) == 19


def test_the_sum_says_how_many_choices_it_costs():
    block = all_of_them().facts["networks"][0]
    step = block["names"].index("sum")
    assert dict(block["rows"][step])["choices lost here"] == "6"
    words = "a block, operation: 8, sum; shape of the result: 1 x 6 x 8 x 8; choices lost here: 6; choices so far: 10"
    assert block["words"][step] == words


def test_the_slider_is_as_long_as_the_longest_run():
    shown = all_of_them()
    assert len(shown.controls[1].options) == max(len(run["names"]) for run in shown.facts["networks"]) == 12


def test_the_table_has_the_operations_that_cost_choices():
    rows = [row[:2] for row in all_of_them().table[1:]]
    assert ["a norm", "2, norm"] in rows
    assert ["heads", "7, dot products"] in rows
    assert ["heads", "8, softmax"] not in rows


test_bad_input = bad_input_test(
    [
        (
            "no network",
            lambda: explore_paint({}, example()),
            ValueError,
            "networks must hold at least one network; got none",
        )
    ]
)
