"""What has changed since the last run, so that a student who asks can be told: changes.csv.

The marks of the last run are in marks.csv. What differs from them is added, with the day and the reason; nothing is
ever taken out.
"""

import csv
import io
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from pruning_lab.homework.frame.feedback import total
from pruning_lab.homework.frame.roster import table_of
from pruning_lab.homework.frame.text import cell, write_text

COLUMNS = ["when", "student", "question", "before", "after", "reason"]
AGAIN = "handed in again, checks or late days changed, or read again"
READ = "read by a person"


class Reasons(NamedTuple):
    """Why marks change, as far as somebody has said it.

    Attributes:
        said: why this is a run again; empty where nobody has asked for one.
        question: the one that `said` is about; None for all.
        single: {(student, question): why that one has been changed}.
    """

    said: str = ""
    question: str | None = None
    single: Mapping = MappingProxyType({})

    def of(self, student, question, first):
        """Return why a question's points have changed; `first`: there were none before."""
        if (student, question) in self.single:
            return self.single[student, question]
        if first:
            return READ
        return self.said if self.said and self.question in (None, question) else AGAIN


def write_changes(folder, marks, written, lates, reasons=None):
    """Add to changes.csv what differs from marks.csv, which is still that of the last run.

    Args:
        folder: path.
        marks, written, lates: as in `lms.write_marks_table`.
        reasons: a `Reasons`.

    Returns:
        How many points have changed, totals included.
    """
    old, path = folder / "marks.csv", folder / "changes.csv"
    if not old.exists():
        return 0
    before = {row.get("student", ""): row for row in table_of(old).rows}
    rows = []
    for student, mark in marks.items():
        points = {name: question["score"] for name, question in mark["questions"].items()} | written[student]
        all_ = total(mark, written[student], lates.get(student))
        rows += _of_student(student, before.get(cell(student), {}), points, all_, reasons or Reasons())
    if rows:
        now = datetime.now().isoformat(" ", "minutes")
        _add(path, [[now, *row] for row in rows])
    return len(rows)


def _of_student(student, row, points, all_, reasons):
    """Return what has changed for one student: each question with its reason, and the total with all of them."""
    changed = [name for name, score in points.items() if name in row and _number(row[name]) != _number(score)]
    why = {name: reasons.of(student, name, first=not row[name]) for name in changed}
    rows = [[student, name, row[name], _number(points[name]), why[name]] for name in changed]
    if "total" in row and _number(row["total"]) != _number(all_):
        every = "; ".join(dict.fromkeys(why.values())) or reasons.of(student, "total", first=False)
        rows.append([student, "total", row["total"], _number(all_), every])
    return rows


def _number(value):
    """Return points as text that is the same for 2, 2.0 and "2.00"."""
    try:
        return f"{float(value):g}"
    except (TypeError, ValueError):
        return ""


def _add(path, rows):
    added = io.StringIO()
    csv.writer(added).writerows([[cell(value) for value in row] for row in rows])
    head = ",".join(COLUMNS) + "\r\n"
    write_text(path, (path.read_text(encoding="utf-8", errors="replace") if path.exists() else head) + added.getvalue())
