"""Weight sharing, Huffman codes, and the storage tables of Deep Compression (run with -s to see them)."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest
import torch
from bad_input import bad_input_test
from hypothesis import given, settings
from hypothesis import strategies as st
from layouts import LAYOUTS

from pruning_lab.compress import (
    SharedWeights,
    compressed_size,
    huffman_code_lengths,
    huffman_codes,
    share_weights,
    sharing,
)
from pruning_lab.sparse import RelativeIndex

# Deep Compression (arXiv 1510.00149), figure 3: 16 weights, 2 bits, centroids -1.00, 0.00, 1.50 and 2.00.
FIGURE_3 = torch.tensor(
    [
        [2.09, -0.98, 1.48, 0.09],
        [0.05, -0.14, -1.08, 2.12],
        [-0.91, 1.92, 0.00, -1.03],
        [1.87, 0.00, 1.53, 1.49],
    ]
)


def random_weight(shape, density, seed=0):
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(shape, generator=generator)
    return weight, torch.rand(shape, generator=generator) < density


# --- weight sharing ------------------------------------------------------------------------------------------------


def test_share_weights_of_figure_3():
    shared = share_weights(FIGURE_3, torch.ones(4, 4, dtype=torch.bool), bits=2)
    np.testing.assert_allclose(shared.codebook, [-1, 0, 1.5, 2], atol=1e-6)
    assert shared.codes.reshape(4, 4).tolist() == [[3, 0, 2, 1], [1, 1, 0, 3], [0, 3, 1, 0], [3, 1, 2, 2]]
    assert (shared.codebook.dtype, shared.codes.dtype, shared.bits) == (np.float32, np.uint8, 2)


def test_a_cluster_without_weights_keeps_its_centroid():
    weight = torch.tensor([0.0, 0.0, 9.0, 9.0])  # first centroids 0, 3, 6, 9
    shared = share_weights(weight, torch.ones(4, dtype=torch.bool), bits=2)
    assert (shared.codebook.tolist(), shared.codes.tolist()) == ([0, 3, 6, 9], [0, 0, 3, 3])


def test_a_weight_midway_takes_the_lower_centroid():
    weight = torch.tensor([0.0, 0.0, 0.0, 1.0, 2.0])  # centroids 0 and 2, then 0.25 and 2
    shared = share_weights(weight, torch.ones(5, dtype=torch.bool), bits=1)
    assert (shared.codebook.tolist(), shared.codes.tolist()) == ([0.25, 2], [0, 0, 0, 0, 1])


@pytest.mark.parametrize(
    ("weight_dtype", "codebook_dtype"),
    [
        (torch.float32, np.float32),
        (torch.float64, np.float64),
        (torch.bfloat16, np.float32),
        (torch.float16, np.float32),
    ],
)
def test_the_codebook_has_the_dtype_of_the_weight(weight_dtype, codebook_dtype):
    weight = FIGURE_3.to(weight_dtype).requires_grad_()
    assert share_weights(weight, weight != 0, bits=2).codebook.dtype == codebook_dtype


def test_more_values_than_survivors_lose_nothing():
    weight, mask = random_weight((3, 4, 3, 3), density=0.3)
    shared = share_weights(weight, mask, bits=12)
    assert (shared.codes.dtype, shared.to_dense().shape) == (np.uint16, (3, 4, 3, 3))
    assert np.abs(shared.to_dense() - (weight * mask).numpy()).max() < np.ptp(weight.numpy()) / 2**12


@settings(max_examples=40, deadline=None)
@given(
    values=st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=60),
    keep=st.randoms(use_true_random=False),
    bits=st.integers(1, 5),
)
def test_shared_weights_are_at_rest(values, keep, bits):
    weight = torch.tensor(values, dtype=torch.float64)
    mask = torch.tensor([keep.random() < 0.7 for _ in values])
    mask[0] = True
    shared = share_weights(weight, mask, bits)
    survivors = weight[mask].numpy()
    assert shared.codebook.shape == (2**bits,)
    assert (np.diff(shared.codebook) >= -1e-9).all()
    distances = np.abs(survivors[:, None] - shared.codebook)
    taken = np.take_along_axis(distances, shared.codes[:, None].astype(int), axis=1)[:, 0]
    assert (taken <= distances.min(axis=1) + 1e-9).all()  # each survivor has the nearest centroid,
    for code in np.unique(shared.codes):  # and each centroid is the mean of its survivors
        assert shared.codebook[code] == pytest.approx(survivors[shared.codes == code].mean(), abs=1e-9)
    dense = shared.to_dense()
    assert (dense[~mask.numpy()] == 0).all()
    assert (dense[mask.numpy()] == shared.codebook[shared.codes]).all()


def test_what_is_shared_is_a_copy_of_the_mask():
    weight, mask = random_weight((6, 8), density=0.5)
    shared = share_weights(weight, mask, bits=3)
    before = shared.to_dense()
    mask.logical_not_()
    np.testing.assert_array_equal(shared.to_dense(), before)
    weight.zero_()
    np.testing.assert_array_equal(shared.to_dense(), before)


def test_a_few_large_weights_do_not_hide_the_small():
    weight = torch.tensor([-1e20, 1.0, 2.0, 3.0, 1e20], dtype=torch.float64)
    shared = share_weights(weight, weight != 0, bits=2)
    assert np.unique(shared.to_dense()).tolist() == [-1e20, 2.0, 1e20]


@settings(max_examples=60, deadline=None)
@given(values=st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=30), bits=st.integers(1, 6))
def test_shared_weights_of_any_size_come_to_rest_within_their_range(values, bits):
    weight = torch.tensor(values, dtype=torch.float64)
    shared = share_weights(weight, torch.ones(len(values), dtype=torch.bool), bits)
    assert (np.diff(shared.codebook) >= 0).all()
    for code in np.unique(shared.codes):
        mine = weight.numpy()[shared.codes == code]
        assert mine.min() <= shared.codebook[code] <= mine.max()


@pytest.mark.parametrize("dtype", [torch.float8_e4m3fn, torch.float8_e5m2])
def test_a_weight_of_one_byte_is_shared_as_its_values(dtype):
    weight = FIGURE_3.to(dtype)
    shared = share_weights(weight, torch.ones(4, 4, dtype=torch.bool), bits=2)
    wider = share_weights(weight.float(), torch.ones(4, 4, dtype=torch.bool), bits=2)
    np.testing.assert_array_equal(shared.to_dense(), wider.to_dense())
    assert shared.codebook.dtype == np.float32


@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_layout_of_codes_and_of_symbols_is_one(layout):
    weight, mask = random_weight((4, 8), density=0.5)
    shared = share_weights(weight, mask, bits=3)
    again = SharedWeights(layout(shared.codebook), layout(shared.codes), layout(shared.mask))
    np.testing.assert_array_equal(again.to_dense(), shared.to_dense())
    assert compressed_size(again, np.uint8(4)) == compressed_size(shared, 4)
    assert huffman_code_lengths(layout(shared.codes)) == huffman_code_lengths(shared.codes)


def test_nothing_kept_is_nothing_to_code():
    nothing = SharedWeights(np.zeros(2, np.float32), np.empty(0, np.uint8), np.zeros((2, 8), bool))
    size = compressed_size(nothing, 4)
    assert (size.stored, size.value_bytes, size.gap_bytes_huffman, size.value_bytes_huffman) == (0, 0, 0, 0)


def test_long_codes_from_numpys_lengths():
    lengths = dict(enumerate(np.array([1, 2, 3, 4, 5, 6, 7, 8, 9, 9], np.uint8)))
    assert huffman_codes(lengths) == huffman_codes({symbol: int(bits) for symbol, bits in lengths.items()})
    assert huffman_codes(lengths)[9] == "111111111"


def test_plain_lloyd_agrees():
    weight, mask = random_weight((40, 50), density=0.5)
    values = weight[mask].double().numpy()
    centroids = np.linspace(values.min(), values.max(), 16)
    for _ in range(500):
        codes = np.abs(values[:, None] - centroids).argmin(axis=1)
        centroids = np.array([values[codes == c].mean() if (codes == c).any() else centroids[c] for c in range(16)])
    shared = share_weights(weight, mask, bits=4)
    np.testing.assert_array_equal(shared.codes, codes)
    np.testing.assert_allclose(shared.codebook, centroids, rtol=1e-6)


@pytest.mark.parametrize(("bits", "seed"), [(1, 0), (2, 1), (3, 2), (4, 3)])
def test_scikit_learns_k_means_agrees(bits, seed):
    """From the same centroids; where one lost its last weight, scikit-learn would move it, and we would not."""
    cluster = pytest.importorskip("sklearn.cluster")
    weight, mask = random_weight((60, 50), density=0.5, seed=seed)
    values = weight[mask].double().numpy()[:, None]
    first = np.linspace(values.min(), values.max(), 2**bits)[:, None]
    theirs = cluster.KMeans(2**bits, init=first, n_init=1, max_iter=1000, tol=0).fit(values)
    ours = share_weights(weight.double(), mask, bits)
    np.testing.assert_array_equal(ours.codes, theirs.labels_)
    np.testing.assert_allclose(ours.codebook, theirs.cluster_centers_[:, 0], rtol=1e-9)


@pytest.mark.parametrize("start", ["linear", "density", "random"])
def test_every_start_comes_to_rest(start):
    weight, mask = random_weight((40, 50), density=0.5)
    values = weight[mask].double().numpy()
    shared = share_weights(weight, mask, 3, start)
    for code in range(8):
        assert shared.codebook[code] == pytest.approx(values[shared.codes == code].mean(), rel=1e-6)
    assert (np.abs(values[:, None] - shared.codebook).argmin(axis=1) == shared.codes).all()


def test_where_the_starts_lie():
    """Ten survivors, nine of them near 0: evenly spaced in value or in rank; of a draw, survivors themselves."""
    survivors = np.array([-4, -3, -2, -1, 0, 1, 2, 3, 4, 100.0])
    assert sharing._first_centroids(survivors, 4, "linear", 0).tolist() == pytest.approx([-4, 92 / 3, 196 / 3, 100])
    assert sharing._first_centroids(survivors, 5, "density", 0).tolist() == [-4, -2, 0, 2, 4]
    drawn = sharing._first_centroids(survivors, 4, "random", 0)
    assert set(drawn) <= set(survivors)
    assert len(set(drawn)) == 4
    assert drawn.tolist() == sorted(drawn)
    assert drawn.tolist() != sharing._first_centroids(survivors, 4, "random", 1).tolist()


def test_more_random_centroids_than_survivors():
    weight = torch.tensor([1.0, 2.0])
    shared = share_weights(weight, weight != 0, 3, "random")
    assert shared.to_dense().tolist() == [1, 2]


def fewest_squares(values, count):
    """The least sum of squared distances to `count` centroids, over all ways to cut the sorted values into runs."""
    values = np.sort(values)
    sums, squares = np.append(0, np.cumsum(values)), np.append(0, np.cumsum(values**2))

    def of_run(first, last):
        return squares[last] - squares[first] - (sums[last] - sums[first]) ** 2 / (last - first)

    best = [of_run(0, stop) if stop else 0.0 for stop in range(values.size + 1)]
    for _ in range(count - 1):
        best = [min([best[stop], *(best[cut] + of_run(cut, stop) for cut in range(stop))]) for stop in range(len(best))]
    return best[-1]


@pytest.mark.parametrize("seed", range(3))
def test_against_the_best_clusters_there_are(seed):
    """Lloyd's rounds end where no single step helps: above the best, and from one of the three starts not far."""
    weight, mask = random_weight((12, 12), density=0.5, seed=seed)
    values = weight[mask].double().numpy()
    best = fewest_squares(values, 4)
    errors = []
    for start in ("linear", "density", "random"):
        shared = share_weights(weight.double(), mask, 2, start)
        errors.append(float(((values - shared.codebook[shared.codes]) ** 2).sum()))
    assert min(errors) >= best - 1e-9
    assert min(errors) < 1.05 * best


# --- Huffman -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "lengths"),
    [
        ({4: 1}, {4: 1}),
        ({4: 9}, {4: 1}),  # a bit each, though nothing is left to say
        ({0: 5, 1: 5}, {0: 1, 1: 1}),
        ({0: 1, 1: 1, 2: 2}, {0: 2, 1: 2, 2: 1}),
        ({0: 1, 1: 1, 2: 1, 3: 1}, {0: 2, 1: 2, 2: 2, 3: 2}),
        ({0: 1, 1: 2, 2: 4, 3: 8, 4: 16}, {0: 4, 1: 4, 2: 3, 3: 2, 4: 1}),
        # Cormen et al., Introduction to Algorithms, the table of the chapter on Huffman codes: 224,000 bits
        ({97: 45, 98: 13, 99: 12, 100: 16, 101: 9, 102: 5}, {97: 1, 98: 3, 99: 3, 100: 3, 101: 4, 102: 4}),
    ],
)
def test_code_lengths_by_hand(counts, lengths):
    symbols = np.repeat(list(counts), list(counts.values()))
    assert huffman_code_lengths(np.random.default_rng(0).permutation(symbols)) == lengths


def test_canonical_codes_by_hand():
    # RFC 1951, section 3.2.2: lengths 3, 3, 3, 3, 3, 2, 4, 4 for A to H
    lengths = dict(zip("ABCDEFGH", (3, 3, 3, 3, 3, 2, 4, 4), strict=True))
    codes = {"A": "010", "B": "011", "C": "100", "D": "101", "E": "110", "F": "00", "G": "1110", "H": "1111"}
    assert huffman_codes(lengths) == codes
    assert huffman_codes(dict(reversed(lengths.items()))) == codes  # the order of the dict says nothing


streams = st.lists(st.integers(0, 12), min_size=1, max_size=80).map(np.array) | st.lists(
    st.integers(1, 200), min_size=1, max_size=9
).map(lambda counts: np.repeat(np.arange(len(counts)), counts))


@settings(max_examples=60, deadline=None)
@given(symbols=streams)
def test_huffman_is_complete_near_the_entropy_and_decodes(symbols):
    lengths = huffman_code_lengths(symbols)
    probabilities = {symbol: count / symbols.size for symbol, count in Counter(symbols.tolist()).items()}
    assert list(lengths) == sorted(probabilities)
    if len(lengths) > 1:
        assert sum(2.0**-bits for bits in lengths.values()) == 1  # Kraft: no code is left over
        entropy = -sum(p * math.log2(p) for p in probabilities.values())
        mean = sum(p * lengths[symbol] for symbol, p in probabilities.items())
        assert entropy - 1e-9 <= mean < entropy + 1
    codes = huffman_codes(lengths)
    assert {symbol: len(code) for symbol, code in codes.items()} == lengths
    assert decode("".join(codes[symbol] for symbol in symbols.tolist()), codes) == symbols.tolist()


def decode(bits, codes):
    symbol_of = {code: symbol for symbol, code in codes.items()}
    symbols, code = [], ""
    for bit in bits:
        code += bit
        if code in symbol_of:
            symbols.append(symbol_of[code])
            code = ""
    assert code == ""
    return symbols


@settings(max_examples=40, deadline=None)
@given(counts=st.lists(st.integers(1, 30), min_size=2, max_size=5))
def test_no_prefix_code_is_shorter(counts):
    """Every set of lengths that Kraft allows is a prefix code; try them all."""
    lengths = huffman_code_lengths(np.repeat(np.arange(len(counts)), counts))
    total = sum(count * bits for count, bits in zip(counts, lengths.values(), strict=True))
    candidates = itertools.product(range(1, len(counts)), repeat=len(counts))
    allowed = (bits for bits in candidates if sum(2.0**-b for b in bits) <= 1)
    assert total == min(sum(c * b for c, b in zip(counts, bits, strict=True)) for bits in allowed)


# --- sizes ---------------------------------------------------------------------------------------------------------


def test_compressed_size_by_hand():
    # In each of 8 rows the places 1, 4, 15 of 16 as in figure 2, with codes 0, 0, 1 and one filler.
    weight = torch.zeros(8, 16)
    weight[:, [1, 4, 15]] = torch.tensor([3.0, 3.0, 7.0])
    size = compressed_size(share_weights(weight, weight != 0, bits=1), index_bits=3)
    assert (size.weights, size.kept, size.stored) == (128, 24, 32)
    assert (size.value_bytes, size.gap_bytes, size.codebook_bytes) == (4, 12, 8)  # 32 x 1 bit, 32 x 3 bits, 2 x 4 bytes
    # A row has the symbols 0 0 filler 1 and the gaps 1 2 7 2: 2 x 1 + 2 + 2 = 6 bits each; 2 + 1 + 8 code lengths.
    assert (size.value_bytes_huffman, size.gap_bytes_huffman, size.table_bytes) == (6, 6, 11)
    assert (size.total, size.total_huffman) == (24, 31)


def test_a_survivor_of_value_zero_is_no_filler():
    weight = torch.tensor([[0.0, 0.0, 1.0, 0.0]])
    size = compressed_size(share_weights(weight, torch.ones(1, 4, dtype=torch.bool), bits=1), index_bits=2)
    assert (size.kept, size.stored, size.value_bytes_huffman) == (4, 4, 1)


@settings(max_examples=20, deadline=None)
@given(density=st.floats(0.02, 0.9), bits=st.integers(1, 6), index_bits=st.integers(1, 8), seed=st.integers(0, 99))
def test_compressed_size_adds_up(density, bits, index_bits, seed):
    weight, mask = random_weight((30, 40), density, seed)
    size = compressed_size(share_weights(weight, mask, bits), index_bits)
    relative = RelativeIndex.from_dense((weight * mask).numpy(), index_bits)
    assert (size.kept, size.stored) == (relative.nnz, relative.stored)
    assert size.value_bytes == math.ceil(relative.stored * bits / 8)
    assert size.gap_bytes == relative.nbytes - relative.data.nbytes
    assert size.gap_bytes_huffman <= size.gap_bytes
    # The filler is one symbol more than the bits of a code allow for, hence at most one bit more per value.
    assert size.value_bytes_huffman <= math.ceil(relative.stored * (bits + 1) / 8)


# --- bad input -----------------------------------------------------------------------------------------------------

CODEBOOK, CODES, MASK = np.zeros(2, np.float32), np.zeros(3, np.uint8), np.ones(3, bool)
WEIGHT, KEEP = torch.ones(2, 2), torch.ones(2, 2, dtype=torch.bool)

BAD_INPUT = [
    (
        "weight array",
        lambda: share_weights(np.ones((2, 2)), KEEP, 2),
        TypeError,
        "weight must be a torch.Tensor; got ndarray",
    ),
    (
        "weight nan",
        lambda: share_weights(WEIGHT * math.nan, KEEP, 2),
        ValueError,
        "weight must be finite where mask keeps; got nan",
    ),
    (
        "mask float",
        lambda: share_weights(WEIGHT, WEIGHT, 2),
        TypeError,
        "mask must be a bool tensor (True keeps); got dtype torch.float32",
    ),
    (
        "mask list",
        lambda: share_weights(WEIGHT, [True], 2),
        TypeError,
        "mask must be a bool tensor (True keeps); got list",
    ),
    (
        "weight too large to be summed",
        lambda: share_weights(torch.tensor([1e308, -1e308], dtype=torch.float64), KEEP[0], 2),
        ValueError,
        "weight must be small enough for its sum to be finite; got magnitudes up to 1e+308",
    ),
    (
        "symbols masked",
        lambda: huffman_code_lengths(np.ma.masked_array([1, 2, 2], [0, 1, 1])),
        TypeError,
        "symbols must be a NumPy array without a mask (.filled(0) ends it); got MaskedArray",
    ),
    (
        "lengths list",
        lambda: huffman_codes([1, 1]),
        TypeError,
        "lengths must be a dict of symbol: bits; got list",
    ),
    (
        "lengths a little too short",
        lambda: huffman_codes({0: 1, 1: 1, 2: 1200}),
        ValueError,
        "lengths must have a sum of 2**-bits of at most 1 (Kraft); got 1.0",
    ),
    (
        "mask shape",
        lambda: share_weights(WEIGHT, KEEP[0], 2),
        ValueError,
        "mask must have the shape of weight, (2, 2); got (2,)",
    ),
    (
        "mask empty",
        lambda: share_weights(WEIGHT, ~KEEP, 2),
        ValueError,
        "mask must keep at least one weight; got none of 4",
    ),
    ("bits zero", lambda: share_weights(WEIGHT, KEEP, 0), ValueError, "bits must be at least 1; got 0"),
    ("bits many", lambda: share_weights(WEIGHT, KEEP, 17), ValueError, "bits must be at most 16; got 17"),
    (
        "start",
        lambda: share_weights(WEIGHT, KEEP, 2, "forgy"),
        ValueError,
        "start must be one of linear, density, random; got 'forgy'",
    ),
    ("seed", lambda: share_weights(WEIGHT, KEEP, 2, "random", -1), ValueError, "seed must be at least 0; got -1"),
    (
        "longest",
        lambda: huffman_code_lengths(np.arange(5), longest=2),
        ValueError,
        "longest must be enough for 5 symbols; got 2 bits",
    ),
    ("bits float", lambda: share_weights(WEIGHT, KEEP, 2.0), TypeError, "bits must be an integer; got 2.0"),
    (
        "codes beyond",
        lambda: SharedWeights(CODEBOOK, CODES + np.uint8(2), MASK),
        ValueError,
        "codes must be in [0, 2); got 2",
    ),
    (
        "codes missing",
        lambda: SharedWeights(CODEBOOK, CODES[:1], MASK),
        ValueError,
        "codes must have mask.sum() = 3 entries; got 1",
    ),
    (
        "mask integer",
        lambda: SharedWeights(CODEBOOK, CODES, MASK.astype(int)),
        TypeError,
        "mask must be bool; got dtype int64",
    ),
    (
        "symbols list",
        lambda: huffman_code_lengths([1, 2]),
        TypeError,
        "symbols must be a NumPy array; got list",
    ),
    (
        "symbols float",
        lambda: huffman_code_lengths(np.ones(2)),
        TypeError,
        "symbols must be a NumPy array of integers; got dtype float64",
    ),
    (
        "symbols empty",
        lambda: huffman_code_lengths(np.ones(0, int)),
        ValueError,
        "symbols must have 1 axis and at least one entry; got shape (0,)",
    ),
    (
        "symbols 2-D",
        lambda: huffman_code_lengths(np.ones((2, 2), int)),
        ValueError,
        "symbols must have 1 axis and at least one entry; got shape (2, 2)",
    ),
    (
        "lengths too short",
        lambda: huffman_codes({0: 1, 1: 1, 2: 1}),
        ValueError,
        "lengths must have a sum of 2**-bits of at most 1 (Kraft); got 1.5",
    ),
    ("lengths zero", lambda: huffman_codes({0: 0}), ValueError, "bits must be at least 1; got 0"),
    ("shared array", lambda: compressed_size(CODES, 4), TypeError, "shared must be SharedWeights; got ndarray"),
    (
        "index bits",
        lambda: compressed_size(SharedWeights(CODEBOOK, CODES, MASK), 17),
        ValueError,
        "index_bits must be at most 16; got 17",
    ),
]


test_bad_input = bad_input_test(BAD_INPUT)
