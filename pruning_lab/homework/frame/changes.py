"""What has changed since the last run, so that a student who asks can be told: changes.csv.

The marks of the last run are in marks.csv. What differs from them is added, with the day and the reason; nothing is
ever taken out.
"""

import csv
import io
from datetime import datetime

from pruning_lab.homework.frame.feedback import total
from pruning_lab.homework.frame.roster import table_of
from pruning_lab.homework.frame.text import cell, write_text

COLUMNS = ["when", "student", "question", "before", "after", "reason"]
AGAIN = "handed in again, checks changed, or read by a person"


def write_changes(folder, marks, written, lates, reason=""):
    """Add to changes.csv what differs from marks.csv, which is still that of the last run.

    Args:
        folder: path.
        marks, written, lates: as in `lms.write_marks_table`.
        reason: why this is a regrade; empty where nobody has asked for one.

    Returns:
        How many marks have changed.
    """
    old, path = folder / "marks.csv", folder / "changes.csv"
    if not old.exists():
        return 0
    before = {row.get("student", ""): row for row in table_of(old).rows}
    now, rows = datetime.now().isoformat(" ", "minutes"), []
    for student, mark in marks.items():
        row = before.get(cell(student), {})
        after = {name: question["score"] for name, question in mark["questions"].items()}
        after["total"] = total(mark, written[student], lates.get(student))
        rows += [
            [now, student, name, row[name], _number(score), reason or AGAIN]
            for name, score in after.items()
            if row.get(name) and _number(row[name]) != _number(score)  # points that were waited for are no change
        ]
    if rows:
        _add(path, rows)
    return len(rows)


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
