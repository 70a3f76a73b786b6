"""What a network costs without a clock or a run: weights, and the bytes that they and everything else take."""

import io
import zipfile
from collections.abc import Iterator, Mapping
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.utils._python_dispatch import is_traceable_wrapper_subclass

from pruning_lab.checks import check_initialised
from pruning_lab.weights import MULTIPLYING, find_weights


class HasBytes(Protocol):
    """What knows how many bytes it takes: a format, a NumPy array, a tensor."""

    @property
    def nbytes(self) -> int:
        """Bytes taken."""


def count_weights(model: nn.Module) -> int:
    """Return the number of weight entries in linear, convolution, attention and recurrent layers.

    Biases, normalisation and embeddings are not counted, and zeros are: a masked model has as many weights as before.
    A layer that is used twice counts once, and a weight that is computed from others (weight_norm) as what is
    multiplied. This is the count behind Li et al.'s tables.

    Args:
        model: nn.Module.

    Returns:
        int, a number of entries, not of bytes.

    Raises:
        TypeError: `model` is not an nn.Module.
        ValueError: it holds weights whose number cannot be told: quantized, lazy, or dissolved into a graph.

    Source: Li et al. 2016, "Pruning Filters for Efficient ConvNets" (arXiv 1608.08710), tables 1 and 2.

    >>> count_weights(nn.Sequential(nn.Linear(784, 300), nn.ReLU(), nn.Linear(300, 10)))
    238200
    """
    total, weights = 0, find_weights(model)
    for name, layer in model.named_modules():
        if _hides_weights(layer) and not any(weight.name.startswith(f"{name}.".lstrip(".")) for weight in weights):
            raise ValueError(f"model must hold weights that can be counted; got {name!r}, a scripted layer without any")
    for weight in weights:
        if weight.multiplied:
            if weight.shape is None or "look it up" in weight.left_out:
                raise ValueError(f"model must hold weights that can be counted; got {weight.name!r}, {weight.left_out}")
            total += weight.shape.numel()
    return total


def _hides_weights(layer):
    """Whether a layer is scripted from one that multiplies, such as a quantized one with packed weights."""
    kind = getattr(nn, layer.original_name, None) if isinstance(layer, torch.jit.ScriptModule) else None
    return isinstance(kind, type) and issubclass(kind, MULTIPLYING)


def stored_bytes(model_or_formats: nn.Module | HasBytes | list | tuple | Mapping) -> int:
    """Return the bytes of a model's parameters and buffers, or of arrays in any format.

    What is there counts: of a sparse tensor its values and indices, of a quantized layer its packed weights, of an
    expanded tensor the numbers in memory. A tensor on the meta device counts as if it were there.

    Args:
        model_or_formats: nn.Module; or whatever has `.nbytes` (a format, an array, a tensor); or a list, tuple or dict
            of those.

    Returns:
        int, in bytes. What a model shares with itself is counted once.

    Raises:
        TypeError: something without `.nbytes`, or a tensor that does not say what it consists of.
        ValueError: a model with lazy layers that never ran.

    >>> stored_bytes(nn.Linear(784, 300))  # 784 * 300 weights and 300 biases, 4 bytes each
    942000
    >>> stored_bytes({"values": torch.zeros(10), "columns": torch.zeros(10, dtype=torch.int16)})
    60
    """
    if isinstance(model_or_formats, nn.Module):
        return _model_bytes(model_or_formats)
    if isinstance(model_or_formats, Mapping):
        return sum(stored_bytes(part) for part in model_or_formats.values())
    if isinstance(model_or_formats, list | tuple):
        return sum(stored_bytes(part) for part in model_or_formats)
    if isinstance(model_or_formats, Tensor):
        return _tensor_bytes(check_initialised(model_or_formats, "model_or_formats"))
    if isinstance(model_or_formats, np.ndarray):
        unit = model_or_formats.itemsize
        return _distinct(model_or_formats.shape, model_or_formats.strides, unit) * unit
    if not hasattr(model_or_formats, "nbytes"):
        kind = type(model_or_formats).__name__
        raise TypeError(f"model_or_formats must be an nn.Module or hold things with .nbytes; got {kind}")
    return int(model_or_formats.nbytes)


def _model_bytes(model):
    if isinstance(model, torch.jit.ScriptModule):
        return _scripted_bytes(model)
    views: dict[object, dict[object, Tensor]] = {}  # of one block of memory each
    for name, tensor in _tensors_of(model):
        if is_lazy(tensor):
            raise ValueError(f"model must have run once, so that its lazy layers have weights; got lazy {name}")
        block, view = _memory(tensor)
        views.setdefault(block, {}).setdefault(view, tensor)
    scripted = {id(module): module for module in model.modules() if isinstance(module, torch.jit.ScriptModule)}
    return sum(_bytes_together([*same.values()]) for same in views.values()) + sum(
        map(_scripted_bytes, _outermost(scripted))
    )


def _outermost(scripted):
    inside = {id(part) for module in scripted.values() for part in module.modules() if part is not module}
    return [module for key, module in scripted.items() if key not in inside]


def _tensors_of(model) -> Iterator[tuple[str, Tensor]]:
    """Yield names and tensors: parameters, buffers, and what layers keep elsewhere and save (packed weights)."""
    for prefix, module in model.named_modules():
        if not isinstance(module, torch.jit.ScriptModule):
            own = [*module.named_parameters(prefix, recurse=False), *module.named_buffers(prefix, recurse=False)]
            yield from own
            if "quantized" in type(module).__module__:
                saved: dict[str, object] = {}
                module._save_to_state_dict(saved, "", True)
                yield from ((prefix, tensor) for tensor in _leaves(saved))


def _leaves(value) -> Iterator[Tensor]:
    """Yield the tensors within dicts, tuples, lists and torch's packed objects."""
    if isinstance(value, Tensor):
        if value.ndim:  # a scale or a zero point is one number of its layer
            yield value
    elif isinstance(value, torch.ScriptObject):
        yield from _leaves(value.__getstate__())
    elif isinstance(value, Mapping):
        yield from (tensor for part in value.values() for tensor in _leaves(part))
    elif isinstance(value, list | tuple):
        yield from (tensor for part in value for tensor in _leaves(part))


def _scripted_bytes(module):
    """Return the bytes of the tensors in a scripted module, wherever its code keeps them: as saving it writes them."""
    file = io.BytesIO()
    torch.jit.save(module, file)
    with zipfile.ZipFile(file) as archive:
        entries = [(entry.filename.split("/"), entry.file_size) for entry in archive.infolist()]
    return sum(size for (*_, folder, name), size in entries if folder in ("data", "constants") and name.isdigit())


def _memory(tensor):
    """Return the block of memory that a tensor is a view of, and which view; of what is no such view, the object."""
    is_view = tensor.layout == torch.strided and not (tensor.is_meta or tensor.is_quantized or tensor.is_nested)
    if not is_view or _has_own_operations(tensor):
        return id(tensor), None
    view = tensor.storage_offset(), tensor.dtype, tensor.shape, tensor.stride()
    return (tensor.device, tensor.untyped_storage().data_ptr()), view


def _bytes_together(views):
    """Return the bytes of several views of one block of memory, such as a weight and its transpose: each byte once."""
    if len(views) == 1:
        return _tensor_bytes(views[0])
    block = max(view.untyped_storage().nbytes() for view in views)
    marks = torch.zeros(block, dtype=torch.uint8, device="cpu")
    for view in views:
        unit = view.element_size()
        axes = [(size, stride * unit) for size, stride in zip(view.shape, view.stride(), strict=True) if stride]
        sizes, strides = zip(*axes, (unit, 1), strict=True)
        marks.as_strided(sizes, strides, view.storage_offset() * unit).fill_(1)
    return int(marks.count_nonzero())


def _tensor_bytes(tensor):
    if parts := _parts(tensor):
        return sum(map(_tensor_bytes, parts))
    scales = 0
    if tensor.is_quantized and tensor.qscheme() in (torch.per_channel_affine, torch.per_channel_affine_float_qparams):
        scales = tensor.q_per_channel_scales().nbytes + tensor.q_per_channel_zero_points().nbytes
    return _distinct(tensor.shape, tensor.stride()) * tensor.element_size() + scales


def _parts(tensor) -> list[Tensor]:
    """Return the tensors that a sparse, nested or wrapping tensor consists of; none where it is one block of memory."""
    if is_traceable_wrapper_subclass(tensor):
        return [getattr(tensor, name) for name in tensor.__tensor_flatten__()[0]]
    if tensor.layout == torch.sparse_coo:
        return [tensor._indices(), tensor._values()]
    if tensor.layout in (torch.sparse_csr, torch.sparse_bsr):
        return [tensor.crow_indices(), tensor.col_indices(), tensor.values()]
    if tensor.layout in (torch.sparse_csc, torch.sparse_bsc):
        return [tensor.ccol_indices(), tensor.row_indices(), tensor.values()]
    if tensor.is_nested:
        return list(tensor.unbind())
    if _has_own_operations(tensor):
        raise TypeError(
            f"model_or_formats must hold tensors that say what they consist of; got {type(tensor).__name__}"
        )
    return [tensor.to_dense()] if tensor.is_mkldnn else []


def _has_own_operations(tensor):
    return type(tensor).__torch_dispatch__ is not torch._C._disabled_torch_dispatch_impl


def _distinct(shape, strides, unit=1):
    """Return how many numbers of an array are in memory: along an axis of stride 0 all entries are one.

    Windows that overlap hold no more numbers than fit between the first and the last.
    """
    sizes = [0 if size == 0 else size if stride else 1 for size, stride in zip(shape, strides, strict=True)]
    span = 1 + sum((size - 1) * abs(stride) for size, stride in zip(sizes, strides, strict=True)) // max(unit, 1)
    return min(int(np.prod(sizes, dtype=object)), span)
