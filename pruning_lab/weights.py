"""What is a prunable weight? One answer for masks, counts, bytes and shrinking, with a reason for all that is left out.

A weight is what a layer multiplies with activations: linear, convolution, attention, recurrent layers, and every
parameter of two axes or more that a layer of one's own calls a weight. It can be pruned where it is a dense
floating-point parameter of its own: zeros written into a tensor that is computed from others would be overwritten.
"""

from collections.abc import Hashable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd
from torch.nn.parameter import is_lazy

from pruning_lab.checks import check_model
from pruning_lab.modes import in_mode

MULTIPLYING = (nn.Linear, nn.Bilinear, _ConvNd, nn.MultiheadAttention, nn.RNNBase, nn.RNNCellBase)
LOOKED_UP = (nn.Embedding, nn.EmbeddingBag)
NORMS = (nn.LayerNorm, nn.RMSNorm, nn.GroupNorm, _NormBase)
PACKED = ("_packed_params", "_all_weight_values", "_packed_weight_ih")  # where quantized layers hide their weights
FOLD = "torch.nn.utils.parametrize.remove_parametrizations"


class Weight(NamedTuple):
    """A parameter of a model, or a weight that is not one, and why it cannot be pruned.

    Attributes:
        name: as in `model.named_parameters()`; of a computed weight the name that the layer reads, such as "0.weight".
        layer: the module that holds it.
        shape: None where it is not known.
        parameter: None where the weight is not a parameter: computed, packed, or a constant.
        left_out: "" where it can be pruned, else the reason in a few words.
        multiplied: whether it is multiplied with activations, so that one would expect it to be pruned and counted. A
            tensor that goes by several names is multiplied under one of them only.
        shared_with: another name of the same tensor, where that is why it is left out; else "".
    """

    name: str
    layer: nn.Module
    shape: torch.Size | None
    parameter: nn.Parameter | None
    left_out: str
    multiplied: bool
    shared_with: str = ""


def find_weights(model: nn.Module) -> list[Weight]:
    """Return every parameter of a model, and every weight that is not a parameter, in the order of its layers.

    >>> class Tied(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.words, self.output = nn.Embedding(9, 4), nn.Linear(4, 9)
    ...         self.output.weight = self.words.weight
    >>> for weight in find_weights(nn.Sequential(Tied(), nn.utils.parametrizations.weight_norm(nn.Linear(9, 2)))):
    ...     print(weight.name, weight.multiplied, weight.left_out, sep=" | ")
    0.words.weight | False | an embedding, whose rows are looked up
    0.output.weight | True | the same tensor as '0.words.weight', an embedding
    0.output.bias | False | fewer than two axes, as biases and norms have
    1.bias | False | fewer than two axes, as biases and norms have
    1.weight | True | computed from other parameters (fold it with torch.nn.utils.parametrize.remove_parametrizations)
    1.parametrizations.weight.original0 | False | one of those that '1.weight' is computed from
    1.parametrizations.weight.original1 | False | one of those that '1.weight' is computed from
    """
    check_model(model)
    found = [weight for name, layer in model.named_modules(remove_duplicate=False) for weight in _held_by(name, layer)]
    return list(_each_tensor_once(_with_graphs(model, found)))


def cannot_be_zeroed(tensor: Tensor) -> str:
    """Return why zeros cannot be written into a tensor, in a few words; "" where they can.

    >>> cannot_be_zeroed(torch.empty(2, 2, device="meta"))
    'on the meta device, which holds a shape and no numbers'
    """
    if is_lazy(tensor):
        return "not initialised yet (a lazy layer: run the model once on example inputs)"
    if tensor.is_meta:
        return "on the meta device, which holds a shape and no numbers"
    if tensor.is_quantized or tensor.dtype in NO_ZERO:
        return f"quantized ({tensor.dtype}): prune before quantizing"
    if tensor.is_nested or tensor.layout != torch.strided:
        return f"in the layout {tensor.layout}, which stores no zeros (make it dense with .to_dense())"
    if tensor.is_inference() and not torch.is_inference_mode_enabled():
        return "made in inference mode, after which torch lets nobody change it (make a copy of its own with .clone())"
    if any(size > 1 and stride == 0 for size, stride in zip(tensor.shape, tensor.stride(), strict=True)):
        return "expanded, so that several entries are one number in memory (make a copy of its own with .clone())"
    return ""


# Two numbers in a byte; powers of two only; and what torch gives no arithmetic.
NO_ZERO = {getattr(torch, name) for name in ("float4_e2m1fn_x2", "float8_e8m0fnu") if hasattr(torch, name)}


def computed_names(layer: nn.Module) -> dict[str, str]:
    """Return the tensors of a layer that are computed from its parameters: the name it reads, and how to end that.

    >>> computed_names(nn.utils.parametrizations.spectral_norm(nn.Linear(3, 2)))
    {'weight': 'fold it with torch.nn.utils.parametrize.remove_parametrizations'}
    """
    computed = dict.fromkeys(getattr(layer, "parametrizations", {}), f"fold it with {FOLD}")
    held = {name for name, _ in layer.named_parameters(recurse=False, remove_duplicate=False)}
    for name in sorted(held):
        stem, _, last = name.rpartition("_")
        is_ours = "weight" in stem or stem == "bias"
        if is_ours and stem not in held and _is_read_as_tensor(layer, stem):
            remove = {"orig": "torch.nn.utils.prune.remove", "g": "torch.nn.utils.remove_weight_norm"}.get(last)
            remove = "torch.nn.utils.remove_spectral_norm" if hasattr(layer, f"{stem}_u") else remove
            computed.setdefault(stem, f"fold it with {remove}" if remove else "by its layer")
    return computed


def _is_read_as_tensor(layer, name):
    """Whether a name is what torch's older hooks write before each run, or a property of the layer's class."""
    return isinstance(vars(layer).get(name), Tensor) or isinstance(getattr(type(layer), name, None), property)


def _held_by(prefix, layer) -> Iterator[Weight]:
    """Yield what one layer holds itself, each with the first reason that keeps it from being pruned."""
    dot = f"{prefix}." if prefix else ""
    computed = computed_names(layer)
    for name, parameter in layer.named_parameters(recurse=False, remove_duplicate=False):
        shape = None if is_lazy(parameter) else parameter.shape
        if "parametrizations" in prefix.split("."):
            left_out, multiplied = f"one of those that {_target_of(prefix)!r} is computed from", False
        elif (stem := name.rpartition("_")[0]) in computed:
            left_out, multiplied = f"one of those that {dot + stem!r} is computed from", False
        else:
            left_out, multiplied = _why_not(name, parameter, layer)
        yield Weight(dot + name, layer, shape, parameter, left_out, multiplied)
    for name, how in computed.items():
        shape = _shape_of(layer, name)
        multiplied = _is_multiplied(name, shape, layer)
        yield Weight(dot + name, layer, shape, None, f"computed from other parameters ({how})", multiplied)
    yield from _not_parameters(dot, layer, computed)


def _target_of(prefix):
    """'0.parametrizations.weight.0' -> '0.weight'."""
    before, _, after = f".{prefix}.".partition(".parametrizations.")
    return f"{before}.{after.split('.')[0]}".strip(".")


def _why_not(name, parameter, layer):
    """Return why a parameter is not a prunable weight, or "", and whether it is multiplied with activations."""
    kind = _class_of(layer)
    if issubclass(kind, LOOKED_UP):
        return "an embedding, whose rows are looked up", False
    if issubclass(kind, NORMS):
        return "of a norm", False
    if "weight" in name and is_lazy(parameter):
        return cannot_be_zeroed(parameter), issubclass(kind, MULTIPLYING)
    if is_lazy(parameter) or parameter.ndim < 2:
        return "fewer than two axes, as biases and norms have", False
    if "weight" not in name:
        return "not called a weight by its layer", False
    if parameter.numel() == 0:
        return "without entries", False
    reason = cannot_be_zeroed(parameter)
    if not reason and not parameter.is_floating_point():
        reason = f"of {parameter.dtype}, which is not a real floating-point number"
    return reason, True


def _is_multiplied(name, shape, layer):
    kind = _class_of(layer)
    return "weight" in name and not issubclass(kind, LOOKED_UP + NORMS) and (shape is None or len(shape) >= 2)


def _class_of(layer):
    """Return a layer's class; of a scripted one, which only remembers a name, the class of torch.nn it was made of."""
    if not isinstance(layer, torch.jit.ScriptModule):
        return type(layer)
    known = getattr(nn, layer.original_name, None)
    return known if isinstance(known, type) else type(layer)


def _shape_of(layer, name):
    """Return the shape of a computed tensor. In evaluation mode: spectral_norm moves its state in training mode."""
    try:
        with in_mode(layer, training=False), torch.no_grad():
            return getattr(layer, name).shape
    except Exception:  # a layer of one's own that cannot compute it yet: the shape is not known
        return None


def _not_parameters(dot, layer, computed) -> Iterator[Weight]:
    """Yield the weights of layers that hold them as something else: packed, in a buffer, in a plain tensor."""
    kind = type(layer)
    packed = callable(getattr(kind, "weight", None)) or any(hasattr(layer, name) for name in PACKED)
    if packed and "quantized" in kind.__module__ and not kind.__name__.endswith("PackedParams"):
        yield Weight(f"{dot}weight", layer, None, None, f"packed by {kind.__name__}: prune before quantizing", True)
    elif issubclass(_class_of(layer), MULTIPLYING):
        plain = vars(layer) | dict(layer.named_buffers(recurse=False))
        for name in sorted({"weight", *getattr(layer, "_flat_weights_names", ())} & plain.keys() - computed.keys()):
            if isinstance(plain[name], Tensor) and plain[name].ndim >= 2:
                reason = "a buffer or plain tensor, not a parameter, which no optimizer trains"
                yield Weight(dot + name, layer, plain[name].shape, None, reason, True)


def _with_graphs(model, found) -> Iterator[Weight]:
    """Yield what was found, without the weights whose layers were dissolved into a graph: what reads them is lost."""
    graphs = [name for name, module in model.named_modules() if isinstance(module, torch.fx.GraphModule)]
    for weight in found:
        in_graph = any(weight.name.startswith(f"{name}." if name else "") for name in graphs)
        dissolved = in_graph and (type(weight.layer) is nn.Module or isinstance(weight.layer, torch.fx.GraphModule))
        scripted = isinstance(weight.layer, torch.jit.ScriptModule) and not hasattr(nn, weight.layer.original_name)
        if (dissolved or scripted) and not weight.left_out:
            what = "a scripted layer" if scripted else "an exported model"
            weight = weight._replace(left_out=f"of {what}, which may only look it up (find masks before that)")
        yield weight
    if isinstance(model, torch.jit.ScriptModule) and not any(True for _ in model.parameters()):
        graph = model.inlined_graph  # kept by name: its nodes go with it
        constants = [node.output() for node in graph.nodes() if node.kind() == "prim::Constant"]
        if any(constant.type().kind() == "TensorType" for constant in constants):
            yield Weight("model", model, None, None, "scripted and frozen: its weights are constants of its code", True)


def _each_tensor_once(found) -> Iterator[Weight]:
    """Yield what was found; a tensor met again, under another name or as another parameter, is left out as shared.

    A tensor that a lookup reads as well is prunable under none of its names, whichever comes first.
    """
    found = list(found)
    first: dict[Hashable, str] = {}
    looked_up: dict[Hashable, Weight] = {}
    counted: set[Hashable] = set()
    for weight in found:
        if weight.parameter is not None and issubclass(_class_of(weight.layer), LOOKED_UP + NORMS):
            looked_up.setdefault(memory_of(weight.parameter), weight)
    for weight in found:
        if weight.parameter is None:
            key = id(weight.layer), weight.name.rpartition(".")[2]
        else:
            key = memory_of(weight.parameter)
        reader = looked_up.get(key)
        if reader is not None and reader.name != weight.name and not weight.left_out:
            what = reader.left_out.partition(",")[0]
            weight = weight._replace(left_out=f"the same tensor as {reader.name!r}, {what}", shared_with=reader.name)
        elif key in first:
            weight = weight._replace(
                left_out=f"the same tensor as {first[key]!r}", shared_with=first[key], multiplied=False
            )
        weight = weight._replace(multiplied=weight.multiplied and key not in counted)
        first.setdefault(key, weight.name)
        counted |= {key} if weight.multiplied else set()
        yield weight


def memory_of(parameter):
    """Return what two parameters have in common when they are one: the object itself, or the same numbers in memory.

    A weight tied through a view, `nn.Parameter(other.weight.data.T)`, is the same numbers under another shape.
    """
    if is_lazy(parameter) or cannot_be_zeroed(parameter) or not parameter.numel():
        return id(parameter)
    return parameter.device, parameter.data_ptr(), parameter.numel()
