"""Lesson 04's explorer: where a sparse product beats a dense one, by density and batch size."""

import numpy as np

from pruning_lab import plots
from pruning_lab.lesson.frame.explorer import Explorer, Steps


def explore_crossover(densities, batches, ratios, low=None, high=None):
    """Explore measured ratios: at which density and batch size does a sparse product beat the dense one?

    Args:
        densities: (d,) fractions kept, ascending. batches: (b,) numbers of inputs, ascending.
        ratios: (d, b) dense time over sparse time. low, high: (d, b) its quartiles; None if there are none.

    Returns:
        an Explorer.

    Raises:
        ValueError: the shapes do not match.
    """
    ratios = np.asarray(ratios, float)
    figure = plots.crossover_map(densities, batches, ratios).figure  # checks the shapes
    spread = None if low is None or high is None else (np.asarray(low, float), np.asarray(high, float))
    cells = [[_cell_rows(d, b, ratios, spread, (i, j)) for j, b in enumerate(batches)] for i, d in enumerate(densities)]
    facts = {
        "densities": list(map(float, densities)),
        "batches": list(map(int, batches)),
        "ratios": ratios.tolist(),
        "rows": cells,
        "words": [[", ".join(f"{name} {value}" for name, value in rows) for rows in line] for line in cells],
    }
    knobs = [
        Steps("Density (kept)", tuple(f"{d:g}" for d in densities), "choice"),
        Steps("Batch size (inputs)", tuple(f"{b:g}" for b in batches), "place"),
    ]
    header = ["density", *(f"batch {b}" for b in batches)]
    table = [[f"{d:g}", *(f"{ratio:.2f}" for ratio in line)] for d, line in zip(densities, ratios, strict=True)]
    alt = "A map of density against batch size: where the sparse product is faster than the dense one, and by how much."
    return Explorer("crossover", knobs, facts, figure, [header, *table], alt)


def from_table(columns):
    """Rebuild the explorer from the table that it left in a notebook.

    Args:
        columns: {heading: numbers}, with the first heading "density" and the others "batch 1" and so on.
    """
    densities, *ratios = columns.values()
    batches = [int(name.removeprefix("batch ")) for name in list(columns)[1:]]
    return explore_crossover(densities, batches, list(zip(*ratios, strict=True)))


def _cell_rows(density, batch, ratios, spread, at):
    winner = "the sparse product" if ratios[at] > 1 else "the dense product"
    rows = [("density", f"{density:g}"), ("batch", f"{batch}"), ("dense time / sparse time", f"{ratios[at]:.2f}")]
    if spread is not None:
        rows.append(("quartiles", f"{spread[0][at]:.2f} to {spread[1][at]:.2f}"))
    return [*rows, ("faster", winner)]
