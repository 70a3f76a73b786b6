import copy
from itertools import chain, combinations

import numpy as np
import pytest
import torch
from bad_input import bad_input_test
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import parametrizations, prune

from pruning_lab.layers import HeadAttention, shrink_attention, shrink_batchnorm2d, shrink_conv2d, shrink_linear

seldom = settings(max_examples=25, deadline=None)


def subsets(size):
    """Every sorted, non-empty choice from `size` channels."""
    return [list(c) for c in chain.from_iterable(combinations(range(size), k) for k in range(1, size + 1))]


def keeps(size):
    """A random one of them, as a tensor."""
    return st.sets(st.integers(0, size - 1), min_size=1).map(sorted).map(torch.tensor)


def randomised(layer, seed=0):
    """The layer in float64 with nothing left at a special value: ones and zeros would hide mistakes."""
    generator = torch.Generator().manual_seed(seed)
    layer = layer.double()
    with torch.no_grad():
        for tensor in chain(layer.parameters(), layer.buffers()):
            if tensor.is_floating_point():
                tensor.copy_(torch.rand(tensor.shape, generator=generator, dtype=tensor.dtype) + 0.5)
    return layer


def masked(layer, keep_in, keep_out):
    """The layer with the weights of removed channels set to zero. Dense weights only: (out, in, ...)."""
    twin = copy.deepcopy(layer)
    gone_in, gone_out = gone(keep_in, layer.weight.shape[1]), gone(keep_out, layer.weight.shape[0])
    with torch.no_grad():
        twin.weight[:, gone_in] = 0
        twin.weight[gone_out] = 0
        if twin.bias is not None:
            twin.bias[gone_out] = 0
    return twin


def gone(keep, size):
    return [index for index in range(size) if index not in keep]


def values_and_gradients(layer, x, keep_out=None, axis=1):
    """The outputs that are kept, and the gradients of a sum of them with fixed random factors."""
    x = x.clone().requires_grad_()
    output = layer(x)
    output = output if keep_out is None else output.index_select(axis, torch.as_tensor(keep_out))
    factors = torch.rand(output.shape, generator=torch.Generator().manual_seed(1), dtype=output.dtype)
    layer.zero_grad()
    (output * factors).sum().backward()
    return output.detach(), x.grad, {name: parameter.grad for name, parameter in layer.named_parameters()}


def assert_shares_nothing(smaller, layer):
    ours = {tensor.untyped_storage().data_ptr() for tensor in chain(smaller.parameters(), smaller.buffers())}
    assert not ours & {tensor.untyped_storage().data_ptr() for tensor in chain(layer.parameters(), layer.buffers())}


# --- Linear ---


def test_linear_by_hand():
    layer = nn.Linear(3, 2)
    layer.weight.data, layer.bias.data = torch.tensor([[1.0, 2, 3], [4, 5, 6]]), torch.tensor([7.0, 8])
    smaller = shrink_linear(layer, keep_in=[0, 2], keep_out=[1])
    assert smaller.weight.tolist() == [[4, 6]]
    assert smaller.bias.tolist() == [8]
    assert (smaller.in_features, smaller.out_features) == (2, 1)


@seldom
@given(keep_in=keeps(6), keep_out=keeps(5), bias=st.booleans())
def test_linear_equals_the_masked_layer_in_values_and_gradients(keep_in, keep_out, bias):
    layer = randomised(nn.Linear(6, 5, bias=bias))
    x = torch.rand(4, 6, dtype=torch.float64)
    smaller = shrink_linear(layer, keep_in, keep_out)
    y, dx, grads = values_and_gradients(smaller, x[:, keep_in])
    y_masked, dx_masked, grads_masked = values_and_gradients(masked(layer, keep_in, keep_out), x, keep_out)
    torch.testing.assert_close(y, y_masked)
    torch.testing.assert_close(dx, dx_masked[:, keep_in])
    torch.testing.assert_close(grads["weight"], grads_masked["weight"][keep_out][:, keep_in])
    if bias:
        torch.testing.assert_close(grads["bias"], grads_masked["bias"][keep_out])


# --- Convolution ---


def conv_by_loops(layer, keep_in, keep_out):
    """A dense convolution with the masked weights of a grouped one, written out filter by filter."""
    dense = nn.Conv2d(
        layer.in_channels,
        layer.out_channels,
        layer.kernel_size,
        layer.stride,
        layer.padding,
        layer.dilation,
        bias=layer.bias is not None,
        padding_mode=layer.padding_mode,
    ).double()
    inputs, outputs = layer.in_channels // layer.groups, layer.out_channels // layer.groups
    with torch.no_grad():
        dense.weight.zero_()
        for out in keep_out:
            for position in range(inputs):
                if (channel := out // outputs * inputs + position) in keep_in:
                    dense.weight[out, channel] = layer.weight[out, position]
            if layer.bias is not None:
                dense.bias[out] = layer.bias[out]
    return dense


def fits(layer, keep_in, keep_out):
    """Does every group stay with the same numbers of inputs and outputs, or go?"""
    inputs, outputs = layer.in_channels // layer.groups, layer.out_channels // layer.groups
    sizes = {
        (sum(i // inputs == g for i in keep_in), sum(o // outputs == g for o in keep_out)) for g in range(layer.groups)
    }
    left = sizes - {(0, 0)}
    return len(left) == 1 and 0 not in left.pop()


CONVOLUTIONS = {
    "plain": nn.Conv2d(3, 4, 3, padding=1),
    "no bias, stride, dilation": nn.Conv2d(4, 3, (3, 2), stride=2, padding=(2, 1), dilation=2, bias=False),
    "reflect": nn.Conv2d(3, 3, 3, padding=1, padding_mode="reflect"),
    "same": nn.Conv2d(2, 3, 3, padding="same", padding_mode="circular"),
    "two groups": nn.Conv2d(4, 4, 3, groups=2),
    "groups that grow": nn.Conv2d(4, 6, 1, groups=2),
    "depthwise": nn.Conv2d(4, 4, 3, padding=1, groups=4, bias=False),
    "depthwise with a multiplier": nn.Conv2d(3, 6, 3, groups=3),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_every_choice_of_channels_is_exact_or_refused(name):
    layer = randomised(CONVOLUTIONS[name])
    x = torch.rand(2, layer.in_channels, 6, 5, dtype=torch.float64)
    exact = 0
    for keep_in in subsets(layer.in_channels):
        for keep_out in subsets(layer.out_channels):
            if not fits(layer, keep_in, keep_out):
                with pytest.raises(ValueError, match="equally many inputs and outputs"):
                    shrink_conv2d(layer, keep_in, keep_out)
                continue
            smaller = shrink_conv2d(layer, keep_in, keep_out)
            expected = conv_by_loops(layer, keep_in, keep_out)(x)[:, keep_out]
            torch.testing.assert_close(smaller(x[:, keep_in]), expected)
            assert (smaller.in_channels, smaller.out_channels) == (len(keep_in), len(keep_out))
            assert smaller.weight.shape[1] * smaller.groups == len(keep_in)
            exact += 1
    assert exact >= layer.groups  # the table above is not all refusals


@seldom
@given(keep_in=keeps(5), keep_out=keeps(4))
def test_conv2d_gradients_equal_those_of_the_masked_layer(keep_in, keep_out):
    layer = randomised(nn.Conv2d(5, 4, 3, padding=1, stride=2))
    x = torch.rand(2, 5, 6, 6, dtype=torch.float64)
    _, dx, grads = values_and_gradients(shrink_conv2d(layer, keep_in, keep_out), x[:, keep_in])
    _, dx_masked, grads_masked = values_and_gradients(masked(layer, keep_in, keep_out), x, keep_out)
    torch.testing.assert_close(dx, dx_masked[:, keep_in])
    torch.testing.assert_close(grads["weight"], grads_masked["weight"][keep_out][:, keep_in])
    torch.testing.assert_close(grads["bias"], grads_masked["bias"][keep_out])


@seldom
@given(keep=keeps(6))
def test_depthwise_gradients_equal_those_of_the_masked_layer(keep):
    layer = randomised(nn.Conv2d(6, 6, 3, groups=6))
    x = torch.rand(2, 6, 5, 5, dtype=torch.float64)
    _, dx, grads = values_and_gradients(shrink_conv2d(layer, keep, keep), x[:, keep])
    _, dx_masked, grads_masked = values_and_gradients(layer, x, keep)  # a channel meets no other: nothing to mask
    torch.testing.assert_close(dx, dx_masked[:, keep])
    torch.testing.assert_close(grads["weight"], grads_masked["weight"][keep])
    torch.testing.assert_close(grads["bias"], grads_masked["bias"][keep])


def test_groups_may_keep_different_positions():
    layer = nn.Conv2d(4, 2, 1, groups=2, bias=False)
    layer.weight.data = torch.tensor([[1.0, 2], [3, 4]])[:, :, None, None]
    smaller = shrink_conv2d(layer, keep_in=[0, 3])  # the first of group 0, the second of group 1
    assert smaller.weight.flatten().tolist() == [1, 4]
    assert smaller.groups == 2


def test_a_subclass_keeps_its_own_forward():
    class Doubled(nn.Conv2d):
        def forward(self, x):
            return 2 * super().forward(x)

    layer = randomised(Doubled(3, 4, 3))
    x = torch.rand(1, 3, 5, 5, dtype=torch.float64)
    torch.testing.assert_close(shrink_conv2d(layer, keep_out=[1, 2])(x), layer(x)[:, [1, 2]])


# --- Batch normalisation ---


@seldom
@given(keep=keeps(6), training=st.booleans(), affine=st.booleans(), track=st.booleans())
def test_batchnorm2d_equals_the_channels_kept(keep, training, affine, track):
    layer = randomised(nn.BatchNorm2d(6, eps=0.1, momentum=0.3, affine=affine, track_running_stats=track)).train(
        training
    )
    x = torch.rand(3, 6, 4, 4, dtype=torch.float64)
    smaller = shrink_batchnorm2d(layer, keep)
    y, dx, grads = values_and_gradients(smaller, x[:, keep])
    y_whole, dx_whole, grads_whole = values_and_gradients(layer, x, keep)
    torch.testing.assert_close(y, y_whole)
    torch.testing.assert_close(dx, dx_whole[:, keep])
    for name in grads:
        torch.testing.assert_close(grads[name], grads_whole[name][keep])
    if track:  # and after a step of training, the statistics too
        torch.testing.assert_close(smaller.running_mean, layer.running_mean[keep])
        torch.testing.assert_close(smaller.running_var, layer.running_var[keep])
        assert smaller.num_batches_tracked == layer.num_batches_tracked
    assert smaller.num_features == len(keep)


# --- What all of them promise ---

SHRINKS = {
    "linear": (lambda: nn.Linear(4, 3), lambda layer: shrink_linear(layer, [0, 2], [1])),
    "linear, nothing removed": (lambda: nn.Linear(4, 3), shrink_linear),
    "conv2d": (lambda: nn.Conv2d(4, 3, 3), lambda layer: shrink_conv2d(layer, [0, 2], [1])),
    "conv2d, nothing removed": (lambda: nn.Conv2d(4, 4, 3, groups=4), shrink_conv2d),
    "batchnorm2d": (lambda: nn.BatchNorm2d(4), lambda layer: shrink_batchnorm2d(layer, [0, 2])),
    "attention": (lambda: nn.MultiheadAttention(8, 4), lambda layer: shrink_attention(layer, [0, 2])),
    "attention, nothing removed": (lambda: nn.MultiheadAttention(8, 2), lambda layer: shrink_attention(layer, [0, 1])),
    "head attention": (lambda: HeadAttention(8, 3, 2), lambda layer: shrink_attention(layer, [0, 2])),
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("name", SHRINKS)
def test_dtype_flags_and_requires_grad_stay_and_the_argument_is_untouched(name, dtype, training):
    make, shrink = SHRINKS[name]
    layer = make().to(dtype).train(training)
    next(layer.parameters()).requires_grad_(False)
    before = copy.deepcopy(layer)
    random_state = torch.get_rng_state()
    smaller = shrink(layer)
    assert torch.equal(torch.get_rng_state(), random_state)
    assert all(module.training is training for module in smaller.modules())
    assert {p.dtype for p in smaller.parameters()} == {dtype}
    assert not next(smaller.parameters()).requires_grad
    assert list(smaller.parameters())[-1].requires_grad
    assert_shares_nothing(smaller, layer)
    assert layer.extra_repr() == before.extra_repr()
    assert all(torch.equal(new, old) for new, old in zip(layer.parameters(), before.parameters(), strict=True))
    assert not any(tensor.is_meta for tensor in chain(smaller.parameters(), smaller.buffers()))


@pytest.mark.parametrize("name", SHRINKS)
def test_layers_on_another_device_stay_there(name):
    make, shrink = SHRINKS[name]
    assert all(tensor.device.type == "meta" for tensor in shrink(make().to("meta")).parameters())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("name", SHRINKS)
def test_layers_on_a_gpu_stay_there_with_the_same_weights(name):
    make, shrink = SHRINKS[name]
    layer = make()
    for gpu, cpu in zip(shrink(copy.deepcopy(layer).cuda()).parameters(), shrink(layer).parameters(), strict=True):
        assert gpu.is_cuda
        assert torch.equal(gpu.cpu(), cpu)


# --- Attention ---


def masked_heads(attention, keep):
    """The same nn.MultiheadAttention with every weight of the other heads set to zero."""
    twin = copy.deepcopy(attention)
    size = attention.head_dim
    for head in gone(keep, attention.num_heads):
        rows = slice(head * size, (head + 1) * size)
        with torch.no_grad():
            packed = [] if twin.in_proj_weight is None else twin.in_proj_weight.chunk(3)
            biases = [] if twin.in_proj_bias is None else twin.in_proj_bias.chunk(3)
            separate = [w for w in (twin.q_proj_weight, twin.k_proj_weight, twin.v_proj_weight) if w is not None]
            for tensor in (*packed, *separate, *biases):
                tensor[rows] = 0
            twin.out_proj.weight[:, rows] = 0
    return twin


def attention_gradients(attention, query, key, value, **options):
    """Output and gradients, the parameters' split into (query, key, value, output) whichever way they are stored."""
    inputs = [x.clone().requires_grad_() for x in (query, key, value)]
    output, weights = attention(*inputs, **options)
    factors = torch.rand(output.shape, generator=torch.Generator().manual_seed(1), dtype=output.dtype)
    attention.zero_grad()
    (output * factors).sum().backward()
    if isinstance(attention, HeadAttention):
        parts = [attention.q_proj, attention.k_proj, attention.v_proj]
        grads = [part.weight.grad for part in parts], [part.bias.grad for part in parts if part.bias is not None]
    else:
        packed, bias = attention.in_proj_weight, attention.in_proj_bias
        separate = (attention.q_proj_weight, attention.k_proj_weight, attention.v_proj_weight)
        weight_grads = packed.grad.chunk(3) if packed is not None else [weight.grad for weight in separate]
        grads = list(weight_grads), [] if bias is None else list(bias.grad.chunk(3))
    return output.detach(), weights, [x.grad for x in inputs], grads, attention.out_proj


MASKS = {
    "no mask": {},
    "causal": {"attn_mask": torch.ones(5, 7, dtype=torch.bool).triu(1)},
    "causal hint": {"attn_mask": torch.ones(5, 7, dtype=torch.bool).triu(1), "is_causal": True},
    "padding": {"key_padding_mask": torch.tensor([[False] * 7, [False] * 4 + [True] * 3])},
    "added": {"attn_mask": torch.linspace(-1, 1, 35, dtype=torch.float64).view(5, 7)},
    "both": {
        "attn_mask": torch.ones(5, 7, dtype=torch.bool).triu(2),
        "key_padding_mask": torch.tensor([[False] * 7, [False] * 4 + [True] * 3]),
    },
}


@pytest.mark.parametrize("need_weights", [True, False], ids=["weights", "fused"])
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"bias": False},
        {"batch_first": True},
        {"kdim": 6, "vdim": 10},
        {"kdim": 6, "bias": False, "batch_first": True},
    ],
    ids=str,
)
def test_attention_equals_the_masked_layer_in_values_and_gradients(options, mask, need_weights):
    attention = randomised(nn.MultiheadAttention(12, 4, **options))
    keep = [0, 2, 3]
    query, key, value = (
        torch.rand(2, length, size, dtype=torch.float64)
        for length, size in ((5, 12), (7, options.get("kdim", 12)), (7, options.get("vdim", 12)))
    )
    if not options.get("batch_first"):
        query, key, value = (x.transpose(0, 1) for x in (query, key, value))
    arguments = {**MASKS[mask], "need_weights": need_weights, "average_attn_weights": False}
    smaller = shrink_attention(attention, keep)
    y, weights, inputs, grads, out = attention_gradients(smaller, query, key, value, **arguments)
    twin = masked_heads(attention, keep)
    y2, weights2, inputs2, grads2, out2 = attention_gradients(twin, query, key, value, **arguments)
    features = [head * 3 + i for head in keep for i in range(3)]
    torch.testing.assert_close(y, y2)
    torch.testing.assert_close(inputs, inputs2)
    for kind, kind2 in zip(grads, grads2, strict=True):
        torch.testing.assert_close(kind, [grad[features] for grad in kind2])
    torch.testing.assert_close(out.weight.grad, out2.weight.grad[:, features])
    if need_weights:
        torch.testing.assert_close(weights, weights2[:, keep])
    else:
        assert weights is None


@pytest.mark.parametrize("keep", subsets(3), ids=str)
def test_any_heads_and_shrinking_twice(keep):
    attention = randomised(nn.MultiheadAttention(6, 3, batch_first=True))
    x = torch.rand(2, 4, 6, dtype=torch.float64)
    smaller = shrink_attention(attention, keep)
    torch.testing.assert_close(smaller(x, x, x)[0], masked_heads(attention, keep)(x, x, x)[0])
    last = shrink_attention(smaller, [len(keep) - 1])
    torch.testing.assert_close(last(x, x, x)[0], masked_heads(attention, keep[-1:])(x, x, x)[0])
    assert smaller(x, x, x)[1].shape == (2, 4, 4)  # averaged over heads


def test_hooks_of_attention_are_kept_and_those_it_never_ran_are_not_run_now():
    attention = nn.MultiheadAttention(8, num_heads=4, batch_first=True).eval()
    attention.register_forward_pre_hook(lambda module, args: tuple(2 * x for x in args))
    attention.register_forward_hook(lambda module, args, out: (out[0] - 1, out[1]))
    attention.out_proj.register_forward_hook(
        lambda module, args, out: 0 * out
    )  # nn.MultiheadAttention reads the weight
    masked = copy.deepcopy(attention)
    with torch.no_grad():
        masked.out_proj.weight[:, 2:6] = 0
    x = torch.randn(2, 5, 8)
    for smaller in (
        shrink_attention(attention, [0, 3]),
        shrink_attention(shrink_attention(attention, [0, 1, 3]), [0, 2]),
    ):
        torch.testing.assert_close(smaller(x, x, x, need_weights=False)[0], masked(x, x, x, need_weights=False)[0])


def test_attention_dropout_is_kept_and_acts_in_training_only():
    x = torch.ones(2, 50, 8)
    attention = shrink_attention(nn.MultiheadAttention(8, 2, dropout=0.5, batch_first=True), [1])
    assert 0.3 < (attention(x, x, x)[1] == 0).float().mean() < 0.7
    assert not torch.equal(*(attention(x, x, x, need_weights=False)[0] for _ in range(2)))
    attention.eval()
    assert (attention(x, x, x)[1] > 0).all()
    torch.testing.assert_close(*(attention(x, x, x, need_weights=need)[0] for need in (True, False)))


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
def test_a_transformer_layer_takes_the_smaller_attention(training):
    layer = randomised(nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)).train(training)
    x, causal = torch.rand(2, 5, 8, dtype=torch.float64), torch.ones(5, 5, dtype=torch.bool).triu(1)
    twin = copy.deepcopy(layer)
    layer.self_attn = shrink_attention(layer.self_attn, [1])
    twin.self_attn = masked_heads(twin.self_attn, [1])
    with torch.no_grad():
        torch.testing.assert_close(layer(x, causal, is_causal=True), twin(x, causal, is_causal=True))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_masks_work_in_half_precision(dtype):
    attention = HeadAttention(8, 3, 4, batch_first=True).to(dtype)
    x = torch.rand(1, 5, 8).to(dtype)
    output, weights = attention(x, x, x, attn_mask=torch.ones(5, 5, dtype=torch.bool).triu(1))
    assert output.dtype == weights.dtype == dtype
    assert (weights.triu(1) == 0).all()


def computed(name):
    return (
        f"layer must hold its {name} as a parameter; got one computed from others "
        "(end torch.nn.utils.prune or parametrize with their remove functions)"
    )


def pruned_by_torch():
    return prune.random_unstructured(nn.MultiheadAttention(8, 2), "in_proj_weight", amount=0.5)


class Scaled(nn.Linear):
    """Has a number of its own for each output."""

    def __init__(self):
        super().__init__(4, 3)
        self.scale = nn.Parameter(torch.ones(3))


class Louder(nn.MultiheadAttention):
    def forward(self, *inputs, **options):
        output, weights = super().forward(*inputs, **options)
        return 2 * output, weights


class Named(nn.MultiheadAttention):
    """A subclass that computes what its parent does."""


def sparse_layer():
    layer = nn.Linear(4, 4)
    layer.weight = nn.Parameter(torch.eye(4).to_sparse())
    return layer


def resized():
    layer = nn.Linear(4, 3)
    layer.weight = nn.Parameter(torch.ones(3, 6))
    return layer


x = torch.zeros(2, 5, 8)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32, np.uint64, np.int8, np.int32, ">i4", ">u8"])
def test_integers_are_integers(dtype):
    kept = np.array([0, 2], dtype)
    kept.flags.writeable = False
    layer = nn.Linear(4, 3)
    expected = shrink_linear(layer, keep_out=[0, 2]).weight
    assert torch.equal(shrink_linear(layer, keep_out=kept).weight, expected)
    if kept.dtype.isnative:
        assert torch.equal(shrink_linear(layer, keep_out=torch.from_numpy(kept.copy())).weight, expected)


def test_a_subclass_that_computes_the_same_may_be_shrunk():
    attention = Named(8, 2, batch_first=True)
    smaller = shrink_attention(attention, [0, 1])
    torch.testing.assert_close(smaller(x, x, x)[0], attention(x, x, x)[0])


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize(
    "masks",
    [
        {"attn_mask": torch.ones(5, 5, dtype=torch.int64)},
        {"attn_mask": torch.zeros(5, 5, dtype=torch.uint8)},
        {"key_padding_mask": torch.ones(2, 5, dtype=torch.int32)},
        {"key_padding_mask": torch.zeros(1, 5, dtype=torch.bool)},
        {"key_padding_mask": torch.zeros(2, 1, dtype=torch.bool)},
        {"attn_mask": torch.zeros(1, 5)},
        {"attn_mask": torch.zeros(5, 1)},
        {"attn_mask": torch.zeros(1, 1, dtype=torch.bool)},
    ],
)
def test_masks_that_torch_refuses_are_refused(masks, batch_first):
    query = torch.rand(2, 5, 8) if batch_first else torch.rand(5, 2, 8)
    for attention in (
        nn.MultiheadAttention(8, 2, batch_first=batch_first),
        HeadAttention(8, 2, 4, batch_first=batch_first),
    ):
        for need_weights in (True, False):
            with pytest.raises((TypeError, ValueError, RuntimeError, AssertionError)):
                attention(query, query, query, need_weights=need_weights, **masks)


BAD_INPUT = [
    (
        "linear: a convolution",
        lambda: shrink_linear(nn.Conv2d(2, 2, 1)),
        TypeError,
        "layer must be an nn.Linear; got Conv2d",
    ),
    (
        "conv2d: one axis less",
        lambda: shrink_conv2d(nn.Conv1d(2, 2, 1)),
        TypeError,
        "layer must be an nn.Conv2d; got Conv1d",
    ),
    (
        "batch norm: of vectors",
        lambda: shrink_batchnorm2d(nn.BatchNorm1d(3), [0]),
        TypeError,
        "layer must be an nn.BatchNorm2d; got BatchNorm1d",
    ),
    (
        "attention: a whole transformer layer",
        lambda: shrink_attention(nn.TransformerEncoderLayer(8, 2), [0]),
        TypeError,
        "attention must be an nn.MultiheadAttention or HeadAttention; got TransformerEncoderLayer",
    ),
    (
        "linear: weight from torch's own pruning",
        lambda: shrink_linear(prune.identity(nn.Linear(4, 4), "weight")),
        ValueError,
        computed("weight"),
    ),
    (
        "batch norm: bias from torch's own pruning",
        lambda: shrink_batchnorm2d(prune.identity(nn.BatchNorm2d(4), "bias"), [0]),
        ValueError,
        computed("bias"),
    ),
    (
        "conv2d: a parametrised weight",
        lambda: shrink_conv2d(parametrizations.weight_norm(nn.Conv2d(4, 4, 1))),
        ValueError,
        computed("weight"),
    ),
    (
        "keep_in out of range",
        lambda: shrink_linear(nn.Linear(4, 3), keep_in=[4]),
        ValueError,
        "keep_in must hold indices in [0, 4); got [4]",
    ),
    (
        "keep_out negative",
        lambda: shrink_linear(nn.Linear(4, 3), keep_out=[-1]),
        ValueError,
        "keep_out must hold indices in [0, 3); got [-1]",
    ),
    (
        "keep_out as a mask",
        lambda: shrink_conv2d(nn.Conv2d(4, 3, 1), keep_out=torch.tensor([True, False, True])),
        TypeError,
        "keep_out must hold integer indices; got dtype torch.bool",
    ),
    (
        "keep_in twice",
        lambda: shrink_conv2d(nn.Conv2d(4, 3, 1), keep_in=[1, 1]),
        ValueError,
        "keep_in must not hold an index twice; got [1, 1]",
    ),
    (
        "depthwise, inputs only",
        lambda: shrink_conv2d(nn.Conv2d(4, 4, 1, groups=4), keep_in=[0, 1]),
        ValueError,
        "keep_in and keep_out must leave equally many inputs and outputs in every group that stays; "
        "got (inputs, outputs) (0, 1), (1, 1)",
    ),
    (
        "groups of different sizes",
        lambda: shrink_conv2d(nn.Conv2d(4, 4, 1, groups=2), keep_in=[0, 1, 2]),
        ValueError,
        "keep_in and keep_out must leave equally many inputs and outputs in every group that stays; "
        "got (inputs, outputs) (1, 2), (2, 2)",
    ),
    (
        "no channel",
        lambda: shrink_batchnorm2d(nn.BatchNorm2d(3), []),
        ValueError,
        "keep must hold at least one index; got an empty one",
    ),
    (
        "heads unsorted",
        lambda: shrink_attention(nn.MultiheadAttention(8, 2), [1, 0]),
        ValueError,
        "keep_heads must be sorted in ascending order; got [1, 0]",
    ),
    (
        "a learnt key",
        lambda: shrink_attention(nn.MultiheadAttention(8, 2, add_bias_kv=True), [0]),
        ValueError,
        "attention must be made without add_bias_kv and add_zero_attn; got one with a key of its own",
    ),
    (
        "a zero key",
        lambda: shrink_attention(nn.MultiheadAttention(8, 2, add_zero_attn=True), [0]),
        ValueError,
        "attention must be made without add_bias_kv and add_zero_attn; got one with a key of its own",
    ),
    (
        "no batch axis",
        lambda: HeadAttention(8, 2, 4)(x[0], x[0], x[0]),
        ValueError,
        "query must have 3 axes, one of them the batch; got shape (5, 8)",
    ),
    (
        "a hint without its mask",
        lambda: HeadAttention(8, 2, 4)(x, x, x, is_causal=True),
        ValueError,
        "attn_mask must be given with is_causal, which is only a hint; got None",
    ),
    (
        "a mask of integers",
        lambda: HeadAttention(8, 2, 4, batch_first=True)(x, x, x, attn_mask=torch.ones(5, 5, dtype=torch.int64)),
        TypeError,
        "attn_mask must be bool (True is left out) or floating point (added to the scores); got dtype torch.int64",
    ),
    (
        "the padding of one sentence",
        lambda: HeadAttention(8, 2, 4, batch_first=True)(x, x, x, torch.zeros(1, 5, dtype=torch.bool)),
        ValueError,
        "key_padding_mask must have shape (2, 5); got (1, 5)",
    ),
    (
        "a mask of another length",
        lambda: HeadAttention(8, 2, 4, batch_first=True)(x, x, x, attn_mask=torch.zeros(5, 1)),
        ValueError,
        "attn_mask must have shape (5, 5); got (5, 1)",
    ),
    (
        "keys of one sentence",
        lambda: HeadAttention(8, 2, 4, batch_first=True)(x, x[:1], x[:1]),
        ValueError,
        "query, key and value must have one batch, and key and value one length; "
        "got shapes (2, 5, 8), (1, 5, 8), (1, 5, 8) with the batch first",
    ),
    ("no heads", lambda: HeadAttention(8, 0, 4), ValueError, "num_heads must be at least 1; got 0"),
    (
        "attention pruned by torch",
        lambda: shrink_attention(pruned_by_torch(), [0]),
        ValueError,
        computed("in_proj_weight").replace("layer", "attention"),
    ),
    (
        "attention with a forward of its own",
        lambda: shrink_attention(Louder(8, 2), [0]),
        TypeError,
        "attention must compute what nn.MultiheadAttention does; "
        "got Louder with a forward of its own, which HeadAttention would lose",
    ),
    (
        "a lazy layer",
        lambda: shrink_linear(nn.LazyLinear(3)),
        ValueError,
        "layer must be initialised (run it once on example inputs); got a lazy weight",
    ),
    (
        "a layer with more for each channel",
        lambda: shrink_linear(Scaled(), keep_out=[0]),
        ValueError,
        "layer must hold nothing for each channel but what an nn.Linear has; got Scaled with 'scale'",
    ),
    (
        "a weight of another size",
        lambda: shrink_linear(resized(), keep_out=[0]),
        ValueError,
        "layer must hold a weight of its own size; got weight (3, 6) in a layer made for (3, 4)",
    ),
    (
        "a sparse weight",
        lambda: shrink_linear(sparse_layer(), keep_out=[0]),
        TypeError,
        "weight of layer must be a dense tensor (make it one with .to_dense()); got layout torch.sparse_coo",
    ),
    (
        "indices as text",
        lambda: shrink_linear(nn.Linear(4, 3), keep_out="02"),
        TypeError,
        "keep_out must be a 1-D integer tensor or list of ints; got '02'",
    ),
    (
        "indices beyond any integer",
        lambda: shrink_linear(nn.Linear(4, 3), keep_out=np.array([2**64 - 1], np.uint64)),
        ValueError,
        "keep_out must hold indices in [0, 3); got [18446744073709551615]",
    ),
    (
        "no indices at all",
        lambda: shrink_batchnorm2d(nn.BatchNorm2d(3), None),
        TypeError,
        "keep must be a 1-D integer tensor or list of ints; got None",
    ),
    (
        "indices of no numbers",
        lambda: shrink_linear(nn.Linear(4, 3), keep_out=torch.tensor([0], device="meta")),
        ValueError,
        "keep_out must hold numbers; got a tensor on the meta device, which has a shape only",
    ),
    (
        "a mask per head",
        lambda: HeadAttention(8, 2, 4)(x, x, x, attn_mask=torch.zeros(10, 2, 2)),
        ValueError,
        "attn_mask must have 2 axes, the same for every head; got shape (10, 2, 2)",
    ),
]


test_bad_input = bad_input_test(BAD_INPUT)


def test_layers_shrink_whatever_the_default_device():
    layer, attention = nn.Linear(4, 3), nn.MultiheadAttention(8, num_heads=4)
    with torch.device("meta"):
        smaller, fewer = shrink_linear(layer, keep_out=[0, 2]), shrink_attention(attention, [1, 2])
    assert torch.equal(smaller.weight, layer.weight[[0, 2]])
    assert torch.equal(fewer.out_proj.weight, attention.out_proj.weight[:, 2:6])
