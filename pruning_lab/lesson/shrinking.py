"""What lesson 05 shows: whole networks with fewer filters, the published counts beside ours, and time against work."""

import copy
import math

import torch
from safetensors.torch import load_model
from torch import nn

from pruning_lab import data, masks, measure, models, scores, train
from pruning_lab.layers import shrink_batchnorm2d, shrink_conv2d, shrink_linear
from pruning_lab.lesson import shrinking_pictures
from pruning_lab.lesson.view import image_html, table_html

CIFAR = torch.zeros(1, 3, 32, 32)  # one picture of CIFAR-10's shape: the counts below are for one picture

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
VGG16_A = (1, *range(8, 14))  # the convolutions of which half of the filters go

# Table 2: map side, filters, MACs and parameters as printed, filters kept, percent of the layer's MACs removed.
VGG16_LAYERS = {
    "conv1": (32, 64, "1.8e+06", "1.7e+03", 32, 50),
    "conv2": (32, 64, "3.8e+07", "3.7e+04", 64, 50),
    "conv3": (16, 128, "1.9e+07", "7.4e+04", 128, 0),
    "conv4": (16, 128, "3.8e+07", "1.5e+05", 128, 0),
    "conv5": (8, 256, "1.9e+07", "2.9e+05", 256, 0),
    "conv6": (8, 256, "3.8e+07", "5.9e+05", 256, 0),
    "conv7": (8, 256, "3.8e+07", "5.9e+05", 256, 0),
    "conv8": (4, 512, "1.9e+07", "1.2e+06", 256, 50),
    "conv9": (4, 512, "3.8e+07", "2.4e+06", 256, 75),
    "conv10": (4, 512, "3.8e+07", "2.4e+06", 256, 75),
    "conv11": (2, 512, "9.4e+06", "2.4e+06", 256, 75),
    "conv12": (2, 512, "9.4e+06", "2.4e+06", 256, 75),
    "conv13": (2, 512, "9.4e+06", "2.4e+06", 256, 75),
    "linear1": (1, 512, "2.6e+05", "2.6e+05", 512, 50),
    "linear2": (1, 10, "5.1e+03", "5.1e+03", 10, 0),
}


def shrink_vgg(model, keep):
    """Return a copy of a VGG of `models` without some filters; the layers after them lose the same channels.

    Args:
        model: models.vgg16_cifar() or models.vgg_small(), in any widths.
        keep: {number of the convolution from 1: indices of the filters that stay}.

    >>> small = shrink_vgg(models.vgg_small(), {1: [0, 2, 5]})
    >>> small.conv1.out_channels, small.norm1.num_features, small.conv2.in_channels
    (3, 3, 3)
    """
    model = copy.deepcopy(model)
    for number, indices in keep.items():
        conv, norm = model.get_submodule(f"conv{number}"), model.get_submodule(f"norm{number}")
        setattr(model, f"conv{number}", shrink_conv2d(conv, keep_out=indices))
        setattr(model, f"norm{number}", shrink_batchnorm2d(norm, indices))
        if hasattr(model, f"conv{number + 1}"):
            reader = model.get_submodule(f"conv{number + 1}")
            setattr(model, f"conv{number + 1}", shrink_conv2d(reader, keep_in=indices))
        else:  # after the last convolution an image is one pixel, so channels are features
            head = "linear1" if hasattr(model, "linear1") else "linear"
            setattr(model, head, shrink_linear(model.get_submodule(head), keep_in=indices))
    return model


def shrink_resnet(model, keep):
    """Return a copy of a ResNet of `models` without some filters inside its blocks.

    Only a block's first convolution can lose filters by itself: its second one is added to the shortcut, channel by
    channel, so its outputs are everybody's.

    Args:
        model: models.resnet_cifar(...).
        keep: {number of the block from 0: indices of the filters of its first convolution that stay}.
    """
    model = copy.deepcopy(model)
    blocks = [*model.stage1, *model.stage2, *model.stage3]
    for number, indices in keep.items():
        block = blocks[number]
        block.conv1 = shrink_conv2d(block.conv1, keep_out=indices)
        block.norm1 = shrink_batchnorm2d(block.norm1, indices)
        block.conv2 = shrink_conv2d(block.conv2, keep_in=indices)
    return model


def by_norm(conv, fraction):
    """Return the filters that stay if ceil(fraction x filters) go, those of the smallest L1 norm: Li et al.'s rule.

    >>> len(by_norm(nn.Conv2d(3, 16, 3), 0.1))
    14
    """
    filters = conv.weight.shape[0]
    return masks.keep_channels(scores.channel_scores(conv.weight), math.ceil(fraction * filters) / filters)


def keep_by_norm(model, fraction=0.5):
    """Return the `keep` of `shrink_vgg` that prunes this fraction of the filters of every convolution, by L1 norm."""
    convolutions = [name for name, _ in model.named_children() if name.startswith("conv")]
    return {int(name[4:]): by_norm(model.get_submodule(name), fraction) for name in convolutions}


def published_networks():
    """Return the networks of the paper's table 1, really shrunk: {name: model}."""
    vgg, resnet = models.vgg16_cifar(), models.resnet_cifar(56)
    made = {"VGG-16": vgg, "ResNet-56": resnet}
    made["VGG-16-A"] = shrink_vgg(vgg, {n: by_norm(vgg.get_submodule(f"conv{n}"), 0.5) for n in VGG16_A})
    blocks = [*resnet.stage1, *resnet.stage2, *resnet.stage3]
    for variant, (pruned, skipped) in RESNET_56_VARIANTS.items():
        chosen = [number for number in range(27) if 2 + 2 * number not in skipped]
        keep = {number: by_norm(blocks[number].conv1, pruned[number // 9]) for number in chosen}
        made[f"ResNet-56-{variant}"] = shrink_resnet(resnet, keep)
    return {name: made[name] for name in PRINTED}


def network_rows(networks):
    """Return for each network of PRINTED: name, MACs counted, printed, weights counted, printed."""
    counted = {name: (measure.macs(m.eval(), CIFAR), measure.count_weights(m)) for name, m in networks.items()}
    return [(name, macs, PRINTED[name][0], weights, PRINTED[name][1]) for name, (macs, weights) in counted.items()]


def costs_by_layer(model):
    """Return {name: (map side, outputs, MACs, weights)}, each layer run alone on the input it gets in the network."""
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
        name: (
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
        dense, pruned: networks as `costs_by_layer` takes them.
    """
    before, after = costs_by_layer(dense), costs_by_layer(pruned)
    rows = [
        [
            name,
            f"{side} x {side}",
            f"{before[name][2]:.1e}".replace("e+0", "e"),
            macs.replace("e+0", "e"),
            f"{before[name][1]} to {after[name][1]}",
            f"{filters} to {kept}",
            f"{1 - after[name][2] / before[name][2]:.0%}",
            f"{removed}%",
        ]
        for name, (side, filters, macs, _, kept, removed) in VGG16_LAYERS.items()
    ]
    header = ["layer", "map", "MACs", "printed", "filters", "printed", "MACs removed", "printed"]
    return table_html(header, rows, "VGG-16 on CIFAR-10 and its pruned variant A, counted here and in Li et al. 2016")


def network_table(rows):
    """Return `network_rows` as an HTML table."""
    cells = [[name, f"{macs:,}", macs_p, f"{weights:,}", weights_p] for name, macs, macs_p, weights, weights_p in rows]
    return table_html(["network", "MACs", "printed", "weights", "printed"], cells, "Really shrunk, then counted")


def speed(candidates, images, cold=False, repeats=30):
    """Time networks on a batch of images, without gradients; the first is run again as a control.

    Args:
        candidates: {name: network}; the first is the dense one.
        images: (batch, channels, height, width).

    Returns:
        measure.Comparison with a row "<first> again" at the end.
    """

    def call(model):
        model.eval()

        def run():
            with torch.no_grad():
                return model(images)

        return run

    first = next(iter(candidates))
    again = {f"{first} again": copy.deepcopy(candidates[first])}
    return measure.compare({name: call(model) for name, model in {**candidates, **again}.items()}, repeats, cold)


def work_reveal(model, images, options):
    """Return a reveal for `predict`: what half of the filters of every layer does to the multiplications, and to time.

    Args:
        model: a VGG of `models`. images: the batch to time it on.
        options: {option: (low, high)}, ranges of the share of multiplications that is left.
    """

    def reveal():
        half = shrink_vgg(model, keep_by_norm(model))
        macs = [measure.macs(network.eval(), images[:1]) for network in (model, half)]
        left = macs[1] / macs[0]
        answer = next(option for option, (low, high) in options.items() if low <= left < high)
        timed = speed({"dense": model, "half of the filters": half}, images)
        rows = [
            ["multiplications for one picture", f"{macs[0]:,}", f"{macs[1]:,}", f"{1 / left:.2f}"],
            ["weights", *(f"{measure.count_weights(m):,}" for m in (model, half)), ""],
            ["time for the batch [ms]", *(f"{row.median * 1e3:.1f}" for row in timed.rows[:2]), _spread(timed.rows[1])],
            ["control: dense again [ms]", "", f"{timed.rows[2].median * 1e3:.1f}", _spread(timed.rows[2])],
        ]
        table = table_html(["", "dense", "half of the filters", "times fewer or as fast"], rows, timed.conditions)
        alt = f"Bars: {left:.2f} of the multiplications are left, {1 / timed.rows[1].ratio:.2f} of the time."
        return answer, [table, image_html(shrinking_pictures.share_bars(left, 1 / timed.rows[1].ratio), alt)]

    return reveal


def _spread(row):
    return f"{row.ratio:.2f} ({row.ratio_q1:.2f} to {row.ratio_q3:.2f})"


def channel_steps(channels, images=32, side=14, inputs=64, repeats=30):
    """Time one 3 x 3 convolution with these numbers of filters.

    Returns:
        {filters: measure.Row}, and the measure.Row of the first one timed once more: its ratio to itself is chance.
    """
    x = torch.randn(images, inputs, side, side, generator=torch.Generator().manual_seed(0))
    convolutions = {str(count): nn.Conv2d(inputs, count, 3, padding=1) for count in channels}
    compared = speed(convolutions, x, repeats=repeats)
    return {int(row.name): row for row in compared.rows[:-1]}, compared.rows[-1]


def step_between(rows, fewer, more):
    """Return in words how many times longer `more` filters take than `fewer`, with the range its quartiles allow."""
    first, second = rows[fewer], rows[more]
    low, high = second.q1 / first.q3, second.q3 / first.q1
    return f"{fewer} to {more} filters: {second.median / first.median:.2f} times the time ({low:.2f} to {high:.2f})"


def lesson_data():
    """Return the 5,000 training images and labels of lesson 05, half of what the course ships: it must stay short."""
    return tuple(part[:5000] for part in data.fashion_mnist("train"))


def against_small(dense_file, fraction, repeat, seed):
    """Prune a trained `vgg_small` and retrain it; train a network of that shape from scratch; return test accuracies.

    Args:
        dense_file: safetensors file of the dense network's state.
        fraction: of the filters of every convolution, removed by L1 norm.
        repeat: numbers the runs; it changes nothing but the seed.
        seed: for the order of the images, and for the first weights of the small network.
    """
    dense, images = models.vgg_small(), lesson_data()
    load_model(dense, dense_file)
    pruned = shrink_vgg(dense, keep_by_norm(dense, fraction))
    torch.manual_seed(seed)
    small = models.vgg_small(widths=[pruned.get_submodule(f"conv{n}").out_channels for n in range(1, 7)])
    test = data.fashion_mnist("test")
    one_shot = train.evaluate(pruned, test)
    train.fit(pruned, images, epochs=1, seed=seed, progress=False)
    train.fit(small, images, epochs=3, seed=seed, progress=False)
    return {
        "one-shot": one_shot,
        "retrained": train.evaluate(pruned, test),
        "from scratch": train.evaluate(small, test),
    }
