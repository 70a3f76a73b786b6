"""Sparse against dense on this machine: Deep Compression's six layers, the crossover map, an engine shown zeros.

Two rules hold in every race here. The rival is the faster of NumPy's and torch's dense product, found by a short trial.
And something runs twice under two names: how far those two are apart is what a ratio may be off by chance.
"""

import math
import os
import re
from dataclasses import replace

import numpy as np
import torch
from tqdm.auto import tqdm

from pruning_lab import kernels, measure
from pruning_lab.lesson import kernel_pictures
from pruning_lab.lesson.view import image_html, table_html
from pruning_lab.sparse import CSR

# Layer: (out, in) and the density after pruning. Han et al. 2015 (arXiv 1510.00149), tables 4 and 5.
LAYERS = {
    "AlexNet FC6": ((4096, 9216), 0.09),
    "AlexNet FC7": ((4096, 4096), 0.09),
    "AlexNet FC8": ((1000, 4096), 0.25),
    "VGG-16 FC6": ((4096, 25088), 0.04),
    "VGG-16 FC7": ((4096, 4096), 0.04),
    "VGG-16 FC8": ((1000, 4096), 0.23),
}
# Machine and batch: microseconds for one input, dense and pruned, layers in the order above. The same paper, table 8.
PUBLISHED = {
    ("Core i7-5930K", 1): (
        (7516.2, 6187.1, 1134.9, 35022.8, 5372.8, 774.2),
        (3066.5, 1282.1, 890.5, 3774.3, 545.1, 777.3),
    ),
    ("Titan X", 1): ((541.5, 243.0, 80.5, 1467.8, 243.0, 80.5), (134.8, 65.8, 54.6, 167.0, 39.8, 48.0)),
    ("Tegra K1", 1): (
        (12437.2, 5765.0, 2252.1, 35427.0, 5544.3, 2243.1),
        (2879.3, 1256.5, 837.0, 4377.2, 626.3, 745.1),
    ),
    ("Core i7-5930K", 64): (
        (318.4, 188.9, 45.8, 1056.0, 188.3, 45.7),
        (1417.6, 682.1, 407.7, 1780.3, 274.9, 363.1),
    ),
    ("Titan X", 64): ((19.8, 8.9, 5.9, 53.6, 8.9, 5.9), (94.6, 51.5, 23.2, 121.5, 24.4, 22.0)),
    ("Tegra K1", 64): (
        (1663.6, 2056.8, 298.0, 2001.4, 2050.7, 483.9),
        (4003.9, 1372.8, 576.7, 8024.8, 660.2, 544.1),
    ),
}
# Machine: watts at batch 1, dense and pruned. The same paper, table 9.
WATTS = {
    "Core i7-5930K": ((83.5, 72.8, 77.6, 70.6, 74.6, 77.0), (42.3, 37.4, 36.5, 38.0, 37.4, 36.0)),
    "Titan X": ((157, 159, 159, 166, 163, 159), (181, 183, 162, 189, 166, 162)),
    "Tegra K1": ((5.1, 5.1, 5.4, 5.3, 5.3, 5.4), (5.9, 6.1, 5.8, 5.6, 6.3, 5.8)),
}
MACHINES = tuple(WATTS)
TRIAL = 5  # rounds that decide whether NumPy or torch is the rival
FASTER = 1.2  # below this, a speed-up could be the machine's mood


def geometric_mean(ratios):
    """Return the mean that suits ratios: twice as fast and half as fast give 1.

    >>> geometric_mean([2, 0.5])
    1.0
    """
    return math.exp(np.log(ratios).mean())


def published_speed_ups(machine, batch):
    """Return dense over pruned time as published, one number a layer.

    >>> [round(ratio, 2) for ratio in published_speed_ups("Core i7-5930K", 64)]
    [0.22, 0.28, 0.11, 0.59, 0.68, 0.13]
    """
    dense, pruned = PUBLISHED[machine, batch]
    return tuple(np.divide(dense, pruned).tolist())


def published_energy_ratios(machine):
    """Return dense over pruned energy at batch 1, watts times seconds, one number a layer.

    >>> round(geometric_mean(published_energy_ratios("Tegra K1")), 2)
    4.23
    """
    dense, pruned = WATTS[machine]
    return tuple((np.divide(dense, pruned) * published_speed_ups(machine, 1)).tolist())


def vector_loads(compiled):
    """Return how many loads of several neighbouring floats at once stand in a function compiled by Numba.

    Args:
        compiled: a function of numba.njit, called at least once, so that it is compiled.
    """
    (code,) = compiled.inspect_llvm().values()
    return len(re.findall(r"load <\d+ x float>", code))


def random_layer(shape, density, seed=0):
    """Return a weight that keeps each entry with chance `density`, dense and as a CSR: the two hold the same numbers.

    No second array of the weight's size is made but one of bools: the largest layer here has 411 MB.

    Args:
        shape: (out, in). density: fraction kept, in [0, 1].

    >>> weight, csr = random_layer((100, 100), 0.09)
    >>> csr.nnz, bool((csr.to_dense() == weight).all())
    (947, True)
    """
    weight = np.random.default_rng(seed).random(shape, dtype=np.float32)
    weight[weight >= density] = 0
    return weight, CSR.from_dense(weight)


def random_inputs(features, batch, seed=1):
    """Return standard normal inputs: (in,) for a batch of 1, else (in, batch)."""
    return np.random.default_rng(seed).standard_normal((features, batch)[: 1 + (batch > 1)], dtype=np.float32)


def numpy_product(weight, x):
    """Return a call without arguments that multiplies: what `measure.compare` takes."""
    return lambda: weight @ x


def torch_product(weight, x):
    """The same in torch, on the same memory."""
    weight, x = torch.from_numpy(weight), torch.from_numpy(x)
    return lambda: weight @ x


def sparse_product(csr, x):
    """The same by `kernels.csr_matmul`."""
    return lambda: kernels.csr_matmul(csr, x)


def best_dense(weight, x, cold):
    """Return the faster of NumPy and torch on this product: its name, and the function that makes its call."""
    makers = {"NumPy dense": numpy_product, "torch dense": torch_product}
    rows = measure.compare({name: make(weight, x) for name, make in makers.items()}, TRIAL, cold).rows
    name = min(rows, key=lambda row: row.median).name
    return name, makers[name]


def race_layer(shape, density, batch, repeats=30):
    """Time one layer at one batch size, after checking that both products agree; batch 1 is cold.

    Returns:
        measure.Comparison of the best dense product, the sparse one, and the sparse one on a copy of its matrix.
    """
    weight, csr = random_layer(shape, density)
    x = random_inputs(shape[1], batch)
    name, make = best_dense(weight, x, cold := batch == 1)
    candidates = {
        name: make(weight, x),
        "sparse": sparse_product(csr, x),
        "sparse again": sparse_product(replace(csr, data=csr.data.copy(), indices=csr.indices.copy()), x),
    }
    np.testing.assert_allclose(candidates["sparse"](), candidates[name](), rtol=1e-3, atol=1e-3)
    return measure.compare(candidates, repeats, cold)


def race_layers(batch, layers=LAYERS, repeats=30):
    """Time every layer, one dense matrix in memory at a time: {layer: Comparison}."""
    bar = tqdm(layers.items(), desc=f"batch {batch}", leave=False, disable=bool(os.environ.get("TQDM_DISABLE")))
    return {layer: race_layer(*shape_and_density, batch, repeats) for layer, shape_and_density in bar}


def speed_up(races):
    """Return the geometric mean, over the layers, of dense over sparse time.

    Args:
        races: what `race_layers` returned.
    """
    return geometric_mean([race["sparse"].ratio for race in races.values()])


def race_table(races, batch):
    """Return an HTML table: dense over sparse time on the published machines and on this one, layer by layer."""
    published = [published_speed_ups(machine, batch) for machine in MACHINES]
    rows = [
        [
            f"{layer}, {LAYERS[layer][1]:.0%} kept",
            *(f"{ratios[list(LAYERS).index(layer)]:.2f}" for ratios in published),
            _with_spread(race["sparse"]),
            race.rows[0].name,
            f"{race['sparse again'].ratio / race['sparse'].ratio:.2f}",
        ]
        for layer, race in races.items()
    ]
    means = [f"{geometric_mean(ratios):.2f}" for ratios in published]
    rows.append(["geometric mean", *means, f"{speed_up(races):.2f}", "", ""])
    header = ["layer", *MACHINES, "this machine (IQR)", "its dense rival", "control: sparse again / sparse"]
    conditions = next(iter(races.values())).conditions
    return table_html(header, rows, f"Batch {batch}: times as fast as dense. This machine: {conditions}")


def _with_spread(row):
    return f"{row.ratio:.2f} ({row.ratio_q1:.2f} to {row.ratio_q3:.2f})"


def race_picture(races, batch):
    """Draw dense over sparse time for every layer: three published machines, and this one with its quartiles."""
    chosen = [list(LAYERS).index(layer) for layer in races]
    published = {machine: np.array(published_speed_ups(machine, batch))[chosen] for machine in MACHINES}
    labels = [f"{layer}\n{LAYERS[layer][1]:.0%} kept" for layer in races]
    return kernel_pictures.race(labels, published, [race["sparse"] for race in races.values()], batch)


def race_reveal(batch, options):
    """Return a reveal for `predict`: how many times as fast as dense the six layers are here, on average.

    Args:
        batch: 1 or 64, which the paper measured.
        options: {option: (low, high)}, the ranges of the mean that they stand for, without gaps.
    """

    def reveal():
        races = race_layers(batch)
        mean = speed_up(races)
        answer = next(option for option, (low, high) in options.items() if low <= mean < high)
        alt = "; ".join(f"{layer}: {race['sparse'].ratio:.2f}" for layer, race in races.items())
        return answer, [image_html(race_picture(races, batch), f"This machine: {alt}"), race_table(races, batch)]

    return reveal


def crossover(side, densities, batches, cold, repeats=30):
    """Measure who wins: dense over sparse time of a side x side matrix, for every density and batch size.

    A dense product does not care for zeros, so at one batch size one dense product stands against all densities, in one
    interleaved run.

    Returns:
        (densities, batches) array of ratios, above 1 where sparse wins, and (batches,): a copy of the dense matrix
        against the first, which would be 1 on a quiet machine.
    """
    full = random_inputs(side, side)
    made = [random_layer((side, side), density)[1] for density in densities]
    columns = []
    for batch in tqdm(batches, desc="batch sizes", leave=False, disable=bool(os.environ.get("TQDM_DISABLE"))):
        x = random_inputs(side, batch)
        _, make = best_dense(full, x, cold)
        candidates = {"dense": make(full, x), "dense again": make(full.copy(), x)}
        candidates |= {f"{csr.nnz} kept": sparse_product(csr, x) for csr in made}
        columns.append([row.ratio for row in measure.compare(candidates, repeats, cold).rows[1:]])
    table = np.array(columns).T
    return table[1:], table[0]


def crossing(densities, ratios):
    """Return in words at which density the two meet, read off between two measured ones.

    Args:
        densities: ascending. ratios: dense over sparse time at each.

    >>> crossing([0.1, 0.4], [2.0, 0.5]), crossing([0.1, 0.4], [3, 2]), crossing([0.1, 0.4], [0.9, 0.5])
    ('0.20', 'above 0.4', 'below 0.1')
    """
    if ratios[0] < 1:
        return f"below {densities[0]:g}"
    after = next((place for place, ratio in enumerate(ratios) if ratio < 1), None)
    if after is None:
        return f"above {densities[-1]:g}"
    pair = slice(after - 1, after + 1)
    share = np.log(ratios[after - 1]) / np.subtract(*np.log(ratios[pair]))
    return f"{np.exp(np.interp(share, [0, 1], np.log(densities[pair]))):.2f}"


def zeros_reveal(candidates, options, repeats=30):
    """Return a reveal for `predict`: which products are faster once most weights are zero.

    Args:
        candidates: {name: (all weights, all weights in another place, most of them zero)}, calls without arguments.
        options: {option: names of the candidates that it says are faster}, one of them with None for other outcomes.
    """

    def reveal():
        labels = ("all weights", "all weights again", "90 % zeros")
        rows = {
            name: measure.compare(dict(zip(labels, calls, strict=True)), repeats).rows
            for name, calls in candidates.items()
        }
        faster = {name for name, (_, _, zeros) in rows.items() if zeros.ratio_q1 >= FASTER}
        meant = {option: set(names) for option, names in options.items() if names is not None}
        other = next(option for option, names in options.items() if names is None)
        answer = next((option for option, names in meant.items() if names == faster), other)
        cells = [
            [name, f"{full.median * 1e6:,.0f}", f"{zeros.median * 1e6:,.0f}", _with_spread(zeros), _with_spread(again)]
            for name, (full, again, zeros) in rows.items()
        ]
        header = ["product", "all weights [µs]", "90 % zeros [µs]", "times as fast (IQR)", "control: all weights again"]
        return answer, [table_html(header, cells, f"One thread, warm, {repeats} interleaved rounds for each product")]

    return reveal
