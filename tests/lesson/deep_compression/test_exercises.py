"""Lesson 09's exercises: right answers pass, untouched stubs are not started, wrong ones are told why."""

import numpy as np
from exercise_tests import exercise_tests

from pruning_lab.lesson.deep_compression import exercises


def ranked(lengths):
    return sorted(lengths, key=lambda symbol: (lengths[symbol], symbol))


def right_codes(lengths):
    codes, code, before = {}, 0, 0
    for symbol in ranked(lengths):
        code <<= lengths[symbol] - before
        before = lengths[symbol]
        codes[symbol] = f"{code:0{before}b}"
        code += 1
    return codes


def not_shifted(lengths):
    return {symbol: f"{number:0{lengths[symbol]}b}" for number, symbol in enumerate(ranked(lengths))}


def twice_the_growth(lengths):
    """Right where words get longer by one bit or by two, and wrong by three."""
    codes, code, before = {}, 0, 0
    for symbol in ranked(lengths):
        code *= 2 * (lengths[symbol] - before) or 1
        before = lengths[symbol]
        codes[symbol] = f"{code:0{before}b}"
        code += 1
    return codes


def in_the_order_of_the_dict(lengths):
    order = sorted(lengths, key=lambda symbol: lengths[symbol])  # stable: of one length, as they came
    return dict(zip(order, [right_codes(lengths)[symbol] for symbol in ranked(lengths)], strict=True))


def sorted_as_text(lengths):
    order = sorted(lengths, key=lambda symbol: (lengths[symbol], str(symbol)))
    return dict(zip(order, [right_codes(lengths)[symbol] for symbol in ranked(lengths)], strict=True))


def from_above(lengths):
    flip = str.maketrans("01", "10")
    return {symbol: code.translate(flip) for symbol, code in right_codes(lengths).items()}


def right_step(codebook, codes, gradient, rate):
    return codebook - rate * np.bincount(codes.ravel(), gradient.ravel(), minlength=codebook.size)


def last_of_each(codebook, codes, gradient, rate):
    new = codebook.copy()
    new[codes] -= rate * gradient
    return new


def unused_dropped(codebook, codes, gradient, rate):
    return np.where(np.isin(np.arange(codebook.size), codes), right_step(codebook, codes, gradient, rate), 0)


def by_the_mean(codebook, codes, gradient, rate):
    counts = np.maximum(np.bincount(codes.ravel(), minlength=codebook.size), 1)
    return codebook - rate * np.bincount(codes.ravel(), gradient.ravel(), minlength=codebook.size) / counts


def in_place(codebook, codes, gradient, rate):
    codebook -= rate * np.bincount(codes.ravel(), gradient.ravel(), minlength=codebook.size)
    return codebook


def right_bits(density, value_bits, index_bits):
    return density * (value_bits + index_bits) / (1 - (1 - density) ** 2**index_bits)


RIGHT = [
    (exercises.canonical_codes, right_codes),
    (exercises.codebook_step, right_step),
    (exercises.bits_a_weight, right_bits),
]
WRONG = [
    (exercises.canonical_codes, lambda lengths: list(right_codes(lengths).values()), "return a dict"),
    (
        exercises.canonical_codes,
        lambda lengths: dict(list(right_codes(lengths).items())[1:]),
        "every symbol must have a word",
    ),
    (
        exercises.canonical_codes,
        lambda lengths: {symbol: int(code, 2) for symbol, code in right_codes(lengths).items()},
        "a word must be a text",
    ),
    (
        exercises.canonical_codes,
        lambda lengths: {symbol: code.lstrip("0") or "0" for symbol, code in right_codes(lengths).items()},
        "each word must have as many bits as its length says",
    ),
    (exercises.canonical_codes, not_shifted, "that of 'b' begins that of 'a'"),
    (exercises.canonical_codes, twice_the_growth, "the next one gets a 0 on its right for each new bit"),
    (exercises.canonical_codes, sorted_as_text, "then by symbol, 9 before 10"),
    (exercises.canonical_codes, from_above, "the first word is all zeros"),
    (exercises.canonical_codes, in_the_order_of_the_dict, "words ascend by length, then by symbol"),
    (exercises.codebook_step, in_place, "codebook was changed in place"),
    (exercises.codebook_step, lambda book, *_: book[:2], "one value for each code"),
    (exercises.codebook_step, last_of_each, "keeps one weight of each cluster"),
    (exercises.codebook_step, lambda b, c, g, r: right_step(b, c, g, -r), "this step climbs"),
    (exercises.codebook_step, by_the_mean, "not with its mean"),
    (exercises.codebook_step, lambda b, c, g, r: right_step(b, c, g, 1), "the step is the rate times the sum"),
    (exercises.codebook_step, lambda b, c, g, r: b, "value 3 must be 1.91; got 2"),
    (exercises.codebook_step, lambda b, c, g, r: right_step(b, c, g, r).round(3), "value 6 must be 0.1865; got 0.187"),
    (exercises.codebook_step, lambda b, c, g, r: right_step(b, c, g, r).round(2), "do not round"),
    (exercises.codebook_step, unused_dropped, "as it was: no weight has it; got 0"),
    (exercises.bits_a_weight, lambda d, v, i: [1], "return one number"),
    (exercises.bits_a_weight, lambda d, v, i: d * (v + i) / (1 - (1 - d) ** i), "has 16 values"),
    (exercises.bits_a_weight, lambda d, v, i: d * (v + i) / (1 - (1 - d) ** (2 * i)), "not 2 * index_bits"),
    (exercises.bits_a_weight, lambda d, v, i: right_bits(d, v, i) / 8, "those are bytes"),
    (exercises.bits_a_weight, lambda d, v, i: round(right_bits(d, v, i), 2), "do not round"),
    (exercises.bits_a_weight, lambda d, v, i: round(right_bits(d, v, i), 3), "do not round; got 2.455"),
    (exercises.bits_a_weight, lambda d, v, i: d * (v + i), "without fillers"),
    (
        exercises.bits_a_weight,
        lambda d, v, i: d * (v + i + (1 / (1 - (1 - d) ** 2**i) - 1) * i),
        "a filler takes a value as well",
    ),
    (exercises.bits_a_weight, lambda d, v, i: d * (v + i) / (1 - (1 - d) ** (2**i - 1)), "so it spans"),
    (exercises.bits_a_weight, lambda d, v, i: right_bits(d, v, i) / d, "for each weight kept"),
    (exercises.bits_a_weight, lambda d, v, i: 1.0, "without fillers, 1.23 times as many with them"),
]
test_right, test_untouched, test_wrong = exercise_tests(RIGHT, WRONG)
