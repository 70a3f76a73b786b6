"""Which weights stay? Every function turns scores into masks: bool tensors of the scores' shape, True keeps.

Each prunes an exact count, `round(sparsity * n)`, whatever ties there are: put the entries in ascending order of score,
equal scores in the order of their position (row-major), and the first ones go. A rule such as `scores > threshold`
prunes none or all of eight equal weights, and re-pruning always meets ties: the zeros of the last pruning.
"""

import functools
from collections.abc import Mapping

import torch
from torch import Tensor

from pruning_lab import radix_select
from pruning_lab.checks import check_integer, check_mask, check_scores, check_sparsity


def mask_unstructured(scores: Tensor, sparsity: float) -> Tensor:
    """Prune exactly `round(sparsity * n)` of the n entries, the lowest scores first.

    Equal scores go in row-major order, and 0.0 equals -0.0. Float32 on the CPU is ranked by a radix select that makes
    no copy of contiguous scores; any other dtype or device by a stable sort.

    Args:
        scores: float tensor of any shape, at least one entry; infinities are fine, NaN is not.
        sparsity: fraction pruned, in [0, 1].

    Returns:
        Contiguous bool tensor of the shape and on the device of `scores`.

    Raises:
        TypeError: scores that are not a floating-point tensor, a sparsity that is not a number.
        ValueError: empty scores, NaN, a sparsity outside [0, 1].

    >>> mask_unstructured(torch.tensor([3.0, 1.0, 2.0, 1.0]), 0.5)
    tensor([ True, False,  True, False])
    >>> mask_unstructured(torch.ones(8), 0.25)  # all equal: the first two go
    tensor([False, False,  True,  True,  True,  True,  True,  True])
    """
    sparsity = check_sparsity(sparsity)
    scores = check_scores(scores)
    return _mask_lowest([scores], round(sparsity * scores.numel()), by_magnitude=False)[0]


def mask_global(
    scores_by_name: Mapping[str, Tensor], sparsity: float, *, by_magnitude: bool = False
) -> dict[str, Tensor]:
    """Prune exactly `round(sparsity * n)` of the n entries of all tensors together, the lowest scores first.

    Layers end up with different sparsities, and a layer of small scores may lose every weight. Equal scores go in the
    order of the dict, then in row-major order. Mixed dtypes are compared by their exact values.

    Args:
        scores_by_name: dict of name: float tensor, all on one device; at least one, none empty, no NaN. Weights
            themselves (a Parameter) only with `by_magnitude`: they would be ranked by their sign.
        sparsity: fraction pruned over all tensors, in [0, 1].
        by_magnitude: rank |score| instead of the score. Given the weights themselves, this is global magnitude pruning
            without a copy of the weights: for contiguous float32 on the CPU the masks are all the memory it takes.

    Returns:
        dict of the same names: contiguous bool tensor of each tensor's shape.

    Raises:
        TypeError: scores_by_name that is not a dict, an entry that is not a floating-point tensor, a Parameter without
            `by_magnitude`.
        ValueError: an empty dict or entry, NaN, several devices, a sparsity outside [0, 1].

    >>> weights = {"fc1.weight": torch.tensor([[0.1, -5.0]]), "fc2.weight": torch.tensor([[-0.2, 0.3]])}
    >>> mask_global(weights, 0.5, by_magnitude=True)
    {'fc1.weight': tensor([[False,  True]]), 'fc2.weight': tensor([[False,  True]])}
    """
    sparsity = check_sparsity(sparsity)
    if not isinstance(scores_by_name, Mapping):
        raise TypeError(f"scores_by_name must be a dict of name: tensor; got {type(scores_by_name).__name__}")
    if not scores_by_name:
        raise ValueError("scores_by_name must hold at least one tensor; got an empty dict")
    devices = {str(scores.device) for scores in scores_by_name.values() if isinstance(scores, torch.Tensor)}
    if len(devices) > 1:
        raise ValueError(f"scores_by_name must be on one device; got {' and '.join(sorted(devices))}")
    tensors = [
        check_scores(scores, f"scores_by_name[{name!r}]", weights_too=by_magnitude)
        for name, scores in scores_by_name.items()
    ]
    pruned = round(sparsity * sum(scores.numel() for scores in tensors))
    return dict(zip(scores_by_name, _mask_lowest(tensors, pruned, by_magnitude), strict=True))


def mask_n_of_m(scores: Tensor, n: int, m: int, axis: int = -1) -> Tensor:
    """Keep the `n` highest scores in each group of `m` neighbours along one axis.

    2:4 is `n=2, m=4`. The axis for hardware is the one a dot product runs over: the last of a linear layer's weight,
    in_features, and `axis=1` of a convolution's, the input channels (its last axis is the kernel's width). Among equal
    scores in a group the first ones go.

    Args:
        scores: float tensor of at least one axis, the one of the groups divisible by `m`.
        n: kept in each group, 0 to m.
        m: size of a group, at least 1.
        axis: along which the groups lie; negative ones count from the last.

    Returns:
        Bool tensor of the shape of `scores`.

    Raises:
        TypeError: scores that are not a floating-point tensor, `n`, `m` or `axis` that is not an integer.
        ValueError: an axis that `m` does not divide or that is not there, `n` outside [0, m], empty scores, NaN.

    Source: Mishra et al. 2021, arXiv 2104.08378 (2:4).

    >>> mask_n_of_m(torch.tensor([[1.0, 4.0, 3.0, 2.0, 5.0, 5.0, 5.0, 5.0]]), 2, 4)
    tensor([[False,  True,  True, False, False, False,  True,  True]])
    """
    n, m = check_integer(n, "n", minimum=0), check_integer(m, "m", minimum=1)
    if n > m:
        raise ValueError(f"n must be at most m = {m}; got {n}")
    scores = check_scores(scores).detach()
    axis = _check_axis(axis, scores.ndim)
    if scores.ndim == 0 or scores.shape[axis] % m:
        which = f"an axis {axis}" if axis + 1 else "a last axis"
        hint = (
            " (axis=1 takes the input channels of a convolution)" if scores.ndim > 2 and axis % scores.ndim != 1 else ""
        )
        raise ValueError(f"scores must have {which} divisible by m = {m}{hint}; got shape {tuple(scores.shape)}")
    moved = scores.movedim(axis, -1)
    groups = _sortable(moved.reshape(-1, m))
    lost = groups.argsort(dim=1, stable=True)[:, : m - n]
    mask = torch.ones(groups.shape, dtype=torch.bool, device=scores.device).scatter_(1, lost, False)
    return mask.reshape(moved.shape).movedim(-1, axis).contiguous()


def _check_axis(axis, ndim):
    check_integer(axis, "axis", minimum=-max(ndim, 1))
    if axis >= max(ndim, 1):
        raise ValueError(f"axis must be below {ndim}, the number of axes; got {axis}")
    return int(axis)


def mask_blocks(scores: Tensor, block: tuple[int, int], sparsity: float) -> Tensor:
    """Prune exactly `round(sparsity * blocks)` whole blocks, those with the lowest sum of scores first.

    Among equal sums the first blocks go, row of blocks by row of blocks. Sums are taken in float64.

    Args:
        scores: float tensor (out_features, in_features).
        block: (rows, columns) of a block; both must divide the shape. (4, 1) is a column vector of four outputs.
        sparsity: fraction of the blocks pruned, in [0, 1].

    Returns:
        Bool tensor of the shape of `scores`, constant within each block.

    Raises:
        TypeError: scores that are not a floating-point tensor, a block that is not a pair of integers.
        ValueError: scores without exactly 2 axes, a block that does not divide them, empty scores, NaN.

    >>> mask_blocks(torch.tensor([[9.0, 1.0, 1.0, 3.0], [0.0, 1.0, 1.0, 3.0]]), (2, 1), 0.5)
    tensor([[ True, False, False,  True],
            [ True, False, False,  True]])
    """
    sparsity = check_sparsity(sparsity)
    scores = check_scores(scores, ndim=2).detach()
    if not isinstance(block, tuple | list) or len(block) != 2:
        raise TypeError(f"block must be a pair (rows, columns); got {block!r}")
    rows, columns = (check_integer(size, "block", minimum=1) for size in block)
    if scores.shape[0] % rows or scores.shape[1] % columns:
        raise ValueError(f"block must divide the shape of scores {tuple(scores.shape)}; got {(rows, columns)}")
    sums = _widened(scores, torch.float64).reshape(scores.shape[0] // rows, rows, -1, columns).sum(dim=(1, 3))
    check_scores(sums, "block sums of scores")  # inf and -inf in one block
    return mask_unstructured(sums, sparsity).repeat_interleave(rows, 0).repeat_interleave(columns, 1)


def keep_channels(scores: Tensor, sparsity: float, multiple_of: int = 1) -> Tensor:
    """Choose the channels that stay: all but `round(sparsity * n)`, rounded up to a multiple of `multiple_of`.

    Rounding up never asks for more channels than there are. Among equal scores the first channels go. Li et al. 2016
    count differently: where they prune a fraction p of c filters, c * p is rounded up, not to the nearest.

    Args:
        scores: float tensor (channels,).
        sparsity: fraction of the channels pruned, in [0, 1), and low enough to leave one.
        multiple_of: kernels run in blocks of channels; 16 avoids paying for a block that is nearly empty.

    Returns:
        Sorted int64 tensor (kept,) of channel indices, on the device of `scores`.

    Raises:
        TypeError: scores that are not a floating-point tensor, a multiple_of that is not an integer.
        ValueError: scores without exactly 1 axis, no channel left, empty scores, NaN.

    >>> keep_channels(torch.tensor([3.0, 1.0, 2.0, 5.0, 4.0]), 0.6)
    tensor([3, 4])
    >>> keep_channels(torch.tensor([3.0, 1.0, 2.0, 5.0, 4.0]), 0.6, multiple_of=4)
    tensor([0, 2, 3, 4])
    """
    sparsity = check_sparsity(sparsity)
    multiple_of = check_integer(multiple_of, "multiple_of", minimum=1)
    scores = check_scores(scores, ndim=1).detach()
    channels = scores.numel()
    kept = channels - round(sparsity * channels)
    if kept == 0:
        raise ValueError(f"sparsity must leave at least one of {channels} channels; got {sparsity}")
    kept = min(channels, -(-kept // multiple_of) * multiple_of)
    return _sortable(scores).argsort(stable=True)[channels - kept :].sort().values


def sparsity_of(mask: Tensor) -> float:
    """Return the fraction of the entries of `mask` that is pruned (False), as a float in [0, 1].

    Raises:
        TypeError: a mask that is not a bool tensor.
        ValueError: an empty mask.

    >>> sparsity_of(torch.tensor([[True, False], [False, False]]))
    0.75
    """
    check_mask(mask)
    return (mask.numel() - int(mask.sum())) / mask.numel()


def _mask_lowest(tensors, pruned, by_magnitude):
    """Return one mask for each tensor: the `pruned` lowest scores of all of them go.

    The rule is the stable sort at the end; the radix select gives the same masks faster, where it can.
    """
    if pruned == 0:
        return [torch.ones(scores.shape, dtype=torch.bool, device=scores.device) for scores in tensors]
    tensors = [scores.detach() for scores in tensors]
    if all(scores.dtype == torch.float32 and scores.device.type == "cpu" for scores in tensors):
        return radix_select.mask_lowest(tensors, pruned, by_magnitude)
    widest = functools.reduce(torch.promote_types, {scores.dtype for scores in tensors})  # it holds each exactly
    ranked = torch.cat([_widened(scores, widest).reshape(-1) for scores in tensors])
    mask = torch.ones(ranked.shape, dtype=torch.bool, device=ranked.device)
    mask[_sortable(ranked, by_magnitude).argsort(stable=True)[:pruned]] = False
    pieces = mask.split([scores.numel() for scores in tensors])
    return [piece.reshape(scores.shape).clone() for piece, scores in zip(pieces, tensors, strict=True)]


BITS = {2: torch.int16, 4: torch.int32, 8: torch.int64}  # bytes of a float: integers of that size


def _sortable(scores, by_magnitude=False):
    """Return integers that sort as the scores do, or their magnitudes: the bits, read so that none counts as zero.

    Where a processor is told to flush denormals, it compares them as zeros; integers it compares as they are.
    """
    bits = scores.resolve_neg().view(BITS[scores.element_size()])
    highest = torch.iinfo(bits.dtype).max
    if by_magnitude:
        return bits & highest
    keys = bits ^ ((bits >> (8 * scores.element_size() - 1)) & highest)
    return keys + (keys == -1)  # -0.0 is the 0.0 that it equals


def _widened(scores, dtype):
    """Return the scores in a wider dtype, each exactly: denormals too, which the processor's conversion may flush."""
    if dtype != torch.float64 or scores.dtype == torch.float64:
        return scores.to(dtype)
    scores = scores.to(torch.float32).resolve_neg()
    bits = scores.view(torch.int32)
    steps = (bits & 0x7FFFFF).double() * 2.0**-149
    is_denormal = (bits & 0x7F800000) == 0
    return torch.where(is_denormal, torch.where(bits < 0, -steps, steps), scores.double())
