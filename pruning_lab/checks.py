"""What a caller may pass: one copy of each check, so that the same mistake meets the same sentence everywhere.

Every message reads `<argument> must <rule>; got <value>`. A wrong type is a TypeError, a wrong value a ValueError.
"""

import math
from collections.abc import Sequence
from numbers import Integral, Real

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

Indices = Tensor | np.ndarray | Sequence[int]  # of what is kept, sorted
PACKED = {getattr(torch, name) for name in ("float4_e2m1fn_x2",) if hasattr(torch, name)}  # two numbers in an entry


def check_sparsity(sparsity: float, name: str = "sparsity") -> float:
    """Return `sparsity` as a float in [0, 1], the fraction pruned.

    >>> check_sparsity(90)
    Traceback (most recent call last):
    ValueError: sparsity must be in [0, 1] (0.9 prunes 90 %); got 90
    """
    if isinstance(sparsity, bool) or not isinstance(sparsity, Real):
        raise TypeError(f"{name} must be a number in [0, 1] (0.9 prunes 90 %); got {sparsity!r}")
    if math.isnan(sparsity) or not 0 <= sparsity <= 1:
        raise ValueError(f"{name} must be in [0, 1] (0.9 prunes 90 %); got {sparsity}")
    return float(sparsity)


def check_integer(value: int, name: str, minimum: int) -> int:
    """Return `value` as an int that is at least `minimum`.

    >>> check_integer(0, "repeats", minimum=1)
    Traceback (most recent call last):
    ValueError: repeats must be at least 1; got 0
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be an integer; got {value!r}")
    if value < minimum:
        raise ValueError(f"{name} must be at least {minimum}; got {value}")
    return int(value)


def check_float_tensor(tensor: Tensor, name: str, ndim: int | None = None) -> Tensor:
    """Return `tensor` if it is a dense, real floating-point tensor, of `ndim` axes where that is given.

    >>> check_float_tensor(torch.arange(3), "scores")
    Traceback (most recent call last):
    TypeError: scores must be a floating-point tensor; got dtype torch.int64
    """
    if not isinstance(tensor, torch.Tensor):
        raise TypeError(f"{name} must be a torch.Tensor; got {type(tensor).__name__}")
    if not tensor.is_floating_point():
        raise TypeError(f"{name} must be a floating-point tensor; got dtype {tensor.dtype}")
    if tensor.dtype in PACKED:
        raise TypeError(f"{name} must hold one number in an entry; got dtype {tensor.dtype}")
    check_dense(check_initialised(tensor, name), name)
    if ndim is not None and tensor.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} axes; got shape {tuple(tensor.shape)}")
    return tensor


def check_initialised(tensor: Tensor, name: str) -> Tensor:
    """Return `tensor` if it has a shape yet, which a parameter of a lazy layer has not.

    >>> check_initialised(nn.LazyLinear(2).weight, "weight")
    Traceback (most recent call last):
    ValueError: weight must be initialised (run its model once on example inputs); got a lazy parameter
    """
    if is_lazy(tensor):
        raise ValueError(f"{name} must be initialised (run its model once on example inputs); got a lazy parameter")
    return tensor


def check_dense(tensor: Tensor, name: str) -> Tensor:
    """Return `tensor` if every entry has a place of its own in its layout: neither sparse nor nested.

    >>> check_dense(torch.eye(2).to_sparse(), "mask")
    Traceback (most recent call last):
    TypeError: mask must be a dense tensor (make it one with .to_dense()); got layout torch.sparse_coo
    """
    if tensor.layout != torch.strided or tensor.is_nested:
        got = "a nested tensor" if tensor.is_nested else f"layout {tensor.layout}"
        raise TypeError(f"{name} must be a dense tensor (make it one with .to_dense()); got {got}")
    return tensor


def check_values(tensor: Tensor, name: str) -> Tensor:
    """Return `tensor` if it holds numbers that can be read.

    >>> check_values(torch.ones(2, device="meta"), "scores")
    Traceback (most recent call last):
    ValueError: scores must hold numbers; got a tensor on the meta device, which has a shape only
    """
    if tensor.is_meta:
        raise ValueError(f"{name} must hold numbers; got a tensor on the meta device, which has a shape only")
    return check_dense(tensor, name)


def check_scores(scores: Tensor, name: str = "scores", ndim: int | None = None, *, weights_too: bool = False) -> Tensor:
    """Return `scores` if they can be ranked: floating point, at least one entry, no NaN. Infinities are fine.

    A weight itself is refused unless `weights_too`. Of float8, which torch cannot compare, the same numbers in float32.

    >>> check_scores(torch.tensor([1.0, float("nan")]))
    Traceback (most recent call last):
    ValueError: scores must not hold NaN; got 1 NaN in 2 entries
    """
    if isinstance(scores, nn.Parameter) and not weights_too:
        raise TypeError(
            f"{name} must be scores (a weight would rank by its sign: take magnitude_scores(weight), or "
            "mask_global(weights, sparsity, by_magnitude=True); of learnt scores .detach()); got a Parameter"
        )
    check_values(check_float_tensor(scores, name, ndim), name)
    scores = scores.float() if scores.element_size() == 1 else scores
    if scores.numel() == 0:
        raise ValueError(f"{name} must have at least one entry; got shape {tuple(scores.shape)}")
    # A NaN survives a maximum, and a maximum allocates nothing: the slow count is only for the message.
    if scores.max().isnan():
        raise ValueError(f"{name} must not hold NaN; got {int(scores.isnan().sum())} NaN in {scores.numel()} entries")
    return scores


def check_keep(keep: Indices, size: int, name: str = "keep") -> Tensor:
    """Return `keep` as a sorted int64 tensor of distinct indices into an axis of `size` entries.

    Accepts a 1-D integer tensor or array of any width, or a list of ints. Unsorted indices are refused rather than
    sorted in silence: two layers shrunk with the same indices in another order would no longer fit each other.

    >>> check_keep([2, 0], size=4)
    Traceback (most recent call last):
    ValueError: keep must be sorted in ascending order; got [2, 0]
    """
    indices = check_initialised(check_values(_as_tensor(keep, name), name), name)
    shown = f"{indices.tolist()[:8]}{' ...' if indices.numel() > 8 else ''}" if indices.ndim else repr(keep)
    if indices.numel() == 0:
        raise ValueError(f"{name} must hold at least one index; got an empty one")
    if indices.dtype == torch.bool or indices.is_floating_point() or indices.is_complex():
        raise TypeError(f"{name} must hold integer indices; got dtype {indices.dtype}")
    if indices.ndim != 1:
        raise ValueError(f"{name} must have 1 axis; got shape {tuple(indices.shape)}")
    indices = indices.to(torch.int64)  # torch compares no unsigned integers; beyond int64 they turn negative here
    if indices.min() < 0 or indices.max() >= size:
        raise ValueError(f"{name} must hold indices in [0, {size}); got {shown}")
    if indices.unique().numel() != indices.numel():
        raise ValueError(f"{name} must not hold an index twice; got {shown}")
    if (indices.diff() < 0).any():
        raise ValueError(f"{name} must be sorted in ascending order; got {shown}")
    return indices


def _as_tensor(keep, name):
    try:
        if isinstance(keep, np.ndarray):  # a copy: torch shares no array that is read-only or of the other byte order
            return torch.from_numpy(keep.astype(keep.dtype.newbyteorder("=")))
        return keep if isinstance(keep, torch.Tensor) else torch.as_tensor(keep, device="cpu")
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise TypeError(f"{name} must be a 1-D integer tensor or list of ints; got {keep!r:.60}") from error


def check_mask(mask: Tensor, name: str = "mask") -> Tensor:
    """Return `mask` if it is a bool tensor with at least one entry, True where a weight stays.

    >>> check_mask(torch.ones(2))
    Traceback (most recent call last):
    TypeError: mask must be a bool tensor (True keeps); got dtype torch.float32
    """
    if not isinstance(mask, torch.Tensor):
        raise TypeError(f"{name} must be a bool tensor (True keeps); got {type(mask).__name__}")
    if mask.dtype != torch.bool:
        raise TypeError(f"{name} must be a bool tensor (True keeps); got dtype {mask.dtype}")
    check_values(mask, name)
    if mask.numel() == 0:
        raise ValueError(f"{name} must have at least one entry; got shape {tuple(mask.shape)}")
    return mask


def check_texts(texts: Sequence[str]) -> Sequence[str]:
    """Return `texts` if it is a list of texts, of one at least; a text alone is a list of letters, and refused.

    >>> check_texts("a text")
    Traceback (most recent call last):
    TypeError: texts must be a list of texts; got one text
    """
    if isinstance(texts, str) or not isinstance(texts, Sequence):
        raise TypeError(f"texts must be a list of texts; got {'one text' if isinstance(texts, str) else _type(texts)}")
    others = [_type(text) for text in texts if not isinstance(text, str)]
    if others:
        raise TypeError(f"texts must be a list of texts; got one that holds {others[0]}")
    if not texts:
        raise ValueError("texts must hold at least one text; got none")
    return texts


def _type(value):
    return type(value).__name__


def check_model(model: nn.Module) -> nn.Module:
    """Return `model` if it is a module.

    >>> check_model({"weight": torch.ones(2)})
    Traceback (most recent call last):
    TypeError: model must be a torch.nn.Module; got dict
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch.nn.Module; got {type(model).__name__}")
    return model
