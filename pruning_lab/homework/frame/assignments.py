"""Which assignments there are. Each is found by being there, and nothing lists them:

notebooks/homework/hw1-masks.ipynb   what is asked: questions, points, objectives, the solution, the hidden tests
pruning_lab/homework/hw1_checks.py   what only this assignment needs: its checks, the order of its leaderboard
tests/homework/test_hw1.py           right answers of the usual kinds, and what each is told
"""

from importlib import import_module

from pruning_lab.places import NOTEBOOKS

SOURCES = NOTEBOOKS / "homework"


def sources():
    """Return {name: path of the source notebook} of all assignments."""
    return {path.stem: path for path in sorted(SOURCES.glob("hw*.ipynb"))}


def module_of(name):
    """Return the module with what only this assignment needs.

    >>> module_of("hw1-masks").__name__
    'pruning_lab.homework.hw1_checks'
    """
    return import_module(f"pruning_lab.homework.{name.partition('-')[0]}_checks")
