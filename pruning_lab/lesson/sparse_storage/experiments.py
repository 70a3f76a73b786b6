"""Lesson 03's experiments: how many bytes a pruned matrix takes in every format, by formula and actually stored."""

import math
import zlib

from pruning_lab import sparse

# What each format is called in the lesson, its class, and its options.
FORMATS = {
    "COO, uint16 places": (sparse.COO, {}),
    "CSR, int32 columns": (sparse.CSR, {"index_dtype": "int32"}),
    "CSR, uint16 columns": (sparse.CSR, {"index_dtype": "uint16"}),
    "bitmask": (sparse.Bitmask, {}),
    "relative index, 5 bits": (sparse.RelativeIndex, {"index_bits": 5}),
}
DENSITIES = [round(0.05 * step, 2) for step in range(1, 21)]


def share_of_dense(name, shape, density):
    """Return the bytes of one of FORMATS at a density, as a share of dense float32.

    >>> round(share_of_dense("CSR, int32 columns", (1000, 1000), 0.5), 3)
    1.001
    """
    storage, options = FORMATS[name]
    return storage.bytes_at(shape, density=density, **options) / (4 * math.prod(shape))


def encode(name, array):
    """Return `array` stored in one of FORMATS."""
    storage, options = FORMATS[name]
    return storage.from_dense(array, **options)


def file_sizes(array):
    """Return {what: bytes} for a pruned matrix: dense, in its formats, and through a general compressor (zlib)."""
    dense, csr = array.tobytes(), encode("CSR, uint16 columns", array)
    arrays = csr.data.tobytes() + csr.indices.tobytes() + csr.indptr.tobytes()
    return {
        "dense, with its zeros": array.nbytes,
        "dense, zipped": len(zlib.compress(dense, 9)),
        "CSR, uint16 columns": csr.nbytes,
        "CSR, zipped": len(zlib.compress(arrays, 9)),
        "bitmask": encode("bitmask", array).nbytes,
        "relative index, 5 bits": encode("relative index, 5 bits", array).nbytes,
    }
