"""The release holds no solution and no hidden test, and neither does the folder for a hub."""

import json
import re
import subprocess

import nbformat
import pytest

from pruning_lab.homework.frame import release
from pruning_lab.homework.frame.assignments import SOURCES, sources


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


def test_the_folder_for_a_hub_holds_no_solution(made, tmp_path):
    if not (SOURCES.parents[1] / ".git").exists():
        pytest.skip("this folder is no clone")
    page = (SOURCES.parents[1] / "site" / "hub.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^mkdir /course && git archive.*$", page, re.MULTILINE)
    command = command.replace("/course", str(tmp_path / "course"))
    subprocess.run(["bash", "-c", command], cwd=SOURCES.parents[1], check=True)
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
