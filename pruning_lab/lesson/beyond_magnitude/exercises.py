"""Lesson 08: survivors that take over, what a weight is worth once others may move, and a mean that is kept."""

import numpy as np

from pruning_lab.lesson.frame.answers import array, close, likely_slip, nearest_rounding, require, told_apart


def survivors(answer):
    """`my_survivors(row, keep, hessian)`: the row whose kept weights lower 1/2 d^T H d as far as they can."""
    for row, keep, hessian in _cases():
        got = array(answer(row, keep, hessian), "the row").astype(float)
        require(
            got.shape == row.shape,
            f"one number for each of the {len(row)} weights, 0 where keep is False; got {got.shape}",
        )
        stays = np.abs(got[~keep]).max(initial=0) < 1e-9
        require(stays, "where keep is False the row must be 0: the survivors adjust, the others are gone")
        _compare_rows(got, row, keep, hessian)


def _compare_rows(got, row, keep, hessian):
    part, pull = hessian[np.ix_(keep, keep)], hessian[np.ix_(keep, ~keep)] @ row[~keep]
    inverse = np.linalg.inv(hessian)
    one_by_one = row - sum(inverse[q] * (row[q] / inverse[q, q]) for q in np.flatnonzero(~keep))

    def with_step(step):
        new = np.where(keep, row, 0.0)
        new[keep] += step
        return new

    right = with_step(np.linalg.solve(part, pull))
    slips = {
        "that is the mask alone: the survivors must move": with_step(0),
        "that is the wrong way: d of what goes is -w, so the step of what stays has a plus": with_step(
            -np.linalg.solve(part, pull)
        ),
        "H_KP w_P is a force; divide it by H_KK (np.linalg.solve) to get the step": with_step(pull),
        "that divides by the diagonal of H_KK alone, as if survivors did not see each other": with_step(
            pull / np.diag(part)
        ),
        "take the inverse of the block H_KK, not the block of the inverse": with_step(
            inverse[np.ix_(keep, keep)] @ pull
        ),
        "those are the updates for each pruned weight alone, added up: they do not know about each other": np.where(
            keep, one_by_one, 0
        ),
        "those are the steps alone: add them to the weights": np.where(keep, right - row, 0),
        "do not round": nearest_rounding(got, right),
    }
    place = int(np.abs(got - right).argmax())
    due, given = told_apart(right[place], got[place])
    otherwise = f"weight {place} must become {due}; got {given}"
    require(close(got, right), likely_slip(lambda wrong: close(got, wrong), slips, otherwise))


def _cases():
    rng = np.random.default_rng(8)
    hessian = np.array([[2.0, 1.0, 0.0], [1.0, 2.0, 0.5], [0.0, 0.5, 1.0]])
    yield np.array([1.0, 1.0, -0.5]), np.array([False, True, True]), hessian
    for size, gone in ((6, 2), (9, 5), (5, 0)):
        mixed = rng.standard_normal((3 * size, size))
        keep = rng.permutation(size) >= gone
        yield rng.standard_normal(size), keep, mixed.T @ mixed / size


def surgeon_scores(answer):
    """`my_scores(row, hessian)`: what the loss gains when each weight goes and all others adjust."""
    for row, _, hessian in _cases():
        got = array(answer(row, hessian), "the scores")
        require(got.shape == row.shape, f"one score for each of the {len(row)} weights; got shape {got.shape}")
        inverse, diagonal = np.linalg.inv(hessian), np.diag(hessian)
        right = row**2 / (2 * np.diag(inverse))
        slips = {
            "that is OBD, where nobody adjusts: divide by the diagonal of the inverse": diagonal * row**2 / 2,
            "it is half of that: the loss gains 1/2 d^T H d": 2 * right,
            "square the weight": np.abs(row) / (2 * np.diag(inverse)),
            "divide by the diagonal of the inverse, do not multiply": row**2 * np.diag(inverse) / 2,
            "do not round": nearest_rounding(got, right),
        }
        place = int(np.abs(got - right).argmax())
        due, given = told_apart(right[place], got[place])
        otherwise = f"score {place} must be {due}; got {given}"
        require(close(got, right), likely_slip(lambda wrong, got=got: close(got, wrong), slips, otherwise))


def kept_mean(answer):
    """`my_mean(running_mean, weight, means, gone)`: the batch norm's mean once channels before it are gone."""
    rng = np.random.default_rng(9)
    small = np.array([1.0, 0.0]), np.array([[1.0, 2.0, 0.0], [0.0, -1.5, 3.0]]), np.array([0.5, 1.0, 2.0])
    cases = [(*small, np.array([False, True, False]))]
    cases.append((rng.standard_normal(5), rng.standard_normal((5, 8)), rng.standard_normal(8), rng.random(8) < 0.4))
    for running_mean, weight, means, gone in cases:
        got = array(answer(running_mean, weight, means, gone), "the mean")
        require(got.shape == running_mean.shape, f"one mean for each output, {running_mean.shape}; got {got.shape}")
        shift, stays = weight[:, gone] @ means[gone], weight[:, ~gone] @ means[~gone]
        right = running_mean - shift
        slips = {
            "what goes no longer arrives, so the mean that is subtracted falls by it: minus": running_mean + shift,
            "that is what the channels that stay bring; take those that are gone": running_mean - stays,
            "that is the shift alone: take it off the running mean": shift,
            "a channel arrives through its weights: weight[:, gone] @ means[gone]": running_mean - means[gone].sum(),
            "that is the mean of the batch norm as it was": running_mean,
            "take a sum over channels, not their average": running_mean - shift / max(gone.sum(), 1),
            "do not round": nearest_rounding(got, right),
        }
        place = int(np.abs(got - right).argmax())
        due, given = told_apart(right[place], got[place])
        otherwise = f"output {place} must have the mean {due}; got {given}"
        require(close(got, right), likely_slip(lambda wrong, got=got: close(got, wrong), slips, otherwise))
