"""Lesson 02: one ranking over all layers, the cubic schedule, a momentum step that keeps zeros at zero."""

import numpy as np

from pruning_lab.schedules import cubic_sparsity


def global_masks(answer):
    """`my_global_masks(weights, sparsity)` prunes exactly round(sparsity * n) of all n weights, smallest first."""
    rng = np.random.default_rng(21)
    small, large = 0.1 * rng.standard_normal((4, 5)), rng.standard_normal((3, 4))
    ties = {"a": np.ones((2, 3)), "b": np.array([[1.0, -1.0, 2.0, -3.0]])}
    for weights, sparsity in [
        ({"a": np.array([[0.1, -0.4]]), "b": np.array([[-2.0], [0.3]])}, 0.5),
        ({"large": large, "small": small, "one": np.array([[0.01]])}, 0.6),
        ({"small": small, "large": large}, 0.25),
        (ties, 0.5),
        ({"large": large}, 0.0),
        ({"small": small, "large": large}, 1.0),
    ]:
        _compare_masks(answer({name: weight.copy() for name, weight in weights.items()}, sparsity), weights, sparsity)


def _compare_masks(masks, weights, sparsity):
    got = type(masks).__name__
    assert isinstance(masks, dict), f"return a dict, a mask for each name; got {got}"
    assert masks.keys() == weights.keys(), f"the masks must have the names {list(weights)}; got {list(masks)}"
    for name, weight in weights.items():
        mask = np.asarray(masks[name])
        assert mask.dtype == bool, f"a mask is an array of bool, True keeps; {name!r} has dtype {mask.dtype}"
        assert mask.shape == weight.shape, f"the mask of {name!r} must have shape {weight.shape}; got {mask.shape}"
    magnitudes = np.concatenate([np.abs(weight).ravel() for weight in weights.values()])
    keep = np.concatenate([np.asarray(masks[name]).ravel() for name in weights])
    wanted, pruned = round(sparsity * keep.size), int((~keep).sum())
    if pruned == keep.size - wanted != wanted:
        raise AssertionError(f"{pruned} pruned, {wanted} wanted: is True meant for the pruned ones? True keeps.")
    ties = " Many magnitudes are equal here." if len(np.unique(magnitudes)) < keep.size else ""
    assert pruned == wanted, f"sparsity {sparsity} of {keep.size} weights in all prunes {wanted}; got {pruned}.{ties}"
    if 0 < pruned < keep.size and magnitudes[~keep].max() > magnitudes[keep].min():
        raise AssertionError(
            f"a magnitude of {magnitudes[~keep].max():.2f} went while one of {magnitudes[keep].min():.2f} stayed: "
            "rank magnitudes, smallest first, in one list for all layers, not layer by layer"
        )


def cubic_schedule(answer):
    """`my_cubic(step, start, stop, target)` rises from 0 at start to target at stop, fast at first."""
    for start, stop, target in [(0, 10, 0.9), (4, 12, 0.5), (100, 300, 0.99)]:
        for step in (start + (stop - start) // 4, (start + stop) // 2, 0, start, stop - 1, stop, stop + 7):
            wanted = cubic_sparsity(step, start=start, stop=stop, target=target)
            _compare_sparsity(answer(step, start, stop, target), wanted, step, start, stop, target)


def _compare_sparsity(got, wanted, step, start, stop, target):
    if abs(got - wanted) < 1e-9:
        return
    case = f"at step {step} (start {start}, stop {stop}, target {target}) {wanted:.4g} is due; got {got:.4g}: "
    left, gone = (stop - step) / (stop - start), step / stop
    slips = [
        (step < start, "before start nothing is pruned yet"),
        (step > stop, "from stop on it stays at the target"),
        (abs(got - 100 * wanted) < 1e-6, "sparsity is a fraction, 0.9, not a percentage, 90"),
        (abs(got - target) < 1e-9, "that is the whole target at once"),
        (abs(got - target * left**3) < 1e-9, "that is what is still to be pruned; subtract it from the target"),
        (abs(got - target * (1 - left)) < 1e-9, "that is a straight line: cube what is left of the way"),
        (abs(got - target * (1 - left) ** 3) < 1e-9, "that is slow at first; cube what is left, not what is done"),
        (abs(got - target * (1 - (1 - gone) ** 3)) < 1e-9, "the way begins at start and has stop - start steps"),
        (abs(got - target * (1 - left**2)) < 1e-9, "that is a square; the schedule cubes"),
    ]
    raise AssertionError(
        case + next((text for holds, text in slips if holds), "target * (1 - left ** 3), left from 1 to 0")
    )


def held_step(answer):
    """`my_step(weight, velocity, grad, mask, learning_rate, momentum)` is SGD with momentum that leaves zeros zero."""
    rng = np.random.default_rng(22)
    weight, velocity, grad = (rng.standard_normal((3, 4)) for _ in range(3))
    mask = rng.random((3, 4)) < 0.5
    arguments = [weight * mask, velocity, grad, mask, 0.1, 0.9]
    given = [array.copy() for array in arguments[:4]]
    got = answer(*given, *arguments[4:])
    shape = len(got) if isinstance(got, tuple) else type(got).__name__
    assert shape == 2, f"return two arrays, weight and velocity; got {shape}"
    new_weight, new_velocity = map(np.asarray, got)
    changed = [
        n for n, a, b in zip(("weight", "velocity", "grad", "mask"), given, arguments, strict=False) if (a != b).any()
    ]
    assert not changed, f"return new arrays; {changed[0]} was changed in place (`-=` and `*=` do that)"
    _compare_step(new_weight, new_velocity, *arguments)


def _compare_step(weight, velocity, before, velocity_before, grad, mask, learning_rate, momentum):
    moving = momentum * velocity_before + grad
    right = before - learning_rate * moving
    kept = np.abs(weight - right)[mask]
    moved = np.abs(weight[~mask]).max()
    if np.allclose(weight[~mask], right[~mask]) and kept.max() > 1e-9 and np.abs(weight[mask]).max() == 0:
        raise AssertionError("the weights that stay were zeroed and the pruned ones moved: True keeps")
    assert not np.allclose(weight[mask], (before - learning_rate * grad)[mask]), (
        "that is a step without momentum: velocity = momentum * velocity + grad, and the weight follows the velocity"
    )
    assert not np.allclose(weight[mask], (before + learning_rate * moving)[mask]), "that is a step uphill: subtract it"
    assert kept.max() < 1e-9, (
        f"a kept weight is off by {kept.max():.2g}: weight - learning_rate * velocity, new velocity"
    )
    if moved and np.allclose(weight[~mask], -learning_rate * momentum * velocity_before[~mask]):
        raise AssertionError("the gradients are masked, yet zeros moved: the velocity remembers older gradients")
    assert moved == 0, f"a pruned weight is {moved:.2g} after the step: multiply by the mask after the step, not before"
    assert np.allclose(velocity[mask], moving[mask]), "return the new velocity too: the next step needs it"
