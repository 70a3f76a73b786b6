"""What widgets say is heard as well as seen."""

from pruning_lab.lesson.frame import view


def test_what_a_button_has_done_is_announced():
    assert view.message("Saved.").startswith('<div role="status" ')


def test_what_is_said_is_text_and_no_html():
    assert ">&lt;b&gt; ?<" in view.message("<b> \ud83d")
