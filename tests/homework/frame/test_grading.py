"""A hostile submission gets its mark and a reason, and is cut off from everything that it need not see."""

import attackers
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
