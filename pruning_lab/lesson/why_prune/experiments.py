"""Lesson 01's experiment: four ways to spend the same number of zeros, stored and multiplied."""

from dataclasses import dataclass

import numpy as np
import torch

from pruning_lab import kernels, masks, measure, scores, sparse
from pruning_lab.measure.rivals import best_dense

BATCHES = (1, 64)
CONTROL = "unpruned again"  # the same matrix elsewhere in memory: a ratio no further from 1 than this means nothing


@dataclass(frozen=True)
class Pattern:
    """One mask on a weight matrix, with the storage and the product made for it.

    `stored` is a format of `pruning_lab.sparse`, or the small dense matrix if whole columns went. `columns` are the
    inputs that the product reads.
    """

    name: str
    mask: np.ndarray
    stored: object
    multiply: object
    columns: np.ndarray | slice

    @property
    def multiplications(self):
        """The multiplications for one input vector under the kernel made for the pattern."""
        return self.stored.size if isinstance(self.stored, np.ndarray) else self.stored.stored


def group_for(sparsity):
    """Return n, m of the smallest N:M pattern, in groups of 4 or 8, that prunes exactly this fraction.

    >>> group_for(0.5), group_for(0.875)
    ((2, 4), (1, 8))
    """
    for m in (4, 8):
        if (n := round((1 - sparsity) * m)) > 0 and n / m == 1 - sparsity:
            return n, m
    raise ValueError(f"sparsity must be a multiple of 1/8 below 1, so that some N:M has as many zeros; got {sparsity}")


def four_patterns(weight, sparsity, group=None):
    """Prune `weight` four ways: {name: Pattern}. Without `group`, each has the same number of zeros.

    Args:
        weight: (rows, columns) float32 array, rows a multiple of 4, columns a multiple of the group's size.
        sparsity: a multiple of 1/8 below 1; any below 1 where `group` is given.
        group: n, m of the N:M pattern; None chooses the one that prunes exactly `sparsity`.
    """
    tensor = torch.from_numpy(weight)
    magnitudes = scores.magnitude_scores(tensor)
    n, m = group or group_for(sparsity)
    scattered = masks.mask_unstructured(magnitudes, sparsity).numpy()
    grouped = masks.mask_n_of_m(magnitudes, n, m).numpy()
    vectors = masks.mask_blocks(magnitudes, (4, 1), sparsity).numpy()
    keep = masks.keep_channels(magnitudes.sum(dim=0), sparsity).numpy()
    columns = np.zeros(weight.shape, dtype=bool)
    columns[:, keep] = True
    everything = slice(None)
    made = {
        "scattered": (scattered, sparse.CSR.from_dense(weight * scattered), kernels.csr_matmul, everything),
        f"{n}:{m}": (grouped, sparse.NOfM.from_dense(weight * grouped, n, m), kernels.n_of_m_matmul, everything),
        "4x1 vectors": (
            vectors,
            sparse.BlockCSR.from_dense(weight * vectors, (4, 1)),
            kernels.block_matmul,
            everything,
        ),
        "whole columns": (columns, np.ascontiguousarray(weight[:, keep]), np.matmul, keep),
    }
    return {name: Pattern(name, *parts) for name, parts in made.items()}


def times(weight, patterns, batch, repeats=30):
    """Time every pattern under the dense product and under its own: {name: (dense ratio, own ratio)}, as measure.Rows.

    The rival is the faster of NumPy's and torch's dense product of the unpruned matrix, measured first; a ratio above 1
    is faster than that. If whole columns went, both are a dense product of the smaller matrix. The entry CONTROL is
    a copy of the unpruned matrix. Batch 1 is measured cold: warm, copies of one 4 MB matrix differed by a factor of up
    to 1.8 with their place in memory, which no number of rounds averages out; cold, mostly within a tenth, once by 1.3.
    """
    x = np.random.default_rng(1).standard_normal((weight.shape[1], batch), dtype=np.float32)
    x = x[:, 0] if batch == 1 else x
    cold = batch == 1
    dense = best_dense(weight, x, cold).make
    candidates = {"unpruned": dense(weight, x), f"{CONTROL}, dense": dense(weight.copy(), x)}
    for name, pattern in patterns.items():
        inputs = np.ascontiguousarray(x[pattern.columns])
        if isinstance(pattern.stored, np.ndarray):
            candidates[f"{name}, dense"] = dense(pattern.stored, inputs)
            continue
        candidates[f"{name}, dense"] = dense(weight * pattern.mask, inputs)
        candidates[f"{name}, own"] = _product(pattern, inputs)
    rows = {row.name: row for row in measure.compare(candidates, repeats, cold).rows}
    names = [CONTROL, *patterns]
    dense_rows = {name: rows[f"{name}, dense"] for name in names}
    return {name: (dense_row, rows.get(f"{name}, own", dense_row)) for name, dense_row in dense_rows.items()}


def _product(pattern, x):
    return lambda: pattern.multiply(pattern.stored, x)
