"""Lesson 05's exercises: right answers pass, untouched stubs are not started, wrong ones are told why."""

import numpy as np
import torch
from exercise_tests import exercise_tests

from pruning_lab.lesson.layer_shrinking import exercises

FILTER = (1, 2, 3)


def strongest(worth, count):
    return np.sort(np.argsort(worth, kind="stable")[len(worth) - count :])


def right_keep(weight, count):
    return strongest(np.abs(weight).sum(axis=FILTER), count)


def right_shrink(weight1, norm, weight2, keep):
    return weight1[keep], norm[:, keep], weight2[:, keep]


def right_columns(keep, height, width):
    return (keep[:, None] * height * width + np.arange(height * width)).ravel()


def keep_overwritten(weight1, norm, weight2, keep):
    small = right_shrink(weight1, norm, weight2, keep.copy())
    keep[:] = 0
    return small


def mask_instead(weight, count):
    mask = np.zeros(len(weight), bool)
    mask[right_keep(weight, count)] = True
    return mask


def signs_dropped(weight, count):
    np.abs(weight, out=weight)
    return strongest(weight.sum(axis=FILTER), count)


def first_of_equals(weight, count):
    return np.sort(np.argsort(-np.abs(weight).sum(axis=FILTER), kind="stable")[:count])


def three_by_three(weight, count):
    return strongest(np.abs(weight).reshape(len(weight), -1)[:, : 9 * weight.shape[1]].sum(axis=1), count)


def matrix_norms(weight, count):
    return strongest(np.array([np.linalg.norm(each.reshape(len(each), -1), 1) for each in weight]), count)


def norms_of_kernels(weight, count):
    return strongest(np.linalg.norm(weight, 1, axis=(2, 3)).sum(axis=1), count)


def by_threshold(weight, count):
    norms = np.abs(weight).sum(axis=FILTER)
    return np.flatnonzero(norms >= np.sort(norms)[-count])


def first_to_last(weight1, norm, weight2, keep):
    channels = slice(keep.min(), keep.max() + 1)
    return weight1[channels], norm[:, channels], weight2[:, channels]


RIGHT = [
    (exercises.strongest_filters, right_keep),
    (exercises.strongest_filters, first_of_equals),
    (exercises.strongest_filters, lambda w, n: right_keep(w, n).tolist()),
    (exercises.strongest_filters, lambda w, n: torch.tensor(right_keep(w, n))),
    (exercises.shrunk_convolutions, right_shrink),
    (exercises.shrunk_convolutions, lambda *a: [part.astype(np.float32) for part in right_shrink(*a)]),
    (exercises.shrunk_convolutions, lambda a, n, b, k: right_shrink(a, n, b, k[::-1])),
    (exercises.flattened_columns, right_columns),
    (exercises.flattened_columns, lambda k, h, w: np.arange(99 * h * w).reshape(99, h, w)[k].ravel().tolist()),
]
WRONG = [
    (exercises.strongest_filters, lambda w, n: right_keep(w, n)[::-1], "must be sorted"),
    (exercises.strongest_filters, lambda w, n: np.sort(np.argsort(np.abs(w).sum(axis=FILTER))[:n]), "the weakest"),
    (
        exercises.strongest_filters,
        lambda w, n: strongest((w**2).sum(axis=FILTER), n),
        "one large weight count too much",
    ),
    (exercises.strongest_filters, lambda w, n: strongest(w.sum(axis=FILTER), n), "weights cancel"),
    (exercises.strongest_filters, lambda w, n: strongest(np.abs(w).sum(axis=(0, 2, 3)), n), "ranks the input channels"),
    (
        exercises.strongest_filters,
        lambda w, n: strongest(abs(w.sum(axis=FILTER)), n),
        "first magnitudes, then their sum",
    ),
    (exercises.strongest_filters, lambda w, n: strongest(abs(w).max(axis=FILTER), n), "one large weight does not make"),
    (exercises.strongest_filters, lambda w, n: strongest(abs(w).sum(axis=(1, 3)).max(axis=1), n), "column sum"),
    (exercises.strongest_filters, matrix_norms, "or norms of matrices let one large weight count too much"),
    (exercises.strongest_filters, norms_of_kernels, "the norm of a kernel as a matrix"),
    (exercises.strongest_filters, lambda w, n: right_keep(w, n) * 1.0, "whole numbers of an integer type; got float64"),
    (exercises.strongest_filters, signs_dropped, "weight was changed in place"),
    (exercises.strongest_filters, by_threshold, "3 filters stay; got shape (4,)"),
    (exercises.strongest_filters, three_by_three, "L1 norms"),
    (exercises.strongest_filters, lambda w, n: strongest(abs(w[:, 0]).sum(axis=(1, 2)), n), "L1 norms"),
    (exercises.strongest_filters, lambda w, n: strongest(abs(w[:, :, 0, 0]).sum(axis=1), n), "L1 norms"),
    (exercises.strongest_filters, lambda w, n: strongest((w != 0).sum(axis=FILTER), n), "L1 norms"),
    (exercises.strongest_filters, lambda w, n: strongest(abs(w.astype(int)).sum(axis=FILTER), n), "L1 norms"),
    (exercises.strongest_filters, lambda w, n: right_keep(w, n) + 1, "L1 norms"),
    (exercises.strongest_filters, mask_instead, "must be indices, not a mask"),
    (exercises.strongest_filters, lambda w, n: right_keep(w, n - 1), "filters stay; got shape"),
    (exercises.strongest_filters, lambda w, n: [right_keep(w, n)[0]] * n, "each filter stays once"),
    (exercises.strongest_filters, lambda w, n: right_keep(w.astype(np.float16), n), "float16 takes norms for equal"),
    (exercises.strongest_filters, lambda w, n: list(range(n)), "L1 norms"),
    (exercises.shrunk_convolutions, lambda a, n, b, k: (a[:, k], n[:, k], b[:, k]), "axis 0 is what the layer makes"),
    (exercises.shrunk_convolutions, lambda a, n, b, k: (a[k], n, b[:, k]), "four numbers for every channel"),
    (exercises.shrunk_convolutions, lambda a, n, b, k: (a[k], n[k], b[:, k]), "channels are its columns"),
    (exercises.shrunk_convolutions, lambda a, n, b, k: (a[k], n[:, k], b), "still reads all 5 channels"),
    (exercises.shrunk_convolutions, lambda a, n, b, k: (a[k], n[:, k], b[k]), "it loses what it reads"),
    (exercises.shrunk_convolutions, lambda a, n, b, k: (a[k], n[:, k], b[:, k[::-1]]), "in different orders"),
    (exercises.shrunk_convolutions, lambda a, n, b, k: (a[k], n[:, np.sort(k)], b[:, k]), "in different orders"),
    (exercises.shrunk_convolutions, lambda a, n, b, k: (a[k], n[[1, 0, 2, 3]][:, k], b[:, k]), "norm: the shape fits"),
    (exercises.shrunk_convolutions, lambda a, n, b, k: (a[k], n[:, k], b[:, : len(k)]), "weight2: the shape fits"),
    (exercises.shrunk_convolutions, keep_overwritten, "keep was changed in place"),
    (exercises.shrunk_convolutions, lambda a, n, b, k: (a[k], n[:, k]), "return weight1, norm and weight2"),
    (exercises.flattened_columns, lambda k, h, w: k, "a whole map"),
    (exercises.flattened_columns, lambda k, h, w: right_columns(k, h, w).astype(np.int8), "keep [0, 40], maps 4 x 4"),
    (exercises.flattened_columns, lambda k, h, w: (k[:, None] + np.arange(h * w)).ravel(), "after the maps before it"),
    (
        exercises.flattened_columns,
        lambda k, h, w: (np.arange(h * w) * (k.max() + 1) + k[:, None]).ravel(),
        "channels last",
    ),
    (exercises.flattened_columns, lambda k, h, w: right_columns(k, h, w)[::-1], "in ascending order"),
    (exercises.flattened_columns, lambda k, h, w: right_columns(k, h, w).reshape(-1, 1), "one row of whole numbers"),
    (exercises.flattened_columns, lambda k, h, w: right_columns(k, h, h), "numbers each; got"),
    (exercises.strongest_filters, lambda w, n: strongest(abs(w[:, :, :3, :3]).sum(axis=FILTER), n), "keep 3: "),
    (exercises.shrunk_convolutions, first_to_last, "keep names the 2 channels that stay; yours are 3"),
]
test_right, test_untouched, test_wrong = exercise_tests(RIGHT, WRONG)
