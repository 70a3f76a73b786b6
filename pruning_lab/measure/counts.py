"""What a network costs without a clock: weights, bytes, and multiply-accumulates counted from a run."""

from collections.abc import Mapping
from contextlib import contextmanager
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode

from pruning_lab.modes import in_mode


class HasBytes(Protocol):
    """What knows how many bytes it takes: a format, a NumPy array, a tensor."""

    @property
    def nbytes(self) -> int:
        """Bytes taken."""


def count_weights(model: nn.Module) -> int:
    """Return the number of weight entries in linear, convolution and attention layers.

    Biases, normalisation and embeddings are not counted, and zeros are: a masked model has as many weights as before.
    A layer that is used twice counts once. This is the count behind Li et al.'s tables.

    Args:
        model: nn.Module.

    Returns:
        int, a number of entries, not of bytes.

    Raises:
        TypeError: `model` is not an nn.Module.

    Source: Li et al. 2016, "Pruning Filters for Efficient ConvNets" (arXiv 1608.08710), tables 1 and 2.

    >>> count_weights(nn.Sequential(nn.Linear(784, 300), nn.ReLU(), nn.Linear(300, 10)))
    238200
    """
    _check_module(model)
    weights = {id(weight): weight.numel() for layer in model.modules() for weight in _weights_of(layer)}
    return sum(weights.values())


def _weights_of(layer):
    if isinstance(layer, nn.Linear | nn.modules.conv._ConvNd):
        return [layer.weight]
    if isinstance(layer, nn.MultiheadAttention):  # its output projection is an nn.Linear, which is counted as one
        packed_or_not = (layer.in_proj_weight, layer.q_proj_weight, layer.k_proj_weight, layer.v_proj_weight)
        return [weight for weight in packed_or_not if weight is not None]
    return []


def stored_bytes(model_or_formats: nn.Module | HasBytes | list | tuple | Mapping) -> int:
    """Return the bytes of a model's parameters and buffers, or of arrays in any format.

    Args:
        model_or_formats: nn.Module; or whatever has `.nbytes` (a format, an array, a tensor); or a list, tuple or dict
            of those.

    Returns:
        int, in bytes. What a model shares with itself is counted once.

    Raises:
        TypeError: something without `.nbytes`.

    >>> stored_bytes(nn.Linear(784, 300))  # 784 * 300 weights and 300 biases, 4 bytes each
    942000
    >>> stored_bytes({"values": torch.zeros(10), "columns": torch.zeros(10, dtype=torch.int16)})
    60
    """
    if isinstance(model_or_formats, nn.Module):
        return sum(tensor.nbytes for tensor in [*model_or_formats.parameters(), *model_or_formats.buffers()])
    if isinstance(model_or_formats, Mapping):
        return sum(stored_bytes(part) for part in model_or_formats.values())
    if isinstance(model_or_formats, list | tuple):
        return sum(stored_bytes(part) for part in model_or_formats)
    if not hasattr(model_or_formats, "nbytes"):
        kind = type(model_or_formats).__name__
        raise TypeError(f"model_or_formats must be an nn.Module or hold things with .nbytes; got {kind}")
    return int(model_or_formats.nbytes)


def _check_module(model):
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be an nn.Module; got {type(model).__name__}")


def macs(model: nn.Module, example_inputs: Tensor | tuple) -> int:
    """Return the multiply-accumulates of one run of a model in evaluation mode, counted from the products it executes.

    Linear, convolution, attention, `F.linear` and `@` count, each as often as it runs; biases, normalisation,
    activations and elementwise products do not, and neither does a kernel that torch knows nothing about. Masked zeros
    count as well: the dense kernel multiplies them. FLOPs are twice this number.

    Args:
        model: nn.Module; its training flags, buffers and parameters are left as they were.
        example_inputs: a Tensor, or a tuple of positional arguments. A batch of 1 gives the cost of one example.

    Returns:
        int, for the whole batch.

    Raises:
        TypeError: `model` is not an nn.Module. ValueError: it runs a fused recurrent layer, which hides its products
            (in float64 torch does not fuse them).

    >>> macs(nn.Linear(784, 300), torch.zeros(1, 784))
    235200
    >>> macs(nn.Conv2d(8, 16, 3, padding=1, groups=2), torch.zeros(1, 8, 32, 32))  # 16 x 32 x 32 sums over 4 x 3 x 3
    589824
    """
    _check_module(model)
    inputs = example_inputs if isinstance(example_inputs, tuple) else (example_inputs,)
    buffers = {name: buffer.clone() for name, buffer in model.named_buffers()}  # a run may write to these instead
    with torch.no_grad(), in_mode(model, training=False), _unfused_attention(), _MacCounter() as counter:
        torch.func.functional_call(model, buffers, inputs)
    return counter.macs


@contextmanager
def _unfused_attention():
    """Run attention as plain products, which can be counted, instead of one fused kernel."""
    was_enabled = torch.backends.mha.get_fastpath_enabled()
    try:
        torch.backends.mha.set_fastpath_enabled(False)
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(was_enabled)


class _MacCounter(TorchDispatchMode):
    """Sees every operation that reaches torch's kernels, and adds up those in `_PRODUCTS`."""

    def __init__(self):
        super().__init__()
        self.macs = 0

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        name = operation.overloadpacket.__name__
        if name in _HIDDEN_PRODUCTS:
            raise ValueError(f"model must run products that can be counted; got the fused operation {name}")
        if name not in _PRODUCTS:
            with self:  # an operation made of others (a model in inference_mode hands over F.linear whole)
                parts = operation.decompose(*args, **(kwargs or {}))
            if parts is not NotImplemented:
                return parts
        result = operation(*args, **(kwargs or {}))
        self.macs += _PRODUCTS[name](args, result) if name in _PRODUCTS else 0
        return result


def _sum_over_last_axis_of(position):
    """A matrix product: each entry of the result sums over the last axis of the argument at `position`."""
    return lambda args, result: result.numel() * args[position].shape[-1]


def _convolution(args, result):
    """Each entry of the result (of the input, where transposed) meets one filter: weight is (out, in / groups, ...)."""
    images, weight, transposed = args[0], args[1], args[6]
    return (images if transposed else result).numel() * weight[0].numel()


_PRODUCTS = {name: _sum_over_last_axis_of(0) for name in ("mm", "bmm", "mv", "dot")}
_PRODUCTS |= {name: _sum_over_last_axis_of(1) for name in ("addmm", "baddbmm", "addmv")}  # after what is added
_PRODUCTS["convolution"] = _convolution
_HIDDEN_PRODUCTS = {"mkldnn_rnn_layer", "_cudnn_rnn", "miopen_rnn", "_trilinear"}
