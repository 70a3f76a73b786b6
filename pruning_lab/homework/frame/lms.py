"""What a learning management system takes: the table of marks, and Gradescope's JSON."""

import csv

from pruning_lab.homework.frame.feedback import outcomes


def write_marks_table(path, marks, written):
    """Write marks.csv: a row for each student with the points of every question, their sum and the notes.

    Args:
        path: the table.
        marks: {student: marks}, each as `grading.grade` returns it.
        written: {student: {question: points a person gave, or None}}.
    """
    names = list(next(iter(marks.values()))["questions"])
    by_hand = ["written", "total"] if any(written.values()) else []
    rows = [
        [
            student,
            *(mark["questions"][name]["score"] for name in names),
            *(mark["score"], mark["points"]),
            *_by_hand(mark, written[student]),
            " ".join(mark["notes"]),
        ]
        for student, mark in marks.items()
    ]
    write_table(path, ["student", *names, "score", "points", *by_hand, "notes"], rows)


def _by_hand(mark, written):
    """Return the cells `written` and `total`; empty ones while points are missing, none where nothing is written."""
    if not written:
        return []
    if None in written.values():
        return ["", ""]
    given = sum(written.values())
    return [given, mark["score"] + given]


def write_table(path, names, rows):
    """Write a table; the first cell of each row is a student's name."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([names, *([_harmless(student), *rest] for student, *rest in rows)])


def _harmless(text):
    """Return a file's name so that a spreadsheet does not take it for a formula."""
    return f"'{text}" if text[:1] in "=+-@" else text


def gradescope(mark, questions, written):
    """Return marks in the form of Gradescope's results.json; the arguments are those of `feedback.outcomes`."""
    tests = [
        {
            "name": outcome.title,
            "score": outcome.score or 0,
            "max_score": outcome.points,
            "output": "\n".join(outcome.messages),
        }
        for outcome in outcomes(mark, questions, written)
    ]
    return {"score": sum(test["score"] for test in tests), "output": "\n".join(mark["notes"]), "tests": tests}
