"""Rules of what multiplies: matrix products, convolutions, embeddings, and norms with their scale and shift."""

import torch

from .call import Call
from .paint import FIXED, Canvas, along, lift, spread_shape
from .zeros import zero_along


def matmul(canvas: Canvas, call: Call) -> None:
    """(..., n, k) @ (..., k, m): along k the colours of a weight and of its input meet, and end there.

    Between two activations nothing is zero for sure: what one dot product adds up goes or stays as a whole. Heads
    follow from that, with no word about attention: what still tells such products apart.

    >>> import torch
    >>> from torch import nn
    >>> from pruning_lab.channels import channel_groups
    >>> network = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 2))
    >>> [group.size for group in channel_groups(network, torch.ones(1, 3))]
    [8, 4]
    """
    bias, a, b = call["self"] if "add" in call.name else None, *call.tensors[-2:]
    weighted = canvas.is_weight(a) or canvas.is_weight(b)
    sides, summed = [], []
    for tensor, k in ((a, a.ndim - 1), (b, b.ndim - 2)):
        layers = [layer for layer in canvas.layers(tensor) if k not in along(layer)]
        ending = [layer for layer in canvas.layers(tensor) if k in along(layer)]
        layers += [canvas.merge(layer, [k]) for layer in ending if not weighted or len(along(layer)) > 1]
        summed.append([layer.reshape(-1) if len(along(layer)) == 1 else STAYS for layer in ending])
        if canvas.get(tensor):
            sides.append(([1 if dim == k else size for dim, size in enumerate(spread_shape(tensor))], layers))
    if weighted:
        _end(canvas, (a, b), *summed)
    else:
        canvas.heads += [layer for _, layers in sides for layer in layers if 0 in along(layer) and a.ndim > 2]
    canvas.put(call.output, canvas.meet(*sides))
    if bias is not None:
        canvas.put(call.output, canvas.meet_tensors(call.output, bias))
    _count(canvas, b if canvas.is_weight(b) else a, call.output.numel() * a.shape[-1])


STAYS = torch.tensor([FIXED])  # the colours that a weight meets along an axis of which heads, say, need every index


def _end(canvas, tensors, *rows):
    """Tie the colours of both factors along the axis that a product sums over."""
    for mine, theirs, partner in ((rows[0], rows[1], tensors[1]), (rows[1], rows[0], tensors[0])):
        for row in mine:
            for other in theirs:
                canvas.tie(row, other)
            if not theirs and canvas.get(partner):
                canvas.pin(row)


def _count(canvas, weight, macs):
    """Book multiplications on the parameter that a weight comes from: its paint tells."""
    layers = canvas.layers(weight) if canvas.is_weight(weight) else []
    if layers:
        colour = int(layers[0].reshape(-1)[0])
        canvas.macs[canvas.owner(colour)] = canvas.macs.get(canvas.owner(colour), 0) + macs


def convolution(canvas: Canvas, call: Call) -> None:
    """As a matrix product over axis 1; with groups, a whole group of inputs and outputs goes or stays."""
    x, weight, groups = call["input"], call["weight"], call["groups"]
    inside, outside = (0, 1) if call["transposed"] else (1, 0)
    for tensor in (weight, x):
        for layer in canvas.layers(tensor):
            if not along(layer) & {0, 1}:
                canvas.pin(layer)  # the window, the picture
    batch = [canvas.merge(layer, range(1, x.ndim)) for layer in canvas.layers(x) if 0 in along(layer)]  # heads, say
    entering, reading, leaving = (
        [canvas.row(layer, axis) for layer in layers if axis in along(layer)]
        for layers, axis in (
            ([layer for layer in canvas.layers(x) if 0 not in along(layer)], 1),
            (canvas.layers(weight), inside),
            (canvas.layers(weight), outside),
        )
    )
    if groups > 1:
        leaving = _by_group(canvas, call, entering, reading, leaving)
    else:
        _end(canvas, (x, weight), entering, reading)
    vectors = [(row.shape, [row]) for row in leaving]
    if canvas.get(call["bias"]):
        vectors.append((call["bias"].shape, canvas.layers(call["bias"])))
    shape = [1, -1] + [1] * (call.output.ndim - 2)
    canvas.put(call.output, [layer.reshape(shape) for layer in canvas.meet(*vectors)] + batch)
    _count(
        canvas, weight, call.output.numel() * weight.numel() // weight.shape[outside] // (1 if outside == 0 else groups)
    )


def _by_group(canvas, call, entering, reading, leaving):
    """Tie each group's inputs and outputs; return the colours that leave. The other axis is shared by all groups."""
    groups, shared, own = call["groups"], reading, leaving
    if call["transposed"]:
        shared, own = leaving, reading
    for row in shared:
        canvas.pin(row)
    rows = [canvas.merge(row.view(groups, -1), [1]) for row in entering + own]
    for row in rows[1:]:
        canvas.tie(row, rows[0])
    if not entering:
        for row in rows[:1]:
            canvas.pin(row)
    if call["transposed"]:
        return [row.expand(groups, call.output.shape[1] // groups).reshape(-1) for row in rows[:1]]
    return leaving


def embedding(canvas: Canvas, call: Call) -> None:
    """Rows are looked up by number and stay; the columns are the channels that leave.

    >>> import torch
    >>> from torch import nn
    >>> from pruning_lab.channels import channel_groups
    >>> network = nn.Sequential(nn.Embedding(9, 8), nn.Linear(8, 2))
    >>> [group.size for group in channel_groups(network, torch.tensor([1, 2]))]
    [8]
    """
    weight = call["weight"]
    for layer in canvas.layers(weight):
        if 0 in along(layer):
            canvas.pin(layer)
    columns = [canvas.row(layer, 1) for layer in canvas.layers(weight) if 1 in along(layer)]
    for out in call.outputs:
        wide = out.ndim and out.shape[-1] == weight.shape[1]
        canvas.put(out, [row.reshape(lift(row.shape, out.ndim)) for row in columns] if wide else [])


def batch_norm(canvas: Canvas, call: Call) -> None:
    """Scale, shift and statistics of a channel share its fate; statistics of the batch stay within the channel."""
    x = call["input"]
    layers = _with_vectors(canvas, x, call, ("weight", "bias", "running_mean", "running_var"))
    for layer in layers if call["training"] and "no_training" not in call.name else []:
        canvas.merge(layer, [dim for dim in range(x.ndim) if dim != 1])
    canvas.put(call.outputs[0], layers)


def group_norm(canvas: Canvas, call: Call) -> None:
    """Mean and variance are those of a group of channels: it goes or stays as a whole.

    >>> import torch
    >>> from torch import nn
    >>> from pruning_lab.channels import channel_groups
    >>> network = nn.Sequential(nn.Conv2d(3, 8, 1), nn.GroupNorm(4, 8), nn.Conv2d(8, 2, 1))
    >>> [group.size for group in channel_groups(network, torch.ones(1, 3, 2, 2))]
    [4]
    """
    x, groups = call["input"], call["group"]
    layers = _with_vectors(canvas, x, call, ("weight", "bias"))
    for layer in layers:
        grouped = layer.expand(-1, x.shape[1], *[-1] * (x.ndim - 2)).unflatten(1, (groups, -1))
        canvas.merge(grouped, range(2, grouped.ndim))
    canvas.put(call.outputs[0], layers)


def _with_vectors(canvas, x, call, names):
    """Meet the input with vectors of one entry per channel, which is axis 1."""
    shape = [-1] + [1] * (x.ndim - 2)
    vectors = [call[name] for name in names if canvas.get(call[name])]
    operands = [(v.view(shape).shape, [layer.view(shape) for layer in canvas.layers(v)]) for v in vectors]
    return canvas.meet((x.shape, canvas.layers(x)), *operands)


def layer_norm(canvas: Canvas, call: Call) -> None:
    """Mean and variance over channels change with any of them: all or none. A mean of squares does not miss zeros.

    >>> import torch
    >>> from torch import nn
    >>> from pruning_lab.channels import channel_groups
    >>> network = nn.Sequential(nn.Linear(3, 8), nn.LayerNorm(8), nn.Linear(8, 2))
    >>> [group.size for group in channel_groups(network, torch.ones(1, 3))]
    []
    >>> network[1] = nn.RMSNorm(8)
    >>> [group.size for group in channel_groups(network, torch.ones(1, 3))]
    [8]
    """
    x, shape = call["input"], call["normalized_shape"]
    vectors, squares = [v for v in (call["weight"], call["bias"]) if canvas.get(v)], call.name == "_fused_rms_norm"
    layers = canvas.meet((x.shape, canvas.layers(x)), *((v.shape, canvas.layers(v)) for v in vectors))
    zeros = {along(layer) for layer in canvas.layers(x) if squares and zero_along(canvas, x, layer)}
    for layer in layers:
        canvas.average(layer, range(x.ndim - len(shape), x.ndim), of_zeros=along(layer) in zeros)
    canvas.put(call.outputs[0], layers)
