"""An assignment is found by being there: three files of its own, named alike."""

import ast
import re
from pathlib import Path

import nbformat
import pytest

import pruning_lab.homework
from pruning_lab.homework.frame.assignments import sources

PACKAGE = Path(pruning_lab.homework.__file__).parent
MODULE = re.compile(r"hw\d+_checks")


def imported(path):
    """Return every name that a file imports from, and what it imports from there, part by part."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = ".".join([getattr(node, "module", None) or "", *(alias.name for alias in node.names)])
            yield from names.split(".")


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_neither_the_frame_nor_an_assignment_imports_an_assignment(path):
    assert [name for name in imported(path) if MODULE.fullmatch(name)] == []


def test_every_assignment_has_its_three_files():
    names = {name.partition("-")[0] for name in sources()}
    assert len(names) == len(sources())
    assert names == {path.stem.removesuffix("_checks") for path in PACKAGE.glob("hw*_checks.py")}
    assert names == {path.stem.removeprefix("test_") for path in Path(__file__).parent.glob("test_hw*.py")}


def points_in(path):
    """Yield a source notebook's questions: points where it begins, in its heading, in its tests, and who reads it."""
    sources = [cell.source for cell in nbformat.read(path, as_version=4).cells]
    for question in "\n".join(sources).split("# BEGIN QUESTION")[1:]:
        begins = re.search(r"^points: (\d+)", question, re.MULTILINE)
        tests = re.findall(r"# BEGIN TEST CONFIG\npoints: (\d+)", question)
        yield int(begins[1]), sum(map(int, tests)), "manual: true" in question


@pytest.mark.parametrize("path", sources().values(), ids=list(sources()))
def test_points_agree_wherever_they_stand(path):
    asked, text = list(points_in(path)), "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)
    assert [points for points, _, _ in asked] == [int(points) for points in re.findall(r"### .*\((\d+) points", text)]
    assert all(points == shared for points, shared, by_hand in asked if not by_hand)
    by_hand = sum(points for points, _, read in asked if read)
    every = sum(points for points, _, _ in asked)
    if "**Points**" in text:
        assert f"**Points** {every}, of which {every - by_hand} by checks and {by_hand} by a reader" in text
