"""How fast are formats built from a dense matrix? Ratios from one interleaved run on one thread."""

import numpy as np
import scipy.sparse

from benchmarks.table import Line
from pruning_lab import measure
from pruning_lab.sparse import CSR, RelativeIndex

SIDE, DENSITY = 4096, 0.09  # AlexNet's fc7 in Deep Compression


def rows() -> list[Line]:
    """Return one line of the table per goal."""
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


def _check_answers(array):
    ours, theirs = CSR.from_dense(array), scipy.sparse.csr_matrix(array)
    for name in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))
    np.testing.assert_array_equal(RelativeIndex.from_dense(array, index_bits=4).to_dense(), array)
