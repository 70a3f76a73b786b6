"""Lesson 03: CSR by hand, gaps with fillers, the density at which an index stops paying."""

import numpy as np

from pruning_lab import sparse


def csr_arrays(answer):
    """`my_csr(array)` returns data, indices, indptr of a matrix, row by row."""
    rng = np.random.default_rng(3)
    dense = rng.standard_normal((5, 7)) * (rng.random((5, 7)) < 0.4)
    dense[2], dense[4] = 0, 0  # an empty row in the middle, and one at the end
    got = answer(dense.copy())
    for array in (dense, np.array([[0.0, 3.0], [4.0, 0.0]]), np.zeros((3, 2)), np.array([[0.0, np.nan, 1.0]])):
        got = answer(array.copy())
        assert (type(got), len(got)) == (tuple, 3), "return three arrays: data, indices, indptr"
        _compare_csr(*map(np.asarray, got), array)


def _compare_csr(data, indices, indptr, array):
    csr, csc = sparse.CSR.from_dense(array), sparse.CSC.from_dense(array)
    rows = array.shape[0]
    assert indptr.size != rows, (
        f"indptr has one entry more than there are rows, {rows + 1}: the last says where it ends"
    )
    assert data.size != array.size or data.size == csr.data.size, "only the weights that stay are stored; zeros are not"
    by_columns = np.array_equal(indptr, csc.indptr) and indptr.size != rows + 1
    assert not by_columns, "that runs down the columns, which is CSC: CSR goes row by row"
    only_above = (array < 0).any() and np.array_equal(data, array[array > 0])
    assert not only_above, "weights below zero stay, too: what is left out is equal to 0"
    assert indptr.size == rows + 1, f"indptr must have rows + 1 = {rows + 1} entries; got {indptr.size}"
    counts = np.diff(csr.indptr)
    assert not np.array_equal(indptr[1:], counts) or np.array_equal(indptr, csr.indptr), (
        f"indptr adds up: row i starts at indptr[i]. The counts {counts.tolist()} are what lies between its entries"
    )
    assert np.array_equal(indptr, csr.indptr), f"indptr must be {csr.indptr.tolist()}; got {indptr.tolist()}"
    assert data.size == csr.data.size, f"{csr.data.size} weights stay; data holds {data.size}. NaN is not zero"
    flat = np.flatnonzero(array)
    assert not np.array_equal(indices, flat) or np.array_equal(indices, csr.indices), (
        "an index says which column; those are places in the whole matrix, row after row"
    )
    assert np.array_equal(indices, csr.indices), f"indices must be {csr.indices.tolist()}; got {indices.tolist()}"
    assert np.array_equal(data, csr.data, equal_nan=True), "values and columns must stand in the same order"


def gaps_with_fillers(answer):
    """`my_gaps(row, bits)` returns (gaps, values): the zeros skipped before each value, with fillers."""
    row = np.zeros(16)
    row[[1, 4, 15]] = [3.4, 0.9, 1.7]
    rng = np.random.default_rng(4)
    cases = [(row, 3), (row, 4), (np.eye(1, 40, 39)[0], 3), (np.ones(5), 2), (np.zeros(9), 2)]
    cases.append((rng.standard_normal(300) * (rng.random(300) < 0.1), 2))
    for array, bits in cases:
        got = answer(array.copy(), bits)
        assert (type(got), len(got)) == (tuple, 2), "return two lists: gaps, values"
        _compare_gaps([int(gap) for gap in got[0]], [float(value) for value in got[1]], array, bits)


def _compare_gaps(gaps, values, array, bits):
    relative = sparse.RelativeIndex.from_dense(array[None], bits)
    right, kept = relative.gaps.tolist(), np.flatnonzero(array)
    assert len(gaps) == len(values), f"every value has a gap before it; got {len(gaps)} gaps and {len(values)} values"
    differences = np.diff(kept, prepend=-1).tolist()
    assert gaps != differences or gaps == right, "count the zeros skipped: neighbours have a gap of 0, not 1"
    assert not gaps or max(gaps) < 2**bits, (
        f"{bits} bits hold 0 to {2**bits - 1}; got a gap of {max(gaps)}: add a filler"
    )
    assert 0 in values or len(right) == len(kept), "a gap that does not fit needs a filler: a stored value of 0"
    assert len(gaps) <= len(right) or values[-1] != 0, "nothing is stored after the last weight: no filler at the end"
    assert len(gaps) == len(right), f"{len(right)} values are stored, fillers included; got {len(gaps)}"
    assert gaps == right, f"a filler takes a place itself: the gaps are {right}; got {gaps}"
    assert np.array_equal(values, relative.data), "the values must stand in their order, fillers as 0"


def break_even(answer):
    """`my_break_even(value_bits, index_bits)` is the density at which values and indices take as much as dense."""
    for value_bits, index_bits in [(32, 32), (32, 16), (16, 16), (8, 16), (32, 4), (5, 4)]:
        right, got = value_bits / (value_bits + index_bits), answer(value_bits, index_bits)
        where = f"values of {value_bits} bits, indices of {index_bits}"
        assert isinstance(got, float | int | np.floating), f"return one number; got {type(got).__name__}"
        assert got != 0, f"{where}: 0 comes from a division of whole numbers; / keeps the fraction, // does not"
        assert not np.isclose(got, 1 - right) or np.isclose(got, right), (
            f"{where}: that is the sparsity at which it breaks even; the density is what is kept"
        )
        assert not np.isclose(got, value_bits / index_bits) or np.isclose(got, right), (
            f"{where}: each weight that stays costs its value *and* its index"
        )
        assert got <= 1, f"{where}: a density is at most 1; got {got:g}"
        assert np.isclose(got, right), (
            f"{where}: at density d a kept weight costs both, dense costs the value; got {got:g}"
        )
