"""The list of lessons is what is there: notebooks in their order, each with its room, its claims and its deck."""

import re
from pathlib import Path

import nbformat
import pytest
from bad_input import bad_input_test

from pruning_lab.lesson.frame import lessons

each_lesson = pytest.mark.parametrize("lesson", lessons.lessons(), ids=lambda lesson: lesson.stem)


def test_lessons_come_in_the_order_of_their_numbers():
    """A number without a lesson is one that the README plans."""
    numbers = [int(lesson.number) for lesson in lessons.lessons()]
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d\d)(?:-(\d\d))? \|.*\| planned \|$", readme, re.MULTILINE)
    planned = [number for first, last in rows for number in range(int(first), int(last or first) + 1)]
    assert numbers == sorted(numbers)
    assert sorted(numbers + planned) == list(range(1, max(numbers + planned) + 1))


@each_lesson
def test_a_lesson_is_whole(lesson):
    assert [part for part in (lesson.notebook, lesson.room, lesson.claims, lesson.deck) if not part.exists()] == []


@each_lesson
def test_a_room_has_every_name_that_it_promises(lesson):
    room = lesson.module()
    assert room.__all__ == sorted(room.__all__)
    assert [name for name in room.__all__ if not hasattr(room, name)] == []


@each_lesson
def test_the_notebook_takes_its_room_whole(lesson):
    """What a cell calls of its room is among the names that the room gives."""
    code = "\n".join("".join(cell["source"]) for cell in lesson.cells() if cell["cell_type"] == "code")
    assert f"from pruning_lab.lesson import {lesson.room.name}" in code
    called = set(re.findall(rf"\b{lesson.room.name}\.(\w+)", code))
    assert called <= set(lesson.module().__all__)


def test_a_lesson_is_found_by_being_there(tmp_path, monkeypatch):
    monkeypatch.setattr(lessons, "NOTEBOOKS", tmp_path)
    for name in ("12-last.ipynb", "02-two-cells.ipynb", "explorers.ipynb", "2-no-number.ipynb"):
        nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1", id="one")]), tmp_path / name)
    found = lessons.lessons.__wrapped__()
    assert [(lesson.number, lesson.name) for lesson in found] == [("02", "two-cells"), ("12", "last")]
    assert found[0].deck == tmp_path / "slides" / "02-two-cells.md"
    assert [cell["id"] for cell in found[0].cells()] == ["one"]


def test_a_lesson_is_named_by_its_number():
    assert lessons.lesson("03").name == "sparse-storage"


BAD_INPUT = [
    (
        "a number without a lesson",
        lambda: lessons.lesson("77"),
        ValueError,
        "lesson must be the number of a lesson (01, ...); got '77'",
    ),
    (
        "a number that is not text",
        lambda: lessons.lesson(1),
        ValueError,
        "lesson must be the number of a lesson (01, ...); got 1",
    ),
]
test_bad_input = bad_input_test(BAD_INPUT)
