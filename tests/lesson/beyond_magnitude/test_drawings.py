"""Lesson 08's drawings: points where the formulas put them, every frame at every sparsity, a mark for each seed."""

import numpy as np
import pytest
import torch

from pruning_lab import plots, reconstruct
from pruning_lab.lesson.beyond_magnitude import drawings
from pruning_lab.lesson.beyond_magnitude.experiments import Calibrated, Removal


def test_the_letters_of_the_valley_stand_where_the_formulas_put_them():
    axes = drawings.valley_picture()
    places = {text.get_text(): text.get_position() for text in axes.texts if len(text.get_text()) == 1}
    hessian = torch.from_numpy(drawings.VALLEY)
    row = torch.from_numpy(drawings.LOWEST)[None]
    adjusted = reconstruct.adjust_survivors(row, torch.tensor([[False, True]]), hessian)
    assert places["A"] == tuple(drawings.LOWEST)
    assert places["B"] == (0, drawings.LOWEST[1])
    assert places["C"] == pytest.approx(adjusted.weight[0].tolist())
    assert places["D"] == (drawings.LOWEST[0], 0)
    said = [text.get_text() for text in axes.texts if text.get_text().startswith("loss")]
    losses = [0, float(hessian[0, 0] / 2), float(adjusted.change), float(hessian[1, 1] * row[0, 1] ** 2 / 2)]
    assert said == [f"loss +{loss:.2f}" for loss in losses]
    assert sorted(losses) == [losses[place] for place in (0, 2, 1, 3)]  # A, C, B, D


def test_each_method_has_its_curve_and_obd_its_prediction():
    found = [Removal(m, s, s / 10, s / 20, 0.8, None) for m in ("OBD", "OBS") for s in (0.5, 0.3)]
    (axes,) = drawings.removal_curves(found).axes
    curves = {line.get_label(): line.get_xydata().tolist() for line in axes.lines}
    assert curves == {
        "OBD": [[0.3, 0.03], [0.5, 0.05]],
        "OBD, as it predicts": [[0.3, 0.015], [0.5, 0.025]],
        "OBS": [[0.3, 0.03], [0.5, 0.05]],
    }


def test_the_predictions_are_drawn_rule_by_rule():
    scores = {"magnitude": torch.tensor([1.0, 2.0]), "OBD": torch.tensor([0.1, 0.2])}
    figure = drawings.predictions_picture(scores, torch.tensor([0.1, 0.3]), {"magnitude": 0.82, "OBD": 1.0})
    assert [axes.get_title() for axes in figure.axes] == [
        "magnitude\nrank corr. 0.82",
        "OBD\nrank corr. 1.00",
    ]
    assert [len(axes.lines) for axes in figure.axes] == [1, 2]  # the diagonal is for OBD, whose unit is the loss


def test_calibration_is_drawn_inside_and_outside():
    found = [Calibrated("Wanda", 8, 0.1, 0.2), Calibrated("Wanda", 16, 0.1, 0.15)]
    solid, dashed, level = drawings.calibration_picture(found, 0.4).lines
    assert (solid.get_ydata().tolist(), dashed.get_ydata().tolist()) == ([0.2, 0.15], [0.1, 0.1])
    assert list(level.get_ydata()) == [0.4, 0.4]


def test_agreement_is_drawn_with_its_interval_and_the_dice_together():
    rows = [
        {"rule": rule, "mean kept": kept, "same": [0.2, 0.4 + kept / 10]}
        for rule in ("L1 norm", "dice 0", "dice 1")
        for kept in (False, True)
    ]
    axes = drawings.agreement_picture(rows)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["L1 norm", "dice, 2 throws"]
    assert len(axes.containers) == 6
    means = sorted({round(float(bar.lines[0].get_xdata()[0]), 3) for bar in axes.containers})
    assert means == [0.3, 0.35]
    assert axes.get_legend_handles_labels()[1] == ["just removed", "their mean kept"]


def test_a_bar_for_each_block_and_rule():
    axes = drawings.shift_picture({"one": np.array([0.1, 0.7]), "other": np.array([0.1, 0.2])})
    assert [bar.get_height() for bar in axes.patches] == [0.1, 0.7, 0.1, 0.2]


def test_each_seed_has_a_mark():
    rows = [{"seed": seed, "accuracy": {"dense": 0.8, "ticket": 0.7 + seed / 100}} for seed in range(3)]
    axes = drawings.seeds_picture(rows, ["ticket"], {"dense": "dense"})
    marks, mean, dense = axes.lines
    assert list(marks.get_xdata()) == [0.7, 0.71, 0.72]
    assert mean.get_xdata()[0] == pytest.approx(0.71)
    assert dense.get_xdata()[0] == pytest.approx(0.8)


@pytest.mark.parametrize("sparsity", [0.0, 0.5, 0.95])
def test_every_frame_draws_at_every_sparsity(sparsity):
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(200, 49, generator=generator)
    row = torch.randn(49, generator=generator, dtype=torch.float64)
    frames = drawings.surgery_frames(row, reconstruct.input_hessian(inputs))
    assert len(frames) == 4
    for _, draw in frames:
        draw(plots.new_axes(), sparsity)
    axes = plots.new_axes()
    frames[3][1](axes, sparsity)
    shown = axes.images[0].get_array()
    assert int(np.ma.getmaskarray(shown).sum()) == round(49 * sparsity)
