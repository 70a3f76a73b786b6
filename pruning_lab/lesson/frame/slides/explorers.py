"""The explorer that a cell of a lesson shows, for a page without a kernel: made again, never measured again."""

import ast
import io
import os
from contextlib import contextmanager, redirect_stdout
from functools import cache
from importlib import import_module

from pruning_lab.lesson.frame.explorer import Explorer


def explorer_of(outputs, *cells):
    """Run cells, nobody attending, and return the Explorer that the last one's last expression gives."""
    source = "\n".join(outputs.cell(cell).source for cell in cells)
    last = ast.parse(source).body[-1]
    if not isinstance(last, ast.Expr):
        raise ValueError(f"cell must end with an explorer; {cells[-1]!r} ends with {ast.unparse(last)!r}")
    explorer = _shown_by(source)
    if not isinstance(explorer, Explorer):
        raise ValueError(f"cell must show an explorer; {cells[-1]!r} gives {explorer!r}")
    return explorer


@cache  # a deck with notes and one without show the same: what trains a network for it runs once
def _shown_by(source):
    """Run some code, and return the value of its last expression."""
    *before, last = ast.parse(source).body
    names = {"__name__": "deck"}
    with _quiet():
        exec(compile(ast.Module(before, []), "deck", "exec"), names)
        return eval(compile(ast.Expression(last.value), "deck", "eval"), names)


def redrawn(outputs, cell):
    """Return the Explorer that a cell shows, from the table it left; None where a table does not say all of it.

    The explorer's own module knows how, if it has a `from_table(columns)`; or a `without_kernel()`, if a page shows it
    on something that the course ships.
    """
    module = import_module(_maker(outputs.cell(cell).source).__module__)
    if hasattr(module, "without_kernel"):
        return module.without_kernel()
    return module.from_table(outputs.numbers(cell)) if hasattr(module, "from_table") else None


def shows_explorer(source):
    """Tell whether the source of a cell ends in a call such as `lesson.explore_accuracy(...)`.

    >>> shows_explorer("x = 1\\nlesson.explore_accuracy(x)"), shows_explorer("x = 1")
    (True, False)
    """
    return _call(source) is not None


def _call(source):
    """Return the last line's (owner, function) if it calls an explorer, such as ("lesson", "explore_accuracy")."""
    body = ast.parse(source).body
    called = body and isinstance(body[-1], ast.Expr) and isinstance(body[-1].value, ast.Call) and body[-1].value.func
    if isinstance(called, ast.Attribute) and called.attr.startswith("explore_") and isinstance(called.value, ast.Name):
        return called.value.id, called.attr
    return None


def _maker(source):
    """Return the function that a cell calls for its explorer: one that every lesson has, or one of a lesson's own."""
    call = _call(source)
    if call is None:
        raise ValueError(f"cell must end with a call of an explorer; got {source!r}")
    owner, name = call
    return getattr(import_module("pruning_lab.lesson" + ("" if owner == "lesson" else f".{owner}")), name)


@contextmanager
def _quiet():
    """Run what a notebook runs without its figures, bars and printed lines."""
    wanted = {"PRUNING_LAB_UNATTENDED": "1", "TQDM_DISABLE": "1"}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        with redirect_stdout(io.StringIO()):
            yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
