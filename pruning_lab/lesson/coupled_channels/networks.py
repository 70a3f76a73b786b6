"""Small networks for lesson 06, one for each way in which channels come to share a fate. Each is run on `example()`."""

import inspect
import textwrap

import torch
from torch import nn


def example():
    """Return what all networks here take: one picture of 1 x 8 x 8, the same each time."""
    return torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(0))


class Chain(nn.Module):
    """A convolution, its batch norm, a second convolution: (n, 1, h, w) -> (n, 5, h, w)."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 3, padding=1)
        self.norm = nn.BatchNorm2d(6)
        self.conv2 = nn.Conv2d(6, 5, 3, padding=1)

    def forward(self, x):
        return self.conv2(torch.relu(self.norm(self.conv1(x))))


class Residual(nn.Module):
    """A stem, one residual block, a head: (n, 1, h, w) -> (n, 3). A second block would join the same sum."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 6, 3, padding=1)
        self.conv1 = nn.Conv2d(6, 4, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(4)
        self.conv2 = nn.Conv2d(4, 6, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(6)
        self.head = nn.Linear(6, 3)

    def forward(self, x):
        x = torch.relu(self.stem(x))
        inside = torch.relu(self.norm1(self.conv1(x)))
        x = torch.relu(x + self.norm2(self.conv2(inside)))
        return self.head(x.mean((2, 3)))


class Concatenation(nn.Module):
    """Two branches side by side: (n, 1, h, w) -> (n, 2, h, w)."""

    def __init__(self):
        super().__init__()
        self.left = nn.Conv2d(1, 4, 3, padding=1)
        self.right = nn.Conv2d(1, 3, 1)
        self.reader = nn.Conv2d(7, 2, 1)

    def forward(self, x):
        both = torch.cat([self.left(x), self.right(x)], dim=1)
        return self.reader(torch.relu(both))


class Depthwise(nn.Module):
    """Widen, filter every channel by itself, narrow: (n, 1, h, w) -> (n, 2, h, w)."""

    def __init__(self):
        super().__init__()
        self.widen = nn.Conv2d(1, 8, 1)
        self.each = nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.narrow = nn.Conv2d(8, 2, 1)

    def forward(self, x):
        return self.narrow(torch.relu(self.each(torch.relu(self.widen(x)))))


class SqueezeExcite(nn.Module):
    """A small network looks at the mean of every channel and scales each one: (n, 1, h, w) -> (n, 2, h, w)."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3, padding=1)
        self.down = nn.Linear(8, 3)
        self.up = nn.Linear(3, 8)
        self.reader = nn.Conv2d(8, 2, 1)

    def forward(self, x):
        x = self.conv(x)
        squeezed = torch.relu(self.down(x.mean((2, 3))))
        scale = torch.sigmoid(self.up(squeezed))
        return self.reader(x * scale[:, :, None, None])


class Heads(nn.Module):
    """Self-attention over the 8 rows of a picture, 3 heads of 4: (n, 1, 8, 8) -> (n, 8, 2)."""

    def __init__(self):
        super().__init__()
        self.heads = 3
        self.query, self.key, self.value = (nn.Linear(8, 12) for _ in range(3))
        self.out = nn.Linear(12, 2)

    def cut(self, x):
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def forward(self, x):
        x = x.squeeze(1)
        q, k, v = self.cut(self.query(x)), self.cut(self.key(x)), self.cut(self.value(x))
        attention = torch.softmax(q @ k.transpose(-1, -2) / 2, dim=-1)
        return self.out((attention @ v).transpose(1, 2).flatten(2))


class Normed(nn.Module):
    """Two linear layers with a layer norm between them, on the 8 rows of a picture: (n, 1, 8, 8) -> (n, 1, 8, 2)."""

    def __init__(self, width=6):
        super().__init__()
        self.first = nn.Linear(8, width)
        self.norm = nn.LayerNorm(width)
        self.second = nn.Linear(width, 2)

    def forward(self, x):
        return self.second(torch.relu(self.norm(self.first(x))))


def forward_of(network):
    """Return the code of a network's forward, without its margin.

    >>> print(forward_of(Chain))
    def forward(self, x):
        return self.conv2(torch.relu(self.norm(self.conv1(x))))
    """
    return textwrap.dedent(inspect.getsource(network.forward)).rstrip()


def as_trained_(network, seed=0):
    """Give a network numbers as after training, in float64 and evaluation mode: no norm is at 0 or 1."""
    generator = torch.Generator().manual_seed(seed)
    for tensor in [*network.parameters(), *network.buffers()]:
        if tensor.is_floating_point() and tensor.ndim <= 1:
            tensor.data.uniform_(0.5, 1.5, generator=generator)
    return network.double().eval()
