"""Points that a person gives: for the answer that was read, never for another; read without a name."""

import pytest

from pruning_lab.homework.frame.questions import BEGIN, WrittenQuestion, written_questions
from pruning_lab.homework.frame.written import (
    BLANK,
    code_of,
    read_points,
    sayings,
    strangers,
    to_read_again,
    written_page,
    written_points,
)

ASKED = {"q6": WrittenQuestion(2, "### 6. Why? (2 points)", "**Rubric.** Two points.")}


def answers(**texts):
    return {name: {"q6": WrittenQuestion(2, "", text)} for name, text in texts.items()}


@pytest.mark.parametrize("typed", ["99", "-1", "nan", "many", "0.3", "1,25", "1e0", "=1"])
def test_points_that_cannot_be_are_refused(tmp_path, typed):
    (tmp_path / "written.csv").write_text(f'answer,q6\n#1,"{typed}"\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"q6 must be in \[0, 2\], in halves; got '.*' for #1 in .*written.csv"):
        read_points(tmp_path / "written.csv", ASKED)


@pytest.mark.parametrize(
    "table",
    [
        b"answer,q6\n#1,1.5\n",
        b"\xef\xbb\xbfanswer;q6\r\n#1;1,5\r\n",  # a spreadsheet in a country of decimal commas
        b"q6\tanswer\n1.50\t#1\n",
        b"answer;q6;comment\n#1;1,5;sch\xf6n\n",  # saved by Excel in the system's own letters
    ],
)
def test_a_table_is_read_however_a_spreadsheet_saves_it(tmp_path, table):
    (tmp_path / "written.csv").write_bytes(table)
    assert read_points(tmp_path / "written.csv", ASKED) == {"#1": {"q6": 1.5}}


def test_a_table_of_other_columns_is_refused(tmp_path):
    (tmp_path / "written.csv").write_text("student,q6\nann,1\n", encoding="utf-8")
    with pytest.raises(ValueError, match="must have the column answer; got"):
        read_points(tmp_path / "written.csv", ASKED)


def test_who_reads_sees_no_names_and_no_order(tmp_path):
    class_ = answers(**{f"pupil{number:02}": f"words {number}" for number in range(30)})
    written_points(tmp_path / "written.csv", ASKED, class_)
    page, table = written_page(ASKED, class_, []), (tmp_path / "written.csv").read_text(encoding="utf-8")
    assert "pupil" not in page + table
    shown = [int(part.split("<")[0]) for part in page.split("words ")[1:]]
    assert sorted(shown) == list(range(30)) != shown
    assert table.splitlines()[1:] == sorted(table.splitlines()[1:])


def test_a_blank_answer_has_nought_points_and_is_not_shown(tmp_path):
    class_ = answers(ann=BLANK, bob=" \n…", cy="Because.")
    points = written_points(tmp_path / "written.csv", ASKED, class_)
    assert points == {"ann": {"q6": 0}, "bob": {"q6": 0}, "cy": {"q6": None}}
    assert sayings(tmp_path / "written.csv", points, class_)["ann"] == {"q6": ["Left empty."]}
    assert f"{code_of('ann', class_['ann'])},0," in (tmp_path / "written.csv").read_text(encoding="utf-8")
    assert written_page(ASKED, class_, []).count("<section>") == 1


def test_what_the_release_says_in_the_place_of_an_answer_is_not_shown_with_it():
    page = written_page(ASKED, answers(ann=f"{BLANK}\n\nBecause."), [])
    assert "Because." in page
    assert "Type your answer" not in page


def test_a_comment_reaches_the_student_of_that_answer(tmp_path):
    class_ = answers(ann="Because.", bob="Because.")
    written_points(tmp_path / "written.csv", ASKED, class_)
    table = (tmp_path / "written.csv").read_text(encoding="utf-8")
    ann = code_of("ann", class_["ann"])
    (tmp_path / "written.csv").write_text(table.replace(f"{ann},,", f'{ann},2,"well, seen"'), encoding="utf-8")
    points = written_points(tmp_path / "written.csv", ASKED, class_)
    said = sayings(tmp_path / "written.csv", points, class_)
    assert said == {"ann": {"q6": ["Read by a person.", "well, seen"]}, "bob": {"q6": ["A person reads this later."]}}


def test_another_answer_waits_to_be_read_and_a_code_of_nobody_is_named(tmp_path):
    path, old, new = tmp_path / "written.csv", answers(ann="first"), answers(ann="second")
    path.write_text(f"answer,q6\n{code_of('ann', old['ann'])},2\n#000000-000000,1\n", encoding="utf-8")
    assert (to_read_again(path, old), to_read_again(path, new)) == ([], ["ann"])
    assert strangers(path, ["ann"]) == ["#000000-000000"]


def test_a_row_is_added_as_the_table_is_and_nothing_else_is_touched(tmp_path):
    path, class_ = tmp_path / "written.csv", answers(ann="Because.")
    typed = b"\xef\xbb\xbfcomment;q6;answer\r\nsch\xc3\xb6n;1,5;#1"
    path.write_bytes(typed)
    written_points(path, ASKED, class_)
    assert path.read_bytes() == typed + f"\n;;{code_of('ann', class_['ann'])}\n".encode()


@pytest.mark.parametrize(
    ("answer", "never"),
    [
        ("![a](https://spy.example/x.png)", "<img"),
        ("[here](https://spy.example)", "href"),
        ('<img src="https://spy.example">', "<img"),
        ("### ann", "<h3>ann"),
        ("# Written answers", "<h1>Written answers</h1>\n"),
        ("<script>alert(1)</script>", "<script"),
        ("\x1b[2Jgone", "\x1b"),
        ("half \ud83d of one", "\ud83d"),
        ("> " * 3000 + "deep", "Traceback"),
    ],
)
def test_an_answer_shows_its_words_and_does_nothing_else(answer, never):
    page = written_page(ASKED, answers(ann=answer), [])
    assert never not in page
    assert page.encode("utf-8")
    assert page.count("<h3>") == 1
    assert "default-src 'none'" in page


@pytest.mark.parametrize("heading", [f"### 6. Why? ({'9' * 5000} points)", "### 6. (" * 100_000])
def test_a_heading_of_a_students_own_stops_nobody(heading):
    """A number of 5,000 digits would end the marks of all; the search for the end of a heading would take hours."""
    cells = [
        {"cell_type": "markdown", "source": f"{BEGIN}\n{text}"} for text in (heading, "### 6. Why (me)? (2 points")
    ]
    assert written_questions(cells) == {"q6": WrittenQuestion(2, "### 6. Why (me)? (2 points", "")}


def test_an_answer_without_end_is_cut():
    page = written_page(ASKED, answers(ann="word " * 100_000), [])
    assert "cut here" in page
    assert len(page) < 30_000
