"""Sparse products against dense ones: by hand, over random cases, with NaN and infinity, on several threads."""

import warnings

import numba
import numpy as np
import pytest
import scipy.sparse
import torch
from bad_input import bad_input_test
from hypothesis import given, settings
from hypothesis import strategies as st
from layouts import LAYOUTS
from numba.core import config

from pruning_lab import kernels, measure
from pruning_lab.kernels import loops
from pruning_lab.kernels.compiled import SideBySide
from pruning_lab.sparse import CSR, BlockCSR, NOfM, TiledCSR

BLOCKS = [(4, 1), (1, 4), (2, 3), (4, 4), (8, 1), (1, 1)]
MULTIPLIERS = {
    CSR: kernels.csr_matmul,
    TiledCSR: kernels.tiled_matmul,
    BlockCSR: kernels.block_matmul,
    NOfM: kernels.n_of_m_matmul,
}


def scattered(shape, density, dtype, seed=0):
    rng = np.random.default_rng(seed)
    return np.where(rng.random(shape) < density, rng.standard_normal(shape), 0).astype(dtype)


def two_of_four(weight):
    groups = np.abs(weight).reshape(-1, 4)
    kept = weight.copy().reshape(-1, 4)
    np.put_along_axis(kept, np.argsort(groups, axis=1)[:, :2], 0, axis=1)
    return kept.reshape(weight.shape)


def in_every_format(shape, density, dtype, seed=0):
    """Yield the formats of one random matrix; its shape must be a multiple of 8 x 12."""
    weight = scattered(shape, density, dtype, seed)
    yield from (CSR.from_dense(weight, index_dtype) for index_dtype in (np.uint16, np.int32, np.int64))
    yield from (TiledCSR.from_dense(weight, tile) for tile in (1, 5, 12, None))
    yield NOfM.from_dense(two_of_four(weight))
    for r, c in BLOCKS:
        keep = scattered((shape[0] // r, shape[1] // c), density, dtype, seed) != 0
        yield BlockCSR.from_dense(weight + np.kron(keep, np.ones((r, c), dtype)), (r, c))
        yield BlockCSR.from_dense(np.kron(keep, np.ones((r, c), dtype)) * weight, (r, c))


def assert_product(y, matrix, x):
    """Raise unless y is the dense product up to the rounding of its sums, in the dtype of x."""
    dense = matrix.to_dense().astype(np.float64)
    bound = np.finfo(x.dtype).eps * matrix.shape[1] * (np.abs(dense) @ np.abs(x.astype(np.float64)))
    assert y.dtype == x.dtype
    assert y.shape == (matrix.shape[0], *x.shape[1:])
    assert (np.abs(y - dense @ x) <= bound).all()


@pytest.mark.parametrize("batch", [None, 3, 64])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_of_a_matrix_and_of_a_batch_is_multiplied_alike(layout, batch):
    x = np.random.default_rng(1).standard_normal((24,) if batch is None else (24, batch)).astype(np.float32)
    for matrix in in_every_format((16, 24), 0.3, np.float32):
        laid = {k: layout(v) if isinstance(v, np.ndarray) else v for k, v in matrix._fields().items()}
        multiply = MULTIPLIERS[type(matrix)]
        assert_product(multiply(type(matrix)(**laid), layout(x)), matrix, x)
    csr, column = (
        CSR.from_dense(layout(scattered((16, 24), 0.3, np.float32))),
        np.ascontiguousarray(x.reshape(24, -1).T),
    )
    if batch:
        assert_product(kernels.csr_matvec(csr, layout(column[0])), csr, column[0])


def test_a_matvec_by_hand():
    csr = CSR.from_dense(np.array([[0, 2, 0], [0, 0, 0], [1, 0, 3]], np.float32))
    assert kernels.csr_matvec(csr, np.array([1, 10, 100], np.float32)).tolist() == [20, 0, 301]


def test_tiles_by_hand():
    array = np.array([[1, 2, 3, 4, 5], [0, 0, 0, 0, 6], [0, 0, 0, 0, 0]], np.float32)
    x = np.array([1, 10, 100, 1000, 10_000], np.float32)
    for tile in (1, 2, 4, 5, 9):
        assert kernels.tiled_matmul(TiledCSR.from_dense(array, tile), x).tolist() == [54_321, 60_000, 0]


def test_more_columns_than_sixteen_bits_can_number_are_tiled():
    array = np.zeros((2, 70_000), np.float32)
    array[0, [0, 65_531, 65_532, 69_999]] = [1, 2, 3, 4]
    for tile in (None, 65_532):
        assert kernels.tiled_matmul(TiledCSR.from_dense(array, tile), np.ones(70_000, np.float32)).tolist() == [10, 0]


def test_a_batch_by_hand():
    csr = CSR.from_dense(np.array([[0, 2, 0], [0, 0, 0], [1, 0, 3]], np.float32))
    x = np.array([[1, 2], [10, 20], [100, 200]], np.float32)
    assert kernels.csr_matmul(csr, x).tolist() == [[20, 40], [0, 0], [301, 602]]


def test_blocks_by_hand():
    array = np.array([[1, 0, 0], [0, 0, 0], [3, 0, 2], [4, 0, 0]], np.float32)
    x = np.array([1, 10, 100], np.float32)
    for block in ((4, 1), (2, 1), (1, 3), (2, 3)):
        assert kernels.block_matmul(BlockCSR.from_dense(array, block), x).tolist() == [1, 0, 203, 4]


def test_groups_by_hand():
    array = np.array([[0, 5, 0, 6, 7, 0, 0, 0], [0, 0, 0, 0, 0, 0, 1, 2]], np.float32)
    x = np.array([1, 2, 3, 4, 5, 6, 7, 8], np.float32)
    assert kernels.n_of_m_matmul(NOfM.from_dense(array), x).tolist() == [10 + 24 + 35, 7 + 16]


def test_the_quickest_form_is_the_one_with_the_smallest_median(monkeypatch):
    weight = scattered((6, 3000), 0.1, np.float32)
    csr, seen = CSR.from_dense(weight), {}

    def compare(products, cold):
        seen.update(products=products, cold=cold)
        medians = dict(zip(products, [4, 3, 1, 2], strict=True))
        return measure.Comparison(tuple(measure.Row(name, m, m, m, 1, 1, 1) for name, m in medians.items()), "")

    monkeypatch.setattr(measure, "compare", compare)
    for x in (np.ones(3000, np.float32), np.ones((3000, 5), np.float32)):
        product = kernels.quickest(weight, x, cold=True)
        assert list(seen["products"]) == [
            "CSR",
            *(f"tiles of {width} columns" for width in ("1,024", "2,048", "3,000")),
        ]
        assert (type(product.form), product.form.tile, seen["cold"]) == (TiledCSR, 2048, True)
        for multiply in seen["products"].values():
            assert_product(multiply(), csr, x)
        assert_product(product(2 * x), csr, 2 * x)
        assert_product(product(x, parallel=True), csr, x)


# 1 is a vector in disguise, 16 and 64 fill the registers; 33 is more than half a strip, 97 and 100 are one and a rest.
@pytest.mark.parametrize("batch", [None, 0, 1, 3, 16, 17, 33, 64, 97, 100, 128])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_format_multiplies_like_its_dense_twin(dtype, batch):
    x = np.random.default_rng(1).standard_normal((24,) if batch is None else (24, batch)).astype(dtype)
    for matrix in in_every_format((16, 24), 0.3, dtype):
        assert_product(MULTIPLIERS[type(matrix)](matrix, x), matrix, x)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_matvec_is_a_batch_of_one(dtype):
    x = np.random.default_rng(1).standard_normal(24).astype(dtype)
    for index_dtype in (np.uint16, np.int32, np.int64):
        csr = CSR.from_dense(scattered((16, 24), 0.3, dtype), index_dtype)
        assert_product(kernels.csr_matvec(csr, x), csr, x)
        np.testing.assert_array_equal(kernels.csr_matvec(csr, x), kernels.csr_matmul(csr, x))
        np.testing.assert_array_equal(kernels.csr_matvec(csr, x), kernels.csr_matmul(csr, x[:, None])[:, 0])


@given(rows=st.integers(0, 5), columns=st.integers(0, 5), batch=st.integers(0, 70), density=st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_any_size_even_none(rows, columns, batch, density):
    x = np.random.default_rng(1).standard_normal((12 * columns, batch)).astype(np.float32)
    for matrix in in_every_format((8 * rows, 12 * columns), density, np.float32):
        assert_product(MULTIPLIERS[type(matrix)](matrix, x), matrix, x)
        if batch:
            assert_product(MULTIPLIERS[type(matrix)](matrix, x[:, 0]), matrix, x[:, 0])


@pytest.mark.parametrize("batch", [None, 3, 64, 65])
def test_the_products_of_scipy_and_torch(batch):
    array = scattered((200, 300), 0.1, np.float32)
    csr, x = CSR.from_dense(array), np.random.default_rng(1).standard_normal((300, batch or 1)).astype(np.float32)
    x = x if batch else x[:, 0]
    np.testing.assert_allclose(kernels.csr_matmul(csr, x), scipy.sparse.csr_array(array) @ x, rtol=1e-4, atol=1e-5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch calls its sparse CSR a beta
        theirs = torch.from_numpy(array).to_sparse_csr() @ torch.from_numpy(x)
    np.testing.assert_allclose(kernels.csr_matmul(csr, x), theirs.numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("batch", [None, 1, 20, 64])
def test_threads_change_nothing(batch, monkeypatch):
    monkeypatch.setattr(kernels.numba, "get_num_threads", lambda: 3)
    x = np.random.default_rng(1).standard_normal((24,) if batch is None else (24, batch)).astype(np.float32)
    for rows in (0, 8, 16, 104):
        for matrix in in_every_format((rows, 24), 0.3, np.float32):
            multiply = MULTIPLIERS[type(matrix)]
            np.testing.assert_array_equal(multiply(matrix, x, parallel=True), multiply(matrix, x))
    csr = CSR.from_dense(np.diag([1, 2, 0, 0, 0]).astype(np.float32))  # rows without weights at the end
    assert kernels.csr_matvec(csr, np.ones(5, np.float32), parallel=True).tolist() == [1, 2, 0, 0, 0]


@pytest.mark.parametrize("counts", [[], [0], [9, 0, 0], [0, 0, 9], [1] * 7, [100, 1, 1, 1, 1, 1]])
def test_each_row_belongs_to_one_thread(counts, monkeypatch):
    monkeypatch.setattr(kernels.numba, "get_num_threads", lambda: 4)
    shares = []
    kernels._share(lambda *share: shares.append(share), np.concatenate([[0], np.cumsum(counts)]), parallel=True)
    owned = [row for first, last in sorted(shares) for row in range(first, last)]
    assert owned == list(range(len(counts)))


def test_an_error_in_a_thread_comes_through(monkeypatch):
    monkeypatch.setattr(kernels.numba, "get_num_threads", lambda: 2)

    def fail(first, last):
        raise MemoryError(f"rows {first} to {last}")

    with pytest.raises(MemoryError):
        kernels._share(fail, np.array([0, 1, 2]), parallel=True)


@pytest.mark.parametrize("batch", [None, 1, 5, 64])
def test_nan_and_infinity_meet_stored_values_only(batch):
    shape = (12,) if batch is None else (12, batch)
    x = np.ones(shape, np.float32)
    x[1], x[2], x[3] = np.nan, np.inf, -np.inf
    array = np.zeros((8, 12), np.float32)
    array[0, 1], array[1, 2], array[2, 3], array[3, 0] = 2, 2, 2, 2
    array[4, [2, 3]] = 2  # inf - inf
    expected = np.float32([np.nan, np.inf, -np.inf, 2, np.nan, 0, 0, 0])
    for matrix in (CSR.from_dense(array), *(TiledCSR.from_dense(array, tile) for tile in (3, 5, 12))):
        y = MULTIPLIERS[type(matrix)](matrix, x)
        np.testing.assert_array_equal(y, np.broadcast_to(expected if batch is None else expected[:, None], y.shape))


@pytest.mark.parametrize("batch", [None, 5, 64])
@pytest.mark.parametrize("special", [np.nan, np.inf])
def test_zeros_that_fill_a_block_or_a_group_do_meet_them(batch, special):
    x = np.full((4,) if batch is None else (4, batch), special, np.float32)
    one = np.array([[1, 0, 0, 0]], np.float32)
    for matrix in (NOfM.from_dense(one), BlockCSR.from_dense(one, (1, 2)), BlockCSR.from_dense(one.T, (4, 1))):
        columns = x[: matrix.shape[1]]
        y = MULTIPLIERS[type(matrix)](matrix, columns)
        with np.errstate(invalid="ignore"):  # NumPy warns of 0 * inf
            np.testing.assert_array_equal(y, matrix.to_dense() @ columns)
        assert np.isnan(y).any()


def test_the_rest_of_a_strip_does_not_leak_into_the_next_batch_columns():
    """The second strip uses one column; what the first strip left in the others must stay out of the result."""
    strip = loops.FOUR_ROW_STRIP
    x = np.ones((12, strip + 1), np.float32)
    x[:, 1:strip] = np.nan
    y = kernels.block_matmul(BlockCSR.from_dense(np.ones((4, 12), np.float32)), x)
    assert np.isnan(y[:, 1:strip]).all()
    assert (y[:, [0, strip]] == 12).all()


def test_four_sums_of_a_tile_are_added_in_pairs():
    """(1e8 - 1e8) + (1 + 1), not (1e8 + 1) + (-1e8 + 1), which is 0: beside 1e8, float32 forgets a 1."""
    tiled = TiledCSR.from_dense(np.float32([[1e8, 1, -1e8, 1]]))
    assert kernels.tiled_matmul(tiled, np.ones(4, np.float32)).tolist() == [2]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_strip_begins_at_a_cache_line(dtype):
    like = np.empty(1, dtype)
    strips = [loops._aligned(rows, loops.STRIP, like) for rows in range(40)]  # all at once: none takes another's place
    assert [strip.shape for strip in strips] == [(rows, loops.STRIP) for rows in range(40)]
    assert all(strip.dtype == dtype and not strip.any() for strip in strips)
    assert {strip.ctypes.data % loops.CACHE_LINE for strip in strips} == {0}


def test_only_the_sums_that_ask_for_it_share_registers():
    seen = []

    class Watched(SideBySide):
        def _compile_bytecode(self):
            seen.append(config.SLP_VECTORIZE)
            return super()._compile_bytecode()

    before = config.SLP_VECTORIZE
    assert numba.njit(lambda a: a + 1, pipeline_class=Watched)(1) == 2
    assert (seen, config.SLP_VECTORIZE) == ([1], before)
    with pytest.raises(numba.TypingError):
        numba.njit(lambda a: a.nothing, pipeline_class=Watched)(1)
    assert before == config.SLP_VECTORIZE


def test_columns_beyond_the_reach_of_a_signed_index():
    """The last of 65,536 columns, 65,535, is -1 where uint16 is read as int16."""
    array = np.zeros((4, 65_536), np.float32)
    array[1, -1] = 3
    x = np.zeros(65_536, np.float32)
    x[-1] = 5
    matrices = CSR.from_dense(array), BlockCSR.from_dense(array), BlockCSR.from_dense(array, (1, 2))
    for matrix in (*matrices, TiledCSR.from_dense(array, tile=65_532)):
        assert matrix.indices.dtype == np.uint16
        assert MULTIPLIERS[type(matrix)](matrix, x).tolist() == [0, 15, 0, 0]


@pytest.mark.parametrize("batch", [None, 70])
def test_x_may_lie_anyhow_in_memory_and_be_read_only(batch):
    rng = np.random.default_rng(1)
    wide = rng.standard_normal((48, 140)).astype(np.float32)
    x = wide[::2, 0] if batch is None else wide[::2, ::2]
    for matrix in in_every_format((8, 24), 0.3, np.float32):
        for variant in (x, np.asfortranarray(x)):
            assert_product(MULTIPLIERS[type(matrix)](matrix, variant), matrix, variant)
    frozen = x.copy()
    frozen.flags.writeable = False
    csr = CSR.from_dense(scattered((8, 24), 0.3, np.float32))
    np.testing.assert_array_equal(kernels.csr_matmul(csr, frozen), kernels.csr_matmul(csr, x))


MATRIX = CSR.from_dense(np.eye(2, 3, dtype=np.float32))
GROUPS = NOfM.from_dense(np.eye(2, 4, dtype=np.float32))
BAD_INPUT = [
    (
        "matvec-sizes",
        lambda: kernels.csr_matvec(MATRIX, np.ones(4, np.float32)),
        ValueError,
        "x must have shape (in,) with in = 3, as csr has shape (2, 3); got (4,)",
    ),
    (
        "matvec-batch",
        lambda: kernels.csr_matvec(MATRIX, np.ones((3, 2), np.float32)),
        ValueError,
        "x must have shape (in,) with in = 3, as csr has shape (2, 3); got (3, 2)",
    ),
    (
        "batch-first",
        lambda: kernels.csr_matmul(MATRIX, np.ones((64, 3), np.float32)),
        ValueError,
        "x must have shape (in,) or (in, batch) with in = 3, as csr has shape (2, 3); got (64, 3)",
    ),
    (
        "number",
        lambda: kernels.csr_matmul(MATRIX, np.array(1, np.float32)),
        ValueError,
        "x must have shape (in,) or (in, batch) with in = 3, as csr has shape (2, 3); got ()",
    ),
    (
        "three-axes",
        lambda: kernels.n_of_m_matmul(GROUPS, np.ones((4, 2, 2), np.float32)),
        ValueError,
        "x must have shape (in,) or (in, batch) with in = 4, as n_of_m has shape (2, 4); got (4, 2, 2)",
    ),
    (
        "mixed-dtype",
        lambda: kernels.csr_matvec(MATRIX, np.ones(3)),
        TypeError,
        "x must have the dtype of csr, float32; got dtype float64",
    ),
    (
        "integers",
        lambda: kernels.n_of_m_matmul(GROUPS, np.ones(4, int)),
        TypeError,
        "x must have the dtype of n_of_m, float32; got dtype int64",
    ),
    (
        "byte-order",
        lambda: kernels.csr_matvec(MATRIX, np.ones(3, ">f4")),
        TypeError,
        "x must have the dtype of csr, float32; got dtype >f4",
    ),
    ("list", lambda: kernels.csr_matvec(MATRIX, [1, 2, 3]), TypeError, "x must be a NumPy array; got list"),
    ("tensor", lambda: kernels.csr_matmul(MATRIX, torch.ones(3)), TypeError, "x must be a NumPy array; got Tensor"),
    (
        "masked",
        lambda: kernels.csr_matvec(MATRIX, np.ma.masked_array(np.ones(3, np.float32), [0, 1, 0])),
        TypeError,
        "x must be a NumPy array without a mask (.filled(0) ends it); got MaskedArray",
    ),
    (
        "dense-matrix",
        lambda: kernels.csr_matvec(np.eye(3, dtype=np.float32), np.ones(3, np.float32)),
        TypeError,
        "csr must be a sparse.CSR; got ndarray",
    ),
    (
        "scipy-matrix",
        lambda: kernels.csr_matmul(MATRIX.to_scipy(), np.ones(3, np.float32)),
        TypeError,
        "csr must be a sparse.CSR; got csr_array",
    ),
    (
        "another-format",
        lambda: kernels.block_matmul(MATRIX, np.ones(3, np.float32)),
        TypeError,
        "block_csr must be a sparse.BlockCSR; got CSR",
    ),
    (
        "no-format",
        lambda: kernels.n_of_m_matmul(None, np.ones(3, np.float32)),
        TypeError,
        "n_of_m must be a sparse.NOfM; got NoneType",
    ),
]


test_bad_input = bad_input_test(BAD_INPUT)
