"""Lesson 02's experiments and pictures: schedules, zeros that stay, runs that repeat, an answer that follows."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from torch import nn

from pruning_lab import masks, models, plots, prune, train
from pruning_lab.lesson import magnitude, magnitude_pictures

TARGETS = st.floats(0, 1)


@pytest.fixture
def small(monkeypatch):
    """Networks and pictures so small that a run takes milliseconds."""
    real = magnitude.pictures
    few = {split: tuple(part[:300] for part in real("LeNet-300-100", split)) for split in ("train", "validation")}
    monkeypatch.setattr(magnitude, "pictures", lambda network, split: few[split])
    monkeypatch.setattr(magnitude, "NETWORKS", {"tiny": lambda: models.lenet_300_100(widths=(12, 8))})
    monkeypatch.setattr(magnitude, "DENSE_EPOCHS", {"tiny": 2})
    monkeypatch.setattr(magnitude, "RETRAINING_EPOCHS", {"tiny": 2})
    return few


@pytest.mark.parametrize("schedule", magnitude.SCHEDULES.values())
@given(steps=st.integers(3, 400), target=TARGETS)
@settings(max_examples=25, deadline=None)
def test_a_schedule_never_falls_and_ends_at_the_target_exactly(schedule, steps, target):
    due = [schedule(step, steps, target) for step in range(steps + 1)]
    assert due == sorted(due)
    assert due[0] >= 0
    assert due[-2:] == [target, target]


def test_rounds_prune_the_same_share_of_what_is_left():
    due = [magnitude.in_rounds(step, 30, 0.9) for step in (0, 9, 10, 19, 20, 29)]
    left = 1 - np.array(due[::2])
    assert due[::2] == due[1::2]
    np.testing.assert_allclose(left[1:] / left[:-1], left[0])


@pytest.mark.parametrize("schedule", magnitude.SCHEDULES)
def test_the_loop_prunes_what_is_due_and_no_weight_returns(small, schedule):
    torch.manual_seed(0)
    model, zeros, gone = models.lenet_300_100(widths=(12, 8)), [], []
    weights = prune.prunable_weights(model)

    def look(*_):
        zero = torch.cat([(weight == 0).flatten() for weight in weights.values()])  # as the last step left them
        zeros.append(int(zero.sum()))
        gone.append(zero)

    def watched(parameters, lr):  # not a subclass: torch would run the hooks of each class's step
        optimizer = torch.optim.Adam(parameters, lr=lr)
        optimizer.register_step_pre_hook(look)
        return optimizer

    real, train.ADAM = train.ADAM, watched
    try:
        held = magnitude.retrain_on_schedule(
            model, small["train"], magnitude.SCHEDULES[schedule], 0.9, epochs=10, seed=0, every=5
        )
    finally:
        train.ADAM = real
    total, steps = len(gone[0]), 30
    due = [magnitude.SCHEDULES[schedule](step - step % 5, steps, 0.9) for step in range(steps)]
    assert zeros == [round(sparsity * total) for sparsity in due]
    assert not any((before & ~after).any() for before, after in itertools.pairwise(gone))
    assert all((weights[name][~mask] == 0).all() for name, mask in held.items())
    assert sum(int((~mask).sum()) for mask in held.values()) == round(0.9 * total)


def test_each_layer_alone_prunes_the_same_share_of_each():
    model = nn.Sequential(nn.Linear(8, 5), nn.Linear(5, 10))
    assert {masks.sparsity_of(mask) for mask in magnitude.each_layer_alone(model, 0.2).values()} == {0.2}


def test_a_run_repeats_to_the_bit_and_can_be_loaded(small, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        folder.mkdir()
        result = magnitude.train_dense("tiny", repeat=0, seed=5, folder=folder)
    models_ = [magnitude.load("tiny", folder, 0) for folder in (one, two)]
    assert all(torch.equal(*pair) for pair in zip(*(m.state_dict().values() for m in models_), strict=True))
    assert result == {"validation": magnitude.accuracy(models_[0], "tiny")}
    magnitude.train_dense("tiny", repeat=0, seed=6, folder=two)
    assert not torch.equal(magnitude.load("tiny", two, 0).fc1.weight, models_[0].fc1.weight)


def test_without_retraining_nothing_but_zeros_changes(small, tmp_path):
    magnitude.train_dense("tiny", repeat=0, seed=5, folder=tmp_path)
    magnitude.prune_and_retrain("tiny", 0, magnitude.NONE, 0.8, seed=1, folder=tmp_path)
    dense, pruned = (magnitude.load("tiny", tmp_path, 0, *how) for how in ((), (magnitude.NONE, 0.8)))
    keep = masks.mask_global(prune.prunable_weights(dense), 0.8, by_magnitude=True)
    prune.apply_masks_(dense, keep)
    assert all(
        torch.equal(*pair) for pair in zip(dense.state_dict().values(), pruned.state_dict().values(), strict=True)
    )


def test_retrained_runs_start_from_the_dense_network_and_reach_their_sparsity(small, tmp_path):
    magnitude.train_dense("tiny", repeat=0, seed=5, folder=tmp_path)
    before = (tmp_path / "tiny-0-network.safetensors").read_bytes()
    magnitude.prune_and_retrain("tiny", 0, "cubic", 0.75, seed=1, folder=tmp_path)
    weights = prune.prunable_weights(magnitude.load("tiny", tmp_path, 0, "cubic", 0.75)).values()
    zeros = sum(int((weight == 0).sum()) for weight in weights)
    assert zeros == round(0.75 * sum(weight.numel() for weight in weights))
    assert (tmp_path / "tiny-0-network.safetensors").read_bytes() == before


@pytest.mark.parametrize("epochs", [0, 1])
def test_only_the_named_layer_is_pruned(small, tmp_path, monkeypatch, epochs):
    magnitude.train_dense("tiny", repeat=0, seed=5, folder=tmp_path)
    seen = []
    monkeypatch.setattr(magnitude, "accuracy", lambda model, network: seen.append(model) or 0.5)
    result = magnitude.prune_one_layer("tiny", 0, "fc2.weight", 0.5, epochs, seed=1, folder=tmp_path)
    zeros = {name: int((weight == 0).sum()) for name, weight in prune.prunable_weights(seen[0]).items()}
    assert result == {"validation": 0.5}
    assert zeros == {"fc1.weight": 0, "fc2.weight": 48, "fc3.weight": 0}


ROWS = [
    {"network": "tiny", "schedule": how, "sparsity": sparsity, "repeat": repeat, "result": {"validation": value}}
    for how, sparsity, repeat, value in [
        ("cubic", 0.9, 0, 0.1),
        ("cubic", 0.9, 1, 0.1),
        ("cubic", 0.9, 2, 0.1),
        ("cubic", 0.5, 0, 0.4),
        ("cubic", 0.5, 1, 0.5),
        ("cubic", 0.5, 2, 0.6),
        ("at once", 0.5, 0, 0.7),
    ]
]


def test_a_curve_has_its_sparsities_in_order_and_a_row_for_each_repeat():
    sparsities, accuracies = magnitude.curve(ROWS, schedule="cubic")
    assert sparsities == [0.5, 0.9]
    np.testing.assert_allclose(accuracies, [[0.4, 0.1], [0.5, 0.1], [0.6, 0.1]])
    assert magnitude.select(ROWS, schedule="at once") == [0.7]


def test_equal_accuracies_can_be_drawn():
    """Their mean must not be a rounding away from them: whiskers of negative length are refused."""
    plots.accuracy_curve({"cubic": magnitude.curve(ROWS, schedule="cubic")})


OPTIONS = {"0.7": 0.7, "0.5": 0.5, "0.3": 0.3, "less": 0.0}


@pytest.mark.parametrize(
    ("lost", "answer"),
    [
        ({}, "0.7"),
        ({("b", 0.7): 0.02}, "0.5"),
        ({("a", 0.5): 0.02}, "0.3"),
        ({("a", 0.5): 0.009}, "0.7"),
        ({("a", 0.3): 0.02}, "less"),  # a plateau ends at its first gap, whatever comes after
        ({("a", 0.7): 0.2, ("b", 0.3): 0.2}, "less"),
    ],
)
def test_the_answer_follows_what_was_measured(monkeypatch, lost, answer):
    def not_retrained(network, folder, sparsities):
        points = np.array([[0.8 - lost.get((network, s), 0.0) for s in sparsities]] * 3, np.float32)
        return {"one ranking": points, "each layer alone": points - 0.4}

    monkeypatch.setattr(magnitude, "NETWORKS", {"a": None, "b": None})
    monkeypatch.setattr(magnitude, "load", lambda *_: None)
    monkeypatch.setattr(magnitude, "accuracy", lambda *_: 0.8)
    monkeypatch.setattr(magnitude_pictures, "_not_retrained", not_retrained)
    found, (picture, table) = magnitude_pictures.plateau_reveal("", OPTIONS, (0.3, 0.5, 0.7))()
    assert found == answer
    assert picture.startswith("<img")
    assert "a, each layer alone" in table


def test_without_retraining_both_cuts_are_measured_for_each_repeat(small, tmp_path):
    for repeat in magnitude.REPEATS:
        magnitude.train_dense("tiny", repeat=repeat, seed=repeat, folder=tmp_path)
    measured = magnitude_pictures._not_retrained("tiny", tmp_path, (0.0, 0.6))
    for repeat in magnitude.REPEATS:
        model = magnitude.load("tiny", tmp_path, repeat)
        assert measured["one ranking"][repeat, 0] == pytest.approx(magnitude.accuracy(model, "tiny"))
        prune.apply_masks_(model, magnitude.each_layer_alone(model, 0.6))
        assert measured["each layer alone"][repeat, 1] == pytest.approx(magnitude.accuracy(model, "tiny"))


def test_the_storyboard_shows_what_the_masks_say():
    torch.manual_seed(0)
    model = models.lenet_300_100(widths=(12, 8))
    rows = [
        {**row, "network": "LeNet-300-100", "schedule": how} for row in ROWS[:6] for how in ("no retraining", "at once")
    ]
    frames = dict(magnitude_pictures.magnitude_frames(model, rows))
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
    figure = magnitude_pictures.two_questions(sparsity=0.5)
    left, right = figure.axes
    words = [text.get_text() for text in left.texts]
    taken = [int(text.split()[0]) for text in words if text.endswith("go")]
    assert sum(taken) == 24
    assert taken[0] > 8 > taken[2]
    assert [text.get_text() for text in (*left.texts, *right.texts) if len(text.get_text()) == 1] == list("ABCD")


def test_the_scan_has_a_panel_for_each_network_and_a_curve_for_each_layer():
    rows = [{**row, "layer": layer, "network": name} for row in ROWS[:6] for name in "ab" for layer in ("x", "y")]
    figure = magnitude_pictures.sensitivity_figure(rows, {"a": [0.8], "b": [0.7]})
    assert isinstance(figure, Figure)
    assert [len(axes.containers) for axes in figure.axes] == [2, 2]


def test_the_vgg_sees_pictures_of_half_the_size():
    whole, half = (magnitude.pictures(network, "validation")[0] for network in ("LeNet-300-100", "VGG"))
    by_hand = (whole[..., ::2, ::2] + whole[..., 1::2, ::2] + whole[..., ::2, 1::2] + whole[..., 1::2, 1::2]) / 4
    torch.testing.assert_close(half, by_hand)
