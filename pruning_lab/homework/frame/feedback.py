"""What a student is told: the marks of each question and why, never a test."""

from html import escape
from typing import NamedTuple

from pruning_lab.homework.frame.pages import page, table

PASSED, READ, READ_LATER = "All passed.", "Read by a person.", "A person reads this later."


class Outcome(NamedTuple):
    """What one question has come to. `score` is None while a person has not read the answer yet."""

    title: str
    score: float | None
    points: float
    messages: list[str]


def outcomes(mark, questions, written):
    """Return an Outcome for each question: first those that checks mark, then those that a person reads.

    Args:
        mark: as `grading.grade` returns it.
        questions: the assignment's `Questions`.
        written: {question: points a person gave, or None}.
    """
    checked = [
        Outcome(questions.title(name), question["score"], question["points"], question["messages"] or [PASSED])
        for name, question in mark["questions"].items()
    ]
    read = [
        Outcome(questions.title(name), given, questions.written[name].points, [READ_LATER if given is None else READ])
        for name, given in written.items()
    ]
    return checked + read


def feedback_page(student, mark, questions, written):
    """Return the page that a student gets; the arguments are those of `outcomes`, and the student's name."""
    rows = [
        (
            escape(outcome.title),
            f"{'–' if outcome.score is None else f'{outcome.score:g}'} of {outcome.points:g}",
            "<br>".join(map(escape, outcome.messages)),
        )
        for outcome in outcomes(mark, questions, written)
    ]
    notes = "".join(f"<li>{escape(note)}</li>" for note in mark["notes"])
    body = f"<p>{_total(mark, questions, written)}</p>" + (f"<ul>{notes}</ul>" if notes else "")
    body += table(["question", "points", "what was seen"], rows)
    return page(f"{questions.name}: feedback for {student}", body)


def _total(mark, questions, written):
    checks = f"{mark['score']:g} of {mark['points']:g} points"
    if not written:
        return f"{checks}."
    most = sum(questions.written[name].points for name in written)
    if None in written.values():
        return f"{checks} by checks; {most} more are given by a person."
    given = sum(written.values())
    total = f"{mark['score'] + given:g} of {mark['points'] + most:g}"
    return f"{checks} by checks, {given:g} of {most} by a person: {total}."
