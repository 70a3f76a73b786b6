"""What lesson 02's tests share: a network and images so small that a run takes milliseconds, and a sweep."""

import pytest

from pruning_lab import models
from pruning_lab.lesson.magnitude_pruning import experiments


@pytest.fixture
def small(monkeypatch):
    """Small images, and "tiny" the only network; returns {split: (images, labels)}."""
    real = experiments.images_for
    few = {split: tuple(part[:300] for part in real("LeNet-300-100", split)) for split in ("train", "validation")}
    monkeypatch.setattr(experiments, "images_for", lambda network, split: few[split])
    monkeypatch.setattr(experiments, "NETWORKS", {"tiny": lambda: models.lenet_300_100(widths=(12, 8))})
    monkeypatch.setattr(experiments, "DENSE_EPOCHS", {"tiny": 2})
    monkeypatch.setattr(experiments, "RETRAINING_EPOCHS", {"tiny": 2})
    return few


@pytest.fixture
def rows():
    """A sweep as `sweep.run` returns it, its accuracies made up."""
    runs = [
        ("cubic", 0.9, 0, 0.1),
        ("cubic", 0.9, 1, 0.1),
        ("cubic", 0.9, 2, 0.1),
        ("cubic", 0.5, 0, 0.4),
        ("cubic", 0.5, 1, 0.5),
        ("cubic", 0.5, 2, 0.6),
        ("at once", 0.5, 0, 0.7),
    ]
    return [
        {"network": "tiny", "schedule": how, "sparsity": sparsity, "repeat": repeat, "result": {"validation": value}}
        for how, sparsity, repeat, value in runs
    ]
