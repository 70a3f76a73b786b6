"""Predictions: nothing is computed before Commit, an answer stays given, and the option follows what was measured."""

import ipywidgets
import pytest

from lesson.frame.controls import find
from pruning_lab import lesson
from pruning_lab.lesson.frame import journal, predict
from pruning_lab.lesson.frame.predict import option_around, option_naming


class Reveal:
    """A reveal that counts its calls."""

    calls = 0

    def __call__(self):
        self.calls += 1
        return "no", ["<p>measured</p>"]


class TestPredict:
    def ask(self, shown, reveal, **options):
        lesson.predict("Is it faster?", ["yes", "no"], reveal, topic="time", **options)
        box = shown[0][0]
        return box, *find(box, ipywidgets.RadioButtons), *find(box, ipywidgets.Button, "Commit")

    def test_nothing_is_computed_or_written_before_commit(self, shown, path, attended):
        reveal = Reveal()
        box, choice, confidence, commit = self.ask(shown, reveal)
        commit.click()  # disabled in the browser; the click of a script must not get through either
        choice.value = "yes"
        commit.click()
        assert (reveal.calls, journal.read()) == (0, [])
        assert commit.disabled
        confidence.value = "certain"
        assert not commit.disabled
        commit.click()
        assert reveal.calls == 1
        assert any("Measured: no (you predicted: yes)" in html.value for html in find(box, ipywidgets.HTML))
        (entry,) = journal.read()
        assert (entry["choice"], entry["answer"], entry["confidence"]) == ("yes", "no", "certain")

    def test_a_committed_answer_cannot_be_changed(self, shown, path, attended):
        reveal = Reveal()
        _, choice, commit = self.ask(shown, reveal, confidence=False)
        choice.value = "no"
        commit.click()
        assert choice.disabled
        assert commit.disabled
        commit.click()
        assert reveal.calls == 1

    def test_a_script_that_enables_the_button_gets_nothing(self, shown, path, attended):
        reveal = Reveal()
        box, choice, _, commit = self.ask(shown, reveal)
        choice.value, commit.disabled = "yes", False
        commit.click()
        assert (reveal.calls, journal.read()) == (0, [])
        assert not any("measured" in html.value for html in find(box, ipywidgets.HTML))

    def test_a_choice_changed_by_a_script_after_commit_is_not_the_one_kept(self, shown, path, attended):
        _, choice, commit = self.ask(shown, Reveal(), confidence=False)
        choice.value = "yes"
        commit.click()
        choice.value = "no"
        commit.disabled = False
        commit.click()
        assert [entry["choice"] for entry in journal.read()] == ["yes"]

    def test_the_reason_is_kept(self, shown, path, attended):
        box, choice, commit = self.ask(shown, Reveal(), confidence=False)
        choice.value = "no"
        commit.click()
        find(box, ipywidgets.Button, "Skip")[0].click()
        find(box, ipywidgets.Textarea, "Why?")[0].value = "its shape is the same"
        find(box, ipywidgets.Button, "Save reason")[0].click()
        assert journal.read()[-1]["reason"] == "its shape is the same"

    def test_a_reveal_that_fails_says_so_and_can_be_tried_again(self, shown, path, attended):
        def fails():
            raise RuntimeError("out of memory")

        box, choice, commit = self.ask(shown, fails, confidence=False)
        choice.value = "no"
        commit.click()
        assert any("out of memory" in html.value for html in find(box, ipywidgets.HTML))
        assert not commit.disabled

    def test_an_unattended_run_folds_the_reveal_up_and_writes_nothing(self, monkeypatch, path):
        monkeypatch.setenv("PRUNING_LAB_UNATTENDED", "1")
        pages = []
        monkeypatch.setattr(predict, "display", lambda page: pages.append(page.data))
        reveal = Reveal()
        lesson.predict("Is it faster?", ["yes", "no"], reveal, topic="time")
        assert "<details>" in pages[0]
        assert "<p>measured</p>" in pages[0]
        assert reveal.calls == 1
        assert not path.exists()

    @pytest.mark.parametrize("options", [[], ["yes"], ["yes", "yes"]])
    def test_options_must_be_two_distinct_answers(self, options):
        with pytest.raises(ValueError, match="options must be at least two distinct answers; got"):
            lesson.predict("Is it faster?", options, Reveal(), topic="time")


NAMING = {"another": None, "both": ["a", "b"], "a alone": ["a"], "none": []}


@pytest.mark.parametrize(
    ("found", "option"),
    [
        ({"a", "b"}, "both"),
        (["b", "a", "b"], "both"),  # neither order nor repetition matters
        ({"a"}, "a alone"),
        (set(), "none"),
        ({"b"}, "another"),  # a part of what an option names is not what it names
        ({"a", "b", "c"}, "another"),  # nor is more than that
    ],
)
def test_an_option_names_exactly_what_was_found(found, option):
    assert option_naming(NAMING, found) == option


def test_without_an_option_for_none_nothing_found_is_another_outcome():
    assert option_naming({"a alone": ["a"], "another": None}, set()) == "another"


AROUND = {"slower": (0, 1), "a little": (1, 1.2), "faster": (1.2, float("inf"))}


@pytest.mark.parametrize(
    ("value", "option"),
    [(0, "slower"), (0.999, "slower"), (1, "a little"), (1.2, "faster"), (1e300, "faster")],
)
def test_a_range_holds_its_low_end_and_not_its_high_one(value, option):
    assert option_around(AROUND, value) == option


def test_ranges_need_no_order():
    assert option_around(dict(reversed(AROUND.items())), 1.1) == "a little"


def test_an_outcome_that_no_option_has_is_said():
    with pytest.raises(ValueError, match=r"options must hold one for every outcome, .*; got none for \['a'\]"):
        option_naming({"none": []}, {"a"})
    for value in (2, float("nan")):
        with pytest.raises(ValueError, match=f"options must have a range .*; got none for {value}"):
            option_around({"low": (0, 1), "high": (1, 2)}, value)
