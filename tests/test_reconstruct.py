"""Reconstruction of one layer, held against least squares in float64 and against examples done by hand."""

from itertools import combinations

import pytest
import torch
from bad_input import bad_input_test
from hypothesis import given, settings
from hypothesis import strategies as st

from pruning_lab.masks import mask_n_of_m, mask_unstructured
from pruning_lab.reconstruct import adjust_survivors, input_hessian, obs, obs_scores, sparsegpt
from pruning_lab.scores import obd_scores

seldom = settings(max_examples=25, deadline=None)
HESSIAN = torch.tensor([[2.0, 1.0], [1.0, 2.0]])


def layer(seed, rows=5, columns=8, samples=40):
    """A weight and correlated inputs of a linear layer, float64."""
    generator = torch.Generator().manual_seed(seed)
    draw = lambda *shape: torch.randn(*shape, generator=generator, dtype=torch.float64)  # noqa: E731
    return draw(rows, columns), draw(samples, columns) @ draw(columns, columns)


def random_mask(seed, shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) < 0.5


def error(weight, pruned, inputs):
    """The squared change of each row's output, summed over the samples and divided by their number."""
    return (inputs @ (pruned - weight).T).square().sum(0) / len(inputs)


def least_squares(weight, mask, inputs):
    """The oracle: each row's kept weights fitted anew to the outputs of the old ones."""
    fitted = torch.zeros_like(weight)
    for row, keep, new in zip(weight, mask, fitted, strict=True):
        new[keep] = torch.linalg.lstsq(inputs[:, keep], inputs @ row, driver="gelsd").solution
    return fitted


def test_the_hessian_makes_the_quadratic_form_the_mean_squared_error():
    inputs = layer(0)[1]
    step = torch.randn(8, dtype=torch.float64)
    assert torch.isclose(step @ input_hessian(inputs) @ step / 2, (inputs @ step).square().mean())


@seldom
@given(st.integers(0, 1000))
def test_adjusted_survivors_are_least_squares_on_the_kept_weights(seed):
    weight, inputs = layer(seed)
    mask = random_mask(seed, weight.shape)
    mask[0], mask[1] = False, True  # a row that loses all, and one that loses nothing
    adjusted = adjust_survivors(weight, mask, input_hessian(inputs))
    assert torch.allclose(adjusted.weight, least_squares(weight, mask, inputs), rtol=1e-6, atol=1e-8)
    assert torch.allclose(adjusted.change, error(weight, adjusted.weight, inputs), rtol=1e-6, atol=1e-10)
    assert torch.equal(adjusted.mask, mask)
    assert not adjusted.weight[~mask].any()


@seldom
@given(st.integers(0, 1000), st.sampled_from([0.0, 0.01, 1.0]))
def test_no_row_ends_worse_than_its_mask_alone(seed, damping):
    weight, inputs = layer(seed)
    mask = random_mask(seed, weight.shape)
    alone = error(weight, weight * mask, inputs)
    best = error(weight, least_squares(weight, mask, inputs), inputs)
    for result in (
        adjust_survivors(weight, mask, input_hessian(inputs), damping),
        sparsegpt(weight, input_hessian(inputs), mask=mask, damping=damping),
        sparsegpt(weight, input_hessian(inputs), sparsity=0.5, damping=damping, block=4),
        sparsegpt(weight, input_hessian(inputs), n_of_m=(2, 4), damping=damping),
        obs(weight, input_hessian(inputs), 0.5, damping),
    ):
        without = error(weight, weight * result.mask, inputs)
        assert (error(weight, result.weight, inputs) <= without * (1 + 1e-9)).all()
        if torch.equal(result.mask, mask):
            assert (error(weight, result.weight, inputs) >= best * (1 - 1e-6) - 1e-9).all()
    assert (best <= alone + 1e-9).all()


def test_a_row_that_the_sweep_would_spoil_is_left_as_its_mask_leaves_it():
    """Column 0 is a small multiple of a difference that column 1 and 2 can make: both move far, then column 2 goes."""
    generator = torch.Generator().manual_seed(0)
    one, other = torch.randn(2, 50, generator=generator, dtype=torch.float64)
    inputs = torch.stack([3 * (one - (one + 0.01 * other)), one, one + 0.01 * other], dim=1)
    inputs += 1e-5 * torch.randn(inputs.shape, generator=generator, dtype=torch.float64)
    weight, mask = torch.ones(1, 3, dtype=torch.float64), torch.tensor([[False, True, False]])
    result = sparsegpt(weight, input_hessian(inputs), mask=mask, damping=0.0)
    assert torch.equal(result.weight, weight * mask)
    assert adjust_survivors(weight, mask, input_hessian(inputs)).change < result.change / 100


def test_a_sweep_from_the_left_is_the_optimum_when_all_that_goes_stands_in_front():
    weight, inputs = layer(3)
    mask = torch.arange(8).ge(3).expand(5, 8)
    swept = sparsegpt(weight, input_hessian(inputs), mask=mask, damping=0.0)
    assert torch.allclose(swept.weight, least_squares(weight, mask, inputs), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("block", [1, 3, 4, 8, 128])
def test_blocks_of_a_given_mask_change_nothing(block):
    weight, inputs = layer(4)
    mask = random_mask(4, weight.shape)
    one = sparsegpt(weight, input_hessian(inputs), mask=mask, block=8)
    assert torch.allclose(sparsegpt(weight, input_hessian(inputs), mask=mask, block=block).weight, one.weight)


@pytest.mark.parametrize(("rows", "columns", "block"), [(5, 8, 3), (3, 7, 2), (1, 13, 128), (4, 10, 1)])
@pytest.mark.parametrize("sparsity", [0.0, 0.3, 0.5, 0.77, 1.0])
def test_exactly_so_many_weights_go(rows, columns, block, sparsity):
    weight, inputs = layer(5, rows, columns)
    pruned = sparsegpt(weight, input_hessian(inputs), sparsity=sparsity, block=block)
    assert int((~pruned.mask).sum()) == round(sparsity * weight.numel())
    assert torch.equal(pruned.weight != 0, pruned.mask)
    by_rows = obs(weight, input_hessian(inputs), sparsity)
    assert torch.equal((~by_rows.mask).sum(1), torch.full((rows,), round(sparsity * columns)))


@pytest.mark.parametrize(("n", "m"), [(2, 4), (1, 4), (4, 8), (0, 2), (3, 3)])
def test_n_of_m_is_exact(n, m):
    weight, inputs = layer(6, columns=24)
    pruned = sparsegpt(weight, input_hessian(inputs), n_of_m=(n, m))
    assert (pruned.mask.reshape(-1, m).sum(1) == n).all()
    assert torch.equal(pruned.mask, mask_n_of_m(pruned.weight.abs(), n, m))


def test_without_correlations_nothing_is_repaired_and_obs_is_obd():
    weight, hessian = layer(7)[0], torch.diag(torch.arange(1.0, 9).double())
    assert torch.allclose(obs_scores(weight, hessian), obd_scores(weight, hessian.diagonal().expand(5, 8)))
    mask = mask_unstructured(obs_scores(weight, hessian), 0.5)
    assert torch.equal(adjust_survivors(weight, mask, hessian).weight, weight * mask)
    assert torch.equal(sparsegpt(weight, hessian, sparsity=0.5, block=8, damping=0.0).mask, mask)


def test_each_obs_score_is_the_change_when_that_weight_alone_goes():
    weight, inputs = layer(8, rows=1)
    scores = obs_scores(weight, input_hessian(inputs))
    for column in range(8):
        mask = (torch.arange(8) != column)[None]
        change = adjust_survivors(weight, mask, input_hessian(inputs)).change
        assert torch.allclose(scores[:, column], change, rtol=1e-6)


def test_each_step_of_obs_takes_what_costs_least_after_all_others_have_adjusted():
    weight, inputs = layer(9, rows=1)
    hessian, mask = input_hessian(inputs), torch.ones(1, 8, dtype=torch.bool)
    for step in range(1, 6):
        tried = [mask & (torch.arange(8) != column) for column in range(8)]
        cost = [
            adjust_survivors(weight, one, hessian).change if mask[0, q] else torch.inf for q, one in enumerate(tried)
        ]
        mask = tried[min(range(8), key=cost.__getitem__)]
        assert torch.equal(obs(weight, hessian, step / 8).mask, mask)


def test_obs_is_greedy_so_some_other_mask_may_be_better_but_none_is_missed_by_least_squares():
    weight, inputs = layer(9, rows=2)
    hessian, three = input_hessian(inputs), obs(weight, input_hessian(inputs), 3 / 8)
    masks = [
        torch.ones(2, 8, dtype=torch.bool).index_fill(1, torch.tensor(gone), False)
        for gone in combinations(range(8), 3)
    ]
    best = torch.stack([adjust_survivors(weight, mask, hessian).change for mask in masks]).min(0).values
    assert (best <= three.change * (1 + 1e-9)).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_the_weight_keeps_its_dtype_and_the_arguments_their_numbers(dtype):
    weight, inputs = layer(10)
    weight, hessian = weight.to(dtype), input_hessian(inputs)
    before, mask = (weight.clone(), hessian.clone()), random_mask(1, weight.shape)
    results = [
        adjust_survivors(weight, mask, hessian),
        obs(weight, hessian, 0.5),
        sparsegpt(weight, hessian, mask=mask),
        sparsegpt(weight, hessian, sparsity=0.5),
    ]
    assert {result.weight.dtype for result in results} == {dtype}
    assert obs_scores(weight, hessian).dtype == torch.promote_types(dtype, torch.float32)
    assert torch.equal(weight, before[0])
    assert torch.equal(hessian, before[1])


def test_fewer_samples_than_inputs_need_damping():
    weight, inputs = layer(11, samples=3)
    with pytest.raises(ValueError, match=r"^hessian must be positive definite \(more damping helps"):
        sparsegpt(weight, input_hessian(inputs), sparsity=0.5, damping=0.0)
    repaired = sparsegpt(weight, input_hessian(inputs), sparsity=0.5)
    assert error(weight, repaired.weight, inputs).sum() < error(weight, weight * repaired.mask, inputs).sum() / 10


ONES = torch.ones(1, 2)
KEEP = torch.tensor([[True, False]])
BAD_INPUT = [
    (
        "inputs of integers",
        lambda: input_hessian(torch.ones(2, 2, dtype=torch.int64)),
        TypeError,
        "inputs must be a floating-point tensor; got dtype torch.int64",
    ),
    (
        "inputs of three axes",
        lambda: input_hessian(torch.ones(2, 2, 2)),
        ValueError,
        "inputs must have 2 axes; got shape (2, 2, 2)",
    ),
    (
        "no inputs",
        lambda: input_hessian(torch.ones(0, 2)),
        ValueError,
        "inputs must hold at least one sample; got shape (0, 2)",
    ),
    (
        "NaN among the inputs",
        lambda: input_hessian(torch.tensor([[1.0, float("nan")]])),
        ValueError,
        "inputs must be finite; got 1 NaN or infinite entries",
    ),
    (
        "a convolution's weight",
        lambda: obs_scores(torch.ones(2, 3, 3, 3), HESSIAN),
        ValueError,
        "weight must have 2 axes; got shape (2, 3, 3, 3)",
    ),
    (
        "an empty weight",
        lambda: obs_scores(torch.ones(0, 2), HESSIAN),
        ValueError,
        "weight must have at least one entry; got shape (0, 2)",
    ),
    (
        "the inputs in place of their Hessian",
        lambda: obs_scores(ONES, torch.ones(5, 2)),
        ValueError,
        "hessian must be square, as large as the columns of weight (1, 2); got shape (5, 2)",
    ),
    (
        "a Hessian of another layer",
        lambda: sparsegpt(ONES, torch.eye(3), sparsity=0.5),
        ValueError,
        "hessian must be square, as large as the columns of weight (1, 2); got shape (3, 3)",
    ),
    (
        "a lopsided Hessian",
        lambda: obs_scores(ONES, torch.tensor([[2.0, 1.0], [0.5, 2.0]])),
        ValueError,
        "hessian must be symmetric; got entries that differ from their mirror by up to 0.5",
    ),
    (
        "a Hessian with a negative eigenvalue",
        lambda: obs(ONES, torch.tensor([[1.0, 2.0], [2.0, 1.0]]), 0.5),
        ValueError,
        "hessian must be positive definite (more damping helps, or 2 X^T X of more samples); "
        "got a smallest eigenvalue of -1",
    ),
    (
        "an infinite Hessian",
        lambda: obs(ONES, torch.full((2, 2), float("inf")), 0.5),
        ValueError,
        "hessian must be finite; got 4 NaN or infinite entries",
    ),
    (
        "damping below 0",
        lambda: obs_scores(ONES, HESSIAN, damping=-0.1),
        ValueError,
        "damping must be a finite number, 0 or more; got -0.1",
    ),
    (
        "damping that is no number",
        lambda: obs_scores(ONES, HESSIAN, damping="little"),
        TypeError,
        "damping must be a number, 0 or more; got 'little'",
    ),
    (
        "a mask of numbers",
        lambda: adjust_survivors(ONES, torch.ones(1, 2), HESSIAN),
        TypeError,
        "mask must be a bool tensor (True keeps); got dtype torch.float32",
    ),
    (
        "a mask of another shape",
        lambda: adjust_survivors(ONES, KEEP.T, HESSIAN),
        ValueError,
        "mask must have the shape of weight (1, 2); got (2, 1)",
    ),
    (
        "a sparsity in percent",
        lambda: obs(ONES, HESSIAN, 50),
        ValueError,
        "sparsity must be in [0, 1] (0.9 prunes 90 %); got 50",
    ),
    (
        "nothing that says what goes",
        lambda: sparsegpt(ONES, HESSIAN),
        ValueError,
        "sparsity must be given, or n_of_m, or mask, and one alone; got none",
    ),
    (
        "two that say what goes",
        lambda: sparsegpt(ONES, HESSIAN, sparsity=0.5, mask=KEEP),
        ValueError,
        "sparsity must be given, or n_of_m, or mask, and one alone; got sparsity and mask",
    ),
    (
        "n_of_m as one number",
        lambda: sparsegpt(ONES, HESSIAN, n_of_m=2),
        TypeError,
        "n_of_m must be a pair (n, m), such as (2, 4); got 2",
    ),
    (
        "n above m",
        lambda: sparsegpt(ONES, HESSIAN, n_of_m=(3, 2)),
        ValueError,
        "n must be at most m = 2; got 3",
    ),
    (
        "groups that do not divide the row",
        lambda: sparsegpt(ONES, HESSIAN, n_of_m=(2, 4)),
        ValueError,
        "n_of_m must have an m that divides the columns of weight, 2; got (2, 4)",
    ),
    (
        "no block",
        lambda: sparsegpt(ONES, HESSIAN, sparsity=0.5, block=0),
        ValueError,
        "block must be at least 1; got 0",
    ),
]
test_bad_input = bad_input_test(BAD_INPUT)


def test_the_count_is_that_of_all_entries_where_a_product_of_three_numbers_rounds_elsewhere():
    """0.3 * 45 is 13.5, and 0.3 * 3 * 15 is a little less."""
    weight = torch.linspace(1, 2, 45).reshape(3, 15)
    for block in (1, 4, 128):
        assert int((~sparsegpt(weight, torch.eye(15), sparsity=0.3, block=block).mask).sum()) == round(0.3 * 45)


def test_survivors_that_grow_beyond_half_precision_are_refused():
    hessian = torch.tensor([[2.0, 1.9], [1.9, 2.0]])
    weight, mask = torch.tensor([[6e4, 6e4]]), torch.tensor([[True, False]])
    assert adjust_survivors(weight, mask, hessian).weight[0, 0] > 1e5
    with pytest.raises(ValueError, match=r"weight must be of a dtype that holds its adjusted .*got torch.float16"):
        adjust_survivors(weight.half(), mask, hessian)
