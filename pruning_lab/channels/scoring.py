"""What is a unit worth? The scores of all that it owns, added up."""

from collections.abc import Mapping

import torch
from torch import Tensor

from pruning_lab.checks import check_scores

from .groups import ChannelGroup


def channel_scores(group: ChannelGroup, scores: Mapping[str, Tensor]) -> Tensor:
    """Add up any scores of weights over the slices that each unit of a group owns.

    `masks.keep_channels` takes the result.

    Args:
        group: one of `channel_groups`.
        scores: {parameter name: tensor of its shape}, such as magnitudes. Parameters without scores count nothing.

    Returns:
        Tensor (size,): one score per unit.

    Raises:
        TypeError: scores that are no dict of tensors.
        ValueError: none of the group's parameters has scores, or a tensor has another shape than its parameter.

    >>> from pruning_lab import masks
    >>> from pruning_lab.channels import channel_groups
    >>> model = torch.nn.Sequential(torch.nn.Linear(1, 3, bias=False), torch.nn.Linear(3, 1, bias=False))
    >>> [group] = channel_groups(model, torch.ones(1, 1))
    >>> scores = channel_scores(group, {"0.weight": torch.tensor([[3.0], [1.0], [2.0]])})
    >>> scores, masks.keep_channels(scores, sparsity=1 / 3)
    (tensor([3., 1., 2.]), tensor([0, 2]))
    """
    if not isinstance(scores, Mapping):
        raise TypeError(f"scores must be a dict of parameter name: tensor; got {type(scores).__name__}")
    if not any(name in scores for name, _ in group.axes):
        names = ", ".join(dict.fromkeys(name for name, _ in group.axes))
        raise ValueError(f"scores must hold one of the group's parameters ({names}); got {', '.join(scores) or 'none'}")
    total = torch.zeros(group.size)
    for (name, axis), number in group.axes.items():
        if name in scores:
            tensor = check_scores(scores[name], f"scores[{name!r}]").detach().float().cpu()
            if tensor.ndim <= axis or tensor.shape[axis] != len(number):
                shape = tuple(tensor.shape)
                rule = f"have {len(number)} entries along axis {axis}"
                raise ValueError(f"scores[{name!r}] must {rule}; got shape {shape}")
            each = tensor.movedim(axis, 0).reshape(len(number), -1).sum(dim=1)
            total.index_add_(0, number[number >= 0], each[number >= 0])
    return total
