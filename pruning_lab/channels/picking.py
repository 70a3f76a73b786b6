"""Rules of what reduces, picks, pads, and of what has no rule."""

import torch
from torch import Tensor

from .call import Call, aten
from .paint import FIXED, Canvas, along, no_channel, thin
from .zeros import zero_along


def reduce(canvas: Canvas, call: Call) -> None:
    """Means, maxima, softmax: a number made from several channels ties them to each other.

    Where what goes is zero, a sum and a norm stay what they are, and a mean is put right by a factor.

    >>> import torch
    >>> from torch import nn
    >>> from pruning_lab.channels import channel_groups
    >>> network = nn.Sequential(nn.Linear(3, 8), nn.Softmax(dim=1), nn.Linear(8, 2))
    >>> [group.size for group in channel_groups(network, torch.ones(1, 3))]
    []
    >>> class Share(nn.Module):
    ...     def forward(self, x):
    ...         return x / (1 + x.sum(dim=1, keepdim=True))
    >>> network = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), Share(), nn.Linear(8, 2))
    >>> [group.size for group in channel_groups(network, torch.ones(1, 3))]
    [8]
    """
    x, dims = call["self"], call["dim"]
    dims = range(x.ndim) if dims is None or dims == [] else [dims] if isinstance(dims, int) else dims
    dims = {dim % x.ndim for dim in dims} if x.ndim else set()
    merged = [_blended(canvas, call, layer, dims) for layer in canvas.layers(x)]
    for out in call.outputs:
        if out.shape == x.shape:
            canvas.put(out, canvas.layers(x))
        elif out.ndim == x.ndim:
            canvas.put(out, merged)
        else:
            left = [[size for d, size in enumerate(layer.shape) if d not in dims] for layer in merged]
            canvas.put(out, [layer.reshape(shape) for layer, shape in zip(merged, left, strict=True)])


def _blended(canvas, call, layer, dims):
    """Return what is left of a layer when its tensor is reduced along `dims`."""
    zeros = zero_along(canvas, call["self"], layer)
    if call.name == "mean":
        return canvas.average(layer, dims, of_zeros=zeros)
    if zeros and along(layer) == dims and (call.name == "sum" or (call.name == NORM and call["ord"] > 0)):
        return no_channel(layer)
    return canvas.merge(layer, dims)


NORM = "linalg_vector_norm"


def spatial(canvas: Canvas, call: Call) -> None:
    """Pooling and resizing act within a channel.

    >>> import torch
    >>> from torch import nn
    >>> from pruning_lab.channels import channel_groups
    >>> network = nn.Sequential(nn.Conv2d(3, 8, 1), nn.MaxPool2d(2), nn.Conv2d(8, 2, 1))
    >>> [group.size for group in channel_groups(network, torch.ones(1, 3, 4, 4))]
    [8]
    """
    x = call.args[0]
    count = next((n for n in (1, 3) if f"{n}d" in call.name), 2)
    merged = [canvas.merge(layer, range(x.ndim - count, x.ndim)) for layer in canvas.layers(x)]
    for out in call.outputs:
        canvas.put(out, merged)


def windows(canvas: Canvas, call: Call) -> None:
    """Unfold: each channel becomes as many rows as its window has places. Fold: the other way."""
    x, places = call["self"], call["kernel_size"][0] * call["kernel_size"][1]
    dim = x.ndim - (3 if call.name == "im2col" else 2)
    layers = []
    for layer in canvas.layers(x):
        layer = canvas.merge(layer, range(dim + 1, x.ndim))
        if call.name == "im2col":
            layers.append(layer.squeeze(-1).repeat_interleave(places if dim in along(layer) else 1, dim))
        elif dim in along(layer):
            layers.append(canvas.merge(layer.unflatten(dim, (-1, places)), [dim + 1]))
        else:
            layers.append(layer.unsqueeze(-1))
    canvas.put(call.output, layers)


def pick(canvas: Canvas, call: Call) -> None:
    """Indices held in a tensor: what they count over stays, from the front or from the end; the rest travels.

    An index that was computed from data may be any: the whole axis stays.

    >>> import torch
    >>> from torch import nn
    >>> from pruning_lab.channels import channel_groups
    >>> class Last(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.a, self.out = nn.Linear(3, 8), nn.Linear(8, 2)
    ...     def forward(self, x):
    ...         h = self.a(x)
    ...         return self.out(h) * h[:, [-2]]
    >>> network = Last()
    >>> [group.size for group in channel_groups(network, torch.ones(1, 3))]
    [6]
    """
    x, indexed = call["self"], _indexed(call)
    index = next(iter(indexed.values()))
    numbers = len(indexed) == 1 and index.numel() and index.dtype != torch.bool and canvas.get(index) is None
    travelling = []
    for layer in canvas.layers(x):
        if numbers and along(layer) & indexed.keys():
            [dim] = indexed
            canvas.note("fixed", layer)
            canvas.picked.append((layer, dim, counted(index, x.shape[dim])))
        else:
            layer = canvas.merge(layer, indexed)
        travelling.append(thin(call.again(layer.expand(x.shape))))
    canvas.put(call.output, travelling, canvas.is_weight(x))


def _indexed(call):
    """Return {axis: the tensor that indexes it}; a mask may cover several axes."""
    if isinstance(call["dim"], int):
        return {call.dim(): call["index"]}
    indexed: dict[int, Tensor] = {}
    place = 0
    for index in call["indices"]:
        covered = 1 if index is None or index.dtype != torch.bool else index.ndim
        if index is not None:
            indexed |= dict.fromkeys(range(place, place + covered), index)
        place += covered
    return indexed


def counted(index: Tensor, size: int) -> Tensor:
    """Return the places that a number must count over to pick its own: from the front, or if negative from the end.

    >>> counted(torch.tensor([1]), 4), counted(torch.tensor([-1, -2]), 4)
    (tensor([ True,  True, False, False]), tensor([False, False,  True,  True]))
    """
    front, end = max(index.max().item() + 1, 0), max(-index.min().item(), 0)
    places = torch.arange(size)
    return (places < front) | (places >= size - end)


def gather(canvas: Canvas, call: Call) -> None:
    """An index of its own for each row: the axis that is indexed stays whole."""
    x, dim, index = call["self"], call.dim(), call["index"]
    for layer in canvas.layers(x):
        if dim in along(layer):
            canvas.pin(canvas.merge(layer, [dim]))
    layers = [layer for layer in canvas.layers(x) if dim not in along(layer)]
    for layer in layers if any(x.shape[d] != index.shape[d] for d in range(x.ndim) if d != dim) else []:
        canvas.pin(layer)
    canvas.put(call.output, layers)
    canvas.put(call.output, canvas.meet_tensors(call.output, index))


def like(canvas: Canvas, call: Call) -> None:
    """A new tensor of the same shape will be cut as its model is; one that is filled anew keeps its paint."""
    canvas.put(call.output, canvas.layers(call["self"]))


def nothing(canvas: Canvas, call: Call) -> None:
    """Constants made on the way carry no paint."""


def pad(canvas: Canvas, call: Call) -> None:
    """What is padded on stays; what was there travels."""
    x, widths = call["self"], call["pad"]
    padded = {x.ndim - 1 - i // 2 for i, width in enumerate(widths) if width}
    canvas.put(
        call.output,
        [
            thin(aten.constant_pad_nd(layer.expand(x.shape), widths, FIXED)) if along(layer) & padded else layer
            for layer in canvas.layers(x)
        ],
    )


def unknown(canvas: Canvas, call: Call) -> None:
    """No rule: all that the operation touches stays. Never wrong, only less to prune.

    >>> import torch
    >>> from torch import nn
    >>> from pruning_lab.channels import channel_groups
    >>> class Odd(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.a, self.out = nn.Linear(3, 8), nn.Linear(8, 2)
    ...     def forward(self, x):
    ...         return self.out(torch.special.i0(self.a(x).triu()))
    >>> network = Odd()
    >>> [group.size for group in channel_groups(network, torch.ones(1, 3))]
    []
    """
    for tensor in call.tensors:
        for layer in canvas.layers(tensor):
            canvas.pin(layer)
    for out in call.outputs:
        canvas.put(out, [])
