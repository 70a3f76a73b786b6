"""How a cell runs: in IPython's own shell, so that what works in Jupyter works while it is graded.

`%%time` keeps its cell, `%time x = f()` defines x, `await` waits, `display` is there, `%%writefile` writes. What would
cost time and defines nothing is left out: shell commands, installing, timing again and again, choosing how to draw.

This module is imported in a submission's process: nothing of this package may be imported here.
"""

import ast
import builtins
import pdb
import sys
from contextlib import nullcontext
from functools import partial

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

IDLE = ("timeit", "matplotlib", "pip", "conda", "mamba", "uv", "pylab", "gui", "load_ext", "reload_ext", "reset")
OTHERS = ("bash", "sh", "script", "system", "sx", "cmd", "html", "HTML", "javascript", "js", "latex", "markdown", "svg")
OTHERS += (
    "perl",
    "ruby",
    "pypy",
    "python",
    "python2",
    "python3",
    "timeit",
    "sql",
    "R",
)  # a cell of these defines nothing


def open_shell(module):
    """Return a shell whose cells define their names in `module`.

    >>> import types
    >>> shell = open_shell(types.ModuleType("__main__"))
    >>> run_all(shell, ["%%capture\\nx = 3", "!pip install numpy", "y = twice(x)", "def twice(x): return 2 * x"])
    []
    >>> shell.user_ns["y"]
    6
    """
    quiet = Config({"HistoryManager": {"enabled": False}, "InteractiveShell": {"ast_node_interactivity": "none"}})
    shell = InteractiveShell(config=quiet, user_module=module)
    shell.showtraceback = shell.showsyntaxerror = shell.enable_gui = _nothing  # `run` hands the error on
    shell.system = shell.getoutput = _no_output
    shell.magics_manager.magics["line"] |= dict.fromkeys(IDLE + OTHERS, _nothing)
    shell.magics_manager.magics["cell"] |= dict.fromkeys(OTHERS, _nothing)
    shell.run_line_magic = partial(_line_magic, shell)
    shell.run_cell_magic = partial(_cell_magic, shell)
    builtins.input = _no_answer
    sys.breakpointhook = pdb.set_trace = _nothing  # one that was left behind waits for nobody here
    return shell


def run_all(shell, cells, around=nullcontext):
    """Run cells in order; return [cell number, exception] of those that failed.

    A cell that misses a name runs once more when all have run: in a notebook, the order of cells is not always that in
    which they were run. Each run stands in a `with around()`.
    """
    failed = [[number, error] for number, cell in enumerate(cells, start=1) if (error := run(shell, cell, around))]
    return [
        [number, again]
        for number, error in failed
        if (again := run(shell, cells[number - 1], around) if isinstance(error, NameError) else error)
    ]


def run(shell, cell, around=nullcontext):
    """Run one cell; return the exception that stopped it, or None.

    A package that is not there does not take along what stands below its import: the cell runs again without that. If
    it then stops for want of a name of that import, it is the import that has stopped it.
    """
    error = _run(shell, cell, around)
    rest, lost = _without(shell, cell, error.name) if isinstance(error, ModuleNotFoundError) else (None, ())
    if rest is None:
        return error
    later = run(shell, rest, around)
    return error if later is None or (isinstance(later, NameError) and later.name in lost) else later


def _run(shell, cell, around):
    try:
        with around():
            done = shell.run_cell(cell, store_history=False)
    except BaseException as error:
        return error
    return done.error_before_exec or done.error_in_exec


def _without(shell, cell, module):
    """Return a cell without what it imports from a module at its outermost level, and the names that it then lacks.

    The cell is None where it imports nothing so.
    """
    tree = ast.parse(shell.transform_cell(cell))
    body = [(node, _kept(node, f"{module}.")) for node in tree.body]
    lost = {name for node, kept in body for name in _imported(node) - _imported(kept)}
    return (ast.unparse(ast.Module([kept for _, kept in body if kept], [])), lost) if lost else (None, lost)


def _imported(node):
    """Return the names that a statement imports; of none, and of anything else, there are none."""
    names = node.names if isinstance(node, ast.Import | ast.ImportFrom) else []
    return {each.asname or each.name.partition(".")[0] for each in names}


def _kept(node, module):
    """Return a statement without the names that it imports from a module; None where nothing is left of it."""
    if isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith(module):
        return None
    if not isinstance(node, ast.Import):
        return node
    names = [each for each in node.names if not f"{each.name}.".startswith(module)]
    return ast.Import(names) if names else None


def _line_magic(shell, name, line, _stack_depth=1):
    """Run a magic word in a line; one that nobody here knows belongs to an extension, and does nothing."""
    if shell.find_line_magic(name):
        return type(shell).run_line_magic(shell, name, line, _stack_depth=_stack_depth + 1)
    return None


def _cell_magic(shell, name, line, cell):
    """Run a cell below a magic word; below one that nobody here knows it runs as it is."""
    if shell.find_cell_magic(name):
        return type(shell).run_cell_magic(shell, name, line, cell)
    return type(shell).run_cell_magic(shell, "time", "", cell)


def _nothing(*_arguments, **_options):
    pass


def _no_output(*_arguments, **_options):
    return []


def _no_answer(*_prompt):
    return ""
