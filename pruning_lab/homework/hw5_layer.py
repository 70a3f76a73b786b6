"""hw5-capstone, questions 1 and 2, on one layer: how answers are checked, with a message for each usual mistake.

The other questions' checks, and what they share, stand in hw5_checks.
"""

from functools import partial

import numpy as np
import torch

from pruning_lab import masks, reconstruct
from pruning_lab.homework.frame.answers import answered
from pruning_lab.homework.frame.values import numbers


def check_wanda(answer, rng):
    """`my_wanda(weight, inputs, sparsity)`: in each row those of the lowest |w| times norm of the input go."""
    for weight, inputs, sparsity in _wanda_instances(rng):
        given = weight.copy(), inputs.copy()
        got = answered(answer, "my_wanda", *given, sparsity)
        same = np.array_equal(given[0], weight) and np.array_equal(given[1], inputs)
        assert same, "my_wanda changed its argument: work on a copy"
        assert isinstance(got, np.ndarray), f"return the mask as an array; got {type(got).__name__}"
        assert got.dtype == bool, f"the mask must be bool, True where a weight stays; got {got.dtype}"
        assert got.shape == weight.shape, f"the mask must have the shape of the weight, {weight.shape}; got {got.shape}"
        samples = f"{len(inputs)} samples"
        _compare_wanda(got, weight, inputs, sparsity, f"a weight {weight.shape}, {samples}, sparsity {sparsity:g}")


def _wanda_instances(rng):
    for rows, columns, samples, sparsity in [(6, 16, 12, 0.35), (6, 8, 3, 0.2), (5, 20, 40, 0.625), (2, 5, 6, 0.0)]:
        uneven = np.exp(rng.standard_normal(columns))  # inputs of unlike size, as real ones are, and with peaks
        inputs = uneven * (rng.standard_normal((samples, columns)) + 0.3) ** 3
        yield rng.standard_normal((rows, columns)) * np.exp(rng.standard_normal((rows, 1))), inputs, sparsity
    tied = rng.integers(1, 3, (5, 32)) * rng.choice([-1.0, 1.0], (5, 32))  # rows so long that no unstable sort hits
    yield tied, np.ones((4, 32)), 0.5


def _compare_wanda(got, weight, inputs, sparsity, where):
    size, norms = np.abs(weight), np.linalg.norm(inputs, axis=0)
    right, gone = _lowest_of_rows(size * norms, sparsity), round(sparsity * weight.shape[1])
    if np.array_equal(got, right):  # now and then a slip chooses the same
        return
    assert not np.array_equal(got, ~right), f"{where}: True keeps; this mask is the other way round"
    slips = {
        "compare scores within each row: this is one ranking for the whole matrix": _lowest(size * norms, sparsity),
        "compare scores within each row, not within each column": _lowest_of_rows((size * norms).T, sparsity).T,
        "by magnitude alone: a weight also counts by the input that it is multiplied by": _lowest_of_rows(
            size, sparsity
        ),
        "the lowest scores go; here the highest went": _lowest_of_rows(-size * norms, sparsity),
        "in each row the first weights went, whatever their scores": _lowest_of_rows(
            np.broadcast_to(np.arange(weight.shape[1]), weight.shape), sparsity
        ),
        "|w|: a negative weight is not a small one": _lowest_of_rows(weight * norms, sparsity),
        "divided by the norm; the score is the product": _lowest_of_rows(size / norms, sparsity),
        "the norm is over the samples: inputs of both signs must not cancel": _lowest_of_rows(
            size * np.abs(inputs.sum(axis=0)), sparsity
        ),
        "the norm is the root of the sum of squares, not the sum of magnitudes": _lowest_of_rows(
            size * np.abs(inputs).sum(axis=0), sparsity
        ),
        "the norm is over all samples, not the largest of them": _lowest_of_rows(
            size * np.abs(inputs).max(axis=0), sparsity
        ),
        "take the norm itself, not its square": _lowest_of_rows(size * norms**2, sparsity),
        "the inputs alone: the weight counts as well": _lowest_of_rows(np.broadcast_to(norms, weight.shape), sparsity),
    }
    for reason, slip in slips.items():
        assert not np.array_equal(got, slip), f"{where}: {reason}"
    pruned = (~got).sum(axis=1)
    assert (pruned == gone).all(), f"{where}: in each row {gone} go, as round says; here {pruned.tolist()}"
    raise AssertionError(
        f"{where}: the right number of zeros in each row, but not the weights with the lowest scores; "
        "among equal scores the first go"
    )


def _lowest_of_rows(scores, sparsity):
    return np.stack([_lowest(row, sparsity) for row in np.asarray(scores, float)])


def _lowest(scores, sparsity):
    return masks.mask_unstructured(torch.from_numpy(np.array(scores)), sparsity).numpy()


def check_repair(answer, rng):
    """`my_repair(weight, mask, inputs, damping)`: the survivors of each row take over what they can."""
    for weight, mask, inputs, damping in _repair_instances(rng):
        given = weight.copy(), mask.copy(), inputs.copy()
        got = numbers(answered(answer, "my_repair", *given, damping), "the new weight")
        for name, array, before in zip(("weight", "mask", "inputs"), given, (weight, mask, inputs), strict=True):
            assert np.array_equal(array, before), f"my_repair changed {name}: work on a copy"
        assert got.shape == weight.shape, f"the new weight must have shape {weight.shape}; got {got.shape}"
        where = f"a weight {weight.shape}, {len(inputs)} samples, damping {damping:g}"
        assert np.isfinite(got).all(), f"{where}: the new weight must be finite"
        _compare_repair(got.astype(float), weight, mask, inputs, damping, where)


def _repair_instances(rng):
    yield np.array([[1.0, 1.0, -0.5]]), np.array([[False, True, True]]), np.array([[1.0, 0.8, 0], [2, 1.5, 1]]), 0.1
    for rows, columns, samples, damping in [(4, 6, 40, 0.01), (3, 8, 5, 0.1), (5, 7, 30, 0.5)]:
        mixed = rng.standard_normal((columns, columns)) + np.eye(columns)
        inputs = rng.standard_normal((samples, columns)) @ mixed * np.exp(0.7 * rng.standard_normal(columns))
        mask = rng.random((rows, columns)) < 0.5
        mask[0, :2], mask[1] = [True, False], True  # one row loses nothing
        yield rng.standard_normal((rows, columns)), mask, inputs, damping
    dead = rng.standard_normal((20, 5))
    dead[:, 1] = 0  # an input that is never on
    mask = np.ones((3, 5), bool)
    mask[0, 2:], mask[1] = False, False  # and a row that loses all
    yield rng.standard_normal((3, 5)), mask, dead, 0.02


def _compare_repair(got, weight, mask, inputs, damping, where):
    assert (got[~mask] == 0).all(), f"{where}: where the mask is False the new weight must be 0"
    right = _repaired(weight, mask, inputs, damping)
    close = partial(np.allclose, rtol=1e-3, atol=1e-4 * np.abs(weight).max())
    if close(got, right):  # now and then a slip comes as near
        return
    for reason, slip in _slips_of_repair(right, weight, mask, inputs, damping).items():
        assert not close(got, slip), f"{where}: {reason}"
    before, after, best = (_change(array, weight, inputs) for array in (weight * mask, got, right))
    raise AssertionError(
        f"{where}: the zeros are right, but a survivor is off by {np.abs(got - right).max():.2g}. Outputs change by "
        f"{after:.3g} (mean square); under the mask alone by {before:.3g}, repaired by {best:.3g}"
    )


def _slips_of_repair(right, weight, mask, inputs, damping):
    """Return {what a student should hear: the weight that they would have returned}."""
    hessian = 2 * inputs.T @ inputs / len(inputs)
    size = float(np.diag(hessian).mean())
    lifted = hessian + damping * size * np.eye(len(hessian))
    inverse = np.linalg.pinv(lifted)

    def pull(row, keep):
        return hessian[np.ix_(keep, ~keep)] @ row[~keep]

    def rows(step):
        return _rows(weight, mask, lambda row, keep: row[keep] + step(row, keep))

    slips = {
        "this is the weight under its mask: the survivors must move": weight * mask,
        "the survivors went the wrong way: they take over what is gone, so plus": weight * mask * 2 - right,
        "those are the steps alone: add them to the weights": right - weight * mask,
        "the damping is a fraction of the mean of H's diagonal, not a number by itself": _repaired(
            weight, mask, inputs, damping / size
        ),
        "damping holds the step back, not the weight: solve for the step, then add it": _rows(
            weight, mask, lambda row, keep: np.linalg.solve(lifted[np.ix_(keep, keep)], hessian[keep] @ row)
        ),
        "divided by the diagonal alone, as if survivors did not see each other": rows(
            lambda row, keep: pull(row, keep) / np.diag(lifted)[keep]
        ),
        "the inverse of the block H_KK is meant, not the block of the inverse": rows(
            lambda row, keep: inverse[np.ix_(keep, keep)] @ pull(row, keep)
        ),
        "H_KP w_P is the right side of a system; solve it for the step": rows(pull),
        "each row has a mask of its own; here all were repaired under the first one's": np.where(
            mask, _repaired(weight, np.broadcast_to(mask[0], mask.shape), inputs, damping), 0
        ),
    }
    if all(np.linalg.matrix_rank(hessian[np.ix_(keep, keep)]) == keep.sum() for keep in mask):
        slips["the damping is missing"] = _repaired(weight, mask, inputs, 0.0)
    return slips


def _change(new, weight, inputs):
    """Return the mean squared change of the layer's outputs, added up over the rows."""
    return float(np.square(inputs @ (new - weight).T).sum() / len(inputs))


def _repaired(weight, mask, inputs, damping):
    hessian = reconstruct.input_hessian(torch.from_numpy(inputs))
    found = reconstruct.adjust_survivors(torch.from_numpy(weight), torch.from_numpy(mask.copy()), hessian, damping)
    return found.weight.numpy()


def _rows(weight, mask, survivors):
    """Return a matrix whose kept entries are, row by row, those of `survivors(row, keep)`."""
    new = np.zeros(weight.shape)
    for place, (row, keep) in enumerate(zip(weight, mask, strict=True)):
        new[place, keep] = survivors(row, keep)
    return new
