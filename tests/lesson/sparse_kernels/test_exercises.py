"""Lesson 04's exercises: right answers pass, untouched stubs are not started, wrong ones are told why."""

import itertools

import numpy as np
from exercise_tests import exercise_tests

from pruning_lab.lesson.sparse_kernels import exercises


def right_matvec(data, indices, indptr, x):
    rows = [slice(a, b) for a, b in itertools.pairwise(indptr)]
    return np.array([(data[row] * x[indices[row]]).sum() for row in rows])


def by_place(data, indices, indptr, x):
    return np.array([(data[a:b] * x[: b - a]).sum() for a, b in itertools.pairwise(indptr)])


def last_row_forgotten(data, indices, indptr, x):
    return np.append(right_matvec(data, indices, indptr, x)[:-1], 0.0)


def never_reset(data, indices, indptr, x):
    return np.cumsum(right_matvec(data, indices, indptr, x))


def mean_of_rows(data, indices, indptr, x):
    y = right_matvec(data, indices, indptr, x)
    y[3] = np.nan
    return y


def right_limit(stored, rows, bandwidth):
    return (6 * stored + 4 * (rows + 1)) / bandwidth


def right_speed_up(dense_times, sparse_times):
    return min(np.median(times) for times in dense_times.values()) / np.median(sparse_times)


def best(dense_times):
    return min(dense_times.values(), key=np.median)


RIGHT = [
    (exercises.sparse_product, right_matvec),
    (exercises.memory_limit, right_limit),
    (exercises.honest_ratio, right_speed_up),
]
WRONG = [
    (exercises.sparse_product, lambda d, i, p, x: np.add.reduceat(d * x[i], p[:-1]), "row 3, which is empty"),
    (exercises.sparse_product, by_place, "not the k-th entry of x"),
    (exercises.sparse_product, last_row_forgotten, "all rows but the last are right"),
    (exercises.sparse_product, never_reset, "start it at 0 again"),
    (exercises.sparse_product, mean_of_rows, "row 3 is empty"),
    (exercises.sparse_product, lambda d, i, p, x: x, "one number for each input"),
    (exercises.sparse_product, lambda d, i, p, x: right_matvec(d, i, p, x)[:-1], "one entry for each of the 6 rows"),
    (exercises.sparse_product, lambda d, i, p, x: -right_matvec(d, i, p, x), "a row's weights are"),
    (exercises.memory_limit, lambda s, r, b: (4 * s + 4 * (r + 1)) / b, "with its column"),
    (exercises.memory_limit, lambda s, r, b: 6 * s / b, "row pointers are read too"),
    (exercises.memory_limit, lambda s, r, b: (6 * s + 4 * r) / b, "one entry more than there are rows"),
    (exercises.memory_limit, lambda s, r, b: (8 * s + 4 * (r + 1)) / b, "2 bytes, not 4"),
    (exercises.memory_limit, lambda s, r, b: 8 * right_limit(s, r, b), "eight bits"),
    (exercises.memory_limit, lambda s, r, b: 1 / right_limit(s, r, b), "not the other way round"),
    (exercises.memory_limit, lambda s, r, b: 0.0, "add the bytes"),
    (
        exercises.honest_ratio,
        lambda d, s: max(np.median(t) for t in d.values()) / np.median(s),
        "fastest dense product",
    ),
    (exercises.honest_ratio, lambda d, s: 1 / right_speed_up(d, s), "wrong way up"),
    (exercises.honest_ratio, lambda d, s: best(d).mean() / s.mean(), "one slow round moves a mean"),
    (exercises.honest_ratio, lambda d, s: best(d).min() / s.min(), "luckiest round"),
    (exercises.honest_ratio, lambda d, s: np.median(np.concatenate([*d.values()])) / np.median(s), "do not mix"),
    (exercises.honest_ratio, lambda d, s: 1.0, "median of the best dense over median"),
]
test_right, test_untouched, test_wrong = exercise_tests(RIGHT, WRONG)
