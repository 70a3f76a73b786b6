"""Codes that are short where a symbol is frequent: Huffman's, in canonical order, as short as one asks for."""

import heapq
from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from pruning_lab.arrays import check_plain
from pruning_lab.checks import check_integer

LONGEST = 31  # bits of a code at most, in a file: they fit 5 bits of a table, and any 65,536 symbols can be told apart


def huffman_code_lengths(symbols: np.ndarray, longest: int | None = None) -> dict[int, int]:
    """Return how many bits the Huffman code of each symbol has: the fewest bits in all that any prefix code takes.

    A stream of one symbol over and over still spends one bit on each.

    Args:
        symbols: (n,) array of integers, the stream to be coded, n at least 1.
        longest: no code may have more bits, so that a decoder can look one up in one step; None sets no limit.

    Returns:
        dict {symbol: bits}, symbols ascending.

    Raises:
        TypeError: symbols is not an array of integers.
        ValueError: symbols is empty or not 1-D, or codes of at most `longest` bits are too few for them.

    Sources: Huffman 1952, A Method for the Construction of Minimum-Redundancy Codes; with a limit, Larmore and
    Hirschberg 1990, A Fast Algorithm for Optimal Length-Limited Huffman Codes.

    >>> huffman_code_lengths(np.array([7, 7, 7, 7, 1, 1, 0, 3]))
    {0: 3, 1: 2, 3: 3, 7: 1}
    >>> huffman_code_lengths(np.array([7, 7, 7, 7, 1, 1, 0, 3]), longest=2)
    {0: 2, 1: 2, 3: 2, 7: 2}
    """
    found, counts = _count(symbols)
    return dict(zip(found.tolist(), code_lengths(counts, longest).tolist(), strict=True))


def huffman_bits(symbols: np.ndarray) -> int:
    """Return the bits of a stream in its Huffman code, without the table that decodes it; 0 for an empty stream.

    >>> huffman_bits(np.array([7, 7, 7, 7, 1, 1, 0, 3]))
    14
    """
    if isinstance(symbols, np.ndarray) and not symbols.size:
        return 0
    counts = _count(symbols)[1]
    return int(counts @ code_lengths(counts))


def _count(symbols):
    check_plain(symbols, "symbols")
    if symbols.dtype.kind not in "iu":
        raise TypeError(f"symbols must be a NumPy array of integers; got dtype {symbols.dtype}")
    if symbols.ndim != 1 or symbols.size == 0:
        raise ValueError(f"symbols must have 1 axis and at least one entry; got shape {symbols.shape}")
    return np.unique(symbols, return_counts=True)


def code_lengths(counts: np.ndarray, longest: int | None = None) -> np.ndarray:
    """Return the bits of each symbol's code, (symbols,) int64, from how often each occurs: at least once.

    >>> code_lengths(np.array([1, 2, 1, 4])).tolist()
    [3, 2, 3, 1]
    """
    lengths = np.array(_depths(counts.tolist()))
    if longest is None or lengths.max() <= check_integer(longest, "longest", minimum=1):
        return lengths
    if counts.size > 2**longest:
        raise ValueError(f"longest must be enough for {counts.size} symbols; got {longest} bits")
    return _limited_depths(counts, longest)


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


def _limited_depths(counts, longest):
    """Return the depths of the leaves in the best tree no deeper than `longest`: package-merge.

    A leaf of depth d is bought once at each of d levels. From the deepest level up, neighbours are packed in pairs and
    offered beside the leaves of the next level; the cheapest 2n - 2 offers of the last level are the tree.
    """
    order = np.argsort(counts, kind="stable")
    leaves = counts[order].astype(np.int64)
    offers, levels = leaves, [np.ones(leaves.size, bool)]
    for _ in range(longest - 1):
        packages = offers[: offers.size // 2 * 2].reshape(-1, 2).sum(axis=1)
        both = np.concatenate([leaves, packages])
        ranked = np.argsort(both, kind="stable")
        offers = both[ranked]
        levels.append(ranked < leaves.size)
    depths, taken = np.zeros(leaves.size, np.int64), 2 * leaves.size - 2
    for is_leaf in reversed(levels):
        bought = int(is_leaf[:taken].sum())
        depths[order[:bought]] += 1
        taken = 2 * (taken - bought)
    return depths


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
