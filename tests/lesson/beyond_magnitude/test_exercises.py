"""Lesson 08's exercises: right answers pass, untouched stubs are not started, wrong ones are told why."""

import numpy as np
from exercise_tests import exercise_tests

from pruning_lab.lesson.beyond_magnitude import exercises


def survivors_with(step):
    """An answer whose kept weights move by step(row, keep, hessian)."""

    def answer(row, keep, hessian):
        new = np.where(keep, row, 0.0)
        new[keep] += step(row, keep, hessian)
        return new

    return answer


def force(row, keep, hessian):
    return hessian[np.ix_(keep, ~keep)] @ row[~keep]


def right_step(row, keep, hessian):
    return np.linalg.solve(hessian[np.ix_(keep, keep)], force(row, keep, hessian))


right_survivors = survivors_with(right_step)


def by_least_squares(row, keep, hessian):
    """The same by another way: the inputs that such a Hessian comes from, fitted anew."""
    inputs = np.linalg.cholesky(hessian).T
    new = np.zeros_like(row)
    new[keep] = np.linalg.lstsq(inputs[:, keep], inputs @ row)[0]
    return new


def in_place(row, keep, hessian):
    row[~keep] = 0
    return row


def one_by_one(row, keep, hessian):
    inverse, new = np.linalg.inv(hessian), row.copy()
    for q in np.flatnonzero(~keep):
        new -= inverse[q] * (row[q] / inverse[q, q])
    return np.where(keep, new, 0)


def block_of_inverse(row, keep, hessian):
    return np.linalg.inv(hessian)[np.ix_(keep, keep)] @ force(row, keep, hessian)


def right_scores(row, hessian):
    return row**2 / np.linalg.inv(hessian).diagonal() / 2


def right_mean(running_mean, weight, means, gone):
    return running_mean - weight[:, gone] @ means[gone]


RIGHT = [
    (exercises.survivors, right_survivors),
    (exercises.surgeon_scores, right_scores),
    (exercises.kept_mean, right_mean),
]
WRONG = [
    (exercises.survivors, lambda r, k, h: right_survivors(r, k, h)[k], "one number for each of the 3 weights"),
    (exercises.survivors, lambda r, k, h: r + 0, "where keep is False the row must be 0"),
    (exercises.survivors, lambda r, k, h: right_survivors(r, k, h).astype(np.float16), "must become"),
    (exercises.survivors, in_place, "row was changed in place"),
    (exercises.survivors, lambda r, k, h: r * k, "that is the mask alone"),
    (exercises.survivors, survivors_with(lambda *case: -right_step(*case)), "that is the wrong way"),
    (exercises.survivors, survivors_with(force), "H_KP w_P is a force"),
    (
        exercises.survivors,
        survivors_with(lambda r, k, h: force(r, k, h) / h.diagonal()[k]),
        "as if survivors did not see each other",
    ),
    (exercises.survivors, survivors_with(block_of_inverse), "the inverse of the block"),
    (exercises.survivors, one_by_one, "they do not know about each other"),
    (exercises.survivors, lambda r, k, h: (right_survivors(r, k, h) - r) * k, "those are the steps alone"),
    (exercises.survivors, lambda r, k, h: right_survivors(r, k, h).round(2), "do not round"),
    (exercises.survivors, lambda r, k, h: 2 * right_survivors(r, k, h), "must become"),
    (exercises.surgeon_scores, lambda r, h: 1.0, "one score for each of the 3 weights"),
    (exercises.surgeon_scores, lambda r, h: h.diagonal() * r**2 / 2, "that is OBD"),
    (exercises.surgeon_scores, lambda r, h: 2 * right_scores(r, h), "half of that"),
    (exercises.surgeon_scores, lambda r, h: right_scores(r, h) / np.abs(r), "square the weight"),
    (exercises.surgeon_scores, lambda r, h: r**2 * np.linalg.inv(h).diagonal() / 2, "do not multiply"),
    (exercises.surgeon_scores, lambda r, h: right_scores(r, h).round(3), "do not round"),
    (exercises.surgeon_scores, lambda r, h: right_scores(r, h) + 1, "score"),
    (exercises.kept_mean, lambda m, w, means, gone: (w[:, gone] @ means[gone])[:1], "one mean for each output"),
    (exercises.kept_mean, lambda m, w, means, gone: m + w[:, gone] @ means[gone], "minus"),
    (exercises.kept_mean, lambda m, w, means, gone: right_mean(m, w, means, ~gone), "take those that are gone"),
    (exercises.kept_mean, lambda m, w, means, gone: w[:, gone] @ means[gone], "that is the shift alone"),
    (exercises.kept_mean, lambda m, w, means, gone: m - means[gone].sum(), "arrives through its weights"),
    (exercises.kept_mean, lambda m, w, means, gone: m, "as it was"),
    (exercises.kept_mean, lambda m, w, means, gone: right_mean(m, w, means, gone).round(1), "do not round"),
    (
        exercises.kept_mean,
        lambda m, w, means, gone: m - w[:, gone] @ means[gone] / gone.sum(),
        "a sum over channels",
    ),
]
test_right, test_untouched, test_wrong = exercise_tests(RIGHT, WRONG)


def test_another_way_to_the_same_row_is_right():
    exercises.survivors(by_least_squares)
