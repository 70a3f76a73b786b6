"""Optimal Brain Surgeon on the rows of one layer: what a weight is worth, and the best that survivors can do."""

import torch
from torch import Tensor

from pruning_lab.checks import check_sparsity
from pruning_lab.reconstruct.quadratic import (
    Reconstruction,
    check_mask_of,
    checked,
    cholesky,
    damped,
    reconstruction,
)


def obs_scores(weight: Tensor, hessian: Tensor, damping: float = 0.0) -> Tensor:
    """Score each weight by w^2 / (2 [H^-1]_qq), the change of the loss when it goes and all others of its row adjust.

    Args:
        weight: float tensor (rows, columns).
        hessian: float tensor (columns, columns), symmetric and positive definite once damped.
        damping: this fraction of the Hessian's mean diagonal is added to its diagonal.

    Returns:
        Tensor (rows, columns) in the dtype of `weight`, of half precision in float32.

    Raises:
        TypeError: an argument that is not a floating-point tensor, a damping that is not a number.
        ValueError: shapes that do not fit, numbers that are not finite, a Hessian that is not positive definite.

    Source: Hassibi and Stork 1993, Optimal Brain Surgeon, NIPS 5, equation 5.

    >>> obs_scores(torch.tensor([[1.0, 1.0]]), torch.tensor([[2.0, 1.0], [1.0, 2.0]]))  # OBD would say 1 and 1
    tensor([[0.7500, 0.7500]])
    """
    row, hessian = checked(weight, hessian)
    inverse = torch.cholesky_inverse(cholesky(damped(hessian, damping)))
    scores = row.square() / (2 * inverse.diagonal())
    return scores.to(weight.dtype if weight.element_size() >= 4 else torch.float32)


def adjust_survivors(weight: Tensor, mask: Tensor, hessian: Tensor, damping: float = 0.0) -> Reconstruction:
    """Let the survivors of any mask take over, as well as they can: least squares on the kept weights, row by row.

    No other survivors do better on 1/2 d^T H d, and none of a row does worse than its mask alone, damped or not.

    Args:
        weight: float tensor (rows, columns).
        mask: bool tensor (rows, columns), True keeps.
        hessian, damping: as for `obs_scores`; here only the part of the survivors must be positive definite.

    Returns:
        Reconstruction.

    Raises:
        TypeError, ValueError: as for `obs_scores`; a mask that is not bool, or of another shape than `weight`.

    Source: Hassibi and Stork 1993, NIPS 5, section 2, for several weights at once.

    >>> hessian = torch.tensor([[2.0, 1.0], [1.0, 2.0]])
    >>> adjusted = adjust_survivors(torch.tensor([[1.0, 1.0]]), torch.tensor([[True, False]]), hessian)
    >>> adjusted.weight, adjusted.change.item()
    (tensor([[1.5000, 0.0000]]), 0.75)
    """
    rows, hessian = checked(weight, hessian)
    check_mask_of(mask, weight)
    return reconstruction(weight, _adjusted(rows, mask, damped(hessian, damping)), mask, hessian)


def obs(weight: Tensor, hessian: Tensor, sparsity: float, damping: float = 0.0) -> Reconstruction:
    """Optimal Brain Surgeon: the weight of the lowest `obs_scores` goes, the others adjust, and again.

    Each row loses `round(sparsity * columns)` weights. A step costs columns^2, so a row costs up to columns^3: for a
    few hundred columns a second, for a thousand too long; `sparsegpt` shares the work between rows.

    Args:
        weight, hessian, damping: as for `obs_scores`.
        sparsity: fraction of each row pruned, in [0, 1].

    Returns:
        Reconstruction.

    Raises:
        TypeError, ValueError: as for `obs_scores`; a sparsity outside [0, 1].

    Source: Hassibi and Stork 1993, NIPS 5, section 2; row by row as in Frantar and Alistarh 2022, arXiv 2208.11580.

    >>> weight, hessian = torch.tensor([[1.0, 1.2, 3.0]]), torch.tensor([[2.0, 1, 0], [1, 2, 0], [0, 0, 2]])
    >>> obs(weight, hessian, 1 / 3).weight
    tensor([[0.0000, 1.7000, 3.0000]])
    """
    rows, hessian = checked(weight, hessian)
    gone = round(check_sparsity(sparsity) * weight.shape[1])
    with_damping = damped(hessian, damping)
    inverse = torch.cholesky_inverse(cholesky(with_damping))
    mask = torch.stack([_surgery(row.clone(), inverse.clone(), gone) for row in rows])
    # What the steps end in is the optimum for their mask; solved at once it is free of their rounding errors.
    return reconstruction(weight, _adjusted(rows, mask, with_damping), mask, hessian)


def _adjusted(rows, mask, hessian):
    """Return rows whose kept weights minimise the quadratic form: w_K + H_KK^-1 H_KP w_P."""
    adjusted = rows * mask
    for row, new, keep in zip(rows, adjusted, mask, strict=True):
        kept = hessian[keep]
        pull = kept[:, ~keep] @ row[~keep]
        new[keep] += torch.cholesky_solve(pull[:, None], cholesky(kept[:, keep]))[:, 0]
    return adjusted


def _surgery(row, inverse, gone):
    """Return the mask of one row after `gone` steps; row and inverse are used up."""
    keep = torch.ones(len(row), dtype=torch.bool, device=row.device)
    for _ in range(gone):
        scores = torch.where(keep, row.square() / inverse.diagonal(), torch.inf)
        q = int(scores.argmin())
        row -= inverse[q] * (row[q] / inverse[q, q])
        inverse -= torch.outer(inverse[:, q], inverse[q] / inverse[q, q])
        keep[q], row[q] = False, 0
        inverse[q, :] = inverse[:, q] = 0
        inverse[q, q] = 1  # no score of its own any more, and no division by 0
    return keep
