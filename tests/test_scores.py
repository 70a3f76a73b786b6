import pytest
import torch
from bad_input import bad_input_test
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from pruning_lab.masks import mask_unstructured
from pruning_lab.scores import channel_scores, magnitude_scores, obd_scores, taylor_scores, wanda_scores

seldom = settings(max_examples=25, deadline=None)
WEIGHT = torch.tensor([[1.0, -2.0, 0.0], [-4.0, 0.5, 3.0]])


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        (magnitude_scores(WEIGHT), [[1, 2, 0], [4, 0.5, 3]]),
        (taylor_scores(WEIGHT, torch.tensor([[2.0, 1, 9], [-0.5, 0, -1]])), [[2, 2, 0], [2, 0, 3]]),
        (obd_scores(WEIGHT, torch.tensor([[2.0, 1, 9], [0.5, 0, -2]])), [[1, 2, float("-inf")], [4, 0, -9]]),
        (wanda_scores(WEIGHT, torch.tensor([[3.0, 0, 1], [-4.0, 0, 0]])), [[5, 0, 0], [20, 0, 3]]),
        (channel_scores(WEIGHT), [3, 7.5]),
        (channel_scores(torch.tensor([[3.0, 4.0], [0.0, -2.0]]), norm=2), [5, 2]),
        (channel_scores(torch.tensor([-3.0, 0.5])), [3, 0.5]),
        (channel_scores(-torch.ones(2, 3, 5, 5)), [75, 75]),
        (magnitude_scores(torch.tensor(-2.0)), 2),
    ],
)
def test_by_hand(scores, expected):
    assert torch.equal(scores, torch.tensor(expected, dtype=torch.float32))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_half_precision_is_raised_where_products_would_underflow(dtype):
    small = torch.full((2, 3), 2.0**-14, dtype=dtype)
    raised = torch.promote_types(dtype, torch.float32)
    assert magnitude_scores(small).dtype == dtype
    for scores in (taylor_scores(small, small), obd_scores(small, 2 * small), wanda_scores(small, small)):
        assert scores.dtype == raised
        assert (scores > 0).all()
    assert channel_scores(small).dtype == raised


def test_scores_leave_weight_and_graph_alone():
    weight = WEIGHT.clone().requires_grad_()
    given_scores = [
        magnitude_scores(weight),
        taylor_scores(weight, WEIGHT),
        obd_scores(weight, WEIGHT),
        wanda_scores(weight, WEIGHT),
        channel_scores(weight),
    ]
    assert not any(scores.requires_grad for scores in given_scores)
    assert torch.equal(weight, WEIGHT)


@seldom
@given(st.integers(0, 1000))
def test_taylor_and_obd_are_the_terms_of_the_loss(seed):
    """On a quadratic loss two terms are all there is: loss(w without w_i) - loss(w) = -g_i w_i + h_ii w_i^2 / 2."""
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(20, 4, generator=generator, dtype=torch.float64)
    target = torch.randn(20, generator=generator, dtype=torch.float64)
    weight = torch.randn(4, generator=generator, dtype=torch.float64, requires_grad=True)

    def loss(w):
        return (inputs @ w - target).square().sum()

    (grad,) = torch.autograd.grad(loss(weight), weight)
    hessian_diagonal = 2 * inputs.square().sum(dim=0)
    removed = torch.stack([loss(weight * (torch.arange(4) != i)) - loss(weight) for i in range(4)]).detach()
    second_order = obd_scores(weight, hessian_diagonal)
    assert torch.allclose(removed, -(grad * weight).detach() + second_order)
    assert torch.allclose((removed - second_order).abs(), taylor_scores(weight, grad))


@seldom
@given(st.integers(0, 1000), st.floats(0, 1), st.floats(0, 1))
def test_what_obd_pruned_stays_pruned_whatever_the_curvature(seed, first, second):
    first, second = sorted((first, second))
    generator = torch.Generator().manual_seed(seed)
    weight, hessian, again = torch.randn(3, 40, generator=generator)
    before = mask_unstructured(obd_scores(weight, hessian), first)
    after = mask_unstructured(obd_scores(weight * before, again), second)
    assert not (after & ~before).any()


def test_obd_says_nothing_of_a_curvature_that_is_not_known():
    assert obd_scores(torch.tensor([0.0, 1.0]), torch.tensor([float("nan"), 1.0])).isnan().tolist() == [True, False]


def test_wanda_is_the_norm_of_what_each_weight_adds_to_the_output():
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(3, 5, generator=generator, dtype=torch.float64)
    inputs = torch.randn(7, 5, generator=generator, dtype=torch.float64)
    scores = wanda_scores(weight, inputs)
    for i in range(3):
        for j in range(5):
            alone = torch.zeros_like(weight)
            alone[i, j] = weight[i, j]
            assert torch.isclose(scores[i, j], F.linear(inputs, alone).norm())


@pytest.mark.parametrize("norm", [1, 2])
def test_channel_scores_against_torch(norm):
    weight = nn.Conv2d(3, 8, 5).weight.detach()
    assert torch.allclose(channel_scores(weight, norm), weight.reshape(8, -1).norm(p=norm, dim=1))


BAD_INPUT = [
    (
        "magnitude of a list",
        lambda: magnitude_scores([1.0]),
        TypeError,
        "weight must be a torch.Tensor; got list",
    ),
    (
        "magnitude of integers",
        lambda: magnitude_scores(torch.arange(3)),
        TypeError,
        "weight must be a floating-point tensor; got dtype torch.int64",
    ),
    (
        "taylor before backward",
        lambda: taylor_scores(WEIGHT, nn.Linear(3, 2).weight.grad),
        TypeError,
        "grad must be a torch.Tensor; got NoneType",
    ),
    (
        "taylor with another shape, though it would broadcast",
        lambda: taylor_scores(WEIGHT, torch.ones(3)),
        ValueError,
        "grad must have the shape of weight (2, 3); got (3,)",
    ),
    (
        "obd with another shape",
        lambda: obd_scores(WEIGHT, torch.ones(3, 2)),
        ValueError,
        "hessian_diagonal must have the shape of weight (2, 3); got (3, 2)",
    ),
    (
        "wanda on a sequence axis",
        lambda: wanda_scores(WEIGHT, torch.ones(4, 5, 3)),
        ValueError,
        "inputs must have 2 axes; got shape (4, 5, 3)",
    ),
    (
        "wanda with another in_features",
        lambda: wanda_scores(WEIGHT, torch.ones(4, 2)),
        ValueError,
        "inputs must have as many columns as weight has in_features; got weight (2, 3) and inputs (4, 2)",
    ),
    (
        "channels of a scalar",
        lambda: channel_scores(torch.tensor(1.0)),
        ValueError,
        "weight must have at least 1 axis, out_channels first; got shape ()",
    ),
    ("channels by another norm", lambda: channel_scores(WEIGHT, norm=3), ValueError, "norm must be 1 or 2; got 3"),
    (
        "channels by a norm's name",
        lambda: channel_scores(WEIGHT, norm="l1"),
        ValueError,
        "norm must be 1 or 2; got 'l1'",
    ),
]


test_bad_input = bad_input_test(BAD_INPUT)


def test_no_samples_are_no_evidence_that_every_weight_is_worthless():
    with pytest.raises(ValueError, match=r"^inputs must hold at least one sample; got shape \(0, 3\)$"):
        wanda_scores(torch.ones(2, 3), torch.ones(0, 3))
