"""A hostile submission gets its mark and a reason, and is cut off from everything that it need not see."""

import base64
import json

import attackers
import homework_tests
import hostile_class
import pytest
from homework_tests import fenced

from pruning_lab.homework.frame import grading, sandbox
from pruning_lab.homework.frame.feedback import feedback_page

TRIED_ELSEWHERE = (*hostile_class.SLOW, *attackers.CELLS, *attackers.ENDS, *attackers.ANSWERS)
QUICK = [name for name in hostile_class.kinds(0) if name not in TRIED_ELSEWHERE]


@fenced
@pytest.mark.parametrize("kind", QUICK)
def test_each_kind_of_submission_gets_its_mark_and_a_reason(kind, hostile):
    student, expected = next(pair for pair in hostile.expected.items() if pair[1].kind == kind)
    marks = grading.grade(hostile.submissions[student], hostile.tests, instances=1)
    assert marks["score"] == expected.score
    assert expected.phrase in feedback_page(student, marks, hostile.questions, {})
    assert not hostile_class.OUTSIDE.exists()


@fenced
def test_a_loop_that_never_ends_is_stopped():
    with (
        pytest.raises(sandbox.Stopped, match="stopped after 3 s"),
        sandbox.Sandbox([hostile_class.STUBBORN], seconds=3),
    ):
        pass


FORGED = """import json, os, struct
tree = ["list", [["list", [["scalar", number], ["scalar", "x" * 9000]]] for number in range(800)]]
text = json.dumps([tree, []]).encode()
content = struct.pack(">I", len(text)) + text
for handle in os.listdir("/proc/self/fd"):
    if os.path.lexists(f"/proc/self/fd/{handle}") and os.readlink(f"/proc/self/fd/{handle}").startswith("pipe"):
        try:
            os.write(int(handle), struct.pack(">Q", len(content)) + content)
        except OSError:
            pass"""


@fenced
def test_what_a_submission_says_in_place_of_its_process_is_bounded():
    with sandbox.Sandbox([FORGED]) as box:
        assert len(box.failed) == 20
        assert {len(error) for _, error in box.failed} == {500}


def test_an_answer_that_is_a_book_makes_no_reason_that_is_one(make):
    answers = {"my_budget": lambda *given: {"x" * 10**6: 1}}
    score, messages = homework_tests.graded(make(hostile_class.NAME), "q3", answers)
    assert (score, {len(message) for message in messages}) == (0, {grading.LONGEST_REASON})


# An assignment may have questions of both kinds: called in the notebook's process, and measured from a file.
BOTH = {
    "q1": homework_tests.source_of("    assert my_one() == 1", asks="my_one"),
    "q2": homework_tests.source_of("    assert files['a.bin'] == b'1', 'another file'\n    return {'bytes': 1}"),
}
PACKAGE = [
    "from pruning_lab import train, data\nnetwork = train.fit(data)",
    "import numpy\nprint(network)",
    "less = network\nx = 1 / 0",
    "print(less)",
    "print(nothing_of_this_name)",
]


def handed_in(cells, **files):
    """A submission of some code cells, and files beside the notebook."""
    kept = {"cells": [{"cell_type": "code", "source": cell} for cell in cells]}
    contents = {"hw.ipynb": json.dumps(kept).encode(), **files}
    return {name.replace("_", "."): base64.b64encode(content).decode() for name, content in contents.items()}


def scores(marks):
    return {name: mark["score"] for name, mark in marks["questions"].items()}


@fenced
def test_questions_of_both_kinds_are_graded_each_in_its_way():
    marks = grading.grade(handed_in(["def my_one(): return 1"], a_bin=b"1"), BOTH, instances=1)
    assert (scores(marks), marks["notes"]) == ({"q1": 1, "q2": 1}, [])
    assert marks["questions"]["q2"]["figures"] == {"bytes": 1}
    marks = grading.grade(handed_in(["my_one = 1"], a_bin=b"2"), BOTH, instances=1)
    assert (scores(marks), marks["questions"]["q2"]["messages"]) == ({"q1": 0, "q2": 0}, ["another file"])


@fenced
def test_where_the_notebook_ends_its_process_the_file_is_graded_all_the_same(monkeypatch):
    submission = handed_in(["import os\nos._exit(1)"], a_bin=b"1")
    marks = grading.grade(submission, BOTH, instances=1)
    assert scores(marks) == {"q1": 0, "q2": 1}
    (note,) = marks["notes"]
    assert note.startswith("Of q1 nothing could be graded: the notebook ended its own Python process")
    assert grading.ungraded({"ann": marks}) == []
    monkeypatch.setattr(grading, "measured", stopped)
    marks = grading.grade(handed_in(["def my_one(): return 1"], a_bin=b"1"), BOTH, instances=1)
    assert (scores(marks), marks["notes"]) == ({"q1": 1, "q2": 0}, ["Of q2 nothing could be graded: too slow."])
    marks = grading.grade({"a.txt": ""}, BOTH, instances=1)
    assert marks["notes"][0].startswith("Nothing could be graded: hand in exactly one notebook")
    assert grading.ungraded({"ann": marks}) == ["ann"]


def stopped(*_given):
    raise sandbox.Stopped("too slow")


@fenced
def test_cells_that_need_the_package_are_said_once_and_the_others_one_by_one():
    marks = grading.grade(handed_in([*PACKAGE, "def my_one(): return 1"]), {"q1": BOTH["q1"]}, instances=1)
    assert marks["score"] == 1
    closed = f"pruning_lab is closed in this homework. {grading.LOSES_NOTHING}"
    assert marks["notes"] == [
        "Code cell 5 of the notebook stopped: NameError: name 'nothing_of_this_name' is not defined",
        f"Code cells 1, 2, 3, 4 of the notebook stopped: {closed}",
    ]


def test_a_submission_that_names_a_cell_which_is_not_there_harms_nobody():
    told = list(grading._stopped_cells(["x"], [(-3, "m is closed in this homework"), (10**9, "NameError: name 'x' i")]))
    assert [note[:23] for note in told] == ["Code cell 1000000000 of", "Code cell -3 of the not"]
