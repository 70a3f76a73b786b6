"""Whole networks with fewer filters, for lesson 05: a VGG, and the insides of a ResNet's blocks."""

import copy
import math

from pruning_lab import masks, scores
from pruning_lab.layers import shrink_batchnorm2d, shrink_conv2d, shrink_linear


def shrink_vgg(model, keep):
    """Return a copy of a VGG from `models` without some of its filters; the layers after them lose the same channels.

    Args:
        model: models.vgg16_cifar() or models.vgg_small(), of any widths.
        keep: {number of the convolution, counted from 1: indices of the filters that stay}.

    >>> from pruning_lab import models
    >>> small = shrink_vgg(models.vgg_small(), {1: [0, 2, 5]})
    >>> small.conv1.out_channels, small.norm1.num_features, small.conv2.in_channels
    (3, 3, 3)
    """
    model = copy.deepcopy(model)
    for number, indices in keep.items():
        conv, norm = model.get_submodule(f"conv{number}"), model.get_submodule(f"norm{number}")
        setattr(model, f"conv{number}", shrink_conv2d(conv, keep_out=indices))
        setattr(model, f"norm{number}", shrink_batchnorm2d(norm, indices))
        if hasattr(model, f"conv{number + 1}"):
            reader = model.get_submodule(f"conv{number + 1}")
            setattr(model, f"conv{number + 1}", shrink_conv2d(reader, keep_in=indices))
        else:  # after the last convolution an image is one pixel, so channels are features
            head = "linear1" if hasattr(model, "linear1") else "linear"
            setattr(model, head, shrink_linear(model.get_submodule(head), keep_in=indices))
    return model


def shrink_resnet(model, keep):
    """Return a copy of a ResNet from `models` without some of the filters inside its blocks.

    Only a block's first convolution can lose filters by itself: the second one is added to the shortcut, channel by
    channel, so its outputs are shared.

    Args:
        model: models.resnet_cifar(...).
        keep: {number of the block, counted from 0: indices of the filters of its first convolution that stay}.
    """
    model = copy.deepcopy(model)
    blocks = [*model.stage1, *model.stage2, *model.stage3]
    for number, indices in keep.items():
        block = blocks[number]
        block.conv1 = shrink_conv2d(block.conv1, keep_out=indices)
        block.norm1 = shrink_batchnorm2d(block.norm1, indices)
        block.conv2 = shrink_conv2d(block.conv2, keep_in=indices)
    return model


def by_norm(conv, fraction):
    """Return the filters that stay when the ceil(fraction x filters) of smallest L1 norm go: Li et al.'s rule.

    >>> import torch
    >>> len(by_norm(torch.nn.Conv2d(3, 16, 3), 0.1))
    14
    """
    filters = conv.weight.shape[0]
    return masks.keep_channels(scores.channel_scores(conv.weight), math.ceil(fraction * filters) / filters)


def keep_by_norm(model, fraction=0.5):
    """Return the `keep` for `shrink_vgg` that prunes this fraction of the filters of every convolution, by L1 norm."""
    convolutions = [name for name, _ in model.named_children() if name.startswith("conv")]
    return {int(name[4:]): by_norm(model.get_submodule(name), fraction) for name in convolutions}
