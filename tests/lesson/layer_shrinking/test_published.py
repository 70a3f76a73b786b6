"""The published counts of Li et al. 2016 (arXiv 1608.08710), rebuilt by really shrinking the networks."""

import pytest

from pruning_lab.lesson.layer_shrinking import published
from pruning_lab.lesson.layer_shrinking.networks import shrink_resnet, shrink_vgg
from pruning_lab.lesson.layer_shrinking.published import (
    CIFAR,
    RESNET_56_VARIANTS,
    VGG16_A,
    VGG16_LAYERS,
    costs_by_layer,
)
from pruning_lab.measure import count_weights, macs
from pruning_lab.models import VGG16_WIDTHS, resnet_cifar, vgg16_cifar


def test_vgg16_a_costs_what_the_paper_says(some):
    model = vgg16_cifar()
    model = shrink_vgg(model, {number: some(VGG16_WIDTHS[number - 1], 0.5) for number in VGG16_A})
    assert (macs(model, CIFAR), count_weights(model)) == (206279680, 5390176)  # printed: 2.06e8, 5.4e6


# Table 1 prints 1.12e8 and 7.7e5 for A, 9.09e7 and 7.3e5 for B.
EXACT = {"A": (112435840, 769456), "B": (90907264, 732016)}


@pytest.mark.parametrize("variant", RESNET_56_VARIANTS)
def test_resnet56_costs_what_the_paper_says(variant, some):
    pruned, skipped = RESNET_56_VARIANTS[variant]
    model = resnet_cifar(56)
    blocks = [block for block in range(27) if 2 + 2 * block not in skipped]
    model = shrink_resnet(model, {block: some((16, 32, 64)[block // 9], pruned[block // 9]) for block in blocks})
    assert (macs(model, CIFAR), count_weights(model)) == EXACT[variant]


def test_vgg16_costs_what_the_paper_says_layer_by_layer(some):
    model = vgg16_cifar()
    dense = costs_by_layer(model)
    model = shrink_vgg(model, {number: some(VGG16_WIDTHS[number - 1], 0.5) for number in VGG16_A})
    pruned = costs_by_layer(model)
    for name, printed in VGG16_LAYERS.items():
        before, after = dense[name], pruned[name]
        assert (before.side, before.outputs) == (printed.side, printed.filters), name
        assert f"{before.macs:.1e}" == printed.macs, name
        assert f"{before.weights:.1e}" == printed.parameters, name
        assert after.outputs == printed.kept, name
        assert 100 * (before.macs - after.macs) == printed.macs_removed * before.macs, name


def test_the_tables_hold_what_was_counted_and_printed():
    networks = published.published_networks()
    table = published.network_table(published.network_rows(networks))
    assert "206,279,680" in table
    assert "2.06e+08" in table
    layers = published.layer_table(networks["VGG-16"], networks["VGG-16-A"])
    assert layers.count("<tr>") == 1 + len(VGG16_LAYERS)
    assert "512 to 256" in layers
