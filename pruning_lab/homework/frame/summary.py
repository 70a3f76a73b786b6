"""How a class has done: one page and one table for who teaches it, not for students."""

import re
from collections import Counter
from html import escape
from statistics import mean, median

from pruning_lab.homework.frame.feedback import shown
from pruning_lab.homework.frame.pages import page, table
from pruning_lab.homework.frame.text import line

OFTEN = 3  # messages of a question that are named
BARS = 10  # of the histogram
MOST_WORDS = 8  # of one student's code that are shown


def statistics_of(marks, questions):
    """Return a row for each question that checks mark, as a dict: by how many it was solved, and what went wrong.

    Args:
        marks: {student: marks}, each as `grading.grade` returns it, of those who handed in something.
        questions: the assignment's `Questions`.
    """
    names = list(next(iter(marks.values()))["questions"]) if marks else []
    return [_row(name, [mark["questions"][name] for mark in marks.values()], questions) for name in names]


def _row(name, found, questions):
    points, scores = found[0]["points"], [each["score"] for each in found]
    seconds = [each["seconds"] for each in found if "seconds" in each]
    row = {
        "question": line(questions.title(name)),
        "points": points,
        "mean": round(mean(scores), 2),
        "solved": sum(score == points for score in scores),
        "in part": sum(0 < score < points for score in scores),
        "not": sum(score == 0 for score in scores),
        "seconds": round(median(seconds), 1) if seconds else "",
        "longest": round(max(seconds), 1) if seconds else "",
    }
    return row | {f"often {place}": said for place, said in enumerate(_often(found), start=1)}


def _often(found):
    """Return the messages that most students got, and how many did; those that differ in numbers alone are one."""
    counted, example = Counter(), {}
    for each in found:
        kinds = {}
        for message in shown(each["messages"]):
            kinds.setdefault(re.sub(r"\d+(\.\d+)?", "0", message), message)
        counted.update(kinds.keys())  # students, however many tests have told them the same
        example = kinds | example
    said = [f"{number} x: {example[kind]}" for kind, number in counted.most_common(OFTEN)]
    return said + [""] * (OFTEN - len(said))


def summary_page(title, points, rows, notes, alike, unusual=()):
    """Return the page.

    Args:
        title: of the page.
        points: (those of each student who handed in something, the most that there are, which these are).
        rows: as `statistics_of` returns them.
        notes: what else is to be said, a list of sentences.
        alike: as `similar.similar` returns them.
        unusual: as `unusual.unusual` returns them.
    """
    body = "".join(f"<p>{escape(line(note))}</p>" for note in notes) + _histogram(*points)
    if rows:
        body += f"<h2>Questions</h2>{_questions(rows)}"
    return page(title, body + _alike(alike) + _unusual(unusual))


def _questions(rows):
    """Return the table of questions: what came often in one column, so that the numbers have room."""
    names = [name for name in rows[0] if not name.startswith("often")]
    cells = [[*(escape(str(row[name])) for name in names), "<br>".join(map(escape, _said(row)))] for row in rows]
    held = table([*names, "often"], cells)
    return f'<div class="wide" tabindex="0" role="region" aria-label="Questions">{held}</div>'


def _said(row):
    return [value for name, value in row.items() if name.startswith("often") and value]


def _histogram(totals, most, which):
    if not totals:
        return ""
    bins = Counter(min(int(BARS * total / most), BARS - 1) for total in totals)
    rows = [
        (
            f"{most * place / BARS:g} to {most * (place + 1) / BARS:g}",
            str(bins[place]),
            f'<meter max="{max(bins.values())}" value="{bins[place]}">{bins[place]}</meter>',
        )
        for place in range(BARS)
    ]
    said = f"Points {which}: mean {mean(totals):.1f}, median {median(totals):g} of {most:g}."
    return f"<h2>Points</h2><p>{said}</p>" + table(["points", "students", ""], rows)


def _unusual(found):
    if not found:
        return ""
    head = "<h2>Worth a look</h2><p>A hint, never a mark: no answer needs these words, but anyone who tries to reach "
    head += "beyond the homework does. They reached nothing, and earned nothing by it.</p>"
    rows = [(escape(line(each.student)), escape(line(", ".join(each.words[:MOST_WORDS])))) for each in found]
    return head + table(["student", "words in their code"], rows)


def _alike(alike):
    head = "<h2>Alike</h2><p>A hint to look, never a mark: students who worked together, or with one tool, look alike "
    head += "too.</p>"
    if not alike:
        return head + "<p>No two submissions share more than the whole class does.</p>"
    rows = [(f"{each.share:.0%}", escape(line("; ".join(each.students), 1000)), str(each.pieces)) for each in alike]
    return head + table(["of the smaller one's own code in the others", "students", "pieces compared"], rows)
