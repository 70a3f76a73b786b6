"""What a student is told: the marks of each question and why, never a test."""

from html import escape
from typing import NamedTuple

from pruning_lab.homework.frame.pages import page, table
from pruning_lab.homework.frame.text import line

PASSED, READ, READ_LATER = "All passed.", "Read by a person.", "A person reads this later."
MOST = 20  # messages of a question, or notes, that are shown


class Outcome(NamedTuple):
    """What one question has come to. `score` is None while a person has not read the answer yet."""

    title: str
    score: float | None
    points: float
    messages: list[str]


def outcomes(mark, questions, written, said=None):
    """Return an Outcome for each question: first those that checks mark, then those that a person reads.

    Args:
        mark: as `grading.grade` returns it.
        questions: the assignment's `Questions`.
        written: {question: points a person gave, or None}.
        said: {question: list of what there is to say about that answer}; without it, whether it has been read.
    """
    checked = [
        Outcome(questions.title(name), question["score"], question["points"], shown(question["messages"]) or [PASSED])
        for name, question in mark["questions"].items()
    ]
    said = said or {name: [READ_LATER if given is None else READ] for name, given in written.items()}
    read = [
        Outcome(questions.title(name), given, questions.written[name].points, shown(said[name]))
        for name, given in written.items()
    ]
    return checked + read


def shown(messages):
    """Return messages, or notes, as lines that only show themselves, and not more of them than anybody reads."""
    more = [f"… and {len(messages) - MOST} more."] if len(messages) > MOST else []
    return [line(message) for message in messages[:MOST]] + more


def total(mark, written, late=None):
    """Return all points that a student has, None while a person has not read every answer.

    Args:
        mark, written: as in `outcomes`.
        late: a `late.Late`, which may take a share, or None.
    """
    if None in written.values():
        return None
    return round((mark["score"] + sum(written.values())) * (1 - (late.share if late else 0)), 2)


def feedback_page(student, mark, questions, written, said=None, late=None):
    """Return the page that a student gets; the arguments are their name, and those of `outcomes` and `total`."""
    rows = [
        (
            escape(line(outcome.title)),
            f"{'–' if outcome.score is None else f'{outcome.score:g}'} of {outcome.points:g}",
            "<br>".join(map(escape, outcome.messages)),
        )
        for outcome in outcomes(mark, questions, written, said)
    ]
    notes = "".join(f"<li>{escape(note)}</li>" for note in shown(mark["notes"]))
    body = f"<p>{_total(mark, questions, written, late)}</p>" + (f"<ul>{notes}</ul>" if notes else "")
    body += table(["question", "points", "what was seen"], rows)
    return page(f"{questions.name}: feedback for {student}", body)


def _total(mark, questions, written, late):
    lateness = f" {late}" if late else ""
    checks = f"{mark['score']:g} of {mark['points']:g} points"
    if not written:
        return f"{checks}.{lateness}" + (f" That leaves {total(mark, written, late):g}." if late and late.share else "")
    most = sum(questions.written[name].points for name in written)
    if None in written.values():
        return f"{checks} by checks; {most} more are given by a person.{lateness}"
    given, all_ = sum(written.values()), mark["points"] + most
    earned = f"{checks} by checks, {given:g} of {most} by a person"
    return f"{earned}: {total(mark, written, late):g} of {all_:g}.{lateness}"
