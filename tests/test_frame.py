"""The frame around the course: pinned versions agree, code and notebooks are in one style, the two commands exist."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def pins(lines):
    """{package: version} of the lines `package==version ; marker`, names in lower case with dashes."""
    found = (re.match(r"([\w.-]+)==([\w.]+)", line) for line in lines)
    return {match[1].lower().replace("_", "-"): match[2] for match in found if match}


CONSTRAINTS = pins((ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines())
ENVIRONMENT = pins(yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"][-1]["pip"])


def test_environment_and_constraints_name_the_same_versions():
    assert {name: CONSTRAINTS.get(name) for name in ENVIRONMENT} == ENVIRONMENT


def test_environment_holds_every_package_of_the_course():
    extras = PROJECT["optional-dependencies"]
    declared = {*PROJECT["dependencies"], *(package for extra in extras.values() for package in extra)}
    others = sorted(extras.keys() - {"test"})
    assert declared - set(ENVIRONMENT) == {f"pruning-lab[{','.join(others)}]"}  # the checks need all of them
    assert set(ENVIRONMENT) <= declared


@pytest.mark.parametrize(
    "path", sorted((ROOT / "notebooks" / "homework").glob("hw*.ipynb")), ids=lambda path: path.stem
)
def test_homework_names_the_version_of_otter_that_made_it(path):
    assert f"%pip install otter-grader=={CONSTRAINTS['otter-grader']}`" in path.read_text(encoding="utf-8")


def test_every_declared_package_is_pinned():
    assert [name for name in ENVIRONMENT if name not in CONSTRAINTS] == []


@pytest.mark.parametrize("file", ["environment.yml", "pyproject.toml"])
def test_every_package_has_a_reason_beside_it(file):
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    listed = [line for line in lines if re.match(r'\s*(- [a-z][\w-]*==|"[a-z][\w-]*",)', line)]
    assert {re.search(r"[a-z][\w-]*", line)[0] for line in listed} == set(ENVIRONMENT)
    assert [line for line in listed if not re.search(r"# \w+", line)] == []


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=["check", "format"])
def test_ruff_finds_nothing_in_code_and_notebooks(command):
    found = subprocess.run([sys.executable, "-m", "ruff", *command, "."], cwd=ROOT, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize("command", ["make lab", "make test"])
def test_the_readme_names_the_two_commands(command):
    assert re.search(rf"^{command}$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)


def test_ci_calls_the_command_of_the_readme():
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()[-1] == "make test"
