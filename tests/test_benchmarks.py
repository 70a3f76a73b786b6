"""What the benchmarks print, and that they start where only the package itself is installed."""

import ast
import copy
import importlib.util
import json
import re
import sys
import tomllib
from pathlib import Path

import pytest
import torch

from benchmarks import __main__, channel_rival, channels, formats, hub, widgets
from benchmarks.table import Line, Skipped, table
from pruning_lab import measure
from pruning_lab.lesson.frame.lessons import lessons

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


def test_without_its_rival_the_channels_say_so(monkeypatch, capsys):
    monkeypatch.setattr(channel_rival, "find_spec", lambda name: None)
    assert channel_rival.lines() == []
    assert "it needs torch-pruning (pip install --no-deps torch-pruning)" in capsys.readouterr().out


def test_a_rival_s_cut_is_right_only_if_it_computes_what_its_mask_does():
    model, x = torch.nn.Linear(2, 3), torch.ones(1, 2)
    assert channel_rival._is_right(lambda: (model, copy.deepcopy(model)), x)
    assert not channel_rival._is_right(lambda: (model, torch.nn.Linear(2, 3)), x)
    assert not channel_rival._is_right(lambda: (torch.nn.Linear(5, 3), model), x)


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


FEW = {"peak_mb": 1, "cpu_s": 2.0, "seconds": 3.0}


@pytest.fixture
def measured_before(tmp_path, monkeypatch):
    """A file in which two lessons stand, one of them gone since; measuring takes no time, and knows one number."""
    path = tmp_path / "hub.json"
    path.write_text(json.dumps({"alone": {"01-why-prune": {"peak_mb": 9}, "00-gone": FEW}, "explorers": 5}))
    for name in ("PRUNING_LAB_UNATTENDED", "TQDM_DISABLE"):
        monkeypatch.setenv(name, "1")  # the hub sets them, and here they must not stay
    monkeypatch.setattr(hub, "RESULTS", path)
    monkeypatch.setattr(hub, "measured", lambda notebook: FEW)
    monkeypatch.setattr(hub, "at_once", lambda peak_mb: {"of": peak_mb})
    monkeypatch.setattr(hub, "grading", lambda: 0.5)
    return path


def test_a_hub_s_lessons_are_measured_by_name_and_the_others_stay(measured_before):
    hub.main(["03", "at_once"])
    found = json.loads(measured_before.read_text())
    assert list(found["alone"]) == ["01-why-prune", "03-sparse-storage"]
    assert (found["alone"]["03-sparse-storage"], found["explorers"], found["at_once"]) == (FEW, 5, {"of": 9})
    hub.main()
    found = json.loads(measured_before.read_text())
    assert found["alone"] == {each.stem: FEW for each in lessons()}
    assert (found["explorers"], found["at_once"], found["grading_s"]) == (FEW, {"of": 1}, 0.5)


def test_what_a_hub_s_lesson_took_is_kept_when_the_next_one_fails(measured_before, monkeypatch):
    def measured(notebook):
        if notebook.stem.startswith("03"):
            raise MemoryError
        return FEW

    monkeypatch.setattr(hub, "measured", measured)
    with pytest.raises(MemoryError):
        hub.main(["02", "03"])
    assert json.loads(measured_before.read_text())["alone"]["02-magnitude-pruning"] == FEW


def test_an_unknown_part_of_the_hub_is_named():
    with pytest.raises(SystemExit, match=r"There is no part '11'; choose from 01, 02, .*, explorers, "):
        hub.main(["11"])
