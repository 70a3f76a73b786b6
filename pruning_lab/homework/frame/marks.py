"""Everything that is written when a class has been graded: tables, feedback, a leaderboard, and what people read."""

import json
from pathlib import Path

from pruning_lab.homework.frame import leaderboard, lms
from pruning_lab.homework.frame.assignments import module_of
from pruning_lab.homework.frame.feedback import feedback_page
from pruning_lab.homework.frame.questions import Questions
from pruning_lab.homework.frame.submissions import written_answers
from pruning_lab.homework.frame.written import read_points, strangers, to_read_again, written_page, written_points


def write_marks(marks, folder, solution, submissions):
    """Write marks.csv, what people read, and for each student feedback as a page and as the JSON that Gradescope takes.

    Args:
        marks: as `grading.grade_all` returns them.
        folder: path; it is made where there is none.
        solution: path of the solved notebook: the questions' titles, and which of them a person reads (written.html,
            written.csv).
        submissions: as `read_submissions` returns them.

    Returns:
        What the instructor should know about written answers: a list of sentences.
    """
    folder, questions, table = Path(folder), Questions(Path(solution)), Path(folder) / "written.csv"
    folder.mkdir(parents=True, exist_ok=True)
    answers = {student: written_answers(submissions[student]) for student in marks}
    written, again = written_points(table, questions.written, answers), to_read_again(table, answers)
    if questions.written:
        (folder / "written.html").write_text(written_page(questions.written, answers, again), encoding="utf-8")
    lms.write_marks_table(folder / "marks.csv", marks, written)
    _write_feedback(folder, marks, questions, written)
    _write_leaderboard(folder, marks, questions.name)
    return _notes(table, written, again, submissions)


def check_written(folder, solution):
    """Raise ValueError where written.csv holds points that cannot be, before anything is graded."""
    read_points(Path(folder) / "written.csv", Questions(Path(solution)).written)


def _write_feedback(folder, marks, questions, written):
    for part in ("feedback", "gradescope"):
        (folder / part).mkdir(exist_ok=True)
    for student, mark in marks.items():
        page = feedback_page(student, mark, questions, written[student])
        (folder / "feedback" / f"{student}.html").write_text(page, encoding="utf-8")
        content = json.dumps(lms.gradescope(mark, questions, written[student]), indent=1)
        (folder / "gradescope" / f"{student}.json").write_text(content, encoding="utf-8")


def _write_leaderboard(folder, marks, assignment):
    if not leaderboard.measured(marks):
        return
    rules = module_of(assignment)
    names, rows = leaderboard.leaderboard_table(leaderboard.ranking(marks, rules.rank), rules.FORMATS)
    (folder / "leaderboard.html").write_text(leaderboard.leaderboard_page(names, rows), encoding="utf-8")
    lms.write_table(folder / "leaderboard.csv", names, rows)


def _notes(table, written, again, submissions):
    waits = [student for student, points in written.items() if None in points.values() and student not in again]
    said = {
        f"{table} waits for points of {len(waits)} written answers": waits,
        "The written answer has changed since it was read, and waits again": again,
        f"{table} has names that nobody in the class has": strangers(table, submissions),
    }
    return [f"{sentence}: {listed(names)}" for sentence, names in said.items() if names]


def listed(names, most=10):
    """Return names for a line of a terminal; of a large class the first ones.

    >>> listed(["ann", "bob", "cy"], most=2)
    'ann, bob and 1 more'
    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
