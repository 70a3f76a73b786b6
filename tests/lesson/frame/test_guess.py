"""Guesses: what a block shows stays closed until somebody guesses or asks for it; alone, it is folded up."""

import ipywidgets
import pytest

from lesson.frame.controls import find
from pruning_lab import lesson
from pruning_lab.lesson.frame import guess, journal
from pruning_lab.lesson.frame.calibration import first_predictions, shares

OPTIONS = ["one", "seven"]


def ask(shown, options=OPTIONS, answer="one"):
    """Run a guess with somebody there; return its box, the choice, the confidence and both buttons."""
    with lesson.guess("How many go?", options, topic="ties") as found:
        print("exactly one")
        found.answer = answer
    box = shown[-1][0]
    radios = find(box, ipywidgets.RadioButtons)
    choice = (find(box, ipywidgets.Text) or radios)[0]
    return (
        box,
        choice,
        radios[-1],
        find(box, ipywidgets.Button, "Commit")[0],
        find(box, ipywidgets.Button, "Show it")[0],
    )


def opened(box):
    return [output for part in find_outputs(box) for output in part.outputs]


def find_outputs(widget):
    inside = [found for child in getattr(widget, "children", ()) for found in find_outputs(child)]
    return inside + ([widget] if isinstance(widget, ipywidgets.Output) else [])


def test_nothing_is_shown_before_a_guess(shown, path, attended, capsys):
    box, choice, confidence, commit, _ = ask(shown)
    commit.click()
    assert (opened(box), capsys.readouterr().out, journal.read()) == ([], "", [])
    choice.value, confidence.value = "seven", "certain"
    commit.click()
    assert [output["text"] for output in opened(box)] == ["exactly one\n"]
    (entry,) = journal.read()
    assert (entry["choice"], entry["answer"], entry["confidence"], entry["right"]) == ("seven", "one", "certain", False)
    assert shares(first_predictions(journal.read()), "topic") == {"ties": (0, 1)}


def test_it_can_be_opened_without_a_guess(shown, path, attended):
    box, *_, skip = ask(shown)
    skip.click()
    assert opened(box)
    assert journal.read() == []


@pytest.mark.parametrize(("written", "right"), [("0.36", True), ("0,35", True), ("0.4", False), ("a third", False)])
def test_a_number_can_be_written(shown, path, attended, written, right):
    box, line, confidence, commit, _ = ask(shown, None, 0.36)
    line.value, confidence.value = written, "a guess"
    commit.click()
    assert opened(box)
    assert [entry["right"] for entry in journal.read()] == [right]


def test_an_answered_question_says_so_the_next_time(shown, path, attended):
    _, choice, confidence, commit, _ = ask(shown)
    choice.value, confidence.value = "seven", "a guess"
    commit.click()
    box, *_ = ask(shown)
    assert any("you answered: seven. Measured then: one." in html.value for html in find(box, ipywidgets.HTML))


def test_an_error_in_the_block_is_shown_at_once(shown, attended, capsys):
    with pytest.raises(ValueError, match="broken"), lesson.guess("How many?", OPTIONS, topic="ties"):
        fail_after_a_line()
    assert capsys.readouterr().out == "so far so good\n"
    assert shown == []


def fail_after_a_line():
    print("so far so good")
    raise ValueError("broken")


def test_alone_it_folds_up_what_it_shows(monkeypatch, path):
    pages = []
    monkeypatch.setattr(guess, "display", lambda data, raw, metadata: pages.append((data, metadata)))
    ask_alone()
    ((page, metadata),) = pages
    question, _, answer = page["text/html"].partition("<details>")
    assert "exactly one" in answer
    assert "exactly one" not in question + page["text/plain"]
    assert metadata["folded"] == [{"output_type": "stream", "name": "stdout", "text": "exactly one\n"}]
    assert not path.exists()


def ask_alone(options=OPTIONS, answer="one"):
    with lesson.guess("How many go?", options, topic="ties") as found:
        print("exactly one")
        found.answer = answer


def test_a_number_finds_its_option(monkeypatch):
    answers = []
    monkeypatch.setattr(guess, "_fold", lambda _question, _options, answer, *_: answers.append(answer))
    ask_alone({"few": (0, 3), "many": (3, 9)}, 3)
    ask_alone({"both": ["a", "b"], "another": None}, {"b", "a"})
    assert answers == ["many", "both"]


@pytest.mark.parametrize(
    ("options", "answer", "said"),
    [
        (OPTIONS, "two", r"answer must be one of \['one', 'seven'\]; got 'two'"),
        (OPTIONS, None, "answer must be one of .*; got None"),
        (None, None, "answer must be set in the block; got None"),
        ({"few": (0, 3)}, 4, "options must have a range that contains every outcome"),
    ],
)
def test_a_block_must_find_an_answer(options, answer, said):
    with pytest.raises(ValueError, match=said):
        ask_alone(options, answer)


def test_what_a_lesson_must_find_stands_in_its_keys(monkeypatch):
    monkeypatch.setattr(guess, "expected", {"How many go?": ["seven", "none"]}.get)
    with pytest.raises(ValueError, match=r"answer must be 'seven' or 'none', as keys.toml has it; got 'one'"):
        ask_alone()


def test_a_learners_machine_may_find_otherwise(shown, path, attended, monkeypatch):
    monkeypatch.setattr(guess, "expected", {"How many go?": ["seven"]}.get)
    box, *_, skip = ask(shown)
    skip.click()
    assert [output["text"] for output in opened(box)] == ["exactly one\n"]


@pytest.mark.parametrize(
    ("metadata", "look"), [({"image/png": {"width": 480}}, ' style="width:480px; '), ({}, " src=")]
)
def test_a_figure_that_is_folded_up_is_as_wide_as_one_that_is_not(metadata, look):
    picture = {"data": {"image/png": "abc", "text/plain": "a line"}, "metadata": metadata}
    assert guess._html(picture).startswith(f'<img alt="a line"{look}')
