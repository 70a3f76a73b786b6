"""Lesson 02's reveal: the answer follows the first point that is lost, measured for every repeat."""

import numpy as np
import pytest

from pruning_lab import prune
from pruning_lab.lesson.magnitude_pruning import experiments, reveal

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

    monkeypatch.setattr(experiments, "NETWORKS", {"a": None, "b": None})
    monkeypatch.setattr(experiments, "load", lambda *_: None)
    monkeypatch.setattr(experiments, "accuracy", lambda *_: 0.8)
    monkeypatch.setattr(reveal, "_measure_without_retraining", not_retrained)
    found, (picture, table) = reveal.plateau_reveal("", OPTIONS, (0.3, 0.5, 0.7))()
    assert found == answer
    assert picture.startswith("<img")
    assert "a, each layer alone" in table


def test_without_retraining_both_cuts_are_measured_for_each_repeat(small, tmp_path):
    for repeat in experiments.REPEATS:
        experiments.train_dense("tiny", repeat=repeat, seed=repeat, folder=tmp_path)
    measured = reveal._measure_without_retraining("tiny", tmp_path, (0.0, 0.6))
    for repeat in experiments.REPEATS:
        model = experiments.load("tiny", tmp_path, repeat)
        assert measured["one ranking"][repeat, 0] == pytest.approx(experiments.accuracy(model, "tiny"))
        prune.apply_masks_(model, experiments.each_layer_alone(model, 0.6))
        assert measured["each layer alone"][repeat, 1] == pytest.approx(experiments.accuracy(model, "tiny"))
