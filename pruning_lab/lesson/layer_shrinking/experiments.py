"""Lesson 05's experiments: time against work and against numbers of channels, pruned networks against small ones."""

import torch
from safetensors.torch import load_model
from torch import nn

from pruning_lab import data, measure, models, train
from pruning_lab.lesson.layer_shrinking.networks import keep_by_norm, shrink_vgg


def channel_steps(channels, images=32, side=14, inputs=64, repeats=30):
    """Time one 3 x 3 convolution with each of these numbers of filters.

    Returns:
        {filters: measure.Row}, and the measure.Row of the first one timed again: its ratio is off 1 by chance alone.
    """
    x = torch.randn(images, inputs, side, side, generator=torch.Generator().manual_seed(0))
    convolutions = {str(count): nn.Conv2d(inputs, count, 3, padding=1) for count in channels}
    compared = measure.speed(convolutions, x, repeats=repeats)
    return {int(row.name): row for row in compared.rows[:-1]}, compared.rows[-1]


def step_between(rows, fewer, more):
    """Return in words how many times as long `more` filters take as `fewer`, with the range the quartiles allow."""
    first, second = rows[fewer], rows[more]
    low, high = second.q1 / first.q3, second.q3 / first.q1
    return f"{fewer} to {more} filters: {second.median / first.median:.2f} times the time ({low:.2f} to {high:.2f})"


def lesson_data():
    """Return the 5,000 training images and labels of lesson 05, half of what the course ships, to keep it short."""
    return tuple(part[:5000] for part in data.fashion_mnist("train"))


def against_small(dense_file, fraction, repeat, seed):
    """Prune a trained `vgg_small` and retrain it; train a network of that shape from scratch; return test accuracies.

    Args:
        dense_file: safetensors file of the dense network's state.
        fraction: of the filters of every convolution, to be removed by L1 norm.
        repeat: numbers the runs; it changes nothing but the seed.
        seed: for the order of the images, and for the initial weights of the small network.
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
