"""One sentence on what was seen: asked for once, before anything is explained, kept in the journal, easily skipped."""

import ipywidgets
import pytest

from lesson.frame.controls import find
from pruning_lab import lesson
from pruning_lab.lesson.frame import journal
from pruning_lab.lesson.frame.seen import Explanation

MEASURED, BECAUSE = "<p>seven went</p>", Explanation("<p>because they are equal</p>")


def predicted(shown):
    """Commit an answer to a prediction; return its box."""
    lesson.predict("How many?", ["one", "seven"], lambda: ("seven", [BECAUSE, MEASURED]), topic="ties")
    box = shown[-1][0]
    choice, confidence = find(box, ipywidgets.RadioButtons)
    choice.value, confidence.value = "one", "certain"
    find(box, ipywidgets.Button, "Commit")[0].click()
    return box


def texts(box):
    return "".join(html.value for html in find(box, ipywidgets.HTML))


def asks(box):
    return find(box, ipywidgets.Textarea, "What did you see?")


def test_nothing_is_explained_before_the_sentence(shown, path, attended):
    box = predicted(shown)
    assert MEASURED in texts(box)
    assert BECAUSE not in texts(box)
    assert find(box, ipywidgets.Textarea, "Why?") == []
    (line,) = asks(box)
    line.value = "all but one of eight went"
    find(box, ipywidgets.Button, "Save sentence")[0].click()
    assert BECAUSE in texts(box)
    assert find(box, ipywidgets.Textarea, "Why?")
    entry = journal.read()[-1]
    assert (entry["kind"], entry["observation"]) == ("observation", "all but one of eight went")
    assert (entry["question"], entry["answer"], entry["topic"]) == ("How many?", "seven", "ties")


def test_one_press_skips_it_and_leaves_nothing(shown, path, attended):
    box = predicted(shown)
    skip, save = (find(box, ipywidgets.Button, name)[0] for name in ("Skip", "Save sentence"))
    skip.click()
    assert asks(box) == []
    assert texts(box).count(BECAUSE) == 1
    skip.click()
    save.click()  # a script can press what is no longer shown
    assert texts(box).count(BECAUSE) == 1
    assert [entry["kind"] for entry in journal.read()] == ["prediction"]


def test_an_empty_sentence_is_not_saved_and_can_be_written_still(shown, path, attended):
    box = predicted(shown)
    find(box, ipywidgets.Button, "Save sentence")[0].click()
    assert "The observation is empty." in texts(box)
    assert BECAUSE not in texts(box)
    asks(box)[0].value = "seven"
    find(box, ipywidgets.Button, "Save sentence")[0].click()
    assert BECAUSE in texts(box)
    assert asks(box)[0].disabled


@pytest.mark.parametrize("press", ["Skip", "Save sentence"])
def test_nobody_is_asked_twice(shown, path, attended, press):
    box = predicted(shown)
    asks(box)[0].value = "seven"
    find(box, ipywidgets.Button, press)[0].click()
    again = predicted(shown)
    assert asks(again) == []
    assert BECAUSE in texts(again)
    assert find(again, ipywidgets.Textarea, "Why?")


def test_a_guess_asks_too_but_not_who_only_looked(shown, path, attended):
    def guessed(press):
        with lesson.guess("Which?", ["one", "seven"], topic="ties") as found:
            found.answer = "one"
        box = shown[-1][0]
        choice, confidence = find(box, ipywidgets.RadioButtons)
        choice.value, confidence.value = "one", "certain"
        find(box, ipywidgets.Button, press)[0].click()
        return box

    assert asks(guessed("Show it")) == []
    assert len(asks(guessed("Commit"))) == 1


def test_an_unattended_run_shows_the_explanation_where_it_stood(monkeypatch, path):
    pages = []
    monkeypatch.setattr(lesson.frame.predict, "display", lambda page: pages.append(page.data))
    lesson.predict("How many?", ["one", "seven"], lambda: ("seven", [BECAUSE, MEASURED]), topic="ties")
    assert f"{BECAUSE}{MEASURED}</details>" in pages[0]
    assert not path.exists()
