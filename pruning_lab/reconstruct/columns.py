"""SparseGPT: all rows of a layer pruned column by column, with one factor of the inverse Hessian."""

import torch
from torch import Tensor

from pruning_lab.checks import check_integer, check_sparsity
from pruning_lab.masks import mask_n_of_m, mask_unstructured
from pruning_lab.reconstruct.quadratic import (
    Reconstruction,
    change_of,
    check_mask_of,
    checked,
    cholesky,
    damped,
    reconstruction,
)


def sparsegpt(
    weight: Tensor,
    hessian: Tensor,
    *,
    sparsity: float | None = None,
    n_of_m: tuple[int, int] | None = None,
    mask: Tensor | None = None,
    damping: float = 0.01,
    block: int = 128,
) -> Reconstruction:
    """Prune column by column: what a column loses, the columns behind it make up for, in all rows at once.

    One factor of the inverse Hessian serves all rows, so that large layers take seconds; the price is that columns in
    front never move again, and the result is not the optimum of `adjust_survivors`. A row that ends worse than its mask
    without any adjustment is left as its mask leaves it: rare, but columns that are nearly alike can do it.

    Args:
        weight: float tensor (rows, columns).
        hessian: float tensor (columns, columns), symmetric and positive definite once damped, as `input_hessian` gives.
        sparsity: exactly `round(sparsity * weight.numel())` weights go, chosen block by block among all rows.
        n_of_m: (n, m) keeps n of each m neighbours of a row; m divides columns.
        mask: bool tensor (rows, columns), if it is chosen already. Of these three exactly one is given.
        damping: this fraction of the Hessian's mean diagonal is added to its diagonal.
        block: columns that choose their mask together (with n_of_m each m do).

    Returns:
        Reconstruction.

    Raises:
        TypeError: an argument of another type.
        ValueError: shapes that do not fit, numbers that are not finite, a Hessian that is not positive definite, none
            or several of sparsity, n_of_m and mask, or one out of range.

    Source: Frantar and Alistarh 2023, arXiv 2301.00774, sections 3.2 to 3.4 and algorithm 1.

    >>> from pruning_lab.reconstruct import input_hessian
    >>> inputs = torch.tensor([[1.0, 1, 0, 0], [0, 0, 1, 0], [1, 1, 0, 1]])
    >>> weight = torch.tensor([[1.0, 1.1, 0.3, -2.0]])
    >>> pruned = sparsegpt(weight, input_hessian(inputs), n_of_m=(2, 4))
    >>> pruned.mask  # the first two inputs are the same, so one weight can stand for both
    tensor([[False,  True, False,  True]])
    >>> pruned.weight.round(decimals=1)
    tensor([[ 0.0000,  2.1000,  0.0000, -2.0000]])
    """
    rows, hessian = checked(weight, hessian)
    block = check_integer(block, "block", minimum=1)
    choose, width = _choice(rows, sparsity, n_of_m, mask, block)
    inverse = torch.cholesky_inverse(cholesky(damped(hessian, damping)))
    swept, keep = _sweep(rows.clone(), cholesky(inverse).T, choose, width)
    without = rows * keep
    worse = change_of(rows, swept, hessian) > change_of(rows, without, hessian)
    return reconstruction(weight, torch.where(worse[:, None], without, swept), keep, hessian)


def _sweep(rows, upper, choose, width):
    """Run through the columns, `width` at a time; return the weight and its mask. `upper` is U of H^-1 = U^T U."""
    mask = torch.ones(rows.shape, dtype=torch.bool, device=rows.device)
    for start in range(0, rows.shape[1], width):
        stop = min(start + width, rows.shape[1])
        mask[:, start:stop] = choose(start, stop, rows[:, start:stop].square() / upper.diagonal()[start:stop].square())
        errors = torch.zeros_like(rows[:, start:stop])
        for column in range(start, stop):
            errors[:, column - start] = rows[:, column] * ~mask[:, column] / upper[column, column]
            rows[:, column:stop] -= torch.outer(errors[:, column - start], upper[column, column:stop])
        rows[:, stop:] -= errors @ upper[start:stop, stop:]
    return rows * mask, mask


def _choice(rows, sparsity, n_of_m, mask, block):
    """Return choose(start, stop, scores) -> the mask of these columns, and how many columns choose at once."""
    given = {"sparsity": sparsity, "n_of_m": n_of_m, "mask": mask}
    names = [name for name, value in given.items() if value is not None]
    if len(names) != 1:
        raise ValueError(
            f"sparsity must be given, or n_of_m, or mask, and one alone; got {' and '.join(names) or 'none'}"
        )
    if mask is not None:
        check_mask_of(mask, rows)
        return lambda start, stop, scores: mask[:, start:stop], block
    if n_of_m is not None:
        n, m = _check_n_of_m(n_of_m, rows.shape[1])
        return lambda start, stop, scores: mask_n_of_m(scores, n, m), m
    sparsity = check_sparsity(sparsity)
    upto = [round(sparsity * (len(rows) * column)) for column in range(rows.shape[1] + 1)]
    return lambda start, stop, scores: mask_unstructured(scores, (upto[stop] - upto[start]) / scores.numel()), block


def _check_n_of_m(n_of_m, columns):
    if not isinstance(n_of_m, tuple | list) or len(n_of_m) != 2:
        raise TypeError(f"n_of_m must be a pair (n, m), such as (2, 4); got {n_of_m!r}")
    n, m = check_integer(n_of_m[0], "n", minimum=0), check_integer(n_of_m[1], "m", minimum=1)
    if n > m:
        raise ValueError(f"n must be at most m = {m}; got {n}")
    if columns % m:
        raise ValueError(f"n_of_m must have an m that divides the columns of weight, {columns}; got {(n, m)}")
    return n, m
