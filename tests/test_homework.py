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
    class_ = {"ann": notebook_of(made, "Because <b>zeros</b>."), "bob": {"b.ipynb": "no base64"}, "cy": {}}
    marks = {name: {"score": 1, "points": 2, "notes": [], "questions": {"q1": mark(1)}} for name in class_}
    grading.write_marks(marks, tmp_path, release.solved(made), class_)
    page = (tmp_path / "written.html").read_text(encoding="utf-8")
    assert page.count("Because &lt;b&gt;zeros") == page.count("<h3>ann") > 0
    assert "Rubric" in page
    assert page.count("Its cell is missing") == 2 * page.count("<h3>ann")


def test_points_that_a_person_gives_are_added_and_kept(made, tmp_path):
    class_ = {name: notebook_of(made, "words") for name in ("ann", "bob")}
    marks = {name: {"score": 1, "points": 2, "notes": [], "questions": {"q1": mark(1)}} for name in class_}
    grading.write_marks(marks, tmp_path, release.solved(made), class_)
    table = tmp_path / "written.csv"
    names, *rows = table.read_text(encoding="utf-8").splitlines()
    assert rows == ["ann" + "," * names.count(","), "bob" + "," * names.count(",")]
    filled = f"{names}\nann{',1.5' * names.count(',')}\n"
    table.write_text(filled, encoding="utf-8")
    grading.write_marks(marks, tmp_path, release.solved(made), class_)
    assert table.read_text(encoding="utf-8").startswith(filled)
    ann, bob = csv.DictReader((tmp_path / "marks.csv").read_text(encoding="utf-8").splitlines())
    assert (float(ann["written"]), float(ann["total"])) == (1.5 * names.count(","), 1 + 1.5 * names.count(","))
    assert (bob["written"], bob["total"]) == ("", "")
    for wrong in ("99", "-1", "nan", "many"):
        table.write_text(filled.replace("1.5", wrong), encoding="utf-8")
        with pytest.raises(ValueError, match=r"must be in \[0, \d\]; got .* for ann"):
            grading.write_marks(marks, tmp_path, release.solved(made), class_)


QUICK = [name for name in hostile_class.kinds(0) if name not in hostile_class.SLOW]


@fenced
@pytest.mark.parametrize("kind", QUICK)
def test_each_kind_of_submission_gets_its_mark_and_a_reason(kind, hostile):
    tests, submissions, expected = hostile
    student = next(student for student, (of, _, _) in expected.items() if of == kind)
    _, score, phrase = expected[student]
    marks = grading.grade(submissions[student], tests, instances=1)
    assert marks["score"] == score
    assert phrase in pages.feedback_page(student, marks)
    assert not hostile_class.OUTSIDE.exists()


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    root = tmp_path_factory.mktemp("class")
    made = release.make(hostile_class.NAME, root / "made")
    with socket.create_server(("127.0.0.1", 0)) as server:
        expected = hostile_class.write_class(root / "class", made, server.getsockname()[1])
        yield release.tests_of(made), grading.read_submissions(root / "class"), expected


@fenced
def test_a_loop_that_never_ends_is_stopped():
    with (
        pytest.raises(sandbox.Stopped, match="stopped after 3 s"),
        sandbox.Sandbox([hostile_class.STUBBORN], seconds=3),
    ):
        pass


@fenced
def test_the_command_writes_marks_feedback_and_gradescope(tmp_path, hostile):
    _, submissions, expected = hostile
    for student in [student for student, (kind, _, _) in expected.items() if kind in ("right", "deleted cell")]:
        place = tmp_path / "hw1-masks" / student
        place.mkdir(parents=True)
        (place / "hw1-masks.ipynb").write_bytes(base64.b64decode(submissions[student]["hw1-masks.ipynb"]))
    run = [*hostile_class.command(tmp_path / "hw1-masks", tmp_path / "out"), "--workers", "1"]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    assert "2 of 2 submissions have marks" in done.stdout
    assert sorted(hostile_class.scores(tmp_path / "out").values()) == [16, 20]
    student = sorted(path.stem for path in (tmp_path / "out" / "gradescope").iterdir())[0]
    result = json.loads((tmp_path / "out" / "gradescope" / f"{student}.json").read_text(encoding="utf-8"))
    assert sum(test["max_score"] for test in result["tests"]) == 20
    assert "def check" not in (tmp_path / "out" / "feedback" / f"{student}.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["/nowhere/hw1-masks"], "SUBMISSIONS must be a folder"),
        ([str(release.SOURCES)], "assignment must be one of ['hw1-masks"),
    ],
)
def test_a_command_that_cannot_be_done_says_why(arguments, message):
    run = [sys.executable, "-m", "pruning_lab.homework", "grade", *arguments]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert message in done.stderr
