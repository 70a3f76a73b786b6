"""hw1-masks: right answers of unusual kinds, wrong ones of the usual kinds, and what each is told."""

import heapq

import numpy as np
import torch
from homework_tests import assignment_tests, right_tests, solution_of, wrong_answers

NAME = "hw1-masks"
SOLVED = solution_of(NAME)
POINTS = {"q1": 4, "q2": 4, "q3": 4, "q4": 2, "q5": 6}
my_mask = SOLVED["my_mask"]


def mask_cut(cut):
    """A mask whose count is rounded another way."""

    def answer(scores, sparsity):
        return mask_of(np.argsort(scores.ravel(), kind="stable")[: int(cut(sparsity * scores.size))], scores)

    return answer


def mask_of(gone, scores):
    keep = np.ones(scores.size, bool)
    keep[gone] = False
    return keep.reshape(scores.shape)


def last_ties_first(scores, sparsity):
    return my_mask(scores.ravel()[::-1], sparsity)[::-1].reshape(scores.shape)


def sorts_in_place(scores, sparsity):
    keep = my_mask(scores, sparsity)
    scores.sort()
    return keep


def remembers_what_is_shown(scores, sparsity):
    shown = np.array_equal(scores.ravel(), [3.0, 1.0, 2.0, 5.0, 4.0, 0.5])
    return my_mask(scores, sparsity) if shown else np.ones(scores.shape, bool)


def kept_by_slice(scores, keep):
    mask = np.zeros(scores.size, bool)
    mask[np.argsort(scores.ravel(), kind="stable")[-keep:]] = True
    return mask.reshape(scores.shape)


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
    (last_ties_first, "among equal scores the first go"),
    (lambda s, p: my_mask(s, p).ravel(), "must have the shape of the scores"),
    (lambda s, p: my_mask(s, p) * 1, "must be bool"),
    (lambda s, p: my_mask(s, p) * s, "must be bool"),
    (sorts_in_place, "changed its argument"),
    (lambda s, p: kept_by_slice(s, s.size - round(p * s.size)), "24 go; here 0 (a slice [-0:] takes all)"),
    (lambda s, p: my_mask(np.abs(s), p), "larger scores went"),
    (lambda s, p: mask_of(np.argsort(s.ravel())[: round(p * s.size)], s), "use a stable sort"),  # on any processor
    (mask_cut(lambda product: np.floor(product + 0.5)), "Python's round(52.5) is the even 52"),
    (remembers_what_is_shown, "exactly 17 go"),
    (lambda s, p: Yes(), "got Yes"),
    (lambda s, p: my_mask(s, p).tolist(), "must be a NumPy array; got list"),
    (lambda s, p: np.ones(s.shape, bool), "exactly 3 go; here 0"),
    (lambda s, p: np.zeros(s.shape, bool), "exactly 3 go; here 6"),
    (lambda s, p: np.array([]), "must be bool"),
    (lambda s, p: s, "must be bool"),
    (lambda s, p: np.arange(s.size).reshape(s.shape) >= round(p * s.size), "larger scores went"),
    (lambda s, p: my_mask(np.abs(s - s.mean()), p), "larger scores went"),
]


def groups(scores, n, m, kind="stable"):
    runs = scores.reshape(-1, m)
    keep = np.ones(runs.shape, bool)
    np.put_along_axis(keep, np.argsort(runs, axis=1, kind=kind)[:, : m - n], False, axis=1)
    return keep.reshape(scores.shape)


N_OF_M = [
    (lambda s, n, m: groups(s, n, m, kind=None), "among equal ones the first go"),
    (lambda s, n, m: groups(np.abs(s), n, m), "the counts are right"),
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
    (
        lambda s, n, m: groups(s.reshape(-1, m)[:, ::-1], n, m)[:, ::-1].reshape(s.shape),
        "among equal ones the first go",
    ),
    (lambda s, n, m: groups(s.T.copy(), n, m).T if s.shape[0] % m == 0 else np.ones(s.shape, bool), "each run of"),
    (lambda s, n, m: np.ones(s.shape, bool), "each run of 4 along a row keeps 2"),
    (lambda s, n, m: np.zeros(s.shape, bool), "each run of 4 along a row keeps 2"),
    (lambda s, n, m: s, "must be bool"),
    (lambda s, n, m: groups(s, n, m)[:1], "must have the shape"),
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


def budget_of(protect, cut=round):
    """The solution with another way to protect, or to round."""

    def answer(scores, sparsity, least):
        safe = {name: protect(array, least) for name, array in scores.items()}
        size = sum(array.size for array in scores.values())
        return split(my_mask(joined(safe), cut(sparsity * size) / size), scores)

    return answer


def protected(array, least, by=np.inf):
    safe = array.ravel().copy()
    safe[np.argsort(safe, kind="stable")[array.size - least :]] = by
    return safe


def by_threshold(array, least):
    """Protects all that are as good as the last one to be protected."""
    flat = array.ravel()
    return np.where(flat >= np.sort(flat)[flat.size - least], np.inf, flat) if least else flat


def last_ties_go(scores, sparsity, least):
    safe = {name: protected(array, least) for name, array in scores.items()}
    return split(last_ties_first(joined(safe), sparsity), scores)


def first_of_equals(array, least):
    safe = array.ravel().copy()
    safe[np.argsort(-safe, kind="stable")[:least]] = np.inf
    return safe


def in_what_came_in(scores, sparsity, least):
    """Uses the dict that it was given as its own."""
    for name, mask in SOLVED["my_budget"](scores, sparsity, least).items():
        scores[name] = mask
    return scores


def in_the_scores(scores, sparsity, least):
    """Protects in the arrays that it was given."""
    for array in scores.values():
        array.ravel()[np.argsort(array.ravel(), kind="stable")[array.size - least :]] = np.inf
    return split(my_mask(joined(scores), sparsity), scores)


BUDGETS = [
    (in_the_scores, "changed the scores of"),
    (in_what_came_in, "changed the scores of"),
    (budget_of(protected, int), "entries go in all"),
    (budget_of(protected, lambda product: int(product + 0.5)), "entries go in all"),
    (budget_of(first_of_equals), "of equals the last"),
    (budget_of(lambda a, k: protected(a, k, by=1.0)), "at least 3 kept in each: "),
    (budget_of(lambda a, k: protected(np.abs(a), k)), "first protect"),
    (budget_of(by_threshold), "and should be"),
    (last_ties_go, "of equals the first"),
    (lambda s, p, k: {n: m.reshape(-1, 1) for n, m in SOLVED["my_budget"](s, p, k).items()}, "must have the shape"),
    (lambda s, p, k: split(my_mask(joined(s), p), s), "keeps"),
    (lambda s, p, k: {name: my_mask(array, p) for name, array in s.items()}, "each layer was pruned on its own"),
    (spared_for_nothing, "What one layer is spared, the others give up"),
    (first_are_safe, "first protect"),
    (lambda s, p, k: SOLVED["my_budget"](s, 1 - p, k), "entries go in all"),
    (lambda s, p, k: {n: ~m for n, m in SOLVED["my_budget"](s, p, k).items()}, "larger scores went"),
    (lambda s, p, k: SOLVED["my_budget"]({n: -a for n, a in s.items()}, p, k), "larger scores went"),
    (lambda s, p, k: s, "must be bool"),
    (lambda s, p, k: {}, "one mask for each of"),
    (lambda s, p, k: {n: np.zeros(a.shape, bool) for n, a in s.items()}, "entries go in all, not 40"),
    (lambda s, p, k: SOLVED["my_budget"](s, p, k + 1), "and should be"),
    (lambda s, p, k: list(SOLVED["my_budget"](s, p, k).values()), "return a dict of masks by name; got list"),
    (lambda s, p, k: dict(list(SOLVED["my_budget"](s, p, k).items())[1:]), "one mask for each of"),
    (lambda s, p, k: {n: m.ravel() for n, m in SOLVED["my_budget"](s, p, k).items()}, "must have the shape"),
    (lambda s, p, k: {n: np.ones(a.shape, bool) for n, a in s.items()}, "entries go in all, not 0"),
    (
        lambda s, p, k: SOLVED["my_budget"](dict(reversed(s.items())), p, k) | {"extra": np.ones(1)},
        "one mask for each of",
    ),
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
    (step(lambda w, v, g, m, r, k, d: w - r * (k * v + g + d * w) * m), "a pruned weight came in as"),
    (lambda *a: (SOLVED["my_step"](*a)[0], SOLVED["my_step"](*a)[1][:1]), "got (4, 5) and (1, 5)"),
    (step(velocity_of=lambda w, v, g, m, r, k, d: k * v + g + d * w), "Mask the velocity too"),
    (step(velocity_of=lambda w, v, g, m, r, k, d: (k * v + g) * m), "the velocity of a kept weight is wrong"),
    (in_place, "weight was changed in place"),
    (lambda *a: SOLVED["my_step"](*a)[0], "return two arrays"),
    (lambda w, v, g, m, r, k, d: SOLVED["my_step"](w, v, g, ~m, r, k, d), "here the kept weights are zero"),
    (lambda w, v, g, m, r, k, d: (w * m, v * m), "nothing has moved"),
    (lambda w, v, g, m, r, k, d: (w, v), "nothing has moved"),
    (step(lambda w, v, g, m, r, k, d: (w - (k * v + g + d * w)) * m), "learning_rate times the velocity"),
    (step(lambda w, v, g, m, r, k, d: (w - r * v) * m), "with the new velocity"),
    (lambda w, v, g, m, r, k, d: (0 * w, 0 * v), "a kept weight is off by"),
    (lambda *a: SOLVED["my_step"](*a)[::-1], "a kept weight is off by"),
    (lambda *a: [part.ravel() for part in SOLVED["my_step"](*a)], "both must have shape (4, 5)"),
    (lambda *a: [part[m] for part in SOLVED["my_step"](*a)] if (m := a[3]) is not None else 0, "both must have shape"),
    (lambda *a: ("w", "v"), "the new weight must be numbers; got str"),
]
SOURCE = solution_of(NAME, source_of="my_training")


def edited(old, new):
    """The solution of the loop with one thing changed."""
    assert old in SOURCE
    names = dict(SOLVED)
    exec(SOURCE.replace(old, new), names)
    return names["my_training"]


def zeros_alone(train, validation, test, epochs, target):
    """Trains nothing and prunes nothing."""
    due = [SOLVED["cubic"](epoch, epochs, target) for epoch in range(epochs)]
    return {"sparsities": due, "weights": np.zeros((epochs, 3, 12)), "best_epoch": 0}


STEP = "weight = (weight - 0.1 * gradient(weight, x, y)) * mask"
ANEW = "weight = weight - 0.1 * gradient(weight, x, y); weight *= my_mask(np.abs(weight), cubic(epoch, epochs, target))"
END = "    best = int("
POLISH = "    weights[-1] = (weight - 0.1 * gradient(weight, images, labels)) * mask\n"  # every zero is held
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
    (edited("weights.append(weight.copy())", "weights = [weight] * epochs"), "nothing to choose from", 2),
    (edited("weights.append(weight.copy())", "weights = [weight]"), "one entry for each"),
    (edited(STEP, "pass"), "never changes", 4),
    (edited("np.abs(weight), sparsity", "-np.abs(weight) - 9.0 * (weight == 0), sparsity"), "the largest weights", 4),
    (
        edited("np.abs(weight), sparsity", "np.where(mask, -np.abs(weight), -np.inf), sparsity"),
        "the largest weights",
        4,
    ),
    (edited("np.abs(weight), sparsity", "weight, sparsity"), "in epoch", 4),
    (
        edited("np.abs(weight), sparsity", "np.where(mask, np.arange(36).reshape(3, 12), -1.0), sparsity"),
        "not those of smallest magnitude",
        4,
    ),
    (edited(STEP, STEP.replace("0.1", "-0.1")), "in epoch 1", 4),
    (edited(STEP, ANEW), "came back in a later step", 4),
    (edited("30", "10"), "did not move as steps", 4),
    (edited(STEP, STEP.replace("0.1", "0.2")), "in epoch 1", 4),
    (edited("range(0, len(images), 30)", "range(0, 60, 30)"), "each training image once", 4),
    (edited(END, POLISH + END), "and nothing after that", 4),
    (edited("int(np.argmax(accuracies))", "len(accuracies) - 1 - int(np.argmax(accuracies[::-1]))"), "equally good", 4),
    (zeros_alone, "exactly 0 must be", 2),
    (lambda *a: {**SOLVED["my_training"](*a), "weights": np.ones((8, 3, 12))}, "the mask was lost", 2),
    (lambda *a: {**SOLVED["my_training"](*a), "best_epoch": 8}, "best_epoch must be in 0 to 7; got 8"),
    (lambda *a: {**SOLVED["my_training"](*a), "sparsities": [0] * 8}, "sparsities must be", 2),
    (lambda *a: SOLVED["my_training"](*a)["weights"], "return a dict"),
]
WRONG = [
    *wrong_answers("q1", "my_mask", MASKS),
    *wrong_answers("q2", "my_n_of_m", N_OF_M),
    *wrong_answers("q3", "my_budget", BUDGETS),
    *wrong_answers("q4", "my_step", STEPS),
    *wrong_answers("q5", "my_training", LOOPS),
]


def by_rank(scores, sparsity):
    return np.argsort(np.argsort(scores, axis=None, kind="stable")).reshape(scores.shape) >= round(
        sparsity * scores.size
    )


def in_a_loop(scores, sparsity):
    left, keep = list(scores.ravel()), np.ones(scores.size, bool)
    for _ in range(round(sparsity * len(left))):
        smallest = left.index(min(left))
        keep[smallest], left[smallest] = False, float("inf")
    return keep.reshape(scores.shape)


def from_a_heap(scores, sparsity):
    heap = [(float(score), place) for place, score in enumerate(scores.flat)]
    heapq.heapify(heap)
    keep = np.full_like(scores, True, dtype=np.bool_)
    for _ in range(round(sparsity * scores.size)):
        keep.flat[heapq.heappop(heap)[1]] = False
    return keep


def by_threshold_and_ties(scores, sparsity):
    """A threshold for what is below it; of those that equal it, the first."""
    flat, goal = scores.ravel(), round(sparsity * scores.size)
    keep = np.ones(flat.size, bool)
    if goal:
        cut = np.partition(flat, goal - 1)[goal - 1]
        keep[flat < cut] = False
        keep[np.flatnonzero(flat == cut)[: goal - (flat < cut).sum()]] = False
    return keep.reshape(scores.shape)


def with_torch(scores, sparsity):
    order = torch.sort(torch.from_numpy(scores).flatten(), stable=True).indices
    keep = torch.ones(scores.size, dtype=torch.bool)
    keep[order[: round(sparsity * scores.size)]] = False
    return keep.reshape(scores.shape)


class Masker:
    """A callable object is a function, too."""

    def __call__(self, scores, sparsity):
        return by_rank(scores, sparsity)


def sorted_pairs(scores, sparsity):
    gone = sorted(range(scores.size), key=lambda place: (scores.flat[place], place))[: round(sparsity * scores.size)]
    return ~np.isin(np.arange(scores.size), gone).reshape(scores.shape)


def put_in_place(scores, sparsity):
    keep = np.empty(scores.shape, dtype="?")
    keep[...] = True
    np.put(keep, np.lexsort((np.arange(scores.size), scores.ravel()))[: round(sparsity * scores.size)], False)
    return keep


MASKS_RIGHT = [
    *(by_rank, in_a_loop, from_a_heap, by_threshold_and_ties, with_torch, Masker(), sorted_pairs, put_in_place),
    lambda s, p: np.asfortranarray(my_mask(s, p)),
    lambda s, p: my_mask(s.astype(np.longdouble), p),
    lambda s, p: np.repeat(my_mask(s, p)[..., None], 2, axis=-1)[..., 0],
    lambda scores, sparsity: (1 * my_mask(scores, sparsity)).astype(bool),
]


def run_by_run(mask):
    def answer(scores, n, m):
        keep = np.zeros(scores.shape, bool)
        for row in range(scores.shape[0]):
            for start in range(0, scores.shape[1], m):
                keep[row, start : start + m] = mask(scores[row, start : start + m], 1 - n / m)
        return keep

    return answer


def n_largest(scores, n, m):
    """Of equal scores the first go, so the last stay: the largest pairs (score, place)."""
    keep = np.zeros(scores.shape, bool)
    for row, values in enumerate(scores):
        for start in range(0, len(values), m):
            places = heapq.nlargest(n, range(start, start + m), key=lambda place, values=values: (values[place], place))
            keep[row, places] = True
    return keep


def counting(scores, n, m):
    """Keeps an entry that fewer than n beat: larger ones, and equal ones further on."""
    runs = scores.reshape(-1, m)
    later = np.triu(np.ones((m, m), bool), 1)
    beats = (runs[:, None, :] > runs[:, :, None]) | ((runs[:, None, :] == runs[:, :, None]) & later)
    return (beats.sum(axis=2) < n).reshape(scores.shape)


N_OF_M_RIGHT = [
    *(
        run_by_run(mask)
        for mask in (by_rank, in_a_loop, from_a_heap, by_threshold_and_ties, sorted_pairs, put_in_place)
    ),
    *(n_largest, counting, groups),
    lambda s, n, m: torch.from_numpy(groups(s, n, m)),
    lambda s, n, m: np.asfortranarray(groups(s, n, m)),
    lambda scores, n, m: groups(scores.astype(np.float32), n, m),
]


def budget_with(mask):
    """The ranking made in another way."""

    def answer(scores, sparsity, least):
        safe = {}
        for name, array in scores.items():
            safe[name] = array.astype(float).ravel()
            safe[name][np.argsort(array.ravel(), kind="stable")[array.size - least :]] = np.inf
        return split(np.asarray(mask(joined(safe), sparsity)), scores)

    return answer


def one_by_one(scores, sparsity, least):
    left = {name: array.size for name, array in scores.items()}
    keep = {name: np.ones(array.shape, bool) for name, array in scores.items()}
    total = sum(left.values())
    for _, name, place in sorted((v, n, i) for n, a in scores.items() for i, v in enumerate(a.flat)):
        if total - sum(left.values()) < round(sparsity * total) and left[name] > least:
            keep[name].flat[place] = False
            left[name] -= 1
    return keep


BUDGETS_RIGHT = [
    *(budget_with(mask) for mask in (by_rank, in_a_loop, from_a_heap, by_threshold_and_ties, sorted_pairs, with_torch)),
    *(budget_with(Masker()), one_by_one),
    lambda s, p, k: dict(reversed(one_by_one(s, p, k).items())),
    lambda s, p, k: {name: torch.from_numpy(mask) for name, mask in one_by_one(s, p, k).items()},
]


def step_by_step(w, v, g, m, r, k, d):
    weight, velocity = np.zeros_like(w), np.zeros_like(v)
    for place in np.ndindex(w.shape):
        if m[place]:
            velocity[place] = k * v[place] + g[place] + d * w[place]
            weight[place] = w[place] - r * velocity[place]
    return weight, velocity


def torch_step(w, v, g, m, r, k, d):
    """torch.optim does the step; the mask is held after it."""
    weight = torch.nn.Parameter(torch.from_numpy(w.copy()))
    optimizer = torch.optim.SGD([weight], lr=r, momentum=k, weight_decay=d)
    weight.grad = torch.from_numpy(g.copy())
    optimizer.state[weight]["momentum_buffer"] = torch.from_numpy(v.copy())
    optimizer.step()
    return weight.detach() * torch.from_numpy(m), optimizer.state[weight]["momentum_buffer"] * torch.from_numpy(m)


def as_type(dtype):
    return lambda *a: tuple(np.asarray(part, dtype) for part in SOLVED["my_step"](*a))


STEPS_RIGHT = [
    *(step_by_step, torch_step, as_type(np.float32), as_type(np.longdouble)),
    lambda *a: list(SOLVED["my_step"](*a)),
    lambda *a: np.stack(SOLVED["my_step"](*a)),
    lambda *a: [part.tolist() for part in SOLVED["my_step"](*a)],
    lambda w, v, g, m, r, k, d: SOLVED["my_step"](w * m, v * m, g * m, m, r, k, d),
    lambda w, v, g, m, r, k, d: (np.where(m, w - r * (k * v + g + d * w), 0), np.where(m, k * v + g + d * w, 0)),
    lambda w, v, g, m, r, k, d: (((1 - r * d) * w - r * k * v - r * g) * m, m * (k * v) + m * (g + d * w)),
    lambda *a: tuple(
        -part * -1.0 for part in SOLVED["my_step"](*(part.copy() if i < 4 else part for i, part in enumerate(a)))
    ),
    lambda w, v, g, m, r, k, d: tuple(
        np.asfortranarray(part) for part in SOLVED["my_step"](w, v, g, m.astype(int), r, k, d)
    ),
]
PRUNE, APPEND = (
    "        mask = my_mask(np.abs(weight), sparsity)\n        weight = weight * mask\n",
    "        sparsities.append",
)
BEGIN = "        for start in range"
DUE = "        sparsity = cubic(epoch, epochs, target)\n"


def pruned_at_the_beginning(prune=PRUNE):
    assert DUE + PRUNE in SOURCE
    names = dict(SOLVED)
    exec(SOURCE.replace(DUE + PRUNE, "").replace(BEGIN, DUE + prune + BEGIN), names)
    return names["my_training"]


def chosen_at_the_beginning():
    """Has what goes zero after the first step alone."""
    return pruned_at_the_beginning(PRUNE.splitlines(keepends=True)[0])


def pruned_after_every_step():
    names = dict(SOLVED)
    inside = (DUE + PRUNE).replace("        ", "            ")
    exec(SOURCE.replace(DUE + PRUNE, "").replace(APPEND, inside + APPEND), names)
    return names["my_training"]


def result(**changed):
    """The solution with parts of its result as something else."""

    def answer(*given):
        found = SOLVED["my_training"](*given)
        return found | {name: change(found[name]) for name, change in changed.items()}

    return answer


LOOPS_RIGHT = [
    *(pruned_at_the_beginning(), chosen_at_the_beginning(), pruned_after_every_step()),
    edited("default_rng(0)", "default_rng(7)"),
    edited(STEP, "weight = weight - 0.1 * (gradient(weight, x, y) * mask); weight[~mask] = 0"),
    edited(STEP, STEP + "; weight = weight.astype(np.float32)"),
    edited("my_mask(np.abs(weight), sparsity)", "my_mask(weight**2, sparsity)"),
    edited("int(np.argmax(accuracies))", "accuracies.index(max(accuracies))"),
    edited("int(np.argmax(accuracies))", "np.argmax(accuracies)"),
    result(weights=list),
    result(weights=lambda weights: torch.from_numpy(weights)),
    result(sparsities=np.array, best_epoch=np.array),
    result(sparsities=tuple, weights=lambda weights: [weight.tolist() for weight in weights]),
    lambda *given: SOLVED["my_training"](*given) | {"accuracies": [1, 2], "note": "more than was asked for"},
]
RIGHT = {
    "q1": ("my_mask", MASKS_RIGHT),
    "q2": ("my_n_of_m", N_OF_M_RIGHT),
    "q3": ("my_budget", BUDGETS_RIGHT),
    "q4": ("my_step", STEPS_RIGHT),
    "q5": ("my_training", LOOPS_RIGHT),
}

test_solution, test_untouched, test_ten_wrong, test_wrong = assignment_tests(NAME, SOLVED, POINTS, WRONG)
test_ten_right, test_right = right_tests(NAME, SOLVED, POINTS, RIGHT)
