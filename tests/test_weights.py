"""What a prunable weight is: each kind of module, with what is left out and why."""

import copy

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune, spectral_norm, weight_norm

from pruning_lab.measure import count_weights
from pruning_lab.prune import left_out, prunable_weights
from pruning_lab.weights import cannot_be_zeroed, find_weights

pytestmark = pytest.mark.filterwarnings("ignore")  # torch says of many of these ways that they are old


class Tied(nn.Module):
    """An output layer tied to an embedding, and one hidden layer under two names."""

    def __init__(self):
        super().__init__()
        self.words, self.hidden, self.output = nn.Embedding(9, 6), nn.Linear(6, 6), nn.Linear(6, 9)
        self.again, self.output.weight = self.hidden, self.words.weight

    def forward(self, tokens):
        return self.output(self.again(torch.relu(self.hidden(self.words(tokens)))))


class Computed(nn.Module):
    """A weight that a property computes."""

    def __init__(self):
        super().__init__()
        self.weight_raw = nn.Parameter(torch.ones(3, 2))

    @property
    def weight(self):
        return self.weight_raw.tanh()


class Own(nn.Module):
    def __init__(self, **parameters):
        super().__init__()
        for name, parameter in parameters.items():
            setattr(self, name, nn.Parameter(parameter, requires_grad=parameter.is_floating_point()))


def prunable(model):
    return [weight.name for weight in find_weights(model) if not weight.left_out]


def counted(model):
    """The entries of all weights that are multiplied, in whatever form the model holds them."""
    return sum(weight.shape.numel() for weight in find_weights(model) if weight.multiplied)


def reasons(model):
    return {weight.name: weight.left_out for weight in find_weights(model) if weight.left_out and weight.multiplied}


def with_buffer():
    layer = nn.Linear(3, 2)
    del layer.weight
    layer.register_buffer("weight", torch.ones(2, 3))
    return layer


def same_memory():
    first, second = nn.Linear(3, 3), nn.Linear(3, 3)
    second.weight = nn.Parameter(first.weight.data)
    return nn.Sequential(first, second)


def output_first():
    words = nn.Embedding(4, 3)
    output = nn.Linear(3, 4)
    output.weight = words.weight
    return nn.Sequential(output, words)


@pytest.mark.parametrize(
    ("make", "names", "count"),
    [
        (
            lambda: nn.Sequential(nn.Linear(4, 3), nn.LayerNorm((3, 3)), nn.Conv2d(1, 2, 3)),
            ["0.weight", "2.weight"],
            30,
        ),
        (lambda: nn.MultiheadAttention(8, 2), ["in_proj_weight", "out_proj.weight"], 256),
        (lambda: nn.LSTM(3, 4), ["weight_ih_l0", "weight_hh_l0"], 112),
        (lambda: Tied(), ["hidden.weight"], 90),  # the output layer multiplies, but a lookup reads the same rows
        (lambda: output_first(), [], 12),
        (lambda: same_memory(), ["0.weight"], 9),
        (lambda: nn.Sequential(nn.Linear(3, 3), parametrizations.weight_norm(nn.Linear(3, 3))), ["0.weight"], 18),
        (lambda: nn.Sequential(*(parametrizations.weight_norm(nn.Linear(10, 10)) for _ in range(4))), [], 400),
        (lambda: nn.Sequential(*[parametrizations.orthogonal(nn.Linear(4, 4))] * 2), [], 16),
        (lambda: weight_norm(nn.Linear(3, 2)), [], 6),
        (lambda: spectral_norm(nn.Linear(3, 2)), [], 6),
        (lambda: prune.identity(nn.Linear(3, 2), "weight"), [], 6),
        (lambda: prune.identity(nn.Linear(3, 2), "bias"), ["weight"], 6),
        (lambda: weight_norm(nn.LSTM(3, 4), "weight_hh_l0"), ["weight_ih_l0"], 112),
        (lambda: Computed(), [], 6),
        (lambda: with_buffer(), [], 6),
        (lambda: Own(weight=torch.ones(2, 2), code_weight=torch.ones(2, 2, dtype=torch.int8)), ["weight"], 8),
        (lambda: Own(weight=torch.ones(2, 2, dtype=torch.complex64)), [], 4),
        (lambda: Own(weight=torch.ones(2, 2, device="meta")), [], 4),
        (lambda: Own(weight=torch.eye(2).to_sparse_csr()), [], 4),
        (lambda: Own(weight=torch.ones(2, 2), proj=torch.ones(9, 9)), ["weight"], 4),
        (lambda: torch.jit.script(nn.Sequential(nn.Linear(3, 2), nn.LayerNorm((2, 2)))), ["0.weight"], 6),
        (lambda: torch.jit.script(nn.Embedding(3, 2)), [], 0),
        (lambda: torch.fx.symbolic_trace(nn.Sequential(nn.Embedding(3, 2), nn.Linear(2, 2))), ["1.weight"], 4),
    ],
)
def test_prunable_and_counted(make, names, count):
    model = make()
    assert prunable(model) == names
    assert counted(model) == count


@pytest.mark.parametrize(
    ("make", "name", "words"),
    [
        (lambda: parametrizations.weight_norm(nn.Linear(3, 2)), "weight", "parametrize.remove_parametrizations"),
        (lambda: weight_norm(nn.Linear(3, 2)), "weight", "remove_weight_norm"),
        (lambda: spectral_norm(nn.Linear(3, 2)), "weight", "remove_spectral_norm"),
        (lambda: prune.identity(nn.Linear(3, 2), "weight"), "weight", "prune.remove"),
        (lambda: nn.Sequential(nn.LazyLinear(3)), "0.weight", "run the model once"),
        (lambda: nn.LazyConv2d(3, 3), "weight", "run the model once"),
        (lambda: Own(weight=torch.eye(2).to_sparse_csr()), "weight", "to_dense"),
        (lambda: Own(weight=torch.ones(2, 2, device="meta")), "weight", "meta device"),
        (lambda: Own(weight=torch.ones(2, 2, dtype=torch.complex64)), "weight", "not a real"),
        (lambda: Own(weight=torch.ones(2, 2, dtype=torch.int8)), "weight", "not a real"),
        (lambda: with_buffer(), "weight", "not a parameter"),
        (lambda: torch.export.export(nn.Linear(3, 2), (torch.ones(1, 3),)).module(), "weight", "exported"),
        (lambda: torch.jit.freeze(torch.jit.script(nn.Linear(3, 2).eval())), "model", "frozen"),
    ],
)
def test_what_is_left_out_is_named_with_its_reason(make, name, words):
    left_out = reasons(make())
    assert list(left_out) == [name]
    assert words in left_out[name]


def test_packed_weights_are_named():
    model = torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(4, 4), nn.LSTM(4, 4)), {nn.Linear, nn.LSTM})
    assert list(reasons(model)) == ["0.weight", "1.weight"]


def test_shared_tensors_are_named_by_the_first_name():
    found = {weight.name: weight.left_out for weight in find_weights(Tied())}
    assert found["again.weight"] == "the same tensor as 'hidden.weight'"
    assert found["output.weight"] == "the same tensor as 'words.weight', an embedding"


def test_looking_changes_nothing():
    model = parametrizations.spectral_norm(nn.Linear(4, 4)).train()
    before = copy.deepcopy(model.state_dict())
    find_weights(model)
    assert model.training
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64, torch.float8_e4m3fn])
def test_any_dense_float_is_prunable(dtype):
    assert prunable(Own(weight=torch.ones(2, 2).to(dtype))) == ["weight"]


def test_expanded_memory_cannot_be_zeroed_entry_by_entry():
    assert "clone" in cannot_be_zeroed(torch.ones(1, 3).expand(2, 3))
    assert cannot_be_zeroed(torch.ones(2, 3).T) == ""


def test_a_parametrized_layer_is_whole_again_once_folded():
    layer = parametrizations.weight_norm(nn.Linear(3, 2))
    parametrize.remove_parametrizations(layer, "weight")
    assert prunable(layer) == ["weight"]


def test_a_weight_tied_through_a_view_of_its_memory_comes_once():
    model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 4))
    model[2].weight = nn.Parameter(model[0].weight.data.T)
    assert list(prunable_weights(model)) == ["0.weight"]
    assert left_out(model)["2.weight"] == "the same tensor as '0.weight'"
    assert count_weights(model) == 24
    with pytest.raises(ValueError, match=r"^names must hold each parameter once; got '2.weight'"):
        prunable_weights(model, names=["0.weight", "2.weight"])


def test_weights_cut_from_one_block_of_memory_are_each_their_own():
    flat = torch.randn(32)
    model = nn.Sequential(nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False))
    model[0].weight, model[1].weight = nn.Parameter(flat[:16].view(4, 4)), nn.Parameter(flat[16:].view(4, 4))
    model.register_parameter("flat", nn.Parameter(flat))
    assert list(prunable_weights(model)) == ["0.weight", "1.weight"]
