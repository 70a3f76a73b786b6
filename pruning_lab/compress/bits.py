"""Symbols as streams of bits: each symbol its code, one after another, the first bit of a byte the most significant."""

import numba
import numpy as np

from pruning_lab.compress.huffman import LONGEST

LENGTH_BITS = LONGEST.bit_length()


def pack_symbols(symbols: np.ndarray, lengths: np.ndarray) -> bytes:
    """Return a stream in the canonical code of `lengths`; where only one symbol has a code, nothing need be written.

    Args:
        symbols: (n,) array of unsigned integers, each with a code.
        lengths: (alphabet,) uint8, the bits of each symbol's code, at most LONGEST; 0 where a symbol has none.

    Returns:
        bytes; the bits left over in the last byte are 0.

    >>> pack_symbols(np.array([1, 2, 1, 0], np.uint8), np.array([2, 1, 2], np.uint8)).hex()  # 0 11 0 10 and two zeros
    '68'
    """
    if np.count_nonzero(lengths) < 2:
        return b""
    bits = int(lengths.astype(np.int64)[symbols].sum())
    stream = np.zeros(-(-bits // 8), np.uint8)
    _pack(symbols, _canonical_codes(lengths), lengths.astype(np.int64), stream)
    return stream.tobytes()


def unpack_symbols(stream: bytes, lengths: np.ndarray, count: int) -> np.ndarray:
    """Return the `count` symbols that `pack_symbols` wrote with the same `lengths`.

    Returns:
        (count,) uint8, or uint16 where the alphabet has more than 256 symbols.

    Raises:
        ValueError: no such stream can have been written with these lengths.

    >>> unpack_symbols(b"\x68", np.array([2, 1, 2], np.uint8), 4).tolist()
    [1, 2, 1, 0]
    """
    check_complete(lengths)
    ranked = np.flatnonzero(lengths)
    ranked = ranked[np.argsort(lengths[ranked], kind="stable")]
    dtype = np.uint8 if lengths.size <= 256 else np.uint16
    if ranked.size < 2:
        if stream or (count and not ranked.size):
            raise ValueError(f"a stream must be empty where at most one symbol has a code; got {len(stream)} bytes")
        return np.full(count, ranked[0] if count else 0, dtype)
    if count > 8 * len(stream):
        raise ValueError(f"a stream must have a bit for each of its {count} symbols; got {len(stream)} bytes")
    symbols = np.empty(count, dtype)
    counts = np.bincount(lengths[ranked], minlength=LONGEST + 1)
    _check_end(stream, _unpack(np.frombuffer(stream, np.uint8), counts, ranked.astype(dtype), symbols))
    return symbols


def pack_lengths(lengths: np.ndarray) -> bytes:
    """Return code lengths as bytes, LENGTH_BITS bits each.

    >>> pack_lengths(np.array([2, 1, 2], np.uint8)).hex()  # 00010 00001 00010 and a zero
    '1044'
    """
    shifts = np.arange(LENGTH_BITS - 1, -1, -1)
    return np.packbits((lengths[:, None] >> shifts & 1).astype(np.uint8)).tobytes()


def unpack_lengths(table: bytes, alphabet: int) -> np.ndarray:
    """Return the (alphabet,) uint8 code lengths that `pack_lengths` wrote.

    >>> unpack_lengths(bytes.fromhex("1044"), 3).tolist()
    [2, 1, 2]
    """
    bits = np.unpackbits(np.frombuffer(table, np.uint8))
    if bits[alphabet * LENGTH_BITS :].any():
        raise ValueError("a table of code lengths must end in bits of 0; got others")
    powers = 2 ** np.arange(LENGTH_BITS - 1, -1, -1)
    return (bits[: alphabet * LENGTH_BITS].reshape(alphabet, LENGTH_BITS) @ powers).astype(np.uint8)


def table_bytes(alphabet: int) -> int:
    """Return the bytes of a table of code lengths.

    >>> table_bytes(3)
    2
    """
    return -(-alphabet * LENGTH_BITS // 8)


def check_complete(lengths: np.ndarray) -> None:
    """Raise unless `lengths` are those of a Huffman code: no code is the beginning of another, and none is left over.

    >>> check_complete(np.array([1, 1, 1], np.uint8))
    Traceback (most recent call last):
    ValueError: code lengths must have a sum of 2**-bits of 1 (Kraft); got 1.5
    """
    used = lengths[lengths > 0].astype(np.int64)
    kraft = int((1 << (LONGEST - used)).sum())  # times 2**LONGEST: an integer
    if used.size > 1 and kraft != 1 << LONGEST:
        raise ValueError(f"code lengths must have a sum of 2**-bits of 1 (Kraft); got {kraft / (1 << LONGEST):g}")


def _canonical_codes(lengths):
    """Return the code of each symbol as an int64, (alphabet,): what `huffman_codes` says, for large alphabets too."""
    ranked = np.flatnonzero(lengths)
    ranked = ranked[np.argsort(lengths[ranked], kind="stable")]
    shift = LONGEST - lengths[ranked].astype(np.int64)
    starts = np.cumsum(1 << shift) - (1 << shift)  # each code is the next piece of the line from 0 to 2**LONGEST
    codes = np.zeros(lengths.size, np.int64)
    codes[ranked] = starts >> shift
    return codes


def _check_end(stream, bits):
    if bits < 0:
        raise ValueError("a stream must hold all of its symbols; got one that ends early")
    if -(-bits // 8) != len(stream) or (bits % 8 and stream[-1] & (0xFF >> bits % 8)):
        raise ValueError(f"a stream must end with its last symbol; got {bits} bits used of {8 * len(stream)}")


@numba.njit(cache=True, nogil=True)
def _pack(symbols, codes, lengths, stream):
    held, filled, at = 0, 0, 0
    for i in range(symbols.size):
        length = lengths[symbols[i]]
        held = (held << length) | codes[symbols[i]]
        filled += length
        while filled >= 8:
            filled -= 8
            stream[at] = held >> filled
            at += 1
            held &= (1 << filled) - 1
    if filled:
        stream[at] = held << (8 - filled)


@numba.njit(cache=True, nogil=True)
def _unpack(stream, counts, ranked, symbols):
    """Fill `symbols`; return how many bits that took, or -1 where the stream ends first.

    Of each length the codes are consecutive numbers: a code is one of them if it lies less than counts[length] above
    the first.
    """
    at, stop = 0, 8 * stream.size
    for i in range(symbols.size):
        code, first, before, length = 0, 0, 0, 0
        while True:
            if at == stop:
                return -1
            code = 2 * code + (stream[at >> 3] >> (7 - (at & 7)) & 1)
            at += 1
            length += 1
            first *= 2
            if code - first < counts[length]:
                break
            before += counts[length]
            first += counts[length]
        symbols[i] = ranked[before + code - first]
    return at
