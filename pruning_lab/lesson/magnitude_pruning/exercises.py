"""Lesson 02: one ranking over all layers, the cubic schedule, a momentum step that keeps zeros at zero."""

import numpy as np

from pruning_lab.lesson.frame.answers import (
    array,
    as_near,
    close,
    likely_slip,
    nearest_rounding,
    number,
    require,
    several,
    told_apart,
)
from pruning_lab.lesson.frame.verdicts import prune_smallest, require_exact_mask
from pruning_lab.schedules import cubic_sparsity


def global_masks(answer):
    """`my_global_masks(weights, sparsity)` prunes exactly round(sparsity * n) of all n weights, smallest first."""
    rng = np.random.default_rng(21)
    small, large = 0.1 * rng.standard_normal((4, 5)), rng.standard_normal((3, 4))
    tiny = {str(size): np.float32(1e-30) * rng.standard_normal((2, size)).astype(np.float32) for size in (5, 3)}
    for weights, sparsity in [
        ({"a": np.array([[-0.4, 0.15, 0.2, 0.25]]), "b": np.array([[-1.5], [0.3], [2.0], [-5.0]])}, 0.5),
        ({"large": large, "small": small, "one": np.array([[0.01]])}, 0.6),  # 19.8
        ({"small": small, "large": large}, 0.25),
        ({"a": np.ones((2, 3)), "b": np.array([[1.0, -1.0, 2.0, -3.0]])}, 0.5),
        ({"large": large}, 0.0),
        ({"small": small, "large": large}, 1.0),
        ({"large": large, "row": rng.standard_normal((1, 9))}, 0.2),  # 4.2
        ({"row": rng.standard_normal((1, 9)), "large": large}, 0.5),  # 10.5
        ({"small": small * prune_smallest(np.abs(small), 15), "large": large}, 0.25),  # pruned before
        ({str(size): rng.standard_normal((size, 3)) * size for size in (4, 2, 7)}, 0.7),  # 27.3
        ({"weight": rng.standard_normal((1, 3)), "bias": rng.standard_normal(3)}, 0.5),  # 3, not twice round(1.5)
        (tiny, 0.4),
    ]:
        _compare_masks(answer(weights, sparsity), weights, sparsity)


def _compare_masks(masks, weights, sparsity):
    got = type(masks).__name__
    require(isinstance(masks, dict), f"return a dict, a mask for each name; got {got}")
    require(
        masks.keys() == weights.keys(), f"the masks must have the names {list(weights)}; got {list(map(str, masks))}"
    )
    masks = {name: array(masks[name], f"the mask of {name!r}") for name in weights}
    for name, mask in masks.items():
        shape = weights[name].shape
        require(mask.dtype == bool, f"a mask is an array of bool, True keeps; {name!r} has dtype {mask.dtype}")
        require(mask.shape == shape, f"the mask of {name!r} must have shape {shape}; got {mask.shape}")
    magnitudes = {name: np.abs(weight) for name, weight in weights.items()}
    alone = [prune_smallest(part, round(sparsity * part.size)).ravel() for part in magnitudes.values()]
    count = round(sparsity * sum(part.size for part in magnitudes.values()))
    in_parts_of_it = {name: part / part.max() for name, part in magnitudes.items()}
    ways = {
        "rank all entries in one list for all layers, not layer by layer": np.concatenate(alone),
        "no layer is scaled: a magnitude counts as it is, whatever else its layer holds": prune_smallest(
            _joined(in_parts_of_it), count
        ),
    }
    whole, joined = prune_smallest(_joined(magnitudes), count), _joined(masks)
    from_its_start = all(np.array_equal(mask.ravel(), whole[: mask.size]) for mask in masks.values())
    again = from_its_start and not np.array_equal(joined, whole)
    require(not again, "each layer got the beginning of the one long mask: go on where the layer before ended")
    require_exact_mask(joined, _joined(weights), sparsity, ways)


def _joined(parts):
    return np.concatenate([part.ravel() for part in parts.values()])


def cubic_schedule(answer):
    """`my_cubic(step, start, stop, target)` rises from 0 at start to target at stop, fast at first."""
    rng = np.random.default_rng(23)
    cases = [(0, 10, 0.9), (4, 12, 0.5), (100, 300, 0.99), (7, 8, 1.0), (3, 40, 0.0437)]
    cases += [(start, start + int(rng.integers(5, 90)), rng.uniform(0.1, 0.95)) for start in (3, 40, 1000)]
    for start, stop, target in cases:
        for step in (start + (stop - start) // 4, (start + stop) // 2, 0, start // 2, start, stop - 1, stop, stop + 7):
            _compare_sparsity(number(answer(step, start, stop, target)), step, start, stop, target)


def _compare_sparsity(got, step, start, stop, target):
    wanted = cubic_sparsity(step, start=start, stop=stop, target=target)
    if as_near(got, wanted) or abs(got - wanted) < 1e-9:
        return
    left, gone = (stop - min(max(step, start), stop)) / (stop - start), step / stop
    slips = {
        "sparsity is a fraction, 0.9, not a percentage, 90": 100 * wanted,
        "that rises to 1: multiply by the target": 1 - left**3,
        "that is the density, what is kept; sparsity is what is gone": 1 - wanted,
        "that is the whole target, too early (whole numbers divided by // give that, too)": target,
        "that is still 0: whole numbers divided by // give that; / keeps the fraction": 0.0,
        "that is what is still to be pruned; subtract it from the target": target * left**3,
        "that is a straight line: cube what is left of the way": target * (1 - left),
        "that is slow at first; cube what is left, not what is done": target * (1 - left) ** 3,
        "the way begins at start and has stop - start steps": target * (1 - (1 - gone) ** 3),
        "that is a square; the schedule cubes": target * (1 - left**2),
        "those are the four steps of the lesson's example: here the way goes from start to stop": (
            target * (1 - ((4 - step) / 4) ** 3)
        ),
        "do not round: a fine difference is many weights": nearest_rounding(got, wanted),
    }
    reason = likely_slip(lambda wrong: close(got, wrong), slips, "target * (1 - left ** 3), left from 1 to 0")
    if step <= start:
        reason = "before start nothing is pruned yet, and at start the way begins: 0"
    if step >= stop and got not in (100 * wanted, 1 - wanted):
        reason = "from stop on it stays at the target"
    case = f"at step {step} (start {start}, stop {stop}, target {target:.4g})"
    due, given = told_apart(wanted, got)
    require(False, f"{case} {due} is due; got {given}: {reason}")


def held_step(answer):
    """`my_step(weight, velocity, grad, mask, learning_rate, momentum)` is SGD with momentum that leaves zeros zero."""
    rng = np.random.default_rng(22)
    for shape, learning_rate, momentum in [
        ((3, 4), 0.1, 0.9),
        ((4, 4), 0.03, 0.5),
        ((7,), 0.7, 0.8),
        ((2, 5), 1.5, 0.2),
    ]:
        weight, velocity, grad = (rng.standard_normal(shape) for _ in range(3))
        mask = rng.permutation(np.arange(weight.size) % 2 == 0).reshape(shape)
        for numbers, place in zip((weight, grad, velocity), np.flatnonzero(mask), strict=False):
            numbers[np.unravel_index(place, shape)] = 0  # of three weights that stay, one number each is zero by chance
        _compare_step(answer, weight * mask, velocity, grad, mask, learning_rate, momentum)
    weight[:] = 1.0
    _compare_step(answer, weight, velocity, grad, weight > 0, 0.2, 0.9)  # nothing is pruned


def _compare_step(answer, before, velocity_before, grad, mask, learning_rate, momentum):
    got = several(answer(before, velocity_before, grad, mask, learning_rate, momentum), "weight", "velocity")
    weight, velocity = (array(part, name) for part, name in zip(got, ("weight", "velocity"), strict=True))
    for part, name in ((weight, "weight"), (velocity, "velocity")):
        require(part.shape == mask.shape, f"the new {name} must have shape {mask.shape}; got {part.shape}")
    moving = momentum * velocity_before + grad
    right = before - learning_rate * moving
    swapped = close(velocity[mask], right[mask]) and close(weight[mask], moving[mask])
    require(not swapped, "return the weight first, then the velocity")
    slips = _kept_slips(before, velocity_before, grad, learning_rate, momentum)
    off = np.abs(weight - right)[mask].max()
    otherwise = f"a kept weight is off by {off:.2g}: weight - learning_rate * velocity, new velocity"
    if close(weight[mask], (before - learning_rate * velocity)[mask]):
        otherwise = "the weight follows your velocity, but that one is off: it is momentum * velocity + grad"
    elif off < 2e-3:  # four digits after the point, or float16
        otherwise = f"a kept weight is off by {off:.2g}, as if rounded: return what the formula gives"
    reason = likely_slip(lambda wrong: close(weight[mask], wrong[mask]), slips, otherwise)
    require(close(weight[mask], right[mask]), reason)
    _compare_pruned(weight[~mask], -learning_rate * momentum * velocity_before[~mask])
    require(
        np.isfinite(velocity).all(),
        "the velocity must be finite where weights are pruned, too: in the next step NaN * 0 is NaN",
    )
    slips = {
        "return the new velocity too: the next step needs it": velocity_before,
        "return the velocity itself: the learning rate belongs to the weight's step": learning_rate * moving,
    }
    reason = likely_slip(
        lambda wrong: close(velocity[mask], wrong[mask]), slips, "the velocity is momentum * velocity + grad"
    )
    require(close(velocity[mask], moving[mask]), reason)


def _kept_slips(before, velocity, grad, learning_rate, momentum):
    """Return {reason: the new weights that a slip leads to where the mask keeps}."""
    moving = momentum * velocity + grad
    right = before - learning_rate * moving
    return {
        "that is a step without momentum: velocity = momentum * velocity + grad, and the weight follows the velocity": (
            before - learning_rate * grad
        ),
        "that is a step uphill: subtract it": before + learning_rate * moving,
        "the velocity gathers gradients: add grad to it, and subtract once, from the weight": (
            before - learning_rate * (momentum * velocity - grad)
        ),
        "the weights that stay were zeroed: True keeps": np.zeros_like(before),
        "the mask says what is pruned: a weight that stays may be 0 by chance, and moves": right * (before != 0),
        "the mask says what is pruned: where grad is 0 by chance, the velocity still moves the weight": (
            np.where(grad == 0, before, right)
        ),
        "the weight follows the new velocity, with this step's gradient in it": before - learning_rate * velocity,
        "momentum multiplies the old velocity, learning_rate the step: not the other way round": (
            before - momentum * (learning_rate * velocity + grad)
        ),
        "the gradient comes in whole: momentum * velocity + grad": (
            before - learning_rate * (momentum * velocity + (1 - momentum) * grad)
        ),
        "the learning rate belongs to the weight's step, not into the velocity": (
            before - momentum * velocity - learning_rate * grad
        ),
        "the learning rate and the minus sign belong in the weight's step, not in the velocity": (
            before + momentum * velocity - learning_rate * grad
        ),
        "that is Nesterov's step, which looks one velocity ahead": before - learning_rate * (grad + momentum * moving),
    }


def _compare_pruned(weight, by_old_velocity):
    moved = np.abs(weight).max(initial=0)
    remembered = moved > 0 and close(weight, by_old_velocity)
    require(not remembered, "the gradients are masked, yet zeros moved: the velocity remembers older gradients")
    require(
        moved == 0, f"a pruned weight is {moved:.2g} after the step: multiply by the mask after the step, not before"
    )
