"""What widgets say is heard as well as seen."""

import ipywidgets

from pruning_lab.lesson.frame import view


def test_what_a_button_has_done_is_announced():
    assert view.message("Saved.").startswith('<div role="status" ')


def test_what_is_said_is_text_and_no_html():
    assert ">&lt;b&gt; ?<" in view.message("<b> \ud83d")


def test_a_choice_that_is_refused_keeps_nothing_else_from_the_kernel():
    """The page may still show the options of before: the kernel was busy."""
    choice, text = ipywidgets.Dropdown(options=["one"]), ipywidgets.Textarea()
    care = view.Care(ipywidgets.VBox([choice, text]))
    unsent = {choice.model_id: {"index": 4}, text.model_id: {"value": "whole"}, "of another output": {"value": "x"}}
    care._on_asked(care, {"asked": 1, "unsent": unsent}, [])
    assert (choice.value, text.value) == ("one", "whole")


def test_controls_are_read_one_after_another():
    class Comm:
        def _reply_subshell_for(self, data, default):
            return default

    view._read_in_order(Comm)
    view._read_in_order(object)  # a kernel that reads all of them in one place
    assert Comm()._reply_subshell_for({}, "beside the cell") is None


def test_long_lines_of_plain_text_end_between_words(monkeypatch):
    shown = []
    monkeypatch.setattr(view, "display", lambda data, raw: shown.append(data["text/plain"]))
    view.show_widget(ipywidgets.Label("x"), "a question\n- " + "well-known " * 20)
    first, *item = shown[0].splitlines()
    assert first == "a question"
    assert max(map(len, item)) <= view.WIDTH
    assert [line[:12] for line in item] == ["- well-known", *["  well-known"] * (len(item) - 1)]
    assert len(item) > 2
