"""Lesson 02's exercises: right answers pass, untouched stubs are not started, wrong ones are told why."""

import numpy as np
from exercise_tests import exercise_tests

from pruning_lab.lesson.magnitude_pruning import exercises


def split(flat, weights):
    ends = np.cumsum([weight.size for weight in weights.values()])
    parts = np.split(flat, ends[:-1])
    return {name: part.reshape(weight.shape) for (name, weight), part in zip(weights.items(), parts, strict=True)}


def lowest(scores, count):
    keep = np.ones(scores.size, dtype=bool)
    keep[np.argsort(scores, kind="stable")[:count]] = False
    return keep


def joined(weights):
    return np.concatenate([weight.ravel() for weight in weights.values()])


def right_masks(weights, sparsity):
    flat = np.abs(joined(weights))
    return split(lowest(flat, round(sparsity * flat.size)), weights)


def right_cubic(step, start, stop, target):
    left = (stop - min(max(step, start), stop)) / (stop - start)
    return target * (1 - left**3)


def right_step(weight, velocity, grad, mask, learning_rate, momentum):
    velocity = momentum * velocity + grad
    return (weight - learning_rate * velocity) * mask, velocity


RIGHT = [
    (exercises.global_masks, right_masks),
    (exercises.cubic_schedule, right_cubic),
    (exercises.held_step, right_step),
]


def layer_by_layer(weights, sparsity):
    return {name: right_masks({name: weight}, sparsity)[name] for name, weight in weights.items()}


def by_threshold(weights, sparsity):
    cut = np.quantile(np.abs(joined(weights)), sparsity)
    return {name: np.abs(weight) > cut if sparsity else weight == weight for name, weight in weights.items()}


def by_sign(weights, sparsity):
    flat = joined(weights)
    return split(lowest(flat, round(sparsity * flat.size)), weights)


def inverted(weights, sparsity):
    return right_masks(weights, 1 - sparsity)


def rounded_down(weights, sparsity):
    flat = np.abs(joined(weights))
    return split(lowest(flat, int(sparsity * flat.size)), weights)


def never_clamped(step, start, stop, target):
    return target * (1 - ((stop - step) / (stop - start)) ** 3)


def clamped_at_stop_only(step, start, stop, target):
    return never_clamped(min(step, stop), start, stop, target)


def left_of(step, start, stop):
    return (stop - min(max(step, start), stop)) / (stop - start)


def from_step_zero(step, start, stop, target):
    return 0 if step < start else target * (1 - (1 - min(step / stop, 1)) ** 3)


def masked_gradient(weight, velocity, grad, mask, learning_rate, momentum):
    velocity = momentum * velocity + grad * mask
    return weight - learning_rate * velocity, velocity


def masked_before(weight, velocity, grad, mask, learning_rate, momentum):
    velocity = momentum * velocity + grad
    return weight * mask - learning_rate * velocity, velocity


def without_momentum(weight, velocity, grad, mask, learning_rate, momentum):
    return (weight - learning_rate * grad) * mask, velocity


def uphill(weight, velocity, grad, mask, learning_rate, momentum):
    velocity = momentum * velocity + grad
    return (weight + learning_rate * velocity) * mask, velocity


def old_velocity(weight, velocity, grad, mask, learning_rate, momentum):
    return right_step(weight, velocity, grad, mask, learning_rate, momentum)[0], velocity


def in_place(weight, velocity, grad, mask, learning_rate, momentum):
    velocity *= momentum
    velocity += grad
    return (weight - learning_rate * velocity) * mask, velocity


def damped(weight, velocity, grad, mask, learning_rate, momentum):
    return right_step(weight, velocity, (1 - momentum) * grad, mask, learning_rate, momentum)


def other_way_round(weight, velocity, grad, mask, learning_rate, momentum):
    return right_step(weight, velocity, grad, ~mask, learning_rate, momentum)


WRONG = [
    (exercises.global_masks, layer_by_layer, "in one list for all layers, not layer by layer"),
    (exercises.global_masks, by_threshold, "Many magnitudes are equal here"),
    (exercises.global_masks, by_sign, "rank magnitudes"),
    (exercises.global_masks, inverted, "is True meant for the pruned ones"),
    (exercises.global_masks, rounded_down, "prunes 20; got 19"),
    (exercises.global_masks, lambda w, s: list(right_masks(w, s).values()), "return a dict"),
    (exercises.global_masks, lambda w, s: {"a": np.ones(2, bool)}, "must have the names"),
    (exercises.global_masks, lambda w, s: {n: 1.0 * m for n, m in right_masks(w, s).items()}, "has dtype float64"),
    (exercises.global_masks, lambda w, s: {n: m.ravel() for n, m in right_masks(w, s).items()}, "must have shape"),
    (exercises.cubic_schedule, never_clamped, "from stop on it stays"),
    (exercises.cubic_schedule, clamped_at_stop_only, "before start nothing"),
    (exercises.cubic_schedule, lambda *a: 100 * right_cubic(*a), "not a percentage"),
    (exercises.cubic_schedule, lambda s, a, b, t: t * left_of(s, a, b) ** 3, "still to be pruned"),
    (exercises.cubic_schedule, lambda s, a, b, t: t * (1 - left_of(s, a, b)), "a straight line"),
    (exercises.cubic_schedule, lambda s, a, b, t: t * (1 - left_of(s, a, b)) ** 3, "slow at first"),
    (exercises.cubic_schedule, lambda s, a, b, t: t * (1 - left_of(s, a, b) ** 2), "that is a square"),
    (exercises.cubic_schedule, from_step_zero, "the way begins at start"),
    (exercises.cubic_schedule, lambda s, a, b, t: t, "the whole target at once"),
    (exercises.cubic_schedule, lambda s, a, b, t: t / 2, "left from 1 to 0"),
    (exercises.held_step, masked_gradient, "the velocity remembers"),
    (exercises.held_step, masked_before, "after the step, not before"),
    (exercises.held_step, without_momentum, "a step without momentum"),
    (exercises.held_step, uphill, "a step uphill"),
    (exercises.held_step, old_velocity, "return the new velocity too"),
    (exercises.held_step, in_place, "velocity was changed in place"),
    (exercises.held_step, damped, "a kept weight is off by"),
    (exercises.held_step, other_way_round, "True keeps"),
    (exercises.held_step, lambda *a: right_step(*a)[0], "return two arrays"),
]

test_right, test_untouched, test_wrong = exercise_tests(RIGHT, WRONG)
