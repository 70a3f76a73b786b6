"""Lesson 05's networks, counts and pictures: what goes where, which option the reveal picks, the share that is left."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_model
from torch import nn

from pruning_lab import models
from pruning_lab.lesson import shrinking, shrinking_pictures


def test_li_et_al_round_up_what_goes():
    assert len(shrinking.by_norm(nn.Conv2d(3, 16, 3), 0.1)) == 14  # ceil(1.6) = 2 go
    assert len(shrinking.by_norm(nn.Conv2d(3, 64, 3), 0.5)) == 32


def test_keep_by_norm_names_every_convolution():
    keep = shrinking.keep_by_norm(models.vgg_small())
    assert {number: len(indices) for number, indices in keep.items()} == {1: 8, 2: 8, 3: 16, 4: 16, 5: 32, 6: 32}


def test_shrinking_leaves_its_argument_alone():
    model = models.vgg_small()
    small = shrinking.shrink_vgg(model, {6: [0, 1]})
    assert (small.linear.in_features, model.linear.in_features) == (2, 64)
    assert small(torch.zeros(2, 1, 28, 28)).shape == (2, 10)


def test_the_reveal_answers_with_what_is_counted():
    options = {"quarter": (0.2, 0.3), "half": (0.3, 0.6)}
    found, (table, picture) = shrinking.work_reveal(models.vgg_small(), torch.zeros(2, 1, 28, 28), options)()
    assert found == "quarter"
    assert "7,338,880" in table
    assert "0.25 of the multiplications" in picture


def test_the_tables_hold_what_was_counted_and_printed():
    networks = shrinking.published_networks()
    table = shrinking.network_table(shrinking.network_rows(networks))
    assert "206,279,680" in table
    assert "2.06e+08" in table
    layers = shrinking.layer_table(networks["VGG-16"], networks["VGG-16-A"])
    assert layers.count("<tr>") == 1 + len(shrinking.VGG16_LAYERS)
    assert "512 to 256" in layers


def test_the_steps_are_drawn_as_measured():
    rows, control = shrinking.channel_steps([4, 5], images=1, side=4, inputs=2, repeats=2)
    axes = shrinking_pictures.steps_picture(rows)
    assert list(rows) == [4, 5]
    assert control.name == "4 again"
    step = rows[5].median / rows[4].median
    assert shrinking.step_between(rows, 4, 5).startswith(f"4 to 5 filters: {step:.2f} times")
    assert np.allclose(axes.lines[0].get_ydata(), [row.median * 1e3 for row in rows.values()])


@pytest.mark.parametrize("sparsity", [0.0, 0.5, 0.95])
def test_every_frame_draws_at_every_sparsity(sparsity):
    frames = shrinking_pictures.shrinking_frames(nn.Conv2d(2, 8, 3), nn.Conv2d(8, 4, 3))
    for _, draw in frames:
        draw(shrinking_pictures.plots.new_axes(), sparsity)
    axes = shrinking_pictures.plots.new_axes()
    frames[3][1](axes, 0.5)
    assert [bar.get_height() for bar in axes.patches] == [0.5, 0.5, 0.25]


def test_the_pair_of_layers_says_what_remains():
    left, right = shrinking_pictures.pair_picture().axes
    assert (left.get_xlabel(), right.get_xlabel()) == ("C   5 x 6 remain", "D   5 x 5 remain")


def test_results_are_drawn_with_the_range_of_the_runs():
    axes = shrinking_pictures.results_picture([0.25, 0.5], {"retrained": [[0.8, 0.6], [0.9, 0.6]]}, 0.9)
    (curve,) = axes.containers
    assert np.allclose(curve.lines[0].get_ydata(), [0.85, 0.6])
    assert np.allclose([bar[:, 1] for bar in curve.lines[2][0].get_segments()], [[0.8, 0.9], [0.6, 0.6]])


def test_the_small_network_has_the_shape_and_the_epochs_of_the_pruned_one(tmp_path, monkeypatch):
    trained = []
    monkeypatch.setattr(shrinking.train, "fit", lambda model, images, epochs, **_: trained.append((model, epochs)))
    save_model(models.vgg_small(), tmp_path / "dense.safetensors")
    accuracies = shrinking.against_small(tmp_path / "dense.safetensors", fraction=0.75, repeat=0, seed=3)
    (pruned, one), (small, three) = trained
    assert (one, three) == (1, 3)
    assert [p.shape for p in pruned.parameters()] == [p.shape for p in small.parameters()]
    assert accuracies["one-shot"] == accuracies["retrained"]  # nothing trains here
