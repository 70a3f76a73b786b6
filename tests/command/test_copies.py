"""A learner's copies of the notebooks: what is the learner's stays, what is the course's is brought up to date."""

import json

import pytest

from pruning_lab.command import copies
from pruning_lab.places import NOTEBOOKS


def files(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*.ipynb")}


@pytest.fixture
def folder(tmp_path):
    """A folder with two lessons of the first edition."""
    assert copies.write(tmp_path / "mine", {"01-a.ipynb": b"one", "02-b.ipynb": b"one"}) == []
    return tmp_path / "mine"


def test_they_are_written_into_a_new_folder(folder):
    assert files(folder) == {"01-a.ipynb": b"one", "02-b.ipynb": b"one"}


def test_an_untouched_lesson_is_brought_up_to_date(folder):
    assert copies.write(folder, {"01-a.ipynb": b"two", "02-b.ipynb": b"one"}) == []
    assert files(folder) == {"01-a.ipynb": b"two", "02-b.ipynb": b"one"}


def test_a_changed_lesson_stays_and_the_new_one_is_beside_it_once(folder):
    (folder / "01-a.ipynb").write_bytes(b"mine")
    for _ in range(2):
        said = copies.write(folder, {"01-a.ipynb": b"two"})
        assert files(folder) == {"01-a.ipynb": b"mine", "01-a.new.ipynb": b"two", "02-b.ipynb": b"one"}
    assert said == []  # the second time there is nothing newer
    (said,) = copies.write(folder, {"01-a.ipynb": b"three"})
    assert said == (
        "You have changed 01-a.ipynb: it stays as it is. The course's new one is next to it, 01-a.new2.ipynb."
    )
    assert files(folder)["01-a.new.ipynb"] == b"two"


def test_a_changed_lesson_of_the_same_edition_is_left_in_peace(folder):
    (folder / "01-a.ipynb").write_bytes(b"mine")
    assert copies.write(folder, {"01-a.ipynb": b"one"}) == []
    assert files(folder) == {"01-a.ipynb": b"mine", "02-b.ipynb": b"one"}


def test_a_lesson_that_was_removed_comes_back(folder):
    (folder / "01-a.ipynb").unlink()
    copies.write(folder, {"01-a.ipynb": b"one"})
    assert files(folder)["01-a.ipynb"] == b"one"


@pytest.mark.parametrize("record", [None, b"no json", b"[]"])
def test_without_its_record_whatever_differs_is_the_learners(folder, record):
    (folder / copies.RECORD).unlink()
    if record is not None:
        (folder / copies.RECORD).write_bytes(record)
    assert len(copies.write(folder, {"01-a.ipynb": b"two", "02-b.ipynb": b"one"})) == 1
    assert files(folder) == {"01-a.ipynb": b"one", "01-a.new.ipynb": b"two", "02-b.ipynb": b"one"}


def test_homework_goes_into_a_folder_of_its_own(tmp_path):
    copies.write(tmp_path, {"homework/hw1-masks.ipynb": b"ask"})
    assert (tmp_path / "homework" / "hw1-masks.ipynb").read_bytes() == b"ask"


def test_lessons_come_without_the_answers_of_another_machine():
    for name, content in copies.course_notebooks().items():
        code = [cell for cell in json.loads(content)["cells"] if cell["cell_type"] == "code"]
        assert [cell for cell in code if cell["outputs"] or cell["execution_count"]] == [], name


def test_what_is_asked_and_said_stays_as_it_is():
    source = NOTEBOOKS / "01-why-prune.ipynb"
    before, after = (json.loads(text) for text in (source.read_bytes(), copies.course_notebooks()[source.name]))
    assert [cell["source"] for cell in before["cells"]] == [cell["source"] for cell in after["cells"]]
    assert [cell["id"] for cell in before["cells"]] == [cell["id"] for cell in after["cells"]]
    assert before["metadata"] == after["metadata"]
