"""Li et al.'s counts of multiplications and parameters, as printed, beside networks that are actually shrunk."""

from typing import NamedTuple

import torch

from pruning_lab import measure, models
from pruning_lab.lesson.layer_shrinking.networks import by_norm, shrink_resnet, shrink_vgg
from pruning_lab.tables import table_html

CIFAR = torch.zeros(1, 3, 32, 32)  # one image of CIFAR-10's shape: the counts below are for one image
# Li et al. 2016 (arXiv 1608.08710), table 1: MACs and parameters as printed.
PRINTED = {
    "VGG-16": ("3.13e+08", "1.5e+07"),
    "VGG-16-A": ("2.06e+08", "5.4e+06"),
    "ResNet-56": ("1.25e+08", "8.5e+05"),
    "ResNet-56-A": ("1.12e+08", "7.7e+05"),
    "ResNet-56-B": ("9.09e+07", "7.3e+05"),
}
# ResNet-56: fraction pruned in each stage, and the layers left alone. Layers are counted from 1 and the stem is 1, so
# that block b (from 0) begins with layer 2 + 2b.
RESNET_56_VARIANTS = {"A": ((0.1, 0.1, 0.1), (16, 20, 38, 54)), "B": ((0.6, 0.3, 0.1), (16, 18, 20, 34, 38, 54))}
VGG16_A = (1, *range(8, 14))  # the convolutions that lose half of their filters


class PrintedLayer(NamedTuple):
    """A row of the paper's table 2: map side, filters, MACs and parameters, filters kept, per cent of MACs removed."""

    side: int
    filters: int
    macs: str
    parameters: str
    kept: int
    macs_removed: int


VGG16_LAYERS = {
    "conv1": PrintedLayer(32, 64, "1.8e+06", "1.7e+03", 32, 50),
    "conv2": PrintedLayer(32, 64, "3.8e+07", "3.7e+04", 64, 50),
    "conv3": PrintedLayer(16, 128, "1.9e+07", "7.4e+04", 128, 0),
    "conv4": PrintedLayer(16, 128, "3.8e+07", "1.5e+05", 128, 0),
    "conv5": PrintedLayer(8, 256, "1.9e+07", "2.9e+05", 256, 0),
    "conv6": PrintedLayer(8, 256, "3.8e+07", "5.9e+05", 256, 0),
    "conv7": PrintedLayer(8, 256, "3.8e+07", "5.9e+05", 256, 0),
    "conv8": PrintedLayer(4, 512, "1.9e+07", "1.2e+06", 256, 50),
    "conv9": PrintedLayer(4, 512, "3.8e+07", "2.4e+06", 256, 75),
    "conv10": PrintedLayer(4, 512, "3.8e+07", "2.4e+06", 256, 75),
    "conv11": PrintedLayer(2, 512, "9.4e+06", "2.4e+06", 256, 75),
    "conv12": PrintedLayer(2, 512, "9.4e+06", "2.4e+06", 256, 75),
    "conv13": PrintedLayer(2, 512, "9.4e+06", "2.4e+06", 256, 75),
    "linear1": PrintedLayer(1, 512, "2.6e+05", "2.6e+05", 512, 50),
    "linear2": PrintedLayer(1, 10, "5.1e+03", "5.1e+03", 10, 0),
}


def published_networks():
    """Return the networks of the paper's table 1, actually shrunk: {name: model}."""
    vgg, resnet = models.vgg16_cifar(), models.resnet_cifar(56)
    networks = {"VGG-16": vgg, "ResNet-56": resnet}
    networks["VGG-16-A"] = shrink_vgg(vgg, {n: by_norm(vgg.get_submodule(f"conv{n}"), 0.5) for n in VGG16_A})
    blocks = [*resnet.stage1, *resnet.stage2, *resnet.stage3]
    for variant, (pruned, skipped) in RESNET_56_VARIANTS.items():
        chosen = [number for number in range(27) if 2 + 2 * number not in skipped]
        keep = {number: by_norm(blocks[number].conv1, pruned[number // 9]) for number in chosen}
        networks[f"ResNet-56-{variant}"] = shrink_resnet(resnet, keep)
    return {name: networks[name] for name in PRINTED}


class Counted(NamedTuple):
    """A network's multiply-accumulates and weights, counted here and as the paper prints them."""

    name: str
    macs: int
    macs_printed: str
    weights: int
    weights_printed: str


def network_rows(networks):
    """Return a Counted for each of `published_networks`."""
    counted = {name: (measure.macs(m.eval(), CIFAR), measure.count_weights(m)) for name, m in networks.items()}
    return [
        Counted(name, macs, PRINTED[name][0], weights, PRINTED[name][1]) for name, (macs, weights) in counted.items()
    ]


class LayerCost(NamedTuple):
    """What one layer costs in a network: the side of its maps, its outputs, multiply-accumulates and weights."""

    side: int
    outputs: int
    macs: int
    weights: int


def costs_by_layer(model):
    """Return {name: LayerCost}, each layer run alone on the input it gets in the network."""
    seen = {}
    handles = [
        layer.register_forward_hook(lambda layer, inputs, output, name=name: seen.update({name: (inputs[0], output)}))
        for name, layer in model.named_children()
        if name in VGG16_LAYERS
    ]
    model.eval()(CIFAR)
    for handle in handles:
        handle.remove()
    layers = {name: model.get_submodule(name) for name in seen}
    return {
        name: LayerCost(
            output.shape[-1] if output.ndim == 4 else 1,
            output.shape[1],
            measure.macs(layers[name], x),
            measure.count_weights(layers[name]),
        )
        for name, (x, output) in seen.items()
    }


def layer_table(dense, pruned):
    """Return an HTML table of VGG-16 layer by layer, before and after, beside the printed numbers.

    Args:
        dense, pruned: networks that `costs_by_layer` takes.
    """
    before, after = costs_by_layer(dense), costs_by_layer(pruned)
    rows = [
        [
            name,
            f"{printed.side} x {printed.side}",
            f"{before[name].macs:.1e}".replace("e+0", "e"),
            printed.macs.replace("e+0", "e"),
            f"{before[name].outputs} to {after[name].outputs}",
            f"{printed.filters} to {printed.kept}",
            f"{1 - after[name].macs / before[name].macs:.0%}",
            f"{printed.macs_removed}%",
        ]
        for name, printed in VGG16_LAYERS.items()
    ]
    header = ["layer", "map", "MACs", "printed", "filters", "printed", "MACs removed", "printed"]
    return table_html(header, rows, "VGG-16 on CIFAR-10 and its pruned variant A, counted here and in Li et al. 2016")


def network_table(rows):
    """Return `network_rows` as an HTML table."""
    cells = [[name, f"{macs:,}", macs_p, f"{weights:,}", weights_p] for name, macs, macs_p, weights, weights_p in rows]
    return table_html(["network", "MACs", "printed", "weights", "printed"], cells, "Really shrunk, then counted")
