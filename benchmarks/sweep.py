"""How much faster is a sweep on two workers than on one? A real training grid, the two interleaved, one thread each."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack

import torch

from pruning_lab import data, masks, measure, models, prune, sweep, train

GRID = sweep.product(sparsity=[0.5, 0.8, 0.9, 0.95], repeat=[0, 1])
ROUNDS = 3


def rows():
    """Return one dict: what, ratio, low and high (the interquartile range of the rounds), goal, note."""
    with ExitStack() as stack:
        one, two = (stack.enter_context(_started(workers)) for workers in (1, 2))
        if sweep.run(prune_and_retrain, GRID, one) != sweep.run(prune_and_retrain, GRID, two):
            raise ValueError("one worker and two must give the same table; got two different ones")
        comparison = measure.compare(
            {
                "one": lambda: sweep.run(prune_and_retrain, GRID, one),
                "two": lambda: sweep.run(prune_and_retrain, GRID, two),
            },
            repeats=ROUNDS,
        )
    one_row, two_row = comparison.rows
    return [
        {
            "what": "a sweep on two workers against one",
            "ratio": two_row.ratio,
            "low": two_row.ratio_q1,
            "high": two_row.ratio_q3,
            "goal": 1.7,
            "note": f"{len(GRID)} trainings of LeNet-300-100, {one_row.median:.0f} s on one; pools started before",
        }
    ]


def prune_and_retrain(sparsity, repeat, seed):
    """Prune an untrained network and train it for two epochs on 10,000 pictures, as the sweeps of the lessons do."""
    torch.manual_seed(seed)
    model, pictures = models.lenet_300_100(), data.fashion_mnist("train")
    keep = masks.mask_global(prune.prunable_weights(model), sparsity, by_magnitude=True)
    losses = train.fine_tune(model, pictures, keep, epochs=2, batch_size=100, seed=seed, progress=False)
    return {"loss": losses[-1], "validation": train.evaluate(model, data.fashion_mnist("validation"))}


def _started(workers):
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
