"""Lessons and their claims are asked: each notebook runs once, and is forked where what is sabotaged is first called.

A cell notices by an error, or by printing something else than without the sabotage, where `make test` compares what it
prints. A claim notices if the cell that asserts it fails; it is asked alone, all before it as it should be.
"""

import os
import re
from functools import partial
from time import perf_counter
from typing import NamedTuple

from knockouts.children import Failed, Job, at_once, progress
from knockouts.results import Calls, Row, told
from knockouts.sabotages import Sabotage
from knockouts.swap import public_functions, recorded, swapped
from pruning_lab.lesson.frame.claims import load_claims
from pruning_lab.lesson.frame.lessons import lesson, lessons
from pruning_lab.places import of_the_course

LONGEST = 20  # seconds of cells that a sabotage is shown to, as long as they take without one
NOTEBOOK_LIMIT = 1200  # seconds for the first run of a notebook
ADDRESS = re.compile(r"0x[0-9a-f]+|id=\S+")  # what differs in every run
OTHERWISE = "prints something else"
UNATTENDED = {"PRUNING_LAB_UNATTENDED": "1", "TQDM_DISABLE": "1", "MPLBACKEND": "agg"}


class Ran(NamedTuple):
    """What a cell printed, and the kind of its error, "" for none."""

    printed: str
    error: str
    seconds: float


class Notebook:
    """The code cells of a lesson, run in this process, one after the other."""

    def __init__(self, number):
        from IPython.core.interactiveshell import InteractiveShell
        from traitlets.config import Config

        self.cells = [cell for cell in lesson(number).cells() if cell["cell_type"] == "code"]
        os.environ |= UNATTENDED
        os.chdir(lesson(number).notebook.parent)
        alone = Config({"HistoryManager": {"enabled": False}})
        self.shell = InteractiveShell.instance(config=alone)

    def run(self, place):
        """Run one cell."""
        from IPython.utils.capture import capture_output

        start = perf_counter()
        with capture_output() as captured:
            ran = self.shell.run_cell("".join(self.cells[place]["source"]))
        error = ran.error_before_exec or ran.error_in_exec
        texts = [captured.stdout, *(str(output.data.get("text/plain", "")) for output in captured.outputs)]
        return Ran(ADDRESS.sub("", "\n".join(texts)), type(error).__name__ if error else "", perf_counter() - start)


def compared(cell):
    """Whether the tests compare what a cell prints with what is committed."""
    return not {"nbval-ignore-output", "nbval-skip"} & set(cell.get("metadata", {}).get("tags", []))


def trace(number):
    """Run a lesson; return a dict for each code cell: id, seconds, calls, printed, error."""
    notebook, rows = Notebook(number), []
    with recorded() as calls:
        for place, cell in enumerate(notebook.cells):
            ran = notebook.run(place)
            rows.append({"id": cell["id"], "calls": sorted(calls), **ran._asdict()})
            calls.clear()
    return rows


def ask_lesson(notebook, traced, function, sabotage, start):
    """Show a sabotage to the cells from `start` on, until one notices; return (how many were asked, which, how)."""
    spent = 0
    with swapped(public_functions()[function], sabotage.apply):
        for place in range(start, len(traced)):
            spent += traced[place]["seconds"]
            if place > start and spent > LONGEST:
                return place - start, "", ""
            if how := differs(notebook.run(place), traced[place], compared(notebook.cells[place])):
                return place - start + 1, traced[place]["id"], how
    return len(traced) - start, "", ""


def ask_claim(notebook, traced, function, sabotage, place):
    """Show a sabotage to the one cell that asserts a claim; return (1, the cell if it fails, how)."""
    with swapped(public_functions()[function], sabotage.apply):
        error = notebook.run(place).error
    return 1, traced[place]["id"] if error else "", error


def differs(ran, usual, is_compared):
    """Return in a few words how a cell has noticed, or "". Not what it printed: that may answer a question."""
    if ran.error != usual["error"]:
        return ran.error or "no error"
    return OTHERWISE if is_compared and ran.printed != usual["printed"] else ""


def ask_all(wanted, results, workers, numbers=None):
    """Show each of `wanted`, (function, sabotage), to the lessons that call the function; add to `results`."""
    known, files = Calls(), {number: of_the_course(lesson(number).notebook) for number in numbers or all_numbers()}
    jobs = [Job(n, partial(trace, n), NOTEBOOK_LIMIT) for n, file in files.items() if known.of(file) is None]
    with progress(len(jobs), "which cell calls what", "lesson") as bar:
        for number, cells in at_once(jobs, workers):
            if isinstance(cells, Failed):
                raise RuntimeError(f"lesson {number} cannot be run: {cells.why}")
            known.add(files[number], cells)
            bar.update()
    for number, file in files.items():
        lesson_job = Job(number, partial(show, number, known.of(file), wanted, results, workers), 10**6)
        list(at_once([lesson_job], workers=1, quiet=False))  # in a process of its own, as a kernel is
        results.read()  # what that has added


def all_numbers():
    """Return the numbers of all lessons."""
    return [each.number for each in lessons()]


def show(number, traced, wanted, results, workers):
    """Run a lesson; before each cell, fork for each sabotage of what it is the first to call, and for its claim."""
    plan = planned(number, traced, wanted, results)
    if not plan:
        return
    notebook = Notebook(number)
    with progress(sum(map(len, plan.values())), f"lesson {number}", "sabotage") as bar:
        for place in range(max(plan) + 1):
            here = plan.get(place, [])
            new = (each for each in here if not results.noticed(each.function, each.sabotage, each.kind))
            jobs = (job_of(notebook, traced, place, each) for each in new)
            for question, answer in at_once(jobs, workers):
                for row in rows_of(number, question, answer):
                    results.add(row)
                bar.update()
            bar.update(sum(len(plan.get(done, [])) for done in range(place + 1)) - bar.n)  # what was known already
            notebook.run(place)


class Question(NamedTuple):
    """A sabotage to be shown to a lesson, or to a claim of it; `of` is how many cells call the function."""

    kind: str
    function: str
    sabotage: Sabotage
    where: str
    of: int


def planned(number, traced, wanted, results):
    """Return {place of a cell: [what is to be asked there, a `Question` each]}."""
    plan, claims = {}, evidence(number)
    for function, sabotage in wanted:
        calling = [place for place, cell in enumerate(traced) if function in cell["calls"]]
        asserting = [place for place in calling if traced[place]["id"] in claims]
        asked = [(place, Question("lessons", function, sabotage, number, len(calling))) for place in calling[:1]]
        for place in asserting:
            where = f"{number} {traced[place]['id']}"
            asked.append((place, Question("claims", function, sabotage, where, len(asserting))))
        for place, each in asked:
            if not results.knows(function, sabotage, each.kind, each.where, each.of):
                plan.setdefault(place, []).append(each)
    return plan


def job_of(notebook, traced, place, question):
    """Return the job that shows a sabotage to a lesson from one cell on, or to the claim of that cell."""
    alone = question.kind == "claims"
    seconds = sum(cell["seconds"] for cell in (traced[place : place + 1] if alone else traced[place:]))
    ask = ask_claim if alone else ask_lesson
    work = partial(ask, notebook, traced, question.function, question.sabotage, place)
    return Job(question, work, 60 + 10 * min(seconds, LONGEST))


def rows_of(number, question, answer):
    """Yield rows of results; a claim's cell that fails while the lesson is asked makes a row of claims, too."""
    asked, cell, how = (1, *told(answer)) if isinstance(answer, Failed) else answer
    row = Row(
        question.function,
        question.sabotage.name,
        question.kind,
        asked,
        question.of,
        f"lesson {number}, {cell}" if cell else "",
        how,
        question.where,
    )
    yield row
    if row.kind == "lessons" and cell in evidence(number) and how != OTHERWISE:
        yield row._replace(kind="claims", where=f"{number} {cell}")


def evidence(number):
    """Return the ids of the cells that assert a lesson's claims."""
    return {claim["evidence"] for claim in load_claims(number)}
