"""Which channels move together, in any network: found by painting them, cut, and proved."""

from .cutting import channel_groups, mask_channels, shrink
from .groups import ChannelGroup, ChannelGroups

__all__ = ["ChannelGroup", "ChannelGroups", "channel_groups", "mask_channels", "shrink"]
