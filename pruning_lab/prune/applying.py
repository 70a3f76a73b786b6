"""Zeros written into the weights of a model, once every mask is known to fit."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from pruning_lab.checks import check_mask, check_model
from pruning_lab.weights import cannot_be_zeroed, find_weights

BITS = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}  # bytes of a weight: integers of that size


@torch.no_grad()
def apply_masks_(model: nn.Module, masks: Mapping[str, Tensor]) -> None:
    """Write 0 into every weight whose mask is False, in place; the other weights keep their bits.

    Nothing is changed when any mask does not fit. A weight named twice (tied) loses what either mask prunes.

    Args:
        model: `torch.nn.Module`, changed.
        masks: dict of parameter name: bool tensor of the parameter's shape, on any device.

    Raises:
        TypeError: a model that is not a module, masks that are not a dict of bool tensors.
        ValueError: a name the model does not have, a shape that is not the parameter's, a parameter into which zeros
            cannot be written.

    >>> layer = nn.Linear(2, 1)
    >>> apply_masks_(layer, {"weight": torch.tensor([[True, False]])})
    >>> layer.weight[0, 1].item()
    0.0
    """
    for weight, mask in matched(model, masks):
        _zero_(weight.detach(), mask.to(weight.device))


def checked(masks):
    if not isinstance(masks, Mapping):
        raise TypeError(f"masks must be a dict of name: bool tensor; got {type(masks).__name__}")
    return {name: check_mask(mask, f"mask for {name!r}") for name, mask in masks.items()}


def matched(model, masks):
    """Return pairs of parameter and mask, once every name and shape is known to fit."""
    parameters = parameters_of(check_model(model))
    for name, mask in checked(masks).items():
        if name not in parameters:
            some = ", ".join(list(parameters)[:4]) + (", ..." if len(parameters) > 4 else "")
            raise ValueError(f"masks must name parameters of the model ({some}); got {_with_reason(name, model)}")
        if reason := cannot_be_zeroed(parameters[name]):
            raise ValueError(f"masks must name parameters that zeros can be written into; got {name!r}, {reason}")
        check_fits(mask, f"mask for {name!r}", parameters[name])
    return [(parameters[name], mask) for name, mask in masks.items()]


def parameters_of(model):
    return dict(model.named_parameters(remove_duplicate=False))  # a tied weight may go by any of its names


def check_fits(mask, name, weight):
    check_mask(mask, name)
    if mask.shape != weight.shape:
        raise ValueError(f"{name} must have the weight's shape {tuple(weight.shape)}; got {tuple(mask.shape)}")


def _with_reason(name, model):
    """Return a name that is not a parameter's; with what it is, where it is a weight that the model computes."""
    reasons = [weight.left_out for weight in find_weights(model) if weight.name == name and weight.parameter is None]
    return f"{name!r}, {reasons[0]}" if reasons else repr(name)


def _zero_(weight, mask):
    """Write 0 where the mask is False; the other entries keep their bits."""
    if weight.is_neg() or weight.is_conj():  # memory that holds other numbers than those read from it
        weight.masked_fill_(~mask, 0)
        return
    if weight.is_complex():
        weight, mask = torch.view_as_real(weight), mask.unsqueeze(-1)
    bits = weight.view(BITS[weight.element_size()])
    bits.mul_(mask)  # exact for infinities too, and many times faster than masked_fill_
