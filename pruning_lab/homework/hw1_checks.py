"""hw1-masks: how answers are checked, with a message for each usual mistake.

Points, texts, solutions and hidden tests stand in notebooks/homework/hw1-masks.ipynb.
"""

from typing import NamedTuple

import numpy as np
import torch

from pruning_lab import masks, schedules
from pruning_lab.homework.frame.answers import answered
from pruning_lab.homework.frame.values import number, numbers


def check_mask(answer, rng):
    """`my_mask(scores, sparsity)`: exactly `round(sparsity * n)` entries go, smallest first; of ties the first."""
    for scores, sparsity in _mask_instances(rng):
        got = _mask(answer, "my_mask", scores, sparsity)
        where = f"{scores.size} scores at sparsity {sparsity:g}"
        wanted = masks.mask_unstructured(torch.from_numpy(scores), sparsity).numpy()
        _count(got, wanted, where, sparsity * scores.size)
        flat, ties = scores.ravel(), len(np.unique(scores)) < scores.size
        dropped = flat[~got.ravel()].sum() > flat[~wanted.ravel()].sum()
        assert not dropped, f"{where}: the right number of zeros, but larger scores went and smaller ones stayed"
        assert np.array_equal(got, wanted), (
            f"{where}{', with equal scores' if ties else ''}: among equal scores the first go; use a stable sort"
        )


def _mask_instances(rng):
    yield np.array([3.0, 1.0, 2.0, 5.0, 4.0, 0.5]), 0.5
    yield rng.random((4, 7)).astype(np.float32), 0.6
    yield np.ones(8), 0.5
    yield rng.standard_normal(9), 0.7
    yield rng.permutation(np.repeat([0.0, 1, 2], [20, 30, 20])).reshape(7, 10), 0.75  # 52.5 rounds to 52: 2 of 20 ties
    yield np.array([-5.0, 1, -2, 3, -4, 2]), 0.5
    yield rng.random(9), 0.0
    yield rng.random((2, 3, 4)), 1.0


def check_n_of_m(answer, rng):
    """`my_n_of_m(scores, n, m)`: in each run of m along a row the n largest stay, of equal ones the last."""
    for shape, n, m in [((2, 8), 2, 4), ((3, 12), 1, 4), ((2, 64), 8, 32), ((2, 6), 1, 2)]:
        scores = rng.permutation(shape[0] * shape[1]).reshape(shape) - 6.0
        if m == 32:  # 8 of 16 that are equal stay in each run, too long for a sort that is not stable
            scores = np.concatenate([rng.permutation(np.repeat([-1.0, 1], 16)) for _ in range(4)]).reshape(shape)
        got = _mask(answer, "my_n_of_m", scores, n, m)
        where = f"{n} of {m} in a matrix {shape[0]} x {shape[1]}"
        wanted = masks.mask_n_of_m(torch.from_numpy(scores), n, m).numpy()
        assert not np.array_equal(got, ~wanted), f"{where}: True keeps; this mask is the other way round"
        groups = got.reshape(shape[0], -1, m).sum(axis=2)
        assert (groups == n).all(), f"{where}: each run of {m} along a row keeps {n}; here they keep {groups.tolist()}"
        assert scores[got].sum() == scores[wanted].sum(), (
            f"{where}: the counts are right, the entries are not: the {n} largest stay"
        )
        assert np.array_equal(got, wanted), (
            f"{where}: the counts are right, the entries are not: among equal ones the first go"
        )


def check_budget(answer, rng):
    """`my_budget(scores_by_name, sparsity, least)`: one ranking over all layers, but each keeps at least `least`."""
    for scores, sparsity, least in _budget_instances(rng):
        given = {name: array.copy() for name, array in scores.items()}
        got = answered(answer, "my_budget", given, sparsity, least)
        changed = [name for name, array in scores.items() if not np.array_equal(given.get(name, ()), array)]
        assert not changed, f"my_budget changed the scores of {changed}: work on copies"
        sizes = tuple(array.size for array in scores.values())
        where = f"layers of {sizes} at sparsity {sparsity:g}, at least {least} kept in each"
        assert isinstance(got, dict), f"return a dict of masks by name; got {type(got).__name__}"
        assert got.keys() == scores.keys(), f"one mask for each of {list(scores)}; got {list(got)}"
        for name, array in scores.items():
            _is_mask(got[name], array.shape, f"mask of {name}")
        _compare_budget(got, scores, sparsity, least, where)


def _compare_budget(got, scores, sparsity, least, where):
    wanted = _budget(scores, sparsity, least)
    if _same(got, wanted):
        return
    kept, own = ({name: int(mask.sum()) for name, mask in each.items()} for each in (got, wanted))
    size = sum(array.size for array in scores.values())
    pruned, goal = size - sum(kept.values()), round(sparsity * size)
    starved = [name for name, count in kept.items() if count < least]
    assert not starved, f"{where}: {starved[0]} keeps {kept[starved[0]]}"
    assert pruned == goal, (
        f"{where}: {goal} of {size} entries go in all, not {pruned}. What one layer is spared, the others give up"
    )
    upside_down = _budget({name: -array for name, array in scores.items()}, sparsity, least)
    assert not _same(got, upside_down), f"{where}: larger scores went and smaller ones stayed"
    alone = {name: _kept(array, round(sparsity * array.size)) for name, array in scores.items()}
    assert not _same(got, alone), f"{where}: each layer was pruned on its own; rank all of them together"
    counts = "" if kept == own else f"the counts are {kept} and should be {own}: "
    raise AssertionError(
        f"{where}: {counts}first protect the {least} best of each layer, of equals the last, "
        "then prune the smallest of all the others, of equals the first"
    )


def _same(got, wanted):
    return all(np.array_equal(got[name], mask) for name, mask in wanted.items())


def _budget_instances(rng):
    cases = [((20, 20), 0.5, 0), ((30, 6), 0.75, 3), ((8, 36, 5), 0.5, 2), ((12, 3), 0.38, 3)]  # also 24.5 and 5.7 go
    for sizes, sparsity, least in cases:
        scores = {f"fc{i}": rng.random((size, 1)) * (0.1 if i == len(sizes) else 1) for i, size in enumerate(sizes, 1)}
        yield scores, sparsity, least
    conv, fc = rng.random((2, 3, 4)) + 2, rng.permutation(np.repeat([1, 1.5], [30, 20]))
    yield {"conv": conv, "fc": fc}, 0.5, 3  # 20 are equally good, and 3 of them safe
    conv, fc = rng.permutation(np.repeat([1.0, 2], [40, 24])).reshape(8, 8), 3 + rng.random(40)
    yield {"conv": conv, "fc": fc}, 0.6, 12
    shapes = {"conv": (2, 3, 4), "fc": (9,)}
    for _ in range(3):
        yield {name: rng.choice([-3.0, -1, 3], shape, p=[0.4, 0.1, 0.5]) for name, shape in shapes.items()}, 0.7, 3


def _budget(scores, sparsity, least):
    protected = {}
    for name, array in scores.items():
        floor = array.copy().ravel()
        floor[np.argsort(floor, kind="stable")[floor.size - least :]] = np.inf
        protected[name] = torch.from_numpy(floor.reshape(array.shape))
    return {name: mask.numpy() for name, mask in masks.mask_global(protected, sparsity).items()}


def check_step(answer, rng):
    """`my_step(weight, velocity, grad, mask, learning_rate, momentum, decay)`: after a step of SGD zeros are zero."""
    for rates in [(0.1, 0.9, 0.01), (0.5, 0.5, 0.2), (0.02, 0.8, 0.1)]:
        weight, velocity, grad = rng.standard_normal((3, 4, 5))
        mask = rng.random((4, 5)) < 0.5
        mask[0, 0], mask[0, 1] = True, False
        before = [array.copy() for array in (weight, velocity, grad, mask)]
        got = answered(answer, "my_step", weight, velocity, grad, mask, *rates)
        assert isinstance(got, tuple | list | np.ndarray), "return two arrays, the new weight and the new velocity"
        assert len(got) == 2, f"return two arrays, the new weight and the new velocity; got {len(got)}"
        for name, array, copy in zip(
            ("weight", "velocity", "grad", "mask"), (weight, velocity, grad, mask), before, strict=True
        ):
            assert np.array_equal(array, copy), f"{name} was changed in place: work on new arrays"
        parts = [numbers(part, name) for part, name in zip(got, ("the new weight", "the new velocity"), strict=True)]
        _compare_step(*parts, *before, *rates)


def _compare_step(new, new_velocity, weight, velocity, grad, mask, rate, momentum, decay):
    assert new.shape == new_velocity.shape == weight.shape, (
        f"both must have shape {weight.shape}; got {new.shape} and {new_velocity.shape}"
    )
    right_velocity = momentum * velocity + grad + decay * weight
    right = weight - rate * right_velocity
    slips = {
        "this is the weight that came in: nothing has moved": weight,
        "that is a step uphill: subtract": weight + rate * right_velocity,
        "weight decay is missing: it adds decay * weight to the gradient": weight - rate * (momentum * velocity + grad),
        "the velocity remembers: momentum * velocity + gradient": weight - rate * (grad + decay * weight),
        "the step is learning_rate times the velocity": weight - right_velocity,
        "first the velocity, then the weight with the new velocity, not with the old one": weight - rate * velocity,
    }
    for reason, slip in slips.items():
        assert not _near(new[mask], slip[mask]), reason
    assert not _near(new[~mask], right[~mask]) or not _near(new[mask], 0 * new[mask]), (
        "True keeps: here the kept weights are zero, and the pruned ones have moved"
    )
    assert not np.array_equal(new[~mask], weight[~mask]), (
        f"a pruned weight came in as {weight[~mask][0]:.2g} and still is: after the step it must be 0, whatever it was"
    )
    assert (new[~mask] == 0).all(), (
        "pruned weights moved: masking the gradient is not enough, velocity and decay move them too. "
        "Mask the weight after the step"
    )
    assert _near(new[mask], right[mask]), f"a kept weight is off by {np.abs(new - right)[mask].max():.2g}"
    assert not _near(new_velocity, velocity), "return the new velocity, not the old one"
    assert (new_velocity[~mask] == 0).all(), (
        "a pruned weight keeps a velocity: as soon as its mask opens, it would jump. Mask the velocity too"
    )
    assert _near(new_velocity[mask], right_velocity[mask]), "the velocity of a kept weight is wrong"


def _near(got, wanted):
    """Whether two arrays agree, as closely as float32 can."""
    return np.allclose(got, wanted, rtol=1e-4, atol=1e-5)


class Problem(NamedTuple):
    """What a network is trained on: each part is images (count, 12) and their labels."""

    train: tuple
    validation: tuple
    test: tuple


def draw_training(rng, validation_seed=0):
    """Return a small Problem of 3 classes."""
    centres = rng.standard_normal((3, 12))

    def draw(source, count, noise):
        labels = source.integers(0, 3, count)
        return centres[labels] + noise * source.standard_normal((count, 12)), labels

    return Problem(draw(rng, 90, 2.0), draw(np.random.default_rng(validation_seed), 60, 2.0), draw(rng, 60, 2.0))


EPOCHS, TARGET, STEPS = 8, 0.75, 3  # steps of 30 images in an epoch


def check_schedule(answer, rng):
    """The schedule counts epochs: after each epoch the weight has the sparsity that is due."""
    got = _trained(answer, draw_training(rng))
    due = [schedules.cubic_sparsity(epoch, start=0, stop=EPOCHS - 1, target=TARGET) for epoch in range(EPOCHS)]
    first = got["sparsities"][0]
    assert first == 0, f"epoch 0 ends at sparsity {first:.3f}, not 0: the schedule counts epochs, from 0, not batches"
    assert np.allclose(got["sparsities"], due), (
        f"sparsities must be {np.round(due, 3).tolist()}; got {np.round(got['sparsities'], 3).tolist()}"
    )


def check_zeros(answer, rng):
    """After every epoch just those of least magnitude are zero, and stay so through every step of the next."""
    for _ in range(6):  # now and then no pruned weight would come back, held or not
        _check_zeros(answer, draw_training(rng))


def _check_zeros(answer, problem):
    got = _trained(answer, problem)
    for part in ("sparsities", "weights"):
        assert np.isfinite(got[part]).all(), f"{part} must be finite numbers; some are infinite or not a number"
    for epoch, (weight, sparsity) in enumerate(zip(got["weights"], got["sparsities"], strict=True)):
        zeros, due = int((weight == 0).sum()), round(sparsity * weight.size)
        told = f"after epoch {epoch} {zeros} of {weight.size} weights are zero, at sparsity {sparsity:.3f}"
        assert zeros >= due, f"{told}: the mask was lost, and the next step moved them"
        assert zeros <= due, f"{told}: exactly {due} must be"
    before, after = got["weights"][:-1], got["weights"][1:]
    assert (before != after)[after != 0].all(), "a weight that is kept never changes: the network must still be trained"
    for epoch, (first, last) in enumerate(zip(before, after, strict=True), start=1):
        _compare_epoch(epoch, first, last, problem.train)


def _compare_epoch(epoch, first, last, train):
    """Compare an epoch with training that prunes before, between or after its steps: the question leaves that open."""
    due = int((last == 0).sum())

    def smallest(weight):
        return _kept(np.abs(weight), due)

    def largest(weight):
        return _kept(np.where(weight == 0, -np.inf, -np.abs(weight)), due)

    if _near_any(last, _pruned_once(first, train, smallest)):
        return
    where = f"in epoch {epoch}"
    never_held = _replayed(first, *train, smallest, STEPS, hold=False)
    assert not _near(last, never_held), (
        f"{where} pruned weights took part in the steps: they must be zero again after every step"
    )
    chosen_anew = _replayed(first, *train, smallest, STEPS, anew=True)
    came_back = _near(last, chosen_anew) or ((first == 0) & (last != 0)).any()
    assert not came_back, f"{where} a weight that was pruned came back in a later step: choose once, then hold"
    assert _near_any(last, _pruned_once(first, train, lambda _weight: last != 0)), (
        f"{where} the kept weights did not move as steps of SGD with a mask do, "
        f"over batches of 30, each training image once, and nothing after that"
    )
    assert not _near_any(last, _pruned_once(first, train, largest)), (
        f"{where} the largest weights were pruned: those of smallest magnitude go"
    )
    raise AssertionError(f"{where} the weights that were pruned are not those of smallest magnitude")


def _kept(scores, due):
    return masks.mask_unstructured(torch.from_numpy(scores), due / scores.size).numpy()


def _near_any(last, weights):
    return any(_near(last, weight) for weight in weights)


def _pruned_once(first, train, choose):
    """Yield what an epoch leaves that chooses once, between any two of its steps, and zeroes there or after a step."""
    yield _replayed(first, *train, choose, STEPS)
    for step in range(STEPS):
        yield _replayed(first, *train, choose, step)
        yield _replayed(first, *train, choose, step, late=True)


def _replayed(weight, images, labels, choose, before, hold=True, late=False, anew=False):
    """Train `weight` for one epoch as question 5 does; `choose(weight)` says what stays, before one of its steps.

    With `late` the others are zero after that step, not before it. With `anew` it is asked after each step, and
    whatever was pruned may come back.
    """
    mask = weight != 0 if hold and not anew else np.ones(weight.shape, bool)
    for step in range(STEPS + 1):
        if step == before or (anew and step):
            mask = choose(weight)
            weight = weight if late else weight * mask
        if step < STEPS:
            x, y = images[30 * step : 30 * (step + 1)], labels[30 * step : 30 * (step + 1)]
            share = torch.softmax(torch.from_numpy(x @ weight.T), dim=1).numpy()
            weight = weight - 0.1 * (share - np.eye(len(weight))[y]).T @ x / len(y)
            weight = weight if anew else weight * mask
    return weight


def check_choice(answer, rng):
    """The epoch that is kept is the best on validation, whatever the test images say."""
    problems = [draw_training(rng, validation_seed=seed) for seed in range(6)]
    for problem in problems:
        got = _trained(answer, problem)
        changed = any((weight != got["weights"][0]).any() for weight in got["weights"])
        assert changed, "all epochs have the same network, so there is nothing to choose from: keep a copy of each"
        images, labels = problem.validation
        accuracies = [float(((images @ weight.T).argmax(axis=1) == labels).mean()) for weight in got["weights"]]
        test_images, test_labels = problem.test
        other = _trained(answer, problem._replace(test=(test_images, (test_labels + 1) % 3)))
        assert other["best_epoch"] == got["best_epoch"], (
            "with different test labels a different epoch is chosen: choose on validation, read the test images once"
        )
        best = got["best_epoch"]
        assert accuracies[best] == max(accuracies), (
            f"epoch {best} has validation accuracy {accuracies[best]:.3f}; the best has {max(accuracies):.3f}"
        )
        first = accuracies.index(max(accuracies))
        assert best == first, f"epochs {first} and {best} are equally good on validation: the first of them counts"


def _trained(answer, problem):
    got = answered(answer, "my_training", *problem, EPOCHS, TARGET)
    keys = {"sparsities", "weights", "best_epoch"}
    assert isinstance(got, dict), f"return a dict with {sorted(keys)}; got {type(got).__name__}"
    assert keys <= got.keys(), f"return a dict with {sorted(keys)}; got {sorted(got)}"
    sparsities, weights = (numbers(got[name], name) for name in ("sparsities", "weights"))
    assert (sparsities.shape, weights.shape) == ((EPOCHS,), (EPOCHS, 3, 12)), (
        f"sparsities and weights must have one entry for each of {EPOCHS} epochs; "
        f"got shapes {sparsities.shape}, {weights.shape}"
    )
    epoch = number(got["best_epoch"], "best_epoch")
    assert epoch in range(EPOCHS), f"best_epoch must be in 0 to {EPOCHS - 1}; got {epoch!r}"
    return {"weights": weights.astype(float), "sparsities": sparsities, "best_epoch": int(epoch)}


def _mask(answer, name, scores, *rest):
    given = scores.copy()
    got = answered(answer, name, given, *rest)
    assert np.array_equal(given, scores), f"{name} changed its argument: work on a copy"
    return _is_mask(got, scores.shape, "the mask")


def _is_mask(got, shape, what):
    assert isinstance(got, np.ndarray), f"{what} must be a NumPy array; got {type(got).__name__}"
    assert got.dtype == bool, f"{what} must be bool, True where a weight stays; got {got.dtype}"
    assert got.shape == shape, f"{what} must have the shape of the scores, {shape}; got {got.shape}"
    return got


def _count(got, wanted, where, product):
    pruned, goal = int((~got).sum()), int((~wanted).sum())
    if pruned == goal:
        return
    assert 0 < goal < wanted.size, f"{where}: {goal} go; here {pruned} (a slice [-0:] takes all)"
    assert pruned != wanted.size - goal, f"{where}: True keeps; this mask is the other way round"
    assert pruned != int(product), f"{where}: {goal} go, not {pruned}: round, do not truncate"
    if pruned == np.ceil(product):
        half = product % 1 == 0.5
        reason = f"Python's round({product:g}) is the even {goal}" if half else "round to the nearest, not up"
        raise AssertionError(f"{where}: {goal} go, not {pruned}: {reason}")
    raise AssertionError(
        f"{where}: exactly {goal} go; here {pruned}. A threshold cannot split equal scores; a sort can"
    )
