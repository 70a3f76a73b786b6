"""The type hints of the helper package are there, and they are true."""

import inspect
import subprocess
import sys
import typing
from importlib import import_module

import pytest

from pruning_lab.places import ROOT

GROUND = ("checks", "files", "modes", "progress", "radix_select", "tables")
CORE = (
    "scores",
    "masks",
    "schedules",
    "sparse",
    "kernels",
    "compress",
    "layers",
    "prune",
    "channels",
    "reconstruct",
    "train",
    "sweep",
    "audit",
)
MODULES = (*GROUND, *CORE, "models", "data", "measure", "plots")


def unhinted(module):
    """Return the public functions and methods of a module that leave an argument or their result without a type."""
    found = []
    for name, thing in vars(module).items():
        if name.startswith("_") or getattr(thing, "__module__", "").partition(".")[0] != "pruning_lab":
            continue
        methods = vars(thing).items() if inspect.isclass(thing) else [("", thing)]
        for method, function in methods:
            function = getattr(function, "__func__", function)  # a class method or a static one
            if method.startswith("_") or not inspect.isfunction(function):
                continue
            arguments = list(inspect.signature(function).parameters)
            arguments = arguments[bool(method) and arguments[:1] in (["self"], ["cls"]) :]
            hints = typing.get_type_hints(function)
            found += [f"{name}.{method}: {part}" for part in (*arguments, "return") if part not in hints]
    return found


@pytest.mark.parametrize("name", MODULES)
def test_every_public_function_has_hints(name):
    assert unhinted(import_module(f"pruning_lab.{name}")) == []


def test_a_function_without_them_is_found():
    module = type(sys)("pruning_lab.made_up")
    exec("def half(number: float): return number / 2", vars(module))
    module.half.__module__ = "pruning_lab.made_up"
    assert unhinted(module) == ["half.: return"]


def test_the_type_checker_finds_nothing():
    checked = [str(ROOT / "pruning_lab" / name) for name in MODULES]
    checked = [path if (ROOT / path).is_dir() else f"{path}.py" for path in checked]
    options = ["--ignore-missing-imports", "--follow-imports=silent"]
    found = subprocess.run([sys.executable, "-m", "mypy", *options, *checked], capture_output=True, text=True, cwd=ROOT)
    assert found.returncode == 0, found.stdout + found.stderr
