"""What a learning management system takes: the table of marks, and Gradescope's JSON."""

import csv
import io

from pruning_lab.homework.frame.feedback import outcomes, shown, total
from pruning_lab.homework.frame.text import cell, line, write_text


def write_marks_table(path, marks, written, room):
    """Write marks.csv: a row for each student with the points of every question, their sum and the notes.

    Args:
        path: the table.
        marks: {student: marks}, each as `grading.grade` returns it.
        written: {student: {question: points a person gave, or None}}.
        room: a `classroom.Classroom`.
    """
    names = list(next(iter(marks.values()))["questions"])
    by_hand, late = list(next(iter(written.values()))), any(room.lates.values())
    columns = ["student", *(["name", "id"] if room.roster.path else []), *names, "score", "points"]
    columns += [*(["days_late", "granted", "taken"] if late else []), *by_hand, "total", "notes"]
    rows = []
    for student, mark in marks.items():
        given = written[student]
        values = {
            **{"student": student, "name": room.name(student), "id": room.id(student)},
            **{name: mark["questions"][name]["score"] for name in names},
            **{"score": mark["score"], "points": mark["points"], **_lateness(room.lates.get(student))},
            **{name: "" if points is None else f"{points:g}" for name, points in given.items()},
            "total": "" if (all_ := total(mark, given, room.lates.get(student))) is None else f"{all_:g}",
            "notes": " ".join(shown(mark["notes"])),
        }
        rows.append([values[column] for column in columns])
    write_table(path, columns, rows)


def _lateness(late):
    if late is None:
        return {"days_late": 0, "granted": 0, "taken": 0}
    return {"days_late": "unknown" if late.days is None else late.days, "granted": late.granted, "taken": late.share}


def write_table(path, names, rows):
    """Write a table in which no cell is more than what it shows."""
    table = io.StringIO()
    csv.writer(table, lineterminator="\r\n").writerows([[cell(value, 5000) for value in row] for row in [names, *rows]])
    write_text(path, table.getvalue())


def gradescope(mark, questions, written, said=None, late=None):
    """Return marks in the form of Gradescope's results.json; the arguments are those of `feedback.feedback_page`."""
    tests = [
        {
            "name": line(outcome.title),
            "score": outcome.score or 0,
            "max_score": outcome.points,
            "output": "\n".join(outcome.messages),
        }
        for outcome in outcomes(mark, questions, written, said)
    ]
    notes = shown(mark["notes"]) + ([str(late)] if late else [])
    score = sum(test["score"] for test in tests) * (1 - (late.share if late else 0))
    return {"score": round(score, 2), "output": "\n".join(notes), "tests": tests}
