"""What people read after grading: a student's feedback, the leaderboard, the written answers for who marks them."""

import csv
import hashlib
import json
import re
from html import escape

import mistune

STYLE = """body{font:16px/1.5 sans-serif;max-width:55em;margin:2em auto;padding:0 1em}
td,th{padding:.4em 1em .4em 0;text-align:left;vertical-align:top;border-top:1px solid #999}
section{border-top:1px solid #999}"""
HEADING = re.compile(r"### (\d+)\. (.*) \((\d+) points")
BEGIN, END = "<!-- BEGIN QUESTION -->", "<!-- END QUESTION -->"
READ, READ_LATER = "Read by a person.", "A person reads this later."
MISSING = "Its cell is missing: look into the notebook."
FORMATS = {"accuracy": "{:.4f}", "latency ratio": "{:.2f}"}  # of figures on the leaderboard

as_html = mistune.create_markdown(escape=True, plugins=["table"])  # what a student typed is text, never a tag


class Asked:
    """What an assignment asks.

    Args:
        solution: path of the solved notebook.

    Attributes:
        name: of the assignment.
        written: as `written_questions` returns it, where the text holds the rubric.
        titles: {question: its heading}.
    """

    def __init__(self, solution):
        cells = json.loads(solution.read_text(encoding="utf-8"))["cells"]
        self.name, self.written = solution.stem, written_questions(cells)
        found = (HEADING.search("".join(cell["source"])) for cell in cells if cell["cell_type"] == "markdown")
        self.titles = {f"q{heading[1]}": heading[2] for heading in found if heading}

    def title(self, question):
        """Return "1. Exactly so many" for "q1"; a question without a heading keeps its name."""
        known = self.titles.get(question)
        return f"{question.removeprefix('q')}. {known}" if known else question


def _page(title, body):
    title = escape(title)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
        f"<h1>{title}</h1>{body}</html>"
    )


def _table(names, rows):
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = "".join(
        f"<tr><th scope=row>{first}</th>{''.join(f'<td>{c}</td>' for c in rest)}</tr>" for first, *rest in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def feedback_page(student, mark, asked, written):
    """Return the page that a student gets: marks and messages, no test.

    Args:
        student: their name. mark: as `grading.grade` returns it.
        asked: an `Asked`. written: {question: points a person gave, or None}.
    """
    notes = "".join(f"<li>{escape(note)}</li>" for note in mark["notes"])
    rows = [
        (
            escape(asked.title(name)),
            f"{q['score']:g} of {q['points']:g}",
            "<br>".join(map(escape, q["messages"])) or "All passed.",
        )
        for name, q in mark["questions"].items()
    ]
    for name, points in written.items():
        got, said = ("–", READ_LATER) if points is None else (f"{points:g}", READ)
        rows.append((escape(asked.title(name)), f"{got} of {asked.written[name][0]}", said))
    body = f"<p>{_total(mark, asked, written)}</p>" + (f"<ul>{notes}</ul>" if notes else "")
    return _page(f"{asked.name}: feedback for {student}", body + _table(["question", "points", "what was seen"], rows))


def _total(mark, asked, written):
    checks = f"{mark['score']:g} of {mark['points']:g} points"
    if not written:
        return f"{checks}."
    most = sum(asked.written[name][0] for name in written)
    if None in written.values():
        return f"{checks} by checks; {most} more are given by a person."
    given = sum(written.values())
    total = f"{mark['score'] + given:g} of {mark['points'] + most:g}"
    return f"{checks} by checks, {given:g} of {most} by a person: {total}."


def leaderboard(marks):
    """Return rows (student, figures), best first, then those over a limit, then those without a file ({}).

    Empty where no test of the assignment measures anything.
    """
    measured = {
        student: next((q["figures"] for q in mark["questions"].values() if q.get("figures")), {})
        for student, mark in marks.items()
    }

    def place(row):
        return (not row[1], not row[1].get("within"), -row[1].get("accuracy", 0), row[0])

    return sorted(measured.items(), key=place) if any(measured.values()) else []


def leaderboard_table(rows):
    """Return (names of the columns, rows of text) of a leaderboard."""
    names = list(rows[0][1])
    return ["student", *names], [[student, *(_shown(name, figures) for name in names)] for student, figures in rows]


def leaderboard_page(rows):
    """Return the leaderboard as a page."""
    names, table = leaderboard_table(rows)
    return _page("Leaderboard", _table(names, [map(escape, row) for row in table]))


def _shown(name, figures):
    value = figures.get(name, "")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return FORMATS.get(name, "{}").format(value) if figures else ""


def written_questions(cells):
    """Return {"q6": (points, heading, text below it)} of the questions in a notebook that a person reads.

    Args:
        cells: of a notebook as JSON, of a submission or of the solution, where the text holds the rubric.
    """
    found, name = {}, None
    for cell in cells:
        source = "".join(cell["source"]).strip()
        if source.startswith(BEGIN):
            heading = HEADING.search(source)
            name = heading and f"q{heading[1]}"
            if name:
                found[name] = int(heading[3]), source.removeprefix(BEGIN).strip(), []
        elif source.startswith(END):
            name = None
        elif name:
            found[name][2].append(source)
    return {name: (points, heading, "\n\n".join(text)) for name, (points, heading, text) in found.items()}


def written_page(asked, answers, again):
    """Return a page with every rubric, and below it all answers to that question.

    Args:
        asked: an `Asked`.
        answers: {student: `written_questions` of their notebook}.
        again: students whose answer has changed since it was read.
    """
    parts = []
    for name, (points, heading, rubric) in asked.written.items():
        parts.append(f"<h2>{name}, {points} points</h2>{as_html(heading)}{as_html(rubric)}")
        for student, theirs in answers.items():
            answer = theirs[name][2] if name in theirs else MISSING
            changed = " (changed since it was read)" if student in again else ""
            parts.append(f"<section><h3>{escape(student)}{changed}</h3>{as_html(answer)}</section>")
    return _page("Written answers", "".join(parts))


def fingerprint(answer):
    """Return eight letters that change with a student's written answers; a # keeps them text in a spreadsheet."""
    return "#" + hashlib.blake2b(json.dumps(answer).encode(), digest_size=4).hexdigest()


def read_points(path, questions):
    """Return {(student, fingerprint of the answer): {question: points, None while missing}} from written.csv.

    Raises:
        ValueError: points that are no number between 0 and those of the question.
    """
    return {
        (row["student"], row["answer"]): {
            name: _number(row, name, most, path) for name, (most, *_) in questions.items()
        }
        for row in _rows(path)
    }


def written_points(path, questions, answers):
    """Return {student: {question: points, or None while some are missing}} from the table that a person fills in.

    The table gets a row for each answer that has none yet: a student who hands in another answer gets another row, so
    the points of the old one are not taken for it. What stands in the table is never changed.

    Args:
        path: the table. questions: `Asked.written`.
        answers: {student: `written_questions` of their notebook}.

    Raises:
        ValueError: points that are no number between 0 and those of the question.
    """
    if not questions:
        return {student: {} for student in answers}
    given, keys = read_points(path, questions), [(student, fingerprint(answer)) for student, answer in answers.items()]
    typed = path.read_text(encoding="utf-8") if path.exists() else ""
    with open(path, "a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["student", *questions, "answer"])
        if not typed:
            writer.writeheader()
        elif not typed.endswith("\n"):
            file.write("\n")  # an editor may have left the last line open
        writer.writerows({"student": key[0], "answer": key[1]} for key in keys if key not in given)
    return {key[0]: given.get(key, dict.fromkeys(questions)) for key in keys}


def to_read_again(path, answers):
    """Return the students with points for an older answer and none yet for the one they have handed in since."""
    filled = {(row["student"], row["answer"]) for row in _rows(path) if any(_points_of(row))}
    read = {student for student, _ in filled}
    return [name for name, answer in answers.items() if name in read and (name, fingerprint(answer)) not in filled]


def strangers(path, students):
    """Return the names in the table that nobody in the class has: typing errors, or students who left."""
    return sorted({row["student"] for row in _rows(path)} - set(students))


def _points_of(row):
    return [text for name, text in row.items() if name not in ("student", "answer")]


def _rows(path):
    if not path.exists():
        return []
    with open(path, encoding="utf-8-sig", newline="") as file:  # a spreadsheet may put its mark in front
        table = csv.DictReader(file)
        if not {"student", "answer"} <= set(table.fieldnames or ()):
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
