"""How are the survivors stored? Formats as frozen dataclasses of NumPy arrays.

A matrix is 2-D, float32 or float64. Every format has `from_dense`, `to_dense`, `shape`, `nnz` (weights that are not
zero), `stored` (values that are stored, filler zeros too) and `nbytes` (an honest count: indices packed to their bits);
`to_scipy` where SciPy has it; and `bytes_at`, which computes the size at a density without building anything.
`break_even_density` says where a format stops paying off; `save` and `load` keep formats in a file. `SharedRows` stands
apart: it holds a weight whose survivors share a few values already (`compress.share_weights`), so no matrix makes it.

A new format is a module with a subclass of `Format`, and a place in `FORMATS`.
"""

from pruning_lab.sparse.bitmask import Bitmask
from pruning_lab.sparse.block_csr import BlockCSR
from pruning_lab.sparse.break_even import break_even_density
from pruning_lab.sparse.coo import COO
from pruning_lab.sparse.csr import CSC, CSR
from pruning_lab.sparse.files import load, save
from pruning_lab.sparse.format import Format
from pruning_lab.sparse.n_of_m import NOfM
from pruning_lab.sparse.relative_index import RelativeIndex, filler_factor
from pruning_lab.sparse.shared_rows import SharedRows
from pruning_lab.sparse.tiled_csr import TiledCSR

# Every format by its name: what `save` accepts, `load` finds, and the tests go through.
FORMATS: dict[str, type[Format]] = {
    form.__name__: form for form in (COO, CSR, CSC, TiledCSR, BlockCSR, Bitmask, NOfM, RelativeIndex)
}

__all__ = [
    "COO",
    "CSC",
    "CSR",
    "FORMATS",
    "Bitmask",
    "BlockCSR",
    "Format",
    "NOfM",
    "RelativeIndex",
    "SharedRows",
    "TiledCSR",
    "break_even_density",
    "filler_factor",
    "load",
    "save",
]
