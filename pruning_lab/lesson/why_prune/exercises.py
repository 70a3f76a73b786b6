"""Lesson 01: an exact mask, the bytes of CSR, a pair of layers shrunk."""

import numpy as np

from pruning_lab import sparse


def exact_mask(answer):
    """`my_mask(weight, sparsity)` keeps the large magnitudes and prunes exactly round(sparsity * n)."""
    rng = np.random.default_rng(7)
    for weight, sparsity in [
        (np.array([[3.0, -0.1], [-2.0, 0.5]]), 0.5),
        (rng.standard_normal((6, 10)), 0.7),
        (np.ones((2, 4)), 0.5),
        (rng.standard_normal((5, 5)), 0.0),
        (rng.standard_normal((5, 5)), 1.0),
        (rng.integers(-2, 3, (9, 7)).astype(float), 0.3),
    ]:
        _compare_mask(np.asarray(answer(weight.copy(), sparsity)), weight, sparsity)


def _compare_mask(mask, weight, sparsity):
    assert mask.dtype == bool, f"a mask is an array of bool, True keeps; got dtype {mask.dtype}"
    assert mask.shape == weight.shape, f"the mask must have the weight's shape {weight.shape}; got {mask.shape}"
    count, wanted = int((~mask).sum()), round(sparsity * weight.size)
    ties = len(np.unique(np.abs(weight))) < weight.size
    about_ties = " Many magnitudes here are equal: a threshold takes all of them or none." if ties else ""
    if count == weight.size - wanted != wanted:
        raise AssertionError(f"{count} pruned, {wanted} wanted: is True meant for the pruned ones? True keeps.")
    cut = int(sparsity * weight.size)
    about_ties = " Round to the nearest whole number, do not cut off." if count == cut else about_ties
    assert count == wanted, f"sparsity {sparsity} of {weight.size} weights prunes {wanted}; got {count}.{about_ties}"
    if 0 < count < weight.size:
        kept, pruned = np.abs(weight[mask]), np.abs(weight[~mask])
        assert pruned.min() <= kept.min() or pruned.max() <= kept.min(), "large weights went and small ones stayed"
        assert pruned.max() <= kept.min(), (
            f"a weight of magnitude {pruned.max():.2f} was pruned while one of {kept.min():.2f} stayed: "
            "rank by magnitude, so that -3 counts as more than 0.5"
        )


def csr_bytes(answer):
    """`my_csr_bytes(rows, columns, sparsity)` is how many bytes CSR takes with float32 values and int32 indices."""
    rng = np.random.default_rng(8)
    for rows, columns, sparsity in [(4, 6, 0.5), (256, 256, 0.7), (300, 784, 0.9), (10, 100, 0.0)]:
        dense = np.ones(rows * columns, np.float32)
        pruned = round(sparsity * dense.size)
        dense[rng.permutation(dense.size)[:pruned]] = 0
        stored = sparse.CSR.from_dense(dense.reshape(rows, columns), index_dtype=np.int32)
        _compare_bytes(answer(rows, columns, sparsity), stored.nbytes, rows, dense.size, pruned)


def _compare_bytes(got, wanted, rows, size, pruned):
    kept, pointers = size - pruned, 4 * (rows + 1)
    slips = {
        8 * pruned + pointers: "that counts the zeros: CSR stores the weights that stay, a fraction 1 - sparsity",
        8 * wanted: "that is bits; a byte has eight",
        8 * kept: "the row pointers are missing: indptr says where each row starts",
        8 * kept + 4 * rows: "indptr has one entry more than there are rows: the last says where the last row ends",
        4 * kept + pointers: "each value needs its column index too, 4 bytes each",
        6 * kept + pointers: "a column index is int32 here, 4 bytes, not 2",
    }
    assert got == wanted or got == int(got), f"{got} bytes: a whole number of weights stays, so round it first"
    slip = slips.get(got, "count three arrays: values, column indices, row pointers")
    assert got == wanted, f"{rows} rows, {size} weights, {pruned} of them pruned: {wanted} bytes; got {got}: {slip}"


def shrunk_pair(answer):
    """`my_shrink(weight1, bias1, weight2, keep)` removes hidden units from both layers around them."""
    rng = np.random.default_rng(9)
    weight1, bias1, weight2 = rng.standard_normal((6, 6)), rng.standard_normal(6), rng.standard_normal((3, 6))
    keep, x = np.array([0, 2, 5]), rng.standard_normal(6)
    got = answer(weight1.copy(), bias1.copy(), weight2.copy(), keep)
    shape = len(got) if isinstance(got, tuple) else type(got).__name__
    assert shape == 3, f"return three arrays, weight1, bias1, weight2; got {shape}"
    small1, small_bias, small2 = map(np.asarray, got)
    assert small1.shape != (6, 3), "a hidden unit is a row of weight1, its output axis; columns went instead"
    assert small2.shape != (3, 6), (
        "weight2 still expects six inputs: the next layer loses the columns of the units that went"
    )
    assert small_bias.shape == (3,), (
        f"each unit that went takes its bias along: bias1 must be (3,); got {small_bias.shape}"
    )
    assert small2.ndim == 2, f"weight2 must have two axes; got shape {small2.shape}"
    assert (small1.shape, small2.shape) == ((3, 6), (3, 3)), f"got shapes {small1.shape} and {small2.shape}"
    hidden = np.maximum(weight1 @ x + bias1, 0)
    hidden[[1, 3, 4]] = 0
    small = small2 @ np.maximum(small1 @ x + small_bias, 0)
    assert np.allclose(small, weight2 @ hidden), (
        "shapes fit, values do not: use the same units, in the same order, in all three"
    )
