"""What lesson 02's prediction measures: how far networks can be pruned without retraining."""

import itertools

import numpy as np

from pruning_lab import masks, prune
from pruning_lab.lesson.magnitude_pruning import experiments
from pruning_lab.lesson.magnitude_pruning.drawings import ONE_POINT, plateau_figure
from pruning_lab.plots.canvas import image_html
from pruning_lab.tables import table_html


def plateau_reveal(folder, options, sparsities=(0.3, 0.5, 0.7, 0.8, 0.9)):
    """Return a reveal for `predict`: up to which sparsity does neither network lose a point without retraining?

    Args:
        folder: where `experiments.train_dense` saved the networks.
        options: {option: the sparsity that it names}, one of them 0.0, for anything below the lowest.
        sparsities: ascending, including every one that the options name.
    """

    def reveal():
        dense, measured = {}, {}
        for network in experiments.NETWORKS:
            models = [experiments.load(network, folder, repeat) for repeat in experiments.REPEATS]
            dense[network] = [experiments.accuracy(model, network) for model in models]
            measured[network] = _measure_without_retraining(network, folder, sparsities)
        lost = [np.mean(dense[name]) - curves["one ranking"].mean(axis=0) for name, curves in measured.items()]
        kept = itertools.takewhile(
            lambda pair: pair[1] <= ONE_POINT, zip(sparsities, np.max(lost, axis=0), strict=True)
        )
        reached = max((sparsity for sparsity, _ in kept), default=0.0)
        answer = max((option for option, sparsity in options.items() if sparsity <= reached), key=options.get)
        words = "Accuracy against sparsity without retraining, a panel for each network; the table has the numbers."
        figure = plateau_figure(sparsities, measured, dense)
        return answer, [image_html(figure, words), _lost_table(sparsities, measured, dense)]

    return reveal


def _measure_without_retraining(network, folder, sparsities):
    """Return {"one ranking" or "each layer alone": validation accuracies (repeats, points)}."""
    ways = {
        "one ranking": lambda model, s: masks.mask_global(prune.prunable_weights(model), s, by_magnitude=True),
        "each layer alone": experiments.each_layer_alone,
    }
    measured = {name: np.empty((len(experiments.REPEATS), len(sparsities)), np.float32) for name in ways}
    for name, place in itertools.product(ways, np.ndindex(measured["one ranking"].shape)):
        model = experiments.load(network, folder, experiments.REPEATS[place[0]])
        prune.apply_masks_(model, ways[name](model, sparsities[place[1]]))
        measured[name][place] = experiments.accuracy(model, network)
    return measured


def _lost_table(sparsities, measured, dense):
    rows = [
        [f"{network}, {name}", *(f"{100 * lost:.1f}" for lost in np.mean(dense[network]) - points.mean(axis=0))]
        for network, curves in measured.items()
        for name, points in curves.items()
    ]
    caption = "Points of validation accuracy lost without retraining, mean of three repeats"
    return table_html(["network, choice of weights", *(f"at {s:g}" for s in sparsities)], rows, caption)
