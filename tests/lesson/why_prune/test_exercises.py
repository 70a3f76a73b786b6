"""Lesson 01's exercises: right answers pass, untouched stubs are not started, wrong ones are told why."""

import math

import numpy as np
import torch
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


def ties_from_the_end(weight, sparsity):
    magnitudes = np.abs(weight).ravel()
    order = np.lexsort((-np.arange(magnitudes.size), magnitudes))
    return (np.argsort(order) >= round(sparsity * order.size)).reshape(weight.shape)


def first_to_last(weight1, bias1, weight2, keep):
    units = slice(keep.min(), keep.max() + 1)
    return weight1[units], bias1[units], weight2[:, units]


RIGHT = [
    (exercises.exact_mask, right_mask),
    (exercises.exact_mask, ties_from_the_end),
    (exercises.exact_mask, lambda w, s: torch.tensor(right_mask(w, s))),
    (exercises.exact_mask, lambda w, s: right_mask(w, s).tolist()),
    (exercises.csr_bytes, right_bytes),
    (exercises.csr_bytes, lambda *a: np.round(np.asarray(float(right_bytes(*a))))),
    (exercises.shrunk_pair, right_pair),
    (exercises.shrunk_pair, lambda *a: [part.astype(np.float32).tolist() for part in right_pair(*a)]),
    (exercises.shrunk_pair, lambda a, b, c, k: right_pair(a, b, c, k[::-1])),
]


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


def counted_by(rule):
    return lambda weight, sparsity: right_mask(weight, rule(sparsity * weight.size) / weight.size)


def kept_from_the_end(weight, sparsity):
    mask = np.zeros(weight.size, bool)
    mask[np.argsort(np.abs(weight).ravel())[-(weight.size - round(sparsity * weight.size)) :]] = True
    return mask.reshape(weight.shape)


def by_rows(weight, sparsity):
    return np.array([right_mask(row, sparsity) for row in weight])


def by_columns(weight, sparsity):
    return by_rows(weight.T, sparsity).T


def found_by_value(weight, sparsity):
    magnitudes, mask = np.abs(weight).ravel().tolist(), np.ones(weight.size, bool)
    for smallest in sorted(magnitudes)[: round(sparsity * weight.size)]:
        mask[magnitudes.index(smallest)] = False
    return mask.reshape(weight.shape)


def column_order(weight, sparsity):
    return right_mask(weight.T, sparsity).reshape(weight.shape)


def zeroed_there(weight, sparsity):
    mask = right_mask(weight, sparsity)
    weight *= mask
    return mask


def order_for_rank(weight, sparsity):
    return (np.argsort(np.abs(weight).ravel()) >= round(sparsity * weight.size)).reshape(weight.shape)


def whole_columns(weight, sparsity):
    worth = np.abs(weight).sum(axis=0)
    return np.broadcast_to(right_mask(worth, sparsity), weight.shape)


def written_into_a_copy(weight, sparsity):
    mask = np.ones_like(weight, dtype=bool)
    mask.ravel()[np.argsort(np.abs(weight).ravel())[: round(sparsity * weight.size)]] = False
    return mask


def by_square(weight, sparsity):
    with np.errstate(under="ignore"):
        return right_mask(weight**2, sparsity)


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
    (exercises.exact_mask, lambda w, s: right_mask(w, 1 - s), "1 - sparsity, the density, stays"),
    (exercises.exact_mask, lambda w, s: ~by_sign(w, s), "is True meant for the pruned ones"),
    (exercises.exact_mask, lambda w, s: right_mask(w, s / 100), "no weight went. Is sparsity taken for a percentage"),
    (exercises.exact_mask, lambda w, s: by_sign(-w, s), "in one list of all weights"),
    (exercises.exact_mask, order_for_rank, "not the rank of each weight"),
    (exercises.exact_mask, whole_columns, "in one list of all weights"),
    (exercises.exact_mask, written_into_a_copy, "ravel() may make one"),
    (exercises.exact_mask, by_square, "a tiny float32 becomes 0 when it is squared"),
    (exercises.exact_mask, lambda w, s: right_mask(w.astype(np.float16), s), "or in half precision"),
    (exercises.exact_mask, counted_by(math.ceil), "Round to the nearest whole number"),
    (exercises.exact_mask, counted_by(lambda n: int(n + 0.5)), "takes 16.5 to the even neighbour"),
    (exercises.exact_mask, kept_from_the_end, "[-0:] is everything"),
    (exercises.exact_mask, by_rows, "not row by row"),
    (exercises.exact_mask, lambda w, s: right_mask(w, 0.7), "prunes 3; got 8: count round(sparsity * n)"),
    (exercises.exact_mask, by_columns, "prunes 3; got 4: count round(sparsity * n)"),
    (exercises.exact_mask, found_by_value, "list.index finds only the first"),
    (exercises.exact_mask, column_order, "in the same order"),
    (exercises.exact_mask, lambda w, s: w * right_mask(w, s) != 0, "and so does weight != 0"),
    (exercises.exact_mask, zeroed_there, "weight was changed in place"),
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
    (exercises.csr_bytes, lambda r, c, s: right_bytes(r, c, s) + 0.25, "their number is whole, here 500; got 500.25"),
    (exercises.csr_bytes, lambda r, c, s: 8 * (1 - s) * r * c + 4 * (r + 1), "round the number pruned first"),
    (exercises.csr_bytes, lambda r, c, s: 12 * (r * c - round(s * r * c)) + 4 * (r + 1), "8 bytes, a float32 and its"),
    (exercises.csr_bytes, lambda r, c, s: 8 * int((1 - s) * r * c) + 4 * (r + 1), "one weight too few stays"),
    (exercises.csr_bytes, lambda r, c, s: 8 * math.ceil((1 - s) * r * c) + 4 * (r + 1), "one weight too many stays"),
    (exercises.csr_bytes, lambda r, c, s: 8 * (r * c - int(s * r * c + 0.5)) + 4 * (r + 1), "a half goes to the even"),
    (exercises.csr_bytes, lambda r, c, s: right_bytes(r, c, s) - 8, "500 bytes; got 492: count three arrays"),
    (exercises.csr_bytes, lambda r, c, s: 1.5 * right_bytes(r, c, s) + 2 * (r + 1), "are int32 here, 4 bytes, not 8"),
    (exercises.csr_bytes, lambda r, c, s: right_bytes(r, r, s), "500 bytes; got 116: count three arrays"),
    (exercises.csr_bytes, lambda r, c, s: right_bytes(r, c, s / 100), "a fraction, not a percentage"),
    (exercises.csr_bytes, lambda r, c, s: 4 * r * c, "that is the dense matrix"),
    (exercises.csr_bytes, lambda r, c, s: right_bytes(r, c, s) + 4 * (c - r), "not with the columns"),
    (exercises.csr_bytes, lambda r, c, s: 1.5 * right_bytes(r, c, s) - 2 * (r + 1), "no row index for each weight"),
    (exercises.csr_bytes, lambda r, c, s: right_bytes(r, c, s) + 4 * (r + 1), "a row pointer is int32"),
    (exercises.csr_bytes, lambda r, c, s: right_bytes(r, c, s) // 4, "those are entries"),
    (exercises.csr_bytes, lambda r, c, s: str(right_bytes(r, c, s)), "return one number; got str"),
    (exercises.exact_mask, lambda w, s: cut_off_mask(w, s), "do not cut off"),
    (exercises.shrunk_pair, lambda a, b, c, k: (a[:, k], b[k], c[:, k]), "a row of weight1"),
    (exercises.shrunk_pair, lambda a, b, c, k: (a[k], b[k], c), "the next layer loses the columns"),
    (exercises.shrunk_pair, lambda a, b, c, k: (a[k], b, c[:, k]), "takes its bias with it"),
    (
        exercises.shrunk_pair,
        lambda a, b, c, k: (a[k], b[k], c[:, k[::-1]]),
        "weight1 and weight2 hold what stays in different orders",
    ),
    (exercises.shrunk_pair, lambda a, b, c, k: (a[np.sort(k)], b[np.sort(k)], c[:, k]), "in different orders"),
    (exercises.csr_bytes, lambda *a: right_bytes(*a) / 1024, "kilobytes or megabytes; got 0.488281"),
    (exercises.csr_bytes, lambda r, c, s: right_bytes(r, c, s) / (4 * r * c), "not a ratio"),
    (exercises.csr_bytes, lambda r, c, s: 4 * r * c - right_bytes(r, c, s), "not a difference; got"),
    (exercises.csr_bytes, lambda r, c, s: right_bytes(r, c, s) - 3, "not 4 * rows + 1"),
    (exercises.shrunk_pair, lambda a, b, c, k: (k.sort(), *right_pair(a, b, c, k))[1:], "k was changed in place"),
    (exercises.shrunk_pair, lambda a, b, c, k: (a[k], b[k] - 99, c[:, k]), "bias1: the shape fits"),
    (exercises.shrunk_pair, lambda a, b, c, k: (a[k], b[k], 2 * c[:, k]), "change no value"),
    (exercises.shrunk_pair, lambda a, b, c, k: {"weight1": a[k], "bias1": b[k], "weight2": c[:, k]}, "got one dict"),
    (
        exercises.shrunk_pair,
        lambda a, b, c, k: [np.delete(a, k, 0), b, c],
        "keep names the 2 units that stay; yours are 3",
    ),
    (exercises.shrunk_pair, lambda a, b, c, k: (a[: len(k)], b[: len(k)], c[:, : len(k)]), "weight1: the shape fits"),
    (exercises.shrunk_pair, lambda a, b, c, k: (a[k], b[k]), "return weight1, bias1 and weight2"),
    (exercises.shrunk_pair, lambda a, b, c, k: (a, b, c), "the next layer loses the columns"),
    (exercises.csr_bytes, lambda r, c, s: 8 * r * (c - round(s * c)) + 4 * (r + 1), "not row by row"),
    (exercises.csr_bytes, lambda r, c, s: 0 if s == 1 else right_bytes(r, c, s), "yet the row pointers take bytes"),
    (exercises.shrunk_pair, lambda a, b, c, k: (a[k], b[k][:, None], c[:, k]), ">: bias1 must be (2,); got (2, 1)"),
    (exercises.shrunk_pair, lambda a, b, c, k: (a[k], c[:, k], b[k]), "weight1, bias1, weight2 in this order"),
    (exercises.shrunk_pair, first_to_last, "keep names the 2 units that stay; yours are 3"),
]
test_right, test_untouched, test_wrong = exercise_tests(RIGHT, WRONG)
