"""The small networks of the course. Widths are arguments: a pruned network is the same class with other numbers.

Every network maps images to logits. Seeds are the caller's: `torch.manual_seed` before building one.
"""

from collections import OrderedDict
from collections.abc import Sequence
from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from pruning_lab.checks import check_integer


def lenet_300_100(in_features: int = 784, widths: Sequence[int] = (300, 100), classes: int = 10) -> nn.Sequential:
    """Return LeNet-300-100, two hidden layers.

    Args:
        in_features: pixels of an image.
        widths: units of the two hidden layers.
        classes: number of logits.

    Returns:
        nn.Sequential, (batch, any shape with in_features entries) -> (batch, classes).

    Source: the network that Han et al. 2015 (arXiv 1510.00149), section 5.1, prune; from LeCun et al. 1998.

    >>> sum(p.numel() for p in lenet_300_100().parameters())
    266610
    """
    first, second = _check_widths(widths, 2)
    _check_sizes(in_features=in_features, classes=classes)
    layers = OrderedDict[str, nn.Module](flatten=nn.Flatten())
    layers.update(fc1=nn.Linear(in_features, first), relu1=nn.ReLU())
    layers.update(fc2=nn.Linear(first, second), relu2=nn.ReLU())
    layers.update(fc3=nn.Linear(second, classes))
    return nn.Sequential(layers)


def lenet5(widths: Sequence[int] = (20, 50), hidden: int = 500, classes: int = 10) -> nn.Sequential:
    """Return LeNet-5 in the variant that pruning papers use: two 5 x 5 convolutions, one hidden layer.

    Args:
        widths: filters of the two convolutions.
        hidden: units of the hidden layer.
        classes: number of logits.

    Returns:
        nn.Sequential, (batch, 1, 28, 28) -> (batch, classes).

    Source: the Caffe network of Han et al. 2015 (arXiv 1510.00149), section 5.1: 431 thousand parameters. Here each
    convolution has a ReLU too.

    >>> sum(p.numel() for p in lenet5().parameters())
    431080
    """
    first, second = _check_widths(widths, 2)
    _check_sizes(hidden=hidden, classes=classes)
    layers = OrderedDict[str, nn.Module](conv1=nn.Conv2d(1, first, 5), relu1=nn.ReLU(), pool1=nn.MaxPool2d(2))
    layers.update(conv2=nn.Conv2d(first, second, 5), relu2=nn.ReLU(), pool2=nn.MaxPool2d(2), flatten=nn.Flatten())
    layers.update(fc1=nn.Linear(second * 4 * 4, hidden), relu3=nn.ReLU(), fc2=nn.Linear(hidden, classes))
    return nn.Sequential(layers)


VGG16_WIDTHS = (64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512)


def vgg16_cifar(widths: Sequence[int] = VGG16_WIDTHS, hidden: int = 512, classes: int = 10) -> nn.Sequential:
    """Return VGG-16 for 32 x 32 colour images: 13 convolutions with batch norm, one hidden linear layer.

    Args:
        widths: filters of the 13 convolutions.
        hidden: units of the hidden layer.
        classes: number of logits.

    Returns:
        nn.Sequential, (batch, 3, 32, 32) -> (batch, classes).

    Source: Li et al. 2016 (arXiv 1608.08710), section 4.1, without their batch norm after the hidden layer.

    >>> vgg16_cifar(widths=(32, *VGG16_WIDTHS[1:])).conv2
    Conv2d(32, 64, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), bias=False)
    """
    _check_widths(widths, 13)
    _check_sizes(hidden=hidden, classes=classes)
    layers = _convolutions(3, widths, pool_after=(2, 4, 7, 10, 13))
    layers.update(flatten=nn.Flatten(), linear1=nn.Linear(widths[-1], hidden), relu14=nn.ReLU())
    layers.update(linear2=nn.Linear(hidden, classes))
    return nn.Sequential(layers)


def vgg_small(widths: Sequence[int] = (16, 16, 32, 32, 64, 64), classes: int = 10) -> nn.Sequential:
    """Return a VGG for Fashion-MNIST that trains in seconds: six convolutions with batch norm, 73 thousand parameters.

    Args:
        widths: filters of the six convolutions.
        classes: number of logits.

    Returns:
        nn.Sequential, (batch, 1, 28, 28) -> (batch, classes).

    >>> sum(p.numel() for p in vgg_small().parameters())
    72666
    """
    _check_widths(widths, 6)
    _check_sizes(classes=classes)
    layers = _convolutions(1, widths, pool_after=(2, 4))
    layers.update(average=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten(), linear=nn.Linear(widths[-1], classes))
    return nn.Sequential(layers)


def _convolutions(in_channels, widths, pool_after):
    """3 x 3 convolutions, each with batch norm (so without a bias) and ReLU: conv1, norm1, relu1, conv2 and so on."""
    layers = OrderedDict[str, nn.Module]()
    for number, (before, after) in enumerate(pairwise((in_channels, *widths)), start=1):
        layers[f"conv{number}"] = nn.Conv2d(before, after, 3, padding=1, bias=False)
        layers[f"norm{number}"] = nn.BatchNorm2d(after)
        layers[f"relu{number}"] = nn.ReLU()
        if number in pool_after:
            layers[f"pool{number}"] = nn.MaxPool2d(2)
    return layers


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut that has no parameters.

    The shortcut takes every `stride`-th pixel and appends channels of zeros, so that channel c stays channel c. That is
    why only the width `inner`, between the convolutions, can be pruned on its own.
    """

    def __init__(self, in_channels: int, inner: int, out_channels: int, stride: int):
        super().__init__()
        _check_sizes(in_channels=in_channels, inner=inner, out_channels=out_channels, stride=stride)
        if out_channels < in_channels:
            raise ValueError(f"out_channels must be at least in_channels = {in_channels}; got {out_channels}")
        self.conv1 = nn.Conv2d(in_channels, inner, 3, stride=stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(inner)
        self.conv2 = nn.Conv2d(inner, out_channels, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(out_channels)
        self.stride, self.new_channels = stride, out_channels - in_channels

    def forward(self, x: Tensor) -> Tensor:
        """(batch, in_channels, height, width) -> (batch, out_channels, height / stride, width / stride)."""
        residual = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        shortcut = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.new_channels))
        return F.relu(residual + shortcut)


def resnet_cifar(
    depth: int,
    widths: Sequence[int] = (16, 32, 64),
    inner: Sequence[int] | None = None,
    classes: int = 10,
    in_channels: int = 3,
) -> nn.Sequential:
    """Return a ResNet for small images, of 6n + 2 layers: a stem, three stages of n blocks, a linear layer.

    Args:
        depth: number of layers with weights: 8, 14, 20, 26, 32, 44, 56, 110 ...
        widths: channels of the three stages, ascending. Blocks add to them, so a stage has one width throughout.
        inner: filters of each block's first convolution, 3n numbers in order; None gives each block its stage's width.
        classes: number of logits.
        in_channels: 3 for colour images, 1 for grey ones.

    Returns:
        nn.Sequential with blocks `stage1.block1` to `stage3.block{n}`, (batch, in_channels, 32, 32) ->
        (batch, classes); other image sizes work too.

    Raises:
        TypeError, ValueError: a depth that is not 6n + 2, a wrong number of widths, or widths that descend.

    Source: He et al. 2015 (arXiv 1512.03385), section 4.2, option A for the shortcuts; pruned inside blocks as in Li et
    al. 2016 (arXiv 1608.08710), section 3.3.

    >>> resnet_cifar(56, inner=(10,) + 26 * (16,)).stage1.block1.conv2
    Conv2d(10, 16, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), bias=False)
    """
    if check_integer(depth, "depth", minimum=8) % 6 != 2:
        raise ValueError(f"depth must be 6n + 2 (8, 14, 20, ...); got {depth}")
    if sorted(_check_widths(widths, 3)) != list(widths):
        raise ValueError(f"widths must not descend (a shortcut cannot drop channels); got {tuple(widths)}")
    _check_sizes(classes=classes, in_channels=in_channels)
    blocks = (depth - 2) // 6
    inner = [width for width in widths for _ in range(blocks)] if inner is None else inner
    _check_widths(inner, 3 * blocks, "inner")
    layers = OrderedDict[str, nn.Module](conv=nn.Conv2d(in_channels, widths[0], 3, padding=1, bias=False))
    layers.update(norm=nn.BatchNorm2d(widths[0]), relu=nn.ReLU())
    for stage, (before, after) in enumerate(pairwise((widths[0], *widths))):
        inner_here = inner[stage * blocks : (stage + 1) * blocks]
        layers[f"stage{stage + 1}"] = _stage(before, inner_here, after, stride=1 if stage == 0 else 2)
    layers.update(average=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten(), linear=nn.Linear(widths[-1], classes))
    return nn.Sequential(layers)


def _stage(in_channels, inner, out_channels, stride):
    blocks = OrderedDict[str, nn.Module](block1=ResidualBlock(in_channels, inner[0], out_channels, stride))
    for number, width in enumerate(inner[1:], start=2):
        blocks[f"block{number}"] = ResidualBlock(out_channels, width, out_channels, stride=1)
    return nn.Sequential(blocks)


def resnet_small(
    widths: Sequence[int] = (16, 32, 64), inner: Sequence[int] | None = None, classes: int = 10
) -> nn.Sequential:
    """Return a ResNet of 8 layers for Fashion-MNIST, 75 thousand parameters.

    Args:
        widths: channels of the three stages, ascending.
        inner: filters of each of the three blocks' first convolution; None gives each block its stage's width.
        classes: number of logits.

    Returns:
        nn.Sequential, (batch, 1, 28, 28) -> (batch, classes).

    >>> sum(p.numel() for p in resnet_small().parameters())
    75002
    """
    return resnet_cifar(8, widths, inner, classes, in_channels=1)


def _check_widths(widths, count, name="widths"):
    if isinstance(widths, str) or not isinstance(widths, Sequence):
        raise TypeError(f"{name} must be a list of {count} numbers; got {type(widths).__name__}")
    if len(widths) != count:
        raise ValueError(f"{name} must hold {count} numbers; got {len(widths)}")
    return [check_integer(width, name, minimum=1) for width in widths]


def _check_sizes(**sizes):
    for name, size in sizes.items():
        check_integer(size, name, minimum=1)
