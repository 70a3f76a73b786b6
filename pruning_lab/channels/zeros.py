"""Which results are zero wherever the weights that made them are: sums and squares over those do not miss what goes.

A mask puts zeros into the rows of a weight and its bias. What comes out is zero then, and stays so through a ReLU, a
sum with other zeros, a norm's scale; not through a sigmoid, nor where a constant is added.
"""

from collections.abc import Callable

from torch import Tensor

from .call import Call, is_pointwise
from .paint import Canvas, along, lift

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
FILLS = {"masked_fill", "constant_pad_nd"}
ENTRY_BY_ENTRY = {"clone", "_to_copy", "detach", "alias", "gelu", "hardswish"}  # as others that PyTorch itself calls so
WITHIN_A_CHANNEL = """
    view _unsafe_view _reshape_alias reshape permute t transpose unsqueeze squeeze expand repeat slice flip roll unbind
    select index index_select split split_with_sizes unsafe_split unsafe_split_with_sizes pixel_shuffle pixel_unshuffle
    channel_shuffle mean sum cumsum amax amin linalg_vector_norm max_pool2d_with_indices avg_pool1d avg_pool2d
    _adaptive_avg_pool2d adaptive_max_pool2d masked_fill constant_pad_nd
    upsample_nearest2d upsample_bilinear2d
"""


def mark_zero(canvas: Canvas, call: Call, out: Tensor) -> None:
    """Remember whether a result is zero wherever its channels are masked; what was written into may be so no more.

    >>> import torch
    >>> from torch import nn
    >>> from pruning_lab.channels.run import painted_run
    >>> for between in (nn.ReLU(), nn.Sigmoid()):  # of 0, the one makes 0, the other 0.5
    ...     canvas, _ = painted_run(nn.Sequential(nn.Linear(3, 8), between, nn.RMSNorm(8)), torch.ones(1, 3))
    ...     print(len(canvas.scaled))
    1
    0
    """
    layers = canvas.layers(out)
    if layers and stays_zero(canvas, call, layers):
        canvas.zero[id(out)] = out
    elif any(out is tensor for tensor in call.tensors):
        canvas.written_over(out)
        canvas.zero.pop(id(out), None)


def stays_zero(canvas: Canvas, call: Call, layers: list[Tensor], is_zero: Callable | None = None) -> bool:
    """Return whether a result with these layers is zero wherever its channels are masked; False if unknown.

    With another `is_zero` than the canvas's: whether it is zero wherever those arguments are that `is_zero` says are.
    """
    x, name, is_zero = call.args[0], call.name, is_zero or canvas.is_zero
    if name in PRODUCTS:
        return _product_stays_zero(canvas, call, layers)
    if name in NORMS:
        return all(_is_masked(canvas, call[vector]) for vector in ("weight", "bias"))
    if len(call.tensors) == len(call.outputs) == 1 and (name in ENTRY_BY_ENTRY or is_pointwise(name)):
        return is_zero(x) and not call.again(x.new_zeros([1] * x.ndim)).any()
    if name in ("cat", "stack"):
        return all(map(is_zero, call.tensors))
    if name in ("add", "sub"):
        return all(is_zero(t) and _spans(canvas, call, t, layers) for t in call.tensors)
    if name in FACTORS:
        factors = call.tensors if name == "mul" else call.tensors[:1]
        zero = {along(lifted) for t in factors if is_zero(t) for lifted in _lifted(canvas, call, t)}
        return all(along(layer) in zero for layer in layers)
    if name in FILLS and (call["value"] or not _spans(canvas, call, x, layers)):
        return False
    if name == "expand" and any(int(layer.max()) >= canvas.first_spread for layer in layers):
        return False  # one number is zero for all of its copies or for none
    return name in WITHIN_A_CHANNEL.split() and is_zero(x)


def _spans(canvas, call, tensor, layers):
    """Return whether a summand has channels wherever the sum has: one number for all of them is zero for none.

    Where it has several entries but no channels, what it is added to stays.
    """
    mine, shape = [along(layer) for layer in _lifted(canvas, call, tensor)], lift(tensor.shape, call.outputs[0].ndim)
    stays = {dim for dim, size in enumerate(shape) if size > 1}.difference(*mine)
    return all(along(layer) in mine or along(layer) <= stays for layer in layers)


def _lifted(canvas, call, tensor):
    """Return the layers of a tensor at the shape of the result."""
    return [layer.reshape(lift(layer.shape, call.outputs[0].ndim)) for layer in canvas.layers(tensor)]


def _product_stays_zero(canvas, call, layers):
    """A product with a weight is zero along the channels that the weight lets out, if its bias is a weight too."""
    weight = call["weight"] if call.name in ("convolution", "embedding") else call.tensors[-1]
    bias = call["bias"] if call.name == "convolution" else call["self"] if "add" in call.name else None
    channel = 1 if call.name == "convolution" else layers[0].ndim - 1
    masked = _is_masked(canvas, weight) and (bias is None or _is_masked(canvas, bias))
    return masked and all(along(layer) == {channel} for layer in layers)


def _is_masked(canvas, tensor):
    """Return whether a tensor is a weight with channels that a mask makes zero."""
    return bool(canvas.layers(tensor)) and canvas.is_weight(tensor) and canvas.is_zero(tensor)
