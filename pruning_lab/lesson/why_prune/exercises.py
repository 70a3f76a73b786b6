"""Lesson 01: an exact mask, the bytes of CSR, a pair of layers shrunk."""

import numpy as np

from pruning_lab import sparse
from pruning_lab.lesson.frame.answers import array, close, likely_slip, number, require, several
from pruning_lab.lesson.frame.verdicts import prune_smallest, require_exact_mask, require_kept


def exact_mask(answer):
    """`my_mask(weight, sparsity)` keeps the large magnitudes and prunes exactly round(sparsity * n)."""
    rng = np.random.default_rng(7)
    first = np.array([[0.7, 4, -0.3, 0.5], [2, -1.5, -2.5, 3], [0.2, 0.8, -0.1, 1.2]])  # each slip prunes others
    for weight, sparsity in [
        (first, 0.25),
        (rng.standard_normal((6, 10)).astype(np.float32), 0.7),
        (np.ones((2, 4)), 0.5),
        (rng.standard_normal((5, 5)), 0.0),
        (rng.standard_normal((5, 5)), 1.0),
        (rng.standard_normal((9, 7)), 0.3),  # 18.9
        (rng.standard_normal((3, 7)), 0.2),  # 4.2
        (rng.standard_normal((3, 11)), 0.5),  # 16.5
        (rng.integers(-2, 3, (9, 7)).astype(float), 0.3),
        (rng.standard_normal((8, 8)) * prune_smallest(rng.random((8, 8)), 40), 0.5),  # pruned before
        (rng.standard_normal((4, 6)).T, 0.25),  # column by column in memory
        (np.float32(1e-30) * rng.standard_normal((4, 5)).astype(np.float32), 0.4),
    ]:
        _compare_mask(array(answer(weight, sparsity), "the mask"), weight, sparsity)


def _compare_mask(mask, weight, sparsity):
    require(mask.dtype == bool, f"a mask is an array of bool, True keeps; got dtype {mask.dtype}")
    require(mask.shape == weight.shape, f"the mask must have the weight's shape {weight.shape}; got {mask.shape}")
    magnitudes = np.abs(weight)
    by_rows = np.array([prune_smallest(row, round(sparsity * row.size)) for row in magnitudes])
    flat = prune_smallest(magnitudes.ravel("F"), round(sparsity * weight.size))
    ways = {
        "rank all entries in one list, not row by row": by_rows.ravel(),
        "ravel and reshape must walk in the same order, row after row": flat,
    }
    require_exact_mask(mask.ravel(), weight.ravel(), sparsity, ways)


def csr_bytes(answer):
    """`my_csr_bytes(rows, columns, sparsity)` is how many bytes CSR takes with float32 values and int32 indices."""
    rng = np.random.default_rng(8)
    shapes = [(4, 20, 0.25), (4, 11, 0.25), (5, 3, 0.25), (256, 256, 0.7), (300, 784, 0.9), (10, 100, 0.0)]
    shapes += [(7, 3, 1.0), (7, 3, 0.5)]
    for rows, columns, sparsity in shapes:
        dense = np.ones(rows * columns, np.float32)
        dense[rng.permutation(dense.size)[: round(sparsity * dense.size)]] = 0
        stored = sparse.CSR.from_dense(dense.reshape(rows, columns), index_dtype=np.int32)
        _compare_bytes(number(answer(rows, columns, sparsity)), stored.nbytes, rows, columns, sparsity)


def _compare_bytes(got, wanted, rows, columns, sparsity):
    size = rows * columns
    pruned, pointers = round(sparsity * size), 4 * (rows + 1)
    kept = size - pruned
    by_row = rows * (columns - round(sparsity * columns))
    roundings = {
        "one weight too many stays: round() the number pruned, do not cut it off": wanted + 8,
        "one weight too few stays: round() the number pruned; a half goes to the even neighbour": wanted - 8,
    }
    slips = {
        "round once, the number pruned of the whole matrix, not row by row": 8 * by_row + pointers,
        **(roundings if pruned != sparsity * size else {}),
        "that is the dense matrix": 4 * size,
        "that counts the zeros: CSR stores the weights that stay, a fraction 1 - sparsity": 8 * pruned + pointers,
        "that is bits; a byte has eight": 8 * wanted,
        "the row pointers are missing: indptr says where each row starts": 8 * kept,
        "indptr has one entry more than there are rows: the last says where the last row ends": wanted - 4,
        "indptr has rows + 1 entries of 4 bytes each: 4 * (rows + 1), not 4 * rows + 1": wanted - 3,
        "the row pointers go with the rows, not with the columns": 8 * kept + 4 * (columns + 1),
        "each value needs its column index too, 4 bytes each": 4 * kept + pointers,
        "a column index is int32 here, 4 bytes, not 2": 6 * kept + pointers,
        "column indices and row pointers are int32 here, 4 bytes, not 8": 12 * kept + 2 * pointers,
        "sparsity is a fraction, not a percentage": 8 * (size - round(sparsity / 100 * size)) + pointers,
        "a weight takes 8 bytes, a float32 and its column; CSR has no row index for each weight": 12 * kept + pointers,
        "those are entries, and each takes 4 bytes": wanted / 4,
        "a row pointer is int32 here, 4 bytes": 8 * kept + 2 * pointers,
    }
    require(got >= 0, f"bytes are not below 0: return what CSR takes, here {wanted}, not a difference; got {got:g}")
    require(got != 0 or kept > 0, f"no weight stays, yet the row pointers take bytes, here {wanted}; got 0")
    require(got > wanted / 100, f"return bytes, here {wanted}, not a ratio, kilobytes or megabytes; got {got:g}")
    unrounded = close(got, 8 * (1 - sparsity) * size + pointers) and got != wanted
    require(not unrounded, f"got {got:g} bytes: a whole number of weights goes, so round the number pruned first")
    require(got == int(got), f"bytes are counted, so their number is whole, here {wanted}; got {got:g}")
    slip = likely_slip(lambda wrong: wrong == got, slips, "count three arrays: values, column indices, row pointers")
    require(
        got == wanted, f"{rows} rows, {size} weights, {pruned} of them pruned: {wanted} bytes; got {got:.0f}: {slip}"
    )


def shrunk_pair(answer):
    """`my_shrink(weight1, bias1, weight2, keep)` removes hidden units from both layers around them."""
    rng = np.random.default_rng(9)
    for inputs, hidden, outputs, keep in [
        (6, 5, 3, [0, 2]),
        (6, 6, 6, [0, 2, 5]),
        (3, 4, 2, [1]),
        (2, 3, 4, [0, 1, 2]),
        (5, 6, 3, [4, 1, 2]),
    ]:
        weight1, bias1 = rng.standard_normal((hidden, inputs)), rng.standard_normal(hidden)
        weight2 = rng.standard_normal((outputs, hidden))
        names = ("weight1", "bias1", "weight2")
        got = several(answer(weight1, bias1, weight2, np.array(keep)), *names)
        got = [array(part, name) for name, part in zip(names, got, strict=True)]
        _compare_shapes([part.shape for part in got], inputs, hidden, outputs, len(keep))
        require_kept(got, {"weight1": weight1, "bias1": bias1, "weight2": weight2}, (0, 0, 1), keep)


def _compare_shapes(shapes, inputs, hidden, outputs, kept):
    small1, bias, small2 = shapes
    require(
        small1 != (hidden, kept) or small1 == (kept, inputs),
        "a hidden unit is a row of weight1, its output axis; columns went instead",
    )
    require(
        small1 != (hidden - kept, inputs) or small1 == (kept, inputs),
        f"keep names the {kept} units that stay; yours are {hidden - kept}, as many as go",
    )
    require(
        small2 != (outputs, hidden) or kept == hidden,
        "weight2 still expects all inputs: the next layer loses the columns of the units that went",
    )
    swapped = len(bias) == 2 and len(small2) == 1
    require(not swapped, "return weight1, bias1, weight2 in this order: the second has two axes, the third has one")
    along = "each unit that went takes its bias with it: " if bias == (hidden,) else ""
    require(bias == (kept,), f"{along}bias1 must be {(kept,)}; got {bias}")
    require(small1 == (kept, inputs), f"weight1 must be {(kept, inputs)}; got {small1}")
    require(
        small2 == (outputs, kept),
        f"weight2 keeps its rows and loses columns: it must be {(outputs, kept)}; got {small2}",
    )
