"""Lesson 09: canonical Huffman codes by hand, one step of a codebook, the bits that a weight takes."""

import numpy as np

from pruning_lab import compress
from pruning_lab.lesson.frame.practice import NOT_STARTED


def canonical_codes(answer):
    """`my_codes(lengths)` returns {symbol: code} for {symbol: bits}, each code a text of 0 and 1."""
    if answer({"a": 1, "b": 1}) is ...:
        return NOT_STARTED
    cases = [
        {"a": 1, "b": 1},
        {"a": 2, "b": 1, "c": 2},
        dict(zip("ABCDEFGH", (3, 3, 3, 3, 3, 2, 4, 4), strict=True)),
        {"c": 3, "a": 3, "b": 1, "d": 3, "e": 4, "f": 4},
        {5: 1, 3: 5, 1: 5, 2: 4, 4: 3, 0: 2},
    ]
    for lengths in cases:
        got = answer(dict(lengths))
        assert isinstance(got, dict), f"return a dict of symbol: code; got {type(got).__name__}"
        assert got.keys() == lengths.keys(), f"every symbol has a code; got codes of {list(got)}"
        _compare_codes(got, lengths)
    return None


def _compare_codes(got, lengths):
    right = compress.huffman_codes(lengths)
    assert all(isinstance(code, str) for code in got.values()), (
        "a code is a text such as '010': a number has no 0 first"
    )
    short = {symbol: code for symbol, code in got.items() if len(code) != lengths[symbol]}
    assert not short, (
        f"each code has the bits that its length says; {_first(short)} must have {lengths[next(iter(short))]}"
    )
    pairs = [(a, b) for a in got for b in got if a != b and got[b].startswith(got[a])]
    assert not pairs, (
        f"no code begins another, or a decoder could not tell; {_first(pairs)}: when codes get longer, shift the next "
        "one to the left"
    )
    assert got[min(lengths, key=lambda symbol: (lengths[symbol], symbol))].count("1") == 0, (
        "the first code is all zeros"
    )
    assert [got[symbol] for symbol in sorted(got, key=lambda symbol: (lengths[symbol], symbol))] == sorted(
        got.values()
    ), "codes ascend by length, then by symbol: a decoder knows the lengths alone"
    assert got == right, f"the next code is the last one plus 1, shifted where it gets longer: {right}; got {got}"


def _first(things):
    return repr(next(iter(things)))


def codebook_step(answer):
    """`my_step(codebook, codes, gradient, rate)` returns the codebook after one step down the summed gradient."""
    rng = np.random.default_rng(5)
    codebook, codes = np.array([-1.0, 0.0, 1.5, 2.0]), np.array([[3, 0, 2, 1], [1, 1, 0, 3]])
    gradient = np.array([[-0.03, -0.01, 0.03, 0.02], [-0.01, 0.01, -0.02, 0.12]])
    if answer(codebook.copy(), codes.copy(), gradient.copy(), 1.0) is ...:
        return NOT_STARTED
    cases = [(codebook, codes, gradient, 1.0), (codebook, codes, gradient, 0.1)]
    cases.append((rng.standard_normal(8), rng.integers(0, 7, (9, 11)), rng.standard_normal((9, 11)), 0.5))
    for book, code, slope, rate in cases:
        given = book.copy()
        got = answer(given, code.copy(), slope.copy(), rate)
        assert np.array_equal(given, book), "leave the codebook you are given as it is: return a new one"
        _compare_books(np.asarray(got, dtype=float), book, code, slope, rate)
    return None


def _compare_books(got, book, codes, gradient, rate):
    assert got.shape == book.shape, f"one value for each code, {book.shape}; got shape {got.shape}"
    sums = np.bincount(codes.ravel(), gradient.ravel(), minlength=book.size)
    counts = np.maximum(np.bincount(codes.ravel(), minlength=book.size), 1)
    last = book.copy()
    last[codes] = last[codes] - rate * gradient
    assert not np.allclose(got, last), (
        "codebook[codes] -= ... keeps one weight of each cluster and drops the others; np.add.at or np.bincount adds up"
    )
    assert not np.allclose(got, book + rate * sums), "down the gradient is minus: this step climbs"
    assert not np.allclose(got, book - rate * sums / counts), (
        "the loss falls with the sum over a cluster, not with its mean: every one of its weights moves"
    )
    assert rate == 1 or not np.allclose(got, book - sums), "the step is the rate times the sum"
    assert np.allclose(got, book - rate * sums), f"must be {(book - rate * sums).round(3)}; got {got.round(3)}"


def bits_a_weight(answer):
    """`my_bits(density, value_bits, index_bits)`: bits of a relative index for each weight of the dense matrix."""
    if answer(0.1, 16, 4) is ...:
        return NOT_STARTED
    for density, value_bits, index_bits in [(0.1, 16, 4), (0.5, 16, 4), (1.0, 3, 5), (0.09, 5, 4), (0.02, 4, 4)]:
        got = answer(density, value_bits, index_bits)
        assert isinstance(got, float | int | np.floating), f"return one number; got {type(got).__name__}"
        _compare_bits(float(got), density, value_bits, index_bits)
    return None


def _compare_bits(got, density, value_bits, index_bits):
    where = f"density {density}, values of {value_bits} bits, gaps of {index_bits}"
    both, span = value_bits + index_bits, 2**index_bits
    fillers = 1 / (1 - (1 - density) ** span)
    right = density * both * fillers
    assert not np.isclose(got, density * both) or np.isclose(got, right), (
        f"{where}: without fillers a gap could not reach the next weight where {span} zeros come first"
    )
    assert not np.isclose(got, density * (both + (fillers - 1) * index_bits)) or np.isclose(got, right), (
        f"{where}: a filler takes a value as well as a gap, in the paper's format"
    )
    one_less = density * both / (1 - (1 - density) ** (span - 1)) if density < 1 else right
    assert not np.isclose(got, one_less) or np.isclose(got, right), (
        f"{where}: a gap of {index_bits} bits skips 0 to {span - 1} zeros, so it spans {span} places with its weight"
    )
    assert not np.isclose(got, both * fillers) or np.isclose(got, right), (
        f"{where}: that is for each weight kept; spread it over all weights of the matrix"
    )
    assert np.isclose(got, right), f"{where}: {density:g} x {both} bits, and as many again for fillers; got {got:g}"
