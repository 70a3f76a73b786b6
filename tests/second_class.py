"""A second class, made to be different from the first: `python tests/second_class.py` prints how each of it fares.

It is graded as who runs this, and as an ordinary user; a word that is given picks the kinds that have it in their name.

`HONEST` is work that is right and looks unusual; `TRICKS` tries for points that were not earned, or for others' harm.
Each row is (edit of the solved notebook, or {file: content}; score; phrase in the feedback).
"""

import io
import json
import sys
import tarfile
import tempfile
import zipfile
from copy import deepcopy
from pathlib import Path

import hostile_class
import nbformat
from hostile_class import add, both, cell_of, replace

from pruning_lab.homework.frame import release
from pruning_lab.homework.frame.questions import BEGIN

NAME = hostile_class.NAME
LARGEST_LEDGER = 2_000_000  # bytes: nobody's answer is kept in it as a book
RIGHT, PASSED = 20, "All passed."
MASK = """def my_mask(scores, sparsity):
    keep = np.ones(scores.size, dtype=bool)
    keep[np.argsort(scores.ravel(), kind="stable")[: round(sparsity * scores.size)]] = False
    return keep.reshape(scores.shape)"""
STEP = """    velocity = momentum * velocity + grad + decay * weight
    weight = weight - learning_rate * velocity"""
STEP_HEAD = "def my_step(weight, velocity, grad, mask, learning_rate, momentum, decay):\n"


def first(source):
    """Return an edit that puts a code cell at the beginning of the notebook."""
    return lambda notebook: notebook.cells.insert(0, nbformat.v4.new_code_cell(source))


def imports(source):
    """Return an edit that puts other code in place of `import numpy as np`."""

    def edit(notebook):
        for cell in notebook.cells:
            if cell.cell_type == "code" and cell.source.strip() == "import numpy as np":
                cell.source = source
                return
        raise AssertionError("no such cell")

    return edit


def metadata(**given):
    return lambda notebook: notebook.metadata.update(given)


def every_cell(**given):
    return lambda notebook: [cell.metadata.update(given) for cell in notebook.cells]


def sources(change):
    """Return an edit of the source of each code cell."""

    def edit(notebook):
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.source = change(cell.source)

    return edit


def text(change):
    """Return a submission of one notebook whose bytes are changed: a function of the solved one as text."""
    return lambda solved: {f"{NAME}.ipynb": change(json.dumps(solved, ensure_ascii=False))}


def packed(*names):
    """Return a function of the solved notebook: a zip in a zip in a zip, the outermost first."""

    def files(solved):
        content, inner = json.dumps(solved).encode(), "work/hw1-masks.ipynb"
        for name in reversed(names):
            file = io.BytesIO()
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr(inner, content)
            content, inner = file.getvalue(), name
        return {names[0]: content}

    return files


def tarred(solved):
    file, content = io.BytesIO(), json.dumps(solved).encode()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        entry = tarfile.TarInfo("work/hw1-masks.ipynb")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return {"hw1.tar.gz": file.getvalue()}


def named(name):
    return lambda solved: {name: json.dumps(solved)}


def beside(edit, **files):
    """Return a function of the solved notebook: the notebook with an edit, and files; "__" stands for a folder."""

    def made(solved):
        edit(solved)
        given = {
            name.replace("__", "/").replace("_py", ".py").replace("_txt", ".txt"): content
            for name, content in files.items()
        }
        return {"hw1-masks.ipynb": json.dumps(solved), **given}

    return made


HONEST = {
    "help with a question mark": (add("np.argsort?\n?np.ones\nnp.sort??"), RIGHT, PASSED),
    "shell words": (add("files = !ls -la\n!pip install numpy\n!echo hi > there.txt\n%cd ..\n%pwd"), RIGHT, PASSED),
    "configures its pictures": (
        first("%config InlineBackend.figure_format = 'retina'\n%matplotlib inline\nimport numpy as np"),
        RIGHT,
        PASSED,
    ),
    "widgets": (
        add("from ipywidgets import interact\ninteract(lambda x: x, x=(0, 10))\nimport ipywidgets as w\nw.IntSlider()"),
        RIGHT,
        PASSED,
    ),
    "pictures": (
        add(
            "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.imshow(np.eye(9))\nfig.savefig('a.png')\nfig"
        ),
        RIGHT,
        PASSED,
    ),
    "mounts Colab's drive first": (
        imports("from google.colab import drive\ndrive.mount('/content/drive')\nimport numpy as np"),
        RIGHT,
        PASSED,
    ),
    "imports what is not there": (imports("import seaborn as sns\nimport numpy as np"), RIGHT, "seaborn"),
    "imports the closed package first": (
        imports("from pruning_lab import masks\nimport numpy as np"),
        RIGHT,
        "pruning_lab is closed",
    ),
    "everything in one cell, with an import that fails": (
        replace("my_mask", "import plotly_not_installed.express as px\n" + MASK),
        RIGHT,
        "plotly_not_installed",
    ),
    "try import": (
        imports("try:\n    import cupy as np\nexcept ImportError:\n    import numpy as np"),
        RIGHT,
        PASSED,
    ),
    "type hints and a dataclass": (
        replace(
            "my_mask",
            "from __future__ import annotations\nfrom dataclasses import dataclass\nimport numpy.typing as npt\n"
            "@dataclass(frozen=True)\nclass Ranking:\n    scores: npt.NDArray[np.floating]\n"
            "    def first(self, count: int) -> npt.NDArray[np.int64]:\n"
            "        return np.argsort(self.scores.ravel(), kind='stable')[:count]\n"
            "def my_mask(scores: npt.NDArray, sparsity: float) -> npt.NDArray[np.bool_]:\n"
            "    keep = np.ones(scores.size, bool)\n"
            "    keep[Ranking(scores).first(round(sparsity * scores.size))] = 0\n"
            "    return keep.reshape(scores.shape)",
        ),
        RIGHT,
        PASSED,
    ),
    "a named tuple": (
        replace(
            "my_step",
            "from typing import NamedTuple\nclass Step(NamedTuple):\n    weight: np.ndarray\n    velocity: np.ndarray\n"
            f"{STEP_HEAD}{STEP}\n    return Step(weight * mask, velocity * mask)",
        ),
        RIGHT,
        PASSED,
    ),
    "an ordered dict": (
        lambda n: cell_of(n, "my_budget").update(
            source=cell_of(n, "my_budget")
            .source.replace("return {name", "from collections import OrderedDict\n    return OrderedDict({name")
            .replace("in pairs}", "in pairs})")
        ),
        RIGHT,
        PASSED,
    ),
    "a default dict": (
        add(
            "from collections import defaultdict\n_budget = my_budget\ndef my_budget(*given):\n"
            "    found = defaultdict(list)\n    found.update(_budget(*given))\n    return found"
        ),
        RIGHT,
        PASSED,
    ),
    "a deque": (
        add("from collections import deque\n_step = my_step\ndef my_step(*given): return deque(_step(*given))"),
        18,
        "got deque",
    ),
    "a generator": (
        add("_step = my_step\ndef my_step(*given): yield from _step(*given)"),
        18,
        "got generator",
    ),
    "matrices": (add("_step = my_step\ndef my_step(*g): return tuple(map(np.asmatrix, _step(*g)))"), RIGHT, PASSED),
    "half precision of torch is told": (
        add("import torch\n_step = my_step\ndef my_step(*g): return [torch.tensor(a).half() for a in _step(*g)]"),
        18,
        "off by",
    ),
    "tensors that need a gradient": (
        add(
            "import torch\n_step = my_step\n"
            "def my_step(*g): return [torch.tensor(a, requires_grad=True) for a in _step(*g)]"
        ),
        RIGHT,
        PASSED,
    ),
    "a decorator and a cache": (
        add(
            "import functools, time\ndef timed(f):\n    @functools.wraps(f)\n    def inner(*a, **k):\n"
            "        begun = time.perf_counter(); got = f(*a, **k); print(time.perf_counter() - begun); return got\n"
            "    return inner\nmy_mask = timed(my_mask); my_n_of_m = functools.partial(my_n_of_m)"
        ),
        RIGHT,
        PASSED,
    ),
    "lambdas": (add("_m = my_mask\nmy_mask = lambda scores, sparsity: _m(scores, sparsity)"), RIGHT, PASSED),
    "a class with __call__": (
        add(
            "class M:\n    def __init__(self, f): self.f = f\n    def __call__(self, *a): return self.f(*a)\n"
            "my_mask = M(my_mask)"
        ),
        RIGHT,
        PASSED,
    ),
    "magic over a class": (add("%%time\nimport re\nfor i in range(3): print(i)"), RIGHT, PASSED),
    "times itself": (
        add("%timeit my_mask(np.ones(9), .5)\n%time a = my_mask(np.ones(9), .5)\nassert a.sum()"),
        RIGHT,
        PASSED,
    ),
    "asks the shell": (
        add("ip = get_ipython()\nip.run_line_magic('matplotlib', 'inline')\nip.system('ls')"),
        RIGHT,
        PASSED,
    ),
    "leaves": (add("exit()"), RIGHT, ""),
    "quits first": (first("quit()"), RIGHT, ""),
    "sets a handler": (
        add("import signal\nsignal.signal(signal.SIGALRM, lambda *a: 1/0)\nsignal.alarm(1)\nsignal.alarm(0)"),
        RIGHT,
        PASSED,
    ),
    "sets a locale": (add("import locale\nlocale.setlocale(locale.LC_ALL, '')\nprint('é')"), RIGHT, PASSED),
    "warnings are errors": (first("import warnings\nwarnings.simplefilter('error')"), RIGHT, PASSED),
    "numpy raises": (first("import numpy as np\nnp.seterr(all='raise')"), RIGHT, PASSED),
    "prints in colours": (add("print('\\x1b[31mred')\nraise ValueError('\\x1b[31mred')"), RIGHT, "ValueError"),
    "writes and imports a module": (
        add("%%writefile mine.py\nimport numpy as np\ndef double(x): return 2 * x"),
        RIGHT,
        PASSED,
    ),
    "a module of one's own in a folder": (
        beside(
            replace("my_mask", "from tools.masks import my_mask"),
            tools__masks_py="import numpy as np\n" + MASK,
            tools____init___py="",
        ),
        RIGHT,
        PASSED,
    ),
    "data in a folder": (
        beside(
            both(
                add("text = open('data/notes.txt').read()"),
                replace(
                    "my_step", STEP_HEAD + STEP + "\n    assert text == 'x'\n    return weight * mask, velocity * mask"
                ),
            ),
            data__notes_txt="x",
        ),
        RIGHT,
        PASSED,
    ),
    "another notebook is run": (
        beside(
            replace("my_mask", "%run helper.ipynb"),
            **{
                "helper.ipynb": json.dumps(
                    nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import numpy as np\n" + MASK)])
                )
            },
        ),
        6,  # of several notebooks only one is kept
        "Of 2 notebooks the newest was graded",
    ),
    "a script is run": (
        beside(replace("my_mask", "%run helper.py"), helper_py="import numpy as np\n" + MASK),
        RIGHT,
        PASSED,
    ),
    "threads": (
        add(
            "from concurrent.futures import ThreadPoolExecutor\n_m = my_mask\ndef my_mask(*a):\n"
            "    with ThreadPoolExecutor(4) as pool: return pool.submit(_m, *a).result()"
        ),
        RIGHT,
        PASSED,
    ),
    "compiled": (
        add(
            "import numba\n@numba.njit\ndef fill(keep, order, count):\n"
            "    for i in range(count): keep[order[i]] = False\n"
            "def my_mask(scores, sparsity):\n    keep = np.ones(scores.size, np.bool_)\n"
            "    fill(keep, np.argsort(scores.ravel(), kind='stable'), round(sparsity * scores.size))\n"
            "    return keep.reshape(scores.shape)"
        ),
        RIGHT,
        PASSED,
    ),
    "windows line ends": (sources(lambda s: s.replace("\n", "\r\n")), RIGHT, PASSED),
    "tabs": (sources(lambda s: s.replace("    ", "\t")), RIGHT, PASSED),
    "letters of other languages": (
        add("größe = 3\nλ = lambda 重み: 重み\nprint(f'« {größe} » 😀', λ(1))"),
        RIGHT,
        PASSED,
    ),
    "a mark of byte order in a cell": (
        lambda n: cell_of(n, "my_mask").update(source="\ufeff" + cell_of(n, "my_mask").source),
        6,
        "SyntaxError",
    ),
    "spaces that are no spaces": (
        lambda n: cell_of(n, "my_step").update(
            source=cell_of(n, "my_step").source.replace("    velocity", "\u00a0\u00a0\u00a0 velocity", 1)
        ),
        18,
        "SyntaxError",
    ),
    "saved by VS Code": (
        both(
            metadata(
                kernelspec={"display_name": ".venv", "language": "python", "name": "python3"},
                vscode={"interpreter": {"hash": "a" * 64}},
            ),
            every_cell(vscode={"languageId": "python"}),
        ),
        RIGHT,
        PASSED,
    ),
    "saved by Colab": (
        both(
            metadata(colab={"provenance": [], "toc_visible": True}, accelerator="GPU"),
            every_cell(id="abc", outputId="x", colab={"base_uri": "https://localhost:8080/"}),
        ),
        RIGHT,
        PASSED,
    ),
    "saved by Kaggle": (
        both(
            metadata(kaggle={"dataSources": [], "isGpuEnabled": False}, papermill={"duration": 1}),
            every_cell(execution={"iopub.status.busy": "2026"}, _kg_hide_input=True),
        ),
        RIGHT,
        PASSED,
    ),
    "saved by Deepnote": (
        both(
            metadata(deepnote={}, orig_nbformat=2),
            every_cell(deepnote_cell_type="code", cell_id="0001-ab", source_hash=None),
        ),
        RIGHT,
        PASSED,
    ),
    "saved by Databricks": (
        both(
            metadata(**{"application/vnd.databricks.v1+notebook": {"language": "python"}}),
            every_cell(**{"application/vnd.databricks.v1+cell": {"inputWidgets": {}}}),
        ),
        RIGHT,
        PASSED,
    ),
    "no metadata at all": (lambda n: [n.pop("metadata"), *(cell.pop("metadata") for cell in n.cells)], RIGHT, PASSED),
    "a raw cell and one of another kind": (
        lambda n: n.cells.insert(0, {"cell_type": "heading", "source": "x", "metadata": {}, "level": 1}),
        RIGHT,
        PASSED,
    ),
    "named .ipynb.txt": (named("hw1-masks.ipynb.txt"), RIGHT, PASSED),
    "named .ipynb.json": (named("hw1-masks.ipynb.json"), RIGHT, PASSED),
    "a name without end": (named("x" * 200 + ".ipynb"), RIGHT, PASSED),
    "in UTF-16": (text(lambda t: t.encode("utf-16")), RIGHT, PASSED),
    "in UTF-8 with a mark": (text(lambda t: b"\xef\xbb\xbf" + t.encode()), RIGHT, PASSED),
    "in Latin-1": (
        text(lambda t: t.replace("import numpy as np", "import numpy as np  # größer", 1).encode("latin-1", "replace")),
        RIGHT,
        PASSED,
    ),
    "a zip in a zip": (packed("all.zip", "hw1.zip"), RIGHT, PASSED),
    "a zip in a zip in a zip": (packed("all.zip", "ann.zip", "hw1.zip"), RIGHT, PASSED),
    "a tar": (tarred, 0, "there is only hw1.tar.gz"),
    "a zip of a clone with its history": (
        lambda solved: _zip({f".git/objects/{i}": "x" for i in range(3000)} | {"hw1/hw1.ipynb": json.dumps(solved)}),
        RIGHT,
        PASSED,
    ),
    "a zip from Windows": (lambda solved: _zip({"hw1\\work\\hw1-masks.ipynb": json.dumps(solved)}), RIGHT, PASSED),
    "a guard": (add("if __name__ == '__main__':\n    again = my_mask\nmy_mask = again"), RIGHT, PASSED),
    "a breakpoint left behind": (
        add("import pdb\n_step = my_step\ndef my_step(*a):\n    breakpoint(); pdb.set_trace()\n    return _step(*a)"),
        RIGHT,
        PASSED,
    ),
    "counts its calls": (
        add("calls = 0\n_m = my_mask\ndef my_mask(*a):\n    global calls\n    calls += 1\n    return _m(*a)"),
        RIGHT,
        PASSED,
    ),
    "without the first cell": (lambda n: [n.cells.pop(0)], RIGHT, "grader"),
    "a profiler and a debugger": (
        add("%prun my_mask(np.ones(3), 0.5)\n%debug\n%pdb on\n%xmode Verbose"),
        RIGHT,
        PASSED,
    ),
    "checkpoints beside it": (
        lambda solved: {
            "hw1-masks.ipynb": json.dumps(solved),
            ".ipynb_checkpoints/hw1-masks-checkpoint.ipynb": "{}",
            "old~": "x",
        },
        RIGHT,
        PASSED,
    ),
}

FORGE = """import os, gc, sys, json, struct
def forge(value, count=1):
    text = json.dumps(value).encode()
    content = struct.pack('>I', len(text)) + text
    for fd in range(3, 20):
        try:
            if not os.readlink(f'/proc/self/fd/{fd}').startswith('pipe'): continue
            os.write(fd, (struct.pack('>Q', len(content)) + content) * count)
        except OSError: pass
"""
LIES = """class Lies(np.ndarray):
    def __eq__(self, other): return np.ones(self.shape, bool)
    def __array_ufunc__(self, *a, **k): return np.ones(3, bool)
    def __reduce__(self): return (print, ('unpickled',))
    __class__ = np.ndarray
def my_n_of_m(scores, n, m): return np.zeros(scores.shape, bool).view(Lies)"""
TRICKS = {
    "forges a mark on the pipe": (
        add(FORGE + "forge([['list', [['scalar', 1000]]], []])\ndef my_step(*a): forge([1], 3); return 1"),
        0,
        "",
    ),
    "forges a list of failed cells": (
        add(
            FORGE + "many = ['list', [['list', [['scalar', i], ['scalar', 'x' * 60]]] for i in range(40_000)]]\n"
            "forge([many, []])\nimport time; time.sleep(1)"
        ),
        None,
        "",
    ),
    "forges one endless message": (add(FORGE + "forge([['list', [['scalar', 'x' * 7_900_000]]], []])"), None, ""),
    "answers with a book": (
        replace("my_n_of_m", "def my_n_of_m(*a): return {'x' * 7_000_000: 1}"),
        16,
        "",
    ),
    "answers with keys that are a book": (
        replace("my_budget", "def my_budget(*a): return {('k%d' % i) * 20: 1 for i in range(40_000)}"),
        16,
        "one mask for each",
    ),
    "an error that is a book": (
        replace("my_step", "def my_step(*a): raise ValueError('x' * 50_000_000)"),
        18,
        "ValueError",
    ),
    "an error in every language": (
        replace(
            "my_step",
            "def my_step(*a): raise type('Ü😀<b>', (Exception,), {})('</td><script>alert(1)</script>\\x1b]0;x\\x07')",
        ),
        18,
        "&lt;script&gt;",
    ),
    "an error whose name is a formula": (
        replace("my_step", "def my_step(*a): raise type('=1+1', (Exception,), {})('@SUM(1)')"),
        18,
        "=1+1",
    ),
    "an answer that lies of its class": (replace("my_n_of_m", LIES), 16, ""),
    "an answer that unpickles": (
        replace(
            "my_n_of_m", "class P:\n    def __reduce__(self): return (eval, ('1/0',))\ndef my_n_of_m(*a): return P()"
        ),
        16,
        "got P",
    ),
    "all is not a number": (
        add("_s = my_step\ndef my_step(*a): return [x * np.nan for x in _s(*a)]"),
        18,
        "",
    ),
    "training that is not a number": (
        add(
            "_t = my_training\ndef my_training(*a):\n"
            "    got = _t(*a); got['weights'] = got['weights'] * np.nan; return got"
        ),
        16,
        "",
    ),
    "infinite": (add("_s = my_step\ndef my_step(*a): return [x + np.inf for x in _s(*a)]"), 18, ""),
    "complex": (add("_s = my_step\ndef my_step(*a): return [x + 0j for x in _s(*a)]"), 18, "must be numbers"),
    "an array of objects": (
        add("_s = my_step\ndef my_step(*a): return [x.astype(object) for x in _s(*a)]"),
        18,
        "got object",
    ),
    "an array of text": (add("_s = my_step\ndef my_step(*a): return [x.astype(str) for x in _s(*a)]"), 18, "got &lt;U"),
    "a structured array": (
        replace("my_step", "def my_step(w, *a): return np.zeros(4, [('a', 'f8'), ('b', 'O')])"),
        18,
        "",
    ),
    "an array of 300 axes": (replace("my_step", "def my_step(w, *a): return np.zeros((1,) * 30)"), 18, ""),
    "an array without end": (
        replace("my_step", "def my_step(w, *a): return np.broadcast_to(w, (10**6, *w.shape))"),
        18,
        "MB",
    ),
    "an empty array of great width": (replace("my_step", "def my_step(w, *a): return np.zeros((2, 0, 10**9))"), 18, ""),
    "an iterator without end": (
        replace("my_step", "import itertools\ndef my_step(*a): return itertools.count()"),
        18,
        "",
    ),
    "a generator without end": (replace("my_step", "def my_step(*a):\n    while True: yield 1"), 18, ""),
    "a dict that grows while it is read": (
        replace(
            "my_step",
            "class D(dict):\n    def items(self):\n        while True: yield 1, 1\ndef my_step(*a): return D(a=1)",
        ),
        18,
        "",
    ),
    "a list that is read differently each time": (
        replace(
            "my_step",
            "class L(list):\n    def __iter__(self):\n        while True: yield 1\n"
            "    def __len__(self): return 2\ndef my_step(*a): return L([1, 2])",
        ),
        18,
        "",
    ),
    "changes what it is given": (
        add(
            "_t = my_training\ndef my_training(train, validation, test, *rest):\n"
            "    got = _t(train, validation, test, *rest)\n"
            "    for part in (train, validation, test):\n        part[0][:] = 0; part[1][:] = 0\n"
            "    return {**got, 'weights': got['weights'] * 0, 'best_epoch': 0}"
        ),
        16,
        "",
    ),
    "changes torch and numpy": (
        add(
            "import torch, builtins\n"
            "torch.equal = torch.allclose = np.allclose = np.array_equal = lambda *a, **k: True\n"
            "builtins.isinstance = lambda *a: True\nbuiltins.len = lambda *a: 2\ndef my_step(*a): return 1"
        ),
        None,
        "",
    ),
    "searches memory": (
        add(
            "import gc, sys\nfound = [o for o in gc.get_objects() if isinstance(o, str) and 'instances()' in o]\n"
            "frames = sys._current_frames()\nwords = open('/proc/self/maps').read()\n"
            "assert not any('hw1_checks' in str(m) for m in sys.modules)"
        ),
        RIGHT,
        "",
    ),
    "looks for the package": (
        add(
            "import importlib, pkgutil, sys\nsys.modules.pop('pruning_lab', None)\n"
            "names = {m.name for m in pkgutil.iter_modules()}\n"
            "spec = importlib.util.find_spec('pruning_lab')\n"
            "if spec or 'pruning_lab' in names: del my_mask\n"
            "import glob\n"
            "if glob.glob('/**/hw1*', recursive=True) or glob.glob('/**/mask_unstr*', recursive=True): del my_mask"
        ),
        RIGHT,
        "",
    ),
    "traces": (
        add(
            "import sys, threading\nsys.settrace(lambda *a: None)\nsys.setprofile(lambda *a: None)\n"
            "threading.settrace(lambda *a: None)"
        ),
        RIGHT,
        PASSED,
    ),
    "at the end": (add("import atexit, os\natexit.register(os._exit, 0)\natexit.register(lambda: 1/0)"), RIGHT, PASSED),
    "in a while": (
        add(
            "import threading, os, time\n"
            "threading.Thread(target=lambda: (time.sleep(2), os._exit(0)), daemon=True).start()\n"
            "def my_step(*a): time.sleep(4)"
        ),
        None,
        "ended its own",
    ),
    "signals": (
        add(
            "import signal, os\nfor s in range(1, 64):\n    try: signal.signal(s, signal.SIG_IGN)\n"
            "    except (OSError, ValueError): pass\nos.kill(0, 15)\nos.killpg(0, 1)"
        ),
        RIGHT,
        "",
    ),
    "closes everything": (add("import os\nos.closerange(0, 100)"), 0, "ended its own"),
    "closes its output": (add("import os\nos.close(1); os.close(2); print('x')"), RIGHT, ""),
    "a stack without end": (add("import sys\nsys.setrecursionlimit(10**9)\ndef f(): return f()\nf()"), None, ""),
    "a crash": (add("import ctypes\nctypes.string_at(0)"), 0, "ended its own"),
    "a stop": (add("import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)"), 0, "stopped after"),
    "shared memory of forks": (
        add(
            "import mmap, ctypes, time\nlibc = ctypes.CDLL(None)\nkept = []\nfor i in range(3):\n"
            "    m = mmap.mmap(-1, 800_000_000)\n    kept.append(m)\n    for j in range(0, 800_000_000, 4096): m[j] = 1"
        ),
        RIGHT,
        "",
    ),
    "a bomb of regular expressions": (add("import re\nre.match('(a+)+$', 'a' * 60 + 'b')"), None, "never ends"),
    "a cell that is a book": (add("x = '" + "y" * 10_000_000 + "'"), RIGHT, PASSED),
    "thousands of cells": (
        lambda n: n.cells.extend(nbformat.v4.new_code_cell(f"x{i} = {i}") for i in range(5000)),
        RIGHT,
        PASSED,
    ),
    "thousands of texts that define": (
        lambda n: n.cells.extend(nbformat.v4.new_markdown_cell(f"def my_{'x' * 100}{i}(x):") for i in range(20_000)),
        RIGHT,
        PASSED,
    ),
    "a text that defines a book": (
        lambda n: n.cells.append(nbformat.v4.new_markdown_cell(f"def my_{'x' * 5_000_000}(x):")),
        RIGHT,
        PASSED,
    ),
    "deep brackets": (add("x = " + "(" * 5000 + ")" * 5000), RIGHT, ""),
    "a null in the code": (add("x = 'a\0b'"), RIGHT, ""),
    "a cell of half letters": (add("x = '\\ud800'\nprint(x)\nraise ValueError(x)"), RIGHT, ""),
    "metadata of its own": (
        metadata(otter={"tests": {"q1": "raise SystemExit"}, "assignment_name": "x"}, kernelspec=None),
        RIGHT,
        PASSED,
    ),
    "a cell that is a list": (
        lambda n: n.cells.insert(0, {"cell_type": ["code"], "source": {"a": 1}, "metadata": 3}),
        RIGHT,
        PASSED,
    ),
    "files named as modules": (
        beside(
            lambda n: None,
            numpy_py="raise SystemExit(1)",
            IPython____init___py="1/0",
            json_py="1/0",
            sitecustomize_py="1/0",
        ),
        RIGHT,
        PASSED,
    ),
    "files with strange names": (
        lambda solved: {
            "hw1-masks.ipynb": json.dumps(solved),
            "-rf": "x",
            "$(reboot)": "x",
            "a\nb": "x",
            "=1+1": "x",
            "x" * 240: "x",
            "\u202egpj.exe": "x",
        },
        RIGHT,
        PASSED,
    ),
    "a zip that is none": (lambda solved: {"hw1.zip": b"PK\x03\x04" + b"x" * 100}, 0, "cannot be unpacked"),
    "a zip that leads up": (
        lambda solved: _zip({"../../../../tmp/escaped.ipynb": json.dumps(solved), "/etc/x": "x"}),
        RIGHT,
        PASSED,
    ),
    "a zip of a thousand files": (
        lambda solved: _zip({f"f{i}": "x" for i in range(1000)} | {"z.ipynb": json.dumps(solved)}),
        RIGHT,
        "of 1001 files only the first 500 were looked at",
    ),
    "a zip of thirty thousand files": (
        lambda solved: _zip({f"f{i}": "" for i in range(30_000)}),
        0,
        "more than 20,000",
    ),
    "a heading of five thousand digits": (
        lambda n: n.cells.append(nbformat.v4.new_markdown_cell(f"{BEGIN}\n### 6. x ({'9' * 5000} points")),
        RIGHT,
        PASSED,
    ),
    "a heading without end": (
        lambda n: n.cells.append(nbformat.v4.new_markdown_cell(f"{BEGIN}\n{'### 1. (' * 1_000_000}")),
        RIGHT,
        PASSED,
    ),
    "an answer without end": (
        lambda n: n.cells.extend(
            map(nbformat.v4.new_markdown_cell, [f"{BEGIN}\n### 6. x (2 points", "word\n" * 2_000_000])
        ),
        RIGHT,
        PASSED,
    ),
    "code without end": (add("if False:\n" + "    x = 1\n" * 1_500_000), None, ""),
    "a notebook of text": (
        named("hw1-masks.ipynb") and (lambda solved: {"hw1-masks.ipynb": "I could not do it, sorry"}),
        0,
        "not a whole notebook",
    ),
    "an empty file": (lambda solved: {"hw1-masks.ipynb": ""}, 0, "is empty"),
    "a web page": (lambda solved: {"hw1-masks.ipynb": "<!DOCTYPE html><html>"}, 0, "web page"),
    "a number": (lambda solved: {"hw1-masks.ipynb": "1e999"}, 0, "not a whole notebook"),
    "a link to a folder": ("link", 0, ""),
}


def _zip(files):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return {"hw1.zip": file.getvalue()}


def write(place, edit, solved):
    """Write one submission into its folder."""
    solved, edited = deepcopy(solved), None
    if edit == "link":
        place.mkdir()
        (place / "hw1-masks.ipynb").symlink_to("/etc/hostname")
        return
    edited = edit(solved)
    files = edited if isinstance(edited, dict) else {f"{NAME}.ipynb": json.dumps(solved)}
    for name, content in files.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)


def main(names=()):
    """Grade the class as two users; print what each got and what it reads; return how many are wrong."""
    table = {name: row for name, row in (HONEST | TRICKS).items() if not names or any(each in name for each in names)}
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        root.chmod(0o755)
        solved = nbformat.read(release.solved(release.make(NAME, root / "made")), as_version=4)
        for number, (edit, *_) in enumerate(table.values()):
            write(root / NAME / f"s{number:03}", edit, solved)
        found = hostile_class.graded_as_two_users(root / NAME, root).scores
        scores, as_nobody = found.values()
        wrong = 0
        for number, (name, (_, must, phrase)) in enumerate(table.items()):
            page = (root / "2 workers" / "feedback" / f"s{number:03}.html").read_text(encoding="utf-8")
            got, other = scores[f"s{number:03}"], as_nobody[f"s{number:03}"]
            bad = (must is not None and {got, other} != {must}) or phrase not in page or len(page) > 50_000
            wrong += bad
            print(f"{name:50} {must!s:>5} {got:5g} {other:5g} {len(page):7}  {phrase}" + " WRONG" * bad)
            if bad:
                print(page.partition("<h1>")[2][:2000])
        size = (root / "2 workers" / "marks.sqlite").stat().st_size
    print(f"kinds: {len(table)} wrong: {wrong} bytes of the ledger: {size:,}", "left over:", hostile_class.left_over())
    return wrong + (size > LARGEST_LEDGER) + len(hostile_class.left_over())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
