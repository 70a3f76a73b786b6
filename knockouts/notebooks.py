"""Lessons and solved homework as watchers: notebooks whose code cells are run in this process, one after the other."""

import json
import os
import re
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import NamedTuple

from knockouts.results import ROOT, version
from knockouts.swap import recorded
from pruning_lab.homework.frame import assignments, release
from pruning_lab.lesson.frame.lessons import lessons
from pruning_lab.places import of_the_course

MADE = ROOT / "build" / "knockouts" / "homework"
ADDRESS = re.compile(r"0x[0-9a-f]+|id=\S+")  # what differs in every run
CHECKED = re.compile(r'grader\.check\("(\w+)"\)')
UNATTENDED = {"PRUNING_LAB_UNATTENDED": "1", "TQDM_DISABLE": "1", "MPLBACKEND": "agg"}


class Watcher(NamedTuple):
    """A notebook that may notice.

    Attributes:
        name: such as "lesson 03" or "hw2-storage".
        source: the file it is made of, from the course's top.
        notebook: the path of what is run.
    """

    name: str
    source: str
    notebook: Path

    @property
    def is_lesson(self):
        return self.name.startswith("lesson ")

    def cells(self):
        """Return the code cells, a list of dicts."""
        cells = json.loads(self.notebook.read_text(encoding="utf-8"))["cells"]
        return [cell for cell in cells if cell["cell_type"] == "code"]


@cache
def watchers():
    """Return {name: Watcher} of all lessons and all homework.

    >>> list(watchers())[0], list(watchers())[-1]
    ('lesson 01', 'hw5-capstone')
    """
    found = [Watcher(f"lesson {each.number}", of_the_course(each.notebook), each.notebook) for each in lessons()]
    for name, path in assignments.sources().items():
        source = of_the_course(path)
        found.append(Watcher(name, source, release.solved(MADE / version(source) / name)))
    return {watcher.name: watcher for watcher in found}


def make(watcher):
    """Make the solved notebook of a homework, unless it is there."""
    if not watcher.notebook.exists():
        release.make(watcher.name, watcher.notebook.parents[2])


def work():
    """Return the seconds that processors have worked for this process and for what it started: waiting is none."""
    return sum(os.times()[:4])


class Ran(NamedTuple):
    """What a cell printed, the kind of its error, "" for none, and the seconds of work."""

    printed: str
    error: str
    seconds: float


class Notebook:
    """The code cells of a watcher, run in this process."""

    def __init__(self, watcher):
        from IPython.core.interactiveshell import InteractiveShell
        from traitlets.config import Config

        self.watcher, self.cells = watcher, watcher.cells()
        os.environ |= UNATTENDED
        os.chdir(watcher.notebook.parent)
        alone = Config({"HistoryManager": {"enabled": False}})
        self.shell = InteractiveShell.instance(config=alone)

    def run(self, place):
        """Run one cell."""
        from IPython.utils.capture import capture_output

        start = work()
        with capture_output() as captured:
            ran = self.shell.run_cell(self.code(place))
        error = ran.error_before_exec or ran.error_in_exec
        texts = [captured.stdout, *(str(output.data.get("text/plain", "")) for output in captured.outputs)]
        return Ran(ADDRESS.sub("", "\n".join(texts)), type(error).__name__ if error else "", work() - start)

    def serve_pools(self):
        """Have this process work itself: of a pool that a forked one inherits, the thread that serves it is not there.

        It is also what has the sabotage; processes started anew do not.
        """
        for name, pool in list(self.shell.user_ns.items()):
            if isinstance(pool, ProcessPoolExecutor):
                self.shell.user_ns[name] = ThreadPoolExecutor(1)

    def code(self, place):
        """Return what stands in a cell."""
        return "".join(self.cells[place]["source"])

    def name(self, place):
        """Return the name of a cell; of one that checks a question of homework, the question."""
        asked = CHECKED.search(self.code(place))
        return asked[1] if asked and not self.watcher.is_lesson else self.cells[place]["id"]

    def is_compared(self, place):
        """Whether somebody looks at what a cell prints: the tests in a lesson, whoever is graded in homework."""
        if not self.watcher.is_lesson:
            return CHECKED.search(self.code(place)) is not None
        return not {"nbval-ignore-output", "nbval-skip"} & set(self.cells[place].get("metadata", {}).get("tags", []))


def trace(watcher):
    """Run a notebook; return a dict for each code cell: id, seconds, calls, printed, error."""
    notebook, rows = Notebook(watcher), []
    with recorded() as calls:
        for place in range(len(notebook.cells)):
            ran = notebook.run(place)
            rows.append({"id": notebook.name(place), "calls": sorted(calls), **ran._asdict()})
            calls.clear()
    return rows
