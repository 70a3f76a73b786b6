"""Text of strangers, where it goes."""

import pytest
from hostile_text import HOSTILE, calculates

from pruning_lab.homework.frame.text import cell, file_name, line, lines


@pytest.mark.parametrize("text", HOSTILE, ids=repr)
def test_no_cell_calculates_and_none_breaks_its_line(text):
    got = cell(text)
    assert not calculates(got)
    assert got.isprintable() or set(got) & set("\u200c\u200d")
    assert got.encode("utf-8")


def test_the_check_itself_sees_a_formula():
    assert all(map(calculates, ["=1", " \t=1", "a;=1", "\u200d@x", "＝1"]))
    assert not any(map(calculates, ["ann", "'=1", "-", "a-b"]))


def test_plain_text_and_numbers_stay_as_they_are():
    for value in ("Zoë O'Neil-Li", "shape (3, -1): got = 2", "-", "", 3, -1.5, None, "👩‍💻", "नमस्ते"):
        assert cell(value) == value


@pytest.mark.parametrize("text", HOSTILE, ids=repr)
def test_a_line_reaches_a_terminal_as_what_it_shows(text):
    assert all(
        letter.isprintable() or letter in "\u200c\u200d" for letter in line(text) + lines(text).replace("\n", "")
    )


def test_long_text_is_cut():
    assert len(line("x" * 10_000)) == 500


@pytest.mark.parametrize(
    "name",
    [
        "a/b",
        "..",
        ".",
        "",
        " ",
        "x" * 300,
        "张" * 85,
        "M\udcfcller",
        "\ud83d",
        "a\nb",
        "a\x00b",
        "con:",
        "a\\b",
        "\x1b[2J",
        "a. ",
    ],
    ids=repr,
)
def test_a_name_that_no_file_can_have_is_changed_to_one_that_is_its_own(tmp_path, name):
    got = file_name(name)
    (tmp_path / f"{got}.html").write_text("x")
    assert [path.name for path in tmp_path.iterdir()] == [f"{got}.html"]
    assert got != name
    assert file_name(got) == got


def test_names_that_differ_stay_apart_and_keep_their_ending():
    names = [
        "a/b.ipynb",
        "a:b.ipynb",
        "a_b.ipynb",
        "张" * 85 + ".ipynb",
        "张" * 86 + ".ipynb",
        "M\udcfc.ipynb",
        "M\udcfd.ipynb",
    ]
    assert len({file_name(name) for name in names}) == len(names)
    assert all(file_name(name).endswith(".ipynb") for name in names)
