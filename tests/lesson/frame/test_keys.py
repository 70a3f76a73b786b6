"""Keys: each stands in its lesson's room, in none of its cells, and belongs to something that the lesson asks."""

import re

import ipywidgets
import pytest

from lesson.frame.controls import find
from pruning_lab import lesson as course
from pruning_lab.lesson.frame import inquiry, keys
from pruning_lab.lesson.frame.lessons import lessons

each_lesson = pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.stem)


ASK_ON = {"explore-text", "spellings-why-text"}  # what stands below a guess and gives nothing away


def sources(lesson, kind="code"):
    return "\n".join("".join(cell["source"]) for cell in lesson.cells() if cell["cell_type"] == kind)


def guesses(lesson):
    """Return the cells of a lesson that ask for a guess."""
    return [cell for cell in lesson.cells() if "lesson.guess(" in "".join(cell["source"])]


@each_lesson
def test_no_cell_holds_a_hint_a_reply_or_a_right_answer(lesson):
    found = keys.keys_of(lesson.room)
    secrets = [hint for hints in found["hints"].values() for hint in hints] + list(found["inquiry"]["replies"].values())
    assert len(secrets) >= 12
    assert [secret for secret in secrets if secret in sources(lesson) + sources(lesson, "markdown")] == []
    assert not re.search(r"lesson\.(practice|inquiry)\([^)]*\"[^)]{3,}\"", sources(lesson))


@each_lesson
def test_every_exercise_has_its_three_hints(lesson):
    checkers = re.findall(r"lesson\.practice\(\w+\.exercises\.(\w+), \w+\)", sources(lesson))
    found = keys.keys_of(lesson.room)["hints"]
    assert sorted(checkers) == sorted(found)
    assert {len(hints) for hints in found.values()} == {3}


@each_lesson
def test_what_a_guess_must_find_belongs_to_a_guess(lesson):
    asked = "\n".join("".join(cell["source"]) for cell in guesses(lesson))
    assert [question for question in keys.keys_of(lesson.room)["guesses"] if f'"{question}"' not in asked] == []


@each_lesson
def test_right_answers_do_not_stand_in_the_order_of_the_options(lesson):
    found = keys.keys_of(lesson.room)["inquiry"]
    places = [list(found["replies"]).index(right) for right in found["questions"].values()]
    assert len(places) == 3
    assert places != sorted(places)


@each_lesson
def test_what_a_guess_found_is_folded_up_in_the_committed_notebook(lesson):
    assert len(guesses(lesson)) >= 2
    for cell in guesses(lesson):
        (output,) = cell["outputs"]
        assert output["metadata"]["folded"]
        page = "".join(output["data"]["text/html"])
        assert page.endswith("</details>")
        before = page.partition("<details>")[0]
        printed = [line for part in output["metadata"]["folded"] for line in "".join(part.get("text", "")).splitlines()]
        assert [line for line in printed if len(line) > 8 and line in before] == []


@each_lesson
def test_below_a_prediction_or_a_guess_the_verdict_is_folded_up(lesson):
    cells = lesson.cells()
    asks = [n for n, cell in enumerate(cells) if re.search(r"lesson\.(guess|predict)\(", "".join(cell["source"]))]
    below = {
        cells[n + 1]["id"]: "".join(cells[n + 1]["source"]) for n in asks if cells[n + 1]["cell_type"] == "markdown"
    }
    assert below
    open_ones = {name for name, text in below.items() if not text.startswith("<details><summary>")}
    assert open_ones <= ASK_ON


def test_an_inquiry_answers_each_choice_in_its_own_words(shown, attended, monkeypatch):
    asked = {"replies": {"A": "a zero", "B": "a column"}, "questions": {"Where?": "B"}}
    monkeypatch.setattr(inquiry, "keys_of", lambda _room: {"inquiry": asked})
    course.inquiry("01")
    box = shown[0][0]
    choice = find(box, ipywidgets.RadioButtons)[0]
    replies = []
    for value in ("A", "B"):
        choice.value = value
        replies.append(find(box, ipywidgets.HTML)[-1].value)
    assert "Not quite. a zero" in replies[0]
    assert "Yes. a column" in replies[1]


@pytest.mark.parametrize("questions", [{}, {"Where?": "C"}], ids=["no questions", "no such option"])
def test_an_inquiry_needs_its_right_option(monkeypatch, questions):
    monkeypatch.setattr(inquiry, "keys_of", lambda _room: {"inquiry": {"replies": {"A": "a"}, "questions": questions}})
    with pytest.raises(ValueError, match="inquiry must have questions whose right options have replies; got"):
        course.inquiry("01")


def test_a_room_without_keys_has_empty_ones(tmp_path):
    assert keys.keys_of(tmp_path) == {"hints": {}, "guesses": {}, "inquiry": {"replies": {}, "questions": {}}}
