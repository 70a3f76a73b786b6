"""Lesson 07's exercises: right answers pass, untouched stubs are not started, wrong ones are told why."""

import numpy as np
from exercise_tests import exercise_tests

from pruning_lab.lesson.real_transformer import exercises


def near(rows, k, sign=1, itself=False):
    cosines = sign * rows @ rows.T
    if not itself:
        np.fill_diagonal(cosines, -np.inf)
    return np.argsort(-cosines, axis=1)[:, :k]


def shares(one, other, k):
    return [len(set(a) & set(b)) / k for a, b in zip(one, other, strict=True)]


def right_kept(rows, whole, k):
    return np.mean(shares(near(rows, k), near(whole, k), k))


def with_itself(rows, whole, k):
    return np.mean(shares(near(rows, k, itself=True), near(whole, k, itself=True), k))


def farthest(rows, whole, k):
    return np.mean(shares(near(rows, k, -1), near(whole, k, -1), k))


def in_order(rows, whole, k):
    return np.mean(near(rows, k) == near(whole, k))


def across(rows, whole, k):
    cosines = rows @ whole.T
    np.fill_diagonal(cosines, -np.inf)
    return np.mean(shares(np.argsort(-cosines, axis=1)[:, :k], near(whole, k), k))


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def right_influence(before, after):
    return 1 - (unit(before) * unit(after)).sum(1).mean()


def right_work(weights, activations):
    return weights * np.concatenate([[1.0], activations[:-1]])


RIGHT = [
    (exercises.kept_neighbours, right_kept),
    (exercises.influence, right_influence),
    (exercises.work_left, right_work),
]
WRONG = [
    (exercises.influence, lambda b, a: 1 - abs((unit(b) * unit(a)).sum(1)).mean(), "2 is due; got 0"),
    (exercises.influence, lambda b, a: min(right_influence(b, a), 1.0), "2 is due; got 1"),
    (exercises.kept_neighbours, with_itself, "every row is its own nearest neighbour"),
    (exercises.kept_neighbours, lambda r, w, k: right_kept(r, w, k) * k, "that is a count"),
    (exercises.kept_neighbours, lambda r, w, k: right_kept(r, w, k) * len(r), "that is the sum over the rows"),
    (exercises.kept_neighbours, farthest, "those are the farthest"),
    (exercises.kept_neighbours, in_order, "compared as sets"),
    (exercises.kept_neighbours, across, "compare rows with rows"),
    (exercises.kept_neighbours, lambda r, w, k: 0.123, "of the neighbours are kept; got 0.123"),
    (exercises.kept_neighbours, lambda r, w, k: [0.5, 0.5], "return one number"),
    (exercises.influence, lambda b, a: 1 - right_influence(b, a), "it is 1 minus the cosine"),
    (exercises.influence, lambda b, a: 1 - (b * a).sum(1).mean(), "divide by the norms of both"),
    (exercises.influence, lambda b, a: 1 - (unit(b) * a).sum(1).mean(), "of what comes out as well"),
    (exercises.influence, lambda b, a: 1 - (b * unit(a)).sum(1).mean(), "of what goes in as well"),
    (
        exercises.influence,
        lambda b, a: 1 - (b * a).sum() / np.linalg.norm(b) / np.linalg.norm(a),
        "one cosine of all places together",
    ),
    (exercises.influence, lambda b, a: (1 - (unit(b) * unit(a)).sum(1)).sum(), "that is the sum over the places"),
    (exercises.influence, lambda b, a: 7, "is due; got 7"),
    (exercises.work_left, lambda w, a: w * a, "what the layer before it put out"),
    (exercises.work_left, lambda w, a: 1 - right_work(w, a), "not the work saved"),
    (exercises.work_left, lambda w, a: w + np.concatenate([[1.0], a[:-1]]) - 1, "shares multiply"),
    (exercises.work_left, lambda w, a: w, "that leaves the activations out"),
    (exercises.work_left, lambda w, a: np.concatenate([[1.0], a[:-1]]), "that leaves the weights out"),
    (exercises.work_left, lambda w, a: w[:0], "one share for each layer"),
    (exercises.work_left, lambda w, a: 3 * w, "is due; got"),
    (exercises.work_left, lambda w, a: right_work(w, a).round(4), "do not round"),
    (exercises.work_left, lambda w, a: right_work(w, a).astype(np.float16), "layer 0: 0.84 is due; got 0.8398"),
]
test_right, test_untouched, test_wrong = exercise_tests(RIGHT, WRONG)
