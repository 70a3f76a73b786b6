"""Whole models shrunk. One law: shrink(model)(x) == mask_channels(model)(x), in values and in gradients."""

import copy
import io
import re
from contextlib import suppress

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from pruning_lab.channels import (
    channel_groups,
    channel_scores,
    inexactness,
    load_shrunk,
    mask_channels,
    save_shrunk,
    shrink,
)
from pruning_lab.masks import keep_channels
from pruning_lab.models import lenet5, resnet_cifar, vgg_small

C, L = nn.Conv2d, nn.Linear
IMAGE, VECTOR, SEQUENCE = torch.randn(2, 3, 8, 8), torch.randn(4, 6), torch.randn(2, 5, 6)


class Net(nn.Module):
    """A network of one function; the modules are its attributes."""

    def __init__(self, function, **modules):
        super().__init__()
        self.function = function
        for name, module in modules.items():
            setattr(self, name, module)

    def forward(self, x):
        return self.function(self, x)


def squeeze_and_excite(s, x):
    h = s.a(x)
    return s.o(h * torch.sigmoid(s.u(F.relu(s.d(h.mean((2, 3), keepdim=True))))))


def halves(s, x):
    one, other = s.a(x).chunk(2, 1)
    return s.o(one) + s.p(other)


def parts(s, x):
    one, other = torch.cat([s.a(x), s.b(x)], 1).split([8, 4], 1)
    return s.o(one) + s.p(other)


def write_into_view(s, x):
    h = s.a(x)
    h[:, :4].mul_(s.g)
    return s.o(h)


def write_into_zeros(s, x):
    z = x.new_zeros(4, 8)
    z[:, :8].copy_(s.a(x))
    return s.o(z)


def own_attention(s, x):
    batch, places, width = x.shape
    q, k, v = s.qkv(x).reshape(batch, places, 3, s.heads, width // s.heads).permute(2, 0, 3, 1, 4)
    weights = (q @ k.transpose(-2, -1) * (width // s.heads) ** -0.5).softmax(-1)
    return s.o((weights @ v).transpose(1, 2).reshape(batch, places, width))


def numbered(function, heads, **modules):
    net = Net(function, **modules)
    net.heads = heads
    return net


def linear_attention(s, x):
    q, k = F.elu(s.q(x)) + 1, F.elu(s.k(x)) + 1
    return s.o(q @ (k.transpose(1, 2) @ s.v(x)))


def one_key_for_all(s, x):
    """As Falcon does: the last two heads are the key and the value of all the others."""
    fused = s.fused(x).view(*x.shape[:2], s.heads + 2, -1)
    q, k, v = (part.transpose(1, 2) for part in (fused[:, :, :-2], fused[:, :, [-2]], fused[:, :, [-1]]))
    return s.o(((q @ k.transpose(-2, -1)).softmax(-1) @ v).transpose(1, 2).flatten(2))


def pooled_heads(s, x):
    """As MViT does: heads lie in the batch, and share a filter for each of their channels."""
    batch, places, _ = x.shape
    q, k, v = s.qkv(x).view(batch, places, 3, s.heads, -1).permute(2, 0, 3, 4, 1).flatten(1, 2)
    mixed = (s.pool(q).transpose(1, 2) @ k).softmax(-1) @ v.transpose(1, 2)
    return s.o(mixed.view(batch, s.heads, places, -1).transpose(1, 2).flatten(2))


def attended_windows(s, x):
    """As VOLO does: each head has weights of its own for the places of a window."""
    batch, _, high, wide = x.shape
    v = F.unfold(s.v(x), 2, stride=2).view(batch, s.heads, -1, 4, high * wide // 4).permute(0, 1, 4, 3, 2)
    weights = s.weights(x)[:, :, ::2, ::2].flatten(2).view(batch, s.heads, 4, 4, -1).permute(0, 1, 4, 2, 3)
    mixed = (weights.softmax(-1) @ v).permute(0, 1, 4, 3, 2).reshape(batch, -1, high * wide // 4)
    return s.o(F.fold(mixed, (high, wide), 2, stride=2))


def turned_in_part(s, x):
    """As rotary embeddings do: here all of it is turned, and an empty part is not."""
    h = s.a(x)
    return s.o(torch.cat([h[..., :8].neg(), h[..., 8:]], -1))


def shuffled(s, x):
    return s.o(s.a(x).view(len(x), 2, -1, 8, 8).transpose(1, 2).reshape(len(x), -1, 8, 8))


def standardised(s, x):
    return s.o(F.conv2d(s.a(x), s.w - s.w.mean((1, 2, 3), keepdim=True)))


def read_in_order(s, x):
    """A sentence, word by word, from a state of zeros."""
    hidden = cell = x.new_zeros(len(x), 8)
    for place in range(x.shape[1]):
        hidden, cell = s.cell(x[:, place], (hidden, cell))
    return s.o(hidden)


def recurrent(kind, width, **settings):
    net = Net(lambda s, x: s.o(s.r(x)[0][:, -1]), r=kind(6, 8, batch_first=True, **settings), o=L(width, 3))
    return lambda: copy.deepcopy(net)


def attention_layer():
    return nn.TransformerEncoderLayer(6, 2, 16, batch_first=True, dropout=0.0)


def p(*shape):
    return nn.Parameter(torch.randn(*shape))


# name: (network, input, units of each group, found by hand)
def reducing(around):
    """A network that makes one number of several channels between two layers."""
    return lambda: Net(lambda s, x: s.o(around(s.a(x))), a=C(3, 8, 1), o=C(8, 2, 1))


def written_over(h):
    h = h.clone()
    h[:, :4] = 1
    return h


def response_norm(h):
    """The global response normalization of ConvNeXt V2, Woo et al. 2023 (https://arxiv.org/abs/2301.00808)."""
    size = torch.linalg.vector_norm(h.relu(), dim=(2, 3), keepdim=True)
    return h + h * size / (size.mean(1, True) + 1e-6)


class OwnRMSNorm(nn.Module):
    """As language models write it."""

    def __init__(self, width):
        super().__init__()
        self.weight = p(width)

    def forward(self, x):
        return self.weight * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6)


def stream(norm):
    """A residual stream, normalised twice: before its branch and at its end."""
    return Net(
        lambda s, x: s.o(s.last((h := s.a(x)) + s.c(s.norm(h)))),
        a=L(6, 8), c=L(8, 8), norm=norm, last=copy.deepcopy(norm), o=L(8, 3),
    )  # fmt: skip


TRAPS = {
    "bias fires": (lambda: Net(lambda s, x: s.b(torch.sigmoid(s.a(x))), a=L(6, 8), b=L(8, 3)), VECTOR, [8]),
    "tied": (lambda: Net(lambda s, x: F.linear(F.relu(s.a(x)), s.a.weight.t()), a=L(6, 8)), VECTOR, [8]),
    "module twice": (
        lambda: Net(lambda s, x: s.o(s.b(F.relu(s.b(s.a(x))))), a=L(6, 8), b=L(8, 8), o=L(8, 3)),
        VECTOR,
        [8],
    ),
    "no modules": (
        lambda: Net(lambda s, x: F.linear(F.relu(F.linear(x, s.w, s.v)), s.u), w=p(8, 6), v=p(8), u=p(3, 8)),
        VECTOR,
        [8],
    ),
    "squeeze and excite": (
        lambda: Net(squeeze_and_excite, a=C(3, 8, 3), d=C(8, 4, 1), u=C(4, 8, 1), o=C(8, 2, 1)),
        IMAGE,
        [8, 4],
    ),
    "flatten": (lambda: Net(lambda s, x: s.o(s.a(x).flatten(1)), a=C(3, 8, 3), o=L(288, 3)), IMAGE, [8]),
    "depthwise": (
        lambda: Net(lambda s, x: s.o(s.d(s.a(x))), a=C(3, 8, 1), d=C(8, 16, 3, groups=8), o=C(16, 2, 1)),
        IMAGE,
        [8],
    ),
    "grouped": (
        lambda: Net(lambda s, x: s.o(s.d(s.a(x))), a=C(3, 8, 1), d=C(8, 12, 3, groups=4), o=C(12, 2, 1)),
        IMAGE,
        [4],
    ),
    "group norm": (lambda: nn.Sequential(C(3, 8, 1), nn.GroupNorm(4, 8), C(8, 2, 1)), IMAGE, [4]),
    "layer norm": (lambda: nn.Sequential(L(6, 8), nn.LayerNorm(8), L(8, 3)), VECTOR, []),
    "pixel shuffle": (lambda: nn.Sequential(C(3, 16, 1), nn.PixelShuffle(2), C(4, 2, 1)), IMAGE, [4]),
    "channel shuffle": (lambda: Net(shuffled, a=C(3, 8, 1), o=C(8, 2, 1)), IMAGE, [4]),
    "softmax": (lambda: nn.Sequential(C(3, 8, 1), nn.Softmax(1), C(8, 2, 1)), IMAGE, []),
    "mean over channels": (
        lambda: Net(lambda s, x: s.o((h := s.a(x)) * h.mean(1, True)), a=C(3, 8, 1), o=C(8, 2, 1)),
        IMAGE,
        [8],
    ),
    **{
        f"{name} over channels": (reducing(around), IMAGE, units)
        for name, around, units in [
            ("mean of what a sigmoid gives", lambda h: h.sigmoid() * h.sigmoid().mean(1, True), []),
            ("mean of a constant more", lambda h: h * (h + 1).mean(1, True), []),
            ("mean of the difference to a mean", lambda h: h * (h - h.mean(1, True)).square().mean(1, True), []),
            ("mean of the inverse", lambda h: h * (h * h + 1).pow(-1).mean(1, True), []),
            ("mean of what was written over", lambda h: h * written_over(h).mean(1, True), []),
            ("mean of two", lambda h: h * torch.cat([h, 2 * h], 1).mean(1, True), [8]),
            ("mean of a product with a sigmoid", lambda h: h * (h * h.sigmoid()).mean(1, True), [8]),
            ("sum", lambda h: h / (1 + F.gelu(h).square().sum(1, True)), [8]),
            ("norm", lambda h: F.normalize(h, dim=1), [8]),
            ("largest", lambda h: h / (1 + torch.linalg.vector_norm(h, float("inf"), 1, True)), [8]),
            ("smallest", lambda h: h / (1 + torch.linalg.vector_norm(h, float("-inf"), 1, True)), []),
            ("softmax and mean", lambda h: h * h.softmax(2).mean(1, True), []),
            ("response norm", response_norm, [8]),
        ]
    },
    "rms norm": (lambda: stream(nn.RMSNorm(8, eps=0.3)), VECTOR, [8]),
    "rms norm without a weight": (lambda: stream(nn.RMSNorm(8, elementwise_affine=False)), VECTOR, [8]),
    "rms norm as language models write it": (lambda: stream(OwnRMSNorm(8)), VECTOR, [8]),
    "rms norm of what a sigmoid gives": (lambda: nn.Sequential(L(6, 8), nn.Sigmoid(), nn.RMSNorm(8)), VECTOR, []),
    "numbers in split": (lambda: Net(parts, a=C(3, 8, 1), b=C(3, 4, 1), o=C(8, 2, 1), p=C(4, 2, 1)), IMAGE, [8, 4]),
    "gated": (lambda: nn.Sequential(C(3, 16, 1), nn.GLU(1), C(8, 2, 1)), IMAGE, [8]),
    "halves": (lambda: Net(halves, a=C(3, 16, 1), o=C(8, 2, 1), p=C(8, 2, 1)), IMAGE, [8]),
    "one picked": (
        lambda: Net(lambda s, x: s.o(h := s.a(x)) + h[:, 3].unsqueeze(1), a=C(3, 8, 1), o=C(8, 2, 1)),
        IMAGE,
        [],
    ),
    "picked from the end": (
        lambda: Net(lambda s, x: s.o(h := s.a(x)) + h[:, [-3, -1]], a=C(3, 8, 1), o=C(8, 2, 1)),
        IMAGE,
        [5],
    ),
    "picked by a mask": (
        lambda: Net(lambda s, x: s.o(s.a(x)[:, torch.arange(8) < 5]), a=C(3, 8, 1), o=C(5, 2, 1)),
        IMAGE,
        [],
    ),
    "one key for all heads": (lambda: numbered(one_key_for_all, 3, fused=L(6, 10), o=L(6, 3)), SEQUENCE, [3]),
    "heads in the batch": (
        lambda: numbered(pooled_heads, 3, qkv=L(6, 18), pool=nn.Conv1d(2, 2, 3, padding=1, groups=2), o=L(6, 3)),
        SEQUENCE,
        [3],
    ),
    "heads of windows": (
        lambda: numbered(attended_windows, 3, v=C(3, 6, 1), weights=C(3, 48, 1), o=C(6, 2, 1)),
        IMAGE,
        [3],
    ),
    "an empty part": (lambda: Net(turned_in_part, a=L(6, 8), o=L(8, 3)), SEQUENCE, [8]),
    "slices": (
        lambda: Net(lambda s, x: s.o((h := s.a(x))[:, :5]) + s.p(h[:, 5:]), a=C(3, 8, 1), o=C(5, 2, 1), p=C(3, 2, 1)),
        IMAGE,
        [5, 3],
    ),
    "residual on the input": (
        lambda: Net(lambda s, x: s.o(x + s.b(F.relu(s.a(x)))), a=C(3, 8, 1), b=C(8, 3, 1), o=C(3, 2, 1)),
        IMAGE,
        [8],
    ),
    "padded channels": (
        lambda: Net(
            lambda s, x: s.o(F.pad(h := s.a(x), (0, 0, 0, 0, 2, 2)) + s.b(h)),
            a=C(3, 8, 1),
            b=C(8, 12, 1),
            o=C(12, 2, 1),
        ),
        IMAGE,
        [8],
    ),
    "weight standardised": (lambda: Net(standardised, a=C(3, 8, 1), w=p(8, 8, 1, 1), o=C(8, 2, 1)), IMAGE, [8]),
    "exp of a weight": (
        lambda: Net(lambda s, x: F.linear(F.relu(s.a(x)), s.w.exp()), a=L(6, 8), w=p(3, 8)),
        VECTOR,
        [],
    ),
    "write into a view": (lambda: Net(write_into_view, a=L(6, 8), g=p(4), o=L(8, 3)), VECTOR, [4, 4]),
    "write into zeros": (lambda: Net(write_into_zeros, a=L(6, 8), o=L(8, 3)), VECTOR, [8]),
    "constant": (lambda: Net(lambda s, x: s.o(s.a(x) * torch.arange(8)), a=L(6, 8), o=L(8, 3)), VECTOR, [8]),
    "transposed": (lambda: nn.Sequential(C(3, 8, 1), nn.ConvTranspose2d(8, 6, 2, 2), C(6, 2, 1)), IMAGE, [8, 6]),
    "transposed, depthwise": (
        lambda: nn.Sequential(C(3, 8, 1), nn.ConvTranspose2d(8, 8, 2, 2, groups=8), C(8, 2, 1)),
        IMAGE,
        [8],
    ),
    "einsum": (
        lambda: Net(lambda s, x: s.o(torch.einsum("bnc,ch->bnh", s.a(x), s.w)), a=L(6, 8), w=p(8, 10), o=L(10, 3)),
        SEQUENCE,
        [8, 10],
    ),
    "linear attention": (lambda: Net(linear_attention, q=L(6, 8), k=L(6, 8), v=L(6, 8), o=L(8, 3)), SEQUENCE, [8]),
    "torch's attention": (attention_layer, SEQUENCE, [2, 16]),
    "heads from a shape": (lambda: numbered(own_attention, 3, qkv=L(6, 18), o=L(6, 6)), SEQUENCE, [3]),
    "one axis of convolution": (
        lambda: Net(lambda s, x: s.o(F.relu(s.a(x.transpose(1, 2)))), a=nn.Conv1d(6, 8, 3), o=nn.Conv1d(8, 2, 1)),
        SEQUENCE,
        [8],
    ),
    "prelu": (lambda: nn.Sequential(C(3, 8, 1), nn.PReLU(8), C(8, 2, 1)), IMAGE, [8]),
    "batch norm": (lambda: nn.Sequential(C(3, 8, 1), nn.BatchNorm2d(8), nn.ReLU(), C(8, 2, 1)), IMAGE, [8]),
    "instance norm": (lambda: nn.Sequential(C(3, 8, 1), nn.InstanceNorm2d(8, affine=True), C(8, 2, 1)), IMAGE, [8]),
    "neighbours": (lambda: nn.Sequential(C(3, 8, 1), nn.LocalResponseNorm(3), C(8, 2, 1)), IMAGE, []),
    "a buffer": (
        lambda: Net(lambda s, x: s.o(s.a(x) * s.n.running_var), a=L(6, 8), n=nn.BatchNorm1d(8), o=L(8, 3)),
        VECTOR,
        [8],
    ),
    "hardswish": (lambda: nn.Sequential(C(3, 8, 1), nn.Hardswish(inplace=True), C(8, 2, 1)), IMAGE, [8]),
    "unfold and fold": (
        lambda: Net(
            lambda s, x: s.o(F.fold(F.unfold(s.a(x), 2, stride=2), (8, 8), 2, stride=2)), a=C(3, 8, 1), o=C(8, 2, 1)
        ),
        IMAGE,
        [8],
    ),
    "no rule": (lambda: Net(lambda s, x: s.o(s.a(x).triu()), a=L(6, 8), o=L(8, 3)), VECTOR, []),
    "lstm": (recurrent(nn.LSTM, 8), SEQUENCE, [8]),
    "lstm, two layers both ways": (recurrent(nn.LSTM, 16, num_layers=2, bidirectional=True), SEQUENCE, [8]),
    "gru": (recurrent(nn.GRU, 8), SEQUENCE, [8]),
    "rnn": (recurrent(nn.RNN, 8), SEQUENCE, [8]),
    "lstm cell": (lambda: Net(read_in_order, cell=nn.LSTMCell(6, 8), o=L(8, 3)), SEQUENCE, [8]),
    "embedding bag": (
        lambda: Net(lambda s, x: s.o(s.e((x.abs() * 4).long())), e=nn.EmbeddingBag(40, 8), o=L(8, 3)),
        VECTOR,
        [8],
    ),
    "transposed, in groups": (
        lambda: Net(lambda s, x: s.o(s.d(s.a(x))), a=C(3, 8, 1), d=nn.ConvTranspose2d(8, 8, 2, groups=2), o=C(8, 2, 1)),
        IMAGE,
        [2],
    ),
}


def prepared(model):
    """Return a copy in float64 in which nothing is zero by accident."""
    model, generator = copy.deepcopy(model).double().eval(), torch.Generator().manual_seed(1)
    with torch.no_grad():
        for tensor in [*model.parameters(), *(b for n, b in model.named_buffers() if n.endswith("running_mean"))]:
            tensor.add_(0.1 * torch.randn(tensor.shape, generator=generator, dtype=tensor.dtype))
    return model


def some(groups, fraction, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return {
        group.name: torch.randperm(group.size, generator=generator)[: max(1, round(group.size * fraction))]
        .sort()
        .values
        for group in groups
    }


def stays_along(groups, keep):
    stays = {}
    for group in groups:
        for axis, unit in group.axes.items():
            kept = torch.isin(unit, torch.as_tensor(keep.get(group.name, range(group.size)))) | (unit < 0)
            stays[axis] = stays.get(axis, torch.tensor(True)) & kept
    return stays


def obey_the_law(model, x, groups, keep, training=False):
    """Values and gradients of the smaller model are those of its mask."""
    small, twin = (f(model, keep, groups=groups).train(training) for f in (shrink, mask_channels))
    one, other = small(x), twin(x)
    assert torch.allclose(one, other, rtol=1e-9, atol=1e-11)
    if not one.requires_grad:
        return
    weights = torch.randn(one.shape, dtype=one.dtype, generator=torch.Generator().manual_seed(2))
    (one * weights).sum().backward()
    (other * weights).sum().backward()
    masked, stays = dict(twin.named_parameters()), stays_along(groups, keep)
    for name, parameter in small.named_parameters():
        expected = masked[name].grad
        if expected is None:
            assert parameter.grad is None
            continue
        for axis in range(parameter.ndim):
            if (name, axis) in stays:
                expected = expected.index_select(axis, stays[name, axis].nonzero().flatten())
        assert torch.allclose(parameter.grad, expected, rtol=1e-8, atol=1e-10), name


@pytest.mark.parametrize("name", TRAPS)
def test_each_trap_has_the_units_counted_by_hand_and_obeys_the_law(name):
    make, x, units = TRAPS[name]
    torch.manual_seed(0)
    model, x = prepared(make()), x.double()
    groups = channel_groups(model, x)
    assert [group.size for group in groups] == units
    keeps = [some(groups, fraction) for fraction in (0, 0.5, 0.8)]
    keeps += [{group.name: list(range(1, group.size))} for group in groups]
    for keep in keeps if units else []:
        obey_the_law(model, x, groups, keep)
    if units and name != "torch's attention":
        obey_the_law(model, x, groups, keeps[1], training=True)


def test_an_lstm_must_stay_wider_than_its_projection():
    model, x = prepared(recurrent(nn.LSTM, 4, proj_size=4)()), SEQUENCE.double()
    groups = channel_groups(model, x)
    assert [group.size for group in groups] == [8, 4]
    hidden, projected = groups.names
    obey_the_law(model, x, groups, {hidden: [0, 3, 4, 5, 7], projected: [1, 2, 3]})
    with pytest.raises(ValueError, match=r"model must run with fewer channels; got .* in 'r', a LSTM"):
        shrink(model, {hidden: [0, 3, 4], projected: [1, 2, 3]}, groups=groups)


@pytest.mark.parametrize(
    ("make", "size", "count"), [(lenet5, 28, 3), (vgg_small, 28, None), (lambda: resnet_cifar(20), 32, 10)]
)
def test_the_networks_of_the_course(make, size, count):
    torch.manual_seed(0)
    model = prepared(make())
    channels = next(p for p in model.parameters()).shape[1]
    x = torch.randn(2, channels, size, size, dtype=torch.float64)
    groups = channel_groups(model, x)
    assert count is None or len(groups) == count
    obey_the_law(model, x, groups, some(groups, 0.5))


BLOCKS = ("conv", "residual", "depthwise", "norm", "squeeze", "shuffle")


class Chain(nn.Module):
    """Random blocks, one after the other."""

    def __init__(self, blocks, width):
        super().__init__()
        self.blocks = blocks
        self.layers = nn.ModuleDict({"first": C(3, width, 1), "last": C(width, 2, 1)})
        for i, block in enumerate(blocks):
            groups = width if block == "depthwise" else 1
            self.layers[f"{block}{i}"] = nn.BatchNorm2d(width) if block == "norm" else C(width, width, 1, groups=groups)

    def forward(self, x):
        x = self.layers["first"](x)
        for i, block in enumerate(self.blocks):
            y = self.layers[f"{block}{i}"](x.mean((2, 3), keepdim=True) if block == "squeeze" else x)
            if block == "residual":  # one at a time: a sum that nothing uses would tie its channels too
                x = x + y
            elif block == "squeeze":
                x = x * torch.sigmoid(y)
            else:
                x = torch.relu(y)
            x = F.channel_shuffle(x, 2) if block == "shuffle" else x
        return self.layers["last"](x)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from(BLOCKS), max_size=5), st.sampled_from([4, 6, 8]), st.integers(0, 99))
def test_random_chains_of_blocks(blocks, width, seed):
    torch.manual_seed(seed)
    model, x = prepared(Chain(blocks, width)), IMAGE.double()
    groups = channel_groups(model, x)
    assert len(groups) >= 1
    obey_the_law(model, x, groups, some(groups, 0.5, seed))


def test_no_unit_is_missed():
    """An oracle that knows no rule: which rows can go with their readers so that only the mask's change is seen?"""
    torch.manual_seed(0)
    model = prepared(nn.Sequential(L(6, 8), nn.ReLU(), L(8, 5), nn.Tanh(), L(5, 3)))
    groups = channel_groups(model, VECTOR.double())
    free = {(i, j) for i in (0, 2) for j in range(model[i].out_features) if _can_go(model, i, j)}
    assert sum(group.size for group in groups) == len(free)


def _can_go(model, i, j):
    rows = [row for row in range(model[i].out_features) if row != j]
    small, twin = copy.deepcopy(model), copy.deepcopy(model)
    small[i].weight.data, small[i].bias.data = small[i].weight.data[rows], small[i].bias.data[rows]
    small[i + 2].weight.data = small[i + 2].weight.data[:, rows]
    twin[i + 2].weight.data[:, j] = 0
    return torch.allclose(small(VECTOR.double()), twin(VECTOR.double()))


def small_net():
    torch.manual_seed(0)
    return nn.Sequential(L(6, 8), nn.Dropout(0.5), nn.ReLU(), L(8, 4), nn.ReLU(), L(4, 3))


@pytest.mark.parametrize(
    ("keep", "kind", "words"),
    [
        ({"x": [0]}, ValueError, "keep must name groups of the model (0.weight, 3.weight); got 'x'"),
        ({"0.weight": [0, 0]}, ValueError, "keep['0.weight'] must not hold an index twice"),
        ({"0.weight": [2, 1]}, ValueError, "keep['0.weight'] must be sorted"),
        ({"0.weight": [8]}, ValueError, "keep['0.weight'] must hold indices in [0, 8); got [8]"),
        ({"0.weight": []}, ValueError, "keep['0.weight'] must hold at least one index"),
        ([0], TypeError, "keep must be a dict"),
    ],
)
@pytest.mark.parametrize("function", [shrink, mask_channels])
def test_a_wrong_keep_is_refused(function, keep, kind, words):
    with pytest.raises(kind, match=re.escape(words)):
        function(small_net(), keep, VECTOR)


def test_a_wrong_model_or_example_is_refused():
    with pytest.raises(TypeError, match=r"model must be a torch\.nn\.Module; got list"):
        channel_groups([], VECTOR)
    with pytest.raises(ValueError, match="example_inputs must be what the model takes; got"):
        channel_groups(small_net(), torch.ones(1, 5))
    with pytest.warns(FutureWarning, match="deprecated"):
        hooked = nn.Sequential(nn.utils.weight_norm(L(6, 8)), L(8, 3))
    hooked(VECTOR)
    with pytest.raises(ValueError, match=r"model must be one that copy\.deepcopy can copy; got Only Tensors created"):
        channel_groups(hooked, VECTOR)


def test_what_stays_says_why():
    norm = channel_groups(nn.Sequential(L(6, 8), nn.LayerNorm(8), L(8, 3)), VECTOR)
    assert norm.refused["0.weight"].startswith("mixed by native_layer_norm in '1'")
    odd = channel_groups(Net(lambda s, x: s.o(s.a(x).triu()), a=L(6, 8), o=L(8, 3)), VECTOR)
    assert "triu" in odd.refused["a.weight"]
    words = channel_groups(nn.Sequential(nn.Embedding(9, 8), L(8, 3)), torch.tensor([1, 2]))
    assert words.names == list(words.refused) == ["0.weight"]  # its columns may go, its rows may not
    assert "'0' picks by number" in words.refused["0.weight"]
    folded = nn.utils.parametrizations.weight_norm(L(6, 8))
    normed = channel_groups(nn.Sequential(folded, nn.ReLU(), L(8, 3)), VECTOR)
    assert normed.refused["0.weight"].startswith("computed from other parameters (fold it with torch.nn.utils.param")
    bilinear = channel_groups(Net(lambda s, x: s.b(s.a(x), x), a=L(6, 8), b=nn.Bilinear(8, 6, 3)), VECTOR)
    assert "_trilinear in 'b'" in bilinear.refused["a.weight"]
    with pytest.raises(ValueError, match=r"keep must name groups that can shrink; got '0\.weight': mixed by"):
        shrink(nn.Sequential(L(6, 8), nn.LayerNorm(8), L(8, 3)), {"0.weight": [0]}, VECTOR)


def test_what_is_added_to_the_input_says_so_and_not_that_it_is_mixed():
    residual = channel_groups(Net(lambda s, x: s.o(s.a(x) + x), a=L(6, 6), o=L(6, 3)), VECTOR)
    assert residual.refused["a.weight"] == "met by something that stays whole, in add"


def test_a_reason_is_taken_from_what_a_weight_is_tied_to_and_not_from_elsewhere():
    def forward(s, x):
        normed = s.norm(s.a(x))  # first, and nothing of it reaches b
        return s.o(normed), s.c(s.b(x)) * s.gate(x)

    layers = {"a": L(6, 8), "norm": nn.LayerNorm(8), "o": L(8, 3), "b": L(6, 4), "c": L(4, 5), "gate": L(6, 5)}
    refused = channel_groups(Net(forward, **layers), VECTOR).refused
    assert refused["a.weight"].startswith("mixed by native_layer_norm")
    assert set(refused) == {"a.weight"}  # outputs of the model stay, and need no reason


def test_multiplications_are_those_of_the_example_and_not_of_a_run_that_looks_for_more():
    """A parameter that is met in training mode only calls for a second run."""
    net = Net(lambda s, x: s.o(s.a(x)), a=L(6, 8), o=L(8, 3), never=L(5, 5))
    [group] = channel_groups(net, VECTOR)
    assert group.macs.sum() == len(VECTOR) * (6 * 8 + 8 * 3)


def test_a_network_that_changes_its_input_can_shrink_and_leaves_the_example_alone():
    def forward(s, x):
        x.add_(1)
        return s.o(s.a(x))

    given, net = VECTOR.clone(), Net(forward, a=L(6, 8), o=L(8, 3))
    groups = channel_groups(net, given)
    assert groups.names == ["a.weight"]
    assert shrink(net, {"a.weight": [0, 5]}, groups=groups).a.out_features == 2
    assert torch.equal(given, VECTOR)


@pytest.mark.parametrize("norm", [nn.LayerNorm(8), nn.RMSNorm(8), OwnRMSNorm(8)], ids=lambda norm: type(norm).__name__)
def test_inexactly_a_norm_averages_over_what_stays(norm):
    torch.manual_seed(0)
    model, x = prepared(nn.Sequential(L(6, 8), nn.Sigmoid(), norm, L(8, 3))), VECTOR.double()
    assert len(channel_groups(model, x)) == 0
    groups = channel_groups(model, x, exact=False)
    assert [(group.name, group.size, group.exact) for group in groups] == [("0.weight", 8, False)]
    keep = [0, 3, 4, 7]
    first, _, norm, last = (copy.deepcopy(layer) for layer in model)
    hidden = F.linear(x, first.weight[keep], first.bias[keep]).sigmoid()
    for name, vector in list(norm.named_parameters()):
        setattr(norm, name, nn.Parameter(vector[keep]))
    norm.normalized_shape = (4,)
    by_hand = F.linear(norm(hidden), last.weight[:, keep], last.bias)
    assert torch.allclose(shrink(model, {"0.weight": keep}, groups=groups)(x), by_hand, rtol=1e-12)
    masked = mask_channels(model, {"0.weight": keep}, groups=groups)(x)
    apart = ((by_hand - masked).norm() / masked.norm()).item()
    assert inexactness(model, {"0.weight": keep}, groups=groups) == pytest.approx(apart)
    assert apart > 0.01
    assert inexactness(model, {}, groups=groups) == 0


def test_a_network_is_held_to_the_coarsest_numbers_on_its_way():
    """Language models in float64 still take the norm in float32: no comparison can be finer."""
    torch.manual_seed(0)
    around = Net(lambda s, x: s.norm(x.float()).double(), norm=OwnRMSNorm(8).float())
    model = nn.Sequential(L(6, 8).double(), around, L(8, 3).double())
    groups = channel_groups(model, VECTOR.double())
    assert [group.size for group in groups] == [8]


def test_inexactness_where_the_mask_answers_nothing():
    model, x = nn.Sequential(nn.Linear(3, 8), nn.LayerNorm(8), nn.Linear(8, 2, bias=False)), torch.ones(1, 3)
    with torch.no_grad():
        model[2].weight.zero_()
    groups = channel_groups(model, x, exact=False)
    assert inexactness(model, {"0.weight": range(7)}, groups=groups) == 0


def test_inexactly_the_residual_stream_of_a_transformer_shrinks():
    torch.manual_seed(0)
    layers = (nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, norm_first=first) for first in (True, False))
    model, x = prepared(nn.Sequential(L(6, 8), *layers, L(8, 3))), SEQUENCE.double()
    groups = channel_groups(model, x, exact=False)
    assert [(group.granularity, group.exact) for group in groups] == [
        ("channel", False), ("head", True), ("channel", True), ("head", True), ("channel", True)
    ]  # fmt: skip
    small = shrink(model, some(groups, 0.5), groups=groups)
    assert (small[1].norm1.normalized_shape, small[1].self_attn.num_heads) == ((4,), 1)
    exact = {name: units for name, units in some(groups, 0.5).items() if groups[name].exact}
    assert inexactness(model, exact, groups=groups) < 1e-12
    obey_the_law(model, x, groups, exact)


def test_nothing_of_the_caller_changes():
    model = small_net()
    model[0].register_forward_hook(lambda *_: None)
    before, state = copy.deepcopy(model.state_dict()), torch.get_rng_state()
    flags = (torch.backends.mha.get_fastpath_enabled(), torch.backends.mkldnn.enabled, torch.is_grad_enabled())
    for x in (VECTOR, torch.ones(1, 5)):
        with suppress(ValueError):
            shrink(model, {"0.weight": [0, 1]}, x)
        assert torch.equal(torch.get_rng_state(), state)
        now = (torch.backends.mha.get_fastpath_enabled(), torch.backends.mkldnn.enabled, torch.is_grad_enabled())
        assert now == flags
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert model.training
    assert len(model[0]._forward_hooks) == 1
    assert not model[3]._forward_pre_hooks


def test_shrinking_twice_is_shrinking_once():
    model = small_net().double().eval()
    once = shrink(model, {"0.weight": [1, 5]}, VECTOR.double())
    twice = shrink(shrink(model, {"0.weight": [1, 3, 5]}, VECTOR.double()), {"0.weight": [0, 2]}, VECTOR.double())
    assert torch.equal(once(VECTOR.double()), twice(VECTOR.double()))


def test_heads_whose_width_comes_from_a_shape_go_in_several_rounds_and_survive_a_copy():
    model = prepared(numbered(own_attention, 3, qkv=L(6, 18), o=L(6, 6)))
    x = SEQUENCE.double()
    small = shrink(shrink(model, {"qkv.weight": [0, 2]}, x), {"qkv.weight": [1]}, x)
    assert small.heads == 1
    expected = shrink(model, {"qkv.weight": [2]}, x)(x)
    assert torch.allclose(small(x), expected)
    assert torch.allclose(copy.deepcopy(small)(x), expected)
    many = torch.cat([x, x, x])
    assert torch.allclose(small(many), torch.cat([expected] * 3))


def test_torch_attention_loses_heads_and_keeps_its_class():
    model = attention_layer().double().eval()
    small = shrink(model, {"self_attn.in_proj_weight": [1]}, SEQUENCE.double())
    assert isinstance(small.self_attn, nn.MultiheadAttention)
    assert small.self_attn.num_heads == 1
    assert small.self_attn.in_proj_weight.shape == (9, 6)
    assert small.state_dict().keys() == model.state_dict().keys()


def test_a_smaller_model_is_saved_and_rebuilt(tmp_path):
    model, keep = small_net().eval(), {"0.weight": [1, 5], "3.weight": [0]}
    small = shrink(model, keep, VECTOR)
    save_shrunk(small, keep, tmp_path / "small.safetensors")
    again = load_shrunk(small_net().eval(), tmp_path / "small.safetensors", VECTOR)
    assert torch.equal(again(VECTOR), small(VECTOR))
    (tmp_path / "other").write_bytes(b"no")
    with pytest.raises(ValueError, match="path must be a file that save_shrunk wrote"):
        load_shrunk(model, tmp_path / "other", VECTOR)


def test_a_smaller_model_is_exported():
    model = prepared(numbered(own_attention, 3, qkv=L(6, 18), o=L(6, 6))).float()
    small = shrink(model, {"qkv.weight": [0, 2]}, SEQUENCE)
    exported = torch.export.export(small, (SEQUENCE,))
    assert torch.allclose(exported.module()(SEQUENCE), small(SEQUENCE), atol=1e-6)


def test_scores_choose_units():
    model = small_net()
    [first, _] = channel_groups(model, VECTOR)
    scores = channel_scores(first, {name: p.detach().abs() for name, p in model.named_parameters()})
    by_hand = model[0].weight.abs().sum(1) + model[0].bias.abs() + model[3].weight.abs().sum(0)
    assert torch.allclose(scores, by_hand)
    kept = keep_channels(scores, 0.5, multiple_of=4)
    assert shrink(model, {first.name: kept}, VECTOR)[0].out_features == 4
    with pytest.raises(ValueError, match="scores must hold one of the group's parameters"):
        channel_scores(first, {"x": torch.ones(1)})


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_short_floats_shrink_too(dtype):
    small = shrink(small_net().to(dtype), {"0.weight": [1, 2]}, VECTOR.to(dtype))
    assert small[0].weight.dtype == dtype


def test_groups_print_what_they_own():
    groups = channel_groups(small_net(), VECTOR)
    assert groups["0.weight"].slices == ("0 output", "3 input")
    assert groups[0].parameters.tolist() == [6 + 1 + 4] * 8
    assert groups[0].macs.tolist() == [4 * (6 + 4)] * 8
    assert "3 input" in str(groups)
    assert "<table>" in groups._repr_html_()


def test_nested_and_keyword_inputs():
    class Keywords(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.o = L(6, 8), L(8, 3)

        def forward(self, *, pair, scale=1.0):
            return {"out": [self.o(self.a(pair["x"]) * scale)]}

    inputs = {"pair": {"x": VECTOR}, "scale": torch.tensor(2.0)}
    small = shrink(Keywords(), {"a.weight": [0]}, inputs)
    assert small(**inputs)["out"][0].shape == (4, 3)


def test_a_model_can_be_saved_whole():
    small = shrink(small_net(), {"0.weight": [1]}, VECTOR)
    torch.save(small.state_dict(), io.BytesIO())
