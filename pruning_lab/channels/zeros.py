"""Which results are zero wherever the weights that made them are: sums and squares over those do not miss what goes.

A mask puts zeros into the rows of a weight and its bias. What comes out is zero then, and stays so through a ReLU, a
sum with other zeros, a norm's scale; not through a sigmoid, nor where a constant is added.
"""

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
SIDE_BY_SIDE = {"add", "sub", "cat", "stack"}
ENTRY_BY_ENTRY = {"clone", "_to_copy", "detach", "alias", "gelu", "hardswish"}  # as others that PyTorch itself calls so
WITHIN_A_CHANNEL = """
    view _unsafe_view _reshape_alias reshape permute t transpose unsqueeze squeeze slice flip roll unbind select split
    split_with_sizes unsafe_split unsafe_split_with_sizes pixel_shuffle pixel_unshuffle channel_shuffle mean sum
    linalg_vector_norm max_pool2d_with_indices avg_pool1d avg_pool2d _adaptive_avg_pool2d adaptive_max_pool2d
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
        canvas.zero.add(id(out))
    else:
        canvas.zero -= {id(out), id(out._base)}


def stays_zero(canvas: Canvas, call: Call, layers: list[Tensor]) -> bool:
    """Return whether a result with these layers is zero wherever its channels are masked; False if unknown."""
    x, name = call.args[0], call.name
    if name in PRODUCTS:
        return _product_stays_zero(canvas, call, layers)
    if name in NORMS:
        return all(canvas.is_weight(call[vector]) for vector in ("weight", "bias"))
    if len(call.tensors) == len(call.outputs) == 1 and (name in ENTRY_BY_ENTRY or is_pointwise(name)):
        return canvas.is_zero(x) and not call.again(x.new_zeros([1] * x.ndim)).any()
    if name in SIDE_BY_SIDE:
        return all(map(canvas.is_zero, call.tensors))
    if name in FACTORS:
        factors = call.tensors if name == "mul" else call.tensors[:1]
        zero = {along(lifted) for t in factors if canvas.is_zero(t) for lifted in _lifted(canvas, call, t)}
        return all(along(layer) in zero for layer in layers)
    return name in WITHIN_A_CHANNEL.split() and canvas.is_zero(x)


def _lifted(canvas, call, tensor):
    """Return the layers of a factor at the shape of the result."""
    return [layer.reshape(lift(layer.shape, call.outputs[0].ndim)) for layer in canvas.layers(tensor)]


def _product_stays_zero(canvas, call, layers):
    """A product with a weight is zero along the channels that the weight lets out, if its bias is a weight too."""
    weight = call["weight"] if call.name in ("convolution", "embedding") else call.tensors[-1]
    bias = call["bias"] if call.name == "convolution" else call["self"] if "add" in call.name else weight
    channel = 1 if call.name == "convolution" else layers[0].ndim - 1
    weighted = canvas.is_weight(weight) and (bias is None or canvas.is_weight(bias))
    return weighted and all(along(layer) == {channel} for layer in layers)
