"""Codebooks that learn: gradients summed over a cluster, and weights that stay together."""

import copy

import pytest
import torch
from bad_input import bad_input_test
from torch import nn

from pruning_lab import train
from pruning_lab.compress import hold_shared, share_weights

X, Y = torch.randn(64, 6, generator=torch.Generator().manual_seed(1)), torch.arange(64) % 3


def shared_model(bits=2):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 3))
    kept = {"0.weight": torch.rand(16, 6) < 0.6, "2.weight": torch.rand(3, 16) < 0.6}
    return model, {name: share_weights(model.get_parameter(name), mask, bits) for name, mask in kept.items()}


def loss_of(model):
    return nn.functional.cross_entropy(model(X), Y)


def test_the_gradient_of_a_shared_value_is_the_sum_over_its_cluster():
    """Against autograd itself, with the weight written as codebook[codes]."""
    model, shared = shared_model()
    with hold_shared(model, shared):
        loss_of(model).backward()
    codebooks = {name: torch.tensor(it.codebook, requires_grad=True) for name, it in shared.items()}
    weights = {}
    for name, it in shared.items():
        values = codebooks[name][torch.from_numpy(it.codes.astype("int64"))]
        weights[name] = torch.zeros(it.mask.shape).masked_scatter(torch.from_numpy(it.mask), values)
    logits = torch.func.functional_call(model, weights, (X,))
    nn.functional.cross_entropy(logits, Y).backward()
    for name, it in shared.items():
        mine, mask = model.get_parameter(name).grad, torch.from_numpy(it.mask)
        expected = codebooks[name].grad[torch.from_numpy(it.codes.astype("int64"))]
        torch.testing.assert_close(mine[mask], expected)
        assert not mine[~mask].any()


def test_by_hand_as_in_the_papers_figure_3():
    weight = torch.tensor([[2.09, -0.98, 1.48, 0.09], [0.05, -0.14, -1.08, 2.12]])
    gradient = torch.tensor([[-0.03, -0.01, 0.03, 0.02], [-0.01, 0.01, -0.02, 0.12]])
    layer = nn.Linear(4, 2, bias=False)
    layer.weight.data = weight.clone()
    shared = {"weight": share_weights(weight, torch.ones(2, 4, dtype=torch.bool), bits=2)}
    with hold_shared(layer, shared):
        (layer.weight * gradient).sum().backward()
        torch.optim.SGD(layer.parameters(), lr=1.0).step()
    assert shared["weight"].codes.tolist() == [3, 0, 2, 1, 1, 1, 0, 3]
    new = torch.from_numpy(shared["weight"].codebook) - torch.tensor([-0.03, 0.02, 0.03, 0.09])
    torch.testing.assert_close(layer.weight.detach().reshape(-1), new[[3, 0, 2, 1, 1, 1, 0, 3]])


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda parameters: torch.optim.SGD(parameters, lr=0.05, momentum=0.9, weight_decay=0.1),
        lambda parameters: torch.optim.Adam(parameters, lr=0.01),
        lambda parameters: torch.optim.AdamW(parameters, lr=0.01),
    ],
    ids=["SGD", "Adam", "AdamW"],
)
def test_a_cluster_moves_as_one_and_zeros_stay(optimizer):
    model, shared = shared_model()
    made = optimizer(model.parameters())
    with hold_shared(model, shared):
        before = loss_of(model).item()
        for _ in range(20):
            made.zero_grad()
            loss_of(model).backward()
            made.step()
            for name, it in shared.items():
                weight = model.get_parameter(name).detach()
                survivors = weight[torch.from_numpy(it.mask)]
                assert not weight[~torch.from_numpy(it.mask)].any()
                for code in range(it.codebook.size):
                    assert survivors[torch.from_numpy(it.codes == code)].unique().numel() <= 1
    assert loss_of(model).item() < before


def test_fit_trains_codebooks():
    model, shared = shared_model()
    with hold_shared(model, shared):
        start = loss_of(model).item()
        train.fit(model, (X, Y), epochs=5, learning_rate=0.01, progress=False)
    assert loss_of(model).item() < start
    assert model.get_parameter("0.weight").unique().numel() <= 5


def test_afterwards_the_weights_are_free():
    model, shared = shared_model()
    with hold_shared(model, shared):
        pass
    loss_of(model).backward()
    assert model.get_parameter("0.weight").grad.unique().numel() > 20
    torch.optim.SGD(model.parameters(), lr=0.1).step()
    assert model.get_parameter("0.weight").unique().numel() > 20


def test_steps_of_another_model_change_nothing():
    model, shared = shared_model()
    other = copy.deepcopy(model)
    optimizer = torch.optim.SGD(other.parameters(), lr=0.1)
    loss_of(other).backward()
    with hold_shared(model, shared), torch.no_grad():
        model.get_parameter("0.weight")[0, 0] = 9.0
        optimizer.step()
        assert model.get_parameter("0.weight")[0, 0] == 9.0


LAYER = nn.Linear(4, 2)
SHARED = share_weights(LAYER.weight, torch.ones(2, 4, dtype=torch.bool), bits=2)


def held(model, shared):
    with hold_shared(model, shared):
        pass


BAD_INPUT = [
    ("model", lambda: held({}, {}), TypeError, "model must be a torch.nn.Module; got dict"),
    ("list", lambda: held(LAYER, [SHARED]), TypeError, "shared must be a dict of name: SharedWeights; got list"),
    (
        "mask",
        lambda: held(LAYER, {"weight": LAYER.weight != 0}),
        TypeError,
        "shared must hold SharedWeights; got 'weight': Tensor",
    ),
    ("name", lambda: held(LAYER, {"fc": SHARED}), ValueError, "shared must name parameters of the model; got 'fc'"),
    (
        "shape",
        lambda: held(LAYER, {"bias": SHARED}),
        ValueError,
        "shared for 'bias' must have the weight's shape (2,); got (2, 4)",
    ),
]
test_bad_input = bad_input_test(BAD_INPUT)
