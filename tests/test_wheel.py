"""The package that pip builds has the whole course inside: it runs where there is no clone, no home and no make."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import nbformat
import pytest
from homework_tests import solution_of

from pruning_lab.lesson.frame.lessons import lessons
from pruning_lab.places import ROOT

LARGEST = 12_000_000  # bytes of the wheel
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
TIME = 600  # seconds; a lesson takes less than two minutes where nothing else runs


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from a copy of what git knows, so that nothing comes from what happens to lie about."""
    folder = tmp_path_factory.mktemp("wheel")
    listed = subprocess.run(["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / "clone" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / "clone" / name)
    build = [*PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, folder / "clone"]
    subprocess.run(build, check=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A function that runs a command where only the wheel is installed, in an empty home, with the packages of here."""
    folder = tmp_path_factory.mktemp("elsewhere")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    python = folder / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    found = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], capture_output=True, text=True
    )
    # A line of a .pth file adds a folder and follows no .pth file in there: the clone that is installed here stays out.
    (Path(found.stdout.strip()) / "packages.pth").write_text(sysconfig.get_path("purelib"))
    subprocess.run([*PIP, "--python", python, "install", "--no-deps", "--no-index", wheel], check=True)
    home = folder / "home"
    home.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PRUNING_LAB", "PYTHON"))}
    environment = {**kept, "HOME": str(home), "USERPROFILE": str(home), "TQDM_DISABLE": "1"}

    def run(*arguments):
        command = [python, *arguments]
        return subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, timeout=TIME)

    run.home = home
    return run


def test_it_holds_the_course_and_is_small(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    parts = [
        f"pruning_lab/{part}" for part in ("data/fashion_mnist.npz", "lesson/references.bib", "course/constraints.txt")
    ]
    for lesson in lessons():
        parts += [
            f"pruning_lab/course/notebooks/{lesson.stem}.ipynb",
            f"pruning_lab/course/notebooks/slides/{lesson.stem}.md",
        ]
        parts += [f"pruning_lab/lesson/{lesson.room.name}/claims.toml"]
    for source in (ROOT / "notebooks" / "homework").glob("hw*.ipynb"):
        parts += [f"pruning_lab/course/homework/{source.stem}/student/{source.name}"]
    assert [part for part in parts if part not in names] == []
    assert [name for name in names if name.startswith(("tests", "benchmarks")) or "__pycache__" in name] == []
    assert wheel.stat().st_size < LARGEST


def test_it_holds_no_solution_and_no_hidden_test(wheel):
    files = zipfile.ZipFile(wheel)
    sources = {
        path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "notebooks" / "homework").glob("hw*.ipynb")
    }
    for name, source in sources.items():
        released = files.read(f"pruning_lab/course/homework/{name}/student/{name}.ipynb").decode()
        hidden = re.findall(r"hidden: true.*?def (test_\w+)", source, re.DOTALL)
        assert hidden
        assert [test for test in (*hidden, "SOLUTION") if test in released] == []


def test_a_wheel_from_the_source_archive_is_the_same(wheel, tmp_path):
    code = "import sys, whole_wheel; print(whole_wheel.build_sdist(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", code, tmp_path], cwd=wheel.parent / "clone", check=True)
    build = [
        *PIP,
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        tmp_path,
        next(tmp_path.glob("*.tar.gz")),
    ]
    subprocess.run(build, check=True)
    names = [set(zipfile.ZipFile(each).namelist()) for each in (wheel, next(tmp_path.glob("*.whl")))]
    assert names[0] == names[1]


@pytest.mark.parametrize("number", ["01", "03"])
def test_a_lesson_runs_where_only_the_wheel_is_installed(installed, number):
    assert installed("-m", "pruning_lab", "notebooks", "x").stdout == "The lessons are in x.\n"
    stem = next(lesson.stem for lesson in lessons() if lesson.number == number)
    ran = installed("-m", "nbconvert", "--to", "notebook", "--execute", "--inplace", f"x/{stem}.ipynb")
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert '"output_type": "display_data"' in (installed.home / "x" / f"{stem}.ipynb").read_text(encoding="utf-8")


def test_homework_checks_answers_where_only_the_wheel_is_installed(installed):
    installed("-m", "pruning_lab", "notebooks", "y")
    path = installed.home / "y" / "homework" / "hw1-masks.ipynb"
    notebook = nbformat.read(path, as_version=4)
    (answer,) = (cell for cell in notebook.cells if "def my_mask(" in cell.source)
    answer.source = solution_of("hw1-masks", source_of="my_mask")
    nbformat.write(notebook, path)
    ran = installed("-m", "nbconvert", "--to", "notebook", "--execute", "--inplace", str(path))
    assert ran.returncode == 0, ran.stderr[-2000:]
    said = path.read_text(encoding="utf-8")
    assert "<strong><pre style='display: inline;'>q1</pre></strong> passed!" in said
    assert "my_n_of_m returns nothing yet: replace the ..." in said


def test_it_is_not_the_clone_that_runs(installed):
    where = installed("-c", "import pruning_lab.places as p; print(p.CLONE, p.ROOT)").stdout
    assert where.startswith("None ")
    assert str(ROOT) not in where


def test_homework_is_graded_in_a_clone_alone(installed):
    ran = installed("-m", "pruning_lab.homework", "grade", "hw1-masks")
    assert (ran.returncode, ran.stderr.count("\n")) == (2, 1)
    assert "in a clone of the course" in ran.stderr
