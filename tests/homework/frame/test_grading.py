"""A hostile submission gets its mark and a reason, and is cut off from everything that it need not see."""

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
