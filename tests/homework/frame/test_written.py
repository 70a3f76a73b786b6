"""Points that a person gives: for the answer that was read, never for another."""

import pytest

from pruning_lab.homework.frame.questions import WrittenQuestion
from pruning_lab.homework.frame.written import read_points


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("ann,99,#1\n", r"q6 must be in \[0, 2\]; got '99' for ann in .*written.csv"),
        ("ann,-1,#1\n", "got '-1' for ann"),
        ("ann,nan,#1\n", "got 'nan' for ann"),
        ("ann,many,#1\n", "got 'many' for ann"),
        ('ann,"1,5",#1\n', r"write 1.5, with a point\); got '1,5' for ann"),
    ],
)
def test_points_that_cannot_be_are_refused(tmp_path, typed, message):
    (tmp_path / "written.csv").write_text(f"student,q6,answer\n{typed}", encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        read_points(tmp_path / "written.csv", {"q6": WrittenQuestion(2, "", "")})


def test_a_table_of_other_columns_is_refused(tmp_path):
    (tmp_path / "written.csv").write_text("student;q6;answer\nann;1;#1\n", encoding="utf-8")
    with pytest.raises(ValueError, match="must have the columns student and answer, between commas"):
        read_points(tmp_path / "written.csv", {"q6": WrittenQuestion(2, "", "")})
