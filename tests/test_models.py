"""Networks: what they cost, counted by hand and as papers print it, and that every parameter of theirs learns."""

import pytest
import torch
from bad_input import bad_input_test
from torch import nn

from pruning_lab.measure import count_weights, macs
from pruning_lab.models import (
    lenet5,
    lenet_300_100,
    resnet_cifar,
    resnet_small,
    vgg16_cifar,
    vgg_small,
)

cifar, grey = torch.zeros(1, 3, 32, 32), torch.zeros(1, 1, 28, 28)


@pytest.mark.parametrize(
    ("model", "images", "weights", "multiply_accumulates"),
    [
        (lenet_300_100(), grey, 784 * 300 + 300 * 100 + 1000, 784 * 300 + 300 * 100 + 1000),
        (lenet_300_100(12, (5, 4), 3), torch.zeros(1, 3, 4), 12 * 5 + 5 * 4 + 4 * 3, 12 * 5 + 5 * 4 + 4 * 3),
        (lenet5(), grey, 500 + 25000 + 400000 + 5000, 576 * 500 + 64 * 25000 + 405000),
        (lenet5((3, 7), 11, 4), grey, 75 + 525 + 112 * 11 + 44, 576 * 75 + 64 * 525 + 112 * 11 + 44),
        (
            vgg_small((2, 3, 4, 5, 6, 7), 8),
            grey,
            9 * 112 + 56,
            784 * (18 + 54) + 196 * (108 + 180) + 49 * (270 + 378) + 56,
        ),
        (resnet_cifar(8, (2, 2, 2), classes=3), cifar, 54 + 6 * 36 + 6, 1024 * (54 + 72) + 256 * 72 + 64 * 72 + 6),
        (resnet_small((2, 2, 2)), grey, 18 + 6 * 36 + 20, 784 * (18 + 72) + 196 * 72 + 49 * 72 + 20),
    ],
    ids=["lenet-300-100", "narrow lenet-300-100", "lenet5", "narrow lenet5", "vgg small", "resnet-8", "resnet small"],
)
def test_counts_by_hand(model, images, weights, multiply_accumulates):
    assert count_weights(model) == weights
    assert macs(model, images) == multiply_accumulates


@pytest.mark.parametrize(
    ("make", "images", "relus"),
    [
        (lenet_300_100, grey, 2),
        (lenet5, grey, 3),
        (vgg_small, grey, 6),
        (resnet_small, grey, 1),
        (vgg16_cifar, cifar, 14),
        (lambda: resnet_cifar(14, classes=7), cifar, 1),
    ],
    ids=["lenet-300-100", "lenet5", "vgg small", "resnet small", "vgg16", "resnet-14"],
)
def test_images_in_logits_out_and_every_parameter_learns(make, images, relus):
    model = make()
    assert sum(isinstance(module, nn.ReLU) for module in model.modules()) == relus  # a block has two more of its own
    logits = model.train()(torch.rand(4, *images.shape[1:]))
    assert logits.shape[0] == 4
    assert logits.ndim == 2
    nn.functional.cross_entropy(logits, torch.tensor([0, 1, 2, 3])).backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in model.parameters())


@pytest.mark.parametrize("depth", [8, 14, 20, 56])
def test_a_resnet_of_depth_6n_plus_2_has_as_many_layers_with_weights(depth):
    layers = [layer for layer in resnet_cifar(depth).modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    assert len(layers) == depth


def test_the_shortcut_takes_every_second_pixel_and_appends_channels_of_zeros():
    block = resnet_cifar(8, (1, 2, 3)).stage2.block1.eval()
    nn.init.zeros_(block.norm2.weight)
    x = torch.arange(32.0).view(2, 1, 4, 4)
    zeros = [[0, 0], [0, 0]]
    assert block(x).tolist() == [[[[0, 2], [8, 10]], zeros], [[[16, 18], [24, 26]], zeros]]


def test_the_dense_networks_cost_what_the_paper_says():
    # Li et al. 2016 (arXiv 1608.08710), table 1, prints 3.13e8 MACs and 1.5e7 parameters, 1.25e8 and 8.5e5; exact
    # values by the same count
    assert (macs(vgg16_cifar(), cifar), count_weights(vgg16_cifar())) == (313463808, 14977728)
    assert (macs(resnet_cifar(56), cifar), count_weights(resnet_cifar(56))) == (125485696, 848944)


BAD_INPUT = [
    ("depth between", lambda: resnet_cifar(18), ValueError, "depth must be 6n + 2 (8, 14, 20, ...); got 18"),
    ("depth too small", lambda: resnet_cifar(2), ValueError, "depth must be at least 8; got 2"),
    ("depth as text", lambda: resnet_cifar("20"), TypeError, "depth must be an integer; got '20'"),
    (
        "a stage that narrows",
        lambda: resnet_cifar(8, widths=(16, 8, 32)),
        ValueError,
        "widths must not descend (a shortcut cannot drop channels); got (16, 8, 32)",
    ),
    ("inner too short", lambda: resnet_cifar(14, inner=(8, 8, 8)), ValueError, "inner must hold 6 numbers; got 3"),
    ("two widths for VGG-16", lambda: vgg16_cifar((64, 64)), ValueError, "widths must hold 13 numbers; got 2"),
    (
        "three widths for LeNet",
        lambda: lenet_300_100(widths=(3, 2, 1)),
        ValueError,
        "widths must hold 2 numbers; got 3",
    ),
    ("no filter left", lambda: lenet5(widths=(20, 0)), ValueError, "widths must be at least 1; got 0"),
    ("half a filter", lambda: vgg_small((8, 8, 16, 16, 32, 32.5)), TypeError, "widths must be an integer; got 32.5"),
]


test_bad_input = bad_input_test(BAD_INPUT)
