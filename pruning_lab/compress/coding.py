"""One weight as two streams of bits: how far to the next survivor, and which value it has."""

import math
from dataclasses import dataclass

import numpy as np

from pruning_lab.compress.bits import pack_symbols, table_bytes, unpack_symbols
from pruning_lab.compress.huffman import LONGEST, code_lengths
from pruning_lab.compress.sharing import SharedWeights, code_dtype

ORDERS = ("row by row", "column by column")
WIDEST_GAP = 10  # bits of a gap that are tried: beyond them the table of code lengths outweighs what it saves


@dataclass(frozen=True)
class CodedWeights:
    """A weight in Huffman codes: what a file holds of it besides its name and shape.

    A step is a gap, 0 to 2**index_bits - 1 zeros and then a survivor; or the symbol 2**index_bits: as many zeros, and
    no survivor. So a filler costs no value, where the paper stores a zero for each. With index_bits = 0 a step is a bit
    of a bitmask.

    Attributes:
        order: how the places are numbered, one of ORDERS; of a weight of more axes, the rows are the first and the
            columns all others.
        index_bits: bits of a gap before Huffman coding.
        codebook: (values,) float16, float32 or float64.
        kept, steps: numbers of survivors and of steps.
        step_lengths, value_lengths: (2**index_bits + 1,) and (values,) uint8, bits of each symbol's code; 0 for none.
        step_stream, value_stream: the codes, in whole bytes.
    """

    order: str
    index_bits: int
    codebook: np.ndarray
    kept: int
    steps: int
    step_lengths: np.ndarray
    value_lengths: np.ndarray
    step_stream: bytes
    value_stream: bytes

    def to_dense(self, shape: tuple[int, ...]) -> np.ndarray:
        """Return the weight, of `shape` and the codebook's dtype, if every stream says exactly that much.

        Raises:
            ValueError: the streams contradict each other, their tables or the shape.
        """
        size, span = math.prod(shape), 2**self.index_bits
        if max(self.kept, self.steps) > size:
            raise ValueError(f"a weight must have no more steps than its {size} places; got {self.steps}")
        places = self._places(size, span)
        codes = unpack_symbols(self.value_stream, self.value_lengths, self.kept)
        flat = np.zeros(size, self.codebook.dtype)
        flat[places] = self.codebook[codes]
        return _from_order(flat, shape, self.order)

    def _places(self, size, span):
        steps = unpack_symbols(self.step_stream, self.step_lengths, self.steps)
        survives = steps != span
        ends = np.cumsum(steps + survives, dtype=np.int64)  # a gap and its survivor; of no survivor, the zeros only
        if int(survives.sum()) != self.kept or (self.steps and ends[-1] > size):
            raise ValueError(f"steps must lead to {self.kept} survivors in {size} places; got {int(survives.sum())}")
        return ends[survives] - 1


def encode(shared: SharedWeights) -> CodedWeights:
    """Return shared weights in Huffman codes, in the order and with the bits of a gap that take the fewest bytes.

    >>> weight = np.array([[0, 0, 5, 0], [0, 0, 5, 0], [0, 0, 5, 0], [0, 0, 7, 0]], np.float32)
    >>> shared = SharedWeights(np.array([5, 7], np.float32), np.array([0, 0, 0, 1], np.uint8), weight != 0)
    >>> coded = encode(shared)
    >>> coded.order, coded.index_bits, coded.steps  # four skips of 2 zeros, then a survivor each time
    ('column by column', 1, 8)
    >>> (coded.to_dense((4, 4)) == weight).all()
    np.True_
    """
    gaps = {order: _gaps(_in_order(shared.mask, order)) for order in ORDERS}
    choices = ((size, place, bits) for place, order in enumerate(ORDERS) for size, bits in _choices(gaps[order]))
    _, place, index_bits = min(choices)
    order = ORDERS[place]
    steps = _steps(gaps[order], index_bits)
    codes = _codes_in_order(shared, order)
    step_lengths, value_lengths = _lengths(steps, 2**index_bits + 1), _lengths(codes, shared.codebook.size)
    return CodedWeights(
        order,
        index_bits,
        shared.codebook,
        codes.size,
        steps.size,
        step_lengths,
        value_lengths,
        pack_symbols(steps, step_lengths),
        pack_symbols(codes, value_lengths),
    )


def _in_order(array, order):
    """Return the entries of an array, 1-D, in one of ORDERS."""
    rows = array.reshape(array.shape[0] if array.ndim else 1, -1)
    return (rows if order == ORDERS[0] else rows.T).reshape(-1)


def _from_order(flat, shape, order):
    if order == ORDERS[0]:
        return flat.reshape(shape)
    rows = shape[0] if shape else 1
    return np.ascontiguousarray(flat.reshape(-1, rows).T).reshape(shape)


def _codes_in_order(shared, order):
    if order == ORDERS[0]:
        return shared.codes
    codes = np.zeros(shared.mask.shape, shared.codes.dtype)
    codes[shared.mask] = shared.codes
    return _in_order(codes, order)[_in_order(shared.mask, order)]


def _gaps(mask):
    """Return the zeros before each survivor, (kept,) int64."""
    return np.diff(np.flatnonzero(mask), prepend=-1) - 1


def _choices(gaps):
    """Yield (bytes, index_bits) of the steps and of their table, from how often each gap occurs."""
    counts = np.bincount(gaps)
    found = np.flatnonzero(counts)
    for index_bits in range(WIDEST_GAP + 1):
        steps = np.bincount(found & (2**index_bits - 1), counts[found], minlength=2**index_bits)
        steps = np.append(steps, (found >> index_bits) @ counts[found]).astype(np.int64)
        steps = steps[steps > 0]
        bits = int(steps @ code_lengths(steps, LONGEST)) if steps.size > 1 else 0
        yield -(-bits // 8) + table_bytes(2**index_bits + 1), index_bits


def _steps(gaps, index_bits):
    """Return the symbols of all steps, (steps,) uint8 or uint16."""
    skips = gaps >> index_bits
    steps = np.full(gaps.size + int(skips.sum()), 2**index_bits, code_dtype(2**index_bits + 1))
    steps[np.cumsum(skips + 1) - 1] = gaps & (2**index_bits - 1)
    return steps


def _lengths(symbols, alphabet):
    counts = np.bincount(symbols, minlength=alphabet)
    lengths = np.zeros(alphabet, np.uint8)
    if symbols.size:
        lengths[counts > 0] = code_lengths(counts[counts > 0], LONGEST)
    return lengths
