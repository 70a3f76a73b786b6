"""What the benchmarks print, and that they start where only the package itself is installed."""

import ast
import importlib.util
import re
import sys
import tomllib
from pathlib import Path

import pytest

from benchmarks import __main__, channels, formats, widgets
from benchmarks.table import Line, Skipped, table
from pruning_lab import measure

ROOT = Path(__file__).parents[1]


def test_a_line_holds_its_ratio_against_its_goal():
    row = measure.Row("csr", 1.0, 1.0, 1.0, ratio=2.0, ratio_q1=1.5, ratio_q3=2.5)
    lines = [Line.of("met", row, goal=2.0), Line.of("missed", row, goal=2.5, note="cold"), Line.of("no goal", row)]
    assert table(lines).splitlines() == [
        "what     ratio  quartiles     goal                  note",
        "met      2.00   1.50 to 2.50  2     met",
        "missed   2.00   1.50 to 2.50  2.5   misses by 20 %  cold",
        "no goal  2.00   1.50 to 2.50",
    ]


def test_what_cannot_run_is_skipped_in_one_line_and_the_rest_runs(monkeypatch, capsys):
    monkeypatch.setattr(widgets, "find_spec", lambda name: None)
    monkeypatch.setattr(formats, "rows", lambda: [Line("ran", 1.0, 1.0, 1.0)])
    for name in __main__.SLOWING:
        monkeypatch.delenv(name, raising=False)
    __main__.main(["widgets", "formats"])
    printed = capsys.readouterr().out.splitlines()
    missing = "Playwright (pip install -c constraints.txt playwright) and Chromium"
    assert f"benchmarks.widgets is skipped: it needs {missing}" in printed
    assert printed[-1].split() == ["ran", "1.00", "1.00", "to", "1.00"]


def test_without_a_browser_the_widgets_are_skipped(monkeypatch):
    from tests.browser import lab

    monkeypatch.setattr(lab, "CHROMIUM", None)
    with pytest.raises(Skipped, match="it needs Chromium; no browser found"):
        widgets.rows()


def test_without_torchvision_the_channels_are_skipped(monkeypatch):
    monkeypatch.setattr(channels, "find_spec", lambda name: None)
    with pytest.raises(Skipped, match="it needs torchvision"):
        channels.rows()


def test_an_unknown_benchmark_is_named():
    with pytest.raises(SystemExit, match="There is no benchmark 'kernel'; choose from kernels, formats"):
        __main__.main(["kernel"])


def imported(tree):
    """Yield the packages that a module imports as soon as it is imported itself."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module.split(".")[0]


@pytest.mark.parametrize("name", ["__main__", "table", *__main__.MODULES])
def test_a_benchmark_imports_what_the_package_itself_depends_on(name):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    plain = {re.split(r"[^\w-]", dependency)[0] for dependency in project["dependencies"]}
    source = (ROOT / "benchmarks" / f"{name}.py").read_text(encoding="utf-8")
    others = set(imported(ast.parse(source))) - sys.stdlib_module_names - {"benchmarks", "pruning_lab"}
    assert others <= plain
    assert all(importlib.util.find_spec(other) for other in others)
