"""Exercises: a stub is told from an answer, hints come one at a time, and an answer's own errors say where."""

import ipywidgets
import pytest

from lesson.frame.controls import find
from pruning_lab import lesson
from pruning_lab.lesson.frame import journal, practice


def test_hints_come_one_at_a_time(shown):
    lesson.practice(lambda answer: None, print, "look", "think", "do")
    box = shown[0][0]
    (button,) = find(box, ipywidgets.Button)
    (text,) = find(box, ipywidgets.HTML)
    seen = []
    for _ in range(3):
        button.click()
        seen.append([step in text.value for step in ("1. look", "2. think", "3. do")])
    assert seen == [[True, False, False], [True, True, False], [True, True, True]]
    assert button.disabled


def test_a_wrong_answer_gets_its_hints_too(shown):
    def wrong(answer):
        raise AssertionError("one too many")

    with pytest.raises(AssertionError, match=r"^print: one too many$") as caught:
        lesson.practice(wrong, print, "look", "think", "do")
    assert caught.value.__suppress_context__
    assert find(shown[0][0], ipywidgets.Button, "Hint 1 of 3")


def test_an_answer_that_raises_says_where(shown):
    with pytest.raises(ZeroDivisionError) as caught:
        lesson.practice(lambda answer: 1 / 0, print, "look", "think", "do")
    assert caught.value.__notes__ == ["This came from inside print, while it was being checked."]


def test_the_self_check_is_kept(shown, path):
    lesson.self_check("What do you tell them?")
    box = shown[0][0]
    find(box, ipywidgets.Textarea)[0].value = "the kernel must skip them"
    find(box, ipywidgets.Checkbox)[1].value = True
    find(box, ipywidgets.Button)[0].click()
    (entry,) = journal.read()
    assert (entry["answer"], entry["met"]) == ("the kernel must skip them", [practice.SELF_CHECK[1]])


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (practice.NOT_STARTED, "print: not started yet. Replace the ... and run this cell again.\n"),
        (None, "print: correct on every case tried.\n"),
        (NotImplemented, "print: correct on every case tried.\n"),  # Python's own word for something else
    ],
    ids=["not started", "correct", "another value"],
)
def test_a_checker_says_by_its_value_whether_the_answer_is_begun(shown, capsys, returned, said):
    lesson.practice(lambda answer: returned, print, "look", "think", "do")
    assert capsys.readouterr().out == said
