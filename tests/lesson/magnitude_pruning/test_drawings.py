"""Lesson 02's drawings show what the masks and schedules say, at every sparsity."""

import pytest
import torch
from matplotlib.figure import Figure

from pruning_lab import masks, models, plots, prune
from pruning_lab.lesson.magnitude_pruning import drawings


def test_the_storyboard_shows_what_the_masks_say(rows):
    torch.manual_seed(0)
    model = models.lenet_300_100(widths=(12, 8))
    swept = [
        {**row, "network": "LeNet-300-100", "schedule": how} for row in rows[:6] for how in ("no retraining", "at once")
    ]
    frames = dict(drawings.magnitude_frames(model, swept))
    for sparsity in (0.0, 0.6, 0.95):
        axes = {title: plots.new_axes() for title in frames}
        for title, draw in frames.items():
            draw(axes[title], sparsity)
        keep = masks.mask_global(prune.prunable_weights(model), sparsity, by_magnitude=True)
        heights = [bar.get_height() for bar in axes["what each layer loses"].patches]
        assert heights == pytest.approx([masks.sparsity_of(mask) for mask in keep.values()])
        assert {line.get_ydata()[-1] for line in axes["when it is pruned"].lines} == {sparsity}
        cut = axes["one ranking over all layers"].lines[-1].get_xdata()[0]
        below = sum(int((weight.abs() < cut).sum()) for weight in prune.prunable_weights(model).values())
        assert below == round(sparsity * sum(mask.numel() for mask in keep.values()))


def test_the_first_picture_counts_what_one_cut_takes():
    figure = drawings.two_questions(sparsity=0.5)
    left, right = figure.axes
    words = [text.get_text() for text in left.texts]
    taken = [int(text.split()[0]) for text in words if text.endswith("go")]
    assert sum(taken) == 24
    assert taken[0] > 8 > taken[2]
    assert [text.get_text() for text in (*left.texts, *right.texts) if len(text.get_text()) == 1] == list("ABCD")


def test_the_scan_has_a_panel_for_each_network_and_a_curve_for_each_layer(rows):
    swept = [{**row, "layer": layer, "network": name} for row in rows[:6] for name in "ab" for layer in ("x", "y")]
    figure = drawings.sensitivity_figure(swept, {"a": [0.8], "b": [0.7]})
    assert isinstance(figure, Figure)
    assert [len(axes.containers) for axes in figure.axes] == [2, 2]
