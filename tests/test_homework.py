"""The release holds no solution and no hidden test; a submission is cut off from all it need not see."""

import base64
import csv
import json
import re
import socket
import subprocess
import sys

import hostile_class
import nbformat
import numpy as np
import pytest

from pruning_lab.homework import answers, grading, pages, release, sandbox
from pruning_lab.homework.ledger import Ledger

ASSIGNMENTS = list(release.sources())
fenced = pytest.mark.skipif(bool(sandbox.weaknesses()), reason=" ".join(sandbox.weaknesses()))


@pytest.fixture(scope="module", params=ASSIGNMENTS)
def made(request, tmp_path_factory):
    return release.make(request.param, tmp_path_factory.mktemp("made"))


def solutions(name):
    """Return the lines of the source that stand between the marks of a solution, as far as they say something."""
    cells = nbformat.read(release.sources()[name], as_version=4).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    blocks = re.findall(r"# BEGIN SOLUTION\n(.*?)# END SOLUTION", text, re.DOTALL)
    return {line.strip() for block in blocks for line in block.splitlines() if len(line.strip()) > 25}


def test_the_release_holds_no_solution_and_no_hidden_test(made):
    released = (made / "student" / f"{made.name}.ipynb").read_text(encoding="utf-8")
    given = nbformat.reads(released, as_version=4)
    told = "".join(cell.source for cell in given.cells if "def broken" in cell.source or cell.cell_type == "markdown")
    lines = [line for line in solutions(made.name) if line not in told]  # what a question says by itself is no secret
    assert len(lines) > 10
    assert [line for line in lines if json.dumps(line)[1:-1] in released] == []
    assert "hidden=True" not in released
    assert "_elsewhere" not in released
    assert "Rubric" not in released
    assert "hidden=True" in json.dumps(release.tests_of(made))  # what is searched for is there, elsewhere


def test_the_folder_for_a_hub_holds_no_solution(made, tmp_path):
    if not (release.SOURCES.parents[1] / ".git").exists():
        pytest.skip("this folder is no clone")
    page = (release.SOURCES.parents[1] / "site" / "hub.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^mkdir /course && git archive.*$", page, re.MULTILINE)
    command = command.replace("/course", str(tmp_path / "course"))
    subprocess.run(["bash", "-c", command], cwd=release.SOURCES.parents[1], check=True)
    texts = [path.read_text(encoding="utf-8", errors="ignore") for path in (tmp_path / "course").rglob("*.ipynb")]
    texts += [path.read_text(encoding="utf-8") for path in (tmp_path / "course").rglob("*.py")]
    assert len(texts) > 40  # lessons and package are there
    given = (made / "student" / f"{made.name}.ipynb").read_text(encoding="utf-8")
    secret = [line for line in solutions(made.name) if len(line) > 45 and json.dumps(line)[1:-1] not in given]
    assert [line for line in secret if any(line in text or json.dumps(line)[1:-1] in text for text in texts)] == []


def test_every_exercise_has_points_minutes_difficulty_and_three_hints(made):
    for cell in nbformat.read(made / "student" / f"{made.name}.ipynb", as_version=4).cells:
        if cell.cell_type == "markdown" and re.match(r"(<!--.*-->\s*)?### \d+\.", cell.source):
            assert re.search(r"\(\d+ points, \d+ minutes, (easy|medium|hard|read by a person)\)", cell.source)
        if "<details>" in cell.source:
            assert cell.source.count("<summary>Hint") == 3


def test_an_answer_crosses_as_plain_values():
    value = {"a": [1, 2.5, None, "x", (True,)], 3: np.arange(4, dtype=np.uint16), "z": np.float32(2)}
    back = answers.plain(value)
    assert back["a"] == [1, 2.5, None, "x", (True,)]
    assert back[3].dtype == np.uint16
    assert back["z"] == 2.0


@pytest.mark.parametrize("value", [object(), lambda: 0, np.array([object()]), {1: {2}}, hostile_class.add("")])
def test_nothing_else_crosses(value):
    with pytest.raises(TypeError, match="an answer must be made of"):
        answers.plain(value)


def test_instances_are_the_same_for_a_class_and_other_ones_elsewhere(monkeypatch):
    monkeypatch.delenv("PRUNING_LAB_INSTANCES", raising=False)
    assert answers.instances().random() != answers.instances().random()
    monkeypatch.setenv("PRUNING_LAB_INSTANCES", "5")
    assert answers.instances().random() == np.random.default_rng(5).random()
    assert answers.instances(3).random() == np.random.default_rng(3).random()


def mark(score):
    return {"score": score, "points": 2, "messages": []}


def marks_of(class_):
    return {name: {"score": 1, "points": 2, "notes": [], "questions": {"q1": mark(1)}} for name in class_}


def test_a_ledger_knows_what_is_done_and_what_has_changed(tmp_path):
    tests = {"q1": "test", "q2": "test 2"}
    marks = {"notes": ["cell 3 stopped"], "questions": {"q1": mark(1), "q2": mark(2)}}
    first = Ledger(tmp_path / "marks.sqlite", tests)
    first.save("ann", {"a.ipynb": "x"}, marks)
    first.close()
    again = Ledger(tmp_path / "marks.sqlite", tests)
    class_ = {"ann": {"a.ipynb": "x"}, "bob": {}}
    assert again.waiting(class_) == {"bob": ["q1", "q2"]}
    assert list(again.waiting({**class_, "ann": {"a.ipynb": "y"}})) == ["ann", "bob"]
    assert again.all(class_) == {
        "ann": {name: {**q, "notes": marks["notes"]} for name, q in marks["questions"].items()}
    }
    assert again.instances == Ledger(tmp_path / "marks.sqlite", {}).instances


def test_one_question_is_graded_again_alone(tmp_path):
    ledger = Ledger(tmp_path / "marks.sqlite", {"q1": "test", "q2": "test 2"})
    ledger.save("ann", {}, {"notes": [], "questions": {"q1": mark(1), "q2": mark(2)}})
    changed = Ledger(tmp_path / "marks.sqlite", {"q1": "mended", "q2": "test 2"})
    assert changed.waiting({"ann": {}}) == {"ann": ["q1"]}
    assert ledger.forget("q3") == 0
    assert ledger.forget("q2") == 1
    assert ledger.waiting({"ann": {}}) == {"ann": ["q2"]}
    assert ledger.all({"ann": {}}) == {}  # half graded is not graded
    ledger.save("ann", {}, {"notes": [], "questions": {"q2": mark(0)}})
    assert {name: q["score"] for name, q in ledger.all({"ann": {}})["ann"].items()} == {"q1": 1, "q2": 0}


def notebook_of(made, answer):
    notebook = nbformat.read(made / "student" / f"{made.name}.ipynb", as_version=4)
    cells = [cell for cell in notebook.cells if cell.source.startswith("_Type your answer here")]
    for cell in cells:
        cell.source = answer
    return {"a.ipynb": base64.b64encode(nbformat.writes(notebook).encode()).decode()}


def test_written_answers_stand_on_one_page_under_their_rubric(made, tmp_path):
    class_ = {"ann": notebook_of(made, "*Because* <b>zeros</b>."), "bob": {"b.ipynb": "no base64"}, "cy": {}}
    grading.write_marks(marks_of(class_), tmp_path, release.solved(made), class_)
    page = (tmp_path / "written.html").read_text(encoding="utf-8")
    assert page.count("<em>Because</em> &lt;b&gt;zeros") == page.count("<h3>ann") > 0
    assert "<strong>Rubric.</strong>" in page
    assert "Rubric" in page
    assert page.count("Its cell is missing") == 2 * page.count("<h3>ann")


def read_back(folder, student):
    """Return a student's page of feedback and their Gradescope JSON."""
    page = (folder / "feedback" / f"{student}.html").read_text(encoding="utf-8")
    return page, json.loads((folder / "gradescope" / f"{student}.json").read_text(encoding="utf-8"))


def test_points_that_a_person_gives_are_added_everywhere_and_kept(made, tmp_path):
    class_ = {name: notebook_of(made, f"words of {name}") for name in ("ann", "bob")}
    solution = release.solved(made)
    asked = pages.Asked(solution).written
    most, by_hand = sum(points for points, *_ in asked.values()), 1.5 * len(asked)
    grading.write_marks(marks_of(class_), tmp_path, solution, class_)
    page, result = read_back(tmp_path, "ann")
    assert f"1 of 2 points by checks; {most} more are given by a person" in page
    assert (result["score"], result["tests"][-1]["output"]) == (1, pages.READ_LATER)
    table = tmp_path / "written.csv"
    names, ann, bob = table.read_text(encoding="utf-8").splitlines()
    assert names == f"student,{','.join(asked)},answer"
    assert [row.partition(",#")[0] for row in (ann, bob)] == [f"{name}{',' * len(asked)}" for name in ("ann", "bob")]
    filled = f"{names}\n{ann.replace(',' * len(asked) + ',#', ',1.5' * len(asked) + ',#')}"
    table.write_text(f"\ufeff{filled}", encoding="utf-8")  # a spreadsheet's mark in front, the last line left open
    table.write_text(table.read_text(encoding="utf-8") + f"\nzoe{',1' * len(asked)},#1", encoding="utf-8")
    assert grading.write_marks(marks_of(class_), tmp_path, solution, class_) == [
        f"{table} waits for points of 1 written answers: bob",
        f"{table} has names that nobody in the class has: zoe",
    ]
    assert table.read_text(encoding="utf-8").splitlines() == [
        *(f"\ufeff{names}", filled.splitlines()[1]),
        *(f"zoe{',1' * len(asked)},#1", bob),
    ]
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
    grading.write_marks(marks_of(old), tmp_path, solution, old)
    number = len(pages.Asked(solution).written)
    filled = table.read_text(encoding="utf-8").replace("," * number + ",#", ",1" * number + ",#")
    table.write_text(filled, encoding="utf-8")
    (again,) = grading.write_marks(marks_of(new), tmp_path, solution, new)
    assert again == "The written answer has changed since it was read, and waits again: ann"
    assert table.read_text(encoding="utf-8").startswith(filled)
    assert "ann (changed since it was read)" in (tmp_path / "written.html").read_text(encoding="utf-8")
    assert pages.READ_LATER in read_back(tmp_path, "ann")[0]
    assert grading.write_marks(marks_of(old), tmp_path, solution, old) == []  # the old answer is known
    assert pages.READ_LATER not in read_back(tmp_path, "ann")[0]


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("ann,99,#1\n", r"q6 must be in \[0, 2\]; got '99' for ann in .*written.csv"),
        ("ann,-1,#1\n", "got '-1' for ann"),
        ("ann,nan,#1\n", "got 'nan' for ann"),
        ("ann,many,#1\n", "got 'many' for ann"),
        ('ann,"1,5",#1\n', r"write 1.5, with a point\); got '1,5' for ann"),
    ],
)
def test_points_that_cannot_be_are_refused(tmp_path, typed, message):
    (tmp_path / "written.csv").write_text(f"student,q6,answer\n{typed}", encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        pages.read_points(tmp_path / "written.csv", {"q6": (2, "", "")})


def test_a_table_of_other_columns_is_refused(tmp_path):
    (tmp_path / "written.csv").write_text("student;q6;answer\nann;1;#1\n", encoding="utf-8")
    with pytest.raises(ValueError, match="must have the columns student and answer, between commas"):
        pages.read_points(tmp_path / "written.csv", {"q6": (2, "", "")})


def test_feedback_names_assignment_and_questions(made):
    page = pages.feedback_page("ann", marks_of(["ann"])["ann"], pages.Asked(release.solved(made)), {})
    assert f"{made.name}: feedback for ann" in page
    assert re.search(r"<th scope=row>1\. [A-Z]", page)
    assert "<ul>" not in page


def test_nobody_is_left_out_in_silence(tmp_path):
    for name in ("ann.ipynb", "fay.txt", ".DS_Store", "gus.ipynb"):
        (tmp_path / name).write_text("{}")
    (tmp_path / "gus").mkdir()
    (tmp_path / "gus" / "b.ipynb").write_text("{}")
    class_ = grading.read_submissions(tmp_path)
    assert {student: sorted(files) for student, files in class_.items()} == {
        "ann": ["ann.ipynb"],
        "fay": ["fay.txt"],
        "gus": ["b.ipynb", "gus.ipynb"],
    }


QUICK = [name for name in hostile_class.kinds(0) if name not in hostile_class.SLOW]


@fenced
@pytest.mark.parametrize("kind", QUICK)
def test_each_kind_of_submission_gets_its_mark_and_a_reason(kind, hostile):
    tests, submissions, expected, asked = hostile
    student = next(student for student, (of, _, _) in expected.items() if of == kind)
    _, score, phrase = expected[student]
    marks = grading.grade(submissions[student], tests, instances=1)
    assert marks["score"] == score
    assert phrase in pages.feedback_page(student, marks, asked, {})
    assert not hostile_class.OUTSIDE.exists()


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    root = tmp_path_factory.mktemp("class")
    made = release.make(hostile_class.NAME, root / "made")
    with socket.create_server(("127.0.0.1", 0)) as server:
        expected = hostile_class.write_class(root / "class", made, server.getsockname()[1])
        submissions = grading.read_submissions(root / "class")
        yield release.tests_of(made), submissions, expected, pages.Asked(release.solved(made))


@fenced
def test_a_loop_that_never_ends_is_stopped():
    with (
        pytest.raises(sandbox.Stopped, match="stopped after 3 s"),
        sandbox.Sandbox([hostile_class.STUBBORN], seconds=3),
    ):
        pass


@fenced
def test_the_command_writes_marks_feedback_and_gradescope(tmp_path, hostile):
    _, submissions, expected, _ = hostile
    for student in [student for student, (kind, _, _) in expected.items() if kind in ("right", "deleted cell")]:
        place = tmp_path / "hw1-masks" / student
        place.mkdir(parents=True)
        (place / "hw1-masks.ipynb").write_bytes(base64.b64decode(submissions[student]["hw1-masks.ipynb"]))
    (tmp_path / "hw1-masks" / "zoe.txt").write_text("I sent it by mail.")
    run = [*hostile_class.command(tmp_path / "hw1-masks", tmp_path / "out"), "--workers", "1"]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    assert "3 of 3 submissions have marks" in done.stdout
    assert "In 1 of them nothing could be graded; their feedback says why: zoe" in done.stdout
    *_, zoe = csv.DictReader((tmp_path / "out" / "marks.csv").read_text(encoding="utf-8").splitlines())
    assert zoe["notes"] == "Nothing could be graded: hand in exactly one notebook (.ipynb); there are 0."
    assert sorted(hostile_class.scores(tmp_path / "out").values()) == [0, 16, 20]
    student = sorted(path.stem for path in (tmp_path / "out" / "gradescope").iterdir())[0]
    result = json.loads((tmp_path / "out" / "gradescope" / f"{student}.json").read_text(encoding="utf-8"))
    assert sum(test["max_score"] for test in result["tests"]) == 22  # two of them by a person
    assert "def check" not in (tmp_path / "out" / "feedback" / f"{student}.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["/nowhere/hw1-masks"], "SUBMISSIONS must be a folder"),
        ([str(release.SOURCES)], "'homework' is no assignment: name the folder after one, or add ASSIGNMENT=NAME"),
        (
            [str(release.SOURCES), "--assignment", "hw1-masks", "--regrade", "q9"],
            "must be one of ['q1', 'q2', 'q3', 'q4', 'q5'], which are graded by checks; got 'q9'",
        ),
        ([str(release.SOURCES), "--assignment", "hw1-masks"], "q6 must be in [0, 2]; got 'many' for ann"),
    ],
)
def test_a_command_that_cannot_be_done_says_why_before_it_begins(tmp_path, arguments, message):
    (tmp_path / "written.csv").write_text("student,q6,answer\nann,many,#1\n", encoding="utf-8")
    run = [sys.executable, "-m", "pruning_lab.homework", "grade", *arguments, "--out", str(tmp_path)]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert message in done.stderr
    assert "student/s" not in done.stderr  # no bar: nobody was graded
