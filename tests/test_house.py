"""The frame around the course: pinned versions agree, code and notebooks are in one style, the two commands exist."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import nbformat
import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]


def pins(lines):
    """{package: version} of the lines `package==version ; marker`, names in lower case with dashes."""
    found = [match for line in lines if (match := re.match(r"([\w.-]+)==([\w.]+)", line))]
    # Where a package has two versions, the first is that of the Python that environment.yml names.
    return {match[1].lower().replace("_", "-"): match[2] for match in reversed(found)}


CONSTRAINTS = pins((ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines())
ENVIRONMENT = pins(yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"][-1]["pip"])


def test_environment_and_constraints_name_the_same_versions():
    assert {name: CONSTRAINTS.get(name) for name in ENVIRONMENT} == ENVIRONMENT


def test_environment_holds_every_package_of_the_course():
    extras = PROJECT["optional-dependencies"]
    groups = (*extras.values(), *PYPROJECT["dependency-groups"].values())
    core = (re.match(r"[\w-]+", package)[0] for package in PROJECT["dependencies"])  # without the range it takes
    declared = {*core, *(package for group in groups for package in group)}
    others = sorted(extras.keys() - {"test"})
    assert declared - set(ENVIRONMENT) == {f"pruning-lab[{','.join(others)}]"}  # the checks need all of them
    assert set(ENVIRONMENT) <= declared


@pytest.mark.parametrize(
    "path", sorted((ROOT / "notebooks" / "homework").glob("hw*.ipynb")), ids=lambda path: path.stem
)
def test_homework_names_the_version_of_otter_that_made_it(path):
    text = path.read_text(encoding="utf-8")
    assert f"%pip install otter-grader=={CONSTRAINTS['otter-grader']}`" in text
    hosted = (ROOT / "site" / "elsewhere.md").read_text(encoding="utf-8")
    on_colab = re.search(r"^%pip install --no-deps otter-grader.*$", hosted, re.MULTILINE)[0]
    assert f"On Colab, `{on_colab}`" in text


def test_every_declared_package_is_pinned():
    assert [name for name in ENVIRONMENT if name not in CONSTRAINTS] == []


@pytest.mark.parametrize("file", ["environment.yml", "pyproject.toml"])
def test_every_package_has_a_reason_beside_it(file):
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    listed = [line for line in lines if re.match(r'\s*(- [a-z][\w-]*==|"[a-z][\w-]*(>=[\d.]+)?",)', line)]
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


def imported(folders):
    """Return {name: the files that import it} of all packages that are neither Python's own nor this repository's."""
    own = {
        *sys.stdlib_module_names,
        *(path.stem for path in ROOT.glob("tests/*.py")),
        *(path.name for path in ROOT.iterdir()),
    }
    own |= {path.name for path in ROOT.glob("tests/*")}
    found = {}
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
            for name in {name.partition(".")[0] for name in names} - own:
                found.setdefault(name, []).append(path.relative_to(ROOT).as_posix())
    return found


def test_every_import_is_declared():
    distributions = packages_distributions()
    declared = {name.partition("==")[0].lower() for name in ENVIRONMENT}
    undeclared = {
        name: paths
        for name, paths in imported(["pruning_lab", "benchmarks", "knockouts", "tests", "site"]).items()
        if not {found.lower().replace("_", "-") for found in distributions.get(name, [])} & declared
    }
    assert undeclared == {}


def test_prose_of_markdown_cells_wraps_at_120():
    """Tables, headings, formulas and code are one line each; prose is not."""
    long = {}
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            prose = re.sub(r"```.*?```|\$\$.*?\$\$", "", cell.source, flags=re.DOTALL)
            lines = [line for line in prose.splitlines() if len(line) > 120 and not line.startswith(("|", "#"))]
            if cell.cell_type == "markdown" and lines:
                long[f"{path.name} {cell.id}"] = lines
    assert long == {}


# What Colab has of what the course needs (googlecolab/backend-info, 19 August 2026). A range that leaves one
# of these out would replace it there; with another IPython or ipywidgets, the notebook's own kernel breaks.
COLAB = {
    **{"anywidget": "0.9.21", "filelock": "3.32.3", "ipython": "7.34.0", "ipywidgets": "7.7.1", "llvmlite": "0.44.0"},
    **{"matplotlib": "3.10.0", "numba": "0.61.2", "numpy": "2.1.3", "packaging": "26.3", "pillow": "11.3.0"},
    **{"platformdirs": "4.11.3", "safetensors": "0.8.0", "scipy": "1.16.3", "threadpoolctl": "3.6.0"},
    **{"torch": "2.11.0", "tqdm": "4.67.3", "traitlets": "5.7.1", "scikit-image": "0.25.2", "scikit-learn": "1.6.1"},
}
BROUGHT = {"pybtex"}  # what no hosted notebook has, and what replaces nothing there


def test_a_lesson_takes_what_a_hosted_notebook_has():
    core = [Requirement(package) for package in PROJECT["dependencies"]]
    assert [need.name for need in core if need.name not in COLAB] == sorted(BROUGHT)
    extras = [
        Requirement(package) for name in ("engines", "models") for package in PROJECT["optional-dependencies"][name]
    ]
    assert [str(need) for need in (*core, *extras) if not need.specifier.contains(COLAB.get(need.name, "99"))] == []


def test_no_range_leaves_out_what_is_tested():
    core = [Requirement(package) for package in PROJECT["dependencies"]]
    assert [str(need) for need in core if not need.specifier.contains(CONSTRAINTS[need.name])] == []
