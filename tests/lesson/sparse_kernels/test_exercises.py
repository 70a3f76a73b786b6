"""Lesson 04's exercises: right answers pass, untouched stubs are not started, wrong ones are told why."""

import itertools
import statistics
from fractions import Fraction

import numba
import numpy as np
import torch
from exercise_tests import exercise_tests
from scipy.sparse import csr_matrix

from pruning_lab.lesson.sparse_kernels import exercises


def rows_of(indptr):
    return np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))


def right_matvec(data, indices, indptr, x):
    rows = [slice(a, b) for a, b in itertools.pairwise(indptr)]
    return np.array([(data[row] * x[indices[row]]).sum() for row in rows])


@numba.njit
def compiled(data, indices, indptr, x):
    y = np.zeros(indptr.size - 1)
    for i in range(y.size):
        for k in range(indptr[i], indptr[i + 1]):
            y[i] += data[k] * x[indices[k]]
    return y


def counted(data, indices, indptr, x):
    return np.bincount(rows_of(indptr), weights=data * x[indices], minlength=len(indptr) - 1)


def by_library(data, indices, indptr, x):
    return csr_matrix((data, indices, indptr), shape=(len(indptr) - 1, len(x))) @ x


def right_limit(stored, rows, bandwidth):
    return (6 * stored + 4 * (rows + 1)) / bandwidth


def best(dense_times):
    return min(dense_times.values(), key=np.median)


def right_speed_up(dense_times, sparse_times):
    return np.median(best(dense_times) / sparse_times)


def round_by_round(dense_times, sparse_times):
    return statistics.median(a / b for a, b in zip(best(dense_times), sparse_times, strict=True))


RIGHT = [
    (exercises.sparse_product, right_matvec),
    (exercises.sparse_product, compiled),
    (exercises.sparse_product, counted),
    (exercises.sparse_product, by_library),
    (exercises.sparse_product, lambda *a: right_matvec(*a).astype(np.float32).tolist()),
    (exercises.sparse_product, lambda *a: torch.tensor(right_matvec(*a))),
    (exercises.memory_limit, right_limit),
    (exercises.memory_limit, lambda *a: np.float32(right_limit(*a))),
    (exercises.memory_limit, lambda s, r, b: Fraction(6 * s + 4 * (r + 1)) / Fraction(b)),
    (exercises.honest_ratio, right_speed_up),
    (exercises.honest_ratio, round_by_round),
    (exercises.honest_ratio, lambda d, s: torch.tensor(right_speed_up(d, s))),
    (exercises.honest_ratio, lambda d, s: np.quantile(best(d) / s, [0.25, 0.5, 0.75])[1]),
]


def by_place(data, indices, indptr, x):
    return np.array([(data[a:b] * x[: b - a]).sum() for a, b in itertools.pairwise(indptr)])


def last_row_forgotten(data, indices, indptr, x):
    return np.append(right_matvec(data, indices, indptr, x)[:-1], 0.0)


def never_reset(data, indices, indptr, x):
    return np.cumsum(right_matvec(data, indices, indptr, x))


def nan_if_empty(data, indices, indptr, x):
    return np.where(np.diff(indptr) == 0, np.nan, right_matvec(data, indices, indptr, x))


def six_rows(data, indices, indptr, x):
    return right_matvec(data, indices, indptr[:7], x)


def first_forgotten(data, indices, indptr, x):
    return np.array([(data[a + 1 : b] * x[indices[a + 1 : b]]).sum() for a, b in itertools.pairwise(indptr)])


def last_forgotten(data, indices, indptr, x):
    rows = [slice(a, max(a, b - 1)) for a, b in itertools.pairwise(indptr)]
    return np.array([data[row] @ x[indices[row]] for row in rows])


def added_once(data, indices, indptr, x):
    y = np.zeros(len(indptr) - 1)
    y[rows_of(indptr)] += data * x[indices]
    return y


def added_to_whole_numbers(data, indices, indptr, x):
    y = np.zeros_like(indptr[:-1])
    for row in range(len(y)):
        for k in range(indptr[row], indptr[row + 1]):
            y[row] += data[k] * x[indices[k]]
    return y


def first_row_only(data, indices, indptr, x):
    y = np.zeros(len(indptr) - 1)
    for row in range(len(y)):
        y[row] = right_matvec(data, indices, indptr, x)[row]
        return y


def nan_at_0(counts):
    return np.where(counts == 0, np.nan, counts)


def x_reversed(data, indices, indptr, x):
    y = right_matvec(data, indices, indptr, x)
    x[:] = x[::-1]
    return y


def sorts_the_times(dense_times, sparse_times):
    ratio = right_speed_up(dense_times, sparse_times)
    sparse_times.sort()
    return ratio


def sides(dense_times, sparse_times):
    return np.median(best(dense_times)) / np.median(sparse_times)


def rival_by(choice):
    return lambda dense, sparse: np.median(min(dense.values(), key=choice) / sparse)


WRONG = [
    (exercises.sparse_product, lambda d, i, p, x: np.add.reduceat(d * x[i], p[:-1]), "row 3, which is empty"),
    (exercises.sparse_product, nan_if_empty, "its sum is 0, not nan"),
    (exercises.sparse_product, lambda d, i, p, x: [sum(d[a:b]) for a, b in itertools.pairwise(p)], "x is missing"),
    (exercises.sparse_product, by_place, "not the k-th entry of x"),
    (exercises.sparse_product, last_row_forgotten, "all rows but the last are right"),
    (exercises.sparse_product, never_reset, "start it at 0 again"),
    (exercises.sparse_product, first_forgotten, "its first weight is missing"),
    (exercises.sparse_product, six_rows, "each of the 8 rows, empty ones too; got shape (6,)"),
    (exercises.sparse_product, lambda *a: right_matvec(*a).astype(int), "fractions were cut off"),
    (exercises.sparse_product, added_to_whole_numbers, "fractions were cut off"),
    (exercises.sparse_product, lambda *a: np.trunc(right_matvec(*a)), "fractions were cut off"),
    (exercises.sparse_product, lambda *a: right_matvec(*a).round(3), "do not round"),
    (exercises.sparse_product, lambda *a: np.abs(right_matvec(*a)), "signs count"),
    (exercises.sparse_product, lambda *a: right_matvec(*a) / np.diff(a[2]).clip(1), "a row's mean"),
    (exercises.sparse_product, lambda *a: right_matvec(*a) + 0j, "must be an array of numbers"),
    (exercises.sparse_product, x_reversed, "x was changed in place"),
    (exercises.sparse_product, lambda d, i, p, x: x, "one number for each input"),
    (exercises.sparse_product, lambda d, i, p, x: d * x[i], "one number for each weight"),
    (exercises.sparse_product, lambda *a: right_matvec(*a)[:-1], "each of the 6 rows, empty ones too"),
    (exercises.sparse_product, lambda *a: right_matvec(*a)[np.diff(a[2]) > 0], "empty ones too"),
    (exercises.sparse_product, lambda *a: -right_matvec(*a), "a row's weights are"),
    (exercises.sparse_product, last_forgotten, "a row's last weight is missing"),
    (exercises.sparse_product, added_once, "adds once for each row"),
    (exercises.sparse_product, first_row_only, "is the return inside the loop?"),
    (exercises.sparse_product, lambda *a: right_matvec(*a) / nan_at_0(np.diff(a[2])), "a row's mean"),
    (exercises.memory_limit, lambda s, r, b: (4 * s + 4 * (r + 1)) / b, "with its column"),
    (exercises.memory_limit, lambda s, r, b: 4 * s / b, "columns and row pointers"),
    (exercises.memory_limit, lambda s, r, b: 6 * s / b, "row pointers are read too"),
    (exercises.memory_limit, lambda s, r, b: (6 * s + 4 * r) / b, "one entry more than there are rows"),
    (exercises.memory_limit, lambda s, r, b: (6 * s + 8 * (r + 1)) / b, "4 bytes, not 8"),
    (exercises.memory_limit, lambda s, r, b: (6 * s + 2 * (r + 1)) / b, "4 bytes, not 2"),
    (exercises.memory_limit, lambda s, r, b: (8 * s + 4 * (r + 1)) / b, "2 bytes, not 4"),
    (exercises.memory_limit, lambda *a: 8 * right_limit(*a), "eight bits"),
    (exercises.memory_limit, lambda *a: 1 / right_limit(*a), "not the other way round"),
    (exercises.memory_limit, lambda *a: 1e6 * right_limit(*a), "those are microseconds"),
    (exercises.memory_limit, lambda *a: 1e3 * right_limit(*a), "those are milliseconds"),
    (exercises.memory_limit, lambda *a: 1e9 * right_limit(*a), "those are nanoseconds"),
    (exercises.memory_limit, lambda *a: right_limit(*a) / 1e9, "not in gigabytes"),
    (exercises.memory_limit, lambda *a: right_limit(*a) // 1, "// cuts off"),
    (exercises.memory_limit, lambda *a: round(right_limit(*a), 6), "do not round"),
    (exercises.memory_limit, lambda s, r, b: 6 * s + 4 * (r + 1), "those are bytes"),
    (exercises.memory_limit, lambda *a: right_limit(*a) * (1 + 2e-6), "3.024658e-06 s; got 3.024664e-06: "),
    (exercises.memory_limit, lambda *a: round(right_limit(*a), 7), "do not round"),
    (exercises.memory_limit, lambda *a: round(right_limit(*a), 8), "do not round"),
    (exercises.memory_limit, lambda *a: round(right_limit(*a), 9), "do not round"),
    (exercises.memory_limit, lambda s, r, b: (6 * s + 8 * r + 4) / b, "only reading the matrix counts here"),
    (exercises.memory_limit, lambda s, r, b: 2 * right_limit(s, r, b), "each read once"),
    (exercises.honest_ratio, sides, "mixes rounds that met different machines"),
    (exercises.honest_ratio, lambda d, s: 1 / right_speed_up(d, s), "wrong way up"),
    (exercises.honest_ratio, lambda d, s: np.mean(best(d) / s), "take the median of the ratios"),
    (exercises.honest_ratio, lambda d, s: min(map(np.mean, d.values())) / s.mean(), "one slow round moves a mean"),
    (exercises.honest_ratio, lambda d, s: best(d).sum() / s.sum(), "moves a sum or a mean"),
    (exercises.honest_ratio, lambda d, s: min(map(np.min, d.values())) / s.min(), "the luckiest round"),
    (exercises.honest_ratio, lambda d, s: best(d).min() / s.min(), "the smallest is the luckiest round"),
    (exercises.honest_ratio, rival_by(np.mean), "that is against 'torch'; the rival is"),
    (exercises.honest_ratio, rival_by(np.min), "a mean or a lucky round misleads"),
    (exercises.honest_ratio, rival_by(lambda t: -np.median(t)), "the dense product with the smallest median"),
    (exercises.honest_ratio, lambda d, s: np.median(d.get("numpy", best(d)) / s), "against 'numpy'; the rival is"),
    (exercises.honest_ratio, lambda d, s: 1 / np.median(s / best(d)), "one over the median of sparse over dense"),
    (exercises.honest_ratio, lambda d, s: np.median(np.min([*d.values()], 0) / s), "not a different one in each round"),
    (exercises.honest_ratio, lambda d, s: np.median(np.concatenate([*d.values()])) / np.median(s), "do not mix"),
    (exercises.honest_ratio, lambda d, s: np.median((best(d) / s)[2:]), "homework 3 has cold ones"),
    (exercises.honest_ratio, lambda d, s: sorted(best(d) / s)[s.size // 2], "the mean of the middle two"),
    (exercises.honest_ratio, lambda d, s: sorted(best(d) / s)[(s.size - 1) // 2], "torch.median takes the lower"),
    (exercises.honest_ratio, lambda d, s: round(right_speed_up(d, s), 2), "do not round"),
    (exercises.honest_ratio, lambda d, s: round(right_speed_up(d, s), 3), "4.0579; got 4.058: do not round"),
    (exercises.memory_limit, lambda *a: round(right_limit(*a), 3), "and so does a coarse round"),
    (exercises.honest_ratio, lambda d, s: min(np.median(t / s) for t in d.values()), "here 'numpy'"),
    (exercises.honest_ratio, lambda d, s: 100 * right_speed_up(d, s), "not a percentage"),
    (exercises.honest_ratio, lambda d, s: right_speed_up(d, s) - 1, "not what is above 1"),
    (exercises.honest_ratio, lambda d, s: np.quantile(best(d) / s, [0.25, 0.5, 0.75]), "return one number"),
    (exercises.honest_ratio, lambda d, s: np.array([right_speed_up(d, s)]), "return one number"),
    (exercises.honest_ratio, lambda d, s: 100 * (right_speed_up(d, s) - 1), "not how many percent faster"),
    (exercises.honest_ratio, lambda d, s: max(right_speed_up(d, s), 1 / right_speed_up(d, s)), "return it as it is"),
    (exercises.honest_ratio, lambda d, s: max(1, right_speed_up(d, s)), "do not raise it to 1"),
    (exercises.honest_ratio, sorts_the_times, "sparse_times was changed in place"),
    (exercises.honest_ratio, lambda d, s: 1.0, "one ratio for each round"),
    (exercises.memory_limit, lambda s, r, b: (6 * s + 4 * r + 1) / b, "one entry more is 4 bytes more: 4 * (rows + 1)"),
    (exercises.memory_limit, lambda s, r, b: s and right_limit(s, r, b), "columns and row pointers are read too"),
    (exercises.sparse_product, added_once, "only a row's last product is left: y[i] = ..."),
    (exercises.honest_ratio, rival_by(lambda t: np.sort(t)[(t.size - 1) // 2]), "so does torch.median"),
]
test_right, test_untouched, test_wrong = exercise_tests(RIGHT, WRONG)
