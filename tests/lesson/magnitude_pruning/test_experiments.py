"""Lesson 02's experiments: schedules that end at their target, zeros that stay, runs that repeat to the bit."""

import itertools
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from pruning_lab import masks, models, plots, prune, train
from pruning_lab.lesson.magnitude_pruning import experiments


@pytest.mark.parametrize("schedule", experiments.SCHEDULES.values())
@given(steps=st.integers(3, 400), target=st.floats(0, 1))
@settings(max_examples=25, deadline=None)
def test_a_schedule_never_falls_and_ends_at_the_target_exactly(schedule, steps, target):
    due = [schedule(step, steps, target) for step in range(steps + 1)]
    assert due == sorted(due)
    assert due[0] >= 0
    assert due[-2:] == [target, target]


def test_rounds_prune_the_same_share_of_what_is_left():
    due = [experiments.in_rounds(step, 30, 0.9) for step in (0, 9, 10, 19, 20, 29)]
    left = 1 - np.array(due[::2])
    assert due[::2] == due[1::2]
    np.testing.assert_allclose(left[1:] / left[:-1], left[0])


@pytest.mark.parametrize("schedule", experiments.SCHEDULES)
def test_the_loop_prunes_what_is_due_and_no_weight_returns(small, monkeypatch, schedule):
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

    monkeypatch.setattr(train, "fit", partial(train.fit, optimizer=watched))
    held = experiments.retrain_on_schedule(
        model, small["train"], experiments.SCHEDULES[schedule], 0.9, epochs=10, seed=0, every=5
    )
    total, steps = len(gone[0]), 30
    due = [experiments.SCHEDULES[schedule](step - step % 5, steps, 0.9) for step in range(steps)]
    assert zeros == [round(sparsity * total) for sparsity in due]
    assert not any((before & ~after).any() for before, after in itertools.pairwise(gone))
    assert all((weights[name][~mask] == 0).all() for name, mask in held.items())
    assert sum(int((~mask).sum()) for mask in held.values()) == round(0.9 * total)


def test_each_layer_alone_prunes_the_same_share_of_each():
    model = nn.Sequential(nn.Linear(8, 5), nn.Linear(5, 10))
    assert {masks.sparsity_of(mask) for mask in experiments.each_layer_alone(model, 0.2).values()} == {0.2}


def test_a_run_repeats_to_the_bit_and_can_be_loaded(small, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        folder.mkdir()
        result = experiments.train_dense("tiny", repeat=0, seed=5, folder=folder)
    models_ = [experiments.load("tiny", folder, 0) for folder in (one, two)]
    assert all(torch.equal(*pair) for pair in zip(*(m.state_dict().values() for m in models_), strict=True))
    assert result == {"validation": experiments.accuracy(models_[0], "tiny")}
    experiments.train_dense("tiny", repeat=0, seed=6, folder=two)
    assert not torch.equal(experiments.load("tiny", two, 0).fc1.weight, models_[0].fc1.weight)


def test_without_retraining_nothing_but_zeros_changes(small, tmp_path):
    experiments.train_dense("tiny", repeat=0, seed=5, folder=tmp_path)
    experiments.prune_and_retrain("tiny", 0, experiments.NONE, 0.8, seed=1, folder=tmp_path)
    dense, pruned = (experiments.load("tiny", tmp_path, 0, *how) for how in ((), (experiments.NONE, 0.8)))
    keep = masks.mask_global(prune.prunable_weights(dense), 0.8, by_magnitude=True)
    prune.apply_masks_(dense, keep)
    assert all(
        torch.equal(*pair) for pair in zip(dense.state_dict().values(), pruned.state_dict().values(), strict=True)
    )


def test_retrained_runs_start_from_the_dense_network_and_reach_their_sparsity(small, tmp_path):
    experiments.train_dense("tiny", repeat=0, seed=5, folder=tmp_path)
    before = (tmp_path / "tiny-0-network.safetensors").read_bytes()
    experiments.prune_and_retrain("tiny", 0, "cubic", 0.75, seed=1, folder=tmp_path)
    weights = prune.prunable_weights(experiments.load("tiny", tmp_path, 0, "cubic", 0.75)).values()
    zeros = sum(int((weight == 0).sum()) for weight in weights)
    assert zeros == round(0.75 * sum(weight.numel() for weight in weights))
    assert (tmp_path / "tiny-0-network.safetensors").read_bytes() == before


@pytest.mark.parametrize("epochs", [0, 1])
def test_only_the_named_layer_is_pruned(small, tmp_path, monkeypatch, epochs):
    experiments.train_dense("tiny", repeat=0, seed=5, folder=tmp_path)
    seen = []
    monkeypatch.setattr(experiments, "accuracy", lambda model, network: seen.append(model) or 0.5)
    result = experiments.prune_one_layer("tiny", 0, "fc2.weight", 0.5, epochs, seed=1, folder=tmp_path)
    zeros = {name: int((weight == 0).sum()) for name, weight in prune.prunable_weights(seen[0]).items()}
    assert result == {"validation": 0.5}
    assert zeros == {"fc1.weight": 0, "fc2.weight": 48, "fc3.weight": 0}


def test_a_curve_has_its_sparsities_in_order_and_a_row_for_each_repeat(rows):
    sparsities, accuracies = experiments.curve(rows, schedule="cubic")
    assert sparsities == [0.5, 0.9]
    np.testing.assert_allclose(accuracies, [[0.4, 0.1], [0.5, 0.1], [0.6, 0.1]])
    assert experiments.select(rows, schedule="at once") == [0.7]


def test_equal_accuracies_can_be_drawn(rows):
    """Their mean must not be a rounding away from them: whiskers of negative length are refused."""
    plots.accuracy_curve({"cubic": experiments.curve(rows, schedule="cubic")})


def test_the_vgg_sees_pictures_of_half_the_size():
    whole, half = (experiments.images_for(network, "validation")[0] for network in ("LeNet-300-100", "VGG"))
    by_hand = (whole[..., ::2, ::2] + whole[..., 1::2, ::2] + whole[..., ::2, 1::2] + whole[..., 1::2, 1::2]) / 4
    torch.testing.assert_close(half, by_hand)
