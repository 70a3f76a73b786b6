"""Points that a person sets in place of those of the checks: by-hand.csv, a row for each, with the reason.

The student reads the reason, and changes.csv has it. A row holds until somebody takes it out, whatever is graded again
or handed in again, so each run says which there are.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from pruning_lab.homework.frame.lms import write_table
from pruning_lab.homework.frame.roster import table_of
from pruning_lab.homework.frame.text import cell, line, listed

COLUMNS = ["student", "question", "points", "reason"]


class Given(NamedTuple):
    """What stands in the table: {(student, question): (points, reason)}, and names that are nobody's."""

    points: Mapping = MappingProxyType({})
    strangers: tuple = ()

    @property
    def reasons(self):
        """{(student, question): why}."""
        return {key: reason for key, (_, reason) in self.points.items()}


def read_by_hand(path: Path, most: Mapping, known: Mapping) -> Given:
    """Read the table; where there is none yet, write one without rows.

    Args:
        path: the table.
        most: {question that checks mark: its points}.
        known: {student: all that they go by}.

    Raises:
        ValueError: a row that cannot be: no such question, points that it does not have, no reason, a name of several.
    """
    if not path.exists():
        write_table(path, COLUMNS, [])
    columns, rows, _ = table_of(path)
    if missing := [name for name in COLUMNS if name not in columns]:
        raise ValueError(f"{path} must have the columns {', '.join(COLUMNS)}; {missing[0]} is missing")
    students, given, strangers = _students(known), {}, []
    for row in rows:
        who, question, points, reason = (row.get(name, "") for name in COLUMNS)
        found = students.get(who.casefold(), set())
        if len(found) > 1:
            raise ValueError(f"student must be a name, id or number of one; got {who!r}, which {len(found)} go by")
        if not found:
            strangers.append(who)
        for student in found:
            given[student, question] = _points(question, points, most, path), _reason(reason, who, path)
    return Given(given, tuple(strangers))


def _students(known):
    """Return {what somebody goes by, as a table shows it: students}."""
    found = {}
    for student, names in known.items():
        for name in filter(None, names):
            for shown in (name, cell(name)):
                found.setdefault(shown.casefold(), set()).add(student)
    return found


def _points(question, text, most, path):
    if question not in most:
        raise ValueError(f"question must be one of {list(most)}, which checks mark; got {question!r} in {path}")
    number = float(text.replace(",", ".")) if re.fullmatch(r"\d+([.,]\d+)?", text) else -1
    if not 0 <= number <= most[question]:
        raise ValueError(f"points must be in [0, {most[question]}] for {question}; got {text!r} in {path}")
    return int(number) if number.is_integer() else number


def _reason(text, who, path):
    if not text:
        raise ValueError(f"reason must say why {line(who)} has different points, in {path}; got nothing")
    return line(text)


def with_by_hand(marks: Mapping, given: Given) -> dict:
    """Return the marks with the points that a person has set."""
    return {student: _marked(student, mark, given.points) for student, mark in marks.items()}


def _marked(student, mark, points):
    questions = {
        name: _set(question, *points[student, name]) if (student, name) in points else question
        for name, question in mark["questions"].items()
    }
    return {**mark, "score": sum(question["score"] for question in questions.values()), "questions": questions}


def _set(question, points, reason):
    return {**question, "score": points, "messages": [f"A person has set the points: {reason}", *question["messages"]]}


def sentences(marks: Mapping, given: Given, path: Path) -> list:
    """Return what the instructor should know: which rows hold, beside what the checks give, and which are nobody's."""
    rows = [
        f"{student} {name}: {points} (checks give {marks[student]['questions'][name]['score']})"
        for (student, name), (points, _) in given.points.items()
        if student in marks
    ]
    said = {f"{path} sets the points of": rows, f"{path} has rows for nobody in the class": given.strangers}
    return [f"{sentence}: {listed(found)}" for sentence, found in said.items() if found]
