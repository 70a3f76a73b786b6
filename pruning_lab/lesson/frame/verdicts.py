"""What the exercises of several lessons check alike: that a mask prunes exactly the smallest, that layers shrink."""

import numpy as np

from pruning_lab.lesson.frame.answers import WrongAnswer, close, likely_slip, require


def prune_smallest(magnitudes, count):
    """Return a bool array of the magnitudes' shape whose `count` smallest are False, of ties the first.

    >>> prune_smallest(np.array([3.0, 1.0, 2.0]), 1)
    array([ True, False,  True])
    """
    keep = np.ones(magnitudes.size, bool)
    keep[np.argsort(magnitudes.ravel(), kind="stable")[:count]] = False
    return keep.reshape(magnitudes.shape)


def require_exact_mask(keep, weights, sparsity, other_ways):
    """Raise WrongAnswer unless a mask prunes exactly round(sparsity * n) weights, those of the smallest magnitude.

    Args:
        keep: bool array of one axis, True keeps.
        weights: float array of the same shape.
        sparsity: the fraction to prune.
        other_ways: {reason: the mask of a mistaken way to rank}, each of one axis.
    """
    magnitudes, size, pruned = np.abs(weights), keep.size, int((~keep).sum())
    wanted = round(sparsity * size)
    smallest_went = not 0 < wanted < size or magnitudes[~keep].max(initial=0) <= magnitudes[keep].min(initial=np.inf)
    if pruned == wanted and smallest_went:  # of equal ones any may go
        return
    inverted = 0 < wanted < size and np.array_equal(keep, ~prune_smallest(magnitudes, wanted))
    both = " (or the largest went first: argsort begins with the smallest)" if 2 * wanted == size else ""
    require(not inverted, f"the mask is inverted: True keeps, False is pruned{both}")
    if pruned != wanted:
        where = f"sparsity {sparsity:g} of {size} weights prunes {wanted}; got {pruned}"
        raise WrongAnswer(f"{where}: {_why_count(keep, sparsity, magnitudes)}")
    slips = {
        "large weights went and small ones stayed: argsort begins with the smallest": prune_smallest(
            -magnitudes, wanted
        ),
        "rank by magnitude, so that -3 counts as more than 0.5": prune_smallest(weights, wanted),
        "np.argsort gives the positions in order, not the rank of each weight": (
            np.argsort(magnitudes, kind="stable") >= wanted
        ),
        **other_ways,
        "a tiny float32 becomes 0 when it is squared, or in half precision: rank it as it is": prune_smallest(
            _squares(weights), wanted
        ),
    }
    went, stayed = magnitudes[~keep].max(), magnitudes[keep].min()
    otherwise = "rank magnitudes, smallest first, in one list of all weights"
    reason = likely_slip(lambda mask: np.array_equal(mask, keep), slips, otherwise)
    raise WrongAnswer(f"a magnitude of {went:.2g} went while one of {stayed:.2g} stayed: {reason}")


def _squares(weights):
    with np.errstate(under="ignore"):
        return weights**2


def _why_count(keep, sparsity, magnitudes):
    size, pruned, due = keep.size, int((~keep).sum()), sparsity * keep.size
    if abs(due % 1 - 0.5) < 1e-9 and abs(pruned - due) < 1:
        return f"Python's round takes {due:g} to the even neighbour."
    if pruned == size - round(due):
        if round(due) in (0, size):
            return "a slice with -0 is not what it seems: [-0:] is everything, [:-0] nothing. Count from the front."
        if np.array_equal(keep, prune_smallest(magnitudes, pruned)):
            return "sparsity is the fraction that goes; 1 - sparsity, the density, stays."
        return "is True meant for the pruned ones? True keeps."
    if pruned == np.count_nonzero(magnitudes == 0) > round(due):
        return "All zeros went: a threshold takes all equal magnitudes or none, and so does weight != 0."
    if len(np.unique(magnitudes)) < size and pruned == len(np.unique(np.sort(magnitudes)[: round(due)])):
        return "Many magnitudes are equal here, and list.index finds only the first of them: rank the positions."
    if len(np.unique(magnitudes)) < size:
        return "Many magnitudes are equal here: a threshold takes all of them or none."
    if abs(pruned - due) < 1:
        return "Round to the nearest whole number, do not cut off or round up."
    if pruned == 0:
        return "no weight went. Is sparsity taken for a percentage? Or was a copy changed? ravel() may make one."
    return "count round(sparsity * n), over all weights."


def require_kept(shrunk, originals, axes, keep):
    """Raise WrongAnswer unless every array holds what `keep` names along its axis, all in the same order.

    Args:
        shrunk: list of arrays, their shapes already right.
        originals: {name: the array before}.
        axes: the axis of each array along which entries went.
        keep: the indices that stay.
    """
    orders = {
        name: _order(got, original, axis, keep)
        for (name, original), got, axis in zip(originals.items(), shrunk, axes, strict=True)
    }
    for name, order in orders.items():
        picked = sorted(order) == sorted(keep)
        require(picked, f"{name}: the shape fits, the values do not: pick what keep names, and change no value")
    first = next(iter(orders))
    for name, order in orders.items():
        require(
            order == orders[first],
            f"{first} and {name} hold what stays in different orders: use keep, in its order, for all",
        )


def _order(shrunk, original, axis, keep):
    """Return which index each part of a shrunk array was in the original; -1 for what is none of `keep`."""
    parts, whole = np.moveaxis(shrunk, axis, 0), np.moveaxis(original, axis, 0)
    return [next((unit for unit in keep if close(part, whole[unit])), -1) for part in parts]
