"""The README says what is true: a row for each lesson, and how long the core of the package is."""

import re

import pytest

from pruning_lab.lesson.frame.lessons import lessons
from pruning_lab.places import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
CORE = ("weights", "scores", "masks", "schedules", "sparse", "kernels", "layers", "prune", "train")


def test_every_lesson_has_a_row():
    linked = re.findall(r"^\| (\d\d) \| \[.+?\]\(notebooks/(.+?)\.ipynb\) \|", README, re.MULTILINE)
    assert linked == [(lesson.number, lesson.stem) for lesson in lessons()]


def test_every_check_that_the_statement_names_is_there():
    text = (ROOT / "site" / "accessibility.md").read_text(encoding="utf-8")
    named = re.findall(r"`(test_\w+|\w+_tests|bad_input)`", text)
    assert len(named) > 10
    assert [name for name in named if not [*(ROOT / "tests").rglob(f"{name}.py")]] == []


def test_the_lessons_that_need_minilm_are_named():
    opening = [lesson.number for lesson in lessons() if "minilm()" in lesson.notebook.read_text(encoding="utf-8")]
    assert f"lessons {' and '.join(opening)} prune" in (ROOT / "site" / "elsewhere.md").read_text(encoding="utf-8")


def test_a_hosted_notebook_keeps_the_versions_that_it_has():
    """A package that pip brings may ask for a newer one of what other packages there need, as ONNX does of protobuf."""
    text = (ROOT / "site" / "elsewhere.md").read_text(encoding="utf-8")
    colab = re.search(r"^## Google Colab\n(.*?)^## ", text, re.DOTALL | re.MULTILINE)[1]
    cells = re.findall(r"^```\n(.*?)^```$", colab, re.DOTALL | re.MULTILINE)
    first, *installs = [line for cell in cells for line in cell.splitlines()]
    assert first == "!pip freeze | grep == > here.txt"
    assert len(installs) == 3
    assert [line for line in installs if "--constraint here.txt" not in line and "--no-deps" not in line] == []
    checks = re.search(r"^otter-grader==.*$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)[0]
    assert f"--no-deps {checks} " in installs[-1]


@pytest.mark.parametrize("page", ["README.md", "site/elsewhere.md"])
def test_every_file_that_a_page_names_is_there(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    named = re.findall(r"`((?:tests|notebooks|site|pruning_lab)/[\w./-]+|[.\w]+/?[\w-]+\.(?:py|json|yml))`", text)
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_core_is_as_long_as_it_says():
    package = ROOT / "pruning_lab"
    files = [path for name in CORE for path in (*package.glob(f"{name}.py"), *package.glob(f"{name}/*.py"))]
    lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files)
    said = int(re.search(r"can be read in an evening or two, ([\d,]+) lines", README)[1].replace(",", ""))
    assert abs(lines - said) < 100, lines


def test_every_module_it_names_is_there():
    core = README.partition("Its core can be read")[2].partition("`pruning_lab/lesson/`")[0]
    named = re.findall(r"`(\w+)/?`", core)
    assert set(CORE) < set(named)
    assert [name for name in named if not [*(ROOT / "pruning_lab").glob(f"{name}*")]] == []
