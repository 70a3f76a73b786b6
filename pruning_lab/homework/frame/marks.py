"""Everything that is written when a class has been graded: tables, feedback, a leaderboard, and what people read."""

import json
from pathlib import Path
from typing import NamedTuple
from unicodedata import normalize

from pruning_lab.homework.frame import changes, gradebooks, leaderboard, lms, summary
from pruning_lab.homework.frame.assignments import module_of
from pruning_lab.homework.frame.classroom import Classroom
from pruning_lab.homework.frame.feedback import feedback_page, total
from pruning_lab.homework.frame.questions import Questions
from pruning_lab.homework.frame.sandbox import Stopped
from pruning_lab.homework.frame.similar import similar
from pruning_lab.homework.frame.submissions import can_be_read, opened, written_answers
from pruning_lab.homework.frame.text import file_name, line, listed, write_text
from pruning_lab.homework.frame.unusual import unusual
from pruning_lab.homework.frame.written import (
    read_points,
    sayings,
    strangers,
    to_read_again,
    written_page,
    written_points,
)

MOST_CODE = 200_000  # letters of one student's code that are compared: ten times what anybody writes


class Told(NamedTuple):
    """What the instructor says beside: the column's name in Canvas or Moodle; why marks change; the code given."""

    column: str | None = None
    reasons: changes.Reasons = changes.Reasons()
    given: str = ""


class _Run(NamedTuple):
    """What all that is written is made from."""

    folder: Path
    questions: Questions
    marks: dict
    written: dict
    said: dict
    room: Classroom

    def total(self, student):
        return total(self.marks[student], self.written[student], self.room.lates.get(student))

    def arguments(self, student):
        """Return what `feedback_page` and `lms.gradescope` ask of a student."""
        said = self.said.get(student) or dict.fromkeys(self.written[student], self.marks[student]["notes"])
        return self.marks[student], self.questions, self.written[student], said, self.room.lates.get(student)

    @property
    def most(self):
        """All points that there are."""
        by_hand = sum(question.points for question in self.questions.written.values())
        return next(iter(self.marks.values()))["points"] + by_hand


def write_marks(marks, folder, solution, submissions, room=None, told=None):
    """Write marks.csv, the gradebooks, what people read, and for each student feedback: a page, and Gradescope's JSON.

    Args:
        marks: as `grading.grade_all` returns them, with those of who handed in nothing.
        folder: path; it is made where there is none.
        solution: path of the solved notebook: the questions' titles, and which of them a person reads (written.html,
            written.csv).
        submissions: as `read_submissions` returns them.
        room: a `Classroom`; without one nobody is known by more than the name of what they handed in.
        told: a `Told`.

    Returns:
        What the instructor should know: a list of sentences.
    """
    folder, questions, table = Path(folder), Questions(Path(solution)), Path(folder) / "written.csv"
    folder.mkdir(parents=True, exist_ok=True)
    there = [student for student in marks if student in submissions and can_be_read(submissions[student])]
    answers = {student: written_answers(submissions[student]) for student in there}
    nothing = {student: dict.fromkeys(questions.written, 0.0) for student in marks if student not in answers}
    written = nothing | written_points(table, questions.written, answers)
    run = _Run(folder, questions, marks, written, sayings(table, written, answers), room or Classroom())
    told, again = told or Told(), to_read_again(table, answers)
    changed = changes.write_changes(folder, marks, written, run.room.lates, told.reasons)
    lms.write_marks_table(folder / "marks.csv", marks, written, run.room)
    if questions.written:
        write_text(folder / "written.html", written_page(questions.written, answers, again))
    totals = {student: run.total(student) for student in marks}
    books = gradebooks.write_gradebooks(folder, totals, run.room, questions.name, run.most, told.column)
    _write_leaderboard(folder, marks, questions.name)
    look = _write_summary(run, submissions, told.given)
    notes = _notes(table, written, again, submissions) + books + look + _write_feedback(run)
    return notes + ([f"Changed since the last run: {changed}, each in {folder / 'changes.csv'}"] if changed else [])


def check_written(folder, solution):
    """Raise ValueError where written.csv holds points that cannot be, before anything is graded."""
    read_points(Path(folder) / "written.csv", Questions(Path(solution)).written)


def _write_feedback(run):
    """Write what each student gets; one whose page cannot be written is named, and keeps nobody else from theirs."""
    for part in ("feedback", "gradescope"):
        (run.folder / part).mkdir(exist_ok=True)
    pages, failed = {}, []
    for student in run.marks:
        name = file_name(student)
        try:
            write_text(
                run.folder / "feedback" / f"{name}.html",
                feedback_page(run.room.name(student) or student, *run.arguments(student)),
            )
            content = json.dumps(lms.gradescope(*run.arguments(student)), indent=1)
            write_text(run.folder / "gradescope" / f"{name}.json", content)
            pages[student] = run.folder / "feedback" / f"{name}.html"
        except OSError as error:
            failed.append(f"The feedback of {line(student)} could not be written: {line(error)}")
    gradebooks.write_feedback_zips(run.folder, pages, run.room)
    return failed + _take_away(run.folder, set(map(file_name, run.marks)))


def _take_away(folder, names):
    """Take away the feedback of who is not in this run, as after a file was renamed: it would be handed out as well."""
    pages = [*folder.glob("feedback/*.html"), *folder.glob("gradescope/*.json")]
    now = {normalize("NFC", name) for name in names}  # some file systems spell letters with accents in their own way
    old = [path for path in pages if normalize("NFC", path.stem) not in now]
    for path in old:
        path.unlink()
    gone = sorted({path.stem for path in old})
    return [f"Taken away, because they are not in this run: the feedback of {listed(gone)}"] if gone else []


def _write_leaderboard(folder, marks, assignment):
    if not leaderboard.measured(marks):
        return
    rules = module_of(assignment)
    names, rows = leaderboard.leaderboard_table(leaderboard.ranking(marks, rules.rank), rules.FORMATS)
    write_text(folder / "leaderboard.html", leaderboard.leaderboard_page(names, rows))
    lms.write_table(folder / "leaderboard.csv", names, rows)


def _write_summary(run, submissions, given):
    """Write how the class has done: of those who handed in something. Return what the instructor should know."""
    handed_in = {student: mark for student, mark in run.marks.items() if student in submissions}
    rows = summary.statistics_of(handed_in, run.questions)
    totals = [run.total(student) for student in handed_in]
    most, by = run.most, "in all"
    if None in totals:
        totals = [mark["score"] for mark in handed_in.values()]
        most, by = next(iter(run.marks.values()))["points"], "by checks, as long as written answers wait"
    code = {student: _code(submissions[student]) for student in handed_in}
    look = unusual(code, given)
    notes = [run.room.said(len(handed_in)), *run.room.left_out(), *(f"Late: {each}" for each in run.room.late_lines())]
    page = summary.summary_page(
        f"{run.questions.name}: the class", (totals, most, by), rows, notes, similar(code, given), look
    )
    write_text(run.folder / "summary.html", page)
    if rows:
        lms.write_table(run.folder / "questions.csv", list(rows[0]), [list(row.values()) for row in rows])
    names = listed([each.student for each in look])
    return [f"Worth a look, by words that no answer needs (summary.html has them): {names}"] if look else []


def _code(submission):
    try:
        return "\n".join(opened(submission)[0])[:MOST_CODE]
    except Stopped:
        return ""


def _notes(table, written, again, submissions):
    waits = [student for student, points in written.items() if None in points.values() and student not in again]
    said = {
        f"{table} waits for points of {len(waits)} written answers": waits,
        "The written answer has changed since it was read, and waits again": again,
        f"{table} has answers by nobody in the class": strangers(table, submissions),
    }
    return [f"{sentence}: {listed(names)}" for sentence, names in said.items() if names]
