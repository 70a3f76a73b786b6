"""Lesson 05's experiments: times with a control, and a small network that is as large as the pruned one."""

from safetensors.torch import save_model

from pruning_lab import models
from pruning_lab.lesson.layer_shrinking import experiments


def test_the_steps_are_told_as_measured():
    rows, control = experiments.channel_steps([4, 5], images=1, side=4, inputs=2, repeats=2)
    assert list(rows) == [4, 5]
    assert control.name == "4 again"
    step = rows[5].median / rows[4].median
    assert experiments.step_between(rows, 4, 5).startswith(f"4 to 5 filters: {step:.2f} times")


def test_the_small_network_has_the_shape_and_the_epochs_of_the_pruned_one(tmp_path, monkeypatch):
    trained = []
    monkeypatch.setattr(experiments.train, "fit", lambda model, images, epochs, **_: trained.append((model, epochs)))
    save_model(models.vgg_small(), tmp_path / "dense.safetensors")
    accuracies = experiments.against_small(tmp_path / "dense.safetensors", fraction=0.75, repeat=0, seed=3)
    (pruned, one), (small, three) = trained
    assert (one, three) == (1, 3)
    assert [p.shape for p in pruned.parameters()] == [p.shape for p in small.parameters()]
    assert accuracies["one-shot"] == accuracies["retrained"]  # nothing trains here
