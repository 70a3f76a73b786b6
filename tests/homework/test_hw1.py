"""hw1-masks: its solution scores full marks, the untouched release 0, and each wrong answer what it should."""

import numpy as np
import pytest
from homework_tests import graded, names_of, solution_of

from pruning_lab.homework import release


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return release.make("hw1-masks", tmp_path_factory.mktemp("made"))


SOLVED = solution_of("hw1-masks")
my_mask = SOLVED["my_mask"]


def test_the_solution_scores_full_marks(made):
    assert {name: graded(made, name, SOLVED)[0] for name in ("q1", "q2", "q3", "q4", "q5")} == {
        "q1": 4,
        "q2": 4,
        "q3": 4,
        "q4": 2,
        "q5": 6,
    }


def test_the_untouched_release_scores_nothing(made):
    stubs = names_of(made / "student" / "hw1-masks.ipynb")
    for question in ("q1", "q2", "q3", "q4", "q5"):
        score, messages = graded(made, question, stubs)
        assert score == 0
        assert all("returns nothing yet: replace the ..." in message for message in messages)


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
    (mask_cut(np.floor), "round, do not cut off"),
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
    """The floor is kept, and nobody gives what it spares."""
    keep = split(my_mask(joined(scores), sparsity), scores)
    for name, array in scores.items():
        keep[name].ravel()[np.argsort(array.ravel())[array.size - least :]] = True
    return keep


def first_are_safe(scores, sparsity, least):
    safe = {name: np.where(np.arange(array.size) < least, np.inf, array.ravel()) for name, array in scores.items()}
    return split(my_mask(joined(safe), sparsity), scores)


BUDGETS = [
    (lambda s, p, k: split(my_mask(joined(s), p), s), "keeps"),
    (lambda s, p, k: {name: my_mask(array, p) for name, array in s.items()}, "each layer was pruned by itself"),
    (spared_for_nothing, "What one layer is spared, others give"),
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
SOURCE = solution_of("hw1-masks", source_of="my_training")
LOOPS = [
    (lambda *a: SOLVED["broken_training"](*a), 0, "counts epochs, from 0, not batches"),
    ("cubic(epoch,", "cubic(3 * epoch,", 4, "sparsities must be"),
    (
        "weight = (weight - 0.1 * gradient(weight, x, y)) * mask",
        "weight = weight - 0.1 * gradient(weight, x, y)",
        6,
        "",
    ),
    ("weights.append(weight.copy())", "weights.append(weight.copy() + 1e-9)", 4, "the mask was lost"),
    ("accuracy(weight, *validation)", "accuracy(weight, *test)", 4, "the test is read once"),
    ("accuracy(weight, *validation)", "accuracy(weight, *train)", 4, "the best has"),
    ("np.argmax", "np.argmin", 4, "the best has"),
    ("best = int(np.argmax(accuracies))", "best = epochs - 1", 4, "the best has"),
    ('"best_epoch": best', '"best": best', 0, "return a dict with"),
    ("weights.append(weight.copy())", "weights = [weight] * epochs", 4, "never changes"),
    ("weights.append(weight.copy())", "weights = [weight]", 0, "one entry for each"),
    ("weight = (weight - 0.1 * gradient(weight, x, y)) * mask", "pass", 4, "never changes"),
]


def cases():
    for question, name, table in (
        ("q1", "my_mask", MASKS),
        ("q2", "my_n_of_m", N_OF_M),
        ("q3", "my_budget", BUDGETS),
        ("q4", "my_step", STEPS),
    ):
        for number, (answer, phrase) in enumerate(table):
            yield pytest.param(question, name, answer, 0, phrase, id=f"{question}-{number}")
    for number, (*edit, score, phrase) in enumerate(LOOPS):
        answer = edit[0] if len(edit) == 1 else edited(*edit)
        yield pytest.param("q5", "my_training", answer, score, phrase, id=f"q5-{number}")


def edited(old, new):
    """The solution of the loop with one thing changed."""
    assert old in SOURCE
    names = dict(SOLVED)
    exec(SOURCE.replace(old, new), names)
    return names["my_training"]


@pytest.mark.parametrize(("question", "name", "answer", "score", "phrase"), [*cases()])
def test_a_wrong_answer_scores_what_it_should_and_is_told_why(made, question, name, answer, score, phrase):
    got, messages = graded(made, question, {**SOLVED, name: answer})
    assert got == score, messages
    assert phrase in " ".join(messages)
