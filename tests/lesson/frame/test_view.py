"""What widgets say is heard as well as seen."""

import ipywidgets

from pruning_lab.lesson.frame import view


def test_what_a_button_has_done_is_announced():
    assert view.message("Saved.").startswith('<div role="status" ')


def test_what_is_said_is_text_and_no_html():
    assert ">&lt;b&gt; ?<" in view.message("<b> \ud83d")


def test_long_lines_of_plain_text_end_between_words(monkeypatch):
    shown = []
    monkeypatch.setattr(view, "display", lambda data, raw: shown.append(data["text/plain"]))
    view.show_widget(ipywidgets.Label("x"), "a question\n- " + "well-known " * 20)
    first, *item = shown[0].splitlines()
    assert first == "a question"
    assert max(map(len, item)) <= view.WIDTH
    assert [line[:12] for line in item] == ["- well-known", *["  well-known"] * (len(item) - 1)]
    assert len(item) > 2
