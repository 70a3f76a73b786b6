"""After pruning: survivors that share a few values, and codes that are short where they are frequent.

Deep Compression in three steps: prune (`masks`), share (`share_weights`), code (`huffman_code_lengths`). What a layer
takes in the end is added up by `compressed_size`.
"""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import torch
from torch import Tensor

from pruning_lab.arrays import FLOATS, check_array, check_plain
from pruning_lab.checks import check_float_tensor, check_integer, check_mask, check_values
from pruning_lab.sparse.format import check_length, check_range
from pruning_lab.sparse.relative_index import RelativeIndex


@dataclass(frozen=True, eq=False)
class SharedWeights:
    """A pruned weight whose survivors take one of 2**bits values.

    Args:
        codebook: (2**bits,) float32 or float64, ascending when `share_weights` made it.
        codes: (kept,) uint8 or uint16, the place in the codebook of each survivor, in row-major order.
        mask: bool, the shape of the weight, True where a weight survives.

    Raises:
        TypeError: an array has another dtype.
        ValueError: the arrays contradict each other.

    >>> shared = SharedWeights(np.array([-1, 2], np.float32), np.array([1, 0], np.uint8), np.array([True, False, True]))
    >>> shared.to_dense().tolist()
    [2.0, 0.0, -1.0]
    """

    codebook: np.ndarray
    codes: np.ndarray
    mask: np.ndarray

    def __post_init__(self) -> None:
        arrays = {
            "codebook": check_array(self.codebook, "codebook", FLOATS, ndim=1),
            "codes": check_array(self.codes, "codes", (np.uint8, np.uint16), ndim=1),
            "mask": check_array(self.mask, "mask", (np.bool_,), ndim=np.ndim(self.mask)),
        }
        for name, array in arrays.items():
            object.__setattr__(self, name, array)
        check_length(self.codes, "codes", int(self.mask.sum()), "mask.sum()")
        check_range(self.codes, "codes", self.codebook.size)

    def to_dense(self) -> np.ndarray:
        """Return the weight, the shape of the mask: shared values where it is True, zero elsewhere."""
        weight = np.zeros(self.mask.shape, self.codebook.dtype)
        weight[self.mask] = self.codebook[self.codes]
        return weight

    @property
    def bits(self) -> int:
        """Bits of one code."""
        return (self.codebook.size - 1).bit_length()


def share_weights(weight: Tensor, mask: Tensor, bits: int) -> SharedWeights:
    """Let the survivors share 2**bits values: the means of their clusters, found by k-means.

    The first centroids are evenly spaced from the smallest survivor to the largest, so that the few large weights,
    which matter most, get some of their own; then Lloyd's rounds until no weight changes its cluster. A cluster that
    loses its last weight keeps its centroid. A weight midway between two centroids takes the lower.

    Args:
        weight: floating-point tensor of any shape, finite where the mask keeps.
        mask: bool tensor of the same shape, True keeps; at least one.
        bits: bits of a code, 1 to 16.

    Returns:
        SharedWeights with a codebook in the dtype of the weight (float32 for 16-bit floats).

    Raises:
        TypeError: weight, mask or bits has another type.
        ValueError: the shapes differ, nothing is kept, a survivor is not finite, or bits is out of range.

    Source: Han et al. 2016, Deep Compression (arXiv 1510.00149), sections 3.1 and 3.2.

    >>> weight = torch.tensor([2.0, -1.0, 0.25, 2.5, -0.5, 0.0])
    >>> shared = share_weights(weight, weight != 0, bits=2)
    >>> shared.codes.tolist(), shared.codebook.tolist()
    ([3, 0, 1, 3, 0], [-0.75, 0.25, 1.3333333730697632, 2.25])
    """
    check_values(check_float_tensor(weight, "weight"), "weight")
    _check_mask(mask, weight)
    bits = check_integer(bits, "bits", minimum=1)
    if bits > 16:
        raise ValueError(f"bits must be at most 16; got {bits}")
    survivors = _survivors(weight.detach(), mask)
    centroids = _lloyd(np.sort(survivors), np.linspace(survivors.min(), survivors.max(), 2**bits))
    codes = np.searchsorted(_middles(centroids), survivors).astype(np.uint8 if bits <= 8 else np.uint16)
    codebook = centroids.astype(np.float64 if weight.dtype == torch.float64 else np.float32)
    return SharedWeights(codebook, codes, mask.to("cpu", copy=True).numpy())


def _survivors(weight, mask):
    """Return what the mask keeps, (kept,) float64, if sums of it are numbers too."""
    numbers = weight.double() if weight.element_size() == 1 else weight  # torch picks nothing out of a float8
    survivors = numbers[mask.to(weight.device)].cpu().double().numpy()
    if not np.isfinite(survivors).all():
        raise ValueError(f"weight must be finite where mask keeps; got {survivors[~np.isfinite(survivors)][0]}")
    largest = np.abs(survivors).max()
    if largest > np.finfo(np.float64).max / (2 * survivors.size):
        raise ValueError(f"weight must be small enough for its sum to be finite; got magnitudes up to {largest:.3g}")
    return survivors


def _lloyd(values, centroids):
    """Return where the ascending `centroids` of the ascending `values` come to rest."""
    # In one dimension a cluster is a run of the sorted values: a round moves the cuts, and running sums give the means.
    sums, lost = _running_sums(values)
    seen = set()  # a round that rounds otherwise could lead back to an earlier one, and so on without end
    while True:
        cuts = np.concatenate([[0], np.searchsorted(values, _middles(centroids), side="right"), [values.size]])
        if (state := hash(cuts.tobytes())) in seen:
            return centroids
        seen.add(state)
        first, last = values[np.minimum(cuts[:-1], values.size - 1)], values[cuts[1:] - 1]
        means = (np.diff(sums[cuts]) + np.diff(lost[cuts])) / np.maximum(np.diff(cuts), 1)
        centroids = np.where(np.diff(cuts) > 0, means.clip(first, last), centroids)


def _running_sums(values):
    """Return the sums of the first 0, 1, ... values, and what rounding took from each: large ones hide small ones."""
    sums = np.concatenate([[0], np.cumsum(values)])
    added = np.diff(sums)
    return sums, np.concatenate([[0], np.cumsum((sums[:-1] - (sums[1:] - added)) + (values - added))])


def _middles(centroids):
    return (centroids[1:] + centroids[:-1]) / 2


def _check_mask(mask, weight):
    check_values(check_mask(mask), "mask")
    if mask.shape != weight.shape:
        raise ValueError(f"mask must have the shape of weight, {tuple(weight.shape)}; got {tuple(mask.shape)}")
    if not mask.any():
        raise ValueError(f"mask must keep at least one weight; got none of {mask.numel()}")


def huffman_code_lengths(symbols: np.ndarray) -> dict[int, int]:
    """Return how many bits the Huffman code of each symbol has: the fewest bits in all that any prefix code takes.

    A stream of one symbol over and over still spends one bit on each.

    Args:
        symbols: (n,) array of integers, the stream to be coded, n at least 1.

    Returns:
        dict {symbol: bits}, symbols ascending.

    Raises:
        TypeError: symbols is not an array of integers.
        ValueError: symbols is empty or not 1-D.

    Source: Huffman 1952, A Method for the Construction of Minimum-Redundancy Codes.

    >>> huffman_code_lengths(np.array([7, 7, 7, 7, 1, 1, 0, 3]))
    {0: 3, 1: 2, 3: 3, 7: 1}
    """
    found, counts = _count(symbols)
    return dict(zip(found.tolist(), _depths(counts.tolist()), strict=True))


def _count(symbols):
    check_plain(symbols, "symbols")
    if symbols.dtype.kind not in "iu":
        raise TypeError(f"symbols must be a NumPy array of integers; got dtype {symbols.dtype}")
    if symbols.ndim != 1 or symbols.size == 0:
        raise ValueError(f"symbols must have 1 axis and at least one entry; got shape {symbols.shape}")
    return np.unique(symbols, return_counts=True)


def _depths(counts):
    """Return the depth of each leaf in the Huffman tree of `counts`."""
    if len(counts) == 1:
        return [1]
    heap = [(count, node) for node, count in enumerate(counts)]
    heapq.heapify(heap)
    parent = {}
    for node in range(len(counts), 2 * len(counts) - 1):
        (few, first), (more, second) = heapq.heappop(heap), heapq.heappop(heap)
        parent[first] = parent[second] = node
        heapq.heappush(heap, (few + more, node))
    depth = {node: 0}  # the last node made is the root, and a parent is always made after its children
    for node in sorted(parent, reverse=True):
        depth[node] = depth[parent[node]] + 1
    return [depth[leaf] for leaf in range(len(counts))]


def huffman_codes(lengths: dict[int, int]) -> dict[int, str]:
    """Return the canonical code: it ascends by length, then by symbol, so that a decoder needs nothing but the lengths.

    Args:
        lengths: dict {symbol: bits}, as `huffman_code_lengths` returns it.

    Returns:
        dict {symbol: code}, each code a string of 0 and 1, none the beginning of another.

    Raises:
        TypeError, ValueError: a length is not an integer of at least 1, or no prefix code has such lengths.

    >>> huffman_codes({0: 3, 1: 2, 3: 3, 7: 1})
    {7: '0', 1: '10', 0: '110', 3: '111'}
    """
    if not isinstance(lengths, Mapping):
        raise TypeError(f"lengths must be a dict of symbol: bits; got {type(lengths).__name__}")
    lengths = {symbol: check_integer(bits, "bits", minimum=1) for symbol, bits in lengths.items()}
    kraft = sum(Fraction(1, 2**bits) for bits in lengths.values())  # exact: floats round the longest codes away
    if kraft > 1:
        raise ValueError(f"lengths must have a sum of 2**-bits of at most 1 (Kraft); got {float(kraft)}")
    codes, code, before = {}, 0, 0
    for symbol in sorted(lengths, key=lambda symbol: (lengths[symbol], symbol)):
        code <<= lengths[symbol] - before
        before = lengths[symbol]
        codes[symbol] = f"{code:0{before}b}"
        code += 1
    return codes


@dataclass(frozen=True)
class CompressedSize:
    """Bytes of one layer, part by part; `stored` counts survivors and fillers."""

    weights: int
    kept: int
    stored: int
    value_bytes: int
    gap_bytes: int
    codebook_bytes: int
    value_bytes_huffman: int
    gap_bytes_huffman: int
    table_bytes: int

    @property
    def total(self) -> int:
        """Bytes before Huffman coding: values, gaps and codebook."""
        return self.value_bytes + self.gap_bytes + self.codebook_bytes

    @property
    def total_huffman(self) -> int:
        """Bytes after Huffman coding: values, gaps, codebook, and the code lengths that the decoder needs."""
        return self.value_bytes_huffman + self.gap_bytes_huffman + self.codebook_bytes + self.table_bytes


def compressed_size(shared: SharedWeights, index_bits: int) -> CompressedSize:
    """Return what a pruned layer with shared weights takes under a relative index, before and after Huffman coding.

    A filler stores a zero, one value more than the codebook has. Before Huffman it is counted with the bits of a code,
    as in the paper's tables (to decode, one code must be spared for it); after Huffman it is a symbol of its own.

    Args:
        shared: SharedWeights.
        index_bits: bits of a gap, 1 to 16.

    Returns:
        CompressedSize. Tables: one byte for the code length of every possible symbol.

    Source: Han et al. 2016, Deep Compression (arXiv 1510.00149), sections 2 to 4.

    >>> weight = torch.tensor([[1.0, 0, 0, 0, 0, 0, 1, 2]])
    >>> size = compressed_size(share_weights(weight, weight != 0, bits=1), index_bits=2)
    >>> size.stored, size.value_bytes, size.gap_bytes, size.codebook_bytes  # 4 of 1 bit, 4 of 2 bits, 2 of 4 bytes
    (4, 1, 1, 8)
    """
    if not isinstance(shared, SharedWeights):
        raise TypeError(f"shared must be SharedWeights; got {type(shared).__name__}")
    index_bits = check_integer(index_bits, "index_bits", minimum=1)
    relative = RelativeIndex.from_dense(shared.mask.reshape(1, -1).astype(np.float32), index_bits)
    filler = shared.codebook.size
    symbols = np.full(relative.stored, filler)
    symbols[relative.data != 0] = shared.codes
    return CompressedSize(
        weights=shared.mask.size,
        kept=shared.codes.size,
        stored=relative.stored,
        value_bytes=_whole_bytes(relative.stored * shared.bits),
        gap_bytes=_whole_bytes(relative.stored * index_bits),
        codebook_bytes=shared.codebook.nbytes,
        value_bytes_huffman=_huffman_bytes(symbols),
        gap_bytes_huffman=_huffman_bytes(relative.gaps),
        table_bytes=filler + 1 + 2**index_bits,
    )


def _huffman_bytes(symbols):
    if not symbols.size:
        return 0
    counts = _count(symbols)[1].tolist()
    return _whole_bytes(sum(count * bits for count, bits in zip(counts, _depths(counts), strict=True)))


def _whole_bytes(bits):
    return -(-bits // 8)
