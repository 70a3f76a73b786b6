import copy
import io
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
import torch
from bad_input import bad_input_test
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import nn

from pruning_lab.masks import mask_global, mask_n_of_m, mask_unstructured, sparsity_of
from pruning_lab.prune import apply_masks_, hold_masks, left_out, load_masks, masks_for, prunable_weights, save_masks
from pruning_lab.scores import magnitude_scores, taylor_scores

seldom = settings(max_examples=25, deadline=None)


def ninety(scores):
    return mask_unstructured(scores, 0.9)


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(6, 20), nn.ReLU(), nn.LayerNorm(20), nn.Linear(20, 4))


def train(model, optimizer, steps=5):
    for step in range(steps):
        inputs = torch.randn(8, 6, generator=torch.Generator().manual_seed(step))
        optimizer.zero_grad()
        model(inputs).square().mean().backward()
        optimizer.step()


def zero_where_pruned(model, masks):
    return all(not model.get_parameter(name)[~mask].any() for name, mask in masks.items())


# Which weights.


class Tied(nn.Module):
    """An embedding tied to the output layer, and one hidden layer used under two names."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(9, 6)
        self.hidden = nn.Linear(6, 6)
        self.again = self.hidden
        self.output = nn.Linear(6, 9)
        self.output.weight = self.words.weight

    def forward(self, tokens):
        return self.output(self.again(torch.relu(self.hidden(self.words(tokens)))))


@pytest.mark.parametrize(
    ("model", "names"),
    [
        (nn.Linear(3, 2), ["weight"]),
        (network(), ["0.weight", "3.weight"]),
        (nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ConvTranspose1d(4, 2, 3)), ["0.weight", "2.weight"]),
        (nn.MultiheadAttention(8, 2, add_bias_kv=True), ["in_proj_weight", "out_proj.weight"]),
        (
            nn.MultiheadAttention(8, 2, kdim=4, vdim=4),
            ["q_proj_weight", "k_proj_weight", "v_proj_weight", "out_proj.weight"],
        ),
        (nn.LSTM(3, 4), ["weight_ih_l0", "weight_hh_l0"]),
        (nn.Sequential(nn.LayerNorm((4, 4)), nn.Flatten(), nn.Linear(16, 2)), ["2.weight"]),
        (Tied(), ["hidden.weight"]),
    ],
    ids=["linear", "norm", "convolution", "attention", "separate projections", "recurrent", "2-D norm", "tied"],
)
def test_prunable_weights(model, names):
    weights = prunable_weights(model)
    assert list(weights) == names
    assert all(weights[name] is model.get_parameter(name) for name in names)


class Gate(nn.Module):
    """A matrix of one's own under a name of one's own."""

    def __init__(self):
        super().__init__()
        self.gate = nn.Parameter(torch.ones(3, 2))


def test_a_weight_left_out_is_named():
    model = nn.Sequential(nn.Linear(4, 4), nn.utils.parametrizations.weight_norm(nn.Linear(4, 4)), nn.LazyLinear(2))
    with pytest.warns(UserWarning, match=r"leaves out '1.weight', computed .*; '2.weight', not initialised") as heard:
        assert list(prunable_weights(model)) == ["0.weight"]
    assert len(heard) == 1
    reasons = left_out(model)
    assert {"1.weight", "1.parametrizations.weight.original0", "2.weight", "0.bias"} <= reasons.keys()
    with pytest.warns(UserWarning, match="leaves out"):
        assert list(masks_for(model, magnitude_scores, ninety)) == ["0.weight"]


@pytest.mark.parametrize(
    ("model", "got"),
    [
        (nn.utils.parametrizations.weight_norm(nn.Linear(4, 4)), "'weight', computed from other parameters"),
        (nn.LazyLinear(3), "'weight', not initialised yet"),
        (nn.Embedding(3, 2), "'weight', an embedding"),
        (Gate(), "'gate', not called a weight by its layer"),
        (nn.Linear(3, 2, device="meta"), "'weight', on the meta device"),
    ],
)
def test_a_model_of_nothing_else_says_what_it_has(model, got):
    with pytest.raises(ValueError, match=r"model must hold at least one weight of two axes or more; got") as caught:
        prunable_weights(model)
    assert got in str(caught.value)


def test_parameters_by_name():
    model = nn.Sequential(nn.Embedding(3, 2), Gate(), nn.Linear(2, 2))
    names = ["1.gate", "0.weight", "2.bias"]
    weights = prunable_weights(model, names)
    assert list(weights) == names
    assert all(weights[name] is model.get_parameter(name) for name in names)
    masks = masks_for(model, magnitude_scores, lambda scores: mask_unstructured(scores, 0.5), names=names)
    apply_masks_(model, masks)
    assert [sparsity_of(mask) for mask in masks.values()] == [0.5] * 3
    assert zero_where_pruned(model, masks)


def test_the_parts_of_a_computed_weight_can_be_named():
    model = nn.utils.parametrizations.weight_norm(nn.Linear(4, 4))
    names = ["parametrizations.weight.original1"]
    masks = masks_for(model, magnitude_scores, lambda scores: mask_n_of_m(scores, 2, 4), names=names)
    apply_masks_(model, masks)
    assert torch.equal(model.weight != 0, masks[names[0]])


def test_masks_for_prunes_each_layer_and_leaves_the_model_alone():
    model = network()
    before = copy.deepcopy(model.state_dict())
    masks = masks_for(model, magnitude_scores, ninety)
    assert {name: sparsity_of(mask) for name, mask in masks.items()} == {"0.weight": 0.9, "3.weight": 0.9}
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert not any(mask.requires_grad for mask in masks.values())


def test_masks_for_takes_any_score_and_any_mask():
    model = network()
    model(torch.randn(8, 6)).square().mean().backward()
    masks = masks_for(
        model, lambda weight: taylor_scores(weight, weight.grad), lambda scores: mask_n_of_m(scores, 1, 2)
    )
    for name, weight in prunable_weights(model).items():
        assert torch.equal(masks[name], mask_n_of_m((weight * weight.grad).abs(), 1, 2))


def test_the_global_lines_of_the_docstring_agree():
    model = network()
    weights = prunable_weights(model)
    masks = mask_global(weights, 0.9, by_magnitude=True)
    scores = {name: magnitude_scores(weight) for name, weight in weights.items()}
    assert all(torch.equal(masks[name], mask) for name, mask in mask_global(scores, 0.9).items())
    apply_masks_(model, masks)
    assert sum(int((weight == 0).sum()) for weight in weights.values()) == 180


# Applying.


def test_apply_by_hand():
    layer = nn.Linear(3, 2)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, -2, 3], [float("inf"), float("-inf"), float("nan")]]))
    bias, parameter = layer.bias.clone(), layer.weight
    assert apply_masks_(layer, {"weight": torch.tensor([[True, False, True], [False, True, False]])}) is None
    assert layer.weight is parameter
    assert layer.weight.tolist() == [[1, 0, 3], [0, float("-inf"), 0]]
    assert not layer.weight.signbit()[0, 1]
    assert torch.equal(layer.bias, bias)
    assert layer.weight.requires_grad


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_apply_in_any_dtype_and_layout(dtype):
    layer = nn.Conv2d(4, 6, 3).to(dtype).to(memory_format=torch.channels_last)
    mask = torch.rand(layer.weight.shape) > 0.5
    expected = layer.weight.detach().clone().masked_fill(~mask, 0)
    apply_masks_(layer, {"weight": mask})
    assert torch.equal(layer.weight, expected)


@pytest.mark.parametrize("dtype", [torch.complex64, torch.complex128, torch.float8_e5m2, torch.int8, torch.bool])
def test_apply_by_name_in_every_other_dtype(dtype):
    layer = nn.Module()
    layer.own = nn.Parameter(torch.ones(2, 3).to(dtype), requires_grad=False)
    apply_masks_(layer, {"own": torch.tensor([[True, False, True], [False, True, False]])})
    assert layer.own.to(torch.complex128).real.tolist() == [[1, 0, 1], [0, 1, 0]]


def test_apply_where_memory_holds_other_numbers():
    numbers = torch.complex(torch.ones(2, 3), torch.ones(2, 3))
    mask = torch.tensor([[True, False, True], [False, True, False]])
    layer = nn.Module()
    for name, tensor in {"negated": numbers.clone().conj().imag, "conjugate": numbers.clone().conj()}.items():
        setattr(layer, name, nn.Parameter(tensor, requires_grad=False))
    assert layer.negated.is_neg()
    assert layer.conjugate.is_conj()
    apply_masks_(layer, {"negated": mask, "conjugate": mask})
    assert layer.negated.tolist() == [[-1, 0, -1], [0, -1, 0]]
    assert torch.equal(layer.conjugate != 0, mask)


def test_apply_twice_is_apply_once():
    model = network()
    masks = masks_for(model, magnitude_scores, ninety)
    apply_masks_(model, masks)
    before = copy.deepcopy(model.state_dict())
    apply_masks_(model, masks)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_nothing_changes_when_one_mask_does_not_fit():
    model = network()
    before = model[0].weight.detach().clone()
    with pytest.raises(ValueError, match="must name parameters"):
        apply_masks_(model, {"0.weight": torch.zeros(20, 6, dtype=torch.bool), "9.weight": torch.ones(1) > 0})
    assert torch.equal(model[0].weight, before)


def test_a_backward_pass_notices_that_its_weights_were_changed():
    model = network()
    loss = model(torch.randn(2, 6, requires_grad=True)).sum()
    apply_masks_(model, masks_for(model, magnitude_scores, ninety))
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@seldom
@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 99))
def test_pruned_stays_pruned(first, second, seed):
    model = network(seed)
    first, second = sorted((first, second))
    before = masks_for(model, magnitude_scores, lambda scores: mask_unstructured(scores, first))
    apply_masks_(model, before)
    after = masks_for(model, magnitude_scores, lambda scores: mask_unstructured(scores, second))
    assert not any((after[name] & ~before[name]).any() for name in after)


# Holding.

OPTIMIZERS = {
    "momentum and decay": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.1),
    "Adam": lambda p: torch.optim.Adam(p, lr=0.1, weight_decay=0.1),
    "AdamW": lambda p: torch.optim.AdamW(p, lr=0.1, amsgrad=True),
    "RMSprop": lambda p: torch.optim.RMSprop(p, lr=0.01, momentum=0.9, centered=True),
}


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_zeros_stay_zero_and_the_rest_learns(make):
    model = network()
    optimizer = make(model.parameters())
    train(model, optimizer)  # the optimizer has a history for weights that are pruned only now
    masks = masks_for(model, magnitude_scores, ninety)
    with hold_masks(model, masks, optimizer):
        assert zero_where_pruned(model, masks)
        before = copy.deepcopy(model.state_dict())
        for _ in range(4):
            train(model, optimizer, steps=1)
            assert zero_where_pruned(model, masks)
        for name, mask in masks.items():
            assert (model.get_parameter(name)[mask] != before[name][mask]).any()
        assert not torch.equal(model[0].bias, before["0.bias"])
    train(model, optimizer, steps=1)
    assert not zero_where_pruned(model, masks)  # the hook is gone, and what it held back moves


def test_the_hook_goes_on_an_exception():
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(KeyError), hold_masks(model, masks_for(model, magnitude_scores, ninety), optimizer):
        raise KeyError
    assert not optimizer._optimizer_step_post_hooks


def test_masks_that_do_not_fit_leave_no_hook():
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with (
        pytest.raises(ValueError, match="must have the weight's shape"),
        hold_masks(model, {"0.weight": torch.ones(2) > 0}, optimizer),
    ):
        pass
    assert not optimizer._optimizer_step_post_hooks


def test_masks_may_grow_while_held():
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    masks = masks_for(model, magnitude_scores, lambda scores: mask_unstructured(scores, 0.5))
    with hold_masks(model, masks, optimizer):
        train(model, optimizer)
        masks.update(masks_for(model, magnitude_scores, ninety))
        train(model, optimizer)
        assert zero_where_pruned(model, masks)
    assert {sparsity_of(mask) for mask in masks.values()} == {0.9}


def test_loading_weights_while_held_does_not_let_pruned_ones_back():
    model, dense = network(), network(seed=1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    masks = masks_for(model, magnitude_scores, ninety)
    with hold_masks(model, masks, optimizer):
        model.load_state_dict(dense.state_dict())
        train(model, optimizer, steps=1)
        assert zero_where_pruned(model, masks)


def other_optimizers(model, masks):
    """Whose steps no one would see: of another model, of a copy, of the biases only."""
    return {
        "another model's": torch.optim.SGD(network(1).parameters(), lr=0.1),
        "a copy's": torch.optim.Adam(copy.deepcopy(model).parameters()),
        "of the biases": torch.optim.AdamW([model[0].bias, model[3].bias]),
    }


@pytest.mark.parametrize("which", ["another model's", "a copy's", "of the biases"])
def test_an_optimizer_that_trains_no_masked_weight_is_refused(which):
    model = network()
    masks = masks_for(model, magnitude_scores, ninety)
    optimizer = other_optimizers(model, masks)[which]
    before = copy.deepcopy(model.state_dict())
    with (
        pytest.raises(ValueError, match=r"optimizer must train weights that have a mask; got .* trains none of them"),
        hold_masks(model, masks, optimizer),
    ):
        pass
    assert not optimizer._optimizer_step_post_hooks
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_frozen_weights_need_no_optimizer():
    model = network()
    model[0].weight.requires_grad_(False)
    masks = {"0.weight": torch.rand(20, 6) > 0.5}
    optimizer = torch.optim.SGD(model[3].parameters(), lr=0.1)
    with hold_masks(model, masks, optimizer):
        train(model, optimizer)
        assert zero_where_pruned(model, masks)


def test_masks_that_grow_onto_weights_that_are_not_trained_are_refused():
    model = network()
    masks, optimizer = {}, torch.optim.SGD([model[0].bias], lr=0.1)
    with hold_masks(model, masks, optimizer):
        train(model, optimizer, steps=1)
        masks.update(masks_for(model, magnitude_scores, ninety))
        with pytest.raises(ValueError, match="optimizer must train weights that have a mask"):
            train(model, optimizer, steps=1)


@pytest.mark.parametrize("given", ["both", "either", "the matrices'"])
def test_two_optimizers_of_one_model(given):
    """As Muon for matrices beside AdamW for the rest; here the second trains one masked weight as well."""
    model = network()
    first = torch.optim.Muon([model[0].weight], lr=0.1)
    second = torch.optim.AdamW([p for p in model.parameters() if p is not model[0].weight], lr=0.1)
    masks = masks_for(model, magnitude_scores, ninety)
    with hold_masks(model, masks, {"both": [first, second], "either": second, "the matrices'": first}[given]):
        for optimizer in (first, second) * 3:
            train(model, optimizer, steps=1)
            assert zero_where_pruned(model, masks)
    for optimizer in (first, second):
        train(model, optimizer, steps=1)
    assert not zero_where_pruned(model, {"0.weight": masks["0.weight"]})
    assert not zero_where_pruned(model, {"3.weight": masks["3.weight"]})


def test_an_optimizer_made_inside_is_followed():
    model = network()
    masks = masks_for(model, magnitude_scores, ninety)
    with hold_masks(model, masks, torch.optim.SGD(model.parameters(), lr=0.1)):
        train(model, torch.optim.Adam(model.parameters(), lr=0.1))
        assert zero_where_pruned(model, masks)


def test_models_in_threads_hold_their_own_masks():
    def held(model):
        masks = {}
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        with hold_masks(model, masks, optimizer):
            for step in range(30):
                masks.clear()  # another thread must not come upon a dict that changes
                masks.update(
                    masks_for(model, magnitude_scores, lambda scores, due=step: mask_unstructured(scores, due / 40))
                )
                train(model, optimizer, steps=1)
        return zero_where_pruned(model, masks), [weight.detach() for weight in prunable_weights(model).values()]

    models = [network(seed) for seed in range(3)]  # here: threads share one generator of random numbers
    alone = [held(copy.deepcopy(model)) for model in models]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(held, models))
    assert all(zero for zero, _ in together)
    for (_, expected), (_, weights) in zip(alone, together, strict=True):
        assert all(map(torch.equal, weights, expected))


@pytest.mark.parametrize("assign", [False, True])
def test_zeros_stay_through_loading(assign):
    model, dense = network(), network(seed=1)
    masks = masks_for(model, magnitude_scores, ninety)
    with hold_masks(model, masks, torch.optim.SGD(model.parameters(), lr=0.1)):
        model.load_state_dict(dense.state_dict(), assign=assign)
        assert zero_where_pruned(model, masks)
        assert torch.equal(model[0].weight[masks["0.weight"]], dense[0].weight[masks["0.weight"]])
        model[3].load_state_dict(network(seed=2)[3].state_dict())
        assert zero_where_pruned(model, masks)
    model.load_state_dict(network(seed=3).state_dict())
    assert not zero_where_pruned(model, masks)


def test_a_copy_and_a_file_of_a_held_model_hold_nothing():
    model = network()
    masks = masks_for(model, magnitude_scores, ninety)
    file = io.BytesIO()
    with hold_masks(model, masks, torch.optim.SGD(model.parameters(), lr=0.1)):
        twin = copy.deepcopy(model)
        torch.save(model, file)
    file.seek(0)
    for other in (twin, torch.load(file, weights_only=False)):
        before = copy.deepcopy(model.state_dict())
        other.load_state_dict(network(seed=1).state_dict())
        assert torch.equal(other[0].weight, network(seed=1)[0].weight)
        assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert not any(module._load_state_dict_post_hooks for module in model.modules())


# Plain tensors: everything else keeps working.


def test_a_shared_layer_stays_shared_and_zero():
    torch.manual_seed(0)
    model = Tied()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    masks = masks_for(model, magnitude_scores, ninety)
    with hold_masks(model, masks, optimizer):
        for _ in range(3):
            optimizer.zero_grad()
            model(torch.arange(9)).square().sum().backward()
            optimizer.step()
    assert model.again is model.hidden
    assert model.output.weight is model.words.weight
    assert zero_where_pruned(model, masks)
    assert zero_where_pruned(model, {"again.weight": masks["hidden.weight"]})


def test_a_tied_weight_answers_to_either_name():
    model = Tied()
    first, second = torch.rand(9, 6) > 0.5, torch.rand(9, 6) > 0.5
    apply_masks_(model, {"words.weight": first, "output.weight": second})
    assert torch.equal(model.output.weight != 0, first & second)


def test_deepcopy_and_state_dict():
    model = network()
    masks = masks_for(model, magnitude_scores, ninety)
    with hold_masks(model, masks, torch.optim.Adam(model.parameters())):
        twin = copy.deepcopy(model)
        file = io.BytesIO()
        torch.save(model.state_dict(), file)
    assert list(model.state_dict()) == list(network().state_dict())
    assert zero_where_pruned(twin, masks)
    train(twin, torch.optim.SGD(twin.parameters(), lr=0.1), steps=1)
    assert not zero_where_pruned(twin, masks)  # a copy is a model of its own
    file.seek(0)
    fresh = network(seed=1)
    fresh.load_state_dict(torch.load(file))
    assert zero_where_pruned(fresh, masks)


def test_compile():
    model = network()
    compiled = torch.compile(model, backend="eager")
    inputs = torch.randn(3, 6)
    compiled(inputs)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    masks = masks_for(model, magnitude_scores, ninety)
    with hold_masks(model, masks, optimizer):
        assert torch.allclose(compiled(inputs), model(inputs))
        train(compiled, optimizer)
    assert zero_where_pruned(model, masks)
    assert torch.allclose(compiled(inputs), model(inputs))


def test_export():
    model = network()
    masks = masks_for(model, magnitude_scores, ninety)
    apply_masks_(model, masks)
    inputs = torch.randn(3, 6)
    exported = torch.export.export(model, (inputs,)).module()
    assert torch.allclose(exported(inputs), model(inputs))
    assert zero_where_pruned(exported, masks)


# Saving.


@pytest.mark.parametrize("as_text", [False, True])
def test_masks_come_back_and_fit(tmp_path, as_text):
    path = tmp_path / "masks.safetensors"
    path = str(path) if as_text else path
    model = network()
    masks = masks_for(model, magnitude_scores, ninety)
    save_masks(masks, path)
    loaded = load_masks(path, model)
    assert sorted(loaded) == sorted(masks)
    assert all(torch.equal(loaded[name], mask) for name, mask in masks.items())
    assert [file.name for file in tmp_path.iterdir()] == ["masks.safetensors"]
    loaded["0.weight"].fill_(True)  # memory of its own
    assert sparsity_of(load_masks(path)["0.weight"]) == 0.9


def test_masks_of_any_layout_are_saved(tmp_path):
    mask = torch.rand(4, 6) > 0.5
    masks = {"a": mask, "b": mask, "c": mask.T, "d": mask[::2, ::3], "e": torch.tensor(True)}
    save_masks(masks, tmp_path / "masks")
    assert all(torch.equal(loaded, masks[name]) for name, loaded in load_masks(tmp_path / "masks").items())


def test_a_failed_save_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "masks"
    save_masks({"a": torch.tensor([True])}, path)

    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="no space"):
        save_masks({"a": torch.tensor([False])}, path)
    assert load_masks(path)["a"].item()
    assert [file.name for file in tmp_path.iterdir()] == ["masks"]


def test_every_truncated_file_is_refused(tmp_path):
    path = tmp_path / "masks"
    save_masks({"0.weight": torch.rand(3, 4) > 0.5, "3.weight": torch.rand(5) > 0.5}, path)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="path must be an undamaged safetensors file"):
            load_masks(path)


@seldom
@given(st.data())
def test_a_damaged_file_gives_masks_or_the_error(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "damaged"
    save_masks({"0.weight": torch.ones(3, 4) > 0, "3.weight": torch.ones(5) > 0}, path)
    damaged = bytearray(path.read_bytes())
    for place in data.draw(st.lists(st.integers(0, len(damaged) - 1), min_size=1, max_size=4)):
        damaged[place] = data.draw(st.integers(0, 255))
    path.write_bytes(damaged)
    with suppress(ValueError):  # and no other error
        assert all(mask.dtype == torch.bool for mask in load_masks(path).values())


def test_every_single_bit_counts(tmp_path):
    path = tmp_path / "masks"
    masks = {"0.weight": torch.rand(3, 4) > 0.5, "3.weight": torch.rand(5) > 0.5}
    save_masks(masks, path)
    whole = path.read_bytes()
    for place in range(8 * len(whole)):
        damaged = bytearray(whole)
        damaged[place // 8] ^= 1 << place % 8
        path.write_bytes(damaged)
        with suppress(ValueError):  # where it loads, it is what was saved: the bit was in the checksum's own name
            loaded = load_masks(path)
            assert loaded.keys() == masks.keys()
            assert all(torch.equal(loaded[name], mask) for name, mask in masks.items())


def test_a_bit_turned_in_a_mask_is_refused(tmp_path):
    path = tmp_path / "masks"
    save_masks({"weight": torch.ones(6) > 0}, path)
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    with pytest.raises(ValueError, match=r"path must be an undamaged safetensors file; got .*\(its checksum differs"):
        load_masks(path)


@pytest.mark.parametrize("metadata", [None, {"format": "pt"}])
def test_files_without_a_checksum_still_load(tmp_path, metadata):
    mask = torch.rand(4, 6) > 0.5
    save_file({"weight": mask}, tmp_path / "old", metadata)
    assert torch.equal(load_masks(tmp_path / "old")["weight"], mask)


def test_threads_that_save_to_one_path_leave_whole_files(tmp_path):
    path = tmp_path / "masks"
    masks = [{"weight": torch.full((50_000,), bool(which))} for which in range(2)]
    save_masks(masks[0], path)
    with ThreadPoolExecutor(6) as pool:
        saved = [pool.submit(save_masks, masks[which % 2], path) for which in range(60)]
        seen = [pool.submit(lambda: load_masks(path)["weight"].float().mean().item()) for _ in range(60)]
        assert {future.result() for future in seen} <= {0.0, 1.0}
        assert [future.result() for future in saved] == [None] * 60
    assert [file.name for file in tmp_path.iterdir()] == ["masks"]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load_masks(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("tensor", "dtype"),
    [(torch.ones(2), "torch.float32"), (torch.ones(2, dtype=torch.uint8), "torch.uint8")],
)
def test_a_file_of_other_tensors_is_refused(tmp_path, tensor, dtype):
    path = tmp_path / "weights"
    save_file({"a": tensor}, path)
    with pytest.raises(ValueError, match="must hold masks") as caught:
        load_masks(path)
    assert str(caught.value) == f"path must hold masks, each byte 0 or 1; got 'a' of dtype {dtype} in {path}"


def test_a_byte_that_is_not_a_bool_is_refused(tmp_path):
    path = tmp_path / "masks"
    save_masks({"a": torch.tensor([True, True])}, path)
    path.write_bytes(path.read_bytes()[:-1] + b"\x03")
    with pytest.raises(ValueError, match="each byte 0 or 1; got 'a' of dtype torch"):
        load_masks(path)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (nn.Linear(2, 3), "mask for 'weight' must have the weight's shape (3, 2); got (2, 3)"),
        (
            nn.Sequential(nn.Linear(3, 2)),
            "masks must name parameters of the model (0.weight, 0.bias); got 'weight'",
        ),
    ],
)
def test_masks_of_another_model_are_refused(tmp_path, model, message):
    save_masks({"weight": torch.ones(2, 3) > 0}, tmp_path / "masks")
    with pytest.raises(ValueError, match="mask") as caught:
        load_masks(tmp_path / "masks", model)
    assert str(caught.value) == message


LAYER, LAYER_2 = nn.Linear(3, 2), nn.Linear(2, 2)
BAD_INPUT = [
    (
        "a model that is a dict",
        lambda: prunable_weights({"weight": torch.ones(2, 2)}),
        TypeError,
        "model must be a torch.nn.Module; got dict",
    ),
    (
        "a model without weights",
        lambda: prunable_weights(nn.ReLU()),
        ValueError,
        "model must hold at least one weight of two axes or more; got ReLU",
    ),
    (
        "a score that is a tensor",
        lambda: masks_for(LAYER, LAYER.weight.abs(), ninety),
        TypeError,
        "score must be a function of a weight; got Tensor",
    ),
    (
        "a mask that is a sparsity",
        lambda: masks_for(LAYER, magnitude_scores, 0.9),
        TypeError,
        "mask must be a function of a score tensor; got float",
    ),
    (
        "a mask function that returns numbers",
        lambda: masks_for(LAYER, magnitude_scores, lambda scores: (scores > 0).float()),
        TypeError,
        "mask for 'weight' must be a bool tensor (True keeps); got dtype torch.float32",
    ),
    (
        "a mask function that returns a row",
        lambda: masks_for(LAYER, magnitude_scores, lambda scores: scores[0] > 0),
        ValueError,
        "mask for 'weight' must have the weight's shape (2, 3); got (3,)",
    ),
    (
        "masks for a model that is a parameter",
        lambda: apply_masks_(LAYER.weight, {}),
        TypeError,
        "model must be a torch.nn.Module; got Parameter",
    ),
    (
        "masks in a list",
        lambda: apply_masks_(LAYER, [torch.ones(2, 3) > 0]),
        TypeError,
        "masks must be a dict of name: bool tensor; got list",
    ),
    (
        "a mask of numbers",
        lambda: apply_masks_(LAYER, {"weight": torch.ones(2, 3)}),
        TypeError,
        "mask for 'weight' must be a bool tensor (True keeps); got dtype torch.float32",
    ),
    (
        "a mask that is a list",
        lambda: save_masks({"weight": [True]}, "nowhere/masks"),
        TypeError,
        "mask for 'weight' must be a bool tensor (True keeps); got list",
    ),
    (
        "an unknown name",
        lambda: apply_masks_(network(), {"fc9.weight": torch.ones(2, 3) > 0}),
        ValueError,
        "masks must name parameters of the model (0.weight, 0.bias, 2.weight, 2.bias, ...); got 'fc9.weight'",
    ),
    (
        "a transposed mask",
        lambda: apply_masks_(LAYER, {"weight": torch.ones(3, 2) > 0}),
        ValueError,
        "mask for 'weight' must have the weight's shape (2, 3); got (3, 2)",
    ),
    (
        "names as one text",
        lambda: prunable_weights(LAYER, "weight"),
        TypeError,
        "names must be a list of parameter names; got 'weight'",
    ),
    ("no names", lambda: prunable_weights(LAYER, []), ValueError, "names must hold at least one name; got none"),
    (
        "a name that is not there",
        lambda: prunable_weights(LAYER, ["fc.weight"]),
        ValueError,
        "names must be those of parameters; got 'fc.weight'",
    ),
    (
        "the name of a computed weight",
        lambda: prunable_weights(nn.utils.parametrizations.weight_norm(nn.Linear(2, 2)), ["weight"]),
        ValueError,
        "names must be those of parameters; got 'weight', computed from other parameters "
        "(fold it with torch.nn.utils.parametrize.remove_parametrizations)",
    ),
    (
        "a parameter under both its names",
        lambda: prunable_weights(Tied(), ["hidden.weight", "again.weight"]),
        ValueError,
        "names must hold each parameter once; got 'again.weight', named already or tied to one that is",
    ),
    (
        "a mask for a computed weight",
        lambda: apply_masks_(nn.utils.parametrizations.weight_norm(LAYER_2), {"weight": torch.ones(2, 2) > 0}),
        ValueError,
        "masks must name parameters of the model (bias, parametrizations.weight.original0, "
        "parametrizations.weight.original1); got 'weight', computed from other parameters "
        "(fold it with torch.nn.utils.parametrize.remove_parametrizations)",
    ),
    (
        "a mask for a weight without numbers",
        lambda: apply_masks_(nn.Linear(2, 2, device="meta"), {"weight": torch.ones(2, 2) > 0}),
        ValueError,
        "masks must name parameters that zeros can be written into; got 'weight', "
        "on the meta device, which holds a shape and no numbers",
    ),
    (
        "a mask without values",
        lambda: apply_masks_(LAYER, {"weight": torch.ones(2, 3, device="meta") > 0}),
        ValueError,
        "mask for 'weight' must hold numbers; got a tensor on the meta device, which has a shape only",
    ),
    (
        "a mask under a number",
        lambda: save_masks({0: torch.ones(2) > 0}, "nowhere/masks"),
        TypeError,
        "masks must have names that are text; got 0",
    ),
    (
        "a list without an optimizer",
        lambda: hold_masks(LAYER, {}, []).__enter__(),
        TypeError,
        "optimizer must be a torch.optim.Optimizer; got list",
    ),
    (
        "an optimizer that is a class",
        lambda: hold_masks(LAYER, {}, torch.optim.SGD).__enter__(),
        TypeError,
        "optimizer must be a torch.optim.Optimizer; got type",
    ),
]


test_bad_input = bad_input_test(BAD_INPUT)


def test_masks_are_saved_whatever_the_default_device(tmp_path):
    kept = torch.tensor([True, False])
    with torch.device("meta"):
        save_masks({"weight": kept}, tmp_path / "masks")
        loaded = load_masks(tmp_path / "masks")
    assert torch.equal(loaded["weight"], kept)


def test_a_name_that_the_format_keeps_for_itself_is_refused_before_it_is_lost(tmp_path):
    with pytest.raises(ValueError, match=r"^masks must not have the name '__metadata__'"):
        save_masks({"__metadata__": torch.tensor([True])}, tmp_path / "masks")
