"""Linear layers, convolutions and batch normalisations of fewer channels."""

import copy
import itertools

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from pruning_lab.checks import Indices, check_dense, check_keep
from pruning_lab.weights import computed_names

PER_CHANNEL = ("weight", "bias", "running_mean", "running_var")


def shrink_linear(layer: nn.Linear, keep_in: Indices | None = None, keep_out: Indices | None = None) -> nn.Linear:
    """Return a copy of a linear layer with only some inputs and outputs.

    Args:
        layer: nn.Linear.
        keep_in: sorted indices of the input features kept, 1-D integers; None keeps all.
        keep_out: sorted indices of the output features kept, 1-D integers; None keeps all.

    Returns:
        nn.Linear, weight (len(keep_out), len(keep_in)).

    Raises:
        TypeError, ValueError: not an nn.Linear, one whose weight is computed, or bad indices.

    >>> shrink_linear(nn.Linear(784, 300), keep_out=[0, 7, 299])
    Linear(in_features=784, out_features=3, bias=True)
    """
    _check_layer(layer, nn.Linear)
    keep_in = _indices(keep_in, layer.in_features, "keep_in")
    keep_out = _indices(keep_out, layer.out_features, "keep_out")
    smaller = _copy_without_numbers(layer)
    _replace_(smaller, weight=layer.weight[keep_out[:, None], keep_in], bias=_rows(layer.bias, keep_out))
    smaller.in_features, smaller.out_features = len(keep_in), len(keep_out)
    return smaller


def shrink_conv2d(layer: nn.Conv2d, keep_in: Indices | None = None, keep_out: Indices | None = None) -> nn.Conv2d:
    """Return a copy of a convolution with only some channels.

    With groups, a group either goes as a whole or stays with as many inputs and outputs as every other group that stays
    (which ones may differ from group to group); other choices are no longer a grouped convolution and are refused.
    A depthwise convolution therefore takes the same indices twice.

    Args:
        layer: nn.Conv2d.
        keep_in: sorted indices of the input channels kept, 1-D integers; None keeps all.
        keep_out: sorted indices of the output channels (filters) kept, 1-D integers; None keeps all.

    Returns:
        nn.Conv2d, weight (len(keep_out), len(keep_in) / groups that stay, height, width).

    Raises:
        TypeError, ValueError: not an nn.Conv2d, one whose weight is computed, or bad indices.

    Source: Li et al. 2016 (arXiv 1608.08710), section 3: a filter goes, and with it the next layer's input channel.

    >>> shrink_conv2d(nn.Conv2d(8, 8, 3, groups=8), keep_in=[1, 4], keep_out=[1, 4])
    Conv2d(2, 2, kernel_size=(3, 3), stride=(1, 1), groups=2)
    """
    _check_layer(layer, nn.Conv2d)
    keep_in = _indices(keep_in, layer.in_channels, "keep_in")
    keep_out = _indices(keep_out, layer.out_channels, "keep_out")
    groups, outputs = _groups_left(layer, keep_in, keep_out)
    # Row by row: the filters kept of one group read the channels kept of that group, counted from the group's first.
    columns = (keep_in % layer.weight.shape[1]).view(groups, -1).repeat_interleave(outputs, dim=0)
    smaller = _copy_without_numbers(layer)
    _replace_(smaller, weight=layer.weight[keep_out[:, None], columns], bias=_rows(layer.bias, keep_out))
    smaller.in_channels, smaller.out_channels, smaller.groups = len(keep_in), len(keep_out), groups
    return smaller


def _groups_left(layer, keep_in, keep_out):
    """Return how many groups stay, and how many outputs each of them has then."""
    inputs = torch.bincount(keep_in // (layer.in_channels // layer.groups), minlength=layer.groups)
    outputs = torch.bincount(keep_out // (layer.out_channels // layer.groups), minlength=layer.groups)
    pairs = list(zip(inputs.tolist(), outputs.tolist(), strict=True))
    different = sorted(set(pairs) - {(0, 0)})
    if len(different) > 1:
        raise ValueError(
            "keep_in and keep_out must leave equally many inputs and outputs in every group that stays; "
            f"got (inputs, outputs) {', '.join(map(str, different))}"
        )
    return len(pairs) - pairs.count((0, 0)), different[0][1]


def shrink_batchnorm2d(layer: nn.BatchNorm2d, keep: Indices) -> nn.BatchNorm2d:
    """Return a copy of a batch normalisation with only some channels, running statistics included.

    Args:
        layer: nn.BatchNorm2d.
        keep: sorted indices of the channels kept, 1-D integers.

    Returns:
        nn.BatchNorm2d of len(keep) channels.

    Raises:
        TypeError, ValueError: not an nn.BatchNorm2d, one whose weight is computed, or bad indices.

    >>> shrink_batchnorm2d(nn.BatchNorm2d(64), keep=[0, 1, 5]).running_mean.shape
    torch.Size([3])
    """
    _check_layer(layer, nn.BatchNorm2d)
    keep = check_keep(keep, layer.num_features).cpu()
    smaller = _copy_without_numbers(layer)
    _replace_(smaller, **{name: _rows(getattr(layer, name), keep) for name in PER_CHANNEL})
    smaller.num_features = len(keep)
    return smaller


def _check_layer(layer, kind):
    if not isinstance(layer, kind) or isinstance(layer, torch.jit.ScriptModule):
        got = type(layer)
        known = f"{got.__module__}." if got.__name__ == kind.__name__ else ""
        raise TypeError(f"layer must be an nn.{kind.__name__}; got {known}{got.__name__}")
    check_parameters(layer, "layer", ("weight", "bias"))
    tensors = itertools.chain(layer.named_parameters(), layer.named_buffers())
    if others := [name for name, tensor in tensors if name not in PER_CHANNEL and tensor.numel() > 1]:
        got = f"{type(layer).__name__} with {others[0]!r}"
        raise ValueError(f"layer must hold nothing for each channel but what an nn.{kind.__name__} has; got {got}")
    if layer.weight is not None and layer.weight.shape[: len(_sizes(layer))] != _sizes(layer):
        shapes = f"weight {tuple(layer.weight.shape)} in a layer made for {_sizes(layer)}"
        raise ValueError(f"layer must hold a weight of its own size; got {shapes}")


def _sizes(layer):
    """Return the first axes of the weight that a layer's own numbers promise."""
    if isinstance(layer, nn.Linear):
        return layer.out_features, layer.in_features
    if isinstance(layer, nn.Conv2d):
        return layer.out_channels, layer.in_channels // layer.groups
    return (layer.num_features,)


def check_parameters(layer, argument, names):
    """Refuse a layer that computes one of these, or whose numbers are not there yet: a copy would be stale."""
    computed = computed_names(layer)
    for name in names:
        if name in computed or not isinstance(getattr(layer, name), nn.Parameter | None):
            raise ValueError(
                f"{argument} must hold its {name} as a parameter; got one computed from others "
                "(end torch.nn.utils.prune or parametrize with their remove functions)"
            )
        if is_lazy(getattr(layer, name)):
            raise ValueError(f"{argument} must be initialised (run it once on example inputs); got a lazy {name}")
        if getattr(layer, name) is not None:
            check_dense(getattr(layer, name), f"{name} of {argument}")


def _indices(keep, size, name) -> Tensor:
    """Return the indices on the CPU, from where they reach into tensors on any device."""
    return torch.arange(size, device="cpu") if keep is None else check_keep(keep, size, name).cpu()


def _copy_without_numbers(layer):
    """Return a copy that still holds the layer's own tensors in the places that are filled anew."""
    kept = [getattr(layer, name, None) for name in PER_CHANNEL]
    return copy.deepcopy(layer, {id(tensor): tensor for tensor in kept if tensor is not None})


def _rows(values, keep):
    return None if values is None else values[keep]


def _replace_(layer, **tensors):
    """Give `layer` these parameters and buffers. Picked by index, so they are copies already."""
    for name, values in tensors.items():
        old = getattr(layer, name)
        if isinstance(old, nn.Parameter):
            setattr(layer, name, nn.Parameter(values.detach(), old.requires_grad))
        elif old is not None:
            setattr(layer, name, values)
