"""One layer, fewer channels: smaller dense tensors, which every kernel multiplies faster.

Each function returns a new layer that shares nothing with its argument, and computes what the argument would with the
weights of the removed channels set to zero: same values, same gradients. Everything but the shapes stays as it was,
including the dtype, device, training flag and `requires_grad` of each parameter.
"""

from .attention import HeadAttention, shrink_attention
from .single import shrink_batchnorm2d, shrink_conv2d, shrink_linear

__all__ = ["HeadAttention", "shrink_attention", "shrink_batchnorm2d", "shrink_conv2d", "shrink_linear"]
