"""The networks of the course: small ones to train, and ones that others trained and a package ships."""

from .efficientnet import EfficientNetLite0, efficientnet_lite0
from .encoder import MiniLM, embed, minilm
from .pieces import WordPiece, wordpiece
from .small import (
    VGG16_WIDTHS,
    ResidualBlock,
    lenet5,
    lenet_300_100,
    resnet_cifar,
    resnet_small,
    vgg16_cifar,
    vgg_small,
)

__all__ = [
    "VGG16_WIDTHS",
    "EfficientNetLite0",
    "MiniLM",
    "ResidualBlock",
    "WordPiece",
    "efficientnet_lite0",
    "embed",
    "lenet5",
    "lenet_300_100",
    "minilm",
    "resnet_cifar",
    "resnet_small",
    "vgg16_cifar",
    "vgg_small",
    "wordpiece",
]
