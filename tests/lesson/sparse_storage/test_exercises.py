"""Lesson 03's exercises: right answers pass, untouched stubs are not started, wrong ones are told why."""

import numpy as np
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


RIGHT = [
    (exercises.csr_arrays, right_csr),
    (exercises.gaps_with_fillers, right_gaps),
    (exercises.break_even, right_break_even),
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
    (exercises.csr_arrays, lambda a: (a[a != 0], np.flatnonzero(a), right_csr(a)[2]), "which column"),
    (exercises.csr_arrays, lambda a: (right_csr(a)[0][::-1], *right_csr(a)[1:]), "in the same order"),
    (exercises.csr_arrays, lambda a: right_csr(np.nan_to_num(a)), "NaN is not zero"),
    (exercises.gaps_with_fillers, differences, "count the zeros skipped"),
    (exercises.gaps_with_fillers, unbounded, "add a filler"),
    (exercises.gaps_with_fillers, clipped, "a gap that does not fit needs a filler"),
    (exercises.gaps_with_fillers, filler_takes_no_place, "a filler takes a place itself"),
    (exercises.gaps_with_fillers, fillers_to_the_end, "nothing is stored after the last weight"),
    (exercises.gaps_with_fillers, lambda row, bits: right_gaps(row, bits)[0], "return gaps and values"),
    (exercises.break_even, lambda v, i: v // (v + i), "division of whole numbers"),
    (exercises.break_even, lambda v, i: i / (v + i), "the density is what is kept"),
    (exercises.break_even, lambda v, i: v / i if v != i else 0.5, "its value *and* its index"),
    (exercises.break_even, lambda v, i: [0.5], "return one number"),
    (exercises.break_even, lambda v, i: 0.5, "a kept weight costs both"),
    (exercises.break_even, lambda v, i: (v + i) / v, "a density is at most 1"),
]
test_right, test_untouched, test_wrong = exercise_tests(RIGHT, WRONG)
