"""The release holds no solution and no hidden test, and neither does what a student installs."""

import json
import re

import nbformat
import pytest

from pruning_lab.homework.frame import release
from pruning_lab.homework.frame.assignments import sources
from pruning_lab.places import ROOT


def solutions(name):
    """Return the lines of the source that stand between the marks of a solution, as far as they say something."""
    cells = nbformat.read(sources()[name], as_version=4).cells
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


def hidden_in(released, tests):
    """Return the hidden tests, of {question: source}, whose names stand anywhere in a released notebook."""
    names = [name for source in tests.values() for name in re.findall(r"hidden=True\)\ndef (\w+)", source)]
    return [name for name in names if name in released]


def test_a_hidden_test_in_a_release_is_found(made):
    tests = release.tests_of(made)
    given = nbformat.read(made / "student" / f"{made.name}.ipynb", as_version=4)
    assert hidden_in(nbformat.writes(given), tests) == []
    given.metadata["otter"] = {**given.metadata.get("otter", {}), "tests": tests}
    assert hidden_in(nbformat.writes(given), tests)


@pytest.fixture(scope="module")
def handed_out(tmp_path_factory):
    """All texts of what a student installs, {path: text}: the package as it is built, with the course inside."""
    folder = tmp_path_factory.mktemp("handed-out")
    builds = pytest.importorskip("whole_wheel")
    if builds.HERE != ROOT:
        pytest.skip("what builds the package is that of another folder")
    builds.stage(folder)
    paths = [path for path in folder.rglob("*") if path.suffix in (".ipynb", ".py", ".md", ".toml", ".html", ".js")]
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def test_what_a_student_installs_holds_no_solution_no_hidden_test_and_no_rubric(made, handed_out):
    released = f"pruning_lab/course/homework/{made.name}/student/{made.name}.ipynb"
    assert {released, "pruning_lab/masks.py", "pruning_lab/course/notebooks/01-why-prune.ipynb"} <= handed_out.keys()
    given = (made / "student" / f"{made.name}.ipynb").read_text(encoding="utf-8")
    lines = [line for line in solutions(made.name) if len(line) > 45] + rubric(made.name)
    secret = [line for line in lines if json.dumps(line)[1:-1] not in given]
    assert len(secret) > 5
    texts = handed_out.values()
    assert [line for line in secret if any(line in text or json.dumps(line)[1:-1] in text for text in texts)] == []
    assert "hidden=True" not in handed_out[released]
    assert [path for path in handed_out if "notebooks/homework" in path or "autograder" in path] == []


def rubric(name):
    """Return the lines that tell who reads an answer what it is worth."""
    cells = nbformat.read(sources()[name], as_version=4).cells
    return [line for cell in cells if "**Rubric.**" in cell.source for line in cell.source.splitlines() if line]


def test_every_exercise_has_points_minutes_difficulty_and_three_hints(made):
    for cell in nbformat.read(made / "student" / f"{made.name}.ipynb", as_version=4).cells:
        if cell.cell_type == "markdown" and re.match(r"(<!--.*-->\s*)?### \d+\.", cell.source):
            assert re.search(r"\(\d+ points, \d+ minutes, (easy|medium|hard|read by a person)\)", cell.source)
        if "<details>" in cell.source:
            assert cell.source.count("<summary>Hint") == 3
