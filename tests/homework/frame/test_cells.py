"""What works in Jupyter works while it is graded."""

import os
import subprocess
import sys
import types

import pytest

from pruning_lab.homework.frame.sandbox.inside import cells

MASK = "def my_mask():\n    return 1"


@pytest.fixture
def shell(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setattr("builtins.input", input)  # put back what the shell replaces
    monkeypatch.syspath_prepend(str(tmp_path))
    opened = cells.open_shell(types.ModuleType("__main__"))
    yield opened
    opened.restore_sys_module_state()
    opened.builtin_trap.deactivate()


HONEST = {
    "timed": f"%%time\n{MASK}",
    "captured": f"%%capture\n{MASK}\nprint(3)",
    "captured under a name": f"%%capture out\n{MASK}",
    "profiled": f"%%prun -q\n{MASK}",
    "installed before": f"!pip install numpy\n%pip install numpy\n{MASK}",
    "inline figures": f"%matplotlib inline\n{MASK}",
    "an extension": f"%load_ext autoreload\n%autoreload 2\n{MASK}",
    "a magic of an extension": f"%load_ext lab_black\n%nb_black\n{MASK}",
    "a cell's magic of an extension": f"%%measure_my_cell -n 3\n{MASK}",
    "a shell's output": f"files = !ls -la\nfor name in files: print(name)\n{MASK}",
    "displayed": f"display('x')\n{MASK}\ndisplay(my_mask())",
    "asked": f"name = input('your name? ')\n{MASK}",
    "awaited": f"import asyncio\nawait asyncio.sleep(0)\n{MASK}",
    "timed again and again": f"{MASK}\n%timeit my_mask()",
    "help": f"{MASK}\nmy_mask?",
    "plotted": f"import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\n{MASK}",
    "a bar of tqdm": f"from tqdm.notebook import tqdm\n{MASK}\n",
    "from the future": f"from __future__ import annotations\n{MASK}",
    "a value at the end": f"{MASK}\nmy_mask()",
    "a comment before the magic": f"# my answer\n%time\n{MASK}",
    "tabs and Windows": MASK.replace("    ", "\t").replace("\n", "\r\n"),
}


@pytest.mark.parametrize("kind", HONEST)
def test_a_cell_keeps_what_it_defines(shell, kind):
    assert cells.run_all(shell, [HONEST[kind]]) == []
    assert shell.user_ns["my_mask"]() == 1


@pytest.mark.parametrize("magic", ["%%timeit", "%%bash", "%%html", "%%javascript", "%%script false", "%%latex"])
def test_a_cell_of_another_language_defines_nothing_and_stops_nothing(shell, magic):
    assert cells.run_all(shell, [f"{magic}\nx = 1", MASK]) == []
    assert "x" not in shell.user_ns


def test_a_line_that_is_timed_defines_its_name(shell):
    assert cells.run_all(shell, ["%time x = 6 * 7", "%%time\ny = x + 1"]) == []
    assert (shell.user_ns["x"], shell.user_ns["y"]) == (42, 43)


def test_a_module_that_a_cell_writes_can_be_imported(shell):
    assert cells.run_all(shell, [f"%%writefile mask_of_mine.py\n{MASK}", "from mask_of_mine import my_mask"]) == []
    assert shell.user_ns["my_mask"]() == 1


def test_cells_in_another_order_find_their_names(shell):
    assert cells.run_all(shell, ["shares = np.arange(3) * SCALE", "SCALE = 2", "import numpy as np"]) == []
    assert shell.user_ns["shares"].tolist() == [0, 2, 4]


@pytest.mark.filterwarnings("ignore:To exit")
def test_one_cell_that_fails_costs_no_other(shell):
    failed = cells.run_all(
        shell, ["1 / 0", "def f(:", "raise SystemExit(3)", "raise KeyboardInterrupt", "q", "a = '\0'", MASK]
    )
    assert [(number, type(error).__name__) for number, error in failed] == [
        (1, "ZeroDivisionError"),
        (2, "SyntaxError"),
        (3, "SystemExit"),
        (4, "KeyboardInterrupt"),
        (5, "NameError"),
        (6, "SyntaxError"),
    ]
    assert shell.user_ns["my_mask"]() == 1


@pytest.mark.parametrize(
    "imports",
    [
        "import no_such_package as nsp",
        "import math, no_such_package.deep as nsp",
        "from google.no_such_package import (\n    drive,\n    auth,\n)",
        "from no_such_package import *\nimport no_such_package, no_such_package_either",
    ],
)
def test_a_package_that_is_not_there_costs_what_uses_it_and_no_more(shell, imports):
    ((number, error),) = cells.run_all(shell, [f"{imports}\nimport statistics\n!ls\n{MASK}\nmean = statistics.mean"])
    assert number == 1
    assert isinstance(error, ModuleNotFoundError)
    assert (shell.user_ns["my_mask"](), shell.user_ns["mean"]([2, 4])) == (1, 3)


def test_what_stops_for_want_of_a_package_is_told_the_package(shell):
    stopped = [
        "from no_such_package import (\n    one,\n    two as three,\n)\nx = 1\ny = three",
        "z = x\nw = no_such_name",
    ]
    stopped += ["import no_such_package\nz = 1 / 0", "import no_such_package\nz = one"]
    errors = dict(cells.run_all(shell, stopped))
    kinds = [type(errors[number]).__name__ for number in (1, 2, 3, 4)]
    assert kinds == ["ModuleNotFoundError", "NameError", "ZeroDivisionError", "NameError"]
    assert (shell.user_ns["x"], shell.user_ns["z"]) == (1, 1)


def test_a_second_choice_is_taken_where_the_first_is_not_there(shell):
    source = "try:\n    import no_such_package as np\nexcept ImportError:\n    import numpy as np\nx = np.ones(2)"
    assert cells.run_all(shell, [source]) == []
    assert shell.user_ns["x"].sum() == 2


def test_nothing_of_this_package_is_imported():
    code = "import sys, cells; print([name for name in sys.modules if 'pruning' in name])"
    environment = {**os.environ, "PYTHONPATH": os.path.dirname(cells.__file__)}
    told = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert told.stdout.strip().endswith("[]")
