"""The first cell of a lesson: what it says, what it refuses, and whether a person may be there."""

import pytest

from pruning_lab import lesson
from pruning_lab.lesson.frame import session


def test_start_says_what_it_runs_on(capsys):
    lesson.start("01")
    assert capsys.readouterr().out.startswith("Lesson 01 · seed 0 · one thread\n")


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (1, 'lesson must be a string such as "01"; got 1'),
        ("1", "lesson must be two digits such as \"01\"; got '1'"),
    ],
)
def test_start_refuses_what_is_not_a_lesson(value, error):
    with pytest.raises((TypeError, ValueError)) as caught:
        lesson.start(value)
    assert str(caught.value) == error


def test_a_run_without_a_person_is_told_from_one_with(monkeypatch):
    monkeypatch.setenv("PRUNING_LAB_UNATTENDED", "1")
    assert not session.attended()
    monkeypatch.delenv("PRUNING_LAB_UNATTENDED")
    assert session.attended()
