"""Lesson 03: CSR by hand, gaps with fillers, the density at which an index stops paying."""

from itertools import pairwise, permutations

import numpy as np

from pruning_lab import sparse
from pruning_lab.lesson.frame.answers import (
    SHOWN,
    array,
    as_near,
    close,
    indices,
    likely_slip,
    nearest_rounding,
    number,
    require,
    several,
)


def csr_arrays(answer):
    """`my_csr(array)` returns data, indices, indptr of a matrix, row by row."""
    rng = np.random.default_rng(3)
    dense = rng.standard_normal((5, 7)) * (rng.random((5, 7)) < 0.4)
    dense[2], dense[4] = 0, 0  # an empty row in the middle, and one at the end
    tall = rng.standard_normal((6, 2)) * (rng.random((6, 2)) < 0.6)
    tall[0] = 0
    tiny = np.array([[0.0, 1e-30, 0.0], [0.004, 0.0, -2.0]])
    full = np.ones((3, 100))  # more entries than a pointer of 8 bits counts
    two, nothing, undefined = np.array([[0.0, 3.0], [4.0, 0.0]]), np.zeros((3, 2)), np.array([[0, np.nan, 1]])
    wide = np.zeros((2, 300))  # more columns than an index of 8 bits counts
    wide[0, [7, 299]], wide[1, [5, 200]] = [2, 3], [np.inf, -1]
    for matrix in (dense, two, nothing, tall, tiny, full, undefined, wide):
        names = ("data", "indices", "indptr")
        got = [array(part, name) for part, name in zip(several(answer(matrix), *names), names, strict=True)]
        csr = sparse.CSR.from_dense(matrix)
        right = (csr.data, csr.indices, csr.indptr)
        matches = [all(map(close, order, right)) for order in permutations(got)]  # the first is the order returned
        require(matches[0] or not any(matches), "return data first, then indices, then indptr")
        _compare_csr(got[0], indices(got[1], "indices"), indices(got[2], "indptr"), matrix)


def _compare_csr(data, columns, indptr, dense):
    csr, csc = sparse.CSR.from_dense(dense), sparse.CSC.from_dense(dense)
    right = csr.indptr
    rows, stored = dense.shape[0], csr.data.size
    _compare_pointers(indptr, csr, csc, dense)
    require(data.size != dense.size or data.size == stored, "only the weights that stay are stored; zeros are not")
    only_above = (dense < 0).any() and close(data, dense[dense > 0])
    require(not only_above, "weights below zero stay, too: what is left out is equal to 0")
    enough = f"indptr must have rows + 1 = {rows + 1} entries, one for an empty row, too; got {indptr.size}"
    require(indptr.size == rows + 1, enough)
    require(indptr[0] == 0, "indptr begins with 0, where row 0 starts")
    finite = sparse.CSR.from_dense(np.where(np.isfinite(dense), dense, 0)).indptr
    require(
        np.array_equal(indptr, right) or not np.array_equal(indptr, finite),
        "NaN is not zero, and neither is infinity: both are stored, so that anyone who reads the matrix sees them",
    )
    cut = (sparse.CSR.from_dense(np.where(np.abs(dense) <= small, 0, dense)).indptr for small in np.abs(csr.data))
    some_left = (pointers for pointers in cut if data.size == pointers[-1] > 0)
    dropped = any(np.array_equal(indptr, pointers) for pointers in some_left)
    rule = "a small weight is not zero: what is left out is equal to 0"
    require(not dropped or np.array_equal(indptr, right), rule)
    require(np.array_equal(indptr, right), f"indptr must be {right.tolist()}; got {indptr.tolist()}")
    require(data.shape == (stored,), f"{stored} weights stay; data has shape {data.shape}")
    by_row = [np.sort(columns[a:b]).tolist() for a, b in pairwise(right)]
    sorted_right = [csr.indices[a:b].tolist() for a, b in pairwise(right)]
    same = np.array_equal(columns, csr.indices)
    require(same or by_row != sorted_right, "within each row the columns must ascend here")
    slips = {
        "an index says which column; those are places in the whole matrix, row after row": np.flatnonzero(dense),
        "an index says which column, not which row": np.nonzero(dense)[0],
        "columns count from 0": csr.indices + 1,
        "list.index and np.where(row == value) find the first of equal values; count along, with enumerate": (
            _first_of_equals(dense)
        ),
    }
    otherwise = _why_columns(columns, csr.indices)
    require(same, likely_slip(lambda wrong: np.array_equal(columns, wrong), slips, otherwise))
    require(as_near(data, csr.data), _why_values(data, csr.data))


def _first_of_equals(dense):
    return np.array([np.argmax(row == value) for row in dense for value in row[row != 0]], int)


def _why_columns(columns, right):
    if max(columns.size, right.size) <= SHOWN:
        return f"indices must be {right.tolist()}; got {columns.tolist()}"
    if columns.size != right.size:
        return f"{right.size} weights stay, and each has an index; got {columns.size}"
    place = int(np.argmax(columns != right))
    return f"indices[{place}] must be {right[place]}; got {columns[place]}"


def _why_values(data, right):
    if close(np.abs(data), np.abs(right)):
        return "a value keeps its sign"
    if close(np.sort(data), np.sort(right)):
        return "values and columns must be in the same order"
    return "a value is stored as it is in the matrix"


def _compare_pointers(indptr, csr, csc, dense):
    rows, right = dense.shape[0], csr.indptr
    first_missing = np.array_equal(indptr, right[1:]) and right[1:].any()  # of zeros nobody can tell which is missing
    require(not first_missing, "indptr begins with 0, where row 0 starts: put it first")
    coo = indptr.size != rows + 1 and np.array_equal(indptr, np.nonzero(dense)[0])
    require(not coo, "those are the rows of the weights, as in COO; indptr says, once for each row, where it starts")
    counts = np.diff(right)
    require(
        not counts.any()
        or not (np.array_equal(indptr[1:], counts) or np.array_equal(indptr, counts))
        or np.array_equal(indptr, right),
        f"indptr adds up: row i starts at indptr[i]. The counts {counts.tolist()} are its differences",
    )
    require(
        indptr.size != rows,
        f"indptr has one entry more than there are rows, {rows + 1}: the last one says where the last row ends",
    )
    by_columns = np.array_equal(indptr, csc.indptr) and indptr.size != rows + 1
    require(not by_columns, "that runs down the columns, which is CSC: CSR goes row by row")


def gaps_with_fillers(answer):
    """`my_gaps(row, bits)` returns (gaps, values): the zeros skipped before each value, with fillers."""
    row = np.zeros(16)
    row[[1, 4, 15]] = [3.4, 0.9, 1.7]
    rng = np.random.default_rng(4)
    cases = [(row, 3), (row, 4), (np.eye(1, 40, 39)[0], 3), (np.eye(1, 40, 32)[0], 3), (np.ones(5), 2)]
    cases += [(np.zeros(9), 2), (rng.standard_normal(40) * (rng.random(40) < 0.3), 1)]
    cases.append((rng.standard_normal(300) * (rng.random(300) < 0.1), 2))
    cases.append((np.array([0, 1e-30, 0, -2, 0.004]), 2))
    cases.append((np.eye(1, 300, 250)[0], 8))  # a gap that eight bits hold without a sign only
    for dense, bits in cases:
        gaps, values = several(answer(dense, bits), "gaps", "values")
        weights = dense[dense != 0]
        first, second = (close(part[part != 0], weights) for part in (array(gaps, "gaps"), array(values, "values")))
        require(not (weights.size and first and not second), "return the gaps first, then the values")
        _compare_gaps(indices(gaps, "gaps").tolist(), array(values, "values").tolist(), dense, bits)


def _compare_gaps(gaps, values, dense, bits):
    relative = sparse.RelativeIndex.from_dense(dense[None], bits)
    right, kept, largest = relative.gaps.tolist(), np.flatnonzero(dense), 2**bits - 1
    require(len(gaps) == len(values), f"every value has a gap before it; got {len(gaps)} gaps, {len(values)} values")
    by_difference = (np.diff(kept, prepend=-1).tolist(), [gap + 1 for gap in right])
    require(gaps == right or gaps not in by_difference, "count the zeros skipped: neighbours have a gap of 0, not 1")
    places = gaps == kept.tolist() and gaps != right
    require(not places, "a gap begins after the previous weight; those are places, counted from the row's start")
    require(not gaps or min(gaps) >= 0, f"a gap counts zeros, so it is at least 0; got {min(gaps, default=0)}")
    fits = max(gaps, default=0) <= largest
    require(fits, f"{bits} bits hold 0 to {largest}; got a gap of {max(gaps, default=0)}: add a filler")
    filled = 0 in values or len(right) == len(kept) or np.count_nonzero(values) < len(kept)
    require(filled, "a gap that does not fit needs a filler: a stored value of 0")
    require(len(gaps) <= len(right) or values[-1] != 0, "nothing is stored after the last weight: no filler at the end")
    if gaps != right:
        _compare_fillers(gaps, values, right, len(kept), largest)
    require(as_near(values, relative.data), _why_values(values, relative.data))


def _compare_fillers(gaps, values, right, kept, largest):
    early = [gap for gap, value in zip(gaps, values, strict=True) if value == 0 and gap != largest]
    require(not early, f"a filler comes as late as it can, after {largest} zeros; got one after {early[:1]}")
    stored = np.count_nonzero(values)
    require(stored == kept, f"{kept} weights are not 0, small ones and those below 0 counted; got {stored}")
    require(len(gaps) == len(right), f"{len(right)} values are stored, fillers included; got {len(gaps)}")
    filler = "a filler itself takes a place: " if _filler_takes_no_place(gaps, right, values) else ""
    require(False, f"{filler}the gaps are {right}; got {gaps}")


def _filler_takes_no_place(gaps, right, values):
    after = [False, *(value == 0 for value in values[:-1])]
    off = [got - wanted for got, wanted in zip(gaps, right, strict=True)]
    return all(by == 0 or (by == 1 and filled) for by, filled in zip(off, after, strict=False))


def break_even(answer):
    """`my_break_even(value_bits, index_bits)` is the density at which values and indices take as much as dense."""
    for value_bits, index_bits in [(32, 12), (32, 16), (32, 32), (16, 16), (8, 16), (32, 4), (5, 4), (1, 40)]:
        right, got = value_bits / (value_bits + index_bits), number(answer(value_bits, index_bits))
        if as_near(got, right):
            continue
        slips = {
            "0 comes from a division of whole numbers; / keeps the fraction, // does not": 0.0,
            "that is the sparsity at which it breaks even; the density is what is kept": 1 - right,
            f"the dense matrix holds the same values, of {value_bits} bits, not of 32": 32 / (value_bits + index_bits),
            "each weight that stays costs its value *and* its index": value_bits / index_bits,
            "a density is a fraction, at most 1, not a percentage": 100 * right,
            "here each value has one index; COO has two": value_bits / (value_bits + 2 * index_bits),
            "one half is right only if an index is as large as a value": 0.5,
            "do not round: give the fraction itself": nearest_rounding(got, right),
        }
        otherwise = (
            f"a density is at most 1; got {got:g}"
            if got > 1
            else (f"at density d a kept weight costs both, dense costs the value; got {got:g}")
        )
        reason = likely_slip(lambda wrong, got=got: as_near(got, wrong), slips, otherwise)
        require(False, f"values of {value_bits} bits, indices of {index_bits}: {reason}")
