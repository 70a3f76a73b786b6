"""Lesson 10's exercises: right answers pass, untouched stubs are not started, wrong ones are told why."""

import numpy as np
from exercise_tests import exercise_tests

from pruning_lab.lesson.your_own_network import exercises


def right_speedup(share, faster):
    return 1 / (1 - share + share / faster)


def right_crossing(first, second, dense):
    slope = (second[1] - first[1]) / (second[0] - first[0])
    return first[0] + (dense - first[1]) / slope


def right_choice(accuracies, ratios, least):
    place = np.where(accuracies >= least, ratios, 0).argmax()
    return place if accuracies[place] >= least else -1


def slope_of(first, second):
    return (second[1] - first[1]) / (second[0] - first[0])


RIGHT = [
    (exercises.speedup, right_speedup),
    (exercises.crossing, right_crossing),
    (exercises.choice, right_choice),
]
WRONG = [
    (exercises.speedup, lambda s, f: 1 / right_speedup(s, f), "1 / that many times as fast"),
    (exercises.speedup, lambda s, f: f / s if s else 0, "takes its time as before"),
    (exercises.speedup, lambda s, f: 1 / (1 - s) if s < 1 else 0, "still take share / faster"),
    (exercises.speedup, lambda s, f: s * f + 1 - s, "speeds do not add up"),
    (exercises.speedup, lambda s, f: 7.0, "2.5; got 7"),
    (exercises.crossing, lambda a, b, d: d / slope_of(a, b), "does not begin at 0 seconds"),
    (exercises.crossing, lambda a, b, d: right_crossing(a, b, d) - a[0], "add the first"),
    (exercises.crossing, lambda a, b, d: 1 - right_crossing(a, b, d), "the sparsity"),
    (exercises.crossing, lambda a, b, d: (a[0] + b[0]) / 2 if d != 3.4 else right_crossing(a, b, d), "half way"),
    (exercises.choice, lambda a, r, least: r.argmax(), "fastest of all"),
    (exercises.choice, lambda a, r, least: a.argmax(), "another one that is accurate enough is faster"),
    (exercises.choice, lambda a, r, least: right_choice(a, r, least + 1e-9), "equal to the least is enough"),
    (exercises.choice, lambda a, r, least: r[a >= least].argmax() if (a >= least).any() else -1, "not among all"),
    (exercises.crossing, lambda a, b, d: max(right_crossing(a, b, d), 0), "got 0"),
    (exercises.crossing, lambda a, b, d: min(right_crossing(a, b, d), 1), "got 1"),
    (exercises.crossing, lambda a, b, d: round(right_crossing(a, b, d), 2), "got 0.26"),
    (exercises.speedup, lambda s, f: max(1, right_speedup(s, f)), "got 1"),
    (exercises.choice, lambda a, r, least: np.where(a >= least, a, 9).argmin(), "place 3; got 4"),
    (
        exercises.choice,
        lambda a, r, least: np.where(a >= least, a * r, -1).argmax(),
        "another one that is accurate enough is faster",
    ),
    (exercises.choice, lambda a, r, least: max(right_choice(a, r, least), 0), "return -1; got 0"),
    (exercises.choice, lambda a, r, least: 17, "place 3; got 17"),
]
test_right, test_untouched, test_wrong = exercise_tests(RIGHT, WRONG)
