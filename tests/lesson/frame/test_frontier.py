"""The frontier: a panel for each cost, whoever nobody beats is filled, and rows that say too little are refused."""

import pytest
from bad_input import bad_input_test

from pruning_lab import lesson
from pruning_lab.lesson.frame.frontier import on_front

ROWS = [
    {"name": "dense", "accuracy": 0.9, "bytes": 1000, "time": 1.0},
    {"name": "masked", "accuracy": 0.89, "bytes": 1000, "time": 1.0},
    {"name": "small", "accuracy": 0.88, "bytes": 100, "time": None},
]


def test_a_panel_for_each_cost_that_a_row_has():
    figure = lesson.frontier(ROWS)
    assert [axes.get_xlabel() for axes in figure.axes] == ["file, kilobytes", "time, dense = 1"]
    assert len(lesson.frontier([{**row, "energy": 1.0} for row in ROWS]).axes) == 3


def test_the_points_are_the_rows_and_the_front_is_filled():
    first = lesson.frontier(ROWS).axes[0]
    points = {line.get_label(): line for line in first.lines if not line.get_label().startswith("_")}
    assert list(points) == ["dense", "masked", "small"]
    assert points["small"].get_xdata().tolist() == [0.1]
    assert points["small"].get_ydata().tolist() == [0.88]
    assert [line.get_markerfacecolor() == "none" for line in points.values()] == [False, True, False]


def test_a_model_without_a_cost_is_left_out_of_that_panel():
    second = lesson.frontier(ROWS).axes[1]
    lines = {line.get_label(): line for line in second.lines}
    assert list(lines["small"].get_xdata()) == []
    assert on_front(ROWS, "time") == ["dense"]


def test_equals_share_the_front():
    rows = [{"name": name, "accuracy": 0.9, "bytes": 10} for name in "ab"]
    assert on_front(rows, "bytes") == ["a", "b"]


@pytest.mark.parametrize("worse", [{"accuracy": 0.8, "bytes": 10}, {"accuracy": 0.9, "bytes": 11}])
def test_worse_in_one_and_no_better_in_the_other_is_beaten(worse):
    assert on_front([{"name": "a", "accuracy": 0.9, "bytes": 10}, {"name": "b", **worse}], "bytes") == ["a"]


BAD_INPUT = [
    (
        "no accuracy",
        lambda: lesson.frontier([{"name": "x", "bytes": 1}]),
        ValueError,
        "rows must have a name and an accuracy; got {'name': 'x', 'bytes': 1}",
    ),
    (
        "no cost",
        lambda: lesson.frontier([{"name": "x", "accuracy": 1}]),
        ValueError,
        "rows must have at least one cost of bytes, time, energy; got [{'name': 'x', 'accuracy': 1}]",
    ),
    (
        "no rows",
        lambda: lesson.frontier([]),
        ValueError,
        "rows must have at least one cost of bytes, time, energy; got []",
    ),
]
test_bad_input = bad_input_test(BAD_INPUT)
