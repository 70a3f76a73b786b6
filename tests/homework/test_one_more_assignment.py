"""One more assignment is one module, one notebook and one test file: all that lists assignments finds it."""

import csv
import os
import shutil
import subprocess
import sys

import nbformat
import pytest
from homework_tests import fenced

from pruning_lab.homework.frame.assignments import SOURCES

NEEDED = ["pruning_lab", "notebooks/homework", "tests/homework", "tests/homework_tests.py", "tests/hostile_class.py"]
NEEDED += ["tests/hostile_text.py", "tests/second_class.py", "tests/attackers.py", "tests/train_once.py"]
NEEDED += ["conftest.py", "pyproject.toml"]
OTHERS = ["hw[2-5]*", "test_hw[2-5]*", "test_capstone_file.py"]
MODULE = '''"""hw6-tiny: what is checked."""

from pruning_lab.homework.frame.answers import answered

FORMATS = {"doubled": "{:.1f}"}


def rank(figures):
    return -figures["doubled"]


def check_double(answer, rng):
    number = int(rng.integers(1, 100))
    got = answered(answer, "my_double", number)
    assert got == 2 * number, f"twice {number} is not {got}"
    return {"doubled": got / number}
'''
TESTS = '''"""hw6-tiny: wrong answers, and what each is told."""

from homework_tests import assignment_tests, solution_of, wrong_answers

NAME = "hw6-tiny"
POINTS = {"q1": 3}
WRONG = wrong_answers("q1", "my_double", [(lambda x, more=more: 2 * x + more, "twice") for more in range(1, 11)])

test_solution, test_untouched, test_ten_wrong, test_wrong = assignment_tests(NAME, solution_of(NAME), POINTS, WRONG)
'''
SOLUTION = "\n".join(f"    line_{number} = 'only the solution has this line'" for number in range(11))
QUESTION = f"""def my_double(number):
    # BEGIN SOLUTION
{SOLUTION}
    return 2 * number
    # END SOLUTION"""


def check(name, points, hidden, instances):
    """Return the source of one test, as an assignment's notebook holds it."""
    return f'''""" # BEGIN TEST CONFIG
points: {points}
hidden: {hidden}
"""  # END TEST CONFIG


def test_{name}(my_double):
    from pruning_lab.homework import hw6_checks, instances

    return hw6_checks.check_double(my_double, {instances})'''


def source_notebook():
    """Return the source of hw6-tiny: a question that checks mark, and one that a person reads."""
    raw, code, text = nbformat.v4.new_raw_cell, nbformat.v4.new_code_cell, nbformat.v4.new_markdown_cell
    first = nbformat.read(SOURCES / "hw1-masks.ipynb", as_version=4)
    first.cells = [
        raw(first.cells[0].source.replace("hw1-masks", "hw6-tiny")),
        raw("# BEGIN QUESTION\nname: q1\npoints: 3"),
        text("### 1. Doubled (3 points, 1 minutes, easy)\n\n`my_double(number)` is twice the number."),
        raw("# BEGIN SOLUTION"),
        code(QUESTION),
        raw("# END SOLUTION"),
        raw("# BEGIN TESTS"),
        code(check("double_shown", 1, "false", "instances(0)")),
        code(check("double_elsewhere", 2, "true", "instances()")),
        raw("# END TESTS"),
        raw("# END QUESTION"),
        raw("# BEGIN QUESTION\nname: q2\npoints: 4\nmanual: true"),
        text("### 2. In your own words (4 points, 1 minutes, read by a person)\n\nWhy twice?"),
        raw("# BEGIN SOLUTION"),
        text("**Rubric.** 4 points: why not?\n\n- 4 points: *Why not?*\n- 2 points: *Why.*\n- 0 points: *Not.*"),
        raw("# END SOLUTION"),
        raw("# END QUESTION"),
    ]
    return first


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of what homework needs, with one more assignment added; of the others the first is enough."""
    root, others = tmp_path_factory.mktemp("copy"), shutil.ignore_patterns(*OTHERS, "__pycache__")
    for part in NEEDED:
        (root / part).parent.mkdir(parents=True, exist_ok=True)
        given = SOURCES.parents[1] / part
        shutil.copytree(given, root / part, ignore=others) if given.is_dir() else shutil.copy(given, root / part)
    (root / "pruning_lab" / "homework" / "hw6_checks.py").write_text(MODULE, encoding="utf-8")
    (root / "tests" / "homework" / "test_hw6.py").write_text(TESTS, encoding="utf-8")
    nbformat.write(source_notebook(), root / "notebooks" / "homework" / "hw6-tiny.ipynb")
    return root


def run(copy, *arguments):
    """Run a module of Python in the copy; return what it printed."""
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=copy, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_tests_find_one_more_assignment_and_it_passes_them(copy):
    told = run(copy, "pytest", "-v", "-p", "no:cacheprovider", "tests/homework", "-k", "hw6 or three_files")
    passed = {line.split()[0].rpartition("/")[2] for line in told.splitlines() if "PASSED" in line}
    assert {
        "test_hw6.py::test_solution",
        "test_hw6.py::test_untouched",
        "test_hw6.py::test_ten_wrong",
        "test_hw6.py::test_wrong[q1-7]",
        "test_release.py::test_the_release_holds_no_solution_and_no_hidden_test[hw6-tiny]",
        "test_marks.py::test_points_that_a_person_gives_are_added_everywhere_and_kept[hw6-tiny]",
        "test_feedback.py::test_feedback_names_assignment_and_questions[hw6-tiny]",
        "test_layout.py::test_every_assignment_has_its_three_files",
    } <= passed


@fenced
def test_the_commands_find_one_more_assignment(copy):
    told = run(copy, "pruning_lab.homework", "make").splitlines()
    assert [line.rpartition("/")[2].partition(":")[0] for line in told] == ["hw1-masks", "hw6-tiny"]
    made, handed_in = copy / "build" / "homework" / "hw6-tiny", copy / "hw6-tiny"
    handed_in.mkdir()
    shutil.copy(made / "autograder" / "hw6-tiny.ipynb", handed_in / "ann.ipynb")
    shutil.copy(made / "student" / "hw6-tiny.ipynb", handed_in / "bob.ipynb")
    run(copy, "pruning_lab.homework", "grade", str(handed_in), "--workers", "1")
    marks = copy / "build" / "marks" / "hw6-tiny"
    rows = csv.DictReader((marks / "marks.csv").read_text(encoding="utf-8").splitlines())
    assert [(row["student"], row["score"], row["points"]) for row in rows] == [("ann", "3", "3"), ("bob", "0", "3")]
    page = (marks / "feedback" / "ann.html").read_text(encoding="utf-8")
    assert "hw6-tiny: feedback for ann" in page
    assert "<th scope=row>1. Doubled</th><td>3 of 3</td>" in page
    assert "<th scope=row>2. In your own words</th><td>– of 4</td>" in page
    assert "why not?" in (marks / "written.html").read_text(encoding="utf-8")
    leaderboard = (marks / "leaderboard.csv").read_text(encoding="utf-8").splitlines()
    assert leaderboard == ["student,doubled", "ann,2.0", "bob,"]
