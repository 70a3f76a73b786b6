"""Sparse matrices as a paper published them: shapes and densities, to measure at sizes that matter."""

from typing import NamedTuple


class PublishedLayer(NamedTuple):
    """A pruned layer: its shape, (out, in), and its density, the fraction of its weights kept."""

    shape: tuple[int, int]
    density: float


# The fully connected layers of Deep Compression, Han et al. 2015 (arXiv 1510.00149), tables 4 and 5.
DEEP_COMPRESSION_LAYERS = {
    "AlexNet FC6": PublishedLayer((4096, 9216), 0.09),
    "AlexNet FC7": PublishedLayer((4096, 4096), 0.09),
    "AlexNet FC8": PublishedLayer((1000, 4096), 0.25),
    "VGG-16 FC6": PublishedLayer((4096, 25088), 0.04),
    "VGG-16 FC7": PublishedLayer((4096, 4096), 0.04),
    "VGG-16 FC8": PublishedLayer((1000, 4096), 0.23),
}
