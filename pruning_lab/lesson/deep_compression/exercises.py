"""Lesson 09: canonical Huffman codes by hand, one step of a codebook, the bits that a weight takes."""

import numpy as np

from pruning_lab import compress
from pruning_lab.lesson.frame.answers import array, close, likely_slip, nearest_rounding, number, require, told_apart


def canonical_codes(answer):
    """`my_codes(lengths)` returns {symbol: word} for {symbol: bits}, each word a text of 0 and 1."""
    cases = [
        {"a": 1, "b": 1},
        {"a": 2, "b": 1, "c": 2},
        dict(zip("ABCDEFGH", (3, 3, 3, 3, 3, 2, 4, 4), strict=True)),
        {"c": 3, "a": 3, "b": 1, "d": 3, "e": 4, "f": 4},
        {5: 1, 3: 5, 1: 5, 2: 4, 4: 3, 0: 2},
        {10: 2, 9: 2, 0: 2, 2: 3, 1: 3},
        {"z": 1} | dict.fromkeys("hgfedcba", 4),
    ]
    for lengths in cases:
        got = answer(lengths)
        require(isinstance(got, dict), f"return a dict of symbol: word; got {type(got).__name__}")
        require(got.keys() == lengths.keys(), f"every symbol must have a word; got words for {list(got)}")
        texts = all(isinstance(word, str) for word in got.values())
        require(texts, "a word must be a text such as '010': a number cannot begin with 0")
        _compare_words(got, lengths)


def _compare_words(got, lengths):
    right = compress.huffman_codes(lengths)
    for symbol, word in got.items():
        message = f"each word must have as many bits as its length says; {symbol!r} must have {lengths[symbol]}"
        require(len(word) == lengths[symbol], message)
    pair = next(((a, b) for a in got for b in got if a != b and got[b].startswith(got[a])), None)
    begins = pair and f"that of {pair[0]!r} begins that of {pair[1]!r}"
    shift = "when words get longer, the next one gets a 0 on its right for each new bit"
    require(pair is None, f"no word may begin another, or a decoder could not tell them apart; {begins}: {shift}")
    ranked = sorted(lengths, key=lambda symbol: (lengths[symbol], symbol))
    require("1" not in got[ranked[0]], "the first word is all zeros")
    ascend = [got[symbol] for symbol in ranked] == sorted(got.values())
    require(ascend, "words ascend by length, then by symbol, 9 before 10: a decoder knows only the lengths")
    require(got == right, f"the next word is the last one plus 1, shifted where it gets longer: {right}; got {got}")


def codebook_step(answer):
    """`my_step(codebook, codes, gradient, rate)` returns the codebook after one step down the summed gradient."""
    rng = np.random.default_rng(5)
    codebook, codes = np.array([-1.0, 0.0, 1.5, 2.0]), np.array([[3, 0, 2, 1], [1, 1, 0, 3]])
    gradient = np.array([[-0.03, -0.01, 0.03, 0.02], [-0.01, 0.01, -0.02, 0.12]])
    cases = [(codebook, codes, gradient, 1.0), (codebook, codes, gradient, 0.1)]
    cases.append((rng.standard_normal(8), rng.integers(0, 7, (9, 11)), rng.standard_normal((9, 11)), 0.5))
    for case in cases:
        _compare_books(array(answer(*case), "the codebook"), *case)


def _compare_books(got, book, codes, gradient, rate):
    require(
        got.shape == book.shape, f"the codebook must have one value for each code, {book.shape}; got shape {got.shape}"
    )
    sums = np.bincount(codes.ravel(), gradient.ravel(), minlength=book.size)
    counts = np.maximum(np.bincount(codes.ravel(), minlength=book.size), 1)
    right, last = book - rate * sums, book.copy()
    last[codes] = last[codes] - rate * gradient
    slips = {
        "codebook[codes] -= ... keeps one weight of each cluster and drops the others; np.add.at or np.bincount adds "
        "up": last,
        "down the gradient is minus: this step climbs": book + rate * sums,
        "the loss falls with the sum over a cluster, not with its mean: every one of its weights moves": book
        - rate * sums / counts,
        "the step is the rate times the sum": book - sums,
        "do not round: small steps add up": right.round(2),
    }
    place = int(np.abs(got - right).argmax())
    due, given = told_apart(right[place], got[place])
    unused = "" if (codes == place).any() else ", as it was: no weight has it"
    otherwise = f"value {place} must be {due}{unused}; got {given}"
    require(close(got, right), likely_slip(lambda wrong: close(got, wrong), slips, otherwise))


def bits_a_weight(answer):
    """`my_bits(density, value_bits, index_bits)`: bits of a relative index for each weight of the dense matrix."""
    for case in [(0.1, 16, 4), (0.5, 16, 4), (1.0, 3, 5), (0.09, 5, 4), (0.02, 4, 4)]:
        _compare_bits(number(answer(*case)), *case)


def _compare_bits(got, density, value_bits, index_bits):
    both, span = value_bits + index_bits, 2**index_bits
    fillers = 1 / (1 - (1 - density) ** span)
    one_less, twice = (density * both / (1 - (1 - density) ** wrong) for wrong in (span - 1, 2 * index_bits))
    slips = {
        f"without fillers a gap could not reach the next weight where {span} zeros come first": density * both,
        "a filler takes a value as well as a gap, in the paper's format": density * (both + (fillers - 1) * index_bits),
        f"a gap of {index_bits} bits skips 0 to {span - 1} zeros, so it spans {span} places with its weight": one_less,
        "that is for each weight kept; spread it over all weights of the matrix": both * fillers,
    }
    right = density * both * fillers
    slips |= {
        f"a gap of {index_bits} bits has {span} values, so a filler comes after {span} zeros": (
            density * both / (1 - (1 - density) ** index_bits)
        ),
        "a gap has 2 ** index_bits values, not 2 * index_bits": twice,
        "those are bytes; a byte has eight bits": right / 8,
        f"do not round; got {got:g}": nearest_rounding(got, right),
    }
    otherwise = f"{density:g} x {both} bits without fillers, {fillers:.3g} times as many with them; got {got:g}"
    reason = likely_slip(lambda wrong: close(got, wrong), slips, otherwise)
    where = f"density {density}, values of {value_bits} bits, gaps of {index_bits}"
    require(close(got, right), f"{where}: {reason}")
