"""The course's claims, held against this machine: their evidence is run here, and both figures stand side by side."""

import os
import platform
import re
from html import escape
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from IPython.display import HTML, display

from pruning_lab.attendance import attended
from pruning_lab.lesson.frame import figures
from pruning_lab.lesson.frame.claims import load_claims
from pruning_lab.lesson.frame.lessons import lesson as lesson_of
from pruning_lab.lesson.frame.session import current
from pruning_lab.measure import processor_name
from pruning_lab.progress import bar
from pruning_lab.tables import page_html, table_html

HOLDS, DIFFERS, NOT_HERE = "holds", "differs", "not measured here"
NOT_KNOWN = "not known: this notebook was run again"
NEEDS = 'nbclient must be installed to run a lesson: pip install "pruning-lab[lab]" brings it'


class Finding(NamedTuple):
    """One claim on this machine.

    Attributes:
        lesson, claim, statement: the lesson's number, the claim's id and what it says.
        verdict: HOLDS, DIFFERS or NOT_HERE.
        course, here: the figure that the course printed, and the one printed here, each with its spread.
        why: a sentence where the claim does not hold here, else empty.
    """

    lesson: str
    claim: str
    statement: str
    verdict: str
    course: str
    here: str
    why: str


def verify(lesson=None, runs=1):
    """Run a lesson's evidence on this machine; show which claims hold, and the course's figures beside yours.

    It takes as long as the lesson's Run All. The course's own notebook is run, in a kernel of its own: yours stays as
    it is.

    Args:
        lesson: the lesson's number, such as "01"; None takes the lesson that was started.
        runs: how often, for a spread of what is measured here.

    Raises:
        ValueError: there is no such lesson, or `runs` is below 1.
        RuntimeError: nbclient, which runs notebooks, is not installed.

    >>> verify("77")
    Traceback (most recent call last):
    ValueError: lesson must be the number of a lesson (01, ...); got '77'
    """
    found = lesson_of(current() if lesson is None else lesson)
    if not attended():
        print("This cell runs the lesson's claims on your machine.")
        return
    display(HTML(as_html(findings(found, runs))))


def findings(lesson, runs=1):
    """Return a Finding for each claim of a Lesson, in the order of its file, after `runs` runs of its notebook."""
    if runs < 1:
        raise ValueError(f"runs must be 1 or more; got {runs}")
    claims = load_claims(lesson.number, lesson.claims)
    course = _read(lesson.notebook)
    known = _is_as_made(course)
    all_cells = [_run(lesson, claims) for _ in range(runs)]
    return [_merged([_judged(lesson, claim, course, known, cells) for cells in all_cells]) for claim in claims]


def summary(found):
    """Return how many claims hold, differ, and were not measured here, as a sentence."""
    counts = [sum(finding.verdict == verdict for finding in found) for verdict in (HOLDS, DIFFERS, NOT_HERE)]
    return "{} hold, {} differ, {} were not measured here.".format(*counts)


def as_text(found):
    """Return findings as lines: the claim and its verdict, then the two figures, then why."""
    lines = []
    for finding in found:
        lines.append(f"{finding.lesson} {finding.verdict}: {finding.statement}")
        parts = {"course": finding.course, "here": finding.here, "why": finding.why}
        lines += [f"     {name:8}{text}" for name, text in parts.items() if text]
    return "\n".join(lines)


def as_html(found):
    """Return findings as a table."""
    header = ("claim", "verdict", "the course's figure", "here", "why")
    rows = [(f"{f.lesson} {f.statement}", f.verdict, f.course, f.here, f.why) for f in found]
    return table_html(header, rows, f"{summary(found)} Here: {_machine()}")


def as_page(found):
    """Return findings as a page that needs no other file."""
    return page_html("The course's claims on this machine", f"<p>{escape(CAVEAT)}</p>{as_html(found)}")


CAVEAT = (
    "A claim holds if its evidence cell, run here, asserts what it asserts in the course; for times, if the figure "
    "lies where the claim says, with its spread. The figures themselves may differ from machine to machine."
)


def _machine():
    return f"{processor_name()}, {platform.system()}, {platform.machine()}"


def _read(path):
    """Return the Outputs of a notebook. nbformat, which reads it, comes with what runs it."""
    if find_spec("nbclient") is None:
        raise RuntimeError(NEEDS)
    from pruning_lab.lesson.frame.slides.outputs import Outputs

    return Outputs(path)


def _is_as_made(course):
    """Return whether a notebook is as the course saved it, where every cell counts as the first."""
    return {cell.execution_count for cell in course.cells.values() if cell.cell_type == "code"} == {1}


def _run(lesson, claims):
    """Run a lesson up to its last evidence in a kernel of its own; return its Outputs."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(lesson.notebook, as_version=4)
    last = max(n for n, cell in enumerate(notebook.cells) if cell.id in {claim["evidence"] for claim in claims})
    del notebook.cells[last + 1 :]
    environment = {**os.environ, "PRUNING_LAB_UNATTENDED": "1", "TQDM_DISABLE": "1"}
    with TemporaryDirectory() as folder, bar(total=last + 1, desc=f"lesson {lesson.number}", unit="cell") as done:
        options = {"timeout": None, "allow_errors": True, "extra_arguments": ["--log-level=ERROR"]}
        client = NotebookClient(notebook, resources={"metadata": {"path": folder}}, **options)
        client.on_cell_complete = lambda cell, cell_index: done.update()
        client.execute(env=environment)
        path = Path(folder) / lesson.notebook.name
        nbformat.write(notebook, path)
        return _read(path)


def _judged(lesson, claim, course, known, run):
    place = claim.get("figure_in", claim["evidence"])
    expected, found = (figures.found(claim["figure"], outputs.text(place)) for outputs in (course, run))
    verdict, why = _verdict(claim, run, found)
    theirs, ours = (figures.in_words(figure) if figure else "" for figure in (expected, found))
    ours = "" if "beforehand" in claim else ours  # the lesson reads it from a file
    return Finding(lesson.number, claim["id"], claim["statement"], verdict, theirs if known else NOT_KNOWN, ours, why)


def _verdict(claim, run, found):
    """Return the verdict on one run, and why."""
    if error := _error(run.cells[claim["evidence"]]):
        if error.ename == "AssertionError" or "keys.toml" in error.evalue:
            return DIFFERS, f"the cell {claim['evidence']} says: {_failed(error)}"
        return NOT_HERE, _first_error(run)
    if "beforehand" in claim:
        return NOT_HERE, f"it takes too long for a lesson; `python -m {claim['beforehand']}` measures it, in a clone"
    processors = claim.get("processors", ["any"])
    if processors != ["any"] and platform.machine() not in processors:
        return NOT_HERE, f"claimed for {' or '.join(processors)}; this is {platform.machine()}"
    if found is None:
        return DIFFERS, "the cell prints something else"
    return _within(claim.get("between", {}), dict(found))


def _within(between, found):
    """Return the verdict on figures that have bounds. A spread across a bound leaves open on which side they are."""
    for name, (low, high) in between.items():
        inside = [low <= value <= high for value in figures.values_of(found[name])]
        if any(inside) and not all(inside):
            return NOT_HERE, f"{name}: {found[name]} is partly outside {low:g} to {high:g}: too unsteady a run to say"
        if not any(inside):
            return DIFFERS, f"{name} must be in {low:g} to {high:g}"
    return HOLDS, ""


def _error(cell):
    return next((output for output in cell.outputs if output.output_type == "error"), None)


def _first_error(run):
    failed = ((cell.id, _error(cell)) for cell in run.cells.values() if cell.cell_type == "code")
    name, error = next((name, error) for name, error in failed if error)
    return f"the cell {name} could not run: {error.ename}: {error.evalue}"


def _failed(error):
    """Return what an error says; of a bare assert, its line."""
    trace = re.sub(r"\x1b\[[\d;]*m", "", "\n".join(error.traceback))
    return error.evalue or next(iter(re.findall(r"^-+> +\d+ +(.*)$", trace, re.MULTILINE)), error.ename)


def _merged(runs):
    """Return one Finding for several runs of a claim: it holds if it held each time."""
    if len(runs) == 1:
        return runs[0]
    odd = [run for run in runs if run.verdict != HOLDS]
    first = odd[0] if odd else runs[0]
    here = " | ".join(dict.fromkeys(run.here for run in runs))
    return first._replace(here=here, why=f"{len(odd)} of {len(runs)} runs: {first.why}" if odd else "")
