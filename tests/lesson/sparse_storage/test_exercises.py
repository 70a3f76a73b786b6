"""Lesson 03's exercises: right answers pass, untouched stubs are not started, wrong ones are told why."""

from collections import namedtuple
from decimal import Decimal
from fractions import Fraction

import numpy as np
import torch
from exercise_tests import exercise_tests

from pruning_lab.lesson.sparse_storage import exercises


def right_csr(array):
    rows, columns = np.nonzero(array)
    return array[rows, columns], columns, np.concatenate([[0], np.cumsum(np.count_nonzero(array, axis=1))])


def right_gaps(row, bits):
    gaps, values, gap = [], [], 0
    for value in row[: np.flatnonzero(row)[-1] + 1] if row.any() else []:
        if value == 0 and gap < 2**bits - 1:
            gap += 1
            continue
        gaps.append(gap)
        values.append(value)
        gap = 0
    return gaps, values


def right_break_even(value_bits, index_bits):
    return value_bits / (value_bits + index_bits)


def differences(row, bits):
    kept = np.flatnonzero(row)
    return np.diff(kept, prepend=-1).tolist(), row[kept].tolist()


def unbounded(row, bits):
    kept = np.flatnonzero(row)
    return (np.diff(kept, prepend=-1) - 1).tolist(), row[kept].tolist()


def clipped(row, bits):
    gaps, values = unbounded(row, bits)
    return [min(gap, 2**bits - 1) for gap in gaps], values


def filler_takes_no_place(row, bits):
    gaps, values = right_gaps(row, bits)
    return [gap + 1 if k and values[k - 1] == 0 and gap + 1 < 2**bits else gap for k, gap in enumerate(gaps)], values


def fillers_to_the_end(row, bits):
    gaps, values = right_gaps(row, bits)
    return [*gaps, 2**bits - 1], [*values, 0.0]


def placed(places):
    return lambda array: (right_csr(array)[0], places(array), right_csr(array)[2])


def pointed(change):
    return lambda array: (*right_csr(array)[:2], change(array, right_csr(array)[2]))


def down(row, bits, largest=None, filler=0.0):
    """Return gaps and values with fillers after at most `largest` zeros."""
    largest, gaps, values, at = 2**bits - 1 if largest is None else largest, [], [], 0
    for place in np.flatnonzero(row):
        while place - at > largest:
            gaps.append(largest)
            values.append(filler)
            at += largest + 1
        gaps.append(int(place - at))
        values.append(row[place])
        at = place + 1
    return gaps, values


def first_of_equal_values(array):
    data, columns, indptr = right_csr(array)
    return data, 0 * np.array(columns) if array.all() else columns, indptr


def data_row_by_row(array):
    return [row[row != 0].tolist() for row in array], *right_csr(array)[1:]


def narrow_columns(array):
    data, columns, indptr = right_csr(array)
    return data, np.array(columns).astype(np.uint8), indptr


RIGHT = [
    (exercises.csr_arrays, right_csr),
    (exercises.csr_arrays, lambda a: [part.tolist() for part in right_csr(a)]),
    (exercises.csr_arrays, lambda a: namedtuple("CSR", "data indices indptr")(*right_csr(a))),
    (exercises.csr_arrays, lambda a: (right_csr(a)[0].astype(np.float32), *map(torch.tensor, right_csr(a)[1:]))),
    (exercises.gaps_with_fillers, right_gaps),
    (exercises.gaps_with_fillers, down),
    (exercises.gaps_with_fillers, lambda r, b: [np.array(right_gaps(r, b)[0], int), np.float32(right_gaps(r, b)[1])]),
    (exercises.break_even, right_break_even),
    (exercises.break_even, lambda v, i: Fraction(v, v + i)),
    (exercises.break_even, lambda v, i: Decimal(v) / (v + i)),
    (exercises.break_even, lambda v, i: np.array(v / (v + i))),
    (exercises.break_even, lambda v, i: torch.tensor(v / (v + i))),
]
WRONG = [
    (exercises.csr_arrays, lambda a: right_csr(a)[:2], "return data, indices and indptr, 3 results; got 2"),
    (exercises.csr_arrays, lambda a: right_csr(a * (a > 0)), "weights below zero stay"),
    (exercises.csr_arrays, lambda a: (*right_csr(a)[:2], right_csr(a)[2][:-1]), "one entry more than there are rows"),
    (exercises.csr_arrays, lambda a: right_csr(a.T), "which is CSC"),
    (exercises.csr_arrays, lambda a: (a.ravel(), *right_csr(a)[1:]), "only the weights that stay are stored"),
    (
        exercises.csr_arrays,
        lambda a: (*right_csr(a)[:2], np.concatenate([[0], np.count_nonzero(a, axis=1)])),
        "indptr adds up",
    ),
    (exercises.csr_arrays, placed(np.flatnonzero), "places in the whole matrix"),
    (exercises.csr_arrays, placed(lambda a: np.nonzero(a)[0]), "not which row"),
    (exercises.csr_arrays, placed(lambda a: np.nonzero(a)[1] + 1), "columns count from 0"),
    (exercises.csr_arrays, placed(lambda a: np.nonzero(a)[1] * 1.0), "indices must be whole numbers"),
    (exercises.csr_arrays, pointed(lambda a, p: p[1:]), "indptr begins with 0, where row 0 starts: put it first"),
    (exercises.csr_arrays, pointed(lambda a, p: p + 1), "indptr begins with 0"),
    (exercises.csr_arrays, pointed(lambda a, p: p[: min(a.shape) + 1]), "than there are rows, 4: the last one says"),
    (exercises.csr_arrays, pointed(lambda a, p: np.nonzero(a)[0]), "those are the rows of the weights, as in COO"),
    (exercises.csr_arrays, pointed(lambda a, p: np.diff(p)), "indptr adds up"),
    (exercises.csr_arrays, pointed(lambda a, p: 0 * p), "indptr must be [0, 2, 4, 4, 7, 7]; got [0, 0, 0, 0, 0, 0]"),
    (exercises.csr_arrays, pointed(lambda a, p: np.unique(p)), "one for an empty row, too"),
    (exercises.csr_arrays, lambda a: right_csr(a)[::-1], "return data first, then indices, then indptr"),
    (exercises.csr_arrays, lambda a: right_csr(np.where(abs(a) < 0.01, 0, a)), "a small weight is not zero"),
    (exercises.csr_arrays, lambda a: right_csr(np.where(abs(a) <= np.finfo(float).eps, 0, a)), "is not zero"),
    (exercises.csr_arrays, lambda a: right_csr(np.round(a, 10)), "is not zero"),
    (exercises.csr_arrays, lambda a: (abs(right_csr(a)[0]), *right_csr(a)[1:]), "a value keeps its sign"),
    (exercises.csr_arrays, lambda a: (right_csr(a)[0].round(3), *right_csr(a)[1:]), "stored as it is in the matrix"),
    (exercises.csr_arrays, lambda a: (right_csr(a)[0][::-1], *right_csr(a)[1:]), "in the same order"),
    (exercises.csr_arrays, lambda a: right_csr(np.nan_to_num(a)), "NaN is not zero"),
    (exercises.csr_arrays, pointed(lambda a, p: p.astype(np.uint8)), "[0, 100, 200, 300]; got [0, 100, 200, 44]"),
    (exercises.gaps_with_fillers, lambda r, b: down(r, b) if r.any() else ([2**b - 1], [0.0]), "no filler at the end"),
    (exercises.gaps_with_fillers, lambda r, b: (down(r, b)[0], np.trunc(down(r, b)[1])), "a value is stored as it is"),
    (exercises.gaps_with_fillers, lambda r, b: down(np.where(abs(r) < 1e-6, 0, r), b), "small ones"),
    (exercises.gaps_with_fillers, differences, "count the zeros skipped"),
    (exercises.gaps_with_fillers, lambda r, b: ([g + 1 for g in down(r, b)[0]], down(r, b)[1]), "count the zeros"),
    (exercises.gaps_with_fillers, lambda r, b: down(r, b)[::-1], "return the gaps first"),
    (exercises.gaps_with_fillers, lambda r, b: (np.float64(down(r, b)[0]), down(r, b)[1]), "gaps must be whole"),
    (exercises.gaps_with_fillers, lambda r, b: (np.flatnonzero(r), r[r != 0]), "counted from the row's start"),
    (exercises.gaps_with_fillers, lambda r, b: down(r, b, 2**b), "3 bits hold 0 to 7; got a gap of 8"),
    (exercises.gaps_with_fillers, lambda r, b: down(r, b, 2**b - 2), "a filler comes as late as it can"),
    (exercises.gaps_with_fillers, lambda r, b: down(r, 3), "a filler comes as late as it can, after 15 zeros"),
    (exercises.gaps_with_fillers, lambda r, b: down(r, b, filler=1.0), "a stored value of 0"),
    (exercises.gaps_with_fillers, lambda r, b: down(r.clip(0), b), "those below 0 counted"),
    (exercises.gaps_with_fillers, lambda r, b: ([], []), "3 weights are not 0"),
    (exercises.gaps_with_fillers, lambda r, b: tuple(part[:1] for part in down(r, b)), "counted; got 1"),
    (exercises.gaps_with_fillers, lambda r, b: (down(r, b)[0], np.abs(down(r, b)[1])), "a value keeps its sign"),
    (exercises.gaps_with_fillers, lambda r, b: down(r[::-1], b), ": the gaps are [1, 2, 7, 2]; got [0, 7, 2, 2]"),
    (exercises.gaps_with_fillers, unbounded, "add a filler"),
    (exercises.gaps_with_fillers, clipped, "a gap that does not fit needs a filler"),
    (exercises.gaps_with_fillers, filler_takes_no_place, "a filler itself takes a place"),
    (exercises.gaps_with_fillers, fillers_to_the_end, "nothing is stored after the last weight"),
    (exercises.gaps_with_fillers, lambda row, bits: right_gaps(row, bits)[0], "return gaps and values"),
    (exercises.gaps_with_fillers, lambda r, b: right_gaps(np.where(abs(r) > 1e-12, r, 0), b), "; got"),
    (exercises.break_even, lambda v, i: v // (v + i), "division of whole numbers"),
    (exercises.break_even, lambda v, i: i / (v + i), "the density is what is kept"),
    (exercises.break_even, lambda v, i: v / i if v != i else 0.5, "its value *and* its index"),
    (exercises.break_even, lambda v, i: [0.5], "return one number"),
    (exercises.break_even, lambda v, i: 1 - 1 / v, "a kept weight costs both"),
    (exercises.break_even, lambda v, i: 100 * v / (v + i), "not a percentage"),
    (exercises.break_even, lambda v, i: v / (v + 2 * i), "COO has two"),
    (exercises.break_even, lambda v, i: 0.5, "only if an index is as large as a value"),
    (exercises.break_even, lambda v, i: i / v, "a kept weight costs both"),
    (exercises.break_even, lambda v, i: -(-v // 8) / (-(-v // 8) - (-i // 8)), "a kept weight costs both"),
    (exercises.break_even, lambda v, i: round(v / (v + i), 2), "do not round"),
    (exercises.break_even, lambda v, i: round(v / (v + i), 4), "do not round"),
    (exercises.break_even, lambda v, i: round(v / (v + i), 5), "indices of 12: do not round"),
    (exercises.break_even, lambda v, i: round(v / (v + i), 6), "indices of 40: do not round"),
    (exercises.break_even, lambda v, i: 32 / (v + i), "holds the same values, of 16 bits, not of 32"),
    (exercises.break_even, lambda v, i: 32 / (32 + i), "values of 16 bits, indices of 16"),
    (exercises.break_even, lambda v, i: (v + i) / v, "a density is at most 1"),
    (exercises.csr_arrays, narrow_columns, "indices must be [7, 299, 5, 200]; got [7, 43, 5, 200]"),
    (exercises.csr_arrays, lambda a: right_csr(np.where(np.isinf(a), 0, a)), "and neither is infinity"),
    (exercises.csr_arrays, first_of_equal_values, "find the first of equal values"),
    (exercises.csr_arrays, placed(lambda a: np.nonzero(a)[1] // (1 + a.all())), "indices[1] must be 1; got 0"),
    (exercises.csr_arrays, lambda a: [torch.tensor(part) for part in right_csr(a)[::-1]], "return data first, then"),
    (exercises.csr_arrays, lambda a: [right_csr(a)[place] for place in (1, 0, 2)], "return data first, then indices"),
    (exercises.csr_arrays, lambda a: [right_csr(a)[place] for place in (0, 2, 1)], "return data first, then indices"),
    (exercises.csr_arrays, data_row_by_row, "data must be an array of numbers"),
    (exercises.csr_arrays, pointed(lambda a, p: np.cumsum(np.diff(p, prepend=0) > 0)), "7, 7]; got [0, 1, 2, 2, 3, 3]"),
    (exercises.gaps_with_fillers, lambda r, b: (np.array(down(r, b)[0]).astype(np.int8), down(r, b)[1]), "got -6"),
]
test_right, test_untouched, test_wrong = exercise_tests(RIGHT, WRONG)
