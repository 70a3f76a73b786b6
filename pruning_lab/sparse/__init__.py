"""How are the survivors stored? Formats as frozen dataclasses of NumPy arrays.

A matrix is 2-D, float32 or float64. Every format has `from_dense`, `to_dense`, `shape`, `nnz` (weights that are not
zero), `stored` (values that are stored, filler zeros too) and `nbytes` (an honest count: indices packed to their bits);
`to_scipy` where SciPy has it; and `bytes_at`, which computes the size at a density without building anything.
`break_even_density` says where a format stops paying; `save` and `load` keep formats in a file.
"""

from pruning_lab.sparse.bitmask import Bitmask
from pruning_lab.sparse.block_csr import BlockCSR
from pruning_lab.sparse.break_even import break_even_density
from pruning_lab.sparse.coo import COO
from pruning_lab.sparse.csr import CSC, CSR
from pruning_lab.sparse.files import load, save
from pruning_lab.sparse.n_of_m import NOfM
from pruning_lab.sparse.relative_index import RelativeIndex, filler_factor

__all__ = [
    "COO",
    "CSC",
    "CSR",
    "Bitmask",
    "BlockCSR",
    "NOfM",
    "RelativeIndex",
    "break_even_density",
    "filler_factor",
    "load",
    "save",
]
