"""What is written when a class has been graded, and written again when a person has given points."""

import base64
import csv
import json
import re

import nbformat
import pytest
from homework_tests import marks_of

from pruning_lab.homework.frame import marks as marks_module
from pruning_lab.homework.frame import release
from pruning_lab.homework.frame.classroom import classroom, with_all
from pruning_lab.homework.frame.downloads import Origin
from pruning_lab.homework.frame.feedback import READ_LATER
from pruning_lab.homework.frame.late import Policy
from pruning_lab.homework.frame.marks import write_marks
from pruning_lab.homework.frame.questions import Questions
from pruning_lab.homework.frame.roster import read_roster
from pruning_lab.homework.frame.submissions import written_answers
from pruning_lab.homework.frame.text import write_text
from pruning_lab.homework.frame.written import BLANK, code_of

TEST = """OK_FORMAT = False
from otter.test_files import test_case
name, points = "q1", None


@test_case(points=2)
def test_it(answer):
    pass
"""


def notebook_of(made, answer):
    made_notebook = nbformat.read(made / "student" / f"{made.name}.ipynb", as_version=4)
    cells = [cell for cell in made_notebook.cells if cell.source.startswith("_Type your answer here")]
    for cell in cells:
        cell.source = answer
    return notebook(made_notebook)


def notebook(content):
    """Return a submission of one notebook."""
    return {"a.ipynb": base64.b64encode(json.dumps(content).encode()).decode()}


def test_written_answers_stand_on_one_page_under_their_rubric(made, tmp_path):
    class_ = {"ann": notebook_of(made, "*Because* <b>zeros</b>."), "bob": notebook({"cells": []}), "cy": {}}
    write_marks(marks_of(class_), tmp_path, release.solved(made), class_)
    page = (tmp_path / "written.html").read_text(encoding="utf-8")
    asked = len(Questions(release.solved(made)).written)
    assert page.count("<em>Because</em> &lt;b&gt;zeros") == asked > 0
    assert "<strong>Rubric.</strong>" in page
    assert page.count("Its cell is missing") == asked  # bob's; of cy there is no notebook to look into


def read_back(folder, student):
    """Return a student's page of feedback and their Gradescope JSON."""
    page = (folder / "feedback" / f"{student}.html").read_text(encoding="utf-8")
    return page, json.loads((folder / "gradescope" / f"{student}.json").read_text(encoding="utf-8"))


def test_points_that_a_person_gives_are_added_everywhere_and_kept(made, tmp_path):
    class_ = {name: notebook_of(made, f"words of {name}") for name in ("ann", "bob")}
    solution = release.solved(made)
    asked = Questions(solution).written
    most, by_hand = sum(points for points, *_ in asked.values()), 1.5 * len(asked)
    write_marks(marks_of(class_), tmp_path, solution, class_)
    page, result = read_back(tmp_path, "ann")
    assert f"1 of 2 points by checks; {most} more are given by a person" in page
    assert (result["score"], result["tests"][-1]["output"]) == (1, READ_LATER)
    table = tmp_path / "written.csv"
    names, *rows = table.read_text(encoding="utf-8").splitlines()
    assert names == f"answer,{','.join(asked)},comment"
    ann, bob = (code_of(name, written_answers(class_[name])) for name in ("ann", "bob"))
    assert sorted(rows) == sorted(f"{code}{',' * len(asked)}," for code in (ann, bob))
    typed = f"\ufeff{names}\n{ann}{',1.5' * len(asked)},\n#nobody{',1' * len(asked)},"
    table.write_text(typed, encoding="utf-8")  # a spreadsheet's mark in front, the last line left open, bob's row gone
    assert write_marks(marks_of(class_), tmp_path, solution, class_)[:2] == [
        f"{table} waits for points of 1 written answers: bob",
        f"{table} has answers by nobody in the class: #nobody",
    ]
    assert table.read_text(encoding="utf-8") == f"{typed}\n{bob}{',' * len(asked)},\n"
    rows = csv.DictReader((tmp_path / "marks.csv").read_text(encoding="utf-8").splitlines())
    ann, bob = rows
    assert ([float(ann[name]) for name in asked], float(ann["total"])) == ([1.5] * len(asked), 1 + by_hand)
    assert {bob[name] for name in (*asked, "total")} == {""}  # a column for each, so that one can see who waits
    page, result = read_back(tmp_path, "ann")
    assert f"{by_hand:g} of {most} by a person: {1 + by_hand:g} of {2 + most}." in page
    assert result["score"] == 1 + by_hand
    assert result["tests"][-1]["score"] == 1.5


def test_points_for_an_answer_are_not_taken_for_another_one(made, tmp_path):
    old, new = ({"ann": notebook_of(made, words)} for words in ("first words", "other words"))
    solution, table = release.solved(made), tmp_path / "written.csv"
    write_marks(marks_of(old), tmp_path, solution, old)
    number = len(Questions(solution).written)
    filled = table.read_text(encoding="utf-8").replace("," * number + ",\n", ",1" * number + ",\n")
    table.write_text(filled, encoding="utf-8")
    (again, *_) = write_marks(marks_of(new), tmp_path, solution, new)
    assert again == "The written answer has changed since it was read, and waits again: ann"
    assert table.read_text(encoding="utf-8").startswith(filled)
    assert "(changed since it was read)" in (tmp_path / "written.html").read_text(encoding="utf-8")
    assert READ_LATER in read_back(tmp_path, "ann")[0]
    (changed,) = write_marks(marks_of(old), tmp_path, solution, old)  # the old answer is known, and has its points
    assert changed.startswith(f"Changed since the last run: {number + 1}, each in")
    assert READ_LATER not in read_back(tmp_path, "ann")[0]


@pytest.mark.parametrize("nothing", [{"problem": "a.ipynb is empty"}, {"problem": "a.ipynb is not a whole notebook"}])
def test_a_notebook_that_cannot_be_read_waits_for_nobody(made, tmp_path, nothing):
    class_, solution = {"ann": notebook_of(made, "words")}, release.solved(made)
    write_marks(marks_of(class_), tmp_path, solution, class_)
    table = tmp_path / "written.csv"
    number = len(Questions(solution).written)
    table.write_text(
        table.read_text(encoding="utf-8").replace("," * number + ",\n", ",1" * number + ",\n"), encoding="utf-8"
    )
    class_ = {"ann": notebook(nothing)}
    marks = {"ann": {**marks_of(class_)["ann"], "score": 0, "notes": ["Nothing could be graded: it is empty."]}}
    said = " ".join(write_marks(marks, tmp_path, solution, class_))
    assert "waits" not in said
    assert "nobody in the class" not in said
    for book in ("gradebook-canvas.csv", "gradebook-moodle.csv"):
        assert (tmp_path / book).read_text(encoding="utf-8").splitlines()[-1].endswith(",0")
    page, result = read_back(tmp_path, "ann")
    assert READ_LATER not in page
    assert page.count("Nothing could be graded: it is empty.") > number
    assert result["score"] == 1  # that of the checks, which this test has made up


def test_feedback_of_who_is_not_in_the_class_any_more_is_taken_away(made, tmp_path):
    old, new = ({name: notebook_of(made, "words")} for name in ("doejane_1234_98765_hw1", "Zoë"))
    write_marks(marks_of(old), tmp_path, release.solved(made), old)
    notes = write_marks(marks_of(new), tmp_path, release.solved(made), new)
    assert "Taken away, because they are not in this run: the feedback of doejane_1234_98765_hw1" in notes
    left = sorted(path.name for part in ("feedback", "gradescope") for path in (tmp_path / part).iterdir())
    assert left == ["Zoë.html", "Zoë.json"]
    assert not any("Taken" in note for note in write_marks(marks_of(new), tmp_path, release.solved(made), new))


def test_of_code_without_end_only_the_beginning_is_compared():
    cells = [{"cell_type": "code", "source": "x = 1\n" * 1_000_000}]
    assert len(marks_module._code(notebook({"cells": cells}))) == marks_module.MOST_CODE


def test_who_reaches_for_the_machine_is_named_to_who_teaches_and_to_nobody_else(made, tmp_path):
    cells = [{"cell_type": "code", "source": "import os\nos.kill(1, 9)"}]
    class_ = {"ann": notebook_of(made, "words"), "eve": notebook({"cells": cells})}
    notes = write_marks(marks_of(class_), tmp_path, release.solved(made), class_)
    assert "Worth a look, by words that no answer needs (summary.html has them): eve" in notes
    assert "kill" in (tmp_path / "summary.html").read_text(encoding="utf-8")
    assert "kill" not in read_back(tmp_path, "eve")[0]


def test_every_rubric_has_three_answers_with_their_points(made):
    for question in Questions(release.solved(made)).written.values():
        points = [float(match) for match in re.findall(r"^- ([\d.]+) points?: ", question.text, re.MULTILINE)]
        assert len(points) == 3
        assert points == sorted(points, reverse=True)
        assert points[0] == question.points
        assert all(each * 2 % 1 == 0 for each in points)


HOSTILE = [
    "M\udcfcller",
    "\ud83d",
    "\x1b[2J\x1b]0;x\x07",
    "张" * 85,
    "=1+1",
    "a/../../b",
    "a\nb",
    ".",
    "<b>x</b>",
    "__MACOSX",
]


def test_whatever_a_name_or_an_error_holds_every_other_row_is_written(made, tmp_path):
    class_ = {name: notebook_of(made, f"half \ud83d {name!r}") for name in [*HOSTILE, "ann"]}
    marks = marks_of(class_)
    for name in HOSTILE:
        marks[name]["notes"] = [f"Code cell 1 stopped: {name}"] * 1000
        marks[name]["questions"]["q1"]["messages"] = ["x" * 100_000, f"got {name}"]
    notes = write_marks(marks, tmp_path, release.solved(made), class_)
    with open(tmp_path / "marks.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(class_)
    assert rows[-1]["student"] == "ann"
    pages = list((tmp_path / "feedback").iterdir())
    assert len(pages) == len(class_) == len(list((tmp_path / "gradescope").iterdir()))
    for path in [*pages, tmp_path / "written.html", tmp_path / "summary.html"]:
        assert "\x1b" not in path.read_text(encoding="utf-8")
        assert "<b>x" not in path.read_text(encoding="utf-8")
    assert max(path.stat().st_size for path in pages) < 20_000
    assert all(letter.isprintable() for note in notes for letter in note)
    assert not list(tmp_path.parent.glob("b*.html"))


def test_a_page_that_cannot_be_written_is_named_and_keeps_nobody_from_theirs(made, tmp_path, monkeypatch):
    class_ = {name: notebook_of(made, "words") for name in ("ann", "bob")}

    def full(path, content):
        if path.name == "ann.html":
            raise OSError(28, "No space left on device")
        write_text(path, content)

    monkeypatch.setattr("pruning_lab.homework.frame.marks.write_text", full)
    notes = write_marks(marks_of(class_), tmp_path, release.solved(made), class_)
    assert [note for note in notes if "could not" in note] == [
        "The feedback of ann could not be written: [Errno 28] No space left on device"
    ]
    assert (tmp_path / "feedback" / "bob.html").exists()
    assert len((tmp_path / "marks.csv").read_text(encoding="utf-8").splitlines()) == 3


def test_a_class_with_a_roster_and_a_policy(made, tmp_path):
    (tmp_path / "roster.csv").write_text("name,id\nAnn Lee,ann\nBob Li,bob\nCy Wu,cy\n", encoding="utf-8")
    room = classroom(
        ["ann", "bob"],
        {"bob": Origin(late=True)},
        read_roster(tmp_path / "roster.csv"),
        Policy(shares=((1, 0.5),), days={"bob": 2}),
    )
    class_ = {name: notebook_of(made, BLANK) for name in ("ann", "bob")}
    marks = with_all(room, marks_of(class_), {"q1": TEST})
    write_marks(marks, tmp_path / "out", release.solved(made), class_, room)
    with open(tmp_path / "out" / "marks.csv", encoding="utf-8", newline="") as file:
        ann, bob, cy = csv.DictReader(file)
    assert (ann["name"], ann["days_late"], ann["total"]) == ("Ann Lee", "0", "1")
    assert (bob["name"], bob["days_late"], bob["taken"], bob["total"]) == ("Bob Li", "2", "0.5", "0.5")
    assert (cy["student"], cy["score"], cy["points"], cy["notes"]) == ("Cy Wu", "0", "2", "Nothing was handed in.")
    page, result = read_back(tmp_path / "out", "bob")
    assert "feedback for Bob Li" in page
    assert "2 days late: 50 % of the points go." in page
    assert "Left empty." in page
    assert result["score"] == 0.5
    assert "Nothing was handed in." in read_back(tmp_path / "out", "Cy Wu")[0]
    assert "2 of the 3 in the class handed in; 1 did not." in (tmp_path / "out" / "summary.html").read_text(
        encoding="utf-8"
    )
