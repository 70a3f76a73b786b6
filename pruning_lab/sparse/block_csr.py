"""Block CSR: a CSR whose entries are small dense blocks, so that one index serves r x c weights."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import scipy.sparse

from pruning_lab.arrays import FLOATS, check_array
from pruning_lab.sparse.csr import check_compressed, check_index_dtype, pointer_dtype
from pruning_lab.sparse.format import (
    Format,
    check_matrix,
    check_pair,
    check_value_bytes,
    is_nonzero,
    kept_weights,
    smallest_index_dtype,
)


@dataclass(frozen=True, eq=False)
class BlockCSR(Format):
    """Block rows in CSR order: a block is stored whole, its zeros too, as soon as one of its weights is not zero.

    Args:
        data: (blocks, r, c) float32 or float64, the blocks.
        indices: (blocks,) uint16, int32 or int64, the block column of each block, ascending within a block row.
        indptr: (rows / r + 1,) int32 or int64, where each block row begins.
        shape: (rows, columns) of the matrix, multiples of r and c.
        block: (r, c); (4, 1) lets four output rows share one column index.

    Raises:
        TypeError: an array has another dtype.
        ValueError: the arrays contradict each other, the shape or the block.

    >>> array = np.array([[1, 0, 0], [2, 0, 0], [0, 0, 3], [0, 0, 0]], np.float32)
    >>> blocks = BlockCSR.from_dense(array, block=(2, 1))
    >>> blocks.data.reshape(2, 2).tolist(), blocks.indices.tolist(), blocks.indptr.tolist()
    ([[1.0, 2.0], [3.0, 0.0]], [0, 2], [0, 1, 2])
    >>> blocks.nnz, blocks.stored
    (3, 4)
    """

    data: np.ndarray
    indices: np.ndarray
    indptr: np.ndarray
    shape: tuple[int, int]
    block: tuple[int, int]

    def __post_init__(self) -> None:
        block_rows, block_columns = _block_grid(self.shape, self.block)
        self._keep(
            shape=check_pair(self.shape, "shape", minimum=0),
            block=check_pair(self.block, "block", minimum=1),
            data=check_array(self.data, "data", FLOATS, ndim=3),
        )
        if self.data.shape[1:] != self.block:
            raise ValueError(f"data must have shape (blocks, {self.block[0]}, {self.block[1]}); got {self.data.shape}")
        runs = check_compressed(self.indices, self.indptr, len(self.data), block_rows, block_columns, axis="block row")
        self._keep(indices=runs[0], indptr=runs[1])

    @classmethod
    def from_dense(cls, array: np.ndarray, block: tuple[int, int] = (4, 1)) -> Self:
        """Store every block of `array` that holds a weight other than zero.

        Args:
            array: (rows, columns) float32 or float64, multiples of the block.
            block: (r, c), rows and columns of one block.
        """
        array = check_matrix(array)
        grid = _block_grid(array.shape, block)
        tiles = array.reshape(grid[0], block[0], grid[1], block[1]).swapaxes(1, 2)
        keep = is_nonzero(tiles).any(axis=(2, 3))
        indptr = np.concatenate([[0], keep.sum(axis=1).cumsum()]).astype(pointer_dtype(keep.sum()))
        indices = np.nonzero(keep)[1].astype(smallest_index_dtype(grid[1]))
        return cls(tiles[keep], indices, indptr, array.shape, block)

    def to_dense(self) -> np.ndarray:
        """Return the matrix, (rows, columns), with the dtype of the values."""
        grid = _block_grid(self.shape, self.block)
        tiles = np.zeros((*grid, *self.block), self.data.dtype)
        tiles[np.repeat(np.arange(grid[0]), np.diff(self.indptr)), self.indices] = self.data
        return tiles.swapaxes(1, 2).reshape(self.shape)

    def to_scipy(self) -> scipy.sparse.bsr_array:
        """Return a copy as `scipy.sparse.bsr_array`, which widens uint16 block columns to int32."""
        return scipy.sparse.bsr_array((self.data, self.indices, self.indptr), shape=self.shape, copy=True)

    @staticmethod
    def bytes_at(
        shape: tuple[int, int], density: float, value_bytes: float = 4, block: tuple[int, int] = (4, 1)
    ) -> float:
        """Return the bytes of a BlockCSR of `shape` (rows, columns) that keeps the fraction `density` of its blocks.

        Where single weights survive at random, more blocks stay than weights: 1 - (1 - d)**(r * c) of them.

        >>> BlockCSR.bytes_at((1000, 1000), density=0.3) / 4e6  # against dense float32
        0.337751
        """
        block_rows, block_columns = _block_grid(shape, block)
        kept = kept_weights((block_rows, block_columns), density)
        index_bytes = check_index_dtype(None, block_columns).itemsize
        r, c = check_pair(block, "block", minimum=1)
        block_bytes = r * c * check_value_bytes(value_bytes)
        return kept * (block_bytes + index_bytes) + (block_rows + 1) * pointer_dtype(kept).itemsize


def _block_grid(shape, block):
    shape, block = check_pair(shape, "shape", minimum=0), check_pair(block, "block", minimum=1)
    if shape[0] % block[0] or shape[1] % block[1]:
        raise ValueError(f"shape must be a multiple of block {block} on both axes; got {shape}")
    return shape[0] // block[0], shape[1] // block[1]
