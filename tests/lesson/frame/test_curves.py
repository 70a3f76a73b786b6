"""The explorer of curves: means over seeds, read out at every place of the slider; made again from its table."""

import pytest
from bad_input import bad_input_test
from explorer_tests import explorer_tests

from pruning_lab import lesson, plots
from pruning_lab.lesson.frame import curves

CURVES = {"one-shot": ([0.9, 0.5], [[0.3, 0.8], [0.5, 0.6]]), "retrained": ([0.5, 0.9], [0.85, 0.8])}

test_drawing, test_attended, test_unattended, test_html, test_text = explorer_tests(
    {"accuracy": lambda: lesson.explore_accuracy(CURVES, dense=0.9)}
)


def test_accuracies_are_means_over_seeds():
    shown = lesson.explore_accuracy({"one-shot": CURVES["one-shot"]}, dense=0.9)
    assert shown.facts["rows"] == [
        [("sparsity", "0.5"), ("one-shot", "0.700")],
        [("sparsity", "0.9"), ("one-shot", "0.400")],
    ]
    assert shown.facts["low"] == 0.4


def test_the_slider_runs_over_the_places_of_the_curves():
    shown = lesson.explore_accuracy(CURVES, dense=0.9)
    (slider,) = shown.controls
    assert (slider.name, slider.options, slider.trait) == ("Sparsity (pruned)", ("0.5", "0.9"), "place")
    assert shown.facts["places"] == [0.5, 0.9]
    assert shown.facts["line"] == 0.9
    assert shown.facts["words"][1] == "sparsity 0.9, one-shot 0.400, retrained 0.800"


def test_each_curve_has_its_points_and_its_colour():
    drawn = lesson.explore_accuracy(CURVES).facts["curves"]
    assert [curve["name"] for curve in drawn] == list(CURVES)
    assert [curve["colour"] for curve in drawn] == plots.SERIES[:2]
    assert dict(drawn[1]["points"]) == pytest.approx({0.5: 0.85, 0.9: 0.8})


def test_the_table_has_the_numbers_read_out():
    shown = lesson.explore_accuracy(CURVES)
    assert shown.table == [
        ["sparsity", "one-shot", "retrained"],
        ["0.5", "0.700", "0.850"],
        ["0.9", "0.400", "0.800"],
    ]


def test_it_is_made_again_from_its_own_table():
    shown = lesson.explore_accuracy(CURVES)
    header, *rows = shown.table
    columns = {name: [float(row[k]) for row in rows] for k, name in enumerate(header)}
    again = curves.from_table(columns)
    assert again.table == shown.table
    assert again.facts == {**shown.facts, "curves": again.facts["curves"]}
    for curve, before in zip(again.facts["curves"], shown.facts["curves"], strict=True):
        assert dict(curve["points"]) == pytest.approx(dict(before["points"]), abs=5e-4)  # a table has three digits


BAD_INPUT = [
    (
        "curves apart",
        lambda: lesson.explore_accuracy({"a": ([0.5], [0.1]), "b": ([0.6], [0.1])}),
        ValueError,
        "curves must all be over the same sparsities; got [[0.5], [0.6]]",
    ),
]
test_bad_input = bad_input_test(BAD_INPUT)
