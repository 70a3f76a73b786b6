"""How much does a weight matter? A score for each, in the weight's own shape: the lowest go first.

A score is an estimate of what the loss would gain by losing the weight. None looks at two weights at once, so none is
optimal. Apart from `magnitude_scores`, which keeps the weight's dtype, half precision is raised to float32 first:
products of small halves would underflow into ties at 0.

A weight that is 0 scores lowest. Where others score 0 too, for want of a gradient or an input, the order decides: to
be sure that a later round revives none, rank `scores.masked_fill(weight == 0, -inf)`.
"""

import math

import torch
from torch import Tensor

from pruning_lab.checks import check_float_tensor


def magnitude_scores(weight: Tensor) -> Tensor:
    """Score each weight by its magnitude |w|.

    Args:
        weight: float tensor of any shape.

    Returns:
        Tensor of the shape and dtype of `weight`.

    Raises:
        TypeError: a weight that is not a floating-point tensor.

    Source: Han et al. 2015, arXiv 1506.02626, section 3.

    >>> magnitude_scores(torch.tensor([-3.0, 0.5]))
    tensor([3.0000, 0.5000])
    """
    return check_float_tensor(weight, "weight").detach().abs()


def taylor_scores(weight: Tensor, grad: Tensor) -> Tensor:
    """Score each weight by |w g|, the first-order change of the loss when w becomes 0.

    At initialisation, on one batch, this ranks weights as SNIP does (Lee et al. 2018, arXiv 1810.02340).

    Args:
        weight: float tensor of any shape.
        grad: the loss's gradient at `weight`, of the same shape; `weight.grad` after `backward()`.

    Returns:
        Tensor of the shape of `weight`.

    Raises:
        TypeError: an argument that is not a floating-point tensor, such as `weight.grad` before `backward()`.
        ValueError: shapes that differ.

    Source: Molchanov et al. 2016, arXiv 1611.06440, section 2.2 (there for whole feature maps).

    >>> taylor_scores(torch.tensor([-3.0, 0.5]), torch.tensor([0.1, 4.0]))
    tensor([0.3000, 2.0000])
    """
    weight, grad = _raised(weight, "weight"), _raised(grad, "grad")
    return (weight * _same_shape(grad, "grad", weight)).abs()


def obd_scores(weight: Tensor, hessian_diagonal: Tensor) -> Tensor:
    """Score each weight by h w^2 / 2, the second-order change of the loss at a minimum, where the gradient is 0.

    A negative h, possible away from a minimum, gives a negative score and goes early. Only a weight that is 0 already
    goes earlier: it scores -inf, so that what one round pruned stays pruned in the next (and so does a block with it).

    Args:
        weight: float tensor of any shape.
        hessian_diagonal: the loss's second derivative by each weight, of the same shape.

    Returns:
        Tensor of the shape of `weight`.

    Raises:
        TypeError: an argument that is not a floating-point tensor.
        ValueError: shapes that differ.

    Source: LeCun, Denker and Solla 1990, Optimal Brain Damage, NIPS 2, section 2.2, step 4.

    >>> obd_scores(torch.tensor([-3.0, 0.5]), torch.tensor([0.1, 8.0]))
    tensor([0.4500, 1.0000])
    """
    weight, diagonal = _raised(weight, "weight"), _raised(hessian_diagonal, "hessian_diagonal")
    scores = _same_shape(diagonal, "hessian_diagonal", weight) * weight.square() / 2
    return scores.masked_fill_((weight == 0) & ~diagonal.isnan(), -math.inf)


def wanda_scores(weight: Tensor, inputs: Tensor) -> Tensor:
    """Score each weight by |w| times the norm of the input it is multiplied with, over all samples.

    Wanda compares scores within an output row: use it with a mask for each row, `mask_n_of_m(scores, n, in_features)`.

    Args:
        weight: float tensor (out_features, in_features).
        inputs: float tensor (samples, in_features), what the layer is fed; flatten batch and sequence axes first.

    Returns:
        Tensor (out_features, in_features).

    Raises:
        TypeError: an argument that is not a floating-point tensor.
        ValueError: an argument without exactly 2 axes, in_features that differ, no samples.

    Source: Sun et al. 2023, arXiv 2306.11695, section 3.

    >>> wanda_scores(torch.tensor([[-3.0, 0.5]]), torch.tensor([[0.0, 3.0], [0.1, 4.0]]))
    tensor([[0.3000, 2.5000]])
    """
    weight, inputs = _raised(weight, "weight", ndim=2), _raised(inputs, "inputs", ndim=2)
    if inputs.shape[1] != weight.shape[1]:
        shapes = f"weight {tuple(weight.shape)} and inputs {tuple(inputs.shape)}"
        raise ValueError(f"inputs must have as many columns as weight has in_features; got {shapes}")
    if len(inputs) == 0:
        raise ValueError(f"inputs must hold at least one sample; got shape {tuple(inputs.shape)}")
    return weight.abs() * torch.linalg.vector_norm(inputs, dim=0)


def channel_scores(weight: Tensor, norm: int = 1) -> Tensor:
    """Score each output channel by the L1 or L2 norm of its weights.

    Args:
        weight: float tensor (out_channels, ...): a linear or convolution weight, or the (channels,) of a batch norm.
        norm: 1 for the sum of magnitudes, 2 for the root of the sum of squares.

    Returns:
        Tensor (out_channels,).

    Raises:
        TypeError: a weight that is not a floating-point tensor.
        ValueError: a weight without axes, a norm other than 1 and 2.

    Source: Li et al. 2016, arXiv 1608.08710, section 3.1 (L1).

    >>> channel_scores(torch.tensor([[3.0, -4.0], [1.0, 1.0]]))
    tensor([7., 2.])
    >>> channel_scores(torch.tensor([[3.0, -4.0], [1.0, 1.0]]), norm=2)
    tensor([5.0000, 1.4142])
    """
    weight = _raised(weight, "weight")
    if weight.ndim == 0:
        raise ValueError("weight must have at least 1 axis, out_channels first; got shape ()")
    if isinstance(norm, bool) or norm not in (1, 2):
        raise ValueError(f"norm must be 1 or 2; got {norm!r}")
    return torch.linalg.vector_norm(weight[:, None].flatten(1), ord=norm, dim=1)


def _raised(tensor, name, ndim=None):
    """Return a checked tensor, apart from its graph, in float32 at least."""
    tensor = check_float_tensor(tensor, name, ndim).detach()
    return tensor.float() if tensor.element_size() < 4 else tensor


def _same_shape(tensor, name, weight):
    if tensor.shape != weight.shape:
        raise ValueError(f"{name} must have the shape of weight {tuple(weight.shape)}; got {tuple(tensor.shape)}")
    return tensor
