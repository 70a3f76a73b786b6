"""Points and feedback go back: each file is read as Canvas and Moodle read it, by their importers' rules."""

import csv
import re
import zipfile

import pytest
from hostile_text import HOSTILE, calculates

from pruning_lab.homework.frame.classroom import classroom
from pruning_lab.homework.frame.downloads import Origin
from pruning_lab.homework.frame.gradebooks import write_feedback_zips, write_gradebooks
from pruning_lab.homework.frame.lms import write_table
from pruning_lab.homework.frame.roster import NOBODY, read_roster

CANVAS = """Student,ID,SIS User ID,SIS Login ID,Integration ID,Section,hw1-masks (4711),Current Score
    Points Possible,,,,,,22.00,(read only)
"Doe, Jane",1234,S1,jdoe,,A,,
"Lee, Ann",77,S2,alee,,B,,
"Li, Bo",78,S3,bli,,B,,
"""
WORKSHEET = """Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,Last modified (grade)
Participant 657737,Jane Doe,jane@uni.edu,Submitted,,22.00,Yes,-
Participant 12,Zoë Müller,zoe@uni.edu,Submitted,,22.00,Yes,-
Participant 13,Bo Li,bo@uni.edu,No submission,,22.00,Yes,-
"""
TABLE = "name,id,email\nJane Doe,S1,jane@uni.edu\nBo Li,S3,bo@uni.edu\n"


def rows_of(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.reader(file, strict=True))


def imported_by_canvas(path, users):
    """Return {assignment: {user's number: grade}} as lib/gradebook_importer.rb reads the file.

    Args:
        users: {number: (SIS User ID, SIS Login ID, name)} of the course.
    """
    header, *rows = rows_of(path)
    assert len(header) > 3  # row_has_student_headers?
    assert "Student" in header[0]
    assert "ID" in header[1]
    columns = 3
    sis, login = None, None
    if re.search(r"SIS\s+Login\s+ID", header[2]):
        login, columns = 2, 4
    elif re.search(r"SIS\s+User\s+ID", header[2]) and re.search(r"SIS\s+Login\s+ID", header[3]):
        more = bool(re.search(r"Integration\s+ID", header[4]))
        sis, login, columns = 2, 3, 5 + more
    assert "Section" in header[columns - 1]  # last_student_info_column
    grades = {name: {} for name in header[columns:]}
    possible, *rows = rows
    assert "Points Possible" in possible[0]
    assert float(possible[columns]) == 22
    for row in rows:
        user = next((number for number in users if row[1] and int(re.match(r"\d*", row[1])[0] or 0) == number), None)
        for place, key in ((sis, 0), (login, 1), (0, 2)):
            if user is None and place is not None and row[place]:
                user = next((number for number, known in users.items() if known[key] == row[place]), None)
        assert user is not None, f"Canvas would make a new student of {row}"
        for name, grade in zip(header[columns:], row[columns:], strict=True):
            assert re.fullmatch(r"|EX|\d+(\.\d+)?", grade.strip())
            grades[name][user] = grade.strip()
    return grades


USERS = {1234: ("S1", "jdoe", "Doe, Jane"), 77: ("S2", "alee", "Lee, Ann"), 78: ("S3", "bli", "Li, Bo")}


def imported_as_worksheet(path):
    """Return {participant's number: grade} as mod/assign/feedback/offline/importgradeslib.php reads the file."""
    header, *rows = rows_of(path)
    place = {name: header.index(name) for name in ("Identifier", "Grade", "Last modified (grade)")}  # init()
    return {int(row[place["Identifier"]][len("Participant ") :]): row[place["Grade"]] for row in rows}


def imported_as_grades(path, key):
    """Return {identity: grade} as grade/import/csv/classes/load_data.php does, mapped from column `key`."""
    header, *rows = rows_of(path)
    header = [name.strip() for name in header]
    found = {}
    for row in rows:
        identity, grade = row[header.index(key)], row[-1]
        assert grade in ("", "-") or float(grade) <= 100  # or the whole import is refused
        if identity:  # a blank one is skipped
            found[identity] = None if grade in ("", "-") else float(grade)
    return found


@pytest.fixture
def written(tmp_path):
    """A function that writes gradebooks of a class, with a table as the roster, and returns the notes."""

    def write(totals, roster=None, origins=None, missing=True, **options):
        class_ = NOBODY
        if roster:
            (tmp_path / "roster.csv").write_text(roster, encoding="utf-8")
            class_ = read_roster(tmp_path / "roster.csv")
        room = classroom(totals, origins or {}, class_)
        totals = totals | dict.fromkeys(room.matched.missing, 0.0)
        return write_gradebooks(tmp_path, totals, room, "hw1-masks", 22, **options)

    return write


def test_canvas_takes_its_own_gradebook_back(written, tmp_path):
    origins = {"doejane_1234": Origin("canvas", "doejane", "1234"), "leeann_77": Origin("canvas", "leeann", "77")}
    written({"doejane_1234": 19.35, "leeann_77": None}, CANVAS, origins)
    got = imported_by_canvas(tmp_path / "gradebook-canvas.csv", USERS)
    assert got == {"hw1-masks (4711)": {1234: "19.35", 77: "", 78: "0"}}


def test_canvas_takes_a_class_without_a_roster(written, tmp_path):
    written({"doejane_1234": 20.0}, origins={"doejane_1234": Origin("canvas", "doejane", "1234")})
    assert imported_by_canvas(tmp_path / "gradebook-canvas.csv", USERS) == {"hw1-masks": {1234: "20"}}


def test_canvas_takes_a_roster_of_ones_own(written, tmp_path):
    written({"S1": 20.0, "Bo Li": 1.5}, TABLE, column="Homework 1 (99)")
    got = imported_by_canvas(tmp_path / "gradebook-canvas.csv", USERS)
    assert got == {"Homework 1 (99)": {1234: "20", 78: "1.5"}}


def test_moodle_takes_its_own_worksheet_back(written, tmp_path):
    origins = {"Jane Doe_657737": Origin("moodle", "Jane Doe", "657737"), "Zoë_12": Origin("moodle", "Zoë", "12")}
    assert written({"Jane Doe_657737": 19.35, "Zoë_12": 22.0}, WORKSHEET, origins) == []
    assert imported_as_worksheet(tmp_path / "gradebook-moodle.csv") == {657737: "19.35", 12: "22", 13: "0"}


def test_moodle_takes_a_class_without_a_roster(written, tmp_path):
    written({"Jane Doe_657737": 20.0}, origins={"Jane Doe_657737": Origin("moodle", "Jane Doe", "657737")})
    assert imported_as_worksheet(tmp_path / "gradebook-moodle.csv") == {657737: "20"}


@pytest.mark.parametrize("key", ["ID number", "Email address"])
def test_moodle_takes_a_roster_of_ones_own(written, tmp_path, key):
    written({"S1": 20.0, "Bo Li": None}, TABLE)
    got = imported_as_grades(tmp_path / "gradebook-moodle.csv", key)
    assert got == ({"S1": 20, "S3": None} if key == "ID number" else {"jane@uni.edu": 20, "bo@uni.edu": None})


def test_moodle_takes_names_of_folders_as_ids(written, tmp_path):
    written({"s1": 20.0})
    assert imported_as_grades(tmp_path / "gradebook-moodle.csv", "ID number") == {"s1": 20}


def test_nobody_gets_nought_while_it_is_open_whose_a_submission_is(written, tmp_path):
    (note,) = written({"somebody": 20.0, "Jane Doe": 3.0}, TABLE)
    assert imported_as_grades(tmp_path / "gradebook-moodle.csv", "ID number") == {"S1": 3, "S3": None}
    assert "leave blank the points of 1" in note


def test_another_maximum_in_moodle_is_said(written):
    notes = written({"Jane Doe": 3.0, "Zoë Müller": 3.0, "Bo Li": 1.0}, WORKSHEET.replace("22.00", "100"))
    assert notes == ["Moodle's Maximum Grade is 100, and 22 points can be earned: set it to 22 there"]


def test_of_two_submissions_of_one_student_the_better_one_counts(written, tmp_path):
    notes = written({"S1": 3.0, "Jane Doe": 20.0, "Bo Li": 1.0}, TABLE)
    assert imported_as_grades(tmp_path / "gradebook-moodle.csv", "ID number") == {"S1": 20, "S3": 1}
    assert notes == ["Handed in more than once under different names, of which the better one counts: Jane Doe"]


@pytest.mark.parametrize("name", HOSTILE, ids=repr)
def test_no_cell_of_any_table_calculates(written, tmp_path, name):
    written({name: 1.0}, origins={name: Origin("canvas", name, "1")})
    written({name: 1.0})
    write_table(tmp_path / "any.csv", [name], [[name, "x", name, 3]])
    for path in tmp_path.glob("*.csv"):
        rows = rows_of(path)
        assert len({len(row) for row in rows} - {4}) <= 1 or path.name == "any.csv"
        assert not [each for row in rows for each in row if calculates(each)]


def test_feedback_goes_back_under_names_that_each_system_reads(tmp_path):
    (tmp_path / "a.html").write_text("page")
    origins = {
        "a": Origin("canvas", "doe_jane", "1234", "98765"),
        "b": Origin("moodle", "Jane_Ann Doe/x", "657737"),
        "c": Origin(),
    }
    write_feedback_zips(tmp_path, dict.fromkeys(origins, tmp_path / "a.html"), classroom(origins, origins))
    (canvas,) = zipfile.ZipFile(tmp_path / "feedback-canvas.zip").namelist()
    numbers = [part for part in canvas.split("_") if part.isdigit()]  # infer_comment_context_from_filename
    assert numbers == ["1234", "98765"]
    (moodle,) = zipfile.ZipFile(tmp_path / "feedback-moodle.zip").namelist()
    folder, file = moodle.split("/")
    assert folder.split("_", 4)[1:4] == ["657737", "assignsubmission", "file"]  # is_valid_filename_for_import
    assert file == "feedback.html"
