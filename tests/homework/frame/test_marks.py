"""What is written when a class has been graded, and written again when a person has given points."""

import base64
import csv
import json

import nbformat
from homework_tests import marks_of

from pruning_lab.homework.frame import release
from pruning_lab.homework.frame.feedback import READ_LATER
from pruning_lab.homework.frame.marks import write_marks
from pruning_lab.homework.frame.questions import Questions
from pruning_lab.homework.frame.submissions import written_answers
from pruning_lab.homework.frame.written import code_of


def notebook_of(made, answer):
    notebook = nbformat.read(made / "student" / f"{made.name}.ipynb", as_version=4)
    cells = [cell for cell in notebook.cells if cell.source.startswith("_Type your answer here")]
    for cell in cells:
        cell.source = answer
    return {"a.ipynb": base64.b64encode(nbformat.writes(notebook).encode()).decode()}


def test_written_answers_stand_on_one_page_under_their_rubric(made, tmp_path):
    class_ = {"ann": notebook_of(made, "*Because* <b>zeros</b>."), "bob": {"b.ipynb": "no base64"}, "cy": {}}
    write_marks(marks_of(class_), tmp_path, release.solved(made), class_)
    page = (tmp_path / "written.html").read_text(encoding="utf-8")
    asked = len(Questions(release.solved(made)).written)
    assert page.count("<em>Because</em> &lt;b&gt;zeros") == asked > 0
    assert "<strong>Rubric.</strong>" in page
    assert page.count("Its cell is missing") == 2 * asked


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
        f"{table} has answers of nobody in the class: #nobody",
    ]
    assert table.read_text(encoding="utf-8") == f"{typed}\n{bob}{',' * len(asked)},\n"
    rows = csv.DictReader((tmp_path / "marks.csv").read_text(encoding="utf-8").splitlines())
    ann, bob = ((row["written"], row["total"]) for row in rows)
    assert tuple(map(float, ann)) == (by_hand, 1 + by_hand)
    assert bob == ("", "")
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
    assert write_marks(marks_of(old), tmp_path, solution, old) == []  # the old answer is known
    assert READ_LATER not in read_back(tmp_path, "ann")[0]
