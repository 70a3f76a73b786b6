"""The first cell of a lesson: what it says, what it refuses, and whether a person may be there."""

import pytest

from pruning_lab import lesson
from pruning_lab.attendance import attended
from pruning_lab.lesson.frame import journal, session


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
    assert not attended()
    monkeypatch.delenv("PRUNING_LAB_UNATTENDED")
    assert attended()


def test_a_reader_who_comes_back_hears_what_they_answered_and_where_they_stopped(path):
    answered = {"lesson": "03", "choice": "fewer", "answer": "more"}
    journal.append("prediction", question="How many?", **answered)
    journal.append("prediction", question="How many?", **{**answered, "choice": "more"})  # the first answer counts
    journal.append("prediction", question="Elsewhere?", **{**answered, "lesson": "04"})
    journal.append("reason", lesson="03", question="How many?", reason="they cluster")
    said = session.greeting("03")
    assert said.startswith('Welcome back. You stopped at "How many?", on 20')
    assert said.splitlines()[1:] == ["Your answers so far:", "- How many? You: fewer. Measured: more."]


@pytest.mark.parametrize("content", [None, '{"version": 99, "entries": []}'], ids=["no journal", "one from the future"])
def test_who_is_here_for_the_first_time_hears_nothing(path, content):
    if content:
        path.write_text(content)
    assert session.greeting("03") == ""
