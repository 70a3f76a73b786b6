"""What people read after grading: a student's feedback, the leaderboard, the written answers for who marks them."""

import csv
import re
from html import escape

STYLE = """body{font:16px/1.5 sans-serif;max-width:55em;margin:2em auto;padding:0 1em}
td,th{padding:.4em 1em .4em 0;text-align:left;vertical-align:top;border-top:1px solid #999}
pre{white-space:pre-wrap;font:inherit}section{border-top:1px solid #999}"""
HEADING = re.compile(r"### (\d+)\. .*\((\d+) points")
BEGIN, END = "<!-- BEGIN QUESTION -->", "<!-- END QUESTION -->"


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


def feedback_page(student, mark):
    """Return the page that a student gets: marks and messages, no test."""
    notes = "".join(f"<li>{escape(note)}</li>" for note in mark["notes"])
    rows = [
        (
            escape(name),
            f"{q['score']:g} of {q['points']:g}",
            "<br>".join(map(escape, q["messages"])) or "All passed.",
        )
        for name, q in mark["questions"].items()
    ]
    body = f"<p>{mark['score']:g} of {mark['points']:g} points.</p><ul>{notes}</ul>"
    return _page(f"Feedback for {student}", body + _table(["question", "points", "what was seen"], rows))


def leaderboard(marks):
    """Return rows (student, figures) of those whose tests measured something, best first; those over a limit last."""
    measured = [
        (student, question["figures"])
        for student, mark in marks.items()
        for question in mark["questions"].values()
        if question.get("figures")
    ]
    return sorted(measured, key=lambda row: (not row[1]["within"], -row[1]["accuracy"], row[0]))


def leaderboard_page(rows):
    """Return the leaderboard as a page."""
    names = ["student", *rows[0][1]]
    cells = [(escape(student), *(_shown(value) for value in figures.values())) for student, figures in rows]
    return _page("Leaderboard", _table(names, cells))


def _shown(value):
    return "yes" if value is True else "no" if value is False else f"{value:.4g}" if isinstance(value, float) else value


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
                found[name] = int(heading[2]), source.removeprefix(BEGIN).strip(), []
        elif source.startswith(END):
            name = None
        elif name:
            found[name][2].append(source)
    return {name: (points, heading, "\n\n".join(text)) for name, (points, heading, text) in found.items()}


def written_page(solution, answers):
    """Return a page with every rubric, and below it all answers to that question.

    Args:
        solution: as `written_questions` returns it for the solved notebook.
        answers: {student: the same for a submission}.
    """
    parts = []
    for name, (points, heading, rubric) in solution.items():
        parts.append(f"<h2>{name}, {points} points</h2><pre>{escape(heading)}</pre><pre>{escape(rubric)}</pre>")
        for student, theirs in answers.items():
            answer = theirs[name][2] if name in theirs else "Its cell is missing: look into the notebook."
            parts.append(f"<section><h3>{escape(student)}</h3><pre>{escape(answer)}</pre></section>")
    return _page("Written answers", "".join(parts))


def written_points(path, questions, students):
    """Return {student: points, None while some are missing} from the table that a person fills in.

    The table gets a row for each student who has none yet; what stands in it is never changed.

    Raises:
        ValueError: points that are no number between 0 and those of the question.
    """
    rows = {}
    if path.exists():
        with open(path, encoding="utf-8", newline="") as file:
            rows = {row["student"]: row for row in csv.DictReader(file)}
    missing = [student for student in students if student not in rows]
    with open(path, "a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["student", *questions])
        if not rows and not file.tell():
            writer.writeheader()
        writer.writerows({"student": student} for student in missing)
    return {
        student: _sum(rows.get(student, {}), {name: points for name, (points, *_) in questions.items()}, path)
        for student in students
    }


def _sum(row, points, path):
    given = [(row.get(name) or "").strip() for name in points]
    if "" in given:
        return None
    for text, (name, most) in zip(given, points.items(), strict=True):
        if not re.fullmatch(r"\d+(\.\d+)?", text) or float(text) > most:
            raise ValueError(f"{name} must be in [0, {most}]; got {text!r} for {row['student']} in {path}")
    return sum(map(float, given))
