"""Masks on a whole model: choose, apply, hold while training, save and load.

The parameters stay the plain tensors they are, with zeros written into them. So tied weights, `copy.deepcopy`,
`torch.compile` and `torch.export` work as before, and nothing is left to remove at the end.
"""

from .applying import apply_masks_
from .choosing import left_out, masks_for, prunable_weights
from .holding import hold_masks
from .saving import load_masks, save_masks

__all__ = [
    "apply_masks_",
    "hold_masks",
    "left_out",
    "load_masks",
    "masks_for",
    "prunable_weights",
    "save_masks",
]
