"""Lesson 05's reveal: the option follows the multiplications, counted on the networks."""

import torch

from pruning_lab import models
from pruning_lab.lesson.layer_shrinking.reveal import work_reveal


def test_the_reveal_answers_with_what_is_counted():
    options = {"quarter": (0.2, 0.3), "half": (0.3, 0.6)}
    found, (table, picture) = work_reveal(models.vgg_small(), torch.zeros(2, 1, 28, 28), options)()
    assert found == "quarter"
    assert "7,338,880" in table
    assert "0.25 of the multiplications" in picture
