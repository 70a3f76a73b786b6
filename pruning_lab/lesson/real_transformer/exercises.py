"""Lesson 07: neighbours kept, block influence, and the work that two kinds of zeros leave."""

import numpy as np

from pruning_lab.lesson.frame.answers import array, close, likely_slip, nearest_rounding, number, require, told_apart


def kept_neighbours(answer):
    """`my_kept(rows, whole, k)`: the mean share of a row's k nearest rows that are its k nearest in `whole`, too."""
    rng = np.random.default_rng(7)
    for count, dim, k, noise in [(40, 4, 5, 0.3), (12, 3, 2, 0.5), (9, 5, 1, 1.0), (8, 3, 7, 2.0)]:
        whole = _unit(rng.standard_normal((count, dim)))
        rows = _unit(whole + noise * rng.standard_normal((count, dim)))
        got = number(answer(rows, whole, k))
        right = _kept(rows, whole, k)
        slips = {
            "every row is its own nearest neighbour: leave it out, or it always counts as kept": _kept(
                rows, whole, k, itself=True
            ),
            "that is a count; a share is out of k neighbours and is at most 1": right * k,
            "that is the sum over the rows; their mean is asked for": right * count,
            "the nearest rows have the largest cosines; those are the farthest": _kept(-rows, -whole, k, sign=-1),
            "neighbours are compared as sets: the same rows in another order still count as kept": _kept(
                rows, whole, k, ordered=True
            ),
            "the neighbours of a row are in its own array: compare rows with rows, and whole with whole": _kept(
                rows, whole, k, across=True
            ),
        }
        due, given = told_apart(right, got)
        _compare(got, right, slips, f"{count} rows, k = {k}", f"{due} of the neighbours are kept; got {given}")


def _compare(got, right, slips, where, otherwise):
    reason = likely_slip(lambda wrong: close(got, wrong), slips, otherwise)
    require(close(got, right), f"{where}: {reason}")


def _unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _kept(rows, whole, k, itself=False, ordered=False, sign=1, across=False):
    """Return the mean share; the flags make the slips."""
    near = [_nearest(rows, whole if across else rows, k, itself, sign), _nearest(whole, whole, k, itself, sign)]
    if ordered:
        return float(np.mean(near[0] == near[1]))
    return float(np.mean([len(set(one) & set(other)) / k for one, other in zip(*near, strict=True)]))


def _nearest(rows, others, k, itself, sign):
    cosines = sign * rows @ others.T
    if not itself:
        np.fill_diagonal(cosines, -np.inf)
    return np.argsort(-cosines, axis=1, kind="stable")[:, :k]


def influence(answer):
    """`my_influence(before, after)`: 1 minus the mean cosine of what goes into a block and what comes out."""
    rng = np.random.default_rng(11)
    cases = [(np.array([[3.0, 4.0]]), np.array([[6.0, 8.0]])), (np.array([[1.0, 0.0]]), np.array([[0.0, 2.0]]))]
    cases += [(np.eye(2), np.array([[-1.0, 0.0], [0.0, -2.0]])), (np.eye(2), np.array([[-1.0, 0.0], [0.0, 2.0]]))]
    for _ in range(2):
        before = rng.standard_normal((5, 4)) * 3
        cases.append((before, before + rng.standard_normal((5, 4))))
    for before, after in cases:
        got = number(answer(before, after))
        cosines = (_unit(before) * _unit(after)).sum(1)
        right = 1 - cosines.mean()
        flat = float(before.ravel() @ after.ravel() / np.linalg.norm(before) / np.linalg.norm(after))
        slips = {
            "a block that changes nothing has the influence 0: it is 1 minus the cosine": cosines.mean(),
            "rows can have any length: divide by the norms of both": 1 - (before * after).sum(1).mean(),
            "divide by the norm of what comes out as well": 1 - (_unit(before) * after).sum(1).mean(),
            "divide by the norm of what goes in as well": 1 - (before * _unit(after)).sum(1).mean(),
            "that is one cosine of all places together; take one cosine for each place, and then their mean": 1 - flat,
            "that is the sum over the places; their mean is asked for": float((1 - cosines).sum()),
        }
        due, given = told_apart(right, got)
        _compare(got, right, slips, "places: " + str(len(before)), f"{due} is due; got {given}")


def work_left(answer):
    """`my_work(weights, activations)`: the share of each layer's products that has no zero in it."""
    cases = [
        (np.array([0.5]), np.array([0.4])),
        (np.array([0.84, 0.38, 0.35]), np.array([0.88, 0.52, 0.37])),
        (np.array([0.1, 0.2, 0.3, 1.0]), np.array([0.5, 1.0, 0.25, 0.9])),
        (np.array([1 / 3, 2 / 3, 0.4]), np.array([1 / 7, 5 / 9, 0.8])),
    ]
    for weights, activations in cases:
        got = array(answer(weights, activations), "the result").astype(float)
        require(
            got.shape == weights.shape,
            f"the result must have one share for each layer, {weights.shape}; got shape {got.shape}",
        )
        read = np.concatenate([[1.0], activations[:-1]])
        right = weights * read
        slips = {
            "a layer multiplies what it *reads*, what the layer before it put out, and not what it puts out itself": (
                weights * activations
            ),
            "a product needs both the weight and the activation: the shares multiply": weights + read - 1,
            "the work left is asked for, not the work saved": 1 - right,
            "that leaves the activations out": weights,
            "that leaves the weights out": read,
            "do not round": nearest_rounding(got, right),
        }
        place = int(np.abs(got - right).argmax())
        due, given = told_apart(right[place], got[place])
        shown = f"weights {weights.round(4).tolist()}, activations {activations.round(4).tolist()}"
        _compare(got, right, slips, shown, f"layer {place}: {due} is due; got {given}")
