"""What a lesson claims, on whose authority, shown by which cell, and what it does not claim.

A row of `claims.toml` has, beside the claim itself and its sources:

    evidence    the id of the cell that asserts it
    figure      what that cell prints of it, with places for numbers (see `figures`)
    figure_in   the cell that prints the figure, where it is another one
    between     {place of the figure: [low, high]}, where the lesson asserts nothing, as of times: `verify` looks
    processors  what `platform.machine()` says where the claim is made; ["any"] for all; required of what is about time
    checklist   the experiment behind a claim about accuracy, further down in the file (see `checklist`)
    beforehand  the module that measured it beforehand, because it takes too long for a lesson
    limits      what is not claimed
    reviewed    when somebody last held it against its sources
"""

import tomllib
from functools import cache
from html import escape

from IPython.display import HTML, display
from pybtex.database import parse_file

from pruning_lab.lesson.frame.lessons import ROOMS
from pruning_lab.lesson.frame.lessons import lesson as lesson_of

FIELDS = ("id", "statement", "sources", "evidence", "figure", "limits", "reviewed")
MORE = ("figure_in", "between", "processors", "beforehand", "checklist")
SOURCES = ROOMS / "references.bib"


def load_claims(lesson, path=None):
    """Return the claims of a lesson as dicts with the keys in FIELDS and some of MORE, in the order of its file.

    Args:
        lesson: the lesson's number, such as "01".
        path: the file to read; None reads `claims.toml` in the lesson's own folder.

    Raises:
        ValueError: a row lacks a field, has an empty one, or one that no claim has.
    """
    path = path or lesson_of(lesson).claims
    with open(path, "rb") as file:
        rows = tomllib.load(file)["claim"]
    for row in rows:
        missing = [field for field in FIELDS if not row.get(field)]
        if missing:
            raise ValueError(f"claim {row.get('id', '?')} in {path.name} must have {', '.join(missing)}; got {row}")
        if unknown := [field for field in row if field not in FIELDS + MORE]:
            raise ValueError(f"claim {row['id']} in {path.name} must have no fields but those known; got {unknown}")
    return rows


@cache
def load_sources(path=SOURCES):
    """Return the course's sources: {key: (what to print, link)}."""
    return {key: _citation(entry) for key, entry in parse_file(str(path)).entries.items()}


def _citation(entry):
    surnames = [" ".join(person.last_names) for person in entry.persons["author"]]
    authors = surnames[0] + (" et al." if len(surnames) > 2 else "".join(f" and {name}" for name in surnames[1:]))
    return f"{authors} {entry.fields['year']}: {entry.fields['title']}", entry.fields["url"]


def claims(lesson):
    """Show a lesson's claims; each unfolds to show its sources, evidence, limits and date of review."""
    sources = load_sources()
    display(HTML("".join(_claim_html(lesson, claim, sources) for claim in load_claims(lesson))))


def heading_above(lesson, cell):
    """Return the heading above a cell of a lesson, because JupyterLab does not show the names of cells.

    >>> heading_above("01", "kept-norm")
    'One matrix, 70 % pruned'
    """
    heading = ""
    for found in lesson_of(lesson).cells():
        if found["cell_type"] == "markdown":
            lines = [line for line in "".join(found["source"]).splitlines() if line.startswith("#")]
            heading = lines[-1].lstrip("# ") if lines else heading
        if found["id"] == cell:
            return heading
    raise ValueError(f"cell must be the id of a cell in lesson {lesson}; got {cell!r}")


def _claim_html(lesson, claim, sources):
    cited = "; ".join(
        f'<a href="{link}">{escape(text)}</a>' for text, link in (sources[key] for key in claim["sources"])
    )
    return (
        f"<details><summary><b>{escape(claim['statement'])}</b></summary><ul><li>Source: {cited}</li>"
        f"<li>Shown here by: the cell <code>{escape(claim['evidence'])}</code>, under "
        f"<i>{escape(heading_above(lesson, claim['evidence']))}</i></li>"
        f"<li>Not claimed: {escape(claim['limits'])}</li><li>Reviewed {claim['reviewed']}</li></ul></details>"
    )
