"""How much faster is a sweep on two workers than on one? A real training grid, the two interleaved, one thread each."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack

import torch

from benchmarks.table import Line
from pruning_lab import data, masks, measure, models, prune, sweep, train

GRID = sweep.product(sparsity=[0.5, 0.8, 0.9, 0.95], repeat=[0, 1])
ROUNDS = 3


def rows() -> list[Line]:
    """Return one line of the table."""
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
    note = f"{len(GRID)} trainings of LeNet-300-100, {one_row.median:.0f} s on one; pools started before"
    return [Line.of("a sweep on two workers against one", two_row, goal=1.7, note=note)]


def prune_and_retrain(sparsity: float, repeat: int, seed: int) -> dict[str, float]:
    """Prune an untrained network and train it for two epochs on 10,000 images, as the sweeps of the lessons do."""
    torch.manual_seed(seed)
    model, images = models.lenet_300_100(), data.fashion_mnist("train")
    keep = masks.mask_global(prune.prunable_weights(model), sparsity, by_magnitude=True)
    losses = train.fine_tune(model, images, keep, epochs=2, batch_size=100, seed=seed, progress=False)
    return {"loss": losses[-1], "validation": train.evaluate(model, data.fashion_mnist("validation"))}


def _started(workers):
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
