"""`python -m pruning_lab.homework grade`, as `make grade` calls it."""

import base64
import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import hostile_class
import nbformat
import pytest
from homework_tests import fenced, soon

from pruning_lab.homework.frame import release
from pruning_lab.homework.frame.assignments import SOURCES


@fenced
def test_the_command_writes_marks_feedback_and_gradescope(tmp_path, hostile):
    for student in [name for name, one in hostile.expected.items() if one.kind in ("right", "deleted cell")]:
        place = tmp_path / "hw1-masks" / student
        place.mkdir(parents=True)
        (place / "hw1-masks.ipynb").write_bytes(base64.b64decode(hostile.submissions[student]["hw1-masks.ipynb"]))
    (tmp_path / "hw1-masks" / "zoe.txt").write_text("I sent it by mail.")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "by-hand.csv").write_text("student,question,points,reason\nzoe,q3,3,seen on paper\n")
    run = [*hostile_class.command(tmp_path / "hw1-masks", tmp_path / "out"), "--workers", "1"]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    assert "3 of 3 submissions have marks" in done.stdout
    assert "In 1 of them nothing could be graded; their feedback says why: zoe" in done.stdout
    *_, zoe = csv.DictReader((tmp_path / "out" / "marks.csv").read_text(encoding="utf-8").splitlines())
    assert zoe["notes"] == "Nothing could be graded: hand in exactly one notebook (.ipynb); there is only zoe.txt."
    assert sorted(hostile_class.scores(tmp_path / "out").values()) == [3, 16, 20]
    assert "sets the points of: zoe q3: 3 (checks give 0)" in done.stdout
    assert "A person has set the points: seen on paper" in (tmp_path / "out" / "feedback" / "zoe.html").read_text()
    student = sorted(path.stem for path in (tmp_path / "out" / "gradescope").iterdir())[0]
    result = json.loads((tmp_path / "out" / "gradescope" / f"{student}.json").read_text(encoding="utf-8"))
    assert sum(test["max_score"] for test in result["tests"]) == 22  # two of them by a person
    assert "def check" not in (tmp_path / "out" / "feedback" / f"{student}.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["/nowhere/hw1-masks"], "SUBMISSIONS must be a folder"),
        ([str(SOURCES)], "'homework' is not an assignment: name the folder after one, or add ASSIGNMENT=NAME"),
        (
            [str(SOURCES), "--assignment", "hw1-masks", "--regrade", "q9"],
            "must be one of ['q1', 'q2', 'q3', 'q4', 'q5'], which are graded by checks; got 'q9'",
        ),
        ([str(SOURCES), "--assignment", "hw1-masks"], "q6 must be in [0, 2], in halves; got 'many' for #1"),
    ],
)
def test_a_command_that_cannot_be_done_says_why_before_it_begins(tmp_path, arguments, message):
    (tmp_path / "written.csv").write_text("q6,answer\nmany,#1\n", encoding="utf-8")
    run = [sys.executable, "-m", "pruning_lab.homework", "grade", *arguments, "--out", str(tmp_path)]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert message in done.stderr
    assert "student/s" not in done.stderr  # no bar: nobody was graded


def test_what_takes_seconds_to_import_is_imported_when_tests_are_read():
    """Before, a command that only refuses would take as long; after, it would be the first question's own time."""
    code = """import sys
from pruning_lab.homework.__main__ import grading
slow = {"torch", "nbconvert", "otter"}
print(slow & set(sys.modules))
grading.parse_tests("name = 'q1'")
print(slow - set(sys.modules))"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["set()", "set()"]


@pytest.fixture
def short_tmp():
    """A folder for what a grader keeps for a while, with a name short enough for the sockets that it tries."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def begun(folder, tmp):
    """Begin to grade the class in a folder, as the first of a group of processes; `tmp` is for temporary files."""
    command = [*hostile_class.command(folder / "hw1-masks", folder / "out"), "--workers", "2"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    usual = {"start_new_session": True, "preexec_fn": lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL)}  # no nohup
    return subprocess.Popen(command, env={**os.environ, "TMPDIR": str(tmp)}, **usual, **pipes)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGHUP])
def test_a_grader_that_is_stopped_before_it_grades_leaves_no_solution_behind(tmp_path, short_tmp, end):
    (tmp_path / "hw1-masks").mkdir()
    (tmp_path / "hw1-masks" / "ann.ipynb").write_text('{"cells": [], "nbformat": 4, "metadata": {}}', encoding="utf-8")
    run = begun(tmp_path, short_tmp)
    assert soon(lambda: list(short_tmp.iterdir()))
    run.send_signal(end)
    _, said = run.communicate()
    assert list(short_tmp.iterdir()) == []
    assert (run.returncode, "Traceback" in said) == (130, False)


@fenced
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_grader_that_is_stopped_says_so_and_leaves_nothing_behind(tmp_path, make, short_tmp, end):
    """Ctrl-C, and a terminal that is closed, reach all that grade; a kill reaches the grader alone."""
    (tmp_path / "hw1-masks").mkdir()
    never_ends = {"ann": hostile_class.STUBBORN, "bob": hostile_class.ASLEEP, "cy": hostile_class.ASLEEP}
    for student, cell in never_ends.items():
        notebook = nbformat.read(release.solved(make("hw1-masks")), as_version=4)
        hostile_class.add(cell)(notebook)
        nbformat.write(notebook, tmp_path / "hw1-masks" / f"{student}.ipynb")
    run = begun(tmp_path, short_tmp)
    assert soon(lambda: len(list(short_tmp.rglob("submission-*"))) == 2)
    time.sleep(2)  # by then their cells run, mostly
    (os.kill if end == signal.SIGKILL else os.killpg)(run.pid, end)
    _, said = run.communicate()
    assert soon(lambda: not list(short_tmp.iterdir()))
    time.sleep(1)  # what is left has nobody only when the layers around it have ended
    assert soon(lambda: hostile_class.left_over() == [], seconds=30)  # far less than what it runs may take
    assert run.returncode == (-end if end == signal.SIGKILL else 130)  # it has not graded to its end meanwhile
    if end in (signal.SIGINT, signal.SIGTERM):  # of a terminal that is closed nobody reads
        assert "Traceback" not in said
        assert said.splitlines()[-1] == "Stopped. What has been graded is kept; the same command goes on from there."


def test_a_dry_run_says_what_would_be_graded_and_writes_nothing(tmp_path):
    with zipfile.ZipFile(tmp_path / "hw1-masks.zip", "w") as archive:
        archive.writestr("doejane_LATE_1234_98765_hw1.ipynb", json.dumps({"cells": [], "nbformat": 4, "metadata": {}}))
        archive.writestr("leeann_77_98766_hw1.txt", "I sent it by mail. \x1b[2J")
    table = (
        'Student,ID,SIS Login ID,Section\n    Points Possible,,,\n"Doe, Jane",1234,j,A\n"Lee, Ann",77,a,A\nBo,78,b,A\n'
    )
    (tmp_path / "roster.csv").write_text(table, encoding="utf-8")
    (tmp_path / "policy.toml").write_text("[late]\n1 = 0.5\n[days]\n1234 = 1\n", encoding="utf-8")
    run = [sys.executable, "-m", "pruning_lab.homework", "grade", str(tmp_path / "hw1-masks.zip"), "--dry-run"]
    run += [
        "--out",
        str(tmp_path / "out"),
        "--roster",
        str(tmp_path / "roster.csv"),
        "--policy",
        str(tmp_path / "policy.toml"),
    ]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    jane, ann, bo, *said = done.stdout.splitlines()
    assert jane == "doejane_1234 (Doe, Jane): 0 code cells; 1 day late: 50 % of the points go."
    assert ann.startswith("leeann_77 (Lee, Ann): NOT GRADED: hand in exactly one notebook (.ipynb)")
    assert bo == "Bo: Nothing was handed in."
    assert said == ["2 of the 3 in the class handed in; 1 did not.", "Handed in nothing: Bo"]
    assert "\x1b" not in done.stdout + done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hw1-masks.zip", "policy.toml", "roster.csv"]


@pytest.mark.parametrize(
    ("option", "message"),
    [("--roster", "ROSTER must be a table of the class, in CSV; got"), ("--policy", "POLICY must be a table in TOML")],
)
def test_a_table_that_is_not_there_is_said_before_anything_is_graded(tmp_path, option, message):
    run = [sys.executable, "-m", "pruning_lab.homework", "grade", str(SOURCES), "--assignment", "hw1-masks"]
    run += ["--out", str(tmp_path / "out"), option, str(tmp_path / "none")]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert message in done.stderr
    assert not (tmp_path / "out").exists()
