"""Lesson 04's races: sparse against dense on this machine, layer by layer and over a map of densities and batches.

Two rules hold in every race here. The rival is the faster of NumPy's and torch's dense product, found by a short trial.
And one candidate runs twice under two names: a ratio may be off by chance as far as those two are apart.
"""

import re
from dataclasses import replace

import numpy as np

from pruning_lab import kernels, measure, progress
from pruning_lab.lesson.sparse_kernels.published import geometric_mean
from pruning_lab.measure.rivals import best_dense
from pruning_lab.sparse import CSR
from pruning_lab.sparse.published import DEEP_COMPRESSION_LAYERS


def vector_loads(compiled):
    """Return how many instructions of a function compiled by Numba load several neighbouring floats at once.

    Args:
        compiled: a function made by numba.njit, called at least once, so that it is compiled.
    """
    (code,) = compiled.inspect_llvm().values()
    return len(re.findall(r"load <\d+ x float>", code))


def random_layer(shape, density, seed=0):
    """Return a weight that keeps each entry with probability `density`, dense and as a CSR: both hold the same numbers.

    No second array of the weight's size is made, except one of bools: the largest layer here takes 411 MB.

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


def least_time(stored, rows, bandwidth):
    """Return the seconds in which a CSR of float32 values, uint16 columns and int32 pointers can be read once, at best.

    Args:
        stored: number of values. rows: of the matrix. bandwidth: in bytes per second.

    >>> least_time(1_000_000, 999, 2e9)
    0.003002
    """
    return (4 * stored + 2 * stored + 4 * (rows + 1)) / bandwidth


def sparse_product(csr, x):
    """Return a function without arguments that multiplies by `kernels.csr_matmul`, as `measure.compare` takes it."""
    return lambda: kernels.csr_matmul(csr, x)


def race_layer(shape, density, batch, repeats=30):
    """Time one layer at one batch size, after checking that both products agree; batch 1 is timed cold.

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


def race_layers(batch, layers=DEEP_COMPRESSION_LAYERS, repeats=30):
    """Time every layer, one dense matrix in memory at a time: {layer: Comparison}."""
    bar = progress.bar(layers.items(), desc=f"batch {batch}")
    return {layer: race_layer(*shape_and_density, batch, repeats) for layer, shape_and_density in bar}


def speed_up(races):
    """Return the geometric mean, over the layers, of dense over sparse time.

    Args:
        races: what `race_layers` returned.
    """
    return geometric_mean([race["sparse"].ratio for race in races.values()])


def crossover(side, densities, batches, cold, repeats=30):
    """Measure who wins: dense over sparse time of a side x side matrix, for every density and batch size.

    A dense product does not care about zeros, so at each batch size one dense product is compared with all densities,
    in one interleaved run.

    Returns:
        (densities, batches) array of ratios, above 1 where sparse wins; (batches,): a copy of the dense matrix
        against the first, which would be 1 on a quiet machine; and for each batch size the dense product that was
        chosen and its speed, (name, billions of additions and multiplications a second).
    """
    full = random_inputs(side, side)
    matrices = [random_layer((side, side), density)[1] for density in densities]
    columns, dense = [], []
    for batch in progress.bar(batches, desc="batch sizes"):
        x = random_inputs(side, batch)
        name, make = best_dense(full, x, cold)
        candidates = {"dense": make(full, x), "dense again": make(full.copy(), x)}
        candidates |= {f"{csr.nnz} kept": sparse_product(csr, x) for csr in matrices}
        first, *others = measure.compare(candidates, repeats, cold).rows
        columns.append([row.ratio for row in others])
        dense.append((name, 2 * side**2 * batch / first.median / 1e9))
    table = np.array(columns).T
    return table[1:], table[0], dense


def crossing(densities, ratios):
    """Return in words the density at which the two are equally fast, read off between two measured ones.

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
