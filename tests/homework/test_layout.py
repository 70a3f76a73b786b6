"""An assignment is found by being there: three files of its own, named alike."""

import ast
import re
from pathlib import Path

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
