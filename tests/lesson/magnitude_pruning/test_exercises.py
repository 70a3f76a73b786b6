"""Lesson 02's exercises: right answers pass, untouched stubs are not started, wrong ones are told why."""

import math
from collections import OrderedDict, namedtuple
from fractions import Fraction

import numpy as np
import torch
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


def ties_from_the_end(weights, sparsity):
    flat = np.abs(joined(weights))[::-1]
    return split(lowest(flat, round(sparsity * flat.size))[::-1], weights)


def by_clipping(step, start, stop, target):
    return target * (1 - (1 - np.clip((step - start) / (stop - start), 0, 1)) ** 3)


def in_torch(*arguments):
    weight, velocity, grad, mask = map(torch.tensor, arguments[:4])
    learning_rate, momentum = arguments[4:]
    velocity = velocity.mul(momentum).add(grad)
    return (weight - learning_rate * velocity).masked_fill(~mask, 0), velocity


def as_lists(*arguments):
    weight, velocity = right_step(*arguments)
    return [weight.astype(np.float32).tolist(), velocity.tolist()]


def both_masked(weight, velocity, grad, mask, learning_rate, momentum):
    weight, velocity = right_step(weight, velocity, grad, mask, learning_rate, momentum)
    return namedtuple("Step", "weight velocity")(weight, velocity * mask)


def counted_layer_by_layer(weights, sparsity):
    count = sum(round(sparsity * weight.size) for weight in weights.values())
    return split(lowest(np.abs(joined(weights)), count), weights)


def biases_left_out(weights, sparsity):
    matrices = {name: weight for name, weight in weights.items() if weight.ndim > 1}
    return {name: np.ones(weight.shape, bool) for name, weight in weights.items()} | right_masks(matrices, sparsity)


def floor_of_the_way(step, start, stop, target):
    return target * (1 - (1 - min(max((step - start) // (stop - start), 0), 1)) ** 3)


RIGHT = [
    (exercises.global_masks, right_masks),
    (exercises.global_masks, ties_from_the_end),
    (exercises.global_masks, lambda w, s: OrderedDict(reversed(right_masks(w, s).items()))),
    (exercises.global_masks, lambda w, s: {n: torch.tensor(m) for n, m in right_masks(w, s).items()}),
    (exercises.global_masks, lambda w, s: {n: m.tolist() for n, m in right_masks(w, s).items()}),
    (exercises.cubic_schedule, right_cubic),
    (exercises.cubic_schedule, by_clipping),
    (exercises.cubic_schedule, lambda *a: np.float32(right_cubic(*a))),
    (exercises.cubic_schedule, lambda *a: Fraction(right_cubic(*a))),
    (exercises.held_step, right_step),
    (exercises.held_step, in_torch),
    (exercises.held_step, as_lists),
    (exercises.held_step, both_masked),
    (exercises.held_step, lambda *a: np.stack(right_step(*a))),
    (exercises.held_step, lambda *a: torch.as_tensor(np.stack(right_step(*a)))),
]


def averaged(weight, velocity, grad, mask, learning_rate, momentum):
    velocity = momentum * velocity + (1 - momentum) * momentum * grad
    return (weight - learning_rate * velocity) * mask, velocity


def layer_by_layer(weights, sparsity):
    return {name: right_masks({name: weight}, sparsity)[name] for name, weight in weights.items()}


def by_threshold(weights, sparsity):
    cut = np.quantile(np.abs(joined(weights)), sparsity)
    return {name: np.abs(weight) > cut if sparsity else weight == weight for name, weight in weights.items()}


def by_sign(weights, sparsity):
    flat = joined(weights)
    return split(lowest(flat, round(sparsity * flat.size)), weights)


def scaled(weights, sparsity):
    shares = np.concatenate([(np.abs(weight) / np.abs(weight).max()).ravel() for weight in weights.values()])
    return split(lowest(shares, round(sparsity * shares.size)), weights)


def counted_by(rule):
    def answer(weights, sparsity):
        flat = np.abs(joined(weights))
        return split(lowest(flat, rule(sparsity * flat.size)), weights)

    return answer


def not_zero(weights, sparsity):
    return {name: weights[name] * mask != 0 for name, mask in right_masks(weights, sparsity).items()}


def signs_dropped(weights, sparsity):
    for weight in weights.values():
        np.abs(weight, out=weight)
    return right_masks(weights, sparsity)


def inverted(weights, sparsity):
    return right_masks(weights, 1 - sparsity)


def largest_first(weights, sparsity):
    flat = -np.abs(joined(weights))
    return split(lowest(flat, round(sparsity * flat.size)), weights)


def names_exchanged(weights, sparsity):
    backwards = {name: weights[name] for name in reversed(weights)}
    return split(joined(right_masks(weights, sparsity)), backwards)


def beginning_for_each(weights, sparsity):
    long = joined(right_masks(weights, sparsity))
    return {name: long[: weight.size].reshape(weight.shape) for name, weight in weights.items()}


def order_for_rank(weights, sparsity):
    flat = np.abs(joined(weights))
    return split(np.argsort(flat, kind="stable") >= round(sparsity * flat.size), weights)


def never_clamped(step, start, stop, target):
    return target * (1 - ((stop - step) / (stop - start)) ** 3)


def whole_numbers(step, start, stop, target):
    return target * (1 - ((stop - min(max(step, start), stop)) // (stop - start)) ** 3)


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


def gradient_subtracted(weight, velocity, grad, mask, learning_rate, momentum):
    return right_step(weight, velocity, -grad, mask, learning_rate, momentum)


def old_velocity(weight, velocity, grad, mask, learning_rate, momentum):
    return right_step(weight, velocity, grad, mask, learning_rate, momentum)[0], velocity


def in_place(weight, velocity, grad, mask, learning_rate, momentum):
    velocity *= momentum
    velocity += grad
    return (weight - learning_rate * velocity) * mask, velocity


def still_without_gradient(weight, velocity, grad, mask, learning_rate, momentum):
    velocity = np.where(grad * mask == 0, 0, momentum * velocity + grad)
    return weight - learning_rate * velocity, velocity


def still_until_it_moves(weight, velocity, grad, mask, learning_rate, momentum):
    velocity = np.where(velocity * mask == 0, 0, momentum * velocity + grad)
    return weight - learning_rate * velocity, velocity


def damped(weight, velocity, grad, mask, learning_rate, momentum):
    return right_step(weight, velocity, (1 - momentum) * grad, mask, learning_rate, momentum)


def with_momentum_only(weight, velocity, grad, mask, learning_rate, momentum):
    return (weight - learning_rate * velocity) * mask, momentum * velocity + grad


def exchanged(weight, velocity, grad, mask, learning_rate, momentum):
    return right_step(weight, velocity, grad, mask, momentum, learning_rate)


def scaled_velocity(weight, velocity, grad, mask, learning_rate, momentum):
    velocity = momentum * velocity + learning_rate * grad
    return (weight - velocity) * mask, velocity


def downhill_velocity(weight, velocity, grad, mask, learning_rate, momentum):
    velocity = momentum * velocity - learning_rate * grad
    return (weight + velocity) * mask, velocity


def nesterov(weight, velocity, grad, mask, learning_rate, momentum):
    velocity = momentum * velocity + grad
    return (weight - learning_rate * (grad + momentum * velocity)) * mask, velocity


def by_weight(weight, velocity, grad, mask, learning_rate, momentum):
    return right_step(weight, velocity, grad, weight != 0, learning_rate, momentum)


def nan_velocity(weight, velocity, grad, mask, learning_rate, momentum):
    weight, velocity = right_step(weight, velocity, grad, mask, learning_rate, momentum)
    return weight, np.where(mask, velocity, np.nan)


def step_scaled(weight, velocity, grad, mask, learning_rate, momentum):
    weight, velocity = right_step(weight, velocity, grad, mask, learning_rate, momentum)
    return weight, learning_rate * velocity


def hard_coded(weight, velocity, grad, mask, learning_rate, momentum):
    return right_step(weight, velocity, grad, mask, 0.1, 0.9)


def other_way_round(weight, velocity, grad, mask, learning_rate, momentum):
    return right_step(weight, velocity, grad, ~mask, learning_rate, momentum)


WRONG = [
    (exercises.global_masks, layer_by_layer, "in one list for all layers, not layer by layer"),
    (exercises.global_masks, by_threshold, "Many magnitudes are equal here"),
    (exercises.global_masks, by_sign, "rank by magnitude"),
    (exercises.global_masks, scaled, "no layer is scaled"),
    (exercises.global_masks, inverted, "1 - sparsity, the density, stays"),
    (exercises.global_masks, largest_first, "True keeps, False is pruned (or the largest went first"),
    (exercises.global_masks, names_exchanged, "in one list of all weights"),
    (exercises.global_masks, order_for_rank, "not the rank of each weight"),
    (exercises.global_masks, lambda w, s: {n: ~m for n, m in right_masks(w, s).items()}, "the mask is inverted"),
    (exercises.global_masks, counted_by(int), "prunes 20; got 19: Round to the nearest"),
    (exercises.global_masks, counted_by(math.ceil), "prunes 4; got 5: Round to the nearest"),
    (exercises.global_masks, counted_by(lambda n: int(n + 0.5)), "takes 10.5 to the even neighbour"),
    (exercises.global_masks, not_zero, "and so does weight != 0"),
    (exercises.global_masks, signs_dropped, "weights was changed in place"),
    (exercises.global_masks, lambda w, s: list(right_masks(w, s).values()), "return a dict"),
    (exercises.global_masks, lambda w, s: {"a": np.ones(2, bool)}, "must have the names"),
    (exercises.global_masks, lambda w, s: {n: 1.0 * m for n, m in right_masks(w, s).items()}, "has dtype float64"),
    (exercises.global_masks, lambda w, s: {n: m.ravel() for n, m in right_masks(w, s).items()}, "must have shape"),
    (exercises.global_masks, lambda w, s: right_masks({n: a**2 for n, a in w.items()}, s), "0 when it is squared"),
    (exercises.global_masks, beginning_for_each, "go on where the layer before ended"),
    (exercises.cubic_schedule, lambda s, a, b, t: t * (1 - ((4 - s) / 4) ** 3), "four steps of the lesson's example"),
    (exercises.cubic_schedule, lambda *a: round(right_cubic(*a), 6), "do not round"),
    (exercises.cubic_schedule, never_clamped, "from stop on it stays"),
    (exercises.cubic_schedule, clamped_at_stop_only, "before start nothing"),
    (exercises.cubic_schedule, lambda s, *a: s and clamped_at_stop_only(s, *a), "at step 2 (start 4"),
    (exercises.cubic_schedule, lambda *a: 100 * right_cubic(*a), "not a percentage"),
    (exercises.cubic_schedule, lambda *a: 1 - right_cubic(*a), "sparsity is what is gone"),
    (exercises.cubic_schedule, lambda *a: round(right_cubic(*a), 2), "do not round"),
    (exercises.cubic_schedule, lambda *a: round(right_cubic(*a), 4), "0.28906 is due; got 0.2891: do not round"),
    (exercises.cubic_schedule, lambda s, a, b, t: 1 - left_of(s, a, b) ** 3, "multiply by the target"),
    (exercises.cubic_schedule, whole_numbers, "whole numbers divided by // give that, too"),
    (exercises.cubic_schedule, lambda s, *a: 0 if s > a[1] else right_cubic(s, *a), "from stop on it stays"),
    (exercises.cubic_schedule, lambda *a: [right_cubic(*a)], "return one number; got list"),
    (exercises.cubic_schedule, lambda *a: complex(right_cubic(*a)), "return one number; got complex"),
    (exercises.cubic_schedule, lambda s, a, b, t: t * left_of(s, a, b) ** 3, "still to be pruned"),
    (exercises.cubic_schedule, lambda s, a, b, t: t * (1 - left_of(s, a, b)), "a straight line"),
    (exercises.cubic_schedule, lambda s, a, b, t: t * (1 - left_of(s, a, b)) ** 3, "slow at first"),
    (exercises.cubic_schedule, lambda s, a, b, t: t * (1 - left_of(s, a, b) ** 2), "that is a square"),
    (exercises.cubic_schedule, from_step_zero, "the way begins at start"),
    (exercises.cubic_schedule, lambda s, a, b, t: t, "the whole target, too early"),
    (exercises.cubic_schedule, lambda s, a, b, t: t / 2, "left from 1 to 0"),
    (exercises.held_step, masked_gradient, "the velocity remembers"),
    (exercises.held_step, masked_before, "after the step, not before"),
    (exercises.held_step, without_momentum, "a step without momentum"),
    (exercises.held_step, uphill, "a step uphill"),
    (exercises.held_step, gradient_subtracted, "the velocity gathers gradients"),
    (exercises.held_step, old_velocity, "return the new velocity too"),
    (exercises.held_step, in_place, "velocity was changed in place"),
    (exercises.held_step, still_without_gradient, "where grad is 0 by chance"),
    (exercises.held_step, still_until_it_moves, "but that one is off: it is momentum"),
    (exercises.held_step, damped, "the gradient comes in whole"),
    (exercises.held_step, hard_coded, "a kept weight is off by"),
    (exercises.held_step, with_momentum_only, "the weight follows the new velocity"),
    (exercises.held_step, exchanged, "not the other way round"),
    (exercises.held_step, scaled_velocity, "not into the velocity"),
    (exercises.held_step, downhill_velocity, "the learning rate and the minus sign belong"),
    (exercises.held_step, nesterov, "Nesterov"),
    (exercises.held_step, by_weight, "a weight that stays may be 0 by chance"),
    (exercises.held_step, nan_velocity, "NaN * 0 is NaN"),
    (exercises.held_step, step_scaled, "return the velocity itself"),
    (exercises.held_step, other_way_round, "True keeps"),
    (exercises.held_step, lambda *a: right_step(*a)[::-1], "return the weight first"),
    (exercises.held_step, lambda *a: right_step(*a)[0], "return weight and velocity"),
    (exercises.held_step, averaged, "the weight follows your velocity, but that one is off"),
    (exercises.held_step, lambda *a: tuple(np.round(part, 4) for part in right_step(*a)), "as if rounded"),
    (exercises.held_step, lambda *a: tuple(part.astype(np.float16) for part in right_step(*a)), "as if rounded"),
    (exercises.held_step, lambda *a: [part.ravel() for part in right_step(*a)], "must have shape (3, 4)"),
    (exercises.global_masks, counted_layer_by_layer, "prunes 3; got 4: count round(sparsity * n)"),
    (exercises.global_masks, biases_left_out, "prunes 3; got 2: count round(sparsity * n)"),
    (exercises.cubic_schedule, floor_of_the_way, "that is still 0: whole numbers divided by //"),
]
test_right, test_untouched, test_wrong = exercise_tests(RIGHT, WRONG)
