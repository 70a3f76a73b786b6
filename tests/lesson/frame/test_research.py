"""The research room: a note is saved and found again, and what cannot be saved stays in its box."""

from typing import ClassVar

import ipywidgets
import pytest

from lesson.frame.controls import find
from pruning_lab import lesson
from pruning_lab.lesson.frame import journal, research


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

    def test_the_browser_keeps_what_is_written_apart_from_that_of_other_lessons(self, monkeypatch, path):
        kept_by = []
        monkeypatch.setattr(research, "show_widget", lambda *_shown, about="": kept_by.append(about))
        for number in ("01", "02"):
            lesson.research_room(number, self.OBJECTS)
        assert len(set(kept_by)) == 2

    def test_the_journal_is_written_as_markdown_on_request(self, shown, path):
        journal.append("note", lesson="01", question="Why 0.885?", next_action="", object="x")
        room = self.room(shown)
        find(room, ipywidgets.Button, "Write my journal")[0].click()
        assert "Why 0.885?" in path.with_suffix(".md").read_text(encoding="utf-8")
        assert any(f"Written to {path.with_suffix('.md')}" in html.value for html in find(room, ipywidgets.HTML))

    def test_a_page_without_controls_lists_every_object(self, shown):
        lesson.research_room("01", self.OBJECTS)
        listed = shown[-1][1]
        assert "\nconcept:\n- something\nequation:\n" in listed
        assert "\nclaim:\n- Sorting the scores" in listed

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
        with pytest.raises(ValueError, match="objects must have entries of each kind"):
            lesson.research_room("01", self.OBJECTS | change)
