"""Points and feedback for the way back: files that Canvas and Moodle import as they are.

Canvas      gradebook-canvas.csv: the columns Student, ID, SIS User ID, SIS Login ID, Section, then one for the
            assignment; a row "Points Possible" on top. A student is found by ID, else by SIS User ID, SIS Login ID,
            name. Source: lib/gradebook_importer.rb of github.com/instructure/canvas-lms.
Moodle      gradebook-moodle.csv: the grading worksheet, of which Identifier, Grade and Last modified (grade) are read
            (mod/assign/feedback/offline/importgradeslib.php of github.com/moodle/moodle); where no participant's number
            is known, a table for "Grades, Import, CSV file", which finds a student by ID number or email address
            (grade/import/csv/classes/load_data.php).

A roster that one of them has exported goes back row by row, with the points in it.
"""

import zipfile
from typing import NamedTuple

from pruning_lab.files import replacing
from pruning_lab.homework.frame.lms import write_table
from pruning_lab.homework.frame.text import cell

CANVAS = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
WORKSHEET = ["Identifier", "Full name", "Email address", "Grade", "Maximum Grade", "Last modified (grade)"]
IMPORT = ["Full name", "ID number", "Email address"]
UNCHANGED = "gradebook-canvas.csv and gradebook-moodle.csv leave blank"


class _Line(NamedTuple):
    """One student for a gradebook: as a row of the roster or, without one, of what the download says."""

    name: str
    member: object
    origin: object
    points: str  # "" where nothing is to be imported yet


def write_gradebooks(folder, totals, room, assignment, most, column=None):
    """Write both files.

    Args:
        folder: path.
        totals: {student: all points, None while some are missing}.
        room: a `classroom.Classroom`.
        assignment: its name, which the column has where the roster names none.
        most: all points that there are.
        column: the name of the column in Canvas or Moodle, where it is not one that begins with `assignment`.

    Returns:
        What the instructor should know: a list of sentences.
    """
    lines = _lines(totals, room)
    columns = room.roster.columns
    name = column or next((each for each in columns if each.lower().startswith(assignment.lower())), assignment)
    write_table(folder / "gradebook-canvas.csv", *_canvas(lines, columns, name, most))
    write_table(folder / "gradebook-moodle.csv", *_moodle(lines, columns, name, most))
    return list(_notes(lines, room, most))


def _lines(totals, room):
    """Return a `_Line` for each member of the class; without a roster for each student."""
    if not room.roster.path:
        return [_Line(room.name(each) or each, None, room.origins.get(each), _points(totals[each])) for each in totals]
    best = {}
    for student, points in totals.items():
        for place in room.places(student):
            if points is None or (place in room.matched.missing.values() and room.matched.strangers):
                best.setdefault(place, None)  # 0 points only for who is known to have handed in nothing
            else:
                best[place] = max(points, best.get(place) or 0)
    members = enumerate(room.roster.members)
    return [_Line(member.name, member, _origin(place, room), _points(best.get(place))) for place, member in members]


def _origin(place, room):
    found = (room.origins.get(student) for student, places in room.matched.members.items() if place in places)
    return next((origin for origin in found if origin), None)


def _points(points):
    return "" if points is None else f"{round(points, 2):g}"


def _canvas(lines, columns, name, most):
    if {"Student", "ID", "Section"} <= {*columns}:
        head = columns[: columns.index("Section") + 1]
        rows = [[*(line.member.row.get(each, "") for each in head), line.points] for line in lines]
    else:
        head = CANVAS
        rows = [[line.name, *_canvas_ids(line), "", line.points] for line in lines]
    possible = ["    Points Possible", *[""] * (len(head) - 1), f"{most:g}"]
    return [*head, name], [possible, *rows]


def _canvas_ids(line):
    number = line.origin.number if line.origin and line.origin.system == "canvas" else ""
    if line.member is None:
        return number, "", ""
    get = line.member.get
    return number, get("sis user id", "id number", "sid", "student id", "id"), get("sis login id", "username", "email")


def _moodle(lines, columns, name, most):
    if {"Identifier", "Grade"} <= {*columns}:
        return columns, [
            [{**line.member.row, "Grade": line.points}.get(each, "") for each in columns] for line in lines
        ]
    if any(line.origin and line.origin.system == "moodle" for line in lines):
        return WORKSHEET, [
            [
                f"Participant {line.origin.number}",
                line.name,
                _get(line, "email address", "email"),
                line.points,
                most,
                "",
            ]
            for line in lines
            if line.origin and line.origin.system == "moodle"
        ]
    return [*IMPORT, name], [
        [
            line.name,
            _get(line, "id number", "sis user id", "sid", "student id", "id") or ("" if line.member else line.name),
            _get(line, "email address", "email", "sis login id"),
            line.points,
        ]
        for line in lines
    ]


def _get(line, *columns):
    return line.member.get(*columns) if line.member else ""


def _notes(lines, room, most):
    if blank := [line.name for line in lines if not line.points]:
        why = "answers wait to be read, or some submission belongs to nobody in the roster"
        yield f"{UNCHANGED} the points of {len(blank)} ({why})"
    asked = {line.member.row.get("Maximum Grade", "") for line in lines if line.member} - {""}
    if wrong := {each for each in asked if each.replace(",", ".").rstrip("0").rstrip(".") != f"{most:g}"}:
        theirs = ", ".join(sorted(wrong))
        yield f"Moodle's Maximum Grade is {theirs}, and {most:g} points can be earned: set it to {most:g} there"
    if twice := room.twice():
        yield f"Handed in more than once under different names, of which the better one counts: {', '.join(twice)}"


def write_feedback_zips(folder, pages, room):
    """Write feedback-moodle.zip or feedback-canvas.zip, where the download came from there, for all students at once.

    Moodle takes it by "Upload multiple feedback files in a zip", Canvas by "Re-upload submissions".

    Args:
        folder: path.
        pages: {student: path of their feedback}.
        room: a `classroom.Classroom`.
    """
    for system, name_of in (("moodle", _moodle_name), ("canvas", _canvas_name)):
        named = {student: room.origins.get(student) for student in pages}
        named = {student: origin for student, origin in named.items() if origin and origin.system == system}
        if named:
            with replacing(folder / f"feedback-{system}.zip") as file, zipfile.ZipFile(file, "w") as archive:
                for student, origin in named.items():
                    archive.write(pages[student], name_of(origin), zipfile.ZIP_DEFLATED)


def _moodle_name(origin):
    """As importziplib.php of mod/assign/feedback/file splits it: at underscores, the number second."""
    return (
        f"{cell(origin.name).replace('_', ' ').replace('/', ' ')}_{origin.number}_assignsubmission_file_/feedback.html"
    )


def _canvas_name(origin):
    """As `infer_comment_context_from_filename` reads it: the user's number, then that of a file of theirs."""
    return f"{origin.name.replace('_', '')}_{origin.number}_{origin.file or 0}_feedback.html"
