"""What the tests of every assignment share: names that a notebook defines, and the score of a question for them."""

import ast
import shutil
import time

import nbformat
import pytest

from pruning_lab.homework.frame import assignments, grading, release

fenced = pytest.mark.skipif(shutil.which("bwrap") is None, reason="submissions are cut off by bubblewrap")


def soon(there, seconds=100):
    """Wait until something is so; return whether it was in time."""
    ends = time.monotonic() + seconds
    while not there() and time.monotonic() < ends:
        time.sleep(0.1)
    return there()


class Here:
    """Stands for a sandbox: the answers are in this process."""

    def __init__(self, names):
        self.get = names.get


def graded(made, question, names):
    """Return the score of a question for {name: answer}, and the messages."""
    found = grading.score_question(grading.parse_tests(release.tests_of(made)[question]), Here(names))
    return found["score"], found["messages"]


def source_of(body, asks="files"):
    """Return the source of a question's tests as otter writes it: one test, of one point."""
    return (
        "from otter.test_files import test_case\n\nOK_FORMAT = False\n\nname = 'q'\npoints = 1\n\n"
        f"@test_case(points=1, hidden=False)\ndef test_it({asks}):\n{body}\n"
    )


def names_of(path):
    """Run the cells of a made notebook that define something; return what they define.

    From the first one on that asks for the package they belong to a question which is graded from a file.
    """
    names = {}
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code" and "pruning_lab" in cell.source:
            break
        if cell.cell_type == "code" and "grader" not in cell.source:
            exec(cell.source, names)
    return names


def solution_of(assignment, source_of=None):
    """Return what the source notebook's solved cells define, or the source of one of them. Tests are left out."""
    names = {}
    for cell in nbformat.read(assignments.sources()[assignment], as_version=4).cells:
        defines = (
            [node.name for node in ast.parse(cell.source).body if isinstance(node, ast.FunctionDef)]
            if (cell.cell_type == "code" and "TEST CONFIG" not in cell.source)
            else []
        )
        if source_of in defines:
            return cell.source
        if defines or (cell.cell_type == "code" and cell.source.startswith(("import", "from", "by_hand"))):
            exec(cell.source, names)
    return names


def wrong_answers(question, name, table):
    """Return cases of a test. A row of `table`: (answer, phrase in its feedback), and its score where that is not 0."""
    return [(question, name, answer, phrase, *(score or [0])) for answer, phrase, *score in table]


def right_tests(name, solved, points, right):
    """Return the two tests of answers that are right in an unusual way.

    Args:
        name: of the assignment.
        solved: as `solution_of` returns it.
        points: {question: points that checks give}.
        right: {question: (name of the answer, [answers])}.
    """

    def test_every_question_has_ten_right_answers():
        assert right.keys() == points.keys()
        assert min(len(answers) for _, answers in right.values()) >= 10

    cases = [(question, asked, answer) for question, (asked, answers) in right.items() for answer in answers]
    ids = [f"{case[0]}-{number}" for number, case in enumerate(cases)]

    @pytest.mark.parametrize(("question", "asked", "answer"), cases, ids=ids)
    def test_a_right_answer_scores_full_marks_however_it_was_found(make, question, asked, answer):
        assert graded(make(name), question, {**solved, asked: answer}) == (points[question], [])

    return test_every_question_has_ten_right_answers, test_a_right_answer_scores_full_marks_however_it_was_found


def mark_of(score):
    """Return what a ledger keeps of one question."""
    return {"score": score, "points": 2, "messages": []}


def marks_of(class_):
    """Return the marks of a class in which everybody has 1 of 2 points."""
    return {name: {"score": 1, "points": 2, "notes": [], "questions": {"q1": mark_of(1)}} for name in class_}


def assignment_tests(name, solved, points, wrong):
    """Return the four tests of an assignment whose answers are functions or values.

    Args:
        name: of the assignment.
        solved: as `solution_of` returns it.
        points: {question: points that checks give}.
        wrong: cases from `wrong_answers`, for each question.
    """

    def test_the_solution_scores_full_marks(make):
        assert {question: graded(make(name), question, solved)[0] for question in points} == points

    def test_the_untouched_release_scores_nothing(make):
        stubs = names_of(make(name) / "student" / f"{name}.ipynb")
        for question in points:
            score, messages = graded(make(name), question, stubs)
            assert score == 0
            assert all("replace the ..." in message or "not filled in yet" in message for message in messages)

    def test_every_question_has_ten_wrong_answers():
        asked = [case[0] for case in wrong]
        assert min(asked.count(question) for question in points) >= 10

    ids = [f"{case[0]}-{number}" for number, case in enumerate(wrong)]

    @pytest.mark.parametrize(("question", "asked", "answer", "phrase", "score"), wrong, ids=ids)
    def test_a_wrong_answer_scores_what_it_should_and_is_told_why(make, question, asked, answer, phrase, score):
        got, messages = graded(make(name), question, {**solved, asked: answer})
        assert got == score, messages
        assert phrase in " ".join(messages)

    return (
        test_the_solution_scores_full_marks,
        test_the_untouched_release_scores_nothing,
        test_every_question_has_ten_wrong_answers,
        test_a_wrong_answer_scores_what_it_should_and_is_told_why,
    )
