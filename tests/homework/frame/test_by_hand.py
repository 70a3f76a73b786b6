"""Points that a person sets in place of those of the checks, for one student and with a reason."""

import pytest
from homework_tests import mark_of

from pruning_lab.homework.frame.by_hand import Given, read_by_hand, sentences, with_by_hand
from pruning_lab.homework.frame.feedback import feedback_page

MOST, KNOWN = {"q1": 2, "q2": 4}, {"s1": ["s1", "Ann Lee", "007", ""], "s2": ["s2", "Bo Li", ""], "=x": ["=x", "Bo Li"]}
HEAD = "student,question,points,reason\n"


class Titles:
    name, written = "hw", {}

    def title(self, name):
        return name


@pytest.fixture
def read(tmp_path):
    """A function that reads a table, as somebody has typed it, or one that is not there."""

    def read(text=None, encoding="utf-8"):
        if text is not None:
            (tmp_path / "by-hand.csv").write_bytes(text.encode(encoding))
        return read_by_hand(tmp_path / "by-hand.csv", MOST, KNOWN)

    return read


def test_a_table_without_rows_is_written_once_and_then_left_alone(read, tmp_path):
    assert read() == Given()
    assert (tmp_path / "by-hand.csv").read_text(encoding="utf-8").splitlines() == [HEAD.strip()]
    typed = HEAD + "ann lee,q2,3.5,a right idea\n"
    assert read(typed).points == {("s1", "q2"): (3.5, "a right idea")}
    assert (tmp_path / "by-hand.csv").read_text(encoding="utf-8") == typed


@pytest.mark.parametrize("who", ["s1", "Ann Lee", "ANN LEE", "007", "'=x", "=x"])
def test_a_student_goes_by_name_id_or_number(read, who):
    (key,) = read(f"{HEAD}{who},q1,2,seen\n").points
    assert key == ("=x" if "x" in who else "s1", "q1")


def test_a_spreadsheet_saves_it_in_its_own_way(read):
    table = "\ufeffreason;student;question;points\r\nschön;s1;q2;1,5\r\n"
    assert read(table).points == {("s1", "q2"): (1.5, "schön")}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("s1,q1,3,why", r"points must be in \[0, 2\] for q1; got '3' in .*by-hand.csv"),
        ("s1,q1,-1,why", r"points must be in \[0, 2\]"),
        ("s1,q1,,why", r"points must be in \[0, 2\]"),
        ("s1,q1,nan,why", r"points must be in \[0, 2\]"),
        ("s1,q6,1,why", r"question must be one of \['q1', 'q2'\], which checks mark; got 'q6'"),
        ("s1,q1,1,", "reason must say why s1 has different points, in .*by-hand.csv; got nothing"),
        ("Bo Li,q1,1,why", "student must be a name, id or number of one; got 'Bo Li', which 2 go by"),
    ],
)
def test_a_row_that_cannot_be_is_refused(read, row, message):
    with pytest.raises(ValueError, match=message):
        read(f"{HEAD}{row}\n")


def test_a_table_of_other_columns_is_refused(read):
    with pytest.raises(ValueError, match="must have the columns student, question, points, reason; reason is missing"):
        read("student,question,points\n")


def test_the_points_are_set_and_said_to_who_has_them_and_to_who_gives_them(tmp_path):
    questions = {"q1": mark_of(1), "q2": {**mark_of(0), "points": 4, "messages": ["wrong shape"]}}
    marks = {name: {"score": 1, "points": 6, "notes": [], "questions": questions} for name in ("s1", "s2")}
    given = Given({("s1", "q2"): (3, "a right <idea>"), ("gone", "q1"): (1, "x")}, ("zoe",))
    final = with_by_hand(marks, given)
    assert final["s2"] == marks["s2"]
    assert (final["s1"]["score"], final["s1"]["questions"]["q2"]["score"], marks["s1"]["score"]) == (4, 3, 1)
    page = feedback_page("s1", final["s1"], Titles(), {})
    assert "4 of 6 points" in page
    assert "A person has set the points: a right &lt;idea&gt;<br>wrong shape" in page
    path = tmp_path / "by-hand.csv"
    assert sentences(marks, given, path) == [
        f"{path} sets the points of: s1 q2: 3 (checks give 0)",
        f"{path} has rows for nobody in the class: zoe",
    ]
