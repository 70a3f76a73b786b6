"""Lesson 08's explorer: ten small pictures of weights, what each method leaves of them, and what the loss says."""

import numpy as np

from pruning_lab.lesson.beyond_magnitude.drawings import removal_curves
from pruning_lab.lesson.frame.explorer import Explorer, SparsitySlider, Steps

CLASSES = ("T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot")
ZERO = 128  # the byte of a weight that is gone; 1 to 255 are weights, the largest of all at an end
STILL = 0.7


def explore_removals(found):
    """Explore what methods leave of the softmax regression: a list of methods, and a slider over sparsities.

    Args:
        found: list of `experiments.Removal` of weights (10, 49), each method at the same sparsities.

    Returns:
        an Explorer.
    """
    methods = list(dict.fromkeys(one.method for one in found))
    places = sorted({one.sparsity for one in found})
    ordered = sorted(found, key=lambda one: (methods.index(one.method), one.sparsity))
    if len(ordered) != len(methods) * len(places):
        raise ValueError(f"found must hold every method at every sparsity; got {len(found)} removals")
    reach = max(float(one.weight.abs().max()) for one in ordered)
    rows = [_rows(one) for one in ordered]
    facts = {
        "places": places,
        "classes": CLASSES,
        "side": 7,
        "rows": rows,
        "words": [f"{one.method}: " + ", ".join(map(" ".join, each)) for one, each in zip(ordered, rows, strict=True)],
    }
    knobs = [Steps("Method", tuple(methods), "choice", listed=True)]
    knobs.append(SparsitySlider(places[-1], start=STILL, step=0.1))
    table = [["method", *(name for name, _ in rows[0][1:])]]
    table += [[one.method, *(value for _, value in _rows(one)[1:])] for one in ordered if one.sparsity == STILL]
    alt = "What the loss gains against the fraction removed, a curve for each method; below it, their numbers at 0.7."
    numbers = np.concatenate([in_bytes(one.weight, reach) for one in ordered])
    return Explorer("removals", knobs, facts, removal_curves(found), table, alt, numbers)


def in_bytes(weight, reach):
    """Return weights as bytes: ZERO for a 0, and for no other weight; 1 for -reach and 255 for reach.

    >>> import torch
    >>> in_bytes(torch.tensor([0.0, 1.0, -1.0, 1e-9, -1e-9]), 1.0).tolist()
    [128, 255, 1, 129, 127]
    """
    values = weight.numpy().ravel()
    steps = np.clip(np.rint(np.abs(values) / reach * 127), 1, 127)
    return (ZERO + np.sign(values) * steps).astype(np.uint8)


def _rows(one):
    """Return what one removal did: [(what, value)]."""
    return [
        ("removed", f"{one.sparsity:g}"),
        ("loss gained", f"{one.gained:.4f}"),
        ("loss gained, as predicted", "no prediction" if one.predicted is None else f"{one.predicted:.4f}"),
        ("accuracy", f"{one.accuracy:.3f}"),
    ]
