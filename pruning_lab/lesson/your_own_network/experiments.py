"""What lesson 10 does with networks beside auditing them: a small one to train, and smaller ones to choose from."""

from functools import cache
from typing import NamedTuple

import torch

from pruning_lab import channels, data, masks, measure, models, scores, train


@cache
def fashion(split, count):
    """Return the first `count` pictures and labels of a split of Fashion-MNIST.

    >>> fashion("validation", 100)[0].shape
    torch.Size([100, 1, 28, 28])
    """
    images, labels = data.fashion_mnist(split)
    return images[:count], labels[:count]


def trained_lenet(pictures, epochs=2):
    """Return a LeNet-5 after some epochs on (images, labels), from seed 0."""
    torch.manual_seed(0)
    network = models.lenet5()
    train.fit(network, pictures, epochs=epochs)
    return network.eval()


def smaller(network, example_inputs, fraction):
    """Return the network without a fraction of every group of channels, those of the smallest weights first."""
    groups = channels.channel_groups(network, example_inputs)
    magnitudes = {name: scores.magnitude_scores(weight.detach()) for name, weight in network.named_parameters()}
    keep = {g.name: masks.keep_channels(channels.channel_scores(g, magnitudes), fraction) for g in groups}
    return channels.shrink(network, keep, groups=groups)


class Candidate(NamedTuple):
    """A smaller network, and what it costs: share of the work, accuracy at once and after retraining."""

    fraction: float
    network: torch.nn.Module
    work: float
    accuracy: float
    retrained: float


def smaller_networks(network, fractions, pictures, validation, epochs=1):
    """Return a candidate for each fraction of channels cut, retrained on (images, labels) and read on validation."""
    example = pictures[0][:1]
    dense = measure.macs(network, example)
    found = []
    for fraction in fractions:
        small = smaller(network, example, fraction)
        work, accuracy = measure.macs(small, example) / dense, train.evaluate(small, validation)
        train.fit(small, pictures, epochs=epochs, learning_rate=2e-3)
        found.append(Candidate(fraction, small, work, accuracy, train.evaluate(small, validation)))
    return found


def halves(reports):
    """Return {network: the share of multiply-accumulates that is left with half of the channels gone}.

    Args:
        reports: {network: Audit}, with a half among the fractions of its groups.
    """
    shares = {}
    for name, report in reports.items():
        [dense], [half] = (report.find("cost", what="MACs", level=level) for level in (0.0, 0.5))
        shares[name] = half.value / dense.value
    return shares


def sensitivity_curves(report, what="scattered"):
    """Return {layer: (levels, values)} of an audit with `evaluate`, as `lesson.explore_accuracy` takes it."""
    found = report.find("sensitivity", what=what)
    curves = {}
    for name in dict.fromkeys(finding.where for finding in found):
        mine = sorted((finding.level, finding.value) for finding in found if finding.where == name)
        curves[name] = tuple(zip(*mine, strict=True))
    return curves
