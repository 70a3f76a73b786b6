"""Lesson 03's reveal: the option follows the bytes, which stand in the table."""

import numpy as np
import pytest

from pruning_lab.lesson.sparse_storage.experiments import FORMATS
from pruning_lab.lesson.sparse_storage.reveal import smaller_reveal

NAMES = list(FORMATS)
OPTIONS = {"all": NAMES, "bits": ["bitmask", "relative index, 5 bits"], "other": None}


@pytest.mark.parametrize(("density", "answer"), [(0.1, "all"), (0.7, "bits"), (0.99, "other"), (0.6, "other")])
def test_the_reveal_answers_what_was_measured(density, answer):
    rng = np.random.default_rng(0)
    array = (rng.standard_normal((64, 64)) * (rng.random((64, 64)) < density)).astype(np.float32)
    found, (table, picture) = smaller_reveal(array, OPTIONS)()
    assert found == answer
    assert table.count("<tr>") == 1 + len(NAMES)
    assert picture.startswith("<img alt=")
