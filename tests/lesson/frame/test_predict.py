"""What a notebook shows: nothing is computed before Commit, nothing blocks, nothing typed is lost."""

from importlib import import_module
from typing import ClassVar

import ipywidgets
import pytest

from pruning_lab import lesson
from pruning_lab.lesson import journal, research, session

# `lesson.predict`, `lesson.practice` and `lesson.storyboard` are the functions; these are the modules they live in.
predict_module = import_module("pruning_lab.lesson.predict")
practice_module = import_module("pruning_lab.lesson.practice")
storyboard_module = import_module("pruning_lab.lesson.storyboard")


@pytest.fixture
def path(tmp_path, monkeypatch):
    path = tmp_path / "journal.json"
    monkeypatch.setenv("PRUNING_LAB_JOURNAL", str(path))
    return path


@pytest.fixture
def shown(monkeypatch):
    """The (widget, text) pairs that a call displays."""
    pairs = []
    for module in (predict_module, practice_module, research, storyboard_module):
        monkeypatch.setattr(module, "show_widget", lambda widget, text: pairs.append((widget, text)))
    return pairs


@pytest.fixture
def attended(monkeypatch):
    monkeypatch.delenv("PRUNING_LAB_UNATTENDED", raising=False)


def find(widget, kind, description=""):
    """All controls of a kind inside a widget whose description begins so."""
    inside = [found for child in getattr(widget, "children", ()) for found in find(child, kind, description)]
    return inside + ([widget] if isinstance(widget, kind) and widget.description.startswith(description) else [])


def test_start_says_what_it_runs_on(capsys):
    lesson.start("01")
    assert capsys.readouterr().out.startswith("Lesson 01 · seed 0 · one thread\n")


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (1, 'lesson must be a string such as "01"; got 1'),
        ("1", "lesson must be two digits such as \"01\"; got '1'"),
    ],
)
def test_start_refuses_what_is_not_a_lesson(value, error):
    with pytest.raises((TypeError, ValueError)) as caught:
        lesson.start(value)
    assert str(caught.value) == error


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
        monkeypatch.setattr(predict_module, "display", lambda page: pages.append(page.data))
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


class TestResearchRoom:
    OBJECTS: ClassVar = {kind: ["something"] for kind in research.KINDS if kind not in ("source", "claim")}

    def room(self, shown):
        lesson.research_room("01", self.OBJECTS)
        return shown[-1][0]

    def test_a_note_is_saved_and_found_again(self, shown, path):
        room = self.room(shown)
        find(room, ipywidgets.Textarea, "My question")[0].value = "Why 0.885?"
        find(room, ipywidgets.Textarea, "One next action")[0].value = "integrate by parts"
        find(room, ipywidgets.Button, "Save note")[0].click()
        again = self.room(shown)
        assert any("Why 0.885? → integrate by parts" in html.value for html in find(again, ipywidgets.HTML))

    def test_the_journal_is_written_as_markdown_on_request(self, shown, path):
        journal.append("note", lesson="01", question="Why 0.885?", next_action="", object="x")
        room = self.room(shown)
        find(room, ipywidgets.Button, "Write my journal")[0].click()
        assert "Why 0.885?" in path.with_suffix(".md").read_text(encoding="utf-8")
        assert any(f"Written to {path.with_suffix('.md')}" in html.value for html in find(room, ipywidgets.HTML))

    def test_an_empty_question_is_not_saved(self, shown, path):
        room = self.room(shown)
        find(room, ipywidgets.Button, "Save note")[0].click()
        assert any("Write a question first" in html.value for html in find(room, ipywidgets.HTML))
        assert journal.read() == []

    def test_a_note_that_cannot_be_saved_stays_in_its_box(self, shown, path, monkeypatch):
        room = self.room(shown)
        path.mkdir()  # a folder stands where the file should
        question = find(room, ipywidgets.Textarea, "My question")[0]
        question.value = "Why?"
        find(room, ipywidgets.Button, "Save note")[0].click()
        assert question.value == "Why?"
        assert any("could not be" in html.value for html in find(room, ipywidgets.HTML))

    def test_the_text_for_a_tutor_holds_question_evidence_and_sources(self, shown, path):
        room = self.room(shown)
        find(room, ipywidgets.Textarea, "My question")[0].value = "Why 0.885?"
        find(room, ipywidgets.Textarea, "Evidence")[0].value = "cell kept-norm"
        text = find(room, ipywidgets.Textarea, "Text to copy")[0].value
        assert all(part in text for part in ("Why 0.885?", "cell kept-norm", "https://arxiv.org/abs/1510.00149"))

    @pytest.mark.parametrize("change", [{"concept": []}, {"nonsense": ["x"]}])
    def test_every_kind_must_have_objects(self, change):
        with pytest.raises(ValueError, match="objects must hold something of each kind"):
            lesson.research_room("01", self.OBJECTS | change)


def test_hints_come_one_at_a_time(shown):
    lesson.practice(lambda answer: None, print, "look", "think", "do")
    box = shown[0][0]
    (button,) = find(box, ipywidgets.Button)
    (text,) = find(box, ipywidgets.HTML)
    seen = []
    for _ in range(3):
        button.click()
        seen.append([step in text.value for step in ("1. look", "2. think", "3. do")])
    assert seen == [[True, False, False], [True, True, False], [True, True, True]]
    assert button.disabled


def test_a_wrong_answer_gets_its_hints_too(shown):
    def wrong(answer):
        raise AssertionError("one too many")

    with pytest.raises(AssertionError, match=r"^print: one too many$") as caught:
        lesson.practice(wrong, print, "look", "think", "do")
    assert caught.value.__suppress_context__
    assert find(shown[0][0], ipywidgets.Button, "Hint 1 of 3")


def test_an_answer_that_raises_says_where(shown):
    with pytest.raises(ZeroDivisionError) as caught:
        lesson.practice(lambda answer: 1 / 0, print, "look", "think", "do")
    assert caught.value.__notes__ == ["This came from inside print, while it was being checked."]


def test_the_self_check_is_kept(shown, path):
    lesson.self_check("What do you tell them?")
    box = shown[0][0]
    find(box, ipywidgets.Textarea)[0].value = "the kernel must skip them"
    find(box, ipywidgets.Checkbox)[1].value = True
    find(box, ipywidgets.Button)[0].click()
    (entry,) = journal.read()
    assert (entry["answer"], entry["met"]) == ("the kernel must skip them", [practice_module.SELF_CHECK[1]])


def test_an_inquiry_answers_each_choice_in_its_own_words(shown):
    lesson.inquiry([("Where?", {"A": "a zero", "B": "a column"}, "B")])
    box = shown[0][0]
    choice = find(box, ipywidgets.RadioButtons)[0]
    replies = []
    for value in ("A", "B"):
        choice.value = value
        replies.append(find(box, ipywidgets.HTML)[-1].value)
    assert "Not quite. a zero" in replies[0]
    assert "Yes. a column" in replies[1]


def test_an_inquiry_needs_its_right_option():
    with pytest.raises(ValueError, match="the right option must be one of"):
        lesson.inquiry([("Where?", {"A": "a zero"}, "B")])


def test_moving_a_slider_changes_the_picture(shown):
    frames = [("one", lambda axes, sparsity: axes.bar([0], [sparsity]))] * 2
    lesson.storyboard(frames, alt="bars")
    box = shown[0][0]
    (picture,) = find(box, ipywidgets.HTML)
    pictures = [picture.value]
    for slider, value in ((ipywidgets.FloatSlider, 0.9), (ipywidgets.IntSlider, 2)):
        find(box, slider)[0].value = value
        pictures.append(picture.value)
    assert len(set(pictures)) == 3


def test_a_run_without_a_person_is_told_from_one_with(monkeypatch):
    monkeypatch.setenv("PRUNING_LAB_UNATTENDED", "1")
    assert not session.attended()
    monkeypatch.delenv("PRUNING_LAB_UNATTENDED")
    assert session.attended()
