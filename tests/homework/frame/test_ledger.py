"""A run that is killed goes on where it stopped, and one question can be graded again alone."""

from homework_tests import mark_of

from pruning_lab.homework.frame.ledger import Ledger


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
