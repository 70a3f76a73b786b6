"""The layers that can be pruned, and the product that each of them is."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd

from pruning_lab.weights import find_weights

from .arguments import weights_of
from .watching import Seen


class Layer(NamedTuple):
    """A weight that can be pruned.

    Attributes:
        name: of the layer; of the parameter where a layer has several weights.
        module: the name of the module that holds it.
        parameter: its name in `model.named_parameters()`.
        kind: the class of the layer.
        weight: the parameter itself, of the copy that is audited.
    """

    name: str
    module: str
    parameter: str
    kind: str
    weight: Tensor

    @property
    def matrix(self) -> Tensor:
        """The weight as it is stored in the formats: (first axis, all others)."""
        return self.weight.detach().reshape(self.weight.shape[0], -1)


def layers_of(model: nn.Module) -> list[Layer]:
    """Return the layers of a model that can be pruned, in its own order.

    >>> [layer.name for layer in layers_of(nn.Sequential(nn.Linear(4, 2), nn.LSTM(2, 1)))]
    ['0', '1.weight_ih_l0', '1.weight_hh_l0']
    """
    weights, modules = weights_of(model), dict(model.named_modules())
    homes = [name.rpartition(".")[0] for name in weights]
    layers = []
    for (parameter, weight), module in zip(weights.items(), homes, strict=True):
        name = module if module and homes.count(module) == 1 else parameter
        layers.append(Layer(name, module, parameter, type(modules[module]).__name__, weight))
    return layers


def left_out_of(model: nn.Module) -> list[str]:
    """Return a line for each weight that is multiplied and cannot be pruned.

    >>> left_out_of(nn.utils.parametrizations.weight_norm(nn.Linear(2, 2)))[0][:38]
    "'weight': computed from other paramete"
    """
    return [
        f"{weight.name!r}: {weight.left_out}" for weight in find_weights(model) if weight.left_out and weight.multiplied
    ]


class Work(NamedTuple):
    """The product of a layer: weight (out, in) by `columns` vectors.

    Attributes:
        matrix: the weight as it is multiplied.
        columns: how many vectors it is multiplied by, at the example's batch.
        convolution: the layer, where it is a convolution, which torch has faster ways for than its matrix product.
        given: the shape of the layer's input.
    """

    matrix: Tensor
    columns: int
    convolution: nn.Module | None = None
    given: tuple[int, ...] = ()


def work_of(module: nn.Module, layer: Layer, seen: Seen | None) -> Work | str:
    """Return a layer's product as it ran on the example; or why there is none to time, in a few words.

    >>> conv = nn.Conv2d(8, 16, 3)
    >>> work_of(conv, Layer("conv", "conv", "conv.weight", "Conv2d", conv.weight), Seen((2, 8, 6, 6), (2, 16, 4, 4)))[1]
    32
    """
    weight = layer.weight.detach()
    if seen is None or seen.given is None or seen.returned is None:
        return "its module was never called with a tensor in this run, so it has no product of its own to time"
    given, returned = int(np.prod(seen.given)), int(np.prod(seen.returned))
    if isinstance(module, _ConvNd):
        if module.groups > 1:
            return f"it multiplies in {module.groups} groups, each a small product that no sparse kernel here takes"
        flat = weight.reshape(weight.shape[0], -1)
        if isinstance(module, _ConvTransposeNd):
            return Work(flat.T, given // weight.shape[0], module, seen.given)
        return Work(flat, returned // weight.shape[0], module, seen.given)
    if layer.parameter.endswith("in_proj_weight"):
        return Work(weight, given // weight.shape[1])
    ends = (returned and seen.returned[-1], given and seen.given[-1])
    if weight.ndim == 2 and tuple(weight.shape) == ends:
        return Work(weight, given // ends[1])
    if weight.ndim == 2 and tuple(weight.shape[::-1]) == ends:  # as GPT-2 of transformers keeps it
        return Work(weight.T, given // ends[1])
    return f"no rule says how the layer, of class {layer.kind}, multiplies by it"


def sample(work: Work, scale: float) -> Tensor:
    """Return an input of a convolution, with `scale` times the example's batch."""
    batch = max(1, round(work.given[0] * scale))
    return torch.randn(batch, *work.given[1:], dtype=work.matrix.dtype, device=work.matrix.device)
