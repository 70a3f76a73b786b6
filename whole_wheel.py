"""Build the package with the whole course inside: pip calls the functions below, which pyproject.toml names.

In the clone, notebooks and decks stand beside the package, where people find them. A wheel holds nothing but the
package, so they are laid into it, in the folder `pruning_lab/course`, where `pruning_lab.places` looks for them:

    notebooks/         the lessons, without outputs: those of another machine give the answers away
    notebooks/slides/  the decks' sources
    homework/          each assignment as students get it: no solution, no hidden test
    constraints.txt    the versions that the course is tested with

An editable install is left to flit: there the clone itself is what is imported.
"""

import os
import shutil
import tempfile
from contextlib import chdir
from pathlib import Path

from flit_core import buildapi

from pruning_lab.command.copies import without_outputs

build_editable, build_sdist = buildapi.build_editable, buildapi.build_sdist  # as flit does it
HERE = Path(__file__).parent
TAKEN = ("pyproject.toml", "README.md", "LICENSE")


def get_requires_for_build_wheel(config_settings=None):
    """Return what a build needs beside flit: otter-grader, which makes homework for students from its sources."""
    lines = (HERE / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("otter-grader==")]


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    """Build the wheel from a copy of the package that has the course inside; return its file's name."""
    wheel_directory = Path(wheel_directory).resolve()
    with tempfile.TemporaryDirectory() as folder:
        stage(Path(folder))
        with chdir(folder):
            return buildapi.build_wheel(wheel_directory)


def stage(folder):
    """Copy the package into `folder`, and the course into the package."""
    for name in TAKEN:
        shutil.copy(HERE / name, folder)
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
    course = shutil.copytree(HERE / "pruning_lab", folder / "pruning_lab", ignore=ignored) / "course"
    shutil.copytree(HERE / "notebooks" / "slides", course / "notebooks" / "slides")
    for path in (HERE / "notebooks").glob("*.ipynb"):
        (course / "notebooks" / path.name).write_bytes(without_outputs(path.read_text(encoding="utf-8")))
    for path in (HERE / "notebooks" / "homework").glob("hw*.ipynb"):
        release(path, course / "homework" / path.stem)
    shutil.copy(HERE / "constraints.txt", course)


def release(source, folder):
    """Make what students get of one assignment."""
    from otter.assign import main as assign

    with tempfile.TemporaryDirectory() as made:
        copy = shutil.copy(source, made)  # otter takes files relative to the source
        assign(os.fspath(copy), made, no_pdfs=True, no_run_tests=True)
        shutil.copytree(Path(made) / "student", folder / "student")
