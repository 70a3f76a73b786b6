"""Lesson 04's engine: it multiplies, and its file has a place for every zero."""

import numpy as np

from pruning_lab.lesson.sparse_kernels import engine


def test_the_engine_multiplies_and_stores_every_zero():
    weight = np.eye(8, 12, dtype=np.float32)
    x = np.arange(24, dtype=np.float32).reshape(12, 2)
    np.testing.assert_allclose(engine.engine_product(weight, x)(), weight @ x)
    full = np.ones_like(weight)
    assert len(engine.layer_model(weight, 2)) == len(engine.layer_model(full, 2))
