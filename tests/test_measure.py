import random

import numba
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from bad_input import bad_input_test
from layouts import LAYOUTS
from threadpoolctl import threadpool_info
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm, weight_norm
from torch.nn.utils.prune import random_unstructured
from torch.utils.flop_counter import FlopCounterMode

from pruning_lab import measure, plots
from pruning_lab.layers import HeadAttention
from pruning_lab.measure import best_dense, compare, count_weights, macs, rivals, stored_bytes, timing
from pruning_lab.models import lenet_300_100, resnet_small, vgg_small


class Run(nn.Module):
    """A function as a model."""

    def __init__(self, function, **children):
        super().__init__()
        self.function = function
        for name, child in children.items():
            self.add_module(name, child)

    def forward(self, *inputs, **named):
        return self.function(self, *inputs, **named)


# --- Weights and bytes ---


@pytest.mark.parametrize(
    ("model", "weights"),
    [
        (nn.Linear(5, 3), 15),
        (nn.Linear(5, 3, bias=False), 15),
        (nn.Conv2d(8, 16, 3, groups=4), 16 * 2 * 9),
        (nn.Conv1d(8, 16, 3), 16 * 8 * 3),
        (nn.ConvTranspose2d(8, 16, 3), 16 * 8 * 9),
        (nn.Sequential(nn.BatchNorm2d(7), nn.Embedding(11, 3), nn.LayerNorm(3)), 0),
        (nn.MultiheadAttention(8, 2), 4 * 64),
        (nn.MultiheadAttention(8, 2, kdim=3, vdim=5), 64 + 24 + 40 + 64),
        (HeadAttention(8, num_heads=3, head_dim=2), 4 * 48),
        (lenet_300_100(), 266200),
    ],
    ids=str,
)
def test_count_weights_by_hand(model, weights):
    assert count_weights(model) == weights


def test_count_weights_counts_shared_and_tied_weights_once_and_zeros_too():
    shared, tied = nn.Linear(4, 4), nn.Linear(4, 4)
    tied.weight = shared.weight
    assert count_weights(nn.Sequential(shared, shared, tied)) == 16
    nn.init.zeros_(shared.weight)
    assert count_weights(shared) == 16


def test_stored_bytes_counts_memory_once_whatever_views_of_it_there_are():
    tied = nn.Sequential(nn.Linear(4, 6, bias=False), nn.Linear(6, 4, bias=False))
    tied[1].weight = nn.Parameter(tied[0].weight.data.T)
    assert stored_bytes(tied) == 4 * 24
    layer, flat = nn.Module(), torch.zeros(20)
    layer.register_buffer("head", flat[:12].view(3, 4))
    layer.register_buffer("tail", flat[8:])  # four numbers in common
    layer.register_buffer("bytes", flat[:2].view(torch.uint8))
    layer.register_buffer("wide", flat[:1].expand(5))
    assert stored_bytes(layer) == 80
    layer.register_buffer("every_other", torch.zeros(10)[::2])
    assert stored_bytes(layer) == 80 + 20


def test_stored_bytes_counts_overlapping_windows_once():
    assert stored_bytes(torch.zeros(10).unfold(0, 4, 1)) == 40
    assert stored_bytes(np.lib.stride_tricks.sliding_window_view(np.zeros(10, np.float32), 4)) == 40
    assert stored_bytes(np.zeros(3, [("a", "f4"), ("b", "i1")])["a"]) == 12


def test_stored_bytes_by_hand():
    norm = nn.BatchNorm2d(10)  # weight, bias, mean, variance in float32, and one int64 counter
    assert stored_bytes(norm) == 4 * 10 * 4 + 8
    assert stored_bytes(nn.Linear(5, 3).half()) == 2 * 18
    layer = nn.Linear(5, 3)
    assert stored_bytes(nn.Sequential(layer, layer)) == 4 * 18
    values, columns = np.zeros(10, np.float32), np.zeros(10, np.uint16)
    assert stored_bytes(values) == 40
    assert stored_bytes([values, {"columns": columns, "layer": layer}, (columns,)]) == 40 + 20 + 72 + 20
    assert stored_bytes([]) == 0


# --- Multiply-accumulates ---

x = torch.randn(2, 5, 8)  # (batch, length, features)
image = torch.randn(2, 4, 9, 9)
# length 5 asks length 7, 8 features: projections, scores, weighted sum, output projection
ATTENTION_MACS = 2 * (5 * 64 + 2 * 7 * 64 + 5 * 7 * 8 + 5 * 7 * 8 + 5 * 64)
y = torch.randn(2, 7, 8)


def attend(attention, **options):
    return Run(lambda self, q, k: self.attention(q, k, k, **options), attention=attention)


@pytest.mark.parametrize(
    ("model", "inputs", "expected"),
    [
        (nn.Linear(8, 3), x, 2 * 5 * 8 * 3),
        (nn.Linear(8, 3, bias=False), x, 2 * 5 * 8 * 3),
        (nn.Linear(8, 3), x[0, 0], 8 * 3),
        (lenet_300_100(), torch.zeros(3, 1, 28, 28), 3 * 266200),
        (nn.Conv2d(4, 6, 3), image, 2 * 7 * 7 * 6 * 4 * 9),
        (nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2), image, 2 * 5 * 5 * 6 * 2 * 9),
        (nn.Conv2d(4, 4, (3, 1), dilation=2, groups=4, bias=False), image, 2 * 5 * 9 * 4 * 1 * 3),
        (nn.Conv2d(4, 6, 3, padding=1, padding_mode="circular"), image, 2 * 81 * 6 * 4 * 9),
        (nn.Conv1d(5, 10, 3, groups=5), x, 2 * 6 * 10 * 1 * 3),
        (nn.ConvTranspose2d(4, 6, 3, stride=2), image, 2 * 81 * 4 * 6 * 9),
        (nn.Sequential(nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2)), image, 0),
        (attend(nn.MultiheadAttention(8, 2, batch_first=True)), (x, y), ATTENTION_MACS),
        (attend(nn.MultiheadAttention(8, 2, batch_first=True), need_weights=False), (x, y), ATTENTION_MACS),
        (attend(nn.MultiheadAttention(8, 4, bias=False, batch_first=True)), (x, y), ATTENTION_MACS),
        (attend(nn.MultiheadAttention(8, 2, kdim=8, vdim=8, batch_first=True)), (x, y), ATTENTION_MACS),
        (attend(HeadAttention(8, 2, 4, batch_first=True), need_weights=False), (x, y), ATTENTION_MACS),
        (attend(HeadAttention(8, 1, 4, batch_first=True)), (x, y), ATTENTION_MACS // 2),
        # the case that torch runs as one fused kernel in evaluation mode: self-attention, an even number of heads
        (Run(lambda self, q: self.a(q, q, q)[0], a=nn.MultiheadAttention(8, 2, batch_first=True)), x, 2 * (1280 + 400)),
        (nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), x, 2 * (1280 + 400 + 5 * 2 * 8 * 16)),
        (Run(lambda self, q, k: F.scaled_dot_product_attention(q, k, k)), (x, y), 2 * 2 * 5 * 7 * 8),
        (Run(lambda self, q: F.scaled_dot_product_attention(q, q, q, is_causal=True)), x, 2 * 2 * 5 * 5 * 8),
        (Run(lambda self, q: F.linear(q, torch.ones(3, 8))), x, 2 * 5 * 8 * 3),
        (Run(lambda self, q: F.linear(q, torch.ones(3, 8), torch.ones(3))), x, 2 * 5 * 8 * 3),
        (Run(lambda self, q, k: q @ k.mT), (x, y), 2 * 5 * 7 * 8),
        (Run(lambda self, q: q @ torch.ones(8)), x, 2 * 5 * 8),
        (Run(lambda self, q: q[0, 0] @ q[0, 1]), x, 8),
        (Run(lambda self, q: torch.ones(5) @ q), x, 2 * 5 * 8),
        (Run(lambda self, q: torch.addmv(torch.ones(5), q[0], torch.ones(8))), x, 5 * 8),
        (Run(lambda self, q, k: torch.baddbmm(torch.ones(7), q, k.mT)), (x, y), 2 * 5 * 7 * 8),
        (Run(lambda self, q, k: torch.einsum("bqd,bkd->bqk", q, k)), (x, y), 2 * 5 * 7 * 8),
        (Run(lambda self, q: self.layer(self.layer(q)), layer=nn.Linear(8, 8)), x, 2 * 2 * 5 * 64),
        (Run(lambda self, q: q * q + q.sum()), x, 0),
        (Run(torch.inference_mode()(lambda self, q: self.layer(q)), layer=nn.Linear(8, 3)), x, 2 * 5 * 8 * 3),
        (nn.LSTM(8, 16, batch_first=True).double(), x.double(), 2 * 5 * 4 * 16 * (8 + 16)),
    ],
)
def test_macs_by_hand(model, inputs, expected):
    assert macs(model, inputs) == expected


@pytest.mark.parametrize("model", [vgg_small(), resnet_small()], ids=["vgg", "resnet"])
def test_macs_are_half_the_flops_torch_counts_where_torch_counts_them(model):
    images = torch.zeros(2, 1, 28, 28)
    with FlopCounterMode(display=False) as counter:
        model.eval()(images)
    assert 2 * macs(model, images) == counter.get_total_flops()


SPARSE = torch.where(torch.arange(24).reshape(3, 8) % 3 == 0, torch.arange(24.0).reshape(3, 8) + 1, 0.0)  # 8 values


@pytest.mark.filterwarnings("ignore:Sparse .* tensor support is in beta")
@pytest.mark.parametrize(
    ("model", "inputs", "expected"),
    [
        (Run(lambda self, q: torch.addbmm(torch.ones(5, 7), q, y.mT)), x, 2 * 5 * 7 * 8),
        (Run(lambda self, q: torch.ones(5, 7).addmm_(q[0], y[0].mT)), x, 5 * 7 * 8),
        (Run(lambda self, q: torch.ones(2, 5, 7).baddbmm_(q, y.mT)), x, 2 * 5 * 7 * 8),
        (Run(lambda self, q: torch.mm(q[0], y[0].mT, out=torch.empty(5, 7))), x, 5 * 7 * 8),
        (Run(lambda self, q: torch.vdot(q[0, 0], q[0, 1])), x, 8),
        (
            Run(lambda self, q: torch.conv_tbc(q, torch.ones(3, 8, 4), torch.zeros(4))),
            x.transpose(0, 1).contiguous(),
            2 * 3 * 4 * 24,
        ),
        (nn.LSTM(8, 16, batch_first=True), x, 2 * 5 * 4 * 16 * (8 + 16)),
        (nn.GRU(8, 16, batch_first=True), x, 2 * 5 * 3 * 16 * (8 + 16)),
        (nn.RNN(8, 16, num_layers=2, batch_first=True), x, 2 * 5 * 16 * (8 + 16 + 16 + 16)),
        (Run(lambda self, q: q[0] @ SPARSE.to_sparse_csr().t()), x, 8 * 5),
        (Run(lambda self, q: SPARSE.to_sparse_csr() @ q[0].mT), x, 8 * 5),
        (Run(lambda self, q: SPARSE.to_sparse() @ q[0].mT), x, 8 * 5),
        (Run(lambda self, q: SPARSE.to_sparse_csc() @ q[0, 0]), x, 8),
        (Run(lambda self, q: torch.sparse.mm(SPARSE.to_sparse(), q[0].mT)), x, 8 * 5),
        (Run(lambda self, q: F.linear(q, SPARSE.to_sparse_csr())), x, 8 * 2 * 5),
        (nn.Sequential(weight_norm(nn.Linear(8, 3))), x, 2 * 5 * 24),
        (nn.Linear(8, 3, device="meta"), x.to("meta"), 2 * 5 * 24),
        (Run(lambda self, *, query, key: query @ key.mT), {"query": x, "key": y}, 2 * 5 * 7 * 8),
        (Run(lambda self, both: both["query"] @ both["key"].mT), ({"query": x, "key": y},), 2 * 5 * 7 * 8),
        (torch.compile(nn.Linear(8, 3), backend="eager"), x, 2 * 5 * 24),
        (torch.export.export(nn.Linear(8, 3), (x,)).module(), x, 2 * 5 * 24),
    ],
)
def test_macs_of_what_once_counted_as_nothing(model, inputs, expected):
    assert macs(model, inputs) == expected


@pytest.mark.filterwarnings("ignore:.*(quantization|prototype|quantized)")
def test_a_layer_quantized_as_it_runs_counts_and_has_bytes():
    quantized = torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(8, 3)), {nn.Linear}, torch.qint8)
    assert macs(quantized, x) == 2 * 5 * 24
    assert stored_bytes(quantized) == 24 + 3 * 4  # int8 weights, float32 biases
    with pytest.raises(ValueError, match=r"model must hold weights that can be counted; got '0\.weight', packed"):
        count_weights(quantized)


def test_macs_leaves_inputs_and_parameters_as_they_were():
    class Clips(nn.Linear):
        def forward(self, x):
            self.weight.data.clamp_(-0.01, 0.01)
            return super().forward(x.relu_())

    model, inputs = Clips(8, 3), x.clone()
    before = model.weight.detach().clone()
    assert macs(model, inputs) == 2 * 5 * 24
    assert torch.equal(inputs, x)
    assert torch.equal(model.weight, before)
    assert torch._C._get_mkldnn_enabled()


@pytest.mark.parametrize("layers", [1, 4])
@pytest.mark.parametrize("parametrize", [weight_norm, spectral_norm, nn.utils.parametrizations.orthogonal])
def test_parametrized_layers_count_as_what_they_multiply(parametrize, layers):
    assert count_weights(nn.Sequential(*(parametrize(nn.Linear(10, 10)) for _ in range(layers)))) == layers * 100


def test_layers_masked_by_torch_count_once():
    layer = nn.Linear(10, 10)
    random_unstructured(layer, "weight", 0.5)
    assert count_weights(nn.Sequential(layer, layer)) == 100


@pytest.mark.filterwarnings("ignore:Sparse .* tensor support is in beta")
def test_bytes_of_sparse_tensors_are_their_values_and_indices():
    assert stored_bytes(SPARSE.to_sparse_csr()) == 8 * 4 + 8 * 8 + 4 * 8
    assert stored_bytes(SPARSE.to_sparse_csc()) == 8 * 4 + 8 * 8 + 9 * 8
    assert stored_bytes(SPARSE.to_sparse()) == 8 * 4 + 2 * 8 * 8
    layer = nn.Linear(8, 3)
    layer.weight = nn.Parameter(SPARSE.to_sparse_csr())
    assert stored_bytes(layer) == 8 * 4 + 8 * 8 + 4 * 8 + 3 * 4
    assert macs(layer, x[0]) == 8 * 5


def test_bytes_are_those_in_memory():
    assert stored_bytes(torch.ones(1).expand(1000)) == 4
    assert stored_bytes(np.broadcast_to(np.float32(1), (3, 4))) == 4
    assert stored_bytes(torch.ones(8, 8)[::2]) == 4 * 32
    assert stored_bytes(torch.ones(0, 8)) == 0
    assert stored_bytes(torch.ones(3, 4).to(torch.float8_e4m3fn)) == 12
    one, other = nn.Linear(4, 4), nn.Linear(4, 4)
    other.weight = nn.Parameter(one.weight.detach())  # another parameter on the same memory
    assert stored_bytes(nn.Sequential(one, other)) == 4 * (16 + 4 + 4)


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_scripted_and_exported_models_have_their_bytes():
    model = nn.Sequential(nn.Linear(8, 3), nn.ReLU()).eval()
    scripted = torch.jit.script(model)
    frozen = torch.jit.freeze(scripted)
    assert count_weights(scripted) == 24
    for same in (scripted, frozen, torch.export.export(model, (x,)).module()):
        assert stored_bytes(same) == stored_bytes(model) == 108
    assert stored_bytes(nn.Sequential(frozen, nn.Linear(8, 3))) == 216
    with pytest.raises(
        ValueError, match="model must hold weights that can be counted; got 'model', scripted and frozen"
    ):
        count_weights(frozen)
    for wrapped, words in (
        (scripted, "got a RecursiveScript"),
        (nn.Sequential(scripted), "got '0', a RecursiveScript"),
    ):
        with pytest.raises(ValueError, match=words):
            macs(wrapped, x)


REFUSED = {
    "_cdist_forward": lambda q: torch.cdist(q, q),
    "_fft_r2c": torch.fft.rfft,
    "linalg_inv_ex": lambda q: torch.linalg.inv(torch.eye(3)),
    "cond": lambda q: torch.cond(q.sum() > 0, torch.sin, torch.cos, (q,)),
    "test_measure::own_product": lambda q: own_product(q[0]),
}


@torch.library.custom_op("test_measure::own_product", mutates_args=())
def own_product(matrix: torch.Tensor) -> torch.Tensor:
    return matrix @ matrix.mT


@pytest.mark.parametrize("name", REFUSED)
def test_what_hides_its_products_is_refused_by_name(name):
    with pytest.raises(
        ValueError, match=f"model must run products that can be counted; got the fused operation {name}$"
    ):
        macs(Run(lambda self, q: REFUSED[name](q)), x)


class Counts(nn.Module):
    """Writes to a buffer whenever it runs."""

    def __init__(self):
        super().__init__()
        self.register_buffer("runs", torch.zeros(()))

    def forward(self, x):
        self.runs += 1
        return x


def test_macs_leaves_the_model_as_it_was():
    model = nn.Sequential(Counts(), nn.BatchNorm2d(4), nn.Dropout(), nn.Conv2d(4, 4, 1))
    model.train()[1].eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    random_state = torch.get_rng_state()
    macs(model, image)
    assert [module.training for module in model.modules()] == [True, True, False, True, True]
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random_state)
    assert torch.is_grad_enabled()
    assert torch.backends.mha.get_fastpath_enabled()


def test_macs_restores_the_training_flags_when_the_run_fails():
    model = nn.Linear(8, 3).train()
    with pytest.raises(RuntimeError):
        macs(model, torch.zeros(1, 9))
    assert model.training
    assert torch.backends.mha.get_fastpath_enabled()


# --- Time: on a clock that only the candidates move, so that every number is known ---


@pytest.fixture
def clock(monkeypatch):
    """A list of one number, in nanoseconds; a candidate takes time by adding to it."""
    now = [0]
    monkeypatch.setattr(timing.time, "perf_counter_ns", lambda: now[0])
    return now


def takes(clock, *nanoseconds, log=None):
    """A candidate whose calls take these times in turn, and the last one from then on."""
    calls = iter(nanoseconds)

    def candidate():
        clock[0] += next(calls, nanoseconds[-1])
        if log is not None:
            log.append(nanoseconds[-1])

    return candidate


def test_medians_quartiles_and_ratios_on_a_known_clock(clock):
    # one warm-up call each (cold), then five rounds
    rows = compare(
        {"dense": takes(clock, 9e9, 1e6, 2e6, 3e6, 4e6, 5e6), "half": takes(clock, 9e9, 5e5, 1e6, 1e6, 2e6, 1e7)},
        repeats=5,
        cold=True,
    ).rows
    assert [row.name for row in rows] == ["dense", "half"]
    assert (rows[0].q1, rows[0].median, rows[0].q3) == pytest.approx((2e-3, 3e-3, 4e-3))
    assert (rows[0].ratio_q1, rows[0].ratio, rows[0].ratio_q3) == (1, 1, 1)
    assert (rows[1].q1, rows[1].median, rows[1].q3) == pytest.approx((1e-3, 1e-3, 2e-3))
    assert rows[1].ratio == pytest.approx(3)  # of medians: 3 ms over 1 ms
    assert (rows[1].ratio_q1, rows[1].ratio_q3) == pytest.approx((2, 2))  # of rounds: 2, 2, 3, 2, 0.5


def test_short_calls_are_repeated_until_a_measurement_lasts_and_long_ones_are_not(clock):
    short, long = [], []
    comparison = compare({"short": takes(clock, 1e4, log=short), "long": takes(clock, 1e6, log=long)}, repeats=10)
    assert comparison["short"].median == pytest.approx(10e-6)
    assert comparison["long"].ratio == pytest.approx(0.01)
    assert len(long) == 2 + 10
    assert len(short) == 2 + 20 + 10 * 20  # 20 calls of 10 µs are one measurement


def test_cold_calls_once_a_measurement_and_reads_over_128_mb_before_each(clock, monkeypatch):
    reads, calls = [], []

    class Stream:
        def sum(self):
            reads.append(len(calls))

    assert timing._stream().nbytes > 128e6
    monkeypatch.setattr(timing, "_stream", Stream)
    compare({"short": takes(clock, 1e4, log=calls)}, repeats=10, cold=True)
    assert len(calls) == 1 + 10
    assert reads == list(range(1, 11))  # a read before every call but the warm-up


def test_speed_times_networks_without_gradients_and_the_first_once_more(clock):
    def network(nanoseconds):
        def forward(_network, images):
            clock[0] += nanoseconds
            assert not torch.is_grad_enabled()
            return images

        return Run(forward)

    rows = measure.speed({"dense": network(3e6), "small": network(1e6)}, torch.ones(1, 1), repeats=3).rows
    assert [(row.name, row.ratio) for row in rows] == [("dense", 1), ("small", pytest.approx(3)), ("dense again", 1)]


def test_rounds_are_interleaved_in_changing_order_and_leave_global_randomness_alone(clock):
    log = []
    random_state, numpy_state, torch_state = random.getstate(), np.random.get_state()[1], torch.get_rng_state()  # noqa: NPY002
    compare({str(t): takes(clock, t, log=log) for t in (1e6, 2e6, 3e6)}, repeats=30, cold=True)
    rounds = [tuple(log[i : i + 3]) for i in range(3, len(log), 3)]
    assert len(rounds) == 30
    assert all(set(one) == {1e6, 2e6, 3e6} for one in rounds)
    assert len(set(rounds)) == 6  # every order of three occurs
    assert random.getstate() == random_state
    assert np.array_equal(np.random.get_state()[1], numpy_state)  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), torch_state)


def threads():
    blas = [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]
    return [torch.get_num_threads(), numba.get_num_threads(), *blas]


def test_one_thread_while_timing_and_then_as_many_as_before():
    numba_before, torch_before = numba.get_num_threads(), torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        numba.set_num_threads(min(2, numba.config.NUMBA_NUM_THREADS))
        before, seen = threads(), []
        compare({"look": lambda: seen.append(threads())}, repeats=1, cold=True)
        assert {number for look in seen for number in look} == {1}
        assert threads() == before

        def fails():
            raise RuntimeError("no")

        with pytest.raises(RuntimeError):
            compare({"fails": fails})
        assert threads() == before
    finally:
        torch.set_num_threads(torch_before)
        numba.set_num_threads(numba_before)


def test_what_a_candidate_raises_comes_through_with_its_name():
    with pytest.raises(ZeroDivisionError) as caught:
        compare({"good": lambda: None, "bad one": lambda: 1 / 0})
    assert caught.value.__notes__ == ["raised by the candidate 'bad one'"]


@pytest.fixture
def comparison():
    row = measure.Row("dense <1>", 0.0025, 0.002, 0.003, 1.0, 1.0, 1.0)
    fast = measure.Row("csr", 0.000123456, 0.0001, 0.0002, 20.25, 18.0, 22.125)
    return measure.Comparison((row, fast), "one thread, warm, 30 interleaved rounds")


def test_prints_as_a_table_in_one_unit(comparison):
    assert str(comparison).splitlines() == [
        "candidate  median [µs]      quartiles [µs]  dense <1> / this       quartiles",
        "dense <1>      2500.00  2000.00 to 3000.00              1.00    1.00 to 1.00",
        "      csr       123.46    100.00 to 200.00             20.25  18.00 to 22.12",
        "one thread, warm, 30 interleaved rounds",
    ]


def test_shows_as_an_escaped_html_table(comparison):
    page = comparison._repr_html_()
    assert page.count("<tr>") == page.count("</tr>") == 3
    assert page.count("<th>") == page.count("</th>") == 5
    assert page.count("<td>") == page.count("</td>") == 10
    assert "dense &lt;1&gt;" in page
    assert "<caption>one thread, warm, 30 interleaved rounds</caption>" in page


def test_slow_rows_are_shown_in_milliseconds():
    table = str(measure.Comparison((measure.Row("slow", 2.0, 1.5, 2.5, 1.0, 1.0, 1.0),), "one thread"))
    assert "median [ms]" in table
    assert "2000.00  1500.00 to 2500.00" in table


def test_a_ratio_is_written_with_its_quartiles(comparison):
    assert comparison["csr"].ratio_text == "20.25 (18.00 to 22.12)"
    assert comparison["dense <1>"].ratio_text == "1.00 (1.00 to 1.00)"


def test_its_rows_are_drawn_by_plots(comparison):
    axes = plots.latency_bars(comparison.rows, limit=5e-5)
    assert [bar.get_width() for bar in axes.patches] == pytest.approx([2500, 123.456])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["dense <1>", "csr"]


def test_bandwidth_is_bytes_over_the_best_pass(monkeypatch):
    times = iter([3.0, 2.0, 4.0] + [5.0] * 7)
    monkeypatch.setattr(timing, "_seconds_per_call", lambda *args, **options: next(times))
    assert measure.stream_bandwidth() == timing.STREAM_BYTES / 2.0


# --- Rivals ---


@pytest.mark.parametrize("inputs", [(3,), (3, 4)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_both_dense_products_multiply(inputs, dtype):
    weight = np.array([[1, 2, 3], [4, 5, 6]], dtype)
    inputs = np.arange(np.prod(inputs), dtype=dtype).reshape(inputs)
    for product in measure.dense_products(weight, inputs).values():
        np.testing.assert_array_equal(np.asarray(product()), weight @ inputs)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_multiplied_alike(layout):
    weight, inputs = np.arange(6.0).reshape(2, 3), np.arange(3.0)
    for product in measure.dense_products(layout(weight), layout(inputs)).values():
        np.testing.assert_array_equal(np.asarray(product()), weight @ inputs)


def test_torch_multiplies_the_memory_that_numpy_does():
    weight, inputs = np.eye(2), np.ones(2)
    products = measure.dense_products(weight, inputs)
    weight[0, 0] = 5
    assert [product().tolist() for product in products.values()] == [[5, 1], [5, 1]]


@pytest.mark.parametrize(("numpy_ns", "torch_ns", "faster"), [(1e6, 2e6, "NumPy dense"), (2e6, 1e6, "torch dense")])
def test_the_rival_is_the_faster_product(clock, monkeypatch, numpy_ns, torch_ns, faster):
    makers = {
        "NumPy dense": lambda weight, x: takes(clock, numpy_ns),
        "torch dense": lambda weight, x: takes(clock, torch_ns),
    }
    for name, make in makers.items():
        monkeypatch.setitem(rivals.PRODUCTS, name, make)
    name, make = best_dense(np.eye(2), np.ones(2))
    assert (name, make) == (faster, makers[faster])


def test_the_trial_has_the_rounds_and_the_warmth_asked_for(monkeypatch):
    asked = []

    def trial(candidates, repeats, cold):
        asked.append((list(candidates), repeats, cold))
        return compare(candidates, repeats=1)

    monkeypatch.setattr(rivals, "compare", trial)
    best_dense(np.eye(2), np.ones(2), cold=True)
    best_dense(np.eye(2), np.ones(2), repeats=30)
    names = ["NumPy dense", "torch dense"]
    assert asked == [(names, rivals.TRIAL, True), (names, 30, False)]


BAD_INPUT = [
    ("count_weights of a tensor", lambda: count_weights(x), TypeError, "model must be a torch.nn.Module; got Tensor"),
    ("macs of a function", lambda: macs(F.relu, x), TypeError, "model must be a torch.nn.Module; got function"),
    (
        "macs of a hidden product",
        lambda: macs(Run(lambda self, q: self.b(q, q), b=nn.Bilinear(8, 8, 3)), x),
        ValueError,
        "model must run products that can be counted; got the fused operation _trilinear",
    ),
    (
        "macs of names that are not there",
        lambda: macs(nn.Linear(8, 3), {"images": x}),
        TypeError,
        "example_inputs must name the arguments of the model's forward (a dict that is one argument: in a tuple); "
        "got ['images'], missing a required argument: 'input'",
    ),
    (
        "macs of a lazy layer",
        lambda: macs(nn.Sequential(nn.LazyLinear(3)), x),
        ValueError,
        "model must have run once, so that its lazy layers have weights; got lazy 0.weight, 0.bias",
    ),
    (
        "bytes of a lazy layer",
        lambda: stored_bytes(nn.Sequential(nn.LazyLinear(3))),
        ValueError,
        "model must have run once, so that its lazy layers have weights; got lazy 0.weight",
    ),
    (
        "a rival of another dtype",
        lambda: measure.torch_product(np.eye(2), np.ones(2, np.float32)),
        TypeError,
        "x must have the dtype of weight, float64; got dtype float32",
    ),
    (
        "a rival of integers",
        lambda: measure.numpy_product(np.eye(2, dtype=int), np.ones(2, int)),
        TypeError,
        "weight must be float32 or float64; got dtype int64",
    ),
    (
        "a rival of another shape",
        lambda: measure.dense_products(np.eye(2), np.ones(3)),
        ValueError,
        "x must have shape (in,) or (in, batch) with in = 2, as weight has shape (2, 2); got (3,)",
    ),
    (
        "bytes of a number",
        lambda: stored_bytes([3.0]),
        TypeError,
        "model_or_formats must be an nn.Module or hold things with .nbytes; got float",
    ),
    (
        "candidates in a list",
        lambda: compare([print]),
        TypeError,
        "candidates must be a dict of name -> callable; got list",
    ),
    ("no candidates", lambda: compare({}), ValueError, "candidates must name at least one callable; got an empty dict"),
    (
        "a candidate already called",
        lambda: compare({"dense": x @ x.mT}),
        TypeError,
        "candidates must be callable without arguments; got Tensor for 'dense'",
    ),
    ("no rounds", lambda: compare({"a": print}, repeats=0), ValueError, "repeats must be at least 1; got 0"),
    ("half a round", lambda: compare({"a": print}, repeats=0.5), TypeError, "repeats must be an integer; got 0.5"),
    (
        "a row that is not there",
        lambda: compare({"a": lambda: None}, repeats=1)["b"],
        KeyError,
        repr("name must be one of ['a']; got 'b'"),
    ),
]


test_bad_input = bad_input_test(BAD_INPUT)


@pytest.mark.parametrize("kind", ["coroutine", "generator"])
def test_a_call_that_only_prepares_its_work_is_not_timed(kind):
    async def coroutine():
        return 1

    def generator():
        yield 1

    with pytest.raises(
        TypeError, match=r"^candidates must do their work when called; got a coroutine or generator for"
    ):
        compare({"first": sum, "second": coroutine if kind == "coroutine" else generator})


def test_a_candidate_has_a_name_that_can_be_printed():
    with pytest.raises(TypeError, match=r"^candidates must have names that are text; got 1$"):
        compare({1: sum})


def test_macs_asks_for_the_network_in_its_wrapping():
    with pytest.raises(ValueError, match=r"^model must be a network of one device \(take .module\); got DataParallel$"):
        macs(nn.DataParallel(nn.Linear(2, 2)), torch.ones(1, 2))
