"""Tiled CSR: the columns cut into tiles that fit the first cache, and every row of a tile filled up to fours."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from pruning_lab.arrays import FLOATS, check_array
from pruning_lab.checks import check_integer
from pruning_lab.sparse.csr import CSR, check_compressed, pointer_dtype
from pruning_lab.sparse.format import (
    Format,
    check_density,
    check_matrix,
    check_pair,
    check_value_bytes,
    is_nonzero,
    kept_weights,
)

LARGEST_TILE = 2**16 - 4  # a filler has the number tile + its place in the four, and 16 bits for it
TILE_OF_A_BATCH = 1024  # columns of which the inputs of 64 examples fit the second cache


@dataclass(frozen=True, eq=False)
class TiledCSR(Format):
    """A CSR for a batch of one: tile after tile of columns, each a CSR of its own whose rows hold a multiple of four.

    Row i of tile t is run t * rows + i: data[indptr[run]:indptr[run + 1]], in the columns t * tile + indices[same
    slice]. So a product reads the columns of four values as one number of 64 bits, and looks up x in a part of `tile`
    entries that stays in the first cache. What fills a row up to a multiple of four has the value 0 and the column
    tile + 1, 2 or 3 (its place in the four), which no tile has: the kernel reads a zero there, so that a filler never
    meets the input.

    Args:
        data: (stored,) float32 or float64, values and fillers.
        indices: (stored,) uint16, the column of each value within its tile.
        indptr: (tiles * rows + 1,) int32 or int64, from 0 to stored, in multiples of four.
        tile: columns in a tile, 1 to 65,532; the last tile may be narrower.
        shape: (rows, columns).

    Raises:
        TypeError: an array has another dtype.
        ValueError: the arrays contradict each other, the shape or `tile`.

    >>> tiled = TiledCSR.from_dense(np.array([[0, 5, 0], [0, 0, 0], [7, 0, 8]], np.float32), tile=2)
    >>> tiled.data.reshape(-1, 4).tolist()  # tile 0: rows 0 and 2; tile 1: row 2
    [[5.0, 0.0, 0.0, 0.0], [7.0, 0.0, 0.0, 0.0], [8.0, 0.0, 0.0, 0.0]]
    >>> tiled.indices.reshape(-1, 4).tolist(), tiled.indptr.tolist()
    ([[1, 3, 4, 5], [0, 3, 4, 5], [0, 3, 4, 5]], [0, 4, 4, 8, 8, 8, 12])
    """

    data: np.ndarray
    indices: np.ndarray
    indptr: np.ndarray
    tile: int
    shape: tuple[int, int]

    def __post_init__(self) -> None:
        shape, tile = check_pair(self.shape, "shape", minimum=0), _check_tile(self.tile)
        self._keep(shape=shape, tile=tile, data=check_array(self.data, "data", FLOATS, ndim=1))
        indices = check_array(self.indices, "indices", (np.uint16,), ndim=1)
        runs = self.tiles * shape[0]
        indices, indptr = check_compressed(indices, self.indptr, self.data.size, runs, tile + 4, axis="run")
        self._keep(indices=indices, indptr=indptr)
        self._check_fillers()

    def _check_fillers(self):
        if (self.indptr % 4).any():
            raise ValueError(f"indptr must count in fours; got {self.indptr[np.argmax(self.indptr % 4 > 0)]}")
        fillers = self.data[self.indices >= self.tile]
        if is_nonzero(fillers).any():
            rule = f"data must be 0 where indices are {self.tile} or more, which only fill a row"
            raise ValueError(f"{rule}; got {fillers[np.argmax(is_nonzero(fillers))]}")
        columns = self._columns()
        if columns.size and columns.max() >= self.shape[1]:
            raise ValueError(f"indices must name one of the {self.shape[1]} columns; got column {columns.max()}")

    @classmethod
    def from_dense(cls, array: np.ndarray, tile: int | None = None) -> Self:
        """Store the entries of `array` that are not zero. NaN is stored, -0.0 is a zero.

        Args:
            array: (rows, columns) float32 or float64.
            tile: columns in a tile, 1 to 65,532; by default 4,096, and 2,048 if more than an eighth of `array` is kept.
        """
        array = check_matrix(array)
        tile = _default_tile(np.count_nonzero(is_nonzero(array)), array.size) if tile is None else _check_tile(tile)
        parts = [_filled_up(array[:, first : first + tile], tile) for first in range(0, array.shape[1], tile)]
        counts = [np.zeros(1, np.int64), *(counts for _, _, counts in parts)]
        indptr = np.concatenate(counts).cumsum()
        data = np.concatenate([np.empty(0, array.dtype), *(data for data, _, _ in parts)])
        indices = np.concatenate([np.empty(0, np.uint16), *(indices for _, indices, _ in parts)])
        return cls(data, indices, indptr.astype(pointer_dtype(data.size)), tile, array.shape)

    @property
    def tiles(self) -> int:
        """How many tiles the columns are cut into."""
        return -(-self.shape[1] // self.tile)

    def _columns(self):
        """Return the column of each stored value that is no filler."""
        tile_of_run = np.repeat(np.arange(self.tiles), self.shape[0])
        columns = np.repeat(tile_of_run, np.diff(self.indptr)) * self.tile + self.indices
        return columns[self.indices < self.tile]

    def to_dense(self) -> np.ndarray:
        """Return the matrix, (rows, columns), with the dtype of the values."""
        dense = np.zeros(self.shape, self.data.dtype)
        row_of_run = np.tile(np.arange(self.shape[0]), self.tiles)
        weights = self.indices < self.tile
        dense[np.repeat(row_of_run, np.diff(self.indptr))[weights], self._columns()] = self.data[weights]
        return dense

    @staticmethod
    def bytes_at(shape: tuple[int, int], density: float, value_bytes: float = 4, tile: int | None = None) -> float:
        """Return the expected bytes of a TiledCSR of `shape` whose zeros fall at random, without building it.

        >>> round(TiledCSR.bytes_at((4096, 4096), 0.09) / CSR.bytes_at((4096, 4096), 0.09), 3)  # fillers are few
        1.004
        """
        kept, (rows, columns) = kept_weights(shape, density), check_pair(shape, "shape", minimum=0)
        tile = _default_tile(kept, rows * columns) if tile is None else _check_tile(tile)
        density, (whole, rest) = check_density(density), divmod(columns, tile)
        fillers = whole * _expected_fillers(tile, density) + _expected_fillers(rest, density)
        stored = kept + rows * fillers
        pointers = (rows * (whole + (rest > 0)) + 1) * pointer_dtype(stored).itemsize
        return stored * (check_value_bytes(value_bytes) + 2) + pointers


def _filled_up(array, tile):
    """Return the values and columns of one tile, row after row, with fillers, and how many there are in each row."""
    csr = CSR.from_dense(array, np.uint16)
    weights = np.diff(csr.indptr)
    stored = -(-weights // 4) * 4
    starts = stored.cumsum() - stored
    places = np.arange(csr.stored) + np.repeat(starts - csr.indptr[:-1], weights)
    data = np.zeros(stored.sum(), csr.data.dtype)
    indices = (tile + np.arange(data.size) % 4).astype(np.uint16)  # fillers, until a weight takes the place
    data[places], indices[places] = csr.data, csr.indices
    return data, indices, stored


def _expected_fillers(width, density):
    """Return how many fillers a row of `width` columns takes on average: the mean of -n mod 4, n being binomial.

    The mean of w**n is (1 - density + density * w)**width; at the four fourth roots of 1 it says how often n has which
    remainder.
    """
    remainders = np.fft.fft((1 - density + density * 1j ** np.arange(4)) ** width).real / 4
    return float(remainders @ [0, 3, 2, 1])


def _default_tile(kept, size):
    """4,096 float32 are half of a first cache of 32 KB. Denser rows are faster in tiles of half that: measured."""
    return 2048 if 8 * kept > size else 4096


def _check_tile(tile):
    tile = check_integer(tile, "tile", minimum=1)
    if tile > LARGEST_TILE:
        raise ValueError(f"tile must be in [1, {LARGEST_TILE}]; got {tile}")
    return tile
