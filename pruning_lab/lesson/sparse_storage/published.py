"""Deep Compression's storage table, recomputed: by the formula, and by actually encoding random matrices."""

import math
from typing import NamedTuple

import numpy as np

from pruning_lab import sparse
from pruning_lab.tables import table_html

# Han et al. 2015 (arXiv 1510.00149), the storage tables of LeNet-300-100 and AlexNet: rows and columns of the matrix,
# percent of the weights kept, bits per weight, bits per index, size before Huffman coding in percent of float32.
PRINTED = [
    ("LeNet-300-100 ip1", (300, 784), 8, 6, 5, 3.1),
    ("LeNet-300-100 ip2", (100, 300), 9, 6, 5, 3.8),
    ("LeNet-300-100 ip3", (10, 100), 26, 6, 5, 15.7),
    ("AlexNet conv1", (96, 363), 84, 8, 4, 32.6),
    ("AlexNet conv2", (256, 1200), 38, 8, 4, 14.5),
    ("AlexNet conv3", (384, 2304), 35, 8, 4, 13.1),
    ("AlexNet conv4", (384, 1728), 37, 8, 4, 14.1),
    ("AlexNet conv5", (256, 1728), 37, 8, 4, 14.0),
    ("AlexNet fc6", (4096, 9216), 9, 5, 4, 3.0),
    ("AlexNet fc7", (4096, 4096), 9, 5, 4, 3.0),
    ("AlexNet fc8", (1000, 4096), 25, 5, 4, 7.3),
]


def percent_by_formula(shape, density, bits, index_bits):
    """Return d f (w + i) / 32 and the codebook, in percent of float32: a relative index with w-bit shared weights.

    >>> round(percent_by_formula((300, 784), 0.08, 6, 5), 2)
    2.98
    """
    stored_bytes = sparse.RelativeIndex.bytes_at(shape, density, value_bytes=bits / 8, index_bits=index_bits)
    return 100 * (stored_bytes + 4 * 2**bits) / (4 * math.prod(shape))


def percent_by_encoding(shape, density, bits, index_bits):
    """Return the same for a matrix with exactly that many weights, at random places, once it is actually encoded."""
    array = np.zeros(shape, np.float32)
    kept = round(density * array.size)
    array.flat[np.random.default_rng(0).choice(array.size, kept, replace=False, shuffle=False)] = 1
    stored = sparse.RelativeIndex.from_dense(array, index_bits).stored
    return 100 * (math.ceil(stored * bits / 8) + math.ceil(stored * index_bits / 8) + 4 * 2**bits) / (4 * array.size)


class StorageRow(NamedTuple):
    """One printed layer, in percent of float32, except for the numbers of bits.

    `low` and `high` are what the formula gives for every density that rounds to the printed one; `outside` is how far
    the printed size, itself rounded, lies beyond them.
    """

    layer: str
    kept: int
    bits: int
    index_bits: int
    printed: float
    low: float
    formula: float
    high: float
    encoded: float
    outside: float


def storage_rows(printed=PRINTED):
    """Return a StorageRow for each printed layer: the paper's size, formula and encoding, and what rounding allows."""
    rows = []
    for layer, shape, kept, bits, index_bits, size in printed:
        low, formula, high = (
            percent_by_formula(shape, (kept + step) / 100, bits, index_bits) for step in (-0.5, 0, 0.5)
        )
        outside = max(size - 0.05 - high, 0) + min(size + 0.05 - low, 0)
        encoded = percent_by_encoding(shape, kept / 100, bits, index_bits)
        rows.append(StorageRow(layer, kept, bits, index_bits, size, low, formula, high, encoded, outside))
    return rows


def storage_table(rows):
    """Return `storage_rows` as an HTML table."""
    cells = [
        [
            row.layer,
            f"{row.kept} %",
            f"{row.bits} + {row.index_bits}",
            f"{row.printed:.1f}",
            f"{row.formula:.2f}",
            f"{row.low:.2f} to {row.high:.2f}",
            f"{row.encoded:.2f}",
            f"{row.outside:+.2f}" if abs(row.outside) > 0.005 else "",
        ]
        for row in rows
    ]
    header = ["layer", "kept", "bits", "printed", "formula", "kept rounded", "encoded", "unexplained"]
    return table_html(header, cells, "Size before Huffman coding, percent of float32 (Han et al. 2015)")
