"""nn.MultiheadAttention that may lose heads: the same parameters under the same names, with the head's width kept."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class OpenAttention(nn.MultiheadAttention):
    """Multi-head attention whose heads need not add up to `embed_dim`, where torch's insists on it.

    Made from an nn.MultiheadAttention by `open_attention_`: parameters, state dict and the call stay the same. A mask
    per head is refused, since it would need to know which heads went.
    """

    head_dim: int

    @property
    def _qkv_same_embed_dim(self) -> bool:  # what torch's fused kernels ask before they take the weights
        return False

    @_qkv_same_embed_dim.setter
    def _qkv_same_embed_dim(self, value: bool) -> None:
        """Setting it changes nothing."""

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
        alone = query.ndim == 2
        if alone:
            query, key, value = (x.unsqueeze(0) for x in (query, key, value))
            key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
        elif not self.batch_first:
            query, key, value = (x.transpose(0, 1) for x in (query, key, value))
        q, k, v = self._project(query, key, value)
        scores = q @ k.transpose(2, 3) / math.sqrt(self.head_dim)
        for mask in _additive(attn_mask, key_padding_mask, scores):
            scores = scores + mask
        weights = F.dropout(scores.softmax(dim=-1), self.dropout, self.training)
        output = self.out_proj((weights @ v).transpose(1, 2).flatten(2))
        shown = (weights.mean(dim=1) if average_attn_weights else weights) if need_weights else None
        if alone:
            return output.squeeze(0), None if shown is None else shown.squeeze(0)
        return output if self.batch_first else output.transpose(0, 1), shown

    def _project(self, *inputs):
        """Return query, key and value, each (batch, heads, length, head_dim)."""
        weights = (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)
        weights = weights if self.in_proj_weight is None else self.in_proj_weight.chunk(3)
        biases = (None, None, None) if self.in_proj_bias is None else self.in_proj_bias.chunk(3)
        rows = [F.linear(x, weight, bias) for x, weight, bias in zip(inputs, weights, biases, strict=True)]
        return [row.unflatten(2, (self.num_heads, self.head_dim)).transpose(1, 2) for row in rows]


def _additive(attn_mask, key_padding_mask, scores):
    """Yield masks to add to scores (batch, heads, queries, keys); True in a mask means left out."""
    if attn_mask is not None and attn_mask.ndim != 2:
        raise ValueError(f"attn_mask must have 2 axes, the same for every head; got shape {tuple(attn_mask.shape)}")
    padding = None if key_padding_mask is None else key_padding_mask[:, None, None, :]
    for mask in (attn_mask, padding):
        if mask is not None:
            yield (
                torch.zeros_like(mask, dtype=scores.dtype).masked_fill(mask, -math.inf)
                if mask.dtype == torch.bool
                else mask
            )


def open_attention_(model: nn.Module) -> None:
    """Let every nn.MultiheadAttention lose heads; one that adds rows of its own to the keys stays as it is."""
    for module in model.modules():
        if type(module) is nn.MultiheadAttention and module.bias_k is None and not module.add_zero_attn:
            module.__class__ = OpenAttention


def close_attention_(model: nn.Module) -> None:
    """Make torch's own attention again of each that lost nothing."""
    for module in model.modules():
        if isinstance(module, OpenAttention) and module.num_heads * module.head_dim == module.embed_dim:
            setattr(module, "__class__", nn.MultiheadAttention)  # noqa: B010 (the type checker holds a class for fixed)
