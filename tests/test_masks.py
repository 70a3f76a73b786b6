import itertools

import numpy as np
import pytest
import torch
from bad_input import bad_input_test
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import prune

from pruning_lab.masks import keep_channels, mask_blocks, mask_global, mask_n_of_m, mask_unstructured, sparsity_of
from pruning_lab.radix_select import CHUNK

seldom = settings(max_examples=60, deadline=None)
sparsities = st.floats(0, 1)
dtypes = st.sampled_from([torch.float16, torch.bfloat16, torch.float32, torch.float64])
few_values = st.sampled_from([0.0, -0.0, 1.0, -1.0, 2.0, -2.0, float("inf"), float("-inf"), 1e-45, -1e-45, 1e-40])
numbers = st.one_of(few_values, st.floats(allow_nan=False, width=32))
score_tensors = st.builds(lambda x, dtype: torch.tensor(x, dtype=dtype), st.lists(numbers, min_size=1), dtypes)
magnitude_tensors = score_tensors.map(torch.Tensor.abs)


def by_stable_sort(scores, sparsity):
    """The rule, word for word: stable ascending order, the first round(sparsity * n) go."""
    order = sorted(range(scores.numel()), key=scores.double().reshape(-1).tolist().__getitem__)
    mask = torch.ones(scores.numel(), dtype=torch.bool)
    mask[order[: round(sparsity * scores.numel())]] = False
    return mask.reshape(scores.shape)


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


# By hand.

TEN = torch.arange(10.0)


@pytest.mark.parametrize(
    ("scores", "sparsity", "kept"),
    [
        (TEN, 0, "1111111111"),
        (TEN, 0.3, "0001111111"),
        (TEN, 1, "0000000000"),
        (-TEN, 0.3, "1111111000"),
        (TEN.flip(0), 0.5, "1111100000"),
        (torch.ones(8), 0.5, "00001111"),  # a threshold would prune none of these, or all
        (torch.zeros(10), 0.25, "0011111111"),  # round(2.5) is 2, to even
        (torch.tensor([2.0, 1, 2, 1, 2, 1]), 0.5, "101010"),
        (torch.tensor([2.0, 1, 2, 1, 2, 1]), 4 / 6, "001010"),
        (torch.tensor([0.0, -0.0, -0.0, 0.0]), 0.5, "0011"),
        (torch.tensor([float("inf"), 1, float("-inf"), 3]), 0.5, "1001"),
        (torch.tensor([float("-inf"), float("-inf"), 0]), 1 / 3, "011"),
        (torch.tensor([float("inf"), 0, float("inf")]), 2 / 3, "001"),
        (torch.tensor([5.0]), 0.5, "1"),  # round(0.5) is 0
        (torch.tensor([5.0]), 0.51, "0"),
    ],
)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_unstructured_by_hand(scores, sparsity, kept, dtype):
    assert "".join(map(str, mask_unstructured(scores.to(dtype), sparsity).int().tolist())) == kept


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_smallest_numbers_lie_on_either_side_of_zero(dtype):
    scores = torch.tensor([-0.0, 0.0, -1e-45, 1e-45], dtype=dtype)
    assert mask_unstructured(scores, 0.25).tolist() == [True, True, False, True]
    assert mask_unstructured(scores, 0.5).tolist() == [False, True, False, True]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    ("pruned", "kept"),
    [
        (0, [[[1, 1], [1, 1]], 1, [1, 1]]),
        (1, [[[1, 1], [0, 1]], 1, [1, 1]]),
        (3, [[[1, 1], [0, 0]], 0, [1, 1]]),  # zeros in the order of the dict
        (5, [[[0, 1], [0, 0]], 0, [0, 1]]),
        (7, [[[0, 0], [0, 0]], 0, [0, 0]]),
    ],
)
def test_global_by_hand(pruned, kept, dtype):
    scores = {"z": [[1.0, 4.0], [0.0, 0.0]], "a": 0.0, "c": [0.0, 9.0]}
    masks = mask_global({name: torch.tensor(x, dtype=dtype) for name, x in scores.items()}, pruned / 7)
    assert list(masks) == ["z", "a", "c"]
    assert [mask.int().tolist() for mask in masks.values()] == kept


def test_global_by_magnitude_by_hand():
    weights = {"a": torch.tensor([1.0, -4, -0.5]), "b": torch.tensor([-5.0, 0.25])}
    masks = mask_global(weights, 0.6, by_magnitude=True)
    assert [mask.tolist() for mask in masks.values()] == [[False, True, False], [True, False]]


@pytest.mark.parametrize(
    ("n", "m", "kept"),
    [
        (2, 4, [[0, 1, 1, 0, 0, 0, 1, 1], [1, 0, 0, 1, 0, 1, 0, 1]]),
        (0, 4, [[0] * 8] * 2),
        (4, 4, [[1] * 8] * 2),
        (1, 2, [[0, 1, 1, 0, 0, 1, 0, 1], [1, 0, 0, 1, 0, 1, 0, 1]]),
        (1, 8, [[0, 0, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0, 0, 1]]),
        (1, 1, [[1] * 8] * 2),
    ],
)
def test_n_of_m_by_hand(n, m, kept):
    scores = torch.tensor([[1.0, 4, 3, 2, 5, 5, 5, 5], [2, 1, 0, 9, 0, 9, 0, 9]])
    assert mask_n_of_m(scores, n, m).int().tolist() == kept


@pytest.mark.parametrize(
    ("block", "sparsity", "kept"),
    [
        ((1, 1), 0.5, [[1, 0, 0, 1], [0, 0, 1, 1]]),
        ((2, 1), 0.5, [[1, 0, 0, 1], [1, 0, 0, 1]]),  # columns sum to 9, 2, 2, 6: of the equal ones the first goes
        ((2, 1), 0.25, [[1, 0, 1, 1], [1, 0, 1, 1]]),
        ((1, 4), 0.5, [[1, 1, 1, 1], [0, 0, 0, 0]]),
        ((2, 2), 0.5, [[1, 1, 0, 0], [1, 1, 0, 0]]),
        ((2, 4), 0.5, [[1] * 4] * 2),  # round(0.5) is 0
    ],
)
def test_blocks_by_hand(block, sparsity, kept):
    scores = torch.tensor([[9.0, 1, 0.5, 3], [0, 1, 1.5, 3]])
    assert mask_blocks(scores, block, sparsity).int().tolist() == kept


def test_block_sums_do_not_overflow_half_precision():
    scores = torch.full((4, 2), 60000.0, dtype=torch.float16)
    scores[0, 1] = 50000
    assert mask_blocks(scores, (4, 1), 0.5).int().tolist() == [[1, 0]] * 4


@pytest.mark.parametrize(
    ("sparsity", "multiple_of", "kept"),
    [
        (0, 1, [0, 1, 2, 3, 4, 5]),
        (0.5, 1, [0, 3, 5]),
        (0.5, 2, [0, 2, 3, 5]),
        (0.5, 4, [0, 2, 3, 5]),
        (0.5, 16, [0, 1, 2, 3, 4, 5]),  # never more than there are
        (5 / 6, 1, [3]),
        (2 / 6, 1, [0, 2, 3, 5]),
    ],
)
def test_channels_by_hand(sparsity, multiple_of, kept):
    scores = torch.tensor([5.0, 1, 2, 9, 1, 6])
    indices = keep_channels(scores, sparsity, multiple_of)
    assert indices.dtype == torch.int64
    assert indices.tolist() == kept


def test_equal_channels_go_in_order():
    assert keep_channels(torch.ones(5), 0.4).tolist() == [2, 3, 4]


@pytest.mark.parametrize(
    ("kept", "sparsity"), [([True] * 4, 0), ([False] * 4, 1), ([[True, False], [False, False]], 0.75), (False, 1)]
)
def test_sparsity_of_by_hand(kept, sparsity):
    assert sparsity_of(torch.tensor(kept)) == sparsity


# The rule as a plain sort, on random cases.


@seldom
@given(score_tensors, sparsities)
def test_unstructured_is_a_stable_sort(scores, sparsity):
    assert torch.equal(mask_unstructured(scores, sparsity), by_stable_sort(scores, sparsity))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("by_magnitude", [False, True])
def test_radix_select_on_every_kind_of_float32(seed, by_magnitude):
    """Random bits: any exponent, both signs, subnormals; and each of them tied."""
    bits = np.random.default_rng(seed).integers(0, 1 << 32, 3000, dtype=np.uint32)
    scores = torch.from_numpy(bits.view(np.float32))
    scores = scores[~scores.isnan()].repeat(2)
    ranked = scores.abs() if by_magnitude else scores
    for sparsity in (1 / scores.numel(), 0.001, 0.25, 0.5, 0.75, 0.999, 1):
        mask = mask_global({"weight": scores}, sparsity, by_magnitude=by_magnitude)["weight"]
        assert torch.equal(mask, by_stable_sort(ranked, sparsity))


@pytest.mark.parametrize("size", [1, 2, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 5])
def test_every_count_at_the_edges_of_a_chunk(size):
    scores = normal(size).round(decimals=1)
    for pruned in range(size + 1):
        assert torch.equal(mask_unstructured(scores, pruned / size), by_stable_sort(scores, pruned / size))


@seldom
@given(st.lists(score_tensors, min_size=1, max_size=4), sparsities, st.booleans())
def test_global_ranks_as_if_joined(tensors, sparsity, by_magnitude):
    """Also of mixed dtypes: float64 holds the value of each exactly."""
    masks = mask_global(dict(enumerate(tensors)), sparsity, by_magnitude=by_magnitude)
    joined = torch.cat([scores.double() for scores in tensors])
    expected = by_stable_sort(joined.abs() if by_magnitude else joined, sparsity)
    assert torch.equal(torch.cat(list(masks.values())), expected)


@seldom
@given(st.integers(1, 4), st.integers(1, 6), st.integers(1, 5), st.data())
def test_n_of_m_is_a_stable_sort_of_each_group(rows, groups, m, data):
    n = data.draw(st.integers(0, m))
    scores = torch.tensor(data.draw(st.lists(numbers, min_size=rows * groups * m, max_size=rows * groups * m)))
    mask = mask_n_of_m(scores.reshape(rows, groups * m), n, m)
    for group, kept in zip(scores.reshape(-1, m), mask.reshape(-1, m), strict=True):
        assert torch.equal(kept, by_stable_sort(group, (m - n) / m))


@seldom
@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 4), st.integers(1, 4), sparsities, st.data())
def test_blocks_go_whole_by_their_sum(rows, columns, down, across, sparsity, data):
    size = rows * columns * down * across
    values = data.draw(st.lists(st.integers(-3, 3), min_size=size, max_size=size))
    scores = torch.tensor(values, dtype=torch.float32).reshape(rows * down, columns * across)
    blocks = list(itertools.product(range(down), range(across)))
    cut = [(slice(i * rows, (i + 1) * rows), slice(j * columns, (j + 1) * columns)) for i, j in blocks]
    expected = torch.zeros(scores.shape, dtype=torch.bool)
    for place, kept in zip(cut, by_stable_sort(torch.stack([scores[p].sum() for p in cut]), sparsity), strict=True):
        expected[place] = kept
    assert torch.equal(mask_blocks(scores, (rows, columns), sparsity), expected)


@seldom
@given(score_tensors, st.floats(0, 0.999), st.integers(1, 5))
def test_channels_are_the_survivors_and_a_multiple(scores, sparsity, multiple_of):
    if round(sparsity * scores.numel()) == scores.numel():
        return
    survivors = set(mask_unstructured(scores, sparsity).nonzero().flatten().tolist())
    kept = keep_channels(scores, sparsity, multiple_of).tolist()
    assert kept == sorted(kept)
    assert survivors <= set(kept)
    assert len(kept) % multiple_of == 0 or len(kept) == scores.numel()
    assert len(kept) < len(survivors) + multiple_of
    if multiple_of == 1:
        assert set(kept) == survivors


# Pruned stays pruned: what was set to zero scores lowest the next time.


@seldom
@given(st.lists(magnitude_tensors, min_size=1, max_size=3), sparsities, sparsities)
def test_unstructured_and_global_masks_nest(tensors, first, second):
    first, second = sorted((first, second))
    before = mask_global(dict(enumerate(tensors)), first)
    scores = {name: scores.masked_fill(~before[name], 0) for name, scores in enumerate(tensors)}
    after = mask_global(scores, second)
    assert not any((after[name] & ~before[name]).any() for name in after)
    once = mask_unstructured(tensors[0], first)
    assert not (mask_unstructured(tensors[0].masked_fill(~once, 0), second) & ~once).any()


@seldom
@given(st.lists(st.integers(0, 3), min_size=24, max_size=24), sparsities, sparsities, st.integers(0, 4), st.data())
def test_grouped_masks_nest(values, first, second, n, data):
    scores = torch.tensor(values, dtype=torch.float32).reshape(4, 6)
    first, second = sorted((first, second))
    before = mask_blocks(scores, (2, 3), first)
    assert not (mask_blocks(scores * before, (2, 3), second) & ~before).any()
    scores = scores.reshape(6, 4)
    before = mask_n_of_m(scores, n, 4)
    assert not (mask_n_of_m(scores * before, data.draw(st.integers(0, n)), 4) & ~before).any()


@seldom
@given(magnitude_tensors, st.floats(0, 0.9), st.floats(0, 0.9), st.integers(1, 4))
def test_channels_nest(scores, first, second, multiple_of):
    first, second = sorted((first, second))
    if round(second * scores.numel()) == scores.numel():
        return
    before = keep_channels(scores, first, multiple_of)
    zeroed = torch.zeros_like(scores).index_copy(0, before, scores[before])
    assert set(keep_channels(zeroed, second, multiple_of).tolist()) <= set(before.tolist())


# What torch itself prunes, where there are no ties.


@pytest.mark.parametrize("sparsity", [0.1, 0.5, 0.9])
def test_against_torch_prune(sparsity):
    first, second = nn.Linear(30, 20), nn.Conv2d(3, 8, 5)
    weights = {"first": first.weight.detach().clone(), "second": second.weight.detach().clone()}
    alone = {name: mask_unstructured(weight.abs(), sparsity) for name, weight in weights.items()}
    together = mask_global(weights, sparsity, by_magnitude=True)
    prune.global_unstructured([(first, "weight"), (second, "weight")], prune.L1Unstructured, amount=sparsity)
    assert torch.equal(together["first"], first.weight_mask.bool())
    assert torch.equal(together["second"], second.weight_mask.bool())
    for name, weight in weights.items():
        holder = nn.Module()
        holder.weight = nn.Parameter(weight)
        prune.l1_unstructured(holder, "weight", amount=sparsity)
        assert torch.equal(alone[name], holder.weight_mask.bool())


def test_channels_against_torch_prune():
    holder = nn.Module()
    holder.weight = nn.Parameter(normal(8, 3, 5, 5))
    kept = keep_channels(holder.weight.flatten(1).norm(dim=1), 0.5)
    prune.ln_structured(holder, "weight", amount=0.5, n=2, dim=0)
    assert torch.equal(kept, holder.weight_mask[:, 0, 0, 0].nonzero().flatten())


# The processor may be told to take the smallest numbers for zeros: a library built with fast math is enough.


@pytest.fixture
def flushed():
    if not torch.set_flush_denormal(True):
        pytest.skip("this processor flushes none")
    yield
    torch.set_flush_denormal(False)


TINY = {
    torch.float16: torch.arange(1, 97, dtype=torch.int16).view(torch.float16),
    torch.bfloat16: torch.arange(1, 97, dtype=torch.int16).view(torch.bfloat16),
    torch.float32: torch.arange(1, 97, dtype=torch.int32).view(torch.float32),
    torch.float64: torch.arange(1, 97, dtype=torch.int64).view(torch.float64),
}


@pytest.mark.usefixtures("flushed")
@pytest.mark.parametrize("dtype", TINY)
@pytest.mark.parametrize("by_magnitude", [False, True])
def test_flushed_denormals_are_ranked_as_they_are(dtype, by_magnitude):
    scores = TINY[dtype].flip(0).clone()
    scores[::2].neg_()
    rising = mask_global({"a": scores}, 0.25, by_magnitude=by_magnitude)["a"]
    gone = range(72, 96) if by_magnitude else range(0, 48, 2)  # the smallest; or of the negative ones the lowest
    assert (~rising).nonzero().flatten().tolist() == list(gone)
    assert (~mask_unstructured(scores, 0.25)).sum() == 24
    assert keep_channels(scores.abs(), 0.25).tolist() == list(range(72))
    assert mask_n_of_m(scores.abs(), 1, 2).reshape(-1, 2).any(dim=1).all()
    assert mask_n_of_m(TINY[dtype], 1, 2).tolist() == [False, True] * 48


@pytest.mark.usefixtures("flushed")
def test_flushed_denormals_of_mixed_dtypes():
    names = [torch.float64, torch.bfloat16, torch.float32, torch.float16]  # in the order of their smallest numbers
    masks = mask_global({str(name): TINY[name] for name in names}, 0.125)
    assert [int((~mask).sum()) for mask in masks.values()] == [48, 0, 0, 0]
    masks = mask_global(
        {"a": TINY[torch.float32], "b": -TINY[torch.float32].flip(0), "c": torch.zeros(8).double()}, 0.5
    )
    assert [int((~mask).sum()) for mask in masks.values()] == [0, 96, 4]


@pytest.mark.usefixtures("flushed")
def test_blocks_of_flushed_denormals():
    mask = mask_blocks(TINY[torch.float32].flip(0).reshape(8, 12), (2, 12), 0.5)
    assert mask[:, 0].tolist() == [True] * 4 + [False] * 4


# Groups along any axis.


@pytest.mark.parametrize("axis", range(-4, 4))
def test_groups_along_any_axis(axis):
    scores = normal(4, 8, 12, 16).abs()
    mask = mask_n_of_m(scores, 2, 4, axis=axis)
    assert mask.is_contiguous()
    assert (mask.movedim(axis, -1).reshape(-1, 4).sum(dim=1) == 2).all()
    assert torch.equal(mask.movedim(axis, -1), mask_n_of_m(scores.movedim(axis, -1), 2, 4))


def test_a_convolution_is_grouped_along_its_input_channels():
    weight = nn.Conv2d(8, 4, 3).weight.detach()
    mask = mask_n_of_m(weight.abs(), 2, 4, axis=1)
    assert (mask.unflatten(1, (2, 4)).sum(dim=2) == 2).all()


# Any layout, nothing changed.


@pytest.mark.parametrize(
    "scores",
    [
        normal(6, 8).T,
        normal(4, 6, 8)[:, ::2, 1::3],
        normal(40)[::3],
        normal(1, 5).expand(4, 5),
        normal(2, 3, 4, 4).contiguous(memory_format=torch.channels_last),
        normal(3, 4).requires_grad_(),
        normal(3, 4).double().T,
        torch.complex(normal(5), normal(5)).conj().imag,  # memory that holds the opposite sign
        torch.tensor(3.0),
    ],
    ids=["transposed", "sliced", "strided", "expanded", "channels last", "with graph", "float64", "negated", "scalar"],
)
def test_any_layout(scores):
    before = scores.detach().clone()
    for mask in (mask_unstructured(scores, 0.6), mask_global({"a": scores}, 0.6)["a"]):
        assert torch.equal(mask, by_stable_sort(before, 0.6))
        assert mask.is_contiguous()
        assert not mask.requires_grad
    assert torch.equal(scores, before)


def test_masks_share_no_memory_with_each_other_or_the_scores():
    for dtype in (torch.float32, torch.float64):
        masks = mask_global({"a": torch.ones(4, dtype=dtype), "b": torch.ones(4, dtype=dtype)}, 0.5)
        masks["a"].fill_(True)
        assert masks["b"].all()
        assert len({mask.untyped_storage().data_ptr() for mask in masks.values()}) == 2


NAN = torch.tensor([1.0, float("nan")])
A_WEIGHT = (
    "{} must be scores (a weight would rank by its sign: take magnitude_scores(weight), or "
    "mask_global(weights, sparsity, by_magnitude=True); of learnt scores .detach()); got a Parameter"
)
BAD_INPUT = [
    (
        "sparsity in percent",
        lambda: mask_unstructured(TEN, 90),
        ValueError,
        "sparsity must be in [0, 1] (0.9 prunes 90 %); got 90",
    ),
    (
        "sparsity below 0",
        lambda: mask_global({"a": TEN}, -0.1),
        ValueError,
        "sparsity must be in [0, 1] (0.9 prunes 90 %); got -0.1",
    ),
    (
        "sparsity NaN",
        lambda: mask_unstructured(TEN, float("nan")),
        ValueError,
        "sparsity must be in [0, 1] (0.9 prunes 90 %); got nan",
    ),
    (
        "sparsity as text",
        lambda: mask_blocks(TEN[None], (1, 1), "0.9"),
        TypeError,
        "sparsity must be a number in [0, 1] (0.9 prunes 90 %); got '0.9'",
    ),
    (
        "sparsity None",
        lambda: keep_channels(TEN, None),
        TypeError,
        "sparsity must be a number in [0, 1] (0.9 prunes 90 %); got None",
    ),
    (
        "scores with NaN",
        lambda: mask_unstructured(NAN, 0.5),
        ValueError,
        "scores must not hold NaN; got 1 NaN in 2 entries",
    ),
    (
        "one of several scores with NaN",
        lambda: mask_global({"a": TEN, "fc.weight": NAN}, 0.5),
        ValueError,
        "scores_by_name['fc.weight'] must not hold NaN; got 1 NaN in 2 entries",
    ),
    (
        "empty scores",
        lambda: mask_unstructured(torch.empty(0, 3), 0.5),
        ValueError,
        "scores must have at least one entry; got shape (0, 3)",
    ),
    (
        "integer scores",
        lambda: mask_unstructured(torch.arange(4), 0.5),
        TypeError,
        "scores must be a floating-point tensor; got dtype torch.int64",
    ),
    (
        "NumPy scores",
        lambda: mask_unstructured(np.ones(4), 0.5),
        TypeError,
        "scores must be a torch.Tensor; got ndarray",
    ),
    (
        "a list of tensors",
        lambda: mask_global([TEN], 0.5),
        TypeError,
        "scores_by_name must be a dict of name: tensor; got list",
    ),
    (
        "no tensors",
        lambda: mask_global({}, 0.5),
        ValueError,
        "scores_by_name must hold at least one tensor; got an empty dict",
    ),
    (
        "two devices",
        lambda: mask_global({"a": TEN, "b": torch.empty(3, device="meta")}, 0.5),
        ValueError,
        "scores_by_name must be on one device; got cpu and meta",
    ),
    ("n above m", lambda: mask_n_of_m(TEN, 5, 4), ValueError, "n must be at most m = 4; got 5"),
    ("n below 0", lambda: mask_n_of_m(TEN, -1, 4), ValueError, "n must be at least 0; got -1"),
    ("m of 0", lambda: mask_n_of_m(TEN, 0, 0), ValueError, "m must be at least 1; got 0"),
    ("m that is not an integer", lambda: mask_n_of_m(TEN, 2, 4.0), TypeError, "m must be an integer; got 4.0"),
    (
        "m that does not divide",
        lambda: mask_n_of_m(torch.ones(4, 6), 2, 4),
        ValueError,
        "scores must have a last axis divisible by m = 4; got shape (4, 6)",
    ),
    (
        "groups along the width of a kernel",
        lambda: mask_n_of_m(torch.ones(8, 4, 3, 3), 2, 4),
        ValueError,
        "scores must have a last axis divisible by m = 4 (axis=1 takes the input channels of a convolution); "
        "got shape (8, 4, 3, 3)",
    ),
    (
        "groups along an axis that m does not divide",
        lambda: mask_n_of_m(torch.ones(8, 3, 3, 3), 2, 4, axis=1),
        ValueError,
        "scores must have an axis 1 divisible by m = 4; got shape (8, 3, 3, 3)",
    ),
    (
        "an axis that is not there",
        lambda: mask_n_of_m(torch.ones(8, 4), 2, 4, axis=2),
        ValueError,
        "axis must be below 2, the number of axes; got 2",
    ),
    (
        "an axis before the first",
        lambda: mask_n_of_m(torch.ones(8, 4), 2, 4, axis=-3),
        ValueError,
        "axis must be at least -2; got -3",
    ),
    (
        "a weight for its scores, in one ranking",
        lambda: mask_global({"fc.weight": nn.Linear(3, 2).weight}, 0.5),
        TypeError,
        A_WEIGHT.format("scores_by_name['fc.weight']"),
    ),
    *(
        (f"a weight for its scores, {name}", call, TypeError, A_WEIGHT.format("scores"))
        for name, call in {
            "alone": lambda: mask_unstructured(nn.Linear(3, 2).weight, 0.5),
            "in groups": lambda: mask_n_of_m(nn.Linear(4, 2).weight, 2, 4),
            "in blocks": lambda: mask_blocks(nn.Linear(4, 2).weight, (1, 2), 0.5),
            "of channels": lambda: keep_channels(nn.BatchNorm2d(4).weight, 0.5),
        }.items()
    ),
    (
        "scores without numbers",
        lambda: mask_unstructured(torch.ones(4, device="meta"), 0.5),
        ValueError,
        "scores must hold numbers; got a tensor on the meta device, which has a shape only",
    ),
    (
        "sparse scores",
        lambda: mask_unstructured(torch.eye(4).to_sparse(), 0.5),
        TypeError,
        "scores must be a dense tensor (make it one with .to_dense()); got layout torch.sparse_coo",
    ),
    (
        "groups of a scalar",
        lambda: mask_n_of_m(torch.tensor(1.0), 1, 1),
        ValueError,
        "scores must have a last axis divisible by m = 1; got shape ()",
    ),
    (
        "blocks of a convolution",
        lambda: mask_blocks(torch.ones(4, 3, 5, 5), (4, 1), 0.5),
        ValueError,
        "scores must have 2 axes; got shape (4, 3, 5, 5)",
    ),
    (
        "a block that is one number",
        lambda: mask_blocks(torch.ones(4, 4), 4, 0.5),
        TypeError,
        "block must be a pair (rows, columns); got 4",
    ),
    (
        "a block with a 0",
        lambda: mask_blocks(torch.ones(4, 4), (0, 1), 0.5),
        ValueError,
        "block must be at least 1; got 0",
    ),
    (
        "a block that does not divide",
        lambda: mask_blocks(torch.ones(6, 8), (4, 1), 0.5),
        ValueError,
        "block must divide the shape of scores (6, 8); got (4, 1)",
    ),
    (
        "infinities of both signs in one block",
        lambda: mask_blocks(torch.tensor([[float("inf"), float("-inf")]]), (1, 2), 0.5),
        ValueError,
        "block sums of scores must not hold NaN; got 1 NaN in 1 entries",
    ),
    (
        "no channel left",
        lambda: keep_channels(torch.ones(4), 0.9),
        ValueError,
        "sparsity must leave at least one of 4 channels; got 0.9",
    ),
    (
        "channels of a weight",
        lambda: keep_channels(torch.ones(4, 3), 0.5),
        ValueError,
        "scores must have 1 axes; got shape (4, 3)",
    ),
    (
        "a multiple of 0",
        lambda: keep_channels(TEN, 0.5, multiple_of=0),
        ValueError,
        "multiple_of must be at least 1; got 0",
    ),
    (
        "the sparsity of numbers",
        lambda: sparsity_of(torch.ones(2)),
        TypeError,
        "mask must be a bool tensor (True keeps); got dtype torch.float32",
    ),
    (
        "the sparsity of a list",
        lambda: sparsity_of([True]),
        TypeError,
        "mask must be a bool tensor (True keeps); got list",
    ),
    (
        "the sparsity of nothing",
        lambda: sparsity_of(torch.ones(0, dtype=torch.bool)),
        ValueError,
        "mask must have at least one entry; got shape (0,)",
    ),
]


test_bad_input = bad_input_test(BAD_INPUT)


def test_masks_are_where_the_scores_are_whatever_the_default_device():
    scores = {"a": torch.rand(4, 4), "b": torch.rand(4, 4).double()}
    with torch.device("meta"):
        made = [mask_unstructured(scores["a"], 0.5), *mask_global(scores, 0.5).values()]
    assert all(mask.device.type == "cpu" and 0 < int(mask.sum()) < 16 for mask in made)
