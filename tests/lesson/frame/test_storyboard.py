"""Storyboards redraw when a slider moves; a visual inquiry answers each choice in its own words."""

import ipywidgets
import pytest

from lesson.frame.controls import find
from pruning_lab import lesson


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
