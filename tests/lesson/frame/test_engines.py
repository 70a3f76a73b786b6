"""Without the engines a lesson goes on, and the one cell that needs them says how to have them."""

import sys

import numpy as np
import pytest

from pruning_lab.lesson import deep_compression, sparse_kernels


@pytest.mark.parametrize("missing", ["onnx", "onnxruntime"])
def test_a_cell_that_needs_an_engine_says_how_to_have_it(monkeypatch, missing):
    for name in [name for name in sys.modules if name.partition(".")[0] == missing]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)  # as if it were not installed
    said = f"^This cell needs {missing}.*, which is not installed: %pip install onnx onnxruntime brings it"
    with pytest.raises(ModuleNotFoundError, match=said):
        sparse_kernels.engine_product(np.zeros((4, 8), np.float32), np.zeros((8, 2), np.float32))
    with pytest.raises(ModuleNotFoundError, match=said):
        deep_compression.deployment.onnx_model(None)
