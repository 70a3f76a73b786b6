"""Only plain values cross from a submission to the grader."""

import hostile_class
import numpy as np
import pytest

from pruning_lab.homework.frame import answers


def test_an_answer_crosses_as_plain_values():
    value = {"a": [1, 2.5, None, "x", (True,)], 3: np.arange(4, dtype=np.uint16), "z": np.float32(2)}
    back = answers.plain(value)
    assert back["a"] == [1, 2.5, None, "x", (True,)]
    assert back[3].dtype == np.uint16
    assert back["z"] == 2.0


@pytest.mark.parametrize("value", [object(), lambda: 0, np.array([object()]), {1: {2}}, hostile_class.add("")])
def test_nothing_else_crosses(value):
    with pytest.raises(TypeError, match="an answer must be made of"):
        answers.plain(value)


def test_instances_are_the_same_for_a_class_and_different_elsewhere(monkeypatch):
    monkeypatch.delenv("PRUNING_LAB_INSTANCES", raising=False)
    assert answers.instances().random() != answers.instances().random()
    monkeypatch.setenv("PRUNING_LAB_INSTANCES", "5")
    assert answers.instances().random() == np.random.default_rng(5).random()
    assert answers.instances(3).random() == np.random.default_rng(3).random()
