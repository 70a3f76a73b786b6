"""What a student is told."""

import re

from homework_tests import marks_of

from pruning_lab.homework.frame import release
from pruning_lab.homework.frame.feedback import feedback_page
from pruning_lab.homework.frame.questions import Questions


def test_feedback_names_assignment_and_questions(made):
    page = feedback_page("ann", marks_of(["ann"])["ann"], Questions(release.solved(made)), {})
    assert f"{made.name}: feedback for ann" in page
    assert re.search(r"<th scope=row>1\. [A-Z]", page)
    assert "<ul>" not in page
