"""What takes seconds the first time is done before a clock runs."""

from functools import cache

import numpy as np
import torch
from torch import nn

from pruning_lab.channels import channel_groups

from .products import sparse_products
from .structured import costs, smaller


@cache
def prepare(dtype: torch.dtype) -> None:
    """Have Numba compile every kernel, and torch load what it loads when it is used first, before a clock runs."""
    for kind in {torch.float32, dtype}:
        matrix = torch.ones(8, 8, dtype=kind)
        for columns in ((), (2,)):
            for _, call in sparse_products(matrix, np.ones((8, *columns), matrix.numpy().dtype), [0.5]):
                call()
    tiny, x = nn.Sequential(nn.Conv2d(1, 2, 1), nn.Flatten(), nn.Linear(2, 1)).eval(), torch.ones(1, 1, 1, 1)
    costs(smaller(tiny, channel_groups(tiny, x), (0.5,)), x)
