"""Which results are zero wherever the weights that made them are: sums and squares over those do not miss what goes.

A mask puts zeros into the rows of a weight and its bias. What comes out is zero then, and stays so through a ReLU, a
sum with other zeros, a norm's scale; not through a sigmoid, nor where a constant is added.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from .call import Call, is_pointwise
from .paint import FIXED, Canvas, along, lift

PRODUCTS = {"mm", "bmm", "addmm", "baddbmm", "convolution", "embedding"}
NORMS = {
    "native_batch_norm",
    "_native_batch_norm_legit",
    "_native_batch_norm_legit_no_training",
    "_batch_norm_with_update",
    "_batch_norm_no_update",
    "native_group_norm",
    "native_layer_norm",
}
FACTORS = {"mul", "div", "_prelu_kernel", "_fused_rms_norm"}
SIDE_BY_SIDE = {"add", "sub", "cat", "stack"}
FILLS = {"masked_fill", "constant_pad_nd"}
ENTRY_BY_ENTRY = {"clone", "_to_copy", "detach", "alias", "gelu", "hardswish"}  # as others that PyTorch itself calls so
MOVES_AND_SUMS = """
    view _unsafe_view _reshape_alias reshape permute t transpose unsqueeze squeeze expand repeat slice flip roll unbind
    select index index_select split split_with_sizes unsafe_split unsafe_split_with_sizes pixel_shuffle pixel_unshuffle
    channel_shuffle mean sum cumsum amax amin linalg_vector_norm max_pool2d_with_indices avg_pool1d avg_pool2d
    _adaptive_avg_pool2d adaptive_max_pool2d upsample_nearest2d upsample_bilinear2d
"""
WITHIN_A_CHANNEL = set(MOVES_AND_SUMS.split())  # once: it is asked for every call of a painted run


def mark_zero(canvas: Canvas, call: Call, out: Tensor) -> None:
    """Remember along which channels a result is zero where they are masked; what was written into may be so no more.

    >>> import torch
    >>> from torch import nn
    >>> from pruning_lab.channels.run import painted_run
    >>> for between in (nn.ReLU(), nn.Sigmoid()):  # of 0, the one makes 0, the other 0.5
    ...     canvas, _ = painted_run(nn.Sequential(nn.Linear(3, 8), between, nn.RMSNorm(8)), torch.ones(1, 3))
    ...     print(len(canvas.scaled))
    1
    0
    """
    zero = [layer for layer in canvas.layers(out) if stays_zero(canvas, call, layer, partial(zero_along, canvas))]
    colours = torch.cat([torch.tensor([FIXED]), *(layer.reshape(-1) for layer in zero)])
    if any(out is tensor for tensor in call.tensors):
        _write_over(canvas, out, colours)
    if zero:
        canvas.zero[id(out)] = (out, colours)


def zero_along(canvas: Canvas, tensor: Tensor, layer: Tensor) -> bool:
    """Return whether a tensor, a weight or an activation, is zero where the channels of a layer of it are masked.

    A mask leaves buffers alone, and a number that is spread out has no place for a zero.
    """
    if canvas.is_weight(tensor):
        return int(layer.max()) < canvas.first_buffer
    return id(tensor) in canvas.zero and bool(torch.isin(layer, canvas.zero[id(tensor)][1]).all())


def _write_over(canvas, tensor, colours):
    """What shares its memory with this tensor is zero along these colours at most."""
    place = tensor.untyped_storage().data_ptr()
    for i, (other, known) in canvas.zero.items():
        if other.untyped_storage().data_ptr() == place:
            canvas.zero[i] = (other, known[torch.isin(known, colours)])


def stays_zero(canvas: Canvas, call: Call, layer: Tensor, is_zero: Callable[[Tensor, Tensor], bool]) -> bool:
    """Return whether a result is zero where the channels of a layer of it are masked; False if unknown.

    `is_zero` tells the same of an argument and a layer of its own.
    """
    x, name = call.args[0], call.name
    if name in PRODUCTS:
        return _product_stays_zero(canvas, call, layer)
    if name in NORMS:
        channel = layer.ndim - 1 if name == "native_layer_norm" else 1
        return along(layer) == {channel} and all(_is_masked(canvas, call[vector]) for vector in ("weight", "bias"))
    if len(call.tensors) == len(call.outputs) == 1 and (name in ENTRY_BY_ENTRY or is_pointwise(name)):
        return is_zero(x, layer) and not call.again(x.new_zeros([1] * x.ndim)).any()
    found = [[one for one in _lifted(canvas, call, t) if along(one[1]) & along(layer)] for t in call.tensors]
    zero = [
        any(along(lifted) == along(layer) and is_zero(t, own) for own, lifted in layers)
        for t, layers in zip(call.tensors, found, strict=True)
    ]
    stays = [not layers and _is_several(call, t, along(layer)) for t, layers in zip(call.tensors, found, strict=True)]
    if name in SIDE_BY_SIDE:
        return all(one or other for one, other in zip(zero, stays, strict=True))
    if name in FACTORS:
        return any(zero) if name == "mul" else zero[0]
    if name in FILLS:
        return not call["value"] and zero[0]
    return name in WITHIN_A_CHANNEL and is_zero(x, layer)


def _lifted(canvas, call, tensor):
    """Return (layer of an argument, the same at the shape of the result)."""
    ndim = call.outputs[0].ndim
    if call.name == "stack":
        return [(layer, layer.unsqueeze(call.dim(ndim=ndim))) for layer in canvas.layers(tensor)]
    return [(layer, layer.reshape(lift(layer.shape, ndim))) for layer in canvas.layers(tensor)]


def _is_several(call, tensor, dims):
    """Return whether an argument has several entries along axes where it has no channels: what meets it stays."""
    shape = lift(tensor.shape, call.outputs[0].ndim)
    return call.name in ("add", "sub") and all(shape[dim] > 1 for dim in dims)


def _product_stays_zero(canvas, call, layer):
    """A product with a weight is zero along the channels that the weight lets out, if its bias is a weight too."""
    weight = call["weight"] if call.name in ("convolution", "embedding") else call.tensors[-1]
    bias = call["bias"] if call.name == "convolution" else call["self"] if "add" in call.name else None
    channel = 1 if call.name == "convolution" else layer.ndim - 1
    masked = _is_masked(canvas, weight) and (bias is None or _is_masked(canvas, bias))
    return masked and along(layer) == {channel}


def _is_masked(canvas, tensor):
    """Return whether a tensor is a weight with channels that a mask makes zero, and with no others."""
    return (
        canvas.is_weight(tensor)
        and bool(layers := canvas.layers(tensor))
        and all(zero_along(canvas, tensor, layer) for layer in layers)
    )
