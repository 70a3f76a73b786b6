"""Lesson 01's exercises: right answers pass, untouched stubs are not started, wrong ones are told why."""

import numpy as np
from exercise_tests import exercise_tests

from pruning_lab.lesson.why_prune import exercises


def right_mask(weight, sparsity):
    mask = np.ones(weight.size, dtype=bool)
    mask[np.argsort(np.abs(weight).ravel(), kind="stable")[: round(sparsity * weight.size)]] = False
    return mask.reshape(weight.shape)


def right_bytes(rows, columns, sparsity):
    return 8 * (rows * columns - round(sparsity * rows * columns)) + 4 * (rows + 1)


def right_pair(weight1, bias1, weight2, keep):
    return weight1[keep], bias1[keep], weight2[:, keep]


RIGHT = [(exercises.exact_mask, right_mask), (exercises.csr_bytes, right_bytes), (exercises.shrunk_pair, right_pair)]


def by_threshold(weight, sparsity):
    magnitudes = np.abs(weight)
    return magnitudes > np.quantile(magnitudes, sparsity)


def by_sign(weight, sparsity):
    mask = np.ones(weight.size, dtype=bool)
    mask[np.argsort(weight.ravel(), kind="stable")[: round(sparsity * weight.size)]] = False
    return mask.reshape(weight.shape)


def largest_first(weight, sparsity):
    mask = np.ones(weight.size, dtype=bool)
    mask[np.argsort(-np.abs(weight).ravel(), kind="stable")[: round(sparsity * weight.size)]] = False
    return mask.reshape(weight.shape)


def rounded_down(weight, sparsity):
    return right_mask(weight, int(sparsity * weight.size) / weight.size)


def cut_off_mask(weight, sparsity):
    keep = np.ones(weight.size, bool)
    keep[np.argsort(np.abs(weight).ravel(), kind="stable")[: int(sparsity * weight.size)]] = False
    return keep.reshape(weight.shape)


WRONG = [
    (exercises.exact_mask, by_threshold, "a threshold takes all of them or none"),
    (exercises.exact_mask, by_sign, "rank by magnitude"),
    (exercises.exact_mask, largest_first, "large weights went and small ones stayed"),
    (exercises.exact_mask, rounded_down, "prunes 19; got 18"),
    (exercises.exact_mask, lambda w, s: ~right_mask(w, s), "the mask is inverted"),
    (exercises.exact_mask, lambda w, s: right_mask(w, 1 - s), "is True meant for the pruned ones"),
    (exercises.exact_mask, lambda w, s: right_mask(w, s).astype(float), "got dtype float64"),
    (exercises.exact_mask, lambda w, s: right_mask(w, s).ravel(), "must have the weight's shape"),
    (exercises.exact_mask, lambda w, s: w * right_mask(w, s), "a mask is an array of bool"),
    (exercises.csr_bytes, lambda r, c, s: 8 * round(s * r * c) + 4 * (r + 1), "that counts the zeros"),
    (exercises.csr_bytes, lambda r, c, s: 8 * right_bytes(r, c, s), "that is bits"),
    (exercises.csr_bytes, lambda r, c, s: right_bytes(r, c, s) - 4 * (r + 1), "the row pointers are missing"),
    (exercises.csr_bytes, lambda r, c, s: right_bytes(r, c, s) - 4, "one entry more than there are rows"),
    (exercises.csr_bytes, lambda r, c, s: 4 * (r * c - round(s * r * c)) + 4 * (r + 1), "column index too"),
    (exercises.csr_bytes, lambda r, c, s: r + c, "count three arrays"),
    (exercises.csr_bytes, lambda r, c, s: right_bytes(r, c, s) - 2 * (r * c - round(s * r * c)), "int32 here"),
    (exercises.csr_bytes, lambda r, c, s: right_bytes(r, c, s) + 0.25, "round it first"),
    (exercises.exact_mask, lambda w, s: cut_off_mask(w, s), "do not cut off"),
    (exercises.shrunk_pair, lambda a, b, c, k: (a[:, k], b[k], c[:, k]), "a row of weight1"),
    (exercises.shrunk_pair, lambda a, b, c, k: (a[k], b[k], c), "the next layer loses the columns"),
    (exercises.shrunk_pair, lambda a, b, c, k: (a[k], b, c[:, k]), "takes its bias along"),
    (exercises.shrunk_pair, lambda a, b, c, k: (a[k], b[k], c[:, k[::-1]]), "weight2: the shape fits"),
    (exercises.shrunk_pair, lambda a, b, c, k: (a[: len(k)], b[: len(k)], c[:, : len(k)]), "weight1: the shape fits"),
    (exercises.shrunk_pair, lambda a, b, c, k: (a[k], b[k]), "return weight1, bias1 and weight2"),
    (exercises.shrunk_pair, lambda a, b, c, k: (a, b, c), "the next layer loses the columns"),
]

test_right, test_untouched, test_wrong = exercise_tests(RIGHT, WRONG)
