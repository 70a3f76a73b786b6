"""Which channels move together, in any network: found by painting them, cut, and proved."""

from .attention import OpenAttention
from .cutting import channel_groups, inexactness, mask_channels, shrink
from .drawing import groups_picture
from .groups import ChannelGroup, ChannelGroups
from .saving import load_shrunk, save_shrunk
from .scoring import channel_scores

__all__ = [
    "ChannelGroup",
    "ChannelGroups",
    "OpenAttention",
    "channel_groups",
    "channel_scores",
    "groups_picture",
    "inexactness",
    "load_shrunk",
    "mask_channels",
    "save_shrunk",
    "shrink",
]
