"""Averages over channels that a mask makes zero are exact on every input and in every mode, or refused."""

import pickle
import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F
from test_channels import Net, obey_the_law, p, prepared
from torch import nn
from torch.utils.checkpoint import checkpoint

from pruning_lab.channels import channel_groups, mask_channels, shrink

L = nn.Linear
VECTOR, SEQUENCE = torch.randn(4, 6).double(), torch.randn(2, 5, 6).double()
ZEROS, ONES = torch.zeros(4, 1).double(), torch.ones(4, 1).double()


def rms(x):
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 0.1)


def network(around, **modules):
    torch.manual_seed(0)

    def function(s, x):
        first, *more = x if isinstance(x, list) else [x]
        return s.o(around(s, s.a(first), *more))

    return prepared(Net(function, a=L(6, 8), o=L(8, 3), **modules))


def sizes(groups):
    return [group.size for group in groups]


class RMSFunction(torch.autograd.Function):
    """A norm with a gradient of its own, which averages too."""

    @staticmethod
    def forward(ctx, x):
        scale = torch.rsqrt(x.square().mean(-1, keepdim=True) + 0.1)
        ctx.save_for_backward(x, scale)
        return x * scale

    @staticmethod
    def backward(ctx, gradient):
        x, scale = ctx.saved_tensors
        return scale * (gradient - x * scale.square() * (gradient * x).mean(-1, keepdim=True))


def test_a_norm_with_a_gradient_of_its_own_or_run_again_for_it_is_refused():
    for around in (lambda s, h: RMSFunction.apply(h), lambda s, h: checkpoint(rms, h, use_reentrant=False)):
        assert sizes(channel_groups(network(around), VECTOR)) == []


def written_into(s, h, more):
    one, other = h.mul(1).view(-1, 8), None
    whole = one.view(-1, 2, 4)
    other = whole.view(-1, 8)
    one.add_(more)
    return h * other.mean(1, True)


NEVER_ZERO = {
    "what another view was written into": written_into,
    "more than one number for all": lambda s, h, more: h * (h + s.one).mean(1, True),
    "more than a buffer": lambda s, h, more: h * (h + s.buffer).mean(1, True),
    "one number spread out": lambda s, h, more: h * (h + s.one.expand(8)).mean(1, True),
    "more than a number for each row": lambda s, h, more: h * (h + s.rows).mean(1, True),
    "a mask's one": lambda s, h, more: h * h.masked_fill(more > 0, 1.0).mean(1, True),
}


@pytest.mark.parametrize("name", NEVER_ZERO)
def test_what_is_zero_on_the_example_alone_is_not_averaged(name):
    """The gate is shut on the example: no comparison of outputs can see through it."""

    def around(s, h, more):
        return h + F.relu(more - 0.5) * NEVER_ZERO[name](s, h, more)

    model = network(around, one=nn.Parameter(torch.zeros(1)), rows=p(4, 1))
    model.register_buffer("buffer", torch.zeros(8).double())
    assert sizes(channel_groups(model, [VECTOR, ZEROS])) == []


@pytest.mark.parametrize(
    ("around", "units"),
    [
        (lambda s, h, more: h * (h + s.v).masked_fill(more > 0, 0.0).mean(1, True), [8]),
        (lambda s, h, more: h * h.cumsum(0).mean(1, True), [8]),
        (lambda s, h, more: h * F.pad(h, (1, 1)).mean(1, True), [8]),
        (lambda s, h, more: h * h.repeat(1, 2)[[0, 1, 2, 3]].amax(0, True).mean(1, True), [8]),
        (lambda s, h, more: h * h[:, :4].mean(1, True), [8]),
        (lambda s, h, more: h * h[:, ::2].mean(1, True), [4]),
    ],
)
def test_what_stays_zero_is_averaged_whatever_stays(around, units):
    model = network(around, v=p(8))
    groups = channel_groups(model, [VECTOR, ZEROS])
    assert sizes(groups) == units
    for keep in ([0], [3], [units[0] - 1], [0, 2, 3], list(range(1, units[0]))):
        small, twin = (f(model, {groups[0].name: keep}, groups=groups) for f in (shrink, mask_channels))
        for inputs in ([VECTOR, ZEROS], [-3 * VECTOR, ONES]):
            assert torch.allclose(small(inputs), twin(inputs), rtol=1e-9)


def in_turns(s, x):
    states, out = ((s.a(x), s.o), (s.b(x), s.q)), 0
    for place in range(x.shape[1]):
        for state, read in states:
            out = out + read(rms(state[:, place]))
    return out


def one_after_the_other(s, x):
    return sum(read(rms(state[:, n])) for state, read in ((s.a(x), s.o), (s.b(x), s.q)) for n in range(x.shape[1]))


def test_a_loop_over_two_widths_may_be_longer_than_in_the_example_or_says_so():
    for function, follows in ((in_turns, True), (one_after_the_other, False)):
        torch.manual_seed(0)
        model = prepared(Net(function, a=L(6, 8), b=L(6, 4), o=L(8, 3), q=L(4, 3)))
        groups = channel_groups(model, SEQUENCE)
        keep = {"a.weight": [0, 2, 5], "b.weight": [3]}
        small, twin = (f(model, keep, groups=groups) for f in (shrink, mask_channels))
        assert torch.allclose(small(SEQUENCE), twin(SEQUENCE))
        for other in (SEQUENCE[:, :3], torch.cat([SEQUENCE, SEQUENCE], 1)):
            if follows:
                assert torch.allclose(small(other), twin(other))
            else:
                with pytest.raises(RuntimeError, match=r"inputs must lead a smaller model .* got 'mean' \d+ times"):
                    small(other)


def test_another_path_in_training_says_so():
    def around(s, h):
        if s.training:
            return h / (h.square().mean(1, True) + 1).sqrt()
        return h / (h.square().mean(1, True) + 1).sqrt()

    model = network(around)
    small = shrink(model, {"a.weight": [0, 1]}, VECTOR)
    assert torch.allclose(small(VECTOR), mask_channels(model, {"a.weight": [0, 1]}, VECTOR)(VECTOR))
    with pytest.raises(RuntimeError, match="got 'mean' at another place of its code in a Net"):
        small.train()(VECTOR)


def test_a_norm_that_only_training_meets_is_refused():
    def around(s, h):
        return h if s.norm is None or not s.training else h + 0 * s.norm(h)

    assert sizes(channel_groups(network(around, norm=nn.RMSNorm(8)), VECTOR)) == []
    assert sizes(channel_groups(network(around, norm=None), VECTOR)) == [8]


class OfTwo(nn.Module):
    """A mean inside a generator: where Python stands there depends on how often the code has run."""

    def __init__(self):
        super().__init__()
        self.a, self.o = L(6, 8), L(8, 3)

    def forward(self, x):
        h = self.a(x)
        return self.o(h * sum(one.mean(1, True) for one in (h, 2 * h)))


@pytest.mark.parametrize("runs", [0, 4, 20])
def test_code_that_is_warm_or_cold_is_the_same_code(runs):
    class Own(OfTwo):  # a forward that has never run
        forward = type(OfTwo.forward)(OfTwo.forward.__code__.replace(co_name=f"forward{runs}"), globals())

    model = prepared(Own())
    for _ in range(runs):
        model(VECTOR)
    small = shrink(model, {"a.weight": [0, 3, 5]}, VECTOR)
    twin = mask_channels(model, {"a.weight": [0, 3, 5]}, VECTOR)
    assert all(torch.allclose(small(VECTOR), twin(VECTOR)) for _ in range(20))


def test_a_smaller_model_from_a_warm_process_is_right_in_a_new_one(tmp_path):
    model = prepared(OfTwo())
    for _ in range(20):
        model(VECTOR)
    small = shrink(model, {"a.weight": [0, 3, 5]}, VECTOR)
    (tmp_path / "small").write_bytes(pickle.dumps((small, VECTOR, small(VECTOR).detach())))
    code = "import pickle, sys, torch; m, x, y = pickle.load(open(sys.argv[1], 'rb')); assert torch.allclose(m(x), y)"
    subprocess.run([sys.executable, "-c", code, tmp_path / "small"], env={"PYTHONPATH": ":".join(sys.path)}, check=True)


def test_a_compiled_smaller_model_computes_the_same():
    model = network(lambda s, h: rms(h))
    small = shrink(model, {"a.weight": [0, 3]}, VECTOR)
    assert torch.allclose(torch.compile(small, backend="eager")(VECTOR), small(VECTOR))
    with pytest.raises(TypeError, match=r"inputs must be tensors for a smaller model; got a torch.fx.Proxy"):
        torch.fx.symbolic_trace(nn.Sequential(small))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_the_epsilon_of_short_floats_is_that_of_float32(dtype):
    model = nn.Sequential(L(6, 8, bias=False), nn.RMSNorm(8), L(8, 3)).to(dtype)
    x = (VECTOR * 1e-3).to(dtype)
    small, twin = (f(model, {"0.weight": [0, 3]}, x) for f in (shrink, mask_channels))
    assert torch.allclose(small(x), twin(x), rtol=0.1, atol=0.02)


def test_gradients_follow_after_three_rounds():
    model = network(lambda s, h: h + s.c(s.norm(h)), c=L(8, 8), norm=nn.RMSNorm(8))
    for keep in ([0, 2, 3, 5, 7], [0, 1, 4], [2]):
        groups = channel_groups(model, VECTOR)
        obey_the_law(model, VECTOR, groups, {"a.weight": keep})
        model = shrink(model, {"a.weight": keep}, groups=groups)


class Positioned(nn.Module):
    """A token of its own, learned places, attention, norms: zero along the channels, if not along the places."""

    def __init__(self):
        super().__init__()
        self.a, self.token, self.places = L(6, 8), p(1, 1, 8), p(1, 6, 8)
        self.q, self.k, self.v, self.b = (L(8, 8) for _ in range(4))
        self.norm, self.last, self.o = nn.RMSNorm(8), nn.RMSNorm(8), L(8, 3)

    def forward(self, x):
        x = torch.cat([self.token.expand(len(x), -1, -1), self.a(x)], 1) + self.places
        h = self.norm(x)
        x = x + self.b((self.q(h) @ self.k(h).transpose(1, 2)).softmax(-1) @ self.v(h))
        return self.o(self.last(x)[:, 0])


def test_learned_places_do_not_hide_the_zeros_of_the_channels():
    torch.manual_seed(0)
    model = prepared(Positioned())
    groups = channel_groups(model, SEQUENCE)
    assert ("token", 8) in [(group.name, group.size) for group in groups]
    for keep in ([0], [1, 4, 6]):
        obey_the_law(model, SEQUENCE, groups, {"token": keep})
        obey_the_law(model, 3 * SEQUENCE.flip(0), groups, {"token": keep}, training=True)
