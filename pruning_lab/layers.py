"""One layer, fewer channels: smaller dense tensors, which every kernel multiplies faster.

Each function returns a new layer that shares nothing with its argument, and computes what the argument would with the
weights of the removed channels set to zero: same values, same gradients. Everything but the shapes stays as it was,
including the dtype, device, training flag and `requires_grad` of each parameter.
"""

import copy
import math
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pruning_lab.checks import Indices, check_keep


def shrink_linear(layer: nn.Linear, keep_in: Indices | None = None, keep_out: Indices | None = None) -> nn.Linear:
    """Return a copy of a linear layer with only some inputs and outputs.

    Args:
        layer: nn.Linear.
        keep_in: sorted indices of the input features kept, 1-D integers; None keeps all.
        keep_out: sorted indices of the output features kept, 1-D integers; None keeps all.

    Returns:
        nn.Linear, weight (len(keep_out), len(keep_in)).

    Raises:
        TypeError, ValueError: not an nn.Linear, one whose weight is computed, or bad indices.

    >>> shrink_linear(nn.Linear(784, 300), keep_out=[0, 7, 299])
    Linear(in_features=784, out_features=3, bias=True)
    """
    _check_layer(layer, nn.Linear)
    keep_in = _indices(keep_in, layer.in_features, "keep_in")
    keep_out = _indices(keep_out, layer.out_features, "keep_out")
    smaller = copy.deepcopy(layer)
    _replace_(smaller, weight=layer.weight[keep_out[:, None], keep_in], bias=_rows(layer.bias, keep_out))
    smaller.in_features, smaller.out_features = len(keep_in), len(keep_out)
    return smaller


def shrink_conv2d(layer: nn.Conv2d, keep_in: Indices | None = None, keep_out: Indices | None = None) -> nn.Conv2d:
    """Return a copy of a convolution with only some channels.

    With groups, a group either goes as a whole or stays with as many inputs and outputs as every other group that stays
    (which ones may differ from group to group); other choices are no longer a grouped convolution and are refused.
    A depthwise convolution therefore takes the same indices twice.

    Args:
        layer: nn.Conv2d.
        keep_in: sorted indices of the input channels kept, 1-D integers; None keeps all.
        keep_out: sorted indices of the output channels (filters) kept, 1-D integers; None keeps all.

    Returns:
        nn.Conv2d, weight (len(keep_out), len(keep_in) / groups that stay, height, width).

    Raises:
        TypeError, ValueError: not an nn.Conv2d, one whose weight is computed, or bad indices.

    Source: Li et al. 2016 (arXiv 1608.08710), section 3: a filter goes, and with it the next layer's input channel.

    >>> shrink_conv2d(nn.Conv2d(8, 8, 3, groups=8), keep_in=[1, 4], keep_out=[1, 4])
    Conv2d(2, 2, kernel_size=(3, 3), stride=(1, 1), groups=2)
    """
    _check_layer(layer, nn.Conv2d)
    keep_in = _indices(keep_in, layer.in_channels, "keep_in")
    keep_out = _indices(keep_out, layer.out_channels, "keep_out")
    groups, outputs = _groups_left(layer, keep_in, keep_out)
    # Row by row: the filters kept of one group read the channels kept of that group, counted from the group's first.
    columns = (keep_in % layer.weight.shape[1]).view(groups, -1).repeat_interleave(outputs, dim=0)
    smaller = copy.deepcopy(layer)
    _replace_(smaller, weight=layer.weight[keep_out[:, None], columns], bias=_rows(layer.bias, keep_out))
    smaller.in_channels, smaller.out_channels, smaller.groups = len(keep_in), len(keep_out), groups
    return smaller


def _groups_left(layer, keep_in, keep_out):
    """Return how many groups stay, and how many outputs each of them has then."""
    inputs = torch.bincount(keep_in // (layer.in_channels // layer.groups), minlength=layer.groups)
    outputs = torch.bincount(keep_out // (layer.out_channels // layer.groups), minlength=layer.groups)
    pairs = list(zip(inputs.tolist(), outputs.tolist(), strict=True))
    different = sorted(set(pairs) - {(0, 0)})
    if len(different) > 1:
        raise ValueError(
            "keep_in and keep_out must leave equally many inputs and outputs in every group that stays; "
            f"got (inputs, outputs) {', '.join(map(str, different))}"
        )
    return len(pairs) - pairs.count((0, 0)), different[0][1]


def shrink_batchnorm2d(layer: nn.BatchNorm2d, keep: Indices) -> nn.BatchNorm2d:
    """Return a copy of a batch normalisation with only some channels, running statistics included.

    Args:
        layer: nn.BatchNorm2d.
        keep: sorted indices of the channels kept, 1-D integers.

    Returns:
        nn.BatchNorm2d of len(keep) channels.

    Raises:
        TypeError, ValueError: not an nn.BatchNorm2d, one whose weight is computed, or bad indices.

    >>> shrink_batchnorm2d(nn.BatchNorm2d(64), keep=[0, 1, 5]).running_mean.shape
    torch.Size([3])
    """
    _check_layer(layer, nn.BatchNorm2d)
    keep = check_keep(keep, layer.num_features).cpu()
    smaller = copy.deepcopy(layer)
    per_channel = ("weight", "bias", "running_mean", "running_var")
    _replace_(smaller, **{name: _rows(getattr(layer, name), keep) for name in per_channel})
    smaller.num_features = len(keep)
    return smaller


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
        q, k, v = (self._by_head(x) for x in (self.q_proj(query), self.k_proj(key), self.v_proj(value)))
        mask = _additive_mask(key_padding_mask, attn_mask, q)
        heads, weights = self._attend(q, k, v, mask, need_weights)
        output = self.out_proj(heads.transpose(1, 2).flatten(2))
        if weights is not None and average_attn_weights:
            weights = weights.mean(dim=1)
        return output if self.batch_first else output.transpose(0, 1), weights

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


def _additive_mask(key_padding_mask, attn_mask, like):
    """Return both masks as one tensor to add to the scores, -inf where a key is left out; None without a mask."""
    if attn_mask is not None and attn_mask.ndim != 2:
        raise ValueError(f"attn_mask must have 2 axes, the same for every head; got shape {tuple(attn_mask.shape)}")
    masks = [attn_mask] if attn_mask is not None else []
    masks += [key_padding_mask[:, None, None, :]] if key_padding_mask is not None else []
    masks = [torch.where(mask, -math.inf, like.new_zeros(())) if mask.dtype == torch.bool else mask for mask in masks]
    return sum(masks) if masks else None


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
        TypeError, ValueError: another kind of attention, or bad indices.

    >>> attention = shrink_attention(nn.MultiheadAttention(64, num_heads=4), keep_heads=[0, 3])
    >>> attention.num_heads, attention.q_proj.weight.shape, attention.out_proj.weight.shape
    (2, torch.Size([32, 64]), torch.Size([64, 32]))
    """
    if not isinstance(attention, nn.MultiheadAttention | HeadAttention):
        raise TypeError(f"attention must be an nn.MultiheadAttention or HeadAttention; got {type(attention).__name__}")
    heads = check_keep(keep_heads, attention.num_heads, "keep_heads").cpu()
    features = (heads[:, None] * attention.head_dim + torch.arange(attention.head_dim)).flatten()
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
    return smaller.train(attention.training)


def _projections(attention):
    """Return the query, key and value projections as linear layers of their own, however the argument stores them."""
    if isinstance(attention, HeadAttention):
        return attention.q_proj, attention.k_proj, attention.v_proj
    if attention.bias_k is not None or attention.add_zero_attn:
        raise ValueError("attention must be made without add_bias_kv and add_zero_attn; got one with a key of its own")
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


def _check_layer(layer, kind):
    if not isinstance(layer, kind):
        raise TypeError(f"layer must be an nn.{kind.__name__}; got {type(layer).__name__}")
    for name in ("weight", "bias"):
        if getattr(layer, name) is not None and not isinstance(getattr(layer, name), nn.Parameter):
            raise ValueError(
                f"layer must hold its {name} as a parameter; got one computed from others "
                "(end torch.nn.utils.prune or parametrize with their remove functions)"
            )


def _indices(keep, size, name) -> Tensor:
    """Return the indices on the CPU, from where they reach into tensors on any device."""
    return torch.arange(size) if keep is None else check_keep(keep, size, name).cpu()


def _rows(values, keep):
    return None if values is None else values[keep]


def _replace_(layer, **tensors):
    """Give `layer` these parameters and buffers. Picked by index, so they are copies already."""
    for name, values in tensors.items():
        old = getattr(layer, name)
        if isinstance(old, nn.Parameter):
            setattr(layer, name, nn.Parameter(values.detach(), old.requires_grad))
        elif old is not None:
            setattr(layer, name, values)
