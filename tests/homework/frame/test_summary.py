"""How a class has done, what has changed, and who is alike."""

import csv
import random
from copy import deepcopy

import nbformat
import second_class
from homework_tests import marks_of

from pruning_lab.homework.frame import release
from pruning_lab.homework.frame.changes import AGAIN, READ, Reasons, write_changes
from pruning_lab.homework.frame.classroom import classroom
from pruning_lab.homework.frame.lms import write_marks_table
from pruning_lab.homework.frame.similar import similar
from pruning_lab.homework.frame.summary import statistics_of, summary_page
from pruning_lab.homework.frame.unusual import Unusual, unusual


class Titles:
    def title(self, name):
        return f"1. {name}"


def mark_of(score, *messages, seconds=1.0):
    question = {"score": score, "points": 4, "messages": list(messages), "seconds": seconds}
    return {"score": score, "points": 4, "notes": [], "questions": {"q1": question}}


def test_each_question_says_by_how_many_it_was_solved_and_what_went_wrong():
    marks = {"a": mark_of(4), "b": mark_of(2, "keeps 3, not 4"), "c": mark_of(0, "keeps 2, not 4", seconds=9.0)}
    marks["d"] = mark_of(0, "\x1b[31m=1+1")
    (row,) = statistics_of(marks, Titles())
    assert (row["solved"], row["in part"], row["not"], row["mean"]) == (1, 1, 2, 1.5)
    assert (row["seconds"], row["longest"]) == (1.0, 9.0)
    assert row["often 1"] == "2 x: keeps 3, not 4"  # messages that differ in numbers alone are one
    marks["e"] = mark_of(0, "keeps 1, not 4", "keeps 9, not 4", "keeps 7, not 4")  # one student, whatever the tests
    assert statistics_of(marks, Titles())[0]["often 1"] == "3 x: keeps 3, not 4"
    page = summary_page("hw", ([4, 2, 0, 0], 4, "in all"), [row], ["<note>"], [])
    assert "&lt;note&gt;" in page
    assert "\x1b" not in page
    assert "mean 1.5, median 1 of 4" in page
    assert "2 x: keeps 3, not 4<br>1 x: " in page  # in one column: with three, a number had no room in its own
    assert page.split("Questions</h2>")[1].count("<th scope=col>") == 9


def test_nobody_has_handed_in_anything():
    assert "<h1>hw</h1>" in summary_page("hw", ([], 4, "in all"), statistics_of({}, Titles()), [], [])


def changed(folder):
    with open(folder / "changes.csv", encoding="utf-8", newline="") as file:
        return [tuple(row.values())[1:] for row in csv.DictReader(file)]


def test_what_differs_from_the_last_run_is_added_and_never_taken_out(tmp_path):
    marks, nothing, room = marks_of(["ann", "=bob"]), {"ann": {}, "=bob": {}}, classroom(["ann", "=bob"])
    assert write_changes(tmp_path, marks, nothing, {}) == 0
    write_marks_table(tmp_path / "marks.csv", marks, nothing, room)
    assert write_changes(tmp_path, marks, nothing, {}) == 0
    marks["=bob"]["questions"]["q1"]["score"] = marks["=bob"]["score"] = 2
    assert write_changes(tmp_path, marks, nothing, {}, Reasons("q1 was wrong; =1")) == 2
    write_marks_table(tmp_path / "marks.csv", marks, nothing, room)
    marks["ann"]["questions"]["q1"]["score"] = 0
    assert write_changes(tmp_path, marks, nothing, {}) == 1
    assert changed(tmp_path) == [
        ("'=bob", "q1", "1", "2", "q1 was wrong; '=1"),
        ("'=bob", "total", "1", "2", "q1 was wrong; '=1"),
        ("ann", "q1", "1", "0", AGAIN),
    ]


def test_a_reason_goes_where_it_was_meant_to_and_first_points_of_a_reader_are_changes(tmp_path):
    marks, nothing, room = (
        marks_of(["ann", "bob"]),
        {"ann": {"q6": None}, "bob": {"q6": 1.0}},
        classroom(["ann", "bob"]),
    )
    write_marks_table(tmp_path / "marks.csv", marks, nothing, room)
    for mark in marks.values():
        mark["questions"]["q1"]["score"] = mark["score"] = 2
    read = {"ann": {"q6": 1.5}, "bob": {"q6": 2.0}}
    assert write_changes(tmp_path, marks, read, {}, Reasons("asked by Ann", "q1", {("bob", "q6"): "seen"})) == 6
    assert changed(tmp_path) == [
        ("ann", "q1", "1", "2", "asked by Ann"),
        ("ann", "q6", "", "1.5", READ),
        ("ann", "total", "", "3.5", f"asked by Ann; {READ}"),
        ("bob", "q1", "1", "2", "asked by Ann"),
        ("bob", "q6", "1", "2", "seen"),
        ("bob", "total", "2", "4", "asked by Ann; seen"),
    ]
    assert Reasons("asked by Ann", "q1").of("bob", "q6", first=False) == AGAIN


def code(seed, name="x"):
    """Return code that nobody else would write: its operators are drawn."""
    draw = random.Random(seed)
    lines = ("".join(f" {draw.choice('+-*/%&|^')} {name}" for _ in range(12)) for _ in range(10))
    return "\n".join(f"{name}{number} = 3{line}" for number, line in enumerate(lines))


def test_who_is_alike_is_named_however_they_have_renamed_it():
    sources = {f"s{number}": code(number) for number in range(8)}
    sources["eve"] = "# mine\n" + code(3, "value").replace("= 3", "= 7")
    sources["mal"] = code(5) + "\n\nprint('other')\nfor each in range(3):\n    print(each, each)\n"
    found = {each.students: each.share for each in similar(sources)}
    assert set(found) == {("s3", "eve"), ("s5", "mal")}
    assert found["s3", "eve"] == 1


def test_a_whole_group_with_one_code_is_one_line():
    sources = {f"s{number}": code(0) for number in range(9)} | {"other": code(1)}
    (group,) = similar(sources)
    assert group.students == tuple(f"s{number}" for number in range(9))


ATTEMPTS = [
    "import os\nos.kill(os.getppid(), 9)",
    "open('/etc/shadow').read()",
    'open(f"/proc/{1}/environ")',
    "import glob; glob.glob('/**/*.sqlite', recursive=True)",
    "open('../../marks.sqlite')",
    "import ctypes\nctypes.CDLL(None).unshare(1)",
    "import socket",
    "eval('1')",
    "import gc; gc.get_objects()",
    "__import__('pruning_lab.masks')",
    "().__class__.__base__.__subclasses__()",
    "import os; os._exit(0)\n" + "(" * 200,
]


def test_code_that_reaches_for_the_machine_is_worth_a_look():
    found = unusual({str(number): code for number, code in enumerate(ATTEMPTS)})
    assert {each.student for each in found} == {str(number) for number in range(len(ATTEMPTS))}
    assert unusual({"ann": "network.eval()", "bob": "(model)\\\n.eval ()"}) == []  # a method of every network
    assert unusual({"a": ATTEMPTS[0], "b": ATTEMPTS[1]}, "\n".join(ATTEMPTS[:2])) == []  # that was given
    page = summary_page("hw", ([], 4, "in all"), [], [], [], [Unusual("<b>", ("kill", "/etc"))])
    assert "<th scope=row>&lt;b&gt;</th><td>kill, /etc</td>" in page
    assert "Worth a look" not in summary_page("hw", ([], 4, "in all"), [], [], [])


def test_honest_code_is_not_though_it_looks_unusual(make):
    """All of the second class that is one notebook, but for who sets a handler for an alarm."""
    made, code = make(second_class.NAME), {}
    solved = nbformat.read(release.solved(made), as_version=4)
    for name, (edit, *_) in second_class.HONEST.items():
        notebook = deepcopy(solved)
        if not isinstance(edit(notebook), dict):
            code[name] = "\n".join(cell["source"] for cell in notebook.cells if cell["cell_type"] == "code")
    assert len(code) > 40
    assert [each.student for each in unusual(code, release.given_code(made))] == ["sets a handler"]


def test_what_was_given_short_answers_and_no_code_are_not_alike():
    given = code(0)
    assert similar({"a": given, "b": given, "c": "", "d": "", "e": "return a"}, given) == []
    assert similar({"a": "x = (((", "b": "x = ((("}) == []
    assert similar({}) == []
