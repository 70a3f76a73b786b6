"""Written answers: a page to read them on, and the table that the reader's points go into."""

import csv
import hashlib
import json
import re
from html import escape

from pruning_lab.homework.frame.pages import as_html, page

MISSING = "Its cell is missing: look into the notebook."
KEYS = {"student", "answer"}  # the columns of the table that are not questions


def written_page(written, answers, again):
    """Return a page with every rubric, and below it all answers to that question.

    Args:
        written: `Questions.written`.
        answers: {student: `written_questions` of their notebook}.
        again: students whose answer has changed since it was read.
    """
    parts = []
    for name, question in written.items():
        parts.append(f"<h2>{name}, {question.points} points</h2>{as_html(question.heading)}{as_html(question.text)}")
        for student, theirs in answers.items():
            answer = theirs[name].text if name in theirs else MISSING
            changed = " (changed since it was read)" if student in again else ""
            parts.append(f"<section><h3>{escape(student)}{changed}</h3>{as_html(answer)}</section>")
    return page("Written answers", "".join(parts))


def fingerprint(answer):
    """Return eight letters that change with a student's written answers; a # keeps them text in a spreadsheet."""
    return "#" + hashlib.blake2b(json.dumps(answer).encode(), digest_size=4).hexdigest()


def read_points(path, written):
    """Return {(student, fingerprint of the answer): {question: points, None while missing}} from written.csv.

    Args:
        path: the table; there may be none yet.
        written: `Questions.written`.

    Raises:
        ValueError: points that are not a number between 0 and those of the question.
    """
    return {
        (row["student"], row["answer"]): {
            name: _number(row, name, question.points, path) for name, question in written.items()
        }
        for row in _rows(path)
    }


def written_points(path, written, answers):
    """Return {student: {question: points, or None while some are missing}} from the table that a person fills in.

    The table gets a row for each answer that has none yet: a student who hands in another answer gets another row, so
    the points of the old one are not taken for it. What is already in the table is never changed.

    Args:
        path: the table.
        written: `Questions.written`.
        answers: {student: `written_questions` of their notebook}.

    Raises:
        ValueError: points that are not a number between 0 and those of the question.
    """
    if not written:
        return {student: {} for student in answers}
    given, keys = read_points(path, written), [(student, fingerprint(answer)) for student, answer in answers.items()]
    _add_rows(path, list(written), [key for key in keys if key not in given])
    return {key[0]: given.get(key, dict.fromkeys(written)) for key in keys}


def _add_rows(path, questions, keys):
    typed = path.read_text(encoding="utf-8") if path.exists() else ""
    with open(path, "a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["student", *questions, "answer"])
        if not typed:
            writer.writeheader()
        elif not typed.endswith("\n"):
            file.write("\n")  # an editor may have left the last line open
        writer.writerows({"student": student, "answer": answer} for student, answer in keys)


def to_read_again(path, answers):
    """Return the students with points for an older answer and none yet for the one they have handed in since."""
    filled = {(row["student"], row["answer"]) for row in _rows(path) if any(_points_of(row))}
    read = {student for student, _ in filled}
    return [name for name, answer in answers.items() if name in read and (name, fingerprint(answer)) not in filled]


def strangers(path, students):
    """Return the names in the table that nobody in the class has: typing errors, or students who left."""
    return sorted({row["student"] for row in _rows(path)} - set(students))


def _points_of(row):
    return [text for name, text in row.items() if name not in KEYS]


def _rows(path):
    if not path.exists():
        return []
    with open(path, encoding="utf-8-sig", newline="") as file:  # a spreadsheet may put its mark in front
        table = csv.DictReader(file)
        if not set(table.fieldnames or ()) >= KEYS:
            raise ValueError(f"{path} must have the columns student and answer, between commas; got {table.fieldnames}")
        return list(table)


def _number(row, name, most, path):
    text = (row.get(name) or "").strip()
    if not text:
        return None
    if not re.fullmatch(r"\d+(\.\d+)?", text) or float(text) > most:
        comma = " (write 1.5, with a point)" if "," in text else ""
        raise ValueError(f"{name} must be in [0, {most}]{comma}; got {text!r} for {row['student']} in {path}")
    return float(text)
