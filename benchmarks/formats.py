"""How fast are formats built from a dense matrix, and files written and read? From one interleaved run, one thread."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import scipy.sparse
from torch import nn

from benchmarks.table import Line
from pruning_lab import compress, masks, measure, models, prune
from pruning_lab.sparse import CSR, RelativeIndex

SIDE, DENSITY = 4096, 0.09  # AlexNet's fc7 in Deep Compression
SECONDS = {"LeNet-300-100": (0.5, 0.05), "20 million weights": (10, 2)}  # to write a .pruned file, and to read it


def rows() -> list[Line]:
    """Return one line of the table per goal."""
    return [*_conversions(), *_files()]


def _conversions():
    rng = np.random.default_rng(0)
    array = rng.standard_normal((SIDE, SIDE), dtype=np.float32)
    array[rng.random((SIDE, SIDE), dtype=np.float32) >= DENSITY] = 0
    _check_answers(array)
    comparison = measure.compare(
        {
            "SciPy": lambda: scipy.sparse.csr_matrix(array),
            "CSR": lambda: CSR.from_dense(array),
            "RelativeIndex": lambda: RelativeIndex.from_dense(array, index_bits=4),
        }
    )
    scipy_row, csr_row, relative_row = comparison.rows
    million_weights = array.size / 1e6
    return [
        Line.of(
            "CSR.from_dense against SciPy csr_matrix",
            csr_row,
            goal=4.0,
            note=f"{SIDE} x {SIDE} float32, 9 % kept; SciPy {1e3 * scipy_row.median:.0f} ms",
        ),
        Line(
            "RelativeIndex.from_dense",
            ratio=million_weights / relative_row.median,
            low=million_weights / relative_row.q3,
            high=million_weights / relative_row.q1,
            goal=100.0,
            note="not a ratio: million dense weights a second, 4 bits",
        ),
    ]


def _files() -> Iterator[Line]:
    """Write and read whole files: a network of 266,200 weights, and a layer of twenty million."""
    models_of = {"LeNet-300-100": (models.lenet_300_100(), 30), "20 million weights": (nn.Linear(5000, 4000), 3)}
    for what, (model, repeats) in models_of.items():
        kept = masks.mask_global(prune.prunable_weights(model), 0.9, by_magnitude=True)
        million_weights = sum(mask.numel() for mask in kept.values()) / 1e6
        timed = _write_and_read(model, kept, repeats)
        for row, seconds in zip(timed.rows, SECONDS[what], strict=True):
            yield _per_second(f"{row.name}, {what}", row, million_weights, seconds)


def _write_and_read(model, kept, repeats):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.pruned")
        candidates = {
            "save_compressed": lambda: compress.save_compressed(model, kept, path),
            "load_compressed": lambda: compress.load_compressed(path, model),
        }
        return measure.compare(candidates, repeats)


def _per_second(what, row, million_weights, seconds):
    note = f"not a ratio: million weights a second; {1e3 * row.median:.0f} ms, goal {1e3 * seconds:.0f}"
    fast, low, high = (million_weights / taken for taken in (row.median, row.q3, row.q1))
    return Line(what, fast, low, high, million_weights / seconds, note)


def _check_answers(array):
    ours, theirs = CSR.from_dense(array), scipy.sparse.csr_matrix(array)
    for name in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))
    np.testing.assert_array_equal(RelativeIndex.from_dense(array, index_bits=4).to_dense(), array)
