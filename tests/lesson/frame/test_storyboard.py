"""Storyboards redraw when a slider moves."""

import ipywidgets

from lesson.frame.controls import find
from pruning_lab import lesson


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
