"""The leaderboard of an assignment whose tests measure something, as hw4's and hw5's do.

A test may return figures, a dict of numbers by name. How these are ranked and shown is for the assignment's module
to say: `rank(figures)` returns what to sort by, the best first, and FORMATS has the format of a column by its name.
"""

from html import escape

from pruning_lab.homework.frame.pages import page, table


def measured(marks):
    """Return {student: figures, {} for a student without}; empty where no test of the assignment measures anything.

    Args:
        marks: {student: marks}, each as `grading.grade` returns it.
    """
    found = {
        student: next((question["figures"] for question in mark["questions"].values() if question.get("figures")), {})
        for student, mark in marks.items()
    }
    return found if any(found.values()) else {}


def ranking(marks, rank):
    """Return rows (student, figures) of what was `measured`, the best first, at the end those without figures.

    Args:
        marks: {student: marks}.
        rank: function of figures that returns what to sort by.
    """
    return sorted(measured(marks).items(), key=lambda row: (not row[1], rank(row[1]) if row[1] else (), row[0]))


def leaderboard_table(rows, formats):
    """Return (names of the columns, rows of text) of a ranking. `formats`: {name of a column: format of its values}."""
    names = list(rows[0][1])
    shown = [[student, *(_shown(name, figures, formats) for name in names)] for student, figures in rows]
    return ["student", *names], shown


def _shown(name, figures, formats):
    value = figures.get(name, "")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return formats.get(name, "{}").format(value) if figures else ""


def leaderboard_page(names, rows):
    """Return what `leaderboard_table` returned as a page."""
    return page("Leaderboard", table(names, [map(escape, row) for row in rows]))
