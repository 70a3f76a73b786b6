"""Lesson 10's reveals and curves, on findings whose answers can be told by hand."""

import pytest

from pruning_lab import plots
from pruning_lab.audit import Audit, Finding
from pruning_lab.lesson.your_own_network import drawings, experiments, reveal

UNSEEN = ("channels of 'a' and 2 more stay whole: a sum", "channels of 'b' stay whole: a norm", "accuracy: nothing")


def report(work=0.25, ratio=2.0):
    found = [
        Finding("cost", "", "MACs", 100, "", level=0.0),
        Finding("cost", "", "MACs", 100 * work, "", level=0.5),
        Finding("network", "", "zeros in place", 1.0, "", 0.9, 1.1, level=0.9, batch=1),
        Finding("network", "", "smaller", ratio, "", 0.9 * ratio, 1.1 * ratio, level=0.5, batch=1),
        Finding("share", "fc", "", 0.5, "of the time"),
        Finding("bytes", "fc", "dense", 400, "bytes"),
    ]
    for level in (0.5, 0.9):
        found += [Finding("bytes", "fc", form, 400 * (1 - level), "", level=level) for form in forms()]
        found.append(Finding("product", "fc", "CSR", 0.5 / (1 - level), "x", level=level, batch=1))
    found += [Finding("sensitivity", "fc", "scattered", 1 - level, "", level=level) for level in (0.9, 0.5)]
    return Audit(tuple(found), {}, UNSEEN)


def forms():
    return ("CSR", "Bitmask", "RelativeIndex")


def test_the_work_that_is_left_is_the_answer():
    options = {"a quarter": (0, 0.3), "a half": (0.3, 1)}
    answer, (words, table) = reveal.work_reveal({"A": report(), "B": report(0.5)}, options, "B")()
    assert answer == "a half"
    assert "B keeps 0.50 of its" in words
    assert '<td style="text-align:left">4</td>' in table  # 1 + 2 more, and 1


def test_the_time_is_the_answer_and_the_control_stands_beside_it():
    options = {"slower": (0, 1), "faster": (1, 9)}
    answer, (words, table) = reveal.time_reveal({"A": report(), "B": report(0.5, 0.5)}, options, "B")()
    assert answer == "slower"
    assert "0.50 times as fast" in words
    assert "1.00x (0.90 to 1.10)" in table


def test_a_time_that_was_not_reached_is_said():
    empty = Audit(report().findings[:2], {}, ())
    with pytest.raises(ValueError, match="reports must hold the time of A; got none"):
        reveal.time_reveal({"A": empty}, {"all": (0, 9)}, "A")()


def test_curves_are_in_the_order_of_the_levels():
    assert experiments.sensitivity_curves(report()) == {"fc": ((0.5, 0.9), (0.5, pytest.approx(0.1)))}


@pytest.mark.parametrize("sparsity", [0.0, 0.5, 0.95])
def test_every_frame_draws_at_every_sparsity(sparsity):
    for _, draw in drawings.choice_frames(report(), "fc"):
        draw(plots.new_axes(), sparsity)


def test_bars_stand_for_what_was_measured():
    axes = drawings.kinds_picture({"A": report(), "B": report(0.5, 3.0)})
    assert sorted(round(bar.get_width(), 2) for bar in axes.patches) == [1.0, 1.0, 2.0, 3.0]


def test_the_letters_stand_on_the_curves():
    axes = drawings.amdahl_picture()
    points = {line.get_xydata()[0][1] for line in axes.lines if len(line.get_xydata()) == 1}
    assert {round(float(point), 2) for point in points} == {2.0, 1.82, 1.25, 10.0}
