"""What Han et al. 2015 print of AlexNet (arXiv 1506.02626, table 4), in percent of the dense network."""

from typing import NamedTuple


class Layer(NamedTuple):
    """A layer: `weights` kept, `activations` that it puts out and that are not 0, `work` left; all in percent."""

    name: str
    weights: int
    activations: int
    work: int


ALEXNET = (
    Layer("conv1", 84, 88, 84),
    Layer("conv2", 38, 52, 33),
    Layer("conv3", 35, 37, 18),
    Layer("conv4", 37, 40, 14),
    Layer("conv5", 37, 34, 14),
    Layer("fc1", 9, 36, 3),
    Layer("fc2", 9, 40, 3),
    Layer("fc3", 25, 100, 10),
)
