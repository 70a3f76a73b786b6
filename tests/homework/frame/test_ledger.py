"""A run that is killed goes on where it stopped, and one question can be graded again alone."""

import contextlib
import os
import sqlite3
import threading
import time

import pytest
from homework_tests import mark_of

from pruning_lab.homework.frame.ledger import Ledger, one_grader


def test_a_ledger_knows_what_is_done_and_what_has_changed(tmp_path):
    tests = {"q1": "test", "q2": "test 2"}
    marks = {"notes": ["cell 3 stopped"], "questions": {"q1": mark_of(1), "q2": mark_of(2)}}
    first = Ledger(tmp_path / "marks.sqlite", tests)
    first.save("ann", {"a.ipynb": "x"}, marks)
    first.close()
    again = Ledger(tmp_path / "marks.sqlite", tests)
    class_ = {"ann": {"a.ipynb": "x"}, "bob": {}}
    assert again.waiting(class_) == {"bob": ["q1", "q2"]}
    assert list(again.waiting({**class_, "ann": {"a.ipynb": "y"}})) == ["ann", "bob"]
    assert again.all(class_) == {
        "ann": {name: {**q, "notes": marks["notes"]} for name, q in marks["questions"].items()}
    }
    assert again.instances == Ledger(tmp_path / "marks.sqlite", {}).instances


def test_one_question_is_graded_again_alone(tmp_path):
    ledger = Ledger(tmp_path / "marks.sqlite", {"q1": "test", "q2": "test 2"})
    ledger.save("ann", {}, {"notes": [], "questions": {"q1": mark_of(1), "q2": mark_of(2)}})
    changed = Ledger(tmp_path / "marks.sqlite", {"q1": "mended", "q2": "test 2"})
    assert changed.waiting({"ann": {}}) == {"ann": ["q1"]}
    assert ledger.forget("q3") == 0
    assert ledger.forget("q2") == 1
    assert ledger.waiting({"ann": {}}) == {"ann": ["q2"]}
    assert ledger.all({"ann": {}}) == {}  # half graded is not graded
    ledger.save("ann", {}, {"notes": [], "questions": {"q2": mark_of(0)}})
    assert {name: q["score"] for name, q in ledger.all({"ann": {}})["ann"].items()} == {"q1": 1, "q2": 0}


def marked(path):
    ledger = Ledger(path, {"q1": "test"})
    ledger.save("ann", {}, {"notes": [], "questions": {"q1": mark_of(1)}})
    ledger.close()


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b"no database at all" * 100),
        lambda path: os.truncate(path, 5000),
        lambda path: path.write_bytes(path.read_bytes()[:100] + b"\xff" * 4000 + path.read_bytes()[4100:]),
        lambda path: changed(path, "PRAGMA user_version = 7"),
        lambda path: changed(path, "DROP TABLE questions; CREATE TABLE questions (student TEXT)"),
        lambda path: changed(path, "UPDATE settings SET value = 'x'"),
    ],
    ids=["no database", "cut off", "overwritten", "of another version", "other tables", "no seed"],
)
def test_a_ledger_that_is_damaged_or_another_is_set_aside_and_that_is_said(damage, tmp_path):
    path = tmp_path / "marks.sqlite"
    marked(path)
    damage(path)
    content = path.read_bytes()
    ledger = Ledger(path, {"q1": "test"})
    (aside,) = (each for each in tmp_path.iterdir() if "set-aside" in each.name)
    assert aside.read_bytes() == content
    assert aside.name in ledger.set_aside
    assert "everybody is graded again" in ledger.set_aside
    assert ledger.waiting({"ann": {}}) == {"ann": ["q1"]}
    marked(path)
    assert Ledger(path, {"q1": "test"}).set_aside == ""


def changed(path, script):
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.executescript(script)


def test_a_row_that_cannot_be_read_is_graded_again_and_no_other(tmp_path):
    path = tmp_path / "marks.sqlite"
    marked(path)
    ledger = Ledger(path, {"q1": "test"})
    ledger.save("bob", {}, {"notes": [], "questions": {"q1": mark_of(1)}})
    changed(path, "UPDATE questions SET marks = '{\"score\": ' WHERE student = 'ann'")
    assert ledger.waiting({"ann": {}, "bob": {}}) == {"ann": ["q1"]}
    assert list(ledger.all({"ann": {}, "bob": {}})) == ["bob"]


def test_an_empty_file_is_a_new_ledger(tmp_path):
    (tmp_path / "marks.sqlite").write_bytes(b"")
    assert Ledger(tmp_path / "marks.sqlite", {"q1": "test"}).set_aside == ""


def test_the_second_grader_waits_for_the_first(tmp_path):
    said, order = [], []

    def second():
        with one_grader(tmp_path, said.append):
            order.append("second")

    with one_grader(tmp_path):
        waits = threading.Thread(target=second)
        waits.start()
        while not said:
            time.sleep(0.01)
        order.append("first")
    waits.join(10)
    assert order == ["first", "second"]
    assert "this one waits for it" in said[0]
