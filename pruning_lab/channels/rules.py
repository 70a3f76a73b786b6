"""What each operation does to colours: one rule for each family of operations, and the table of families.

Every rule gets the canvas and the call, and paints the outputs. What a rule does shows in a network of three lines:

>>> units(nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2)), torch.ones(1, 3))  # eight, each on its own
[8]
"""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from .call import Call, aten
from .paint import FIXED, Canvas, along, lift, thin

Rule = Callable[[Canvas, Call], None]
STAYS_ZERO = [
    "mul",
    "div",
    "neg",
    "clone",
    "_to_copy",
    "detach",
    "alias",
    "add",
    "sub",
]  # of weights that are zero, the result is


def pointwise(canvas: Canvas, call: Call) -> None:
    """Entry by entry: colours that meet share their fate.

    >>> class Sum(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.a, self.b, self.out = nn.Linear(3, 8), nn.Linear(3, 8), nn.Linear(8, 2)
    ...     def forward(self, x):
    ...         return self.out(self.a(x) + self.b(x))
    >>> units(Sum(), torch.ones(1, 3))
    [8]
    """
    painted = [t for t in call.tensors if canvas.get(t)]
    layers = canvas.meet_tensors(*call.tensors)
    weight = call.name in STAYS_ZERO and all(canvas.is_weight(t) for t in painted)
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

    >>> units(nn.Sequential(nn.Conv2d(3, 8, 1), nn.Flatten(), nn.Linear(32, 2)), torch.ones(1, 3, 2, 2))
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
    for out, layers in zip(outputs, moved, strict=True):
        canvas.put(out, _apart(canvas, canvas.layers(source), layers), canvas.is_weight(source))


def _apart(canvas, before, after):
    """Where axes with a paint each became one axis, such as (heads, places) flattened, only the first may be cut."""
    kept: list[int] = []
    for i, layer in enumerate(after):
        if any(along(layer) & along(after[j]) and not along(before[i]) & along(before[j]) for j in kept):
            canvas.pin(before[i])
        else:
            kept.append(i)
    return [after[i] for i in kept]


def select(canvas: Canvas, call: Call) -> None:
    """A number that picks an index would mean another channel after a cut: that axis stays whole."""
    for layer in canvas.layers(call["self"]):
        canvas.merge(layer, [call.dim()])
    move(canvas, call)


def split(canvas: Canvas, call: Call) -> None:
    """Equal parts stay equal: part and place in it become two axes of a box.

    >>> units(nn.Sequential(nn.Linear(3, 16), nn.GLU(), nn.Linear(8, 2)), torch.ones(1, 3))
    [8]
    """
    x, dim = call["self"], call.dim()
    sizes = {out.shape[dim] for out in call.outputs}
    if len(sizes) == 1 and len(call.outputs) > 1 and isinstance(call.args[1], int):
        for layer in canvas.layers(x):
            if dim in along(layer):
                canvas.boxes.append(thin(layer.unflatten(dim, (len(call.outputs), -1))))
    move(canvas, call)


def cat(canvas: Canvas, call: Call) -> None:
    """Strips side by side along `dim`; along the other axes they share their colours' fate.

    >>> class Beside(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.a, self.b, self.out = nn.Linear(3, 8), nn.Linear(3, 4), nn.Linear(12, 2)
    ...     def forward(self, x):
    ...         return self.out(torch.cat([self.a(x), self.b(x)], dim=1))
    >>> units(Beside(), torch.ones(1, 3))
    [8, 4]
    """
    _side_by_side(canvas, call, [t for t in call["tensors"] if t.ndim == call.output.ndim])


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


def reduce(canvas: Canvas, call: Call) -> None:
    """Means, maxima, softmax: a number made from several channels ties them to each other.

    >>> units(nn.Sequential(nn.Linear(3, 8), nn.Softmax(dim=1), nn.Linear(8, 2)), torch.ones(1, 3))
    []
    """
    x, dims = call["self"], call["dim"]
    dims = range(x.ndim) if dims is None or dims == [] else [dims] if isinstance(dims, int) else dims
    dims = {dim % x.ndim for dim in dims} if x.ndim else set()
    merged = [canvas.merge(layer, dims) for layer in canvas.layers(x)]
    for out in call.outputs:
        if out.shape == x.shape:
            canvas.put(out, canvas.layers(x))
        elif out.ndim == x.ndim:
            canvas.put(out, merged)
        else:
            left = [[size for d, size in enumerate(layer.shape) if d not in dims] for layer in merged]
            canvas.put(out, [layer.reshape(shape) for layer, shape in zip(merged, left, strict=True)])


def spatial(canvas: Canvas, call: Call) -> None:
    """Pooling and resizing act within a channel.

    >>> units(nn.Sequential(nn.Conv2d(3, 8, 1), nn.MaxPool2d(2), nn.Conv2d(8, 2, 1)), torch.ones(1, 3, 4, 4))
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
    """Indices held in a tensor: the axes that they index stay whole, the others travel."""
    x, dim = call["self"], call["dim"]
    dims = {call.dim()} if isinstance(dim, int) else {d for d, index in enumerate(call["indices"]) if index is not None}
    travelling = []
    for layer in canvas.layers(x):
        if along(layer) & dims:
            canvas.pin(canvas.merge(layer, dims))
        else:
            travelling.append(thin(call.again(layer.expand(x.shape))))
    canvas.put(call.output, travelling, canvas.is_weight(x))


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

    >>> class Odd(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.a, self.out = nn.Linear(3, 8), nn.Linear(8, 2)
    ...     def forward(self, x):
    ...         return self.out(torch.special.i0(self.a(x).triu()))
    >>> units(Odd(), torch.ones(1, 3))
    []
    """
    for tensor in call.tensors:
        for layer in canvas.layers(tensor):
            canvas.pin(layer)
    for out in call.outputs:
        canvas.put(out, [])


def table(families: dict[Rule, Iterable[str]]) -> dict[str, Rule]:
    """Return {operation: rule}."""
    return {name: rule for rule, names in families.items() for name in names}


RULES = table(
    {
        move: [
            "view",
            "_unsafe_view",
            "_reshape_alias",
            "reshape",
            "permute",
            "t",
            "transpose",
            "unsqueeze",
            "squeeze",
            "expand",
            "slice",
            "flip",
            "roll",
            "repeat",
            "pixel_shuffle",
            "pixel_unshuffle",
            "channel_shuffle",
            "native_channel_shuffle",
            "unfold",
            "diagonal",
            "as_strided",
            "alias",
            "lift_fresh",
            "im2col",
        ],
        select: ["select", "unbind"],
        split: ["split", "split_with_sizes"],
        cat: ["cat"],
        stack: ["stack"],
        glu: ["glu"],
        reduce: [
            "mean",
            "sum",
            "prod",
            "amax",
            "amin",
            "max",
            "min",
            "var",
            "var_mean",
            "std",
            "std_mean",
            "_softmax",
            "_log_softmax",
            "_safe_softmax",
            "cumsum",
            "cumprod",
            "logsumexp",
            "linalg_vector_norm",
            "norm",
            "any",
            "all",
            "argmax",
            "argmin",
            "topk",
            "sort",
        ],
        spatial: [
            "max_pool2d_with_indices",
            "avg_pool2d",
            "_adaptive_avg_pool2d",
            "adaptive_max_pool2d",
            "upsample_linear1d",
            "upsample_bilinear2d",
            "upsample_nearest2d",
            "upsample_bicubic2d",
            "_upsample_bilinear2d_aa",
            "_upsample_bicubic2d_aa",
            "_upsample_nearest_exact2d",
            "reflection_pad1d",
            "reflection_pad2d",
            "replication_pad1d",
            "replication_pad2d",
            "avg_pool3d",
            "max_pool3d_with_indices",
            "upsample_nearest1d",
            "upsample_nearest3d",
            "upsample_trilinear3d",
            "avg_pool1d",
            "_adaptive_avg_pool3d",
        ],
        pick: ["index", "index_select"],
        windows: ["im2col", "col2im"],
        gather: ["gather"],
        like: [
            "zero",
            "fill",
            "zeros_like",
            "ones_like",
            "empty_like",
            "full_like",
            "rand_like",
            "randn_like",
            "bernoulli",
        ],
        nothing: ["new_zeros", "new_ones", "new_empty", "new_full", "new_empty_strided", "_local_scalar_dense"],
        pad: ["constant_pad_nd"],
        copy: ["copy"],
        pointwise: [
            "clone",
            "_to_copy",
            "detach",
            "masked_fill",
            "where",
            "native_dropout",
            "_prelu_kernel",
            "hardswish",
            "gelu",
        ],
    }
)
