"""Formats: hand tables, properties over random matrices, and SciPy as the oracle."""

import contextlib
import inspect
import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pytest
import scipy.sparse
import torch
from bad_input import bad_input_test
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from layouts import LAYOUTS

from pruning_lab import sparse
from pruning_lab.sparse import COO, CSC, CSR, Bitmask, BlockCSR, NOfM, RelativeIndex, TiledCSR, break_even_density

HAND = np.array([[0, 5, 0, 0], [0, 0, 0, 0], [7, 0, 8, 0], [0, 0, 9, 0]], np.float32)
ANY = (COO, CSR, CSC, TiledCSR, Bitmask, RelativeIndex)  # take any matrix; BlockCSR and NOfM want a shape or a pattern

values = st.sampled_from([0.0, 0.0, 0.0, -0.0, 1.0, -2.5, 1e-45, np.inf, np.nan])
dtypes = st.sampled_from([np.float32, np.float64])


def matrices(max_side=9, multiple=(1, 1)):
    sides = st.tuples(st.integers(0, max_side), st.integers(0, max_side))
    shapes = sides.map(lambda side: (side[0] * multiple[0], side[1] * multiple[1]))
    return dtypes.flatmap(lambda dtype: shapes.flatmap(lambda shape: hnp.arrays(dtype, shape, elements=values)))


def random_sparse(shape, density, seed=0, dtype=np.float32):
    rng = np.random.default_rng(seed)
    return rng.standard_normal(shape, dtype=dtype) * (rng.random(shape) < density)


def check_round_trip(stored, array):
    dense = stored.to_dense()
    assert dense.dtype == array.dtype
    np.testing.assert_array_equal(dense, array)  # NaN equals NaN, and -0.0 equals 0.0
    assert stored.shape == array.shape
    assert stored.nnz == np.count_nonzero(array)


# --- by hand -------------------------------------------------------------------------------------------------------


def test_coo_by_hand():
    coo = COO.from_dense(HAND)
    assert (coo.data.tolist(), coo.row.tolist(), coo.col.tolist()) == ([5, 7, 8, 9], [0, 2, 2, 3], [1, 0, 2, 2])
    assert (coo.row.dtype, coo.col.dtype, coo.nbytes) == (np.uint16, np.uint16, 4 * (4 + 2 + 2))


def test_csr_by_hand():
    csr = CSR.from_dense(HAND)
    assert (csr.data.tolist(), csr.indices.tolist(), csr.indptr.tolist()) == (
        [5, 7, 8, 9],
        [1, 0, 2, 2],
        [0, 1, 1, 3, 4],
    )
    assert (csr.indices.dtype, csr.indptr.dtype, csr.nbytes) == (np.uint16, np.int32, 4 * (4 + 2) + 5 * 4)
    assert CSR.from_dense(HAND, index_dtype=np.int32).nbytes == 4 * (4 + 4) + 5 * 4


def test_csc_by_hand():
    csc = CSC.from_dense(HAND)
    assert (csc.data.tolist(), csc.indices.tolist(), csc.indptr.tolist()) == (
        [7, 5, 8, 9],
        [2, 0, 2, 3],
        [0, 1, 2, 4, 4],
    )


def test_tiled_csr_by_hand():
    tiled = TiledCSR.from_dense(HAND, tile=2)  # columns 0 and 1, then 2 and 3; every row of a tile in fours
    assert tiled.data.reshape(-1, 4).tolist() == [[5, 0, 0, 0], [7, 0, 0, 0], [8, 0, 0, 0], [9, 0, 0, 0]]
    assert tiled.indices.reshape(-1, 4).tolist() == [[1, 3, 4, 5], [0, 3, 4, 5], [0, 3, 4, 5], [0, 3, 4, 5]]
    assert tiled.indptr.tolist() == [0, 4, 4, 8, 8, 8, 8, 12, 16]
    assert (tiled.tiles, tiled.nnz, tiled.stored, tiled.nbytes) == (2, 4, 16, 16 * (4 + 2) + 9 * 4)


def test_a_row_of_four_takes_no_filler_and_a_row_of_five_takes_three():
    for weights, stored in ((0, 0), (1, 4), (4, 4), (5, 8), (8, 8)):
        array = np.zeros((1, 9), np.float32)
        array[0, :weights] = 1
        assert TiledCSR.from_dense(array).stored == stored


def test_more_than_an_eighth_kept_halves_the_tile():
    array = np.zeros((1, 16), np.float32)
    array[0, :2] = 1
    assert TiledCSR.from_dense(array).tile == 4096
    array[0, 2] = 1
    assert TiledCSR.from_dense(array).tile == 2048
    for density, tile in ((0.125, 4096), (0.126, 2048)):
        assert TiledCSR.bytes_at((64, 5000), density) == TiledCSR.bytes_at((64, 5000), density, tile=tile)


def test_block_csr_by_hand():
    blocks = BlockCSR.from_dense(HAND, block=(2, 2))
    assert blocks.data.tolist() == [[[0, 5], [0, 0]], [[7, 0], [0, 0]], [[8, 0], [9, 0]]]
    assert (blocks.indices.tolist(), blocks.indptr.tolist()) == ([0, 0, 1], [0, 1, 3])
    assert (blocks.nnz, blocks.stored, blocks.nbytes) == (4, 12, 3 * (4 * 4 + 2) + 3 * 4)
    assert BlockCSR.from_dense(HAND).block == (4, 1)


def test_bitmask_by_hand():
    bitmask = Bitmask.from_dense(HAND)
    assert [f"{byte:08b}" for byte in bitmask.bits] == ["01000000", "10100010"]
    assert (bitmask.data.tolist(), bitmask.nbytes) == ([5, 7, 8, 9], 4 * 4 + 2)


def test_n_of_m_by_hand():
    two_of_four = NOfM.from_dense(HAND)  # the zeros that fill a group are its first ones
    assert two_of_four.data.tolist() == [[0, 5], [0, 0], [7, 8], [0, 9]]
    assert two_of_four.positions.tolist() == [[0, 1], [0, 1], [0, 2], [0, 2]]
    assert (two_of_four.nnz, two_of_four.stored, two_of_four.nbytes) == (4, 8, 8 * 4 + 2)


@pytest.mark.parametrize(("m", "bits"), [(1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (8, 3), (16, 4), (256, 8)])
def test_a_position_takes_ceil_log2_m_bits(m, bits):
    one_of_m = NOfM.from_dense(np.zeros((8, m), np.float32), n=1, m=m)
    assert one_of_m.nbytes == 8 * 4 + bits


def test_relative_index_of_figure_2():
    # Deep Compression (arXiv 1510.00149), figure 2: places 1, 4, 15 under 3 bits; the filler stands at place 12.
    array = np.zeros((2, 8))
    array.flat[[1, 4, 15]] = 3.4, 0.9, 1.7
    relative = RelativeIndex.from_dense(array, index_bits=3)
    assert relative.data.tolist() == [3.4, 0.9, 0.0, 1.7]
    assert relative.gaps.tolist() == [1, 2, 7, 2]  # the paper's differences 1, 3, 8, 3: the first counts from place 0
    assert np.cumsum(relative.gaps + 1).tolist() == [2, 5, 13, 16]
    assert (relative.nnz, relative.stored, relative.nbytes) == (3, 4, 4 * 8 + 2)


@pytest.mark.parametrize(
    ("place", "gaps", "data"),
    [(0, [0], [1]), (3, [3], [1]), (4, [3, 0], [0, 1]), (7, [3, 3], [0, 1]), (8, [3, 3, 0], [0, 0, 1])],
)
def test_a_gap_of_two_bits_spans_four_places(place, gaps, data):
    array = np.zeros((1, 20), np.float32)  # nothing is stored for the zeros after the last weight
    array[0, place] = 1
    relative = RelativeIndex.from_dense(array, index_bits=2)
    assert (relative.gaps.tolist(), relative.data.tolist()) == (gaps, data)


def test_gaps_take_two_bytes_in_memory_from_nine_bits_on():
    array = np.zeros((1, 600), np.float32)
    array[0, 599] = 1
    relative = RelativeIndex.from_dense(array, index_bits=9)
    assert (relative.gaps.dtype, relative.gaps.tolist(), relative.nbytes) == (np.uint16, [511, 87], 2 * 4 + 3)


@pytest.mark.parametrize("form", ANY)
def test_nan_is_stored_and_minus_zero_is_not(form):
    stored = form.from_dense(np.array([[np.nan, -0.0, 0.0, 1.0]], np.float32))
    fillers = [0] * (stored.stored - 2)  # those of a TiledCSR
    assert np.array_equal(stored.data, [np.nan, 1, *fillers], equal_nan=True)
    assert stored.nnz == 2


@pytest.mark.parametrize(("columns", "dtype"), [(65_536, np.uint16), (65_537, np.int32)])
def test_columns_are_uint16_where_they_fit(columns, dtype):
    array = np.zeros((1, columns), np.float32)
    array[0, -1] = 1
    for index in (CSR.from_dense(array).indices, COO.from_dense(array).col, CSC.from_dense(array.T).indices):
        assert (index.dtype, index.tolist()) == (dtype, [columns - 1])


def test_formats_are_equal_only_with_equal_arrays_and_dtypes():
    csr = CSR.from_dense(HAND)
    assert csr == CSR.from_dense(HAND.copy())
    assert csr != CSR.from_dense(HAND.astype(np.float64))
    assert csr != CSR.from_dense(HAND, index_dtype=np.int32)
    assert csr != CSR.from_dense(2 * HAND)
    assert csr != CSC.from_dense(HAND)
    assert NOfM.from_dense(np.eye(4, dtype=np.float32), 1, 4) != NOfM.from_dense(np.eye(4, dtype=np.float32), 1, 2)


def test_the_callers_arrays_are_kept_as_they_are():
    data = np.array([5.0], np.float32)
    csr = CSR(data, np.array([1], np.int64), np.array([0, 1], np.int64), (1, 2))
    assert csr.data is data
    data[0] = 6
    assert csr.to_dense().tolist() == [[0, 6]]


# --- properties ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ANY)
@settings(max_examples=25, deadline=None)
@given(array=matrices())
def test_to_dense_undoes_from_dense(form, array):
    check_round_trip(form.from_dense(array), array)
    check_round_trip(form.from_dense(array.T), array.T)  # not contiguous
    check_round_trip(form.from_dense(array[::2, ::-1]), array[::2, ::-1])


@settings(max_examples=25, deadline=None)
@given(array=matrices(max_side=4, multiple=(4, 6)), block=st.sampled_from([(4, 1), (1, 1), (2, 3), (1, 6), (4, 2)]))
def test_block_csr_round_trip(array, block):
    blocks = BlockCSR.from_dense(array, block)
    check_round_trip(blocks, array)
    assert (blocks.data != 0).any(axis=(1, 2)).all()


@settings(max_examples=25, deadline=None)
@given(array=matrices(max_side=4, multiple=(1, 8)), pattern=st.sampled_from([(1, 2), (2, 4), (4, 8), (3, 8), (8, 8)]))
def test_n_of_m_round_trip(array, pattern):
    n, m = pattern
    groups = array.reshape(-1, m)
    groups[np.cumsum(groups != 0, axis=1) > n] = 0
    stored = NOfM.from_dense(array, n, m)
    check_round_trip(stored, array)
    assert stored.nbytes == NOfM.bytes_at(array.shape, 0.5, array.itemsize, n, m)


@settings(max_examples=50, deadline=None)
@given(array=matrices(), index_bits=st.integers(1, 16))
def test_relative_index_round_trip(array, index_bits):
    relative = RelativeIndex.from_dense(array, index_bits)
    check_round_trip(relative, array)
    fillers = relative.data == 0
    assert (relative.gaps[fillers] == 2**index_bits - 1).all()
    assert not fillers[-1:].any()
    assert relative.nbytes == relative.stored * array.itemsize + np.ceil(relative.stored * index_bits / 8)


# --- against SciPy -------------------------------------------------------------------------------------------------

ORACLES = {
    COO: scipy.sparse.coo_array,
    CSR: scipy.sparse.csr_array,
    CSC: scipy.sparse.csc_array,
    BlockCSR: lambda array: scipy.sparse.bsr_array(array, blocksize=(4, 1)).sorted_indices(),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("density", [0.0, 0.09, 0.5, 1.0])
@pytest.mark.parametrize("form", ORACLES)
def test_scipy_agrees(form, density, dtype):
    array = random_sparse((64, 48), density, dtype=dtype)
    stored = form.from_dense(array)
    ours, theirs = stored.to_scipy(), ORACLES[form](array)
    assert type(ours) is type(theirs)
    np.testing.assert_array_equal(ours.toarray(), array)
    for name in ("data", "row", "col") if form is COO else ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))
        np.testing.assert_array_equal(getattr(stored, name), getattr(theirs, name))
    x = np.random.default_rng(1).standard_normal((48, 3), dtype=dtype)
    np.testing.assert_allclose(ours @ x, array @ x, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("form", ORACLES)
def test_what_scipy_does_to_its_copy_is_not_done_to_the_format(form):
    array = random_sparse((64, 48), 0.3)
    stored = form.from_dense(array)
    theirs = stored.to_scipy()
    theirs.data[::2] = 0
    theirs.eliminate_zeros()
    theirs *= 2
    np.testing.assert_array_equal(stored.to_dense(), array)


# --- bytes ---------------------------------------------------------------------------------------------------------

SIZES = [(form, {}) for form in ANY] + [
    (CSR, {"index_dtype": np.int32}),
    (CSC, {"index_dtype": np.int64}),
    *[(TiledCSR, {"tile": tile}) for tile in (10, 300, 784)],
    *[(RelativeIndex, {"index_bits": bits}) for bits in (3, 4, 8)],
]


@pytest.mark.parametrize("density", [0.04, 0.3, 0.8])
@pytest.mark.parametrize(("form", "options"), SIZES)
def test_bytes_at_is_the_mean_size_of_random_matrices(form, options, density):
    array = random_sparse((400, 784), density)
    actual = form.from_dense(array, **options).nbytes
    # The number kept varies by sqrt(d (1 - d) n), at most 1 % here; bytes follow it.
    assert form.bytes_at(array.shape, density, **options) == pytest.approx(actual, rel=0.02)
    exact = np.count_nonzero(array) / array.size
    assert form.bytes_at(array.shape, exact, **options) == pytest.approx(actual, rel=0.01)


def test_bytes_at_of_blocks_counts_blocks():
    rng = np.random.default_rng(0)
    keep = rng.random((100, 300)) < 0.3
    array = np.kron(keep, np.ones((4, 1))).astype(np.float32)
    assert BlockCSR.bytes_at(array.shape, keep.mean()) == pytest.approx(BlockCSR.from_dense(array).nbytes)
    scattered = random_sparse((400, 300), 0.3)
    actual = BlockCSR.from_dense(scattered).nbytes
    assert BlockCSR.bytes_at(scattered.shape, 1 - 0.7**4) == pytest.approx(actual, rel=0.01)


@pytest.mark.parametrize("density", [0.09, 0.25])
@pytest.mark.parametrize("index_bits", [2, 4, 5])
def test_filler_factor_is_what_random_zeros_need(density, index_bits):
    relative = RelativeIndex.from_dense(random_sparse((1000, 1000), density), index_bits)
    assert relative.stored / relative.nnz == pytest.approx(sparse.filler_factor(density, index_bits), rel=0.01)


@pytest.mark.parametrize(
    ("form", "options", "value_bytes", "density"),
    [
        (CSR, {"index_dtype": np.int32}, 4, 1 / 2),  # index as large as the value
        (CSR, {}, 4, 2 / 3),
        (CSR, {"index_dtype": np.int32}, 1, 1 / 5),  # small values: the index is what costs
        (COO, {}, 4, 1 / 2),
        (Bitmask, {}, 4, 31 / 32),
        (BlockCSR, {}, 4, 16 / 18),
        (RelativeIndex, {"index_bits": 16}, 4, 2 / 3),
    ],
)
def test_break_even_densities_by_hand(form, options, value_bytes, density):
    found = break_even_density(form, (4096, 4096), value_bytes, **options)
    assert found == pytest.approx(density, abs=2e-3)
    below, above = (form.bytes_at((4096, 4096), found * scale, value_bytes, **options) for scale in (0.999, 1.001))
    assert below < 4096 * 4096 * value_bytes < above


def test_int32_csr_at_thirty_percent_sparsity_costs_more_than_dense():
    array = random_sparse((256, 256), density=0.7)
    assert CSR.from_dense(array, index_dtype=np.int32).nbytes > array.nbytes > Bitmask.from_dense(array).nbytes


def test_break_even_at_the_ends():
    assert break_even_density(CSR, (100, 1)) == 0  # the row pointers alone outweigh one column of values
    assert break_even_density(CSR, (1, 10_000), value_bytes=10_000) == pytest.approx(1, abs=1e-3)

    class Free:
        @staticmethod
        def bytes_at(shape, density, value_bytes):
            return 0

    assert break_even_density(Free, (10, 10)) == 1


# --- the list of formats ------------------------------------------------------------------------------------------

PAIRED = np.kron(np.eye(4), [[0, 1.0], [0, 0]])  # (8, 8), at most two weights in a group of four: it suits every format


@dataclass(frozen=True, eq=False)
class Whole(sparse.Format):
    """A format that stores everything: the least that a new one has to say."""

    data: np.ndarray
    shape: tuple[int, int]

    @classmethod
    def from_dense(cls, array):
        return cls(array.ravel(), array.shape)

    def to_dense(self):
        return self.data.reshape(self.shape)

    @staticmethod
    def bytes_at(shape, density, value_bytes=4):
        return shape[0] * shape[1] * value_bytes


@pytest.mark.parametrize("form", [*sparse.FORMATS.values(), Whole])
def test_every_format_answers_the_same_calls(form):
    stored = form.from_dense(PAIRED)
    check_round_trip(stored, PAIRED)
    assert stored.nnz <= stored.stored == stored.data.size
    assert stored == form.from_dense(stored.to_dense())
    assert 0 < form.bytes_at(PAIRED.shape, density=0.25) < form.bytes_at(PAIRED.shape, density=0.25, value_bytes=8)
    if form is not Whole:
        with pytest.raises(ValueError, match=r"density must be in .* got 90"):
            form.bytes_at(PAIRED.shape, density=90)


def test_formats_are_found_by_their_names_in_the_package():
    assert all(getattr(sparse, name) is form for name, form in sparse.FORMATS.items())
    assert set(sparse.FORMATS) < set(sparse.__all__)


def test_a_new_format_in_the_list_can_be_saved_and_loaded(tmp_path, monkeypatch):
    whole = Whole.from_dense(HAND)
    with pytest.raises(TypeError, match="formats must be a format or a dict of formats by name"):
        sparse.save(tmp_path / "layer", whole)
    monkeypatch.setitem(sparse.FORMATS, "Whole", Whole)
    sparse.save(tmp_path / "layer", whole)
    assert sparse.load(tmp_path / "layer") == whole
    assert break_even_density(Whole, (4, 4)) == 0


def test_a_format_that_leaves_a_call_out_cannot_be_made():
    class Silent(sparse.Format):
        pass

    with pytest.raises(TypeError, match="abstract"):
        Silent()


# --- the same answer, whatever the numbers, the arrays and the processor ------------------------------------------

WIDE_SHAPE = (50_000, 50_000)  # more weights than an int32 can count


@pytest.mark.parametrize("integer", [np.int8, np.uint8, np.int32, np.uint16, np.int64])
@pytest.mark.parametrize("form", sparse.FORMATS.values())
def test_bytes_of_numpys_integers_are_bytes_of_pythons(form, integer):
    for shape in (WIDE_SHAPE, (120, 120)):
        if shape[0] <= np.iinfo(integer).max:
            same = tuple(integer(size) for size in shape)
            for density in (np.float16(0.25), np.float32(0.25), 0.25):
                assert form.bytes_at(same, density, integer(4)) == form.bytes_at(shape, 0.25, 4)
            if form is not NOfM:
                assert break_even_density(form, same, integer(4)) == break_even_density(form, shape, 4)


@pytest.mark.parametrize("form", sparse.FORMATS.values())
def test_a_format_keeps_its_numbers_as_pythons(form):
    made = form.from_dense(PAIRED)
    options = {name: value for name, value in made._fields().items() if not isinstance(value, np.ndarray)}
    narrow = {name: _narrow(value) for name, value in options.items()}
    assert narrow.keys() == options.keys()
    again = form(**{**made._fields(), **narrow})
    assert again == made
    numbers = [number for value in again._fields().values() if isinstance(value, tuple) for number in value]
    assert {type(number) for number in numbers} == {int}
    np.testing.assert_array_equal(again.to_dense(), PAIRED)


def _narrow(value):
    return tuple(map(np.int8, value)) if isinstance(value, tuple) else np.uint16(value)


def test_eight_bits_of_a_gap_are_eight_bits_in_any_integer():
    array = np.zeros((1, 600), np.float32)
    array[0, 599] = 1
    assert RelativeIndex.from_dense(array, np.uint8(8)) == RelativeIndex.from_dense(array, 8)
    assert sparse.filler_factor(0.01, np.uint8(8)) == sparse.filler_factor(0.01, 8)
    assert NOfM.from_dense(PAIRED, np.uint8(2), np.int8(4)) == NOfM.from_dense(PAIRED, 2, 4)
    assert BlockCSR.from_dense(PAIRED, (np.int8(4), np.int8(1))) == BlockCSR.from_dense(PAIRED)


@pytest.mark.parametrize("form", sparse.FORMATS.values())
def test_one_call_of_bytes_at_serves_all_formats(form):
    names = list(inspect.signature(form.bytes_at).parameters)[:3]
    assert names == ["shape", "density", "value_bytes"]
    by_place, by_name = form.bytes_at((8, 8), 0.25, 8), form.bytes_at(shape=(8, 8), density=0.25, value_bytes=8)
    assert by_place == by_name > form.bytes_at((8, 8), 0.25)
    assert form.bytes_at((8, 8), 0) <= form.bytes_at((8, 8), 0.25)
    assert form.bytes_at((0, 8), 0.25) == form.from_dense(np.zeros((0, 8), np.float32)).nbytes
    for wrong in (float("nan"), -0.1, 1.5):
        with pytest.raises(ValueError, match="density must be in"):
            form.bytes_at((8, 8), wrong)
        with pytest.raises(ValueError, match="value_bytes must be finite" if wrong != 1.5 else "shape must be a tuple"):
            form.bytes_at((8, 8) if wrong != 1.5 else (8.0, 8), 0.25, wrong)
    for wrong in ("0.1", True, None if form is not NOfM else "", 1j, np.ones(2)):
        with pytest.raises(TypeError, match="density must be a number"):
            form.bytes_at((8, 8), wrong)
    with pytest.raises(ValueError, match="shape must be two integers below"):
        form.bytes_at((2**70, 8), 0.25)


def test_a_value_has_a_size_where_a_dense_matrix_is_compared():
    with pytest.raises(ValueError, match="value_bytes must be over 0"):
        break_even_density(CSR, (4, 4), 0)


def test_the_smallest_densities_have_a_filler_factor():
    """Each weight needs all the fillers before it: 1 / density places, 2**k at a time."""
    for density in (1e-9, 1e-15, 1e-20, 1e-300):
        assert sparse.filler_factor(density, 4) * density * 16 == pytest.approx(1, rel=1e-6)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("form", sparse.FORMATS.values())
def test_every_layout_of_an_array_is_stored_alike(form, dtype, layout):
    for array in (PAIRED.astype(dtype), np.zeros((0, 8), dtype), np.zeros((8, 0), dtype)):
        made = form.from_dense(layout(array))
        assert made == form.from_dense(array)
        fields = made._fields()
        again = form(**{name: layout(v) if isinstance(v, np.ndarray) else v for name, v in fields.items()})
        assert again == made
        np.testing.assert_array_equal(again.to_dense(), array)
        if hasattr(form, "to_scipy") and array.size:
            np.testing.assert_array_equal(again.to_scipy().toarray(), array)


@pytest.mark.parametrize("form", sparse.FORMATS.values())
def test_what_is_made_shares_no_memory_with_the_array(form):
    array = PAIRED.copy()
    made = form.from_dense(array)
    array[:] = 7
    np.testing.assert_array_equal(made.to_dense(), PAIRED)
    made.to_dense()[:] = 7
    np.testing.assert_array_equal(made.to_dense(), PAIRED)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("form", sparse.FORMATS.values())
def test_the_smallest_weights_stay_when_the_processor_flushes_them(form, dtype):
    array = np.zeros((4, 8), dtype)
    array[1, 4], array[2, 2], array[3, 0] = np.finfo(dtype).smallest_subnormal, -np.finfo(dtype).tiny / 2, 1
    expected = array.tobytes()
    try:
        flushes = torch.set_flush_denormal(True)
        made = form.from_dense(array)
        counted, differs = made.nnz, made != form.from_dense(2 * (array == 1).astype(dtype))
        equal = made == form.from_dense(array)
    finally:
        torch.set_flush_denormal(False)
    assert flushes
    assert (counted, differs, equal) == (3, True, True)
    assert made.to_dense().tobytes() == expected
    assert form.bytes_at((4, 8), 0) >= 0


def test_formats_that_differ_in_the_smallest_weights_differ():
    one, other = (CSR.from_dense(np.array([[tiny]], np.float32)) for tiny in (1e-45, 1e-40))
    try:
        torch.set_flush_denormal(True)
        assert (one == one, one == other) == (True, False)
    finally:
        torch.set_flush_denormal(False)


def test_coordinates_beyond_int64_are_in_order():
    shape = (2**62, 2**62)
    made = COO(np.ones(2, np.float32), np.array([2**40, 2**41]), np.array([5, 2**50]), shape)
    assert made.shape == shape
    with pytest.raises(ValueError, match="row and col must ascend"):
        COO(np.ones(2, np.float32), np.array([2**41, 2**40]), np.array([5, 2**50]), shape)


# --- files ---------------------------------------------------------------------------------------------------------


REFUSED = r"path must name a whole file written by sparse\.save; got "


def one_of_each():
    array = random_sparse((8, 12), 0.3)
    array[0, 0] = np.nan
    paired = np.kron(np.eye(4), [[0, 1.0]])
    stored = {form.__name__: form.from_dense(array) for form in (*ANY, BlockCSR)}
    stored |= {"NOfM": NOfM.from_dense(paired), "a/b ü.weight": RelativeIndex.from_dense(paired, index_bits=9)}
    assert {type(matrix) for matrix in stored.values()} == set(sparse.FORMATS.values())
    return stored


def test_load_undoes_save(tmp_path):
    stored = one_of_each()
    sparse.save(tmp_path / "layers.npz", stored)
    assert sparse.load(tmp_path / "layers.npz") == stored
    for name, matrix in stored.items():
        sparse.save(str(tmp_path / "one"), matrix)
        assert sparse.load(str(tmp_path / "one")) == matrix, name
    sparse.save(tmp_path / "none", {})
    assert sparse.load(tmp_path / "none") == {}
    assert sorted(os.listdir(tmp_path)) == ["layers.npz", "none", "one"]


def test_every_damaged_byte_is_refused_or_harmless(tmp_path):
    path = tmp_path / "layer.npz"
    csr = CSR.from_dense(HAND)
    sparse.save(path, csr)
    whole = path.read_bytes()
    harmless = 0
    for at in range(0, len(whole), 3):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        with contextlib.suppress(ValueError):
            assert sparse.load(path) == csr  # a date in the zip, say
            harmless += 1
    assert harmless < len(whole) / 3 / 2


def test_every_truncation_is_refused(tmp_path):
    path = tmp_path / "layer.npz"
    sparse.save(path, CSR.from_dense(HAND))
    whole = path.read_bytes()
    for length in range(0, len(whole), 17):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=REFUSED):
            sparse.load(path)


def test_a_failed_save_leaves_the_file_of_before(tmp_path, monkeypatch):
    path = tmp_path / "layer.npz"
    csr = CSR.from_dense(HAND)
    sparse.save(path, csr)

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        sparse.save(path, CSR.from_dense(2 * HAND))
    assert sparse.load(path) == csr
    assert os.listdir(tmp_path) == ["layer.npz"]


def test_writers_and_readers_at_once_meet_whole_files_only(tmp_path):
    path = tmp_path / "layer.npz"
    versions = [CSR.from_dense(np.eye(8, dtype=np.float32) * number) for number in range(1, 5)]
    sparse.save(path, versions[0])

    def use(number):
        for _ in range(15):
            sparse.save(path, versions[number])
            assert sparse.load(path) in versions

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(use, range(4)))
    assert os.listdir(tmp_path) == ["layer.npz"]


def test_a_link_stays_a_link_and_its_target_is_saved(tmp_path):
    (tmp_path / "synced").mkdir()
    link, target = tmp_path / "layer.npz", tmp_path / "synced" / "layer.npz"
    link.symlink_to(target)
    csr = CSR.from_dense(HAND)
    sparse.save(link, csr)
    assert link.is_symlink()
    assert sparse.load(target) == csr


def test_a_file_of_the_first_version_still_loads(tmp_path):
    """Written as the package wrote it before it kept its shapes as Python's integers."""
    csr = CSR.from_dense(HAND)
    entry = {"name": "", "form": "CSR", "plain": {"shape": [4, 4]}}
    header = {"kind": "pruning_lab.sparse", "version": 1, "single": True, "entries": [entry]}
    arrays = {"0.data": csr.data, "0.indices": csr.indices, "0.indptr": csr.indptr}
    np.savez(tmp_path / "layer.npz", header=np.array(json.dumps(header)), **arrays)
    assert sparse.load(tmp_path / "layer.npz") == csr


def test_a_missing_file_is_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        sparse.load(tmp_path / "nothing.npz")


FOREIGN = [
    ("text", b"not a zip", "This file contains pickled (object) data"),
    ("empty", b"", "No data left in file"),
]


@pytest.mark.parametrize(("what", "content", "reason"), FOREIGN, ids=[what for what, _, _ in FOREIGN])
def test_foreign_bytes_are_refused(tmp_path, what, content, reason):
    (tmp_path / what).write_bytes(content)
    with pytest.raises(ValueError, match=REFUSED) as caught:
        sparse.load(tmp_path / what)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"kind": "other", "version": 1}, "kind 'other', version 1, not 'pruning_lab.sparse', version 1"),
        ({"kind": "pruning_lab.sparse", "version": 2}, "version 2, not 'pruning_lab.sparse', version 1"),
        ({"kind": "pruning_lab.sparse", "version": 1, "entries": [{"form": "os.system"}]}, "'os.system'"),
    ],
)
def test_other_archives_and_versions_are_refused(tmp_path, header, reason):
    path = tmp_path / "layer.npz"
    np.savez(path, header=np.array(json.dumps(header)))
    with pytest.raises(ValueError, match=REFUSED) as caught:
        sparse.load(path)
    assert reason in str(caught.value)


def test_a_pickle_is_never_run(tmp_path):
    path = tmp_path / "layer.npz"
    np.savez(path, header=np.array([{"kind": "pruning_lab.sparse"}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        sparse.load(path)


def test_arrays_that_contradict_each_other_are_refused_on_load(tmp_path):
    path = tmp_path / "layer.npz"
    csr = CSR.from_dense(HAND)
    csr.indptr[1] = 4  # no constructor sees this
    sparse.save(path, csr)
    with pytest.raises(ValueError, match="indptr must not decrease; got a decrease at row 1"):
        sparse.load(path)


# --- bad input -----------------------------------------------------------------------------------------------------


def csr(data=(5, 7), indices=(1, 0), indptr=(0, 1, 2), shape=(2, 3), data_dtype=np.float32, index_dtype=np.int32):
    return CSR(np.array(data, data_dtype), np.array(indices, index_dtype), np.array(indptr, np.int32), shape)


def blocks(data_shape=(1, 2, 1), shape=(4, 2), block=(2, 1)):
    return BlockCSR(np.ones(data_shape, np.float32), np.zeros(1, np.int32), np.array([0, 1, 1], np.int32), shape, block)


def bitmask(data=(5,), bits=(0b10000000,), shape=(2, 3)):
    return Bitmask(np.array(data, np.float32), np.array(bits, np.uint8), shape)


def tiled(data=(5, 0, 0, 0), indices=(1, 3, 4, 5), indptr=(0, 4, 4), tile=2, shape=(1, 3), dtype=np.uint16):
    return TiledCSR(np.array(data, np.float32), np.array(indices, dtype), np.array(indptr, np.int32), tile, shape)


def n_of_m(data=((5, 6),), positions=((0, 1),), n=2, m=4, shape=(1, 4)):
    return NOfM(np.array(data, np.float32), np.array(positions, np.uint8), n, m, shape)


def relative(data=(5, 6), gaps=(1, 2), index_bits=2, shape=(1, 5), dtype=np.uint8):
    return RelativeIndex(np.array(data, np.float32), np.array(gaps, dtype), index_bits, shape)


def coo(row=(0, 1), col=(1, 0), shape=(2, 3)):
    return COO(np.array([5, 7], np.float32), np.array(row, np.int32), np.array(col, np.int32), shape)


WIDE = np.broadcast_to(np.float32(0), (1, 65_537))
PAIR = "must be a tuple of two integers, each at least"

BAD_INPUT = [
    ("array list", lambda: CSR.from_dense([[1.0]]), TypeError, "array must be a NumPy array; got list"),
    (
        "array integer",
        lambda: Bitmask.from_dense(np.eye(2, dtype=np.int64)),
        TypeError,
        "array must be float32 or float64; got dtype int64",
    ),
    (
        "array half",
        lambda: RelativeIndex.from_dense(np.eye(2, dtype=np.float16)),
        TypeError,
        "array must be float32 or float64; got dtype float16",
    ),
    ("array 1-D", lambda: COO.from_dense(np.ones(3)), ValueError, "array must have 2 axes; got shape (3,)"),
    (
        "array 4-D",
        lambda: CSC.from_dense(np.ones((1, 2, 3, 3))),
        ValueError,
        "array must have 2 axes; got shape (1, 2, 3, 3)",
    ),
    (
        "index_dtype",
        lambda: CSR.from_dense(HAND, np.int8),
        TypeError,
        "index_dtype must be uint16, int32 or int64; got int8",
    ),
    (
        "index_dtype too small",
        lambda: CSR.from_dense(WIDE, np.uint16),
        ValueError,
        "index_dtype must be able to number 65537 columns (CSC: rows); got uint16",
    ),
    (
        "index_dtype of torch",
        lambda: CSR.from_dense(HAND, torch.int32),
        TypeError,
        "index_dtype must be uint16, int32 or int64 of NumPy; got torch.int32",
    ),
    (
        "array masked",
        lambda: Bitmask.from_dense(np.ma.masked_array(HAND, HAND == 5)),
        TypeError,
        "array must be a NumPy array without a mask (.filled(0) ends it); got MaskedArray",
    ),
    (
        "array complex",
        lambda: COO.from_dense(HAND.astype(np.complex64)),
        TypeError,
        "array must be float32 or float64; got dtype complex64",
    ),
    (
        "array of the other byte order",
        lambda: RelativeIndex.from_dense(HAND.astype(">f4")),
        TypeError,
        "array must be float32 or float64; got dtype >f4",
    ),
    ("shape bool", lambda: csr(shape=(True, 3)), ValueError, f"shape {PAIR} 0; got (True, 3)"),
    ("shape list", lambda: csr(shape=[2, 3]), ValueError, f"shape {PAIR} 0; got [2, 3]"),
    ("shape negative", lambda: csr(shape=(2, -3)), ValueError, f"shape {PAIR} 0; got (2, -3)"),
    ("shape float", lambda: csr(shape=(2, 3.0)), ValueError, f"shape {PAIR} 0; got (2, 3.0)"),
    ("data integer", lambda: csr(data_dtype=np.int32), TypeError, "data must be float32 or float64; got dtype int32"),
    ("data 2-D", lambda: csr(data=((5, 7),)), ValueError, "data must have 1 axis; got shape (1, 2)"),
    (
        "indices float",
        lambda: csr(index_dtype=np.float32),
        TypeError,
        "indices must be uint16 or int32 or int64; got dtype float32",
    ),
    ("indices short", lambda: csr(indices=(1,)), ValueError, "indices must have stored = 2 entries; got 1"),
    ("indices beyond", lambda: csr(indices=(1, 3)), ValueError, "indices must be in [0, 3); got 3"),
    ("indices negative", lambda: csr(indices=(-1, 0)), ValueError, "indices must be in [0, 3); got -1"),
    (
        "indices descend",
        lambda: csr(indices=(1, 0), indptr=(0, 0, 2)),
        ValueError,
        "indices must ascend within each row; got a repeat or a descent in row 1",
    ),
    (
        "indices repeat",
        lambda: csr(indices=(1, 1), indptr=(0, 2, 2)),
        ValueError,
        "indices must ascend within each row; got a repeat or a descent in row 0",
    ),
    ("indptr short", lambda: csr(indptr=(0, 2)), ValueError, "indptr must have rows + 1 = 3 entries; got 2"),
    ("indptr start", lambda: csr(indptr=(1, 1, 2)), ValueError, "indptr must run from 0 to stored = 2; got 1 to 2"),
    ("indptr end", lambda: csr(indptr=(0, 1, 3)), ValueError, "indptr must run from 0 to stored = 2; got 0 to 3"),
    (
        "indptr decreases",
        lambda: csr(indptr=(0, 3, 2)),
        ValueError,
        "indptr must not decrease; got a decrease at row 1",
    ),
    (
        "indptr decreases by more than 32 bits hold",
        lambda: csr((2,), (0,), (0, 2**31 - 1, -(2**31), -(2**30), 0, 1), shape=(5, 1)),
        ValueError,
        "indptr must not decrease; got a decrease at row 1",
    ),
    (
        "indptr of tiles decreases by more than 32 bits hold",
        lambda: tiled((2, 0, 0, 0), (0, 2, 3, 4), (0, 2**31 - 4, -(2**31), -(2**30), 0, 4), tile=1, shape=(5, 1)),
        ValueError,
        "indptr must not decrease; got a decrease at run 1",
    ),
    (
        "csc column",
        lambda: CSC(np.ones(2, np.float32), np.zeros(2, np.int32), np.array([0, 2], np.int32), (3, 1)),
        ValueError,
        "indices must ascend within each column; got a repeat or a descent in column 0",
    ),
    ("coo row beyond", lambda: coo(row=(0, 2)), ValueError, "row must be in [0, 2); got 2"),
    ("coo col short", lambda: coo(col=(0,)), ValueError, "col must have stored = 2 entries; got 1"),
    (
        "coo order",
        lambda: coo(row=(1, 0)),
        ValueError,
        "row and col must ascend in row-major order; got a repeat or a descent at entry 1",
    ),
    ("tile zero", lambda: tiled(tile=0), ValueError, "tile must be at least 1; got 0"),
    ("tile float", lambda: TiledCSR.from_dense(HAND, 2.0), TypeError, "tile must be an integer; got 2.0"),
    ("tile wide", lambda: TiledCSR.from_dense(HAND, 65_533), ValueError, "tile must be in [1, 65532]; got 65533"),
    (
        "tile indices",
        lambda: tiled(dtype=np.int32),
        TypeError,
        "indices must be uint16; got dtype int32",
    ),
    (
        "tile runs",
        lambda: tiled(indptr=(0, 4)),
        ValueError,
        "indptr must have runs + 1 = 3 entries; got 2",
    ),
    (
        "tile fours",
        lambda: tiled(indptr=(0, 3, 4), indices=(1, 3, 4, 1)),
        ValueError,
        "indptr must count in fours; got 3",
    ),
    (
        "tile filler",
        lambda: tiled(data=(5, 6, 0, 0)),
        ValueError,
        "data must be 0 where indices are 2 or more, which only fill a row; got 6.0",
    ),
    (
        "tile column",
        lambda: tiled(indptr=(0, 0, 4)),
        ValueError,
        "indices must name one of the 3 columns; got column 3",
    ),
    ("tile beyond", lambda: tiled(indices=(1, 3, 4, 6)), ValueError, "indices must be in [0, 6); got 6"),
    (
        "block does not divide",
        lambda: BlockCSR.from_dense(HAND, block=(3, 1)),
        ValueError,
        "shape must be a multiple of block (3, 1) on both axes; got (4, 4)",
    ),
    ("block zero", lambda: BlockCSR.from_dense(HAND, block=(4, 0)), ValueError, f"block {PAIR} 1; got (4, 0)"),
    ("block number", lambda: BlockCSR.from_dense(HAND, block=4), ValueError, f"block {PAIR} 1; got 4"),
    (
        "block data",
        lambda: blocks(data_shape=(1, 1, 2)),
        ValueError,
        "data must have shape (blocks, 2, 1); got (1, 1, 2)",
    ),
    ("block columns", lambda: blocks(shape=(2, 2)), ValueError, "indptr must have block rows + 1 = 2 entries; got 3"),
    ("bits short", lambda: bitmask(bits=()), ValueError, "bits must have ceil(rows * columns / 8) = 1 entries; got 0"),
    (
        "bits and values",
        lambda: bitmask(bits=(0b11000000,)),
        ValueError,
        "bits must have as many ones as data has values, 1; got 2",
    ),
    (
        "bits after the end",
        lambda: bitmask(bits=(1,)),
        ValueError,
        "bits must be 0 after the last weight; got 00000001 for 6 weights",
    ),
    (
        "group too full",
        lambda: NOfM.from_dense(np.array([[0, 1, 0, 1, 0, 0, 0, 0], [0, 0, 0, 0, 1, 1, 0, 1]], np.float32)),
        ValueError,
        "array must hold at most 2 nonzeros in 4 columns; got more in row 1, group 1",
    ),
    ("m below n", lambda: NOfM.from_dense(HAND, n=4, m=2), ValueError, "m must be in [n, 256] = [4, 256]; got 2"),
    ("n zero", lambda: NOfM.from_dense(HAND, n=0), ValueError, "n must be at least 1; got 0"),
    ("n text", lambda: NOfM.from_dense(HAND, n="2"), TypeError, "n must be an integer; got '2'"),
    (
        "m and columns",
        lambda: NOfM.from_dense(HAND, m=3),
        ValueError,
        "shape must have a multiple of m = 3 columns; got (4, 4)",
    ),
    (
        "n of m shapes",
        lambda: n_of_m(positions=((0,),)),
        ValueError,
        "data and positions must both have shape (1, 2); got (1, 2) and (1, 1)",
    ),
    ("positions beyond", lambda: n_of_m(positions=((0, 4),)), ValueError, "positions must be in [0, 4); got 4"),
    (
        "positions repeat",
        lambda: n_of_m(positions=((1, 1),)),
        ValueError,
        "positions must ascend within each group; got a repeat or a descent",
    ),
    (
        "gaps too long",
        lambda: relative(gaps=(1, 3)),
        ValueError,
        "gaps must end within the 5 weights of shape (1, 5); got 6 places",
    ),
    ("gaps beyond", lambda: relative(gaps=(0, 4)), ValueError, "gaps must be in [0, 4); got 4"),
    ("gaps dtype", lambda: relative(dtype=np.uint16), TypeError, "gaps must be uint8; got dtype uint16"),
    ("index_bits", lambda: RelativeIndex.from_dense(HAND, 17), ValueError, "index_bits must be at most 16; got 17"),
    ("index_bits text", lambda: relative(index_bits="4"), TypeError, "index_bits must be an integer; got '4'"),
    (
        "density percent",
        lambda: CSR.bytes_at((2, 2), 90),
        ValueError,
        "density must be in [0, 1] (0.1 keeps 10 %); got 90",
    ),
    (
        "density nan",
        lambda: COO.bytes_at((2, 2), float("nan")),
        ValueError,
        "density must be in [0, 1] (0.1 keeps 10 %); got nan",
    ),
    ("density zero", lambda: sparse.filler_factor(0, 4), ValueError, "density must be in (0, 1]; got 0"),
    (
        "break-even of n of m",
        lambda: break_even_density(NOfM, (4, 4)),
        TypeError,
        "form must be a format whose size depends on the density; got <class 'pruning_lab.sparse.n_of_m.NOfM'>",
    ),
    (
        "break-even of an array",
        lambda: break_even_density(1.5, (4, 4)),
        TypeError,
        "form must be a format whose size depends on the density; got 1.5",
    ),
    (
        "save an array",
        lambda: sparse.save("never-written", HAND),
        TypeError,
        "formats must be a format or a dict of formats by name; got '': ndarray",
    ),
    (
        "save under a number",
        lambda: sparse.save("never-written", {1: CSR.from_dense(HAND)}),
        TypeError,
        "formats must be a format or a dict of formats by name; got 1: CSR",
    ),
]


test_bad_input = bad_input_test(BAD_INPUT)
