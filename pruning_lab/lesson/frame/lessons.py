"""The lessons of the course, in order. They are found by their files alone: no list names them.

A lesson has a notebook, `notebooks/NN-a-name.ipynb`; a room, the folder `a_name` beside this frame, with what only this
lesson needs; and a deck, `notebooks/slides/NN-a-name.md`.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

from pruning_lab.places import NOTEBOOKS

NAME = "[0-9][0-9]-*.ipynb"
ROOMS = Path(__file__).parents[1]


@dataclass(frozen=True)
class Lesson:
    """Where the parts of one lesson are.

    >>> Lesson("01", "why-prune").room.name
    'why_prune'
    """

    number: str
    name: str

    @property
    def stem(self):
        return f"{self.number}-{self.name}"

    @property
    def notebook(self):
        return NOTEBOOKS / f"{self.stem}.ipynb"

    @property
    def deck(self):
        return NOTEBOOKS / "slides" / f"{self.stem}.md"

    @property
    def room(self):
        return ROOMS / self.name.replace("-", "_")

    @property
    def claims(self):
        return self.room / "claims.toml"

    def module(self):
        """Import and return the room, which holds the names that its notebook uses."""
        return import_module(f"pruning_lab.lesson.{self.room.name}")

    def cells(self):
        """Return the cells of the notebook as it is on disk, a list of dicts."""
        return json.loads(self.notebook.read_text(encoding="utf-8"))["cells"]


@cache
def lessons():
    """Return all lessons, a tuple in the order of their numbers.

    >>> [lesson.number for lesson in lessons()][:2]
    ['01', '02']
    """
    return tuple(Lesson(*path.stem.split("-", 1)) for path in sorted(NOTEBOOKS.glob(NAME)))


def lesson(number):
    """Return the lesson with this number, such as "01".

    >>> lesson("77")
    Traceback (most recent call last):
    ValueError: lesson must be the number of a lesson (01, ...); got '77'
    """
    for found in lessons():
        if found.number == number:
            return found
    raise ValueError(f"lesson must be the number of a lesson ({lessons()[0].number}, ...); got {number!r}")
