"""Lessons, their claims and solved homework are asked a sample: one sabotage of each function, one for each claim.

Every sabotage in every notebook would take days. So each function has one sabotage drawn, by a fixed seed, and is asked
of the quickest notebook that calls it, from the first cell on that does. Before, each notebook is a control: with
nothing wrong, forked and watched in the same way, it must notice nothing; one that does is not asked.

A cell notices by an error, or by printing something else than without the sabotage, where somebody compares what it
prints. Of a claim, the cell that asserts it must stop: it is asked about a function that it calls, or else the nearest
cell above that calls one.
"""

import random
from contextlib import ExitStack
from functools import partial
from typing import NamedTuple

from knockouts.children import Failed, Job, at_once, progress
from knockouts.notebooks import Notebook, make, trace, watchers
from knockouts.results import Calls, Row, told
from knockouts.sabotages import NOTHING, Sabotage
from knockouts.swap import public_functions, swapped
from pruning_lab.lesson.frame.claims import load_claims

SEED = 25
LONGEST = 30  # seconds of cells that a sabotage is shown to, as long as they take without one
NOTEBOOK_LIMIT = 3600  # seconds for a whole notebook, on a machine that may be busy
OTHERWISE = "prints something else"
PICTURES = "plots."  # no claim rests on how something is drawn


class Question(NamedTuple):
    """A sabotage to be shown to some cells of a notebook.

    Attributes:
        kind: "lessons"; or "claims", where only the last cell is asked, and only whether it stops.
        function, sabotage: what is wrong; "" and NOTHING for a control.
        watcher: the name of the notebook.
        cells: the places of the cells, one after the other.
        claim: its id, "" for none.
    """

    kind: str
    function: str
    sabotage: Sabotage
    watcher: str
    cells: range
    claim: str = ""

    @property
    def where(self):
        return f"{self.watcher}: {self.claim}" if self.claim else self.watcher

    @property
    def key(self):
        """What is asked once."""
        return (self.kind, self.where) if self.claim or not self.function else (self.kind, self.function)


def ask_all(wanted, results, workers, names=None):
    """Ask what is drawn from `wanted`, [(function, sabotage)], and add to `results`.

    Begins with the quickest notebook, so that a function that several call is asked there, and nowhere else.

    Args:
        names: the notebooks to ask; None asks all.
    """
    traces = traced(names or watchers(), workers)
    for name in sorted(traces, key=lambda name: seconds(traces[name])):
        ask(name, traces[name], [control(name, traces[name])], results, workers)
        if not any(row.noticed for row in results.controls() if row.where == name):
            ask(name, traces[name], drawn(name, traces[name], wanted), results, workers)


def traced(names, workers):
    """Return {name of a notebook: what is known of its cells}, and find out what is not known yet."""
    known, asked = Calls(), [watchers()[name] for name in names]
    homework = [Job(each.name, partial(make, each), 600) for each in asked if not each.is_lesson]
    new = [each for each in asked if known.of(each.source) is None]
    runs = [Job(each.name, partial(trace, each), NOTEBOOK_LIMIT) for each in new]
    with progress(len(homework + runs), "which cell calls what", "notebook") as bar:
        for jobs in (homework, runs):
            for name, cells in at_once(jobs, workers):
                if isinstance(cells, Failed):
                    raise RuntimeError(f"{name} cannot be run: {cells.why}")
                if jobs is runs:
                    known.add(watchers()[name].source, cells)
                bar.update()
    return {watcher.name: known.of(watcher.source) for watcher in asked}


def seconds(cells):
    """Return how long cells took."""
    return sum(cell["seconds"] for cell in cells)


def control(name, cells):
    """Return the question whether a notebook notices something where nothing is wrong, the first cell left out."""
    return Question("controls", "", NOTHING, name, range(1, len(cells)))


def drawn(name, cells, wanted):
    """Return what to ask of a notebook: one sabotage of each function that it calls, and one for each of its claims."""
    found, sabotages = [], by_function(wanted)
    for function in sabotages:
        start = first_call(cells, function)
        if start is not None:
            one = one_of(sabotages[function], function)
            found.append(Question("lessons", function, one, name, range(start, len(cells))))
    return [*found, *drawn_for_claims(name, cells, sabotages)]


def by_function(wanted):
    """Return {function: its sabotages} of [(function, sabotage)]."""
    found = {}
    for function, sabotage in wanted:
        found.setdefault(function, []).append(sabotage)
    return found


def one_of(things, about):
    """Return one of some things: always the same for the same `about`, whatever else is drawn."""
    return random.Random(f"{SEED} {about}").choice(things)


def first_call(cells, function):
    """Return the place of the first cell that calls a function, None where no cell does."""
    return next((place for place, cell in enumerate(cells) if function in cell["calls"]), None)


def drawn_for_claims(name, cells, sabotages):
    """Return a question for each claim: one sabotage of one function that its cell calls, or else a cell above."""
    found = []
    for claim in claims_of(name):
        end = next(place for place, cell in enumerate(cells) if cell["id"] == claim["evidence"])
        calls = [[each for each in cell["calls"] if not each.startswith(PICTURES)] for cell in cells[: end + 1]]
        start = max((place for place, each in enumerate(calls) if each), default=None)
        function = one_of(calls[start], claim["id"]) if start is not None else None
        if function in sabotages:
            one = one_of(sabotages[function], f"{claim['id']} {function}")
            found.append(Question("claims", function, one, name, range(start, end + 1), claim["id"]))
    return found


def claims_of(name):
    """Return the claims of a notebook; homework makes none."""
    return load_claims(name.partition(" ")[2]) if watchers()[name].is_lesson else []


def ask(name, cells, questions, results, workers):
    """Ask a notebook what it has not been asked, in a process of its own, as a kernel is."""
    new = [each for each in questions if each.key not in {key_of(row) for row in results.rows}]
    if new:
        job = Job(name, partial(show, watchers()[name], cells, new, results, workers), 10**6)
        list(at_once([job], workers=1, quiet=False))
        results.read()  # what that has added


def key_of(row):
    """Return the key of the question that a row answers."""
    return row.kind, row.where if row.kind in ("claims", "controls") else row.function


def show(watcher, traced, questions, results, workers):
    """Run a notebook; before each cell, fork for each question that begins there."""
    notebook = Notebook(watcher)
    with progress(len(questions), watcher.name, "sabotage") as bar:
        for place in range(max(question.cells.start for question in questions) + 1):
            here = [question for question in questions if question.cells.start == place]
            for question, answer in at_once((job_of(notebook, traced, each) for each in here), workers):
                if not (isinstance(answer, Failed) and answer.hung):  # a busy machine notices nothing: ask again later
                    results.add(row_of(question, answer))
                bar.update()
            notebook.run(place)


def job_of(notebook, traced, question):
    """Return the job that asks one question: what works for too long has noticed, what only waits has not."""
    whole = seconds(traced[place] for place in question.cells)
    cpu = 60 + 10 * (min(whole, LONGEST) if question.kind == "lessons" else whole)
    return Job(question, partial(answer, notebook, traced, question), 3 * cpu, cpu)


def answer(notebook, traced, question):
    """Show a sabotage to cells until one notices; return (how many were shown it, which noticed, how)."""
    functions = public_functions()
    notebook.serve_pools()
    with ExitStack() as swaps:
        for name in [question.function] if question.function else functions:
            swaps.enter_context(swapped(functions[name], question.sabotage.apply))
        return first_to_notice(notebook, traced, question)


def first_to_notice(notebook, traced, question):
    """Run cells until one notices; return (how many were run, which noticed, how)."""
    spent = 0
    for count, place in enumerate(question.cells):
        spent += traced[place]["seconds"]
        if count and spent > LONGEST and question.kind == "lessons":
            return count, "", ""
        ran = notebook.run(place)
        if how := differs(ran, traced[place], notebook.is_compared(place) and question.kind != "claims"):
            return count + 1, traced[place]["id"], how
        if question.kind == "controls" and (how := faulty(ran, notebook, place)):
            return count + 1, traced[place]["id"], how
    return len(question.cells), "", ""


def differs(ran, usual, is_compared):
    """Return in a few words how a cell has noticed, or "". Not what it printed: that may answer a question."""
    if ran.error != usual["error"]:
        return ran.error or "no error"
    return OTHERWISE if is_compared and ran.printed != usual["printed"] else ""


def faulty(ran, notebook, place):
    """Return what is wrong with a cell though it does as it always does, or ""."""
    graded = notebook.is_compared(place) and not notebook.watcher.is_lesson
    lost = graded and "All test cases passed" not in ran.printed
    return ran.error or ("a right answer loses points" if lost else "")


def row_of(question, answer):
    """Return a row of results."""
    asked, cell, how = (1, *told(answer)) if isinstance(answer, Failed) else answer
    noticed = f"{question.watcher}, {cell}" if cell else ""
    name = question.sabotage.name
    return Row(question.function, name, question.kind, asked, len(question.cells), noticed, how, question.where)
