"""The quadratic form that a reconstruction lowers: its Hessian, checked and damped, and the change that it predicts."""

from typing import NamedTuple

import torch
from torch import Tensor

from pruning_lab.checks import check_float_tensor, check_mask, check_values


class Reconstruction(NamedTuple):
    """A pruned weight whose survivors have been adjusted.

    Attributes:
        weight: (rows, columns), zero where the mask is False.
        mask: bool (rows, columns), True where a weight stays.
        change: float64 (rows,), 1/2 d^T H d of each row, with the Hessian as it was given: what the loss is said to
            gain.
    """

    weight: Tensor
    mask: Tensor
    change: Tensor


def input_hessian(inputs: Tensor) -> Tensor:
    """Return the Hessian of a linear layer's squared error, 2 X^T X / samples: the same for each of its rows.

    1/2 d^T H d is then the mean over the samples of the squared change of that row's output, exactly.

    Args:
        inputs: float tensor (samples, in_features), what the layer is fed; flatten batch and sequence axes first.

    Returns:
        float64 tensor (in_features, in_features).

    Raises:
        TypeError: inputs that are not a floating-point tensor.
        ValueError: inputs without exactly 2 axes, without samples, or not finite.

    Source: Frantar and Alistarh 2023, arXiv 2301.00774, section 3.1.

    >>> input_hessian(torch.tensor([[1.0, 2.0], [3.0, 0.0]]))
    tensor([[10.,  2.],
            [ 2.,  4.]], dtype=torch.float64)
    """
    inputs = finite(inputs, "inputs")
    if inputs.numel() == 0:
        raise ValueError(f"inputs must hold at least one sample; got shape {tuple(inputs.shape)}")
    return 2 * inputs.T @ inputs / len(inputs)


def finite(tensor, name):
    """Return a checked matrix in float64, apart from its graph."""
    tensor = check_values(check_float_tensor(tensor, name, ndim=2), name).detach().double()
    if not tensor.isfinite().all():
        raise ValueError(f"{name} must be finite; got {int((~tensor.isfinite()).sum())} NaN or infinite entries")
    return tensor


def checked(weight, hessian):
    """Return weight and Hessian in float64, if they fit each other."""
    weight, hessian = finite(weight, "weight"), finite(hessian, "hessian")
    if weight.numel() == 0:
        raise ValueError(f"weight must have at least one entry; got shape {tuple(weight.shape)}")
    if hessian.shape != (weight.shape[1], weight.shape[1]):
        columns = f"the columns of weight {tuple(weight.shape)}"
        raise ValueError(f"hessian must be square, as large as {columns}; got shape {tuple(hessian.shape)}")
    if not torch.allclose(hessian, hessian.T, rtol=1e-5, atol=1e-8 * float(hessian.abs().max())):
        most = float((hessian - hessian.T).abs().max())
        raise ValueError(f"hessian must be symmetric; got entries that differ from their mirror by up to {most:.3g}")
    return weight, hessian


def check_mask_of(mask, weight):
    if check_mask(mask).shape != weight.shape:
        raise ValueError(f"mask must have the shape of weight {tuple(weight.shape)}; got {tuple(mask.shape)}")


def damped(hessian, damping):
    if isinstance(damping, bool) or not isinstance(damping, int | float):
        raise TypeError(f"damping must be a number, 0 or more; got {damping!r}")
    if not 0 <= damping < float("inf"):
        raise ValueError(f"damping must be a finite number, 0 or more; got {damping}")
    eye = torch.eye(len(hessian), dtype=hessian.dtype, device=hessian.device)
    return hessian + damping * hessian.diagonal().mean() * eye


def cholesky(matrix):
    factor, failed = torch.linalg.cholesky_ex(matrix)
    if failed:
        lowest = float(torch.linalg.eigvalsh(matrix)[0])
        raise ValueError(
            "hessian must be positive definite (more damping helps, or 2 X^T X of more samples); "
            f"got a smallest eigenvalue of {lowest:.3g}"
        )
    return factor


def change_of(rows, pruned, hessian):
    moved = pruned - rows
    return ((moved @ hessian) * moved).sum(1) / 2


def reconstruction(weight, adjusted, mask, hessian):
    change = change_of(weight.detach().double(), adjusted, hessian)
    adjusted = adjusted.masked_fill(~mask, 0)  # no -0.0
    if float(most := adjusted.abs().max()) > torch.finfo(weight.dtype).max:
        raise ValueError(
            f"weight must be of a dtype that holds its adjusted survivors (weight.float() may); got {weight.dtype} for "
            f"{most:.3g}"
        )
    return Reconstruction(adjusted.to(weight.dtype), mask.clone(), change)
