"""One more lesson is a notebook, a folder of its name, a deck and a README row: every list of lessons finds it."""

import json
import os
import shutil
import subprocess
import sys

import nbformat
import pytest

from pruning_lab.lesson.frame.lessons import lessons
from pruning_lab.places import ROOT

COPIED = ("pruning_lab", "notebooks", "site", "benchmarks", "tests", "README.md", "pyproject.toml", "conftest.py")
NUMBER = f"{int(lessons()[-1].number) + 1:02}"
STEM = f"{NUMBER}-two-cells"
CLAIMS = """[[claim]]
id = "half-is-less"
statement = "A half is less than a whole."
sources = ["han2015deep"]
evidence = "measure"
figure = "a half is {a half}"
limits = "Nothing else."
reviewed = 2026-11-29
"""
DECK = """# A lesson of two cells

Notes:
**1 minute.** Hello.
---
## Measured

{{ measure: a half is ([0-9.]+) }}

Notes:
**1 minute.** Done.
"""
CALLED = """
import json, sys
from pathlib import Path
from pruning_lab.lesson.frame import claims, doctor, refresh, slides
from pruning_lab.lesson.frame.lessons import lesson, lessons
from pruning_lab.places import ROOT
from pruning_lab.lesson.frame.slides.outputs import Outputs
sys.path.insert(0, str(ROOT / "site"))
new = lessons()[-1]
ran = []
refresh.refresh = ran.append
refresh.main([])
page = slides.deck_html(new.deck, Outputs(new.notebook))
import conf
print(json.dumps({
    "lessons": new.stem,
    "room": new.module().ANSWER,
    "claims": claims.load_claims(new.number)[0]["id"],
    "heading of its evidence": claims.heading_above(new.number, "measure"),
    "doctor": doctor.parts_of_lessons().found,
    "doctor's advice": doctor.parts_of_lessons().advice,
    "make notebooks": [path.name for path in ran],
    "deck": "0.5" in page,
    "site's pages": [name for name in conf.include_patterns if new.stem in name],
    "site's claims": "A half is less than a whole." in conf.claims(),
    "site's decks": new.stem in conf.decks(),
    "site's reference": f"lesson.{new.room.name}" in conf.api(),
}))
"""


def run(folder, *arguments):
    """Run Python in the copy, and return what it printed."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "PYTEST_ADDOPTS": ""}
    ran = subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True)
    return ran.stdout + ran.stderr


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A copy of the course with a lesson of two cells more."""
    folder = tmp_path_factory.mktemp("course")
    for name in COPIED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    cells = [nbformat.v4.new_markdown_cell("# Two cells"), nbformat.v4.new_code_cell("print('a half is', 0.5)")]
    cells[1].id, cells[1].outputs = "measure", [nbformat.v4.new_output("stream", text="a half is 0.5\n")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "notebooks" / f"{STEM}.ipynb")
    room = folder / "pruning_lab" / "lesson" / "two_cells"
    room.mkdir()
    (room / "__init__.py").write_text('"""Two cells."""\n\nANSWER = 0.5\n')
    (room / "claims.toml").write_text(CLAIMS)
    (folder / "notebooks" / "slides" / f"{STEM}.md").write_text(DECK)
    return folder


def test_everything_that_lists_lessons_finds_it(course):
    found = json.loads(run(course, "-c", CALLED).splitlines()[-1])
    notebooks = [*(lesson.notebook.name for lesson in lessons()), f"{STEM}.ipynb", "explorers.ipynb"]
    assert found == {
        "lessons": STEM,
        "room": 0.5,
        "claims": "half-is-less",
        "heading of its evidence": "Two cells",
        "doctor": f"{len(lessons()) + 1}, {lessons()[0].number} to {NUMBER}",
        "doctor's advice": "",
        "make notebooks": notebooks,
        "deck": True,
        "site's pages": [f"notebooks/{STEM}.ipynb"],
        "site's claims": True,
        "site's decks": True,
        "site's reference": True,
    }


def test_the_checks_of_every_lesson_are_those_of_this_one_too(course):
    checks = ["checklist", "claims", "locks", "slides"]
    listed = run(
        course, "-m", "pytest", "--collect-only", "-q", *(f"tests/lesson/frame/test_{name}.py" for name in checks)
    )
    assert [name for name in checks if not any(STEM in line for line in listed.splitlines() if name in line)] == []


def test_the_readme_must_have_its_row(course):
    readme, check = course / "README.md", ("-m", "pytest", "-q", "tests/test_readme.py", "-k", "row")
    assert "1 failed" in run(course, *check)
    text = readme.read_text(encoding="utf-8")
    last = next(line for line in text.splitlines() if line.startswith(f"| {lessons()[-1].number} |"))
    row = f"| {NUMBER} | [Two cells](notebooks/{STEM}.ipynb) | what a half is | ready |"
    readme.write_text(text.replace(last, f"{last}\n{row}"), encoding="utf-8")
    assert "1 passed" in run(course, *check)
