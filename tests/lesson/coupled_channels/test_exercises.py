"""Lesson 06's exercises: right answers pass, untouched stubs are not started, wrong ones are told why."""

import numpy as np
from exercise_tests import exercise_tests

from pruning_lab.lesson.coupled_channels import exercises


def right_columns(left, right, width):
    return np.concatenate([left, width + right])


def right_units(channels, groups):
    return [channel // (channels // groups) for channel in range(channels)]


def right_rows(keep, heads, size):
    query = (keep[:, None] * size + np.arange(size)).ravel()
    return np.concatenate([query + part * heads * size for part in range(3)])


RIGHT = [
    (exercises.concatenated_columns, right_columns),
    (exercises.concatenated_columns, lambda *a: right_columns(*a).astype(object)),
    (exercises.units_of_a_group_norm, right_units),
    (exercises.rows_of_heads, right_rows),
]
WRONG = [
    (exercises.concatenated_columns, lambda a, b, w: np.concatenate([a, len(a) + b]), "channels that left *had*"),
    (exercises.concatenated_columns, lambda a, b, w: np.concatenate([a, b]), "is not the reader's input 0"),
    (exercises.concatenated_columns, lambda a, b, w: a, "left's columns alone"),
    (exercises.concatenated_columns, lambda a, b, w: right_columns(a, b, w)[::-1], "in ascending order"),
    (exercises.concatenated_columns, lambda a, b, w: [0], "the reader keeps"),
    (exercises.concatenated_columns, lambda a, b, w: right_columns(a, b, w) if len(b) else None, "it returned None"),
    (exercises.concatenated_columns, lambda a, b, w: right_columns(a, b, w) % 256, "keeps [0, 307]; got [0, 51]"),
    (exercises.concatenated_columns, lambda a, b, w: right_columns(a, b, w) if len(a) else a, "left keeps [] of 3"),
    (exercises.units_of_a_group_norm, lambda c, g: [i % g for i in range(c)], "a group is made of neighbours"),
    (exercises.units_of_a_group_norm, lambda c, g: [i // g for i in range(c)], "members, here 2; yours have 4"),
    (exercises.units_of_a_group_norm, lambda c, g: list(range(c)), "its channels are one unit"),
    (exercises.units_of_a_group_norm, lambda c, g: [0] * c, "do not see each other"),
    (exercises.units_of_a_group_norm, lambda c, g: list(range(g)), "one number for each channel"),
    (exercises.units_of_a_group_norm, lambda c, g: [7] * c, "units [0, 0"),
    (exercises.rows_of_heads, lambda k, h, s: right_rows(k, h, s)[: len(k) * s], "keys and values of a head"),
    (
        exercises.rows_of_heads,
        lambda k, h, s: (k[:, None] * 3 * s + np.arange(3 * s)).ravel(),
        "all queries come first",
    ),
    (
        exercises.rows_of_heads,
        lambda k, h, s: np.concatenate([k + part * h for part in range(3)]),
        "not one",
    ),
    (exercises.rows_of_heads, lambda k, h, s: right_rows(k, h, s)[::-1], "in ascending order"),
    (exercises.rows_of_heads, lambda k, h, s: [0], "rows ["),
    (exercises.rows_of_heads, lambda k, h, s: right_rows(k, h, s) % 256, "12 heads of 8"),
    (exercises.rows_of_heads, lambda k, h, s: np.ones(3 * h * s, bool), "must be indices, not a mask"),
]
test_right, test_untouched, test_wrong = exercise_tests(RIGHT, WRONG)
