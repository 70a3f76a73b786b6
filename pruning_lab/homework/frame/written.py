"""Written answers: a page to read them on, and the table that the reader's points go into.

Whoever reads sees no names: an answer goes by a code, and the answers stand in the order of their codes.
"""

import csv
import hashlib
import io
import json
import re

from pruning_lab.files import replacing
from pruning_lab.homework.frame.feedback import READ, READ_LATER
from pruning_lab.homework.frame.pages import as_html, page
from pruning_lab.homework.frame.roster import table_of

MISSING = "Its cell is missing: look into the notebook."
BLANK = "_Type your answer here, replacing this text._"  # what the release says in the place of an answer
LEFT_EMPTY = "Left empty."
CODE, COMMENT = "answer", "comment"  # the columns of the table that are not questions


def written_page(written, answers, again):
    """Return a page with every rubric, and below it all answers to that question but those left blank.

    Args:
        written: `Questions.written`.
        answers: {student: `written_questions` of their notebook}.
        again: students whose answer has changed since it was read.
    """
    codes = sorted((code_of(student, theirs), student) for student, theirs in answers.items())
    parts = [
        f"<p>Put the points into written.csv, in halves: one row for each code. The answers of {len(codes)} students "
        "are in no order; blank ones have 0 already and are not shown. A comment goes to the student.</p>"
    ]
    for name, question in written.items():
        parts.append(f"<h2>{name}, {question.points} points</h2>{as_html(question.heading)}{as_html(question.text)}")
        for code, student in codes:
            if not is_blank(answers[student], name):
                answer = answers[student][name].text if name in answers[student] else MISSING
                changed = " (changed since it was read)" if student in again else ""
                shown = f"<blockquote>{as_html(answer.replace(BLANK, '').strip())}</blockquote>"
                parts.append(f"<section><h3>{code}{changed}</h3>{shown}</section>")
    return page("Written answers", "".join(parts))


def is_blank(answers, name):
    """Whether a question was left as it was released, or empty; a cell that is missing is not known to be."""
    return name in answers and not re.search(r"\w", answers[name].text.replace(BLANK, ""))


def code_of(student, answers):
    """Return the code of a student's answers: one half changes with the student, the other with what they wrote.

    A # in front keeps it text in a spreadsheet.
    """
    return f"{_half(student)}-{_half(answers)[1:]}"


def _half(value):
    return "#" + hashlib.blake2b(json.dumps(value).encode(), digest_size=3).hexdigest()


def read_points(path, written):
    """Return {code of an answer: {question: points, None while missing}} from written.csv.

    Args:
        path: the table; there may be none yet.
        written: `Questions.written`.

    Raises:
        ValueError: points that are not a number in halves between 0 and those of the question.
    """
    return {
        row[CODE]: {name: _number(row, name, question.points, path) for name, question in written.items()}
        for row in _rows(path)
    }


def written_points(path, written, answers):
    """Return {student: {question: points, or None while some are missing}} from the table that a person fills in.

    The table gets a row for each answer that has none yet: a student who hands in another answer gets another row, so
    the points of the old one are not taken for it. A blank answer has 0 points. What is already in the table is never
    changed.

    Args:
        path: the table.
        written: `Questions.written`.
        answers: {student: `written_questions` of their notebook}.

    Raises:
        ValueError: points that are not a number in halves between 0 and those of the question.
    """
    if not written:
        return {student: {} for student in answers}
    given = read_points(path, written)
    codes = {student: code_of(student, answer) for student, answer in answers.items()}
    blank = {codes[student]: {name: 0.0 for name in written if is_blank(answers[student], name)} for student in answers}
    _add_rows(path, list(written), {code: blank[code] for code in sorted(blank) if code not in given})
    return {
        student: {
            name: points if points is not None else blank[code].get(name)
            for name, points in given.get(code, dict.fromkeys(written)).items()
        }
        for student, code in codes.items()
    }


def _add_rows(path, questions, codes):
    typed = path.read_bytes() if path.exists() else b""
    names, _, separator = table_of(path) if typed else ([CODE, *questions, COMMENT], [], ",")
    added = io.StringIO()
    writer = csv.writer(added, delimiter=separator, lineterminator="\n")
    if not typed:
        writer.writerow(names)
    for code, points in codes.items():
        row = {CODE: code, **{name: f"{number:g}" for name, number in points.items()}}
        writer.writerow([row.get(name, "") for name in names])
    if added.getvalue():
        between = b"\n" if typed and not typed.endswith(b"\n") else b""  # an editor may have left the last line open
        with replacing(path) as file:
            file.write(typed + between + added.getvalue().encode())


def sayings(path, written, answers):
    """Return {student: {question: list of what there is to say about that answer}}: the reader's comment at the end.

    Args:
        path: the table.
        written: {student: {question: points, or None}}, as `written_points` returns them.
        answers: {student: `written_questions` of their notebook}.
    """
    comments = {row[CODE]: row.get(COMMENT, "") for row in _rows(path)}
    said = {}
    for student, theirs in answers.items():
        comment = comments.get(code_of(student, theirs))
        said[student] = {
            name: [_state(theirs, name, points), *([comment] if comment else [])]
            for name, points in written[student].items()
        }
    return said


def _state(answers, name, points):
    if is_blank(answers, name) and not points:
        return LEFT_EMPTY
    return READ_LATER if points is None else READ


def to_read_again(path, answers):
    """Return the students with points for an older answer and none yet for the one they have handed in since."""
    filled = {row[CODE] for row in _rows(path) if any(_points_of(row))}
    read = {code.partition("-")[0] for code in filled}
    return [name for name, answer in answers.items() if _half(name) in read and code_of(name, answer) not in filled]


def strangers(path, students):
    """Return the codes in the table that belong to nobody in the class: typing errors, or students who left."""
    known = {_half(student) for student in students}
    return sorted({row[CODE] for row in _rows(path) if row[CODE].partition("-")[0] not in known})


def _points_of(row):
    return [text for name, text in row.items() if name not in (CODE, COMMENT)]


def _rows(path):
    if not path.exists():
        return []
    columns, rows, _ = table_of(path)
    if CODE not in columns:
        raise ValueError(f"{path} must have the column {CODE}; got {columns}")
    return [row for row in rows if row.get(CODE)]


def _number(row, name, most, path):
    text = row.get(name, "")
    if not text:
        return None
    number = float(text.replace(",", ".")) if re.fullmatch(r"\d+([.,]\d+)?", text) else -1
    if not 0 <= number <= most or number * 2 % 1:
        raise ValueError(f"{name} must be in [0, {most}], in halves; got {text!r} for {row[CODE]} in {path}")
    return number
