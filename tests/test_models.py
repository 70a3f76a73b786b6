"""Networks, and the published counts of Li et al. 2016 (arXiv 1608.08710) rebuilt by really shrinking them."""

import math

import pytest
import torch
from bad_input import bad_input_test
from torch import nn

from pruning_lab.lesson.shrinking import (
    RESNET_56_VARIANTS,
    VGG16_LAYERS,
    costs_by_layer,
    shrink_resnet,
    shrink_vgg,
)
from pruning_lab.measure import count_weights, macs
from pruning_lab.models import (
    VGG16_WIDTHS,
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
    ("model", "images"),
    [
        (lenet_300_100(), grey),
        (lenet5(), grey),
        (vgg_small(), grey),
        (resnet_small(), grey),
        (vgg16_cifar(), cifar),
        (resnet_cifar(14, classes=7), cifar),
    ],
    ids=["lenet-300-100", "lenet5", "vgg small", "resnet small", "vgg16", "resnet-14"],
)
def test_images_in_logits_out_and_every_parameter_learns(model, images):
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
    x = torch.arange(16.0).view(1, 1, 4, 4)
    assert block(x).tolist() == [[[[0, 2], [8, 10]], [[0, 0], [0, 0]]]]


# --- Shrinking whole networks, layer by layer ---


def blocks_of(model):
    return [*model.stage1, *model.stage2, *model.stage3]


def mask_channels_(norm, keep):
    """Silence the other channels behind a convolution: a batch norm whose weight and bias are zero."""
    gone = [channel for channel in range(norm.num_features) if channel not in keep.tolist()]
    with torch.no_grad():
        norm.weight[gone] = norm.bias[gone] = 0


def some(channels, fraction_pruned):
    """Indices after removing ceil(channels x fraction), at random: the counts do not depend on which."""
    left = channels - math.ceil(channels * fraction_pruned)
    return torch.randperm(channels)[:left].sort().values


def test_the_dense_networks_cost_what_the_paper_says():
    # Table 1 prints 3.13e8 MACs and 1.5e7 parameters, 1.25e8 and 8.5e5; exact values by the same count
    assert (macs(vgg16_cifar(), cifar), count_weights(vgg16_cifar())) == (313463808, 14977728)
    assert (macs(resnet_cifar(56), cifar), count_weights(resnet_cifar(56))) == (125485696, 848944)


def test_vgg16_a_costs_what_the_paper_says():
    model = vgg16_cifar()
    model = shrink_vgg(model, {number: some(VGG16_WIDTHS[number - 1], 0.5) for number in (1, *range(8, 14))})
    assert (macs(model, cifar), count_weights(model)) == (206279680, 5390176)  # printed: 2.06e8, 5.4e6


# Table 1 prints 1.12e8 and 7.7e5 for A, 9.09e7 and 7.3e5 for B.
EXACT = {"A": (112435840, 769456), "B": (90907264, 732016)}


@pytest.mark.parametrize("variant", RESNET_56_VARIANTS)
def test_resnet56_costs_what_the_paper_says(variant):
    pruned, skipped = RESNET_56_VARIANTS[variant]
    model = resnet_cifar(56)
    blocks = [block for block in range(27) if 2 + 2 * block not in skipped]
    model = shrink_resnet(model, {block: some((16, 32, 64)[block // 9], pruned[block // 9]) for block in blocks})
    assert (macs(model, cifar), count_weights(model)) == EXACT[variant]


def test_vgg16_costs_what_the_paper_says_layer_by_layer():
    model = vgg16_cifar()
    dense = costs_by_layer(model)
    model = shrink_vgg(model, {number: some(VGG16_WIDTHS[number - 1], 0.5) for number in (1, *range(8, 14))})
    pruned = costs_by_layer(model)
    for name, (side, outputs, printed_macs, printed_weights, kept, removed) in VGG16_LAYERS.items():
        assert dense[name][:2] == (side, outputs), name
        assert f"{dense[name][2]:.1e}" == printed_macs, name
        assert f"{dense[name][3]:.1e}" == printed_weights, name
        assert pruned[name][1] == kept, name
        assert 100 * (dense[name][2] - pruned[name][2]) == removed * dense[name][2], name


# --- Shrunk networks compute what masked ones do ---


def randomised(model):
    """Float64, evaluation mode, and batch norms as after training: nothing at 0 or 1, where mistakes would hide."""
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            for tensor in (layer.weight.data, layer.bias.data, layer.running_mean, layer.running_var):
                tensor.uniform_(0.5, 1.5)
    return model.double().eval()


def test_a_shrunk_vgg_equals_the_masked_one_and_its_definition_with_other_widths():
    torch.manual_seed(0)
    widths = (4, 5, 6, 4, 5, 6, 4, 5, 6, 4, 5, 6, 4)
    model = randomised(vgg16_cifar(widths, hidden=7))
    keep = {number: some(width, 0.4) for number, width in enumerate(widths, start=1)}
    for number, indices in keep.items():
        mask_channels_(model.get_submodule(f"norm{number}"), indices)
    images = torch.rand(3, 3, 32, 32, dtype=torch.float64)
    masked = model(images)
    model = shrink_vgg(model, keep)
    torch.testing.assert_close(model(images), masked)
    definition = vgg16_cifar([len(indices) for indices in keep.values()], hidden=7).double().eval()
    definition.load_state_dict(model.state_dict())
    assert torch.equal(definition(images), model(images))


@pytest.mark.parametrize("depth", [8, 14])
def test_a_shrunk_resnet_equals_the_masked_one_and_its_definition_with_other_widths(depth):
    torch.manual_seed(depth)
    model = randomised(resnet_cifar(depth, (4, 6, 8)))
    keep = {number: some(block.conv1.out_channels, 0.4) for number, block in enumerate(blocks_of(model))}
    for number, indices in keep.items():
        mask_channels_(blocks_of(model)[number].norm1, indices)
    images = torch.rand(2, 3, 16, 16, dtype=torch.float64)
    masked = model(images)
    model = shrink_resnet(model, keep)
    torch.testing.assert_close(model(images), masked)
    inner = [len(indices) for indices in keep.values()]
    definition = resnet_cifar(depth, (4, 6, 8), inner).double().eval()
    definition.load_state_dict(model.state_dict())
    assert torch.equal(definition(images), model(images))


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
