"""Rules of what works entry by entry, and of what moves entries: views, slices, strips side by side."""

import torch
from torch import Tensor

from .call import Call
from .paint import Canvas, along, lift, no_channel, thin
from .zeros import stays_zero


def pointwise(canvas: Canvas, call: Call) -> None:
    """Entry by entry: colours that meet share their fate.

    >>> from torch import nn
    >>> from pruning_lab.channels import channel_groups
    >>> class Sum(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.a, self.b, self.out = nn.Linear(3, 8), nn.Linear(3, 8), nn.Linear(8, 2)
    ...     def forward(self, x):
    ...         return self.out(self.a(x) + self.b(x))
    >>> network = Sum()
    >>> [group.size for group in channel_groups(network, torch.ones(1, 3))]
    [8]
    """
    painted = [t for t in call.tensors if canvas.get(t)]
    layers = canvas.meet_tensors(*call.tensors)
    weight = all(map(canvas.is_weight, painted)) and all(
        stays_zero(canvas, call, layer, lambda tensor, _: canvas.is_weight(tensor))
        for layer in layers or [no_channel(call.outputs[0])]
    )
    for out in call.outputs:
        write(canvas, out, layers, weight)


def copy(canvas: Canvas, call: Call) -> None:
    """What is written over takes the paint of what is written."""
    write(canvas, call["self"], canvas.layers(call["src"]), False)


def write(canvas: Canvas, out: Tensor, layers: list[Tensor], weight: bool) -> None:
    """Paint a result; one that was written into a part of another tensor paints that part."""
    base = out._base
    if base is not None and layers and base.is_contiguous() and not canvas.is_weight(base):
        whole = torch.zeros(base.shape, dtype=torch.int64)
        for old in canvas.layers(base)[:1]:
            whole.copy_(old.expand(base.shape))
        whole.as_strided(out.shape, out.stride(), out.storage_offset()).copy_(layers[0].expand(out.shape))
        canvas.put(base, [thin(whole)])
    canvas.put(out, layers, weight)


CHEAP_MOVES = ("t", "permute", "transpose", "unsqueeze")  # these need no layer in full


def move(canvas: Canvas, call: Call) -> None:
    """Views, permutations, slices: what is done to the tensor is done to its paint.

    >>> from torch import nn
    >>> from pruning_lab.channels import channel_groups
    >>> network = nn.Sequential(nn.Conv2d(3, 8, 1), nn.Flatten(), nn.Linear(32, 2))
    >>> [group.size for group in channel_groups(network, torch.ones(1, 3, 2, 2))]
    [8]
    """
    source, outputs = call.args[0], call.outputs
    moved: list[list[Tensor]] = [[] for _ in outputs]
    for layer in canvas.layers(source):
        if call.name == "expand":
            results = [layer.reshape(lift(layer.shape, outputs[0].ndim))]
        else:
            result = call.again(layer if call.name in CHEAP_MOVES else layer.expand(source.shape))
            results = [result] if isinstance(result, Tensor) else result
        for layers, one in zip(moved, results, strict=True):
            layers.append(thin(one))
    if call.name == "expand":
        moved[0] += [canvas.new_colours(outputs[0].shape, dim) for dim in _spread(source, outputs[0])]
    for out, layers in zip(outputs, moved, strict=True):
        canvas.put(out, _apart(canvas, canvas.layers(source), layers), canvas.is_weight(source))


def _spread(source, output):
    """Return the axes along which one number became several."""
    before = lift(source.shape, output.ndim)
    return [dim for dim, size in enumerate(output.shape) if size > 1 and before[dim] == 1]


def _apart(canvas, before, after):
    """Where axes with a paint each became one axis, such as (heads, places) flattened, only the first may be cut."""
    kept: list[int] = []
    for i, layer in enumerate(after[: len(before)]):
        if any(along(layer) & along(after[j]) and not along(before[i]) & along(before[j]) for j in kept):
            canvas.pin(before[i])
        else:
            kept.append(i)
    return [after[i] for i in kept] + after[len(before) :]


def select(canvas: Canvas, call: Call) -> None:
    """A number that picks an index would mean another channel after a cut: that axis stays whole."""
    for layer in canvas.layers(call["self"]):
        canvas.merge(layer, [call.dim()])
    move(canvas, call)


def slice_(canvas: Canvas, call: Call) -> None:
    """Every second channel, say, stays the second of two only where both go or both stay.

    >>> from torch import nn
    >>> from pruning_lab.channels import channel_groups
    >>> class Interleaved(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.a, self.out = nn.Linear(3, 16), nn.Linear(8, 2)
    ...     def forward(self, x):
    ...         h = self.a(x)
    ...         return self.out(h[:, ::2]) + self.out(h[:, 1::2])
    >>> network = Interleaved()
    >>> [group.size for group in channel_groups(network, torch.ones(1, 3))]
    [8]
    """
    dim, step = call.dim(), call["step"]
    for layer in canvas.layers(call["self"]) if step > 1 else []:
        if dim in along(layer):
            whole = layer.shape[dim] % step == 0
            canvas.merge(layer.unflatten(dim, (-1, step)) if whole else layer, [dim + 1] if whole else [dim])
    move(canvas, call)


def split(canvas: Canvas, call: Call) -> None:
    """Equal parts stay equal: part and place in it become two axes of a box.

    >>> from torch import nn
    >>> from pruning_lab.channels import channel_groups
    >>> network = nn.Sequential(nn.Linear(3, 16), nn.GLU(), nn.Linear(8, 2))
    >>> [group.size for group in channel_groups(network, torch.ones(1, 3))]
    [8]
    """
    x, dim = call["self"], call.dim()
    sizes = {out.shape[dim] for out in call.outputs}
    if len(sizes) == 1 and len(call.outputs) > 1 and isinstance(call.args[1], int):
        for layer in canvas.layers(x):
            if dim in along(layer):
                canvas.boxes.append(thin(layer.unflatten(dim, (len(call.outputs), -1))))
    move(canvas, call)


def shuffle(canvas: Canvas, call: Call) -> None:
    """Channels dealt out anew among groups: as many must be left in each.

    >>> from torch import nn
    >>> from pruning_lab.channels import channel_groups
    >>> network = nn.Sequential(nn.Conv2d(3, 8, 1), nn.ChannelShuffle(2), nn.Conv2d(8, 2, 1))
    >>> [group.size for group in channel_groups(network, torch.ones(1, 3, 2, 2))]
    [4]
    """
    for layer in canvas.layers(call["self"]):
        if 1 in along(layer):
            canvas.boxes.append(thin(layer.unflatten(1, (call["groups"], -1))))
    move(canvas, call)


def cat(canvas: Canvas, call: Call) -> None:
    """Strips side by side along `dim`; along the other axes they share their colours' fate.

    >>> from torch import nn
    >>> from pruning_lab.channels import channel_groups
    >>> class Beside(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.a, self.b, self.out = nn.Linear(3, 8), nn.Linear(3, 4), nn.Linear(12, 2)
    ...     def forward(self, x):
    ...         return self.out(torch.cat([self.a(x), self.b(x)], dim=1))
    >>> network = Beside()
    >>> [group.size for group in channel_groups(network, torch.ones(1, 3))]
    [8, 4]
    """
    _side_by_side(canvas, call, [t for t in call["tensors"] if t.numel()])


def stack(canvas: Canvas, call: Call) -> None:
    """As `cat`, along an axis that is new."""
    dim, parts = call.dim(ndim=call.output.ndim), []
    for tensor in call["tensors"]:
        parts.append(tensor.unsqueeze(dim))
        if canvas.get(tensor):
            canvas.put(parts[-1], [lay.unsqueeze(dim) for lay in canvas.layers(tensor)], canvas.is_weight(tensor))
    _side_by_side(canvas, call, parts)


def _side_by_side(canvas, call, tensors):
    output, dim = call.output, call.dim(ndim=call.output.ndim)
    across, strips = [], []
    for tensor in tensors:
        layers = canvas.layers(tensor)
        mine = [layer for layer in layers if dim in along(layer)]
        for other in mine[1:]:
            canvas.tie(mine[0], other)
        strips.append(mine[0] if mine else torch.zeros([1] * tensor.ndim, dtype=torch.int64))
        if canvas.get(tensor):
            flat = [1 if d == dim else size for d, size in enumerate(tensor.shape)]
            across.append((flat, [layer for layer in layers if dim not in along(layer)]))
    result = canvas.meet(*across)
    if any(dim in along(strip) for strip in strips):
        shapes = [[t.shape[d] if d == dim else size for d, size in enumerate(output.shape)] for t in tensors]
        result.append(thin(torch.cat([strip.expand(shape) for strip, shape in zip(strips, shapes, strict=True)], dim)))
    canvas.put(output, result, all(canvas.is_weight(tensor) for tensor in tensors))


def glu(canvas: Canvas, call: Call) -> None:
    """One half gates the other, place by place."""
    x, dim = call["self"], call.dim()
    halves = [layer.expand(x.shape).chunk(2, dim) for layer in canvas.layers(x)]
    for one, other in halves:
        canvas.tie(one, other)
    canvas.put(call.output, [thin(one) for one, _ in halves])
