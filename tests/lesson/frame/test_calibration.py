"""How often and how surely the learner was right: counted by hand, drawn with its counts, honest about few."""

import pytest

from pruning_lab import lesson
from pruning_lab.lesson.frame import calibration, journal
from pruning_lab.lesson.frame.calibration import first_predictions, shares


@pytest.fixture(autouse=True)
def _journal(tmp_path, monkeypatch):
    monkeypatch.setenv("PRUNING_LAB_JOURNAL", str(tmp_path / "journal.json"))
    monkeypatch.delenv("PRUNING_LAB_UNATTENDED", raising=False)


def prediction(question, choice, answer, confidence="certain", topic="time"):
    about = {"kind": "prediction", "question": question, "topic": topic}
    return {**about, "choice": choice, "answer": answer, "confidence": confidence}


ENTRIES = [
    prediction("a", "yes", "yes"),
    prediction("a", "no", "yes"),  # asked again: does not count
    prediction("b", "no", "yes"),
    prediction("c", "no", "no", confidence="a guess", topic="bytes"),
    prediction("d", "no", "no", confidence=None, topic="bytes"),
    {"kind": "note", "question": "e"},
]


def test_only_first_answers_count():
    assert [entry["question"] for entry in first_predictions(ENTRIES)] == ["a", "b", "c", "d"]


def test_shares_by_hand():
    first = first_predictions(ENTRIES)
    assert shares(first, "topic") == {"time": (1, 2), "bytes": (2, 2)}
    assert list(shares(first, "confidence", order=("a guess", "certain")).items()) == [
        ("a guess", (1, 1)),
        ("certain", (1, 2)),
    ]


def test_the_bars_are_the_shares():
    figure = calibration.calibration_figure({"certain": (1, 2)}, {"time": (1, 4), "bytes": (2, 2)})
    left, right = figure.axes
    assert [bar.get_width() for bar in left.patches] == [0.5]
    assert [bar.get_width() for bar in right.patches] == [0.25, 1.0]
    assert [text.get_text() for text in right.texts] == ["1 of 4", "2 of 2"]


def test_it_is_drawn_from_the_journal(monkeypatch, capsys):
    page = []
    monkeypatch.setattr(calibration.plots, "show", lambda picture, alt: page.append(alt))
    monkeypatch.setattr(calibration, "display", lambda html: page.append(html.data))
    for entry in ENTRIES:
        journal.append(**entry)
    lesson.calibration()
    assert page[0] == "a guess: 1 of 1 right; certain: 1 of 2 right; time: 1 of 2 right; bytes: 2 of 2 right"
    assert "Your first answers to 4 questions" in page[1]
    assert "4 answers are few" in capsys.readouterr().out


def test_what_was_seen_stands_beside_what_was_measured(monkeypatch, capsys):
    page = []
    monkeypatch.setattr(calibration.plots, "show", lambda picture, alt: None)
    monkeypatch.setattr(calibration, "display", lambda html: page.append(html.data))
    journal.append(**ENTRIES[0])
    lesson.calibration()
    assert len(page) == 1
    journal.append("observation", question="a", answer="yes", observation="5 of <them> moved")
    lesson.calibration()
    assert "does each sentence agree" in page[-1]
    assert '<td style="text-align:left">yes</td><td style="text-align:left">5 of &lt;them&gt; moved</td>' in page[-1]


def test_an_empty_journal_is_said(capsys):
    lesson.calibration()
    assert capsys.readouterr().out == "No prediction is in your journal yet. Commit one, and come back.\n"


def test_a_newer_journal_is_said(capsys):
    journal.journal_path().write_text('{"version": 99, "entries": []}', encoding="utf-8")
    lesson.calibration()
    assert "written by a newer version" in capsys.readouterr().out


def test_nobodys_journal_is_read_without_a_person(monkeypatch, capsys):
    monkeypatch.setenv("PRUNING_LAB_UNATTENDED", "1")
    monkeypatch.setattr(journal, "read", lambda: 1 / 0)
    lesson.calibration()
    assert "This cell shows how often" in capsys.readouterr().out
