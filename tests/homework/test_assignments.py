"""Every assignment: its solution scores full marks, the untouched release 0, and each wrong answer what it should.

An assignment's wrong answers stand in a file beside this one, which defines NAME; SOLVED, what `solution_of` returns;
POINTS, {question: points}; and WRONG, cases from `wrong_answers` for each question.
"""

import os

import hw1_answers
import hw2_answers
import hw3_answers
import pytest
from homework_tests import graded, names_of

from pruning_lab.homework import release

ASSIGNMENTS = [hw1_answers, hw2_answers, hw3_answers]
WRONG = [
    pytest.param(assignment, *case, id=f"{assignment.NAME}-{case[0]}-{number}")
    for assignment in ASSIGNMENTS
    for number, case in enumerate(assignment.WRONG)
]
each = pytest.mark.parametrize("assignment", ASSIGNMENTS, ids=lambda assignment: assignment.NAME)


@pytest.fixture(autouse=True)
def one_draw(monkeypatch):
    """Hidden instances as a class would meet them; `PRUNING_LAB_INSTANCES=7 pytest tests/homework` draws others."""
    monkeypatch.setenv("PRUNING_LAB_INSTANCES", os.environ.get("PRUNING_LAB_INSTANCES", "1"))


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    return {assignment.NAME: release.make(assignment.NAME, folder) for assignment in ASSIGNMENTS}


def test_every_assignment_is_here():
    graded_by_file = {"hw4-budget"}  # test_hw4
    assert {assignment.NAME for assignment in ASSIGNMENTS} | graded_by_file == release.sources().keys()


@each
def test_the_solution_scores_full_marks(made, assignment):
    scores = {question: graded(made[assignment.NAME], question, assignment.SOLVED)[0] for question in assignment.POINTS}
    assert scores == assignment.POINTS


@each
def test_the_untouched_release_scores_nothing(made, assignment):
    stubs = names_of(made[assignment.NAME] / "student" / f"{assignment.NAME}.ipynb")
    for question in assignment.POINTS:
        score, messages = graded(made[assignment.NAME], question, stubs)
        assert score == 0
        assert all("replace the ..." in message or "not filled in yet" in message for message in messages)


@each
def test_every_question_has_eight_wrong_answers(assignment):
    asked = [case[0] for case in assignment.WRONG]
    assert min(asked.count(question) for question in assignment.POINTS) >= 8


@pytest.mark.parametrize(("assignment", "question", "name", "answer", "phrase", "score"), WRONG)
def test_a_wrong_answer_scores_what_it_should_and_is_told_why(made, assignment, question, name, answer, phrase, score):
    got, messages = graded(made[assignment.NAME], question, {**assignment.SOLVED, name: answer})
    assert got == score, messages
    assert phrase in " ".join(messages)
