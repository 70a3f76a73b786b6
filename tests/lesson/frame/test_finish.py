"""A lesson's last line: what works, what was predicted well, what comes next."""

import pytest

from pruning_lab import lesson
from pruning_lab.lesson.frame import finish, journal, practice
from pruning_lab.lesson.frame.lessons import lessons


def prediction(topic, choice, answer="yes"):
    return {"kind": "prediction", "question": f"{topic}?", "topic": topic, "choice": choice, "answer": answer}


@pytest.mark.parametrize(
    ("exercises", "predictions", "line"),
    [
        ({}, [], "None of your functions is right yet. No question was answered. Next: lesson 02."),
        (
            {"my_mask": True, "my_csr_bytes": True, "my_shrink": True},
            [prediction("ties", "yes"), prediction("time", "no")],
            "my_mask, my_csr_bytes and my_shrink work. 1 of 2 first answers were right, all of them on ties. "
            "Next: lesson 02.",
        ),
        (
            {"my_mask": False, "my_csr_bytes": True, "my_shrink": False},
            [prediction("ties", "yes")],
            "my_csr_bytes works. 1 of 1 first answers were right. Next: my_mask and my_shrink, then lesson 02.",
        ),
    ],
    ids=["nothing yet", "all", "some"],
)
def test_the_line(exercises, predictions, line):
    assert finish.last_line(exercises, predictions, "01") == line


def test_after_the_last_lesson_comes_the_learners_own():
    assert finish.last_line({}, [], lessons()[-1].number).endswith("Next: a network of your own.")


def test_a_learner_hears_of_this_lesson_and_of_first_answers(path, monkeypatch, capsys):
    monkeypatch.delenv("PRUNING_LAB_UNATTENDED", raising=False)
    monkeypatch.setattr(practice, "_right", {"my_csr": len})
    monkeypatch.setattr(finish, "current", lambda: "03")
    for fields in (prediction("bytes", "no"), prediction("bytes", "yes"), prediction("zip", "yes")):
        journal.append(lesson="03", **fields)
    journal.append(lesson="04", **prediction("bandwidth", "yes"))
    lesson.finish()
    assert capsys.readouterr().out == (
        "my_csr works. 1 of 2 first answers were right, all of them on zip. Next: lesson 04.\n"
    )


def test_a_run_without_a_person_reads_no_journal(path, capsys):
    path.write_text("not a journal")
    lesson.finish()
    assert capsys.readouterr().out.startswith("This cell shows which of your functions now work")
