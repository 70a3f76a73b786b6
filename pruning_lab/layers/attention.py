"""Attention of fewer heads, and the module that it takes."""

import copy
import math
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pruning_lab.checks import Indices, check_integer, check_keep

from .single import check_parameters, shrink_linear

PROJECTIONS = ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight", "in_proj_bias")


class HeadAttention(nn.Module):
    """Multi-head attention with any number of heads, where nn.MultiheadAttention insists on embed_dim / head_dim.

    Call it the same way. The same rules hold, even the surprising one: True in a mask means *left out*.
    Not supported, with an error: inputs without a batch axis, a mask per head, `is_causal` without a mask. Attention
    weights are averaged over the heads that remain. In an nn.TransformerEncoder set `use_nested_tensor = False`.

    Args:
        embed_dim: features of the query and of the output. num_heads, head_dim: of the inside; any product.
        kdim, vdim: features of key and value; None means `embed_dim`.
        bias: on all four projections. dropout: on the attention weights, in training. batch_first: as in torch.

    >>> attention = HeadAttention(embed_dim=64, num_heads=3, head_dim=16, batch_first=True)
    >>> x = torch.randn(2, 10, 64)
    >>> output, weights = attention(x, x, x)
    >>> output.shape, weights.shape
    (torch.Size([2, 10, 64]), torch.Size([2, 10, 10]))
    """

    in_proj_bias = None  # tells nn.TransformerEncoderLayer that its fused kernel does not fit

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        head_dim: int,
        kdim: int | None = None,
        vdim: int | None = None,
        bias: bool = True,
        dropout: float = 0.0,
        batch_first: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        super().__init__()
        sizes = {"embed_dim": embed_dim, "num_heads": num_heads, "head_dim": head_dim, "kdim": kdim, "vdim": vdim}
        for name, size in sizes.items():
            if size is not None:
                check_integer(size, name, minimum=1)
        self.embed_dim, self.num_heads, self.head_dim = embed_dim, num_heads, head_dim
        self.dropout, self.batch_first = dropout, batch_first
        inside, linear = num_heads * head_dim, partial(nn.Linear, bias=bias, device=device, dtype=dtype)
        self.q_proj = linear(embed_dim, inside)
        self.k_proj = linear(embed_dim if kdim is None else kdim, inside)
        self.v_proj = linear(embed_dim if vdim is None else vdim, inside)
        self.out_proj = linear(inside, embed_dim)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Return the output and, with `need_weights`, the attention weights (else None); shapes as in torch."""
        if query.ndim != 3:
            raise ValueError(f"query must have 3 axes, one of them the batch; got shape {tuple(query.shape)}")
        if is_causal and attn_mask is None:
            raise ValueError("attn_mask must be given with is_causal, which is only a hint; got None")
        if not self.batch_first:
            query, key, value = (x.transpose(0, 1) for x in (query, key, value))
        self._check_inputs(query, key, value)
        q, k, v = (self._by_head(x) for x in (self.q_proj(query), self.k_proj(key), self.v_proj(value)))
        mask = _additive_mask(key_padding_mask, attn_mask, q, k)
        heads, weights = self._attend(q, k, v, mask, need_weights)
        output = self.out_proj(heads.transpose(1, 2).flatten(2))
        if weights is not None and average_attn_weights:
            weights = weights.mean(dim=1)
        return output if self.batch_first else output.transpose(0, 1), weights

    def _check_inputs(self, query, key, value):
        """Refuse what would be broadcast: another batch, or another length of the values. Batch first."""
        if key.ndim != 3 or value.ndim != 3 or key.shape[:2] != value.shape[:2] or len(key) != len(query):
            shapes = ", ".join(str(tuple(x.shape)) for x in (query, key, value))
            rule = "query, key and value must have one batch, and key and value one length"
            raise ValueError(f"{rule}; got shapes {shapes} with the batch first")
        weight = self.q_proj.weight
        if query.device != weight.device:
            raise ValueError(f"query must be on the device of the attention, {weight.device}; got {query.device}")
        if query.dtype != weight.dtype and not torch.is_autocast_enabled(query.device.type):
            raise TypeError(f"query must be of the dtype of the attention, {weight.dtype}; got {query.dtype}")

    def _by_head(self, features):
        """(batch, length, num_heads x head_dim) -> (batch, num_heads, length, head_dim)."""
        return features.unflatten(2, (self.num_heads, self.head_dim)).transpose(1, 2)

    def _attend(self, q, k, v, mask, need_weights):
        dropout = self.dropout if self.training else 0.0
        if not need_weights:  # the fused kernel never writes the weights down
            return F.scaled_dot_product_attention(q, k, v, mask, dropout), None
        scores = q @ k.transpose(2, 3) / math.sqrt(self.head_dim)
        weights = F.dropout((scores if mask is None else scores + mask).softmax(dim=-1), dropout)
        return weights @ v, weights


def _additive_mask(key_padding_mask, attn_mask, q, k):
    """Return both masks as one tensor to add to the scores, -inf where a key is left out; None without a mask."""
    if attn_mask is not None and attn_mask.ndim != 2:
        raise ValueError(f"attn_mask must have 2 axes, the same for every head; got shape {tuple(attn_mask.shape)}")
    _check_mask(attn_mask, "attn_mask", (q.shape[2], k.shape[2]))
    _check_mask(key_padding_mask, "key_padding_mask", (k.shape[0], k.shape[2]))
    masks = [attn_mask] if attn_mask is not None else []
    masks += [key_padding_mask[:, None, None, :]] if key_padding_mask is not None else []
    masks = [torch.where(mask, -math.inf, q.new_zeros(())) if mask.dtype == torch.bool else mask for mask in masks]
    return sum(masks) if masks else None


def _check_mask(mask, name, shape):
    """Refuse what nn.MultiheadAttention refuses: integers, which would be added to the scores, and another shape."""
    if mask is None:
        return
    if mask.dtype != torch.bool and not mask.is_floating_point():
        raise TypeError(
            f"{name} must be bool (True is left out) or floating point (added to the scores); got dtype {mask.dtype}"
        )
    if mask.shape != shape:
        raise ValueError(f"{name} must have shape {shape}; got {tuple(mask.shape)}")


def shrink_attention(attention: nn.MultiheadAttention | HeadAttention, keep_heads: Indices) -> HeadAttention:
    """Return attention with only some heads.

    The result is a `HeadAttention`, because nn.MultiheadAttention cannot have fewer heads of the same size.

    Args:
        attention: nn.MultiheadAttention without `add_bias_kv` and `add_zero_attn`, or HeadAttention.
        keep_heads: sorted indices of the heads kept, 1-D integers.

    Returns:
        HeadAttention with len(keep_heads) heads: the query, key and value projections lose rows, the output projection
        columns.

    Raises:
        TypeError, ValueError: another kind of attention, one with a forward of its own, one whose weights are computed,
            or bad indices.

    >>> attention = shrink_attention(nn.MultiheadAttention(64, num_heads=4), keep_heads=[0, 3])
    >>> attention.num_heads, attention.q_proj.weight.shape, attention.out_proj.weight.shape
    (2, torch.Size([32, 64]), torch.Size([64, 32]))
    """
    if not isinstance(attention, nn.MultiheadAttention | HeadAttention):
        raise TypeError(f"attention must be an nn.MultiheadAttention or HeadAttention; got {type(attention).__name__}")
    _check_own_forward(attention)
    heads = check_keep(keep_heads, attention.num_heads, "keep_heads").cpu()
    features = (heads[:, None] * attention.head_dim + torch.arange(attention.head_dim, device="cpu")).flatten()
    q_proj, k_proj, v_proj = _projections(attention)
    smaller = HeadAttention(
        attention.embed_dim,
        len(heads),
        attention.head_dim,
        dropout=attention.dropout,
        batch_first=attention.batch_first,
        device="meta",  # no memory and no random numbers for weights that are replaced at once
    )
    smaller.q_proj = shrink_linear(q_proj, keep_out=features)
    smaller.k_proj = shrink_linear(k_proj, keep_out=features)
    smaller.v_proj = shrink_linear(v_proj, keep_out=features)
    smaller.out_proj = shrink_linear(attention.out_proj, keep_in=features)
    if isinstance(attention, nn.MultiheadAttention):  # it reads the numbers of its out_proj: hooks there never run
        for hooks in _hooks_of(smaller.out_proj).values():
            hooks.clear()
    vars(smaller).update(copy.deepcopy(_hooks_of(attention), {id(attention): smaller}))
    return smaller.train(attention.training)


def _hooks_of(layer):
    """Return what is to run before and after a layer, {name: its hooks}."""
    return {
        name: hooks
        for name, hooks in vars(layer).items()
        if name.startswith(("_forward", "_backward")) and isinstance(hooks, dict)
    }


def _check_own_forward(attention):
    """Refuse a subclass that computes something else: a HeadAttention would compute what its parent does."""
    kind = nn.MultiheadAttention if isinstance(attention, nn.MultiheadAttention) else HeadAttention
    if type(attention).forward is not kind.forward or "forward" in vars(attention):
        raise TypeError(
            "attention must compute what nn.MultiheadAttention does; "
            f"got {type(attention).__name__} with a forward of its own, which HeadAttention would lose"
        )


def _projections(attention):
    """Return the query, key and value projections as linear layers of their own, however the argument stores them."""
    if isinstance(attention, HeadAttention):
        return attention.q_proj, attention.k_proj, attention.v_proj
    if attention.bias_k is not None or attention.add_zero_attn:
        raise ValueError("attention must be made without add_bias_kv and add_zero_attn; got one with a key of its own")
    check_parameters(attention, "attention", PROJECTIONS)
    packed, bias = attention.in_proj_weight, attention.in_proj_bias
    separate = [attention.q_proj_weight, attention.k_proj_weight, attention.v_proj_weight]
    weights = separate if packed is None else packed.chunk(3)
    biases = [None] * 3 if bias is None else bias.chunk(3)
    return [_linear(weight, bias) for weight, bias in zip(weights, biases, strict=True)]


def _linear(weight, bias):
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None, device="meta")
    layer.weight = nn.Parameter(weight.detach(), weight.requires_grad)
    if bias is not None:
        layer.bias = nn.Parameter(bias.detach(), bias.requires_grad)
    return layer
