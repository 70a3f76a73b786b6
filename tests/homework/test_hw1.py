"""hw1-masks: wrong answers of the usual kinds, and what each is told."""

import numpy as np
from homework_tests import assignment_tests, solution_of, wrong_answers

NAME = "hw1-masks"
SOLVED = solution_of(NAME)
POINTS = {"q1": 4, "q2": 4, "q3": 4, "q4": 2, "q5": 6}
my_mask = SOLVED["my_mask"]


def mask_cut(cut):
    """A mask whose count is rounded another way."""

    def answer(scores, sparsity):
        keep = np.ones(scores.size, bool)
        keep[np.argsort(scores.ravel(), kind="stable")[: int(cut(sparsity * scores.size))]] = False
        return keep.reshape(scores.shape)

    return answer


def last_ties_first(scores, sparsity):
    return my_mask(scores.ravel()[::-1], sparsity)[::-1].reshape(scores.shape)


def sorts_in_place(scores, sparsity):
    keep = my_mask(scores, sparsity)
    scores.sort()
    return keep


def remembers_what_is_shown(scores, sparsity):
    shown = np.array_equal(scores.ravel(), [3.0, 1.0, 2.0, 5.0, 4.0, 0.5])
    return my_mask(scores, sparsity) if shown else np.ones(scores.shape, bool)


class Yes:
    shape, dtype = (6,), bool

    def __eq__(self, other):
        return True


MASKS = [
    (lambda s, p: s > np.quantile(s, p), "A threshold cannot split equal scores"),
    (lambda s, p: s > p, "exactly 3 go"),
    (mask_cut(np.floor), "round, do not truncate"),
    (mask_cut(np.ceil), "round to the nearest, not up"),
    (lambda s, p: ~my_mask(s, p), "larger scores went"),
    (lambda s, p: my_mask(s, 1 - p), "the other way round"),
    (lambda s, p: my_mask(-s, p), "larger scores went"),
    (last_ties_first, "of equal scores the first go"),
    (lambda s, p: my_mask(s, p).ravel(), "must have the shape of the scores"),
    (lambda s, p: my_mask(s, p) * 1, "must be bool"),
    (lambda s, p: my_mask(s, p) * s, "must be bool"),
    (sorts_in_place, "changed its argument"),
    (remembers_what_is_shown, "exactly 17 go"),
    (lambda s, p: Yes(), "got Yes"),
    (lambda s, p: my_mask(s, p).tolist(), "must be a NumPy array; got list"),
]


def groups(scores, n, m):
    runs = scores.reshape(-1, m)
    keep = np.ones(runs.shape, bool)
    np.put_along_axis(keep, np.argsort(runs, axis=1, kind="stable")[:, : m - n], False, axis=1)
    return keep.reshape(scores.shape)


N_OF_M = [
    (lambda s, n, m: ~groups(s, n, m), "True keeps"),
    (lambda s, n, m: groups(s, m - n, m), "each run of"),
    (lambda s, n, m: groups(-s, n, m), "True keeps"),
    (lambda s, n, m: my_mask(s, 1 - n / m), "each run of"),
    (lambda s, n, m: groups(s, 2, 4), "each run of 4 along a row keeps 1"),
    (lambda s, n, m: np.tile(np.arange(m) < n, s.size // m).reshape(s.shape), "the counts are right"),
    (lambda s, n, m: np.tile(np.arange(m) >= m - n, s.size // m).reshape(s.shape), "the counts are right"),
    (lambda s, n, m: groups(s, n, m).reshape(-1, m), "must have the shape of the scores"),
    (lambda s, n, m: np.sort(s)[:, : s.shape[1] * n // m], "must be bool"),
    (lambda s, n, m: s >= np.partition(s, -n, axis=1)[:, -n, None], "each run of"),
]


def split(keep, scores):
    ends = np.cumsum([array.size for array in scores.values()])[:-1]
    parts = np.split(keep, ends)
    return {name: part.reshape(array.shape) for (name, array), part in zip(scores.items(), parts, strict=True)}


def joined(scores):
    return np.concatenate([array.ravel() for array in scores.values()])


def spared_for_nothing(scores, sparsity, least):
    """The floor is kept, and no other layer gives up what it spares."""
    keep = split(my_mask(joined(scores), sparsity), scores)
    for name, array in scores.items():
        keep[name].ravel()[np.argsort(array.ravel())[array.size - least :]] = True
    return keep


def first_are_safe(scores, sparsity, least):
    safe = {name: np.where(np.arange(array.size) < least, np.inf, array.ravel()) for name, array in scores.items()}
    return split(my_mask(joined(safe), sparsity), scores)


BUDGETS = [
    (lambda s, p, k: split(my_mask(joined(s), p), s), "keeps"),
    (lambda s, p, k: {name: my_mask(array, p) for name, array in s.items()}, "each layer was pruned on its own"),
    (spared_for_nothing, "What one is spared, the others give up"),
    (first_are_safe, "first protect"),
    (lambda s, p, k: SOLVED["my_budget"](s, 1 - p, k), "entries go in all"),
    (lambda s, p, k: {n: ~m for n, m in SOLVED["my_budget"](s, p, k).items()}, "and should be"),
    (lambda s, p, k: list(SOLVED["my_budget"](s, p, k).values()), "return a dict of masks by name; got list"),
    (lambda s, p, k: dict(list(SOLVED["my_budget"](s, p, k).items())[1:]), "one mask for each of"),
    (lambda s, p, k: {n: m.ravel() for n, m in SOLVED["my_budget"](s, p, k).items()}, "must have the shape"),
    (lambda s, p, k: {n: np.ones(a.shape, bool) for n, a in s.items()}, "entries go in all, not 0"),
]


def step(weight_of=lambda w, v, g, m, r, k, d: (w - r * (k * v + g + d * w)) * m, velocity_of=None):
    """A step with one part replaced."""
    velocity_of = velocity_of or (lambda w, v, g, m, r, k, d: (k * v + g + d * w) * m)
    return lambda *a: (weight_of(*a), velocity_of(*a))


def in_place(w, v, g, m, r, k, d):
    w -= r * (k * v + g + d * w)
    return w * m, (k * v + g + d * w) * m


STEPS = [
    (step(lambda w, v, g, m, r, k, d: w - r * (k * v + g * m + d * w)), "masking the gradient is not enough"),
    (step(lambda w, v, g, m, r, k, d: w * m - r * (k * v + g + d * w)), "Mask the weight after the step"),
    (step(lambda w, v, g, m, r, k, d: (w - r * (k * v + g)) * m), "weight decay is missing"),
    (step(lambda w, v, g, m, r, k, d: (w - r * (g + d * w)) * m), "the velocity remembers"),
    (step(lambda w, v, g, m, r, k, d: (w + r * (k * v + g + d * w)) * m), "uphill"),
    (step(lambda w, v, g, m, r, k, d: (w - 2 * r * (k * v + g + d * w)) * m), "a kept weight is off by"),
    (step(velocity_of=lambda w, v, g, m, r, k, d: v), "return the new velocity, not the old one"),
    (step(velocity_of=lambda w, v, g, m, r, k, d: k * v + g + d * w), "Mask the velocity too"),
    (step(velocity_of=lambda w, v, g, m, r, k, d: (k * v + g) * m), "the velocity of a kept weight is wrong"),
    (in_place, "weight was changed in place"),
    (lambda *a: SOLVED["my_step"](*a)[0], "return two arrays"),
    (lambda w, v, g, m, r, k, d: SOLVED["my_step"](w, v, g, ~m, r, k, d), "pruned weights moved"),
]
SOURCE = solution_of(NAME, source_of="my_training")


def edited(old, new):
    """The solution of the loop with one thing changed."""
    assert old in SOURCE
    names = dict(SOLVED)
    exec(SOURCE.replace(old, new), names)
    return names["my_training"]


STEP = "weight = (weight - 0.1 * gradient(weight, x, y)) * mask"
LOOPS = [
    (SOLVED["broken_training"], "counts epochs, from 0, not batches"),
    (edited("cubic(epoch,", "cubic(3 * epoch,"), "sparsities must be", 4),
    (edited(STEP, STEP.replace(" * mask", "")), "zero again after every step", 4),
    (edited("weights.append(weight.copy())", "weights.append(weight.copy() + 1e-9)"), "the mask was lost", 4),
    (edited("accuracy(weight, *validation)", "accuracy(weight, *test)"), "read the test images once", 4),
    (edited("accuracy(weight, *validation)", "accuracy(weight, *train)"), "the best has", 4),
    (edited("np.argmax", "np.argmin"), "the best has", 4),
    (edited("best = int(np.argmax(accuracies))", "best = epochs - 1"), "the best has", 4),
    (edited('"best_epoch": best', '"best": best'), "return a dict with"),
    (edited("weights.append(weight.copy())", "weights = [weight] * epochs"), "never changes", 4),
    (edited("weights.append(weight.copy())", "weights = [weight]"), "one entry for each"),
    (edited(STEP, "pass"), "never changes", 4),
]
WRONG = [
    *wrong_answers("q1", "my_mask", MASKS),
    *wrong_answers("q2", "my_n_of_m", N_OF_M),
    *wrong_answers("q3", "my_budget", BUDGETS),
    *wrong_answers("q4", "my_step", STEPS),
    *wrong_answers("q5", "my_training", LOOPS),
]

test_solution, test_untouched, test_eight_wrong, test_wrong = assignment_tests(NAME, SOLVED, POINTS, WRONG)
