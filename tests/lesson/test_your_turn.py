"""A lesson uses what its reader wrote: one exercise stands where its idea is, and later cells go on with the answer."""

import re

import pytest

from pruning_lab.lesson.frame.lessons import lessons

PRACTISED = re.compile(r"lesson\.practice\(\w+\.exercises\.\w+, (\w+)\)")
GOES_ON = re.compile(r"^(\w+) = lesson\.yours\((\w+), otherwise=", re.MULTILINE)


def code_of(lesson):
    return ["".join(cell["source"]) for cell in lesson.cells() if cell["cell_type"] == "code"]


def gone_on_with(cells):
    """Return the answers that later cells go on with, each after its exercise and used at least once."""
    found = []
    for place, cell in enumerate(cells):
        for name, answer in GOES_ON.findall(cell):
            practised = any(answer in PRACTISED.findall(earlier) for earlier in cells[:place])
            used = any(re.search(rf"\b{name}\(", later) for later in cells[place + 1 :])
            found += [answer] if practised and used else []
    return found


TAUGHT = [lesson for lesson in lessons() if any(PRACTISED.search(cell) for cell in code_of(lesson))]


@pytest.mark.parametrize("lesson", TAUGHT, ids=lambda lesson: lesson.stem)
def test_a_lesson_goes_on_with_an_answer_of_its_reader(lesson):
    assert gone_on_with(code_of(lesson))


@pytest.mark.parametrize("lesson", TAUGHT, ids=lambda lesson: lesson.stem)
def test_a_lesson_ends_by_saying_what_now_works(lesson):
    assert code_of(lesson)[-1] == "lesson.finish()"


def test_the_rule_itself_catches_what_it_should():
    exercise = "lesson.practice(room.exercises.double, my_double)"
    goes_on, use = "twice = lesson.yours(my_double, otherwise=len)", "print(twice(3))"
    assert gone_on_with([exercise, goes_on, use]) == ["my_double"]
    assert gone_on_with([exercise, goes_on]) == []  # never used
    assert gone_on_with([goes_on, exercise, use]) == []  # before there is anything to check
    assert gone_on_with([exercise, use]) == []
