"""Lesson 05's networks: what goes where, and that a shrunk network computes what the masked one does."""

import pytest
import torch
from torch import nn

from pruning_lab import channels, models
from pruning_lab.lesson.layer_shrinking.networks import by_norm, keep_by_norm, shrink_resnet, shrink_vgg
from pruning_lab.models import resnet_cifar, vgg16_cifar


def test_li_et_al_round_up_what_goes():
    assert len(by_norm(nn.Conv2d(3, 16, 3), 0.1)) == 14  # ceil(1.6) = 2 go
    assert len(by_norm(nn.Conv2d(3, 64, 3), 0.5)) == 32


def test_keep_by_norm_names_every_convolution():
    keep = keep_by_norm(models.vgg_small())
    assert {number: len(indices) for number, indices in keep.items()} == {1: 8, 2: 8, 3: 16, 4: 16, 5: 32, 6: 32}


def test_shrinking_leaves_its_argument_alone():
    model = models.vgg_small()
    small = shrink_vgg(model, {6: [0, 1]})
    assert (small.linear.in_features, model.linear.in_features) == (2, 64)
    assert small(torch.zeros(2, 1, 28, 28)).shape == (2, 10)


def blocks_of(model):
    return [*model.stage1, *model.stage2, *model.stage3]


def mask_channels_(norm, keep):
    """Silence the other channels behind a convolution: a batch norm whose weight and bias are zero."""
    gone = [channel for channel in range(norm.num_features) if channel not in keep.tolist()]
    with torch.no_grad():
        norm.weight[gone] = norm.bias[gone] = 0


def randomised(model):
    """Float64, evaluation mode, and batch norms as after training: nothing at 0 or 1, where mistakes would hide."""
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            for tensor in (layer.weight.data, layer.bias.data, layer.running_mean, layer.running_var):
                tensor.uniform_(0.5, 1.5)
    return model.double().eval()


def test_a_shrunk_vgg_equals_the_masked_one_and_its_definition_with_other_widths(some):
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
def test_a_shrunk_resnet_equals_the_masked_one_and_its_definition_with_other_widths(depth, some):
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


def test_hand_written_shrinking_of_a_vgg_is_what_tracing_finds(some):
    torch.manual_seed(0)
    model, images = randomised(models.vgg_small()), torch.rand(2, 1, 28, 28, dtype=torch.float64)
    keep = {number: some(model.get_submodule(f"conv{number}").out_channels, 0.4) for number in range(1, 7)}
    traced = channels.shrink(model, {f"conv{number}.weight": kept for number, kept in keep.items()}, images)
    assert same_state(shrink_vgg(model, keep), traced)


def test_hand_written_shrinking_of_a_resnet_is_what_tracing_finds(some):
    torch.manual_seed(0)
    model, images = randomised(resnet_cifar(14, (4, 6, 8))), torch.rand(2, 3, 16, 16, dtype=torch.float64)
    keep = {number: some(block.conv1.out_channels, 0.4) for number, block in enumerate(blocks_of(model))}
    names = [f"stage{stage}.block{block}.conv1.weight" for stage in (1, 2, 3) for block in (1, 2)]
    traced = channels.shrink(model, dict(zip(names, keep.values(), strict=True)), images)
    assert same_state(shrink_resnet(model, keep), traced)


def same_state(one, other):
    """Return whether two networks have the same tensors under the same names."""
    mine, theirs = one.state_dict(), other.state_dict()
    return mine.keys() == theirs.keys() and all(torch.equal(mine[name], theirs[name]) for name in mine)
