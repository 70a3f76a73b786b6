"""Who is in the class, as every system exports it, and whose a submission is."""

import pytest

from pruning_lab.homework.frame.classroom import classroom
from pruning_lab.homework.frame.downloads import Origin
from pruning_lab.homework.frame.late import Policy
from pruning_lab.homework.frame.roster import match, read_roster

CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,hw1-masks (4711)
    Points Possible,,,,,22.00
"Doe, Jane",1234,S1,jdoe,A,
"Lee, Ann",77,S2,alee,A,
"Student, Test",99,,x,A,
"""
MOODLE = """Identifier,Full name,Email address,Status,Grade,Maximum Grade,Last modified (grade)
Participant 657737,Jane Doe,jane@uni.edu,Submitted,,22,-
Participant 12,Zoë Müller,zoe@uni.edu,Submitted,,22,-
"""
GRADESCOPE = """First Name,Last Name,SID,Email,Role
Jane,Doe,007,jane@uni.edu,Student
Ann,Lee,008,ann@uni.edu,Student
Tom,Tutor,,tom@uni.edu,TA
"""


@pytest.fixture
def roster(tmp_path):
    """A function that reads a table as a roster."""

    def read(text, encoding="utf-8"):
        (tmp_path / "roster.csv").write_bytes(text.encode(encoding))
        return read_roster(tmp_path / "roster.csv")

    return read


@pytest.mark.parametrize(
    ("table", "names"),
    [
        (CANVAS, ["Doe, Jane", "Lee, Ann"]),
        (MOODLE, ["Jane Doe", "Zoë Müller"]),
        (GRADESCOPE, ["Jane Doe", "Ann Lee"]),
        ("student\nann\nbob\n", ["ann", "bob"]),
        ("student;id\nann;1\n\n;\n", ["ann"]),
        ("name\tid\nann\t1\n", ["ann"]),
    ],
)
def test_a_roster_is_read_as_it_was_exported(roster, table, names):
    assert [member.name for member in roster(table).members] == names
    assert [member.name for member in roster("\ufeff" + table.replace("\n", "\r\n")).members] == names


def test_excel_saves_in_letters_of_its_own(roster):
    assert roster("name;id\nMüller;1\n", "cp1252").members[0].name == "Müller"


def test_a_table_without_names_is_refused(roster, tmp_path):
    with pytest.raises(ValueError, match="ROSTER must have a column named student, name or full name; got"):
        roster("points\n1\n")
    with pytest.raises(FileNotFoundError, match="ROSTER must be a table of the class"):
        read_roster(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("table", "student", "origin", "name"),
    [
        (CANVAS, "doejane_1234", Origin("canvas", "doejane", "1234"), "Doe, Jane"),
        (MOODLE, "x_657737", Origin("moodle", "x", "657737"), "Jane Doe"),
        (
            GRADESCOPE,
            "submission_1",
            Origin("gradescope", people=({"name": "?", "sid": "008", "email": ""},)),
            "Ann Lee",
        ),
        (
            GRADESCOPE,
            "submission_1",
            Origin("gradescope", people=({"name": "J", "sid": "", "email": "JANE@uni.edu"},)),
            "Jane Doe",
        ),
        (GRADESCOPE, "007", None, "Jane Doe"),
        (GRADESCOPE, "jane", None, "Jane Doe"),  # what stands before the @
        (MOODLE, "Muller, Zoe", None, "Zoë Müller"),
        (CANVAS, "alee", None, "Lee, Ann"),
        (CANVAS, "1234", None, "Doe, Jane"),
    ],
)
def test_whose_a_submission_is(roster, table, student, origin, name):
    room = classroom([student], {student: origin} if origin else {}, roster(table))
    assert room.name(student) == name
    assert len(room.matched.missing) == 1
    assert room.said(1) == "1 of the 2 in the class handed in; 1 did not."


def test_a_number_of_another_system_is_nobodys(roster):
    """Canvas's user 12 is not Moodle's participant 12."""
    found = match(roster(MOODLE), ["x_12"], {"x_12": Origin("canvas", "x", "12")})
    assert found.strangers == ["x_12"]


def test_a_name_that_two_have_is_nobodys_and_one_student_under_two_names_is_said(roster):
    table = roster("name,id\nAnn Lee,1\nAnn Lee,2\nBo,3\n")
    found = match(table, ["Ann Lee", "Bo", "3"], {})
    assert found.strangers == ["Ann Lee"]
    assert len(set(found.missing)) == 2  # both have a row of their own
    assert classroom(["Bo", "3"], {}, table).twice() == ["Bo"]


def test_a_group_has_one_submission_and_all_of_them_have_handed_in(roster):
    people = ({"name": "Jane Doe", "sid": "", "email": ""}, {"name": "Ann Lee", "sid": "", "email": ""})
    room = classroom(["submission_1"], {"submission_1": Origin("gradescope", people=people)}, roster(GRADESCOPE))
    assert room.name("submission_1") == "Jane Doe and Ann Lee"
    assert room.matched.missing == {}


@pytest.mark.parametrize(
    ("table", "policy", "said"),
    [
        (
            None,
            None,
            ["Without ROSTER, anyone who handed in nothing has no row. Without POLICY, no late days are counted."],
        ),
        (None, Policy(), ["Without ROSTER, anyone who handed in nothing has no row."]),
        ("name\nann\n", None, ["Without POLICY, no late days are counted."]),
        ("name\nann\n", Policy(), []),
    ],
)
def test_what_a_run_was_not_given_is_said_by_that_run(roster, table, policy, said):
    room = classroom(["ann"], {}, *([roster(table)] if table else []), policy=policy)
    assert [line for line in room.sentences(1) if "ithout" in line] == room.left_out() == said


def test_a_name_of_the_policy_that_is_nobodys_is_said(roster):
    policy = Policy(granted={"ann lee": 2, "Zoe Nobody": 1}, days={"3": 1, "Benn": 4})
    room = classroom(["Ann Lee", "Bo"], {}, roster("name,id\nAnn Lee,1\nBo,3\n"), policy)
    assert room.unused == ("Zoe Nobody", "Benn")
    assert any("Nobody goes by these names" in each and "Benn" in each for each in room.sentences(2))
    assert classroom(["Ann Lee"], {}, policy=Policy(granted={"ANN LEE": 1})).unused == ()
