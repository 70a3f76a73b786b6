"""An audit names what is built to be found, agrees with the functions that it is made of, and leaves no trace."""

import copy
import json
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from html import escape
from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from locks import leaks, secrets_of
from torch import nn

from pruning_lab import command, measure
from pruning_lab.audit import Audit, Finding, audit, verdicts
from pruning_lab.audit.arguments import with_batch
from pruning_lab.audit.budget import Budget, timed
from pruning_lab.audit.layers import Layer, layers_of, work_of
from pruning_lab.audit.products import distinct, pays_from, sparse_products
from pruning_lab.audit.single_groups import counted
from pruning_lab.audit.storage import layer_bytes
from pruning_lab.audit.structured import kept, smaller
from pruning_lab.audit.watching import Seen, first_run
from pruning_lab.channels import channel_groups, mask_channels, shrink
from pruning_lab.lesson.frame.lessons import lessons
from pruning_lab.masks import mask_blocks, mask_n_of_m, mask_unstructured
from pruning_lab.sparse import COO, CSC, CSR, Bitmask, BlockCSR, NOfM, RelativeIndex, TiledCSR

CPU = torch.device("cpu")


def small():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 36, 10))


IMAGES = torch.linspace(-1, 1, 2 * 3 * 64).reshape(2, 3, 8, 8)


@pytest.fixture(scope="module")
def found():
    return audit(small(), IMAGES, seconds=4)


# --- Known answers ---


class Slow(nn.Linear):
    """A layer that takes its time."""

    def forward(self, x):
        time.sleep(0.01)
        return super().forward(x)


def test_the_layer_that_takes_the_time_is_named():
    model = nn.Sequential(nn.Linear(16, 16), nn.ReLU(), Slow(16, 16), nn.Linear(16, 4))
    report = audit(model, torch.ones(1, 16), seconds=3)
    [share] = report.find("share", where="2")
    assert share.value > 0.9
    assert report.layers[0] == "2"
    assert report.verdict[0].startswith("Time goes to '2' 9")
    assert "of the time" in report.layer("2")[0]


def test_no_layer_and_no_sentence_is_left_out(found):
    sizes = [finding for finding in found.findings if finding.part == "size"]
    assert found.find("size") == sizes
    assert set(found.layers) == {finding.where for finding in sizes} == {"0", "4"}
    assert found.verdict == list(verdicts.whole(found.findings, found.facts))
    assert found.layer("4") == list(verdicts.of_layer(found.findings, "4", found.facts))
    assert ", one thread, warm caches, batch " in found.conditions


def test_a_ratio_loses_where_even_its_upper_quartile_is_below_one():
    slower, unclear = (Finding("network", "", "cut", 0.8, "x", 0.7, high) for high in (0.9, 1.1))
    assert (slower.loses, unclear.loses) == (True, False)
    assert (slower.farthest, unclear.farthest) == pytest.approx((1 / 0.7, 1 / 0.7))
    assert (slower.reaches(1.05), unclear.reaches(1.05)) == (False, True)


def timings(**ratios):
    """The findings of layers whose CSR at 0.9 is so many times as fast as dense, each with a tenth of the time."""
    found = []
    for name, ratio in ratios.items():
        found += [Finding("share", name, "", 0.1, "x"), Finding("size", name, "Linear", 1, "")]
        found.append(Finding("product", name, "CSR", ratio, "x", 0.95 * ratio, 1.05 * ratio, level=0.9, batch=1))
    return found


FACTS = {"batch sizes": [1], "measured on": {}, "network": "Net", "device": "here", "seconds": 1, "seconds spent": {}}


def test_the_one_layer_where_a_sparse_kernel_wins_is_named():
    sentences = list(verdicts.whole(timings(fc1=0.5, fc2=2.0, fc3=0.7), FACTS))
    assert sentences[-1].startswith("Scattered zeros at 0.9: 0.92x for the network by CSR in every layer")
    assert sentences[-1].endswith("CSR pays in 'fc2' (CSR at 0.9: 2.00x (1.90 to 2.10)) only.")


def test_the_one_layer_where_a_sparse_kernel_wins_is_found_by_measuring():
    """A vector times a large matrix is as fast as its bytes are read; eight rows are done before a kernel has begun."""
    torch.manual_seed(0)
    report = audit(nn.Sequential(nn.Linear(2048, 2048), nn.Linear(2048, 8)), torch.ones(1, 2048), seconds=40)
    [scattered] = [sentence for sentence in report.verdict if sentence.startswith("Scattered zeros")]
    assert "CSR pays in '0' (" in scattered
    assert scattered.endswith(" only.")


def test_zeros_that_lie_anywhere_are_told_from_patterns():
    tiled, pattern = (
        Finding("product", "fc2", what, 3.0, "x", 2.9, 3.1, level=0.9, batch=1) for what in ("tiled CSR", "4x1 vectors")
    )
    *_, scattered, patterns = verdicts.whole([*timings(fc1=0.5, fc2=2.0), tiled, pattern], FACTS)
    assert scattered.endswith("CSR pays in 'fc2' (tiled CSR at 0.9: 3.00x (2.90 to 3.10)) only.")
    assert patterns.endswith("pays in 'fc2' (4x1 vectors at 0.9: 3.00x (2.90 to 3.10)).")
    assert verdicts.all_scattered([*timings(fc2=2.0), tiled], FACTS, 0.9, 1) == pytest.approx(1 / (0.9 + 0.1 / 3))


def test_where_no_kernel_wins_the_verdict_says_so():
    sentences = list(verdicts.whole(timings(fc1=0.5, fc2=0.9), FACTS))
    assert sentences[-1].endswith("CSR beats the dense product in no layer that was timed.")
    assert "only where it is faster" not in sentences[-1]


def test_a_win_within_the_spread_is_none():
    found = [Finding("product", "fc", "CSR", 1.1, "x", 0.9, 1.2, level=0.9, batch=1), Finding("share", "fc", "", 1, "")]
    assert "in no layer" in " ".join(verdicts.whole(found, FACTS))


def test_the_whole_network_with_every_layer_sparse_follows_amdahl():
    whole = verdicts.all_scattered(timings(fc1=0.5, fc2=2.0), FACTS, 0.9, 1)
    assert whole == pytest.approx(1 / (0.8 + 0.1 / 0.5 + 0.1 / 2.0))
    alike = {**FACTS, "measured on": {"fc3": "fc1"}}
    found = [*timings(fc1=0.5, fc2=2.0), Finding("share", "fc3", "", 0.1, "x")]
    assert verdicts.all_scattered(found, alike, 0.9, 1) == pytest.approx(1 / (0.7 + 0.2 / 0.5 + 0.1 / 2.0))


def test_layers_may_be_left_dense_where_no_kernel_wins():
    found = timings(fc1=0.5, fc2=2.0)
    assert verdicts.all_scattered(found, FACTS, 0.9, 1, only_where_faster=True) == pytest.approx(1 / (0.9 + 0.1 / 2.0))
    assert "0.95x for the network by CSR in every layer that was timed, 1.05x by CSR only where it is" in " ".join(
        verdicts.whole(found, FACTS)
    )


def networks(**quartiles):
    """The findings of whole networks: the quartiles of how many times as fast as dense each of them is."""
    names = {"again": "dense again", "zeros": "zeros in place", "half": "smaller"}
    return [
        Finding("network", "", names[name], (low + high) / 2, "x", low, high, level=0.5, batch=1)
        for name, (low, high) in quartiles.items()
    ]


@pytest.mark.parametrize(
    ("measured", "words"),
    [
        (
            {"again": (0.98, 1.02), "zeros": (1.03, 1.06)},
            "1.04x (1.03 to 1.06), not distinguishable from noise",
        ),  # the same work
        ({"again": (0.98, 1.02), "zeros": (1.5, 1.6)}, "1.55x (1.50 to 1.60), faster"),
        ({"again": (0.98, 1.02), "zeros": (0.99, 1.01)}, "1.00x (0.99 to 1.01), no difference that these rounds"),
        ({"again": (0.98, 1.02), "half": (1.01, 1.05)}, "1.03x (1.01 to 1.05), not distinguishable from noise"),
        ({"again": (0.98, 1.02), "half": (1.03, 1.06)}, "1.04x (1.03 to 1.06), faster"),
        ({"again": (0.98, 1.02), "half": (0.90, 0.95)}, "0.93x (0.90 to 0.95), slower"),
        ({"again": (0.70, 1.02), "half": (1.03, 1.06)}, "1.04x (1.03 to 1.06), not distinguishable from noise"),
        (
            {"again": (0.98, 1.02), "zeros": (0.95, 0.97), "half": (1.03, 1.05)},
            "1.04x (1.03 to 1.05), not distinguishable",
        ),
    ],
)
def test_what_dense_against_itself_shows_as_well_is_no_difference(measured, words):
    assert words in " ".join(verdicts.whole(networks(**measured), FACTS))


def test_dense_against_itself_is_measured_and_said():
    found = audit(nn.Linear(4, 4), torch.ones(1, 4), seconds=100)
    [again] = found.find("network", what="dense again")
    assert f"Dense against itself: {again.ratio}. What reaches into" in " ".join(found.verdict)


def test_a_layer_with_all_of_the_time_sets_no_limit():
    found = [Finding("share", "fc", "", 1.0, "x"), Finding("size", "fc", "Linear", 1, "")]
    words = next(verdicts.whole(found, FACTS))
    assert "Pruning 'fc' alone has no such limit; all layers" in words
    assert words.endswith("take 100 % together: pruning them has no such limit.")
    assert next(verdicts.of_layer(found, "fc", FACTS)).endswith("which sets no limit to what pruning it can give")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((0.5, 0.5), "at 0.9: 0.7 as it is; 0.5 with any of 2 pruned."),
        ((0.5,), "at 0.9: 0.7 as it is; 0.5 with '0' pruned."),
        ((0.5, 0.6), "farthest from that with '0' pruned, 0.5; nearest with '1', 0.6."),
    ],
)
def test_the_sentence_on_evaluations_names_only_what_differs(values, words):
    found = [Finding("sensitivity", "", "as it is", 0.7, "evaluate")]
    found += [Finding("sensitivity", f"{n}", "scattered", v, "evaluate", level=0.9) for n, v in enumerate(values)]
    assert words in " ".join(verdicts.whole(found, FACTS))


def line(*ratios):
    return [Finding("product", "fc", "CSR", ratio, "x", level=level) for ratio, level in ratios]


@pytest.mark.parametrize(
    ("measured", "density", "how"),
    [
        (line((0.5, 0.5), (1.0, 0.8)), 0.2, "interpolated"),
        (line((0.4, 0.5), (0.5, 0.7)), 0.3 - 0.2 / 0.5, None),  # the line through 2.5 and 2.0 never gets to 1
        (line((0.25, 0.5), (0.5, 0.75)), 0.125, "extrapolated"),
        (line((1.2, 0.5), (2.0, 0.9)), 0.5, "the highest measured"),
        (line((0.9, 0.5)), 0, None),
    ],
)
def test_the_density_from_which_a_kernel_pays(measured, density, how):
    found = list(pays_from(measured, "fc", 1))
    if how is None:
        assert found == []
    else:
        assert found[0].value == pytest.approx(density)
        assert found[0].unit == f"density, {how}"


# --- Agreement with the functions that it is made of ---


def test_shares_add_up_to_one(found):
    assert sum(f.value for f in found.find("share")) == pytest.approx(1, abs=1e-9)
    assert {f.where for f in found.find("share")} >= {"0", "4", "(BatchNorm2d)", "(ReLU)"}


def test_a_layer_inside_another_is_not_counted_twice():
    class Outer(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner, self.weight = Slow(4, 4), nn.Parameter(torch.ones(4, 4))

        def forward(self, x):
            return self.inner(x) @ self.weight

    report = audit(nn.Sequential(Outer()), torch.ones(1, 4), seconds=2)
    assert report.find("share", where="0.inner")[0].value > 0.8 > 0.2 > report.find("share", where="0")[0].value


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("sparsity", [0.0, 0.5, 0.9, 1.0])
def test_bytes_are_those_of_the_formats(sparsity, dtype):
    torch.manual_seed(0)
    weight = torch.randn(24, 32)
    weight[torch.rand(24, 32) < 0.3] = 0  # some are pruned already
    weight = weight.to(dtype)
    numbers = weight.float() if dtype == torch.bfloat16 else weight
    layer = Layer("fc", "fc", "fc.weight", "Linear", nn.Parameter(weight))
    sizes = {f.what: f.value for f in layer_bytes(layer, [sparsity]) if f.part == "bytes" and f.level is not None}
    scores = numbers.abs()
    pruned = (numbers * mask_unstructured(scores, sparsity)).numpy()
    formats = {form.__name__: form.from_dense(pruned) for form in (COO, CSR, CSC, TiledCSR, Bitmask, RelativeIndex)}
    formats["BlockCSR"] = BlockCSR.from_dense((numbers * mask_blocks(scores, (4, 1), sparsity)).numpy(), block=(4, 1))
    if "NOfM" in sizes:
        n, m = {0.5: (2, 4), 0.9: (1, 8)}[sparsity]
        formats["NOfM"] = NOfM.from_dense((numbers * mask_n_of_m(scores, n, m)).numpy(), n, m)
    narrower = weight.element_size() - numbers.element_size()
    expected = {name: measure.stored_bytes(form) + form.stored * narrower for name, form in formats.items()}
    assert sizes == pytest.approx(expected, abs=1)


def test_the_smaller_network_computes_what_its_mask_does():
    model = small().eval()
    groups = channel_groups(model, IMAGES)
    network = smaller(model, groups, [0.25])[0.25]
    assert torch.allclose(
        network(IMAGES), mask_channels(model, kept(model, groups, 0.25), groups=groups)(IMAGES), atol=1e-6
    )
    assert network[0].out_channels == 6


class Recurrent(nn.Module):
    """One group owns two axes of a weight; another weight shares its tensor; a third is never met."""

    def __init__(self):
        super().__init__()
        self.words, self.out, self.never = nn.Embedding(40, 16), nn.Linear(16, 40, bias=False), nn.Linear(5, 5)
        self.out.weight, self.step, self.wide = self.words.weight, nn.GRU(16, 12), nn.Linear(12, 16)

    def forward(self, x):
        return self.out(self.wide(self.step(self.words(x))[0]))


@pytest.mark.parametrize(("model", "inputs"), [(small(), IMAGES), (Recurrent(), torch.ones(3, 2, dtype=torch.int64))])
def test_what_a_group_saves_is_what_goes_when_it_alone_is_cut(model, inputs):
    groups = channel_groups(model.eval(), inputs)
    table = counted(model, groups, [0.25, 0.5])
    assert len(groups) >= 1
    for group in groups:
        for level in (0.25, 0.5):
            cut = shrink(model, {group.name: kept(model, groups, level)[group.name]}, groups=groups)
            saved = {f.what: f.value for f in table if (f.where, f.level) == (group.name, level)}
            assert saved["MACs saved"] == pytest.approx(measure.macs(model, inputs) - measure.macs(cut, inputs))
            parameters = [sum(p.numel() for p in network.parameters()) for network in (model, cut)]
            assert saved["parameters saved"] == pytest.approx(parameters[0] - parameters[1])


def test_the_largest_groups_are_cut_one_at_a_time_and_timed():
    torch.manual_seed(0)
    layers = [layer for size in (16, 24, 32, 40, 8) for layer in (nn.LazyLinear(size), nn.ReLU())]
    model = nn.Sequential(*layers)
    model(torch.ones(2, 8))
    report = audit(model, torch.ones(2, 8), seconds=200)  # it ends after thirty rounds of each
    largest = [f.where for f in report.find("group", what="units")][:3]
    assert [f.where for f in report.find("group", what="smaller")] == largest
    [sentence] = [s for s in report.verdict if s.startswith("Cutting half of one group alone: ")]
    assert all(repr(name) in sentence for name in largest)
    assert sentence.endswith("; 1 more saves less work, not timed.")
    assert len(report.find("group", what="dense again")) == 1


def test_single_groups_are_told_from_what_dense_against_itself_shows_beside_them():
    def group(what, low, high, where=""):
        return Finding("group", where, what, (low + high) / 2, "x", low, high, level=0.5, batch=1)

    alone = [Finding("group", "a", "MACs saved", 8, "", level=0.5), group("smaller", 1.1, 1.2, where="a")]
    found = [*networks(again=(0.99, 1.01)), *alone]
    assert "'a' 1.15x (1.10 to 1.20), faster" in " ".join(verdicts.whole(found, FACTS))
    found.append(group("dense again", 0.9, 1.12))
    assert "'a' 1.15x (1.10 to 1.20), not distinguishable from noise" in " ".join(verdicts.whole(found, FACTS))


def test_costs_are_those_of_measure(found):
    assert found.find("cost", what="MACs", level=0.0)[0].value == measure.macs(small(), IMAGES)
    groups = channel_groups(small().eval(), IMAGES)
    network = smaller(small().eval(), groups, [0.5])[0.5]
    assert found.find("cost", what="MACs", level=0.5)[0].value == measure.macs(network, IMAGES)
    parameters = sum(parameter.numel() for parameter in network.parameters())
    assert found.find("cost", what="parameters", level=0.5)[0].value == parameters


def test_sparse_products_are_those_of_masked_weights():
    torch.manual_seed(0)
    matrix, x = torch.randn(8, 16), np.random.default_rng(0).standard_normal((16, 3)).astype(np.float32)
    scores = matrix.abs()
    kept_by = {
        "CSR": mask_unstructured(scores, 0.5), "tiled CSR": mask_unstructured(scores, 0.5),
        "4x1 vectors": mask_blocks(scores, (4, 1), 0.5), "2:4": mask_n_of_m(scores, 2, 4),
    }  # fmt: skip
    for (what, _), call in sparse_products(matrix, x, [0.5]):
        np.testing.assert_allclose(call(), (matrix * kept_by.pop(what)).numpy() @ x, rtol=1e-5, atol=1e-5)
    assert kept_by == {}


@pytest.mark.parametrize(
    ("module", "given"),
    [
        (nn.Linear(6, 4), torch.ones(2, 5, 6)),
        (nn.Conv2d(3, 4, 3, stride=2), torch.ones(2, 3, 9, 9)),
        (nn.Conv1d(3, 4, 1), torch.ones(2, 3, 9)),
        (nn.ConvTranspose2d(3, 4, 2), torch.ones(2, 3, 5, 5)),
    ],
)
def test_the_product_of_a_layer_has_its_multiply_accumulates(module, given):
    seen = Seen(tuple(given.shape), tuple(module(given).shape))
    matrix, columns, *_ = work_of(module, Layer("x", "x", "x.weight", type(module).__name__, module.weight), seen)
    assert matrix.numel() * columns == measure.macs(module, given)


# --- What cannot be measured gets a line ---


class Fourier(nn.Module):
    def forward(self, x):
        return torch.fft.rfft(x).abs()


def test_an_unsupported_operation_is_named_with_its_place_and_the_rest_is_measured():
    model = nn.Sequential(nn.Linear(16, 16), Fourier(), nn.Linear(9, 4))
    report = audit(model, torch.ones(2, 16), seconds=3)
    assert (
        "multiply-accumulates: '1' (Fourier): model must run products that can be counted; got the fused "
        in "".join(report.unseen)
    )
    assert any("fft" in line_ and "stay whole" in line_ and "'1'" in line_ for line_ in report.unseen)
    assert report.find("product", where="0")
    assert report.find("network", what="zeros in place")
    assert report.find("bytes", where="2", what="CSR")


def test_weights_that_cannot_be_pruned_get_a_line():
    model = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(8, 8)), nn.Linear(8, 8))
    report = audit(model, torch.ones(1, 8), seconds=2)
    assert any(line_.startswith("'0.weight': computed from other parameters") for line_ in report.unseen)


def lines_of(model, inputs, seconds=100):
    return " | ".join(audit(model, inputs, seconds=seconds).unseen)


def test_a_network_without_groups_gets_a_line():
    assert "channels: the network has no group of which some may go" in lines_of(nn.Linear(8, 8), torch.ones(1, 8))


def test_code_that_names_sizes_gets_a_line():
    class Steps(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell, self.out = nn.GRUCell(4, 8), nn.Linear(8, 3)

        def forward(self, x):
            state = x.new_zeros(len(x), 8)
            for step in x.unbind(1):
                state = self.cell(step, state)
            return self.out(state)

    assert "once their code is rewritten: 'Steps' names sizes" in lines_of(Steps(), torch.ones(2, 3, 4))


def test_a_run_that_takes_longer_while_it_is_watched_gets_a_line():
    def slower_with_hooks(self, x):
        time.sleep(0.005 if self.layer._forward_hooks else 0)
        return self.layer(x)

    assert "the shares of a run that nobody watches" in lines_of(Plain(slower_with_hooks), torch.ones(1, 8))


def test_products_of_narrow_numbers_say_that_they_are_not_taken_in_them():
    model = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8)).bfloat16()
    assert "products in torch.bfloat16: the kernels, and" in lines_of(model, torch.ones(1, 8, dtype=torch.bfloat16))


def test_layers_of_one_shape_and_two_types_are_not_taken_for_each_other():
    model = nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 8).double(), nn.Linear(8, 8))
    seen = {name: Seen((1, 8), (1, 8)) for name in "012"}
    watch = SimpleNamespace(seen=seen)
    assert distinct(model, layers_of(model), watch, {"0": 0.5}).same_as == {"2": "0"}


def test_the_time_of_computing_a_weight_is_its_layers():
    model = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(8, 8)), nn.ReLU(), nn.Linear(8, 8))
    report = audit(model, torch.ones(1, 8), seconds=1)
    assert {f.where for f in report.find("share")} == {"0", "2", "(ReLU)", "(Sequential)"}


def test_kernels_are_compiled_for_the_type_of_the_weights(monkeypatch):
    asked = []
    monkeypatch.setattr(import_module("pruning_lab.audit.auditing"), "prepare", asked.append)
    audit(nn.Linear(8, 8).double(), torch.ones(1, 8).double(), seconds=1)
    assert asked == [torch.float64]


def test_a_weight_that_an_embedding_shares_gets_a_line():
    model = nn.Sequential(nn.Embedding(50, 8), nn.Linear(8, 8), nn.Linear(8, 50, bias=False))
    model[2].weight = model[0].weight
    report = audit(model, torch.tensor([[1, 2]]), seconds=2)
    assert "'2.weight': the same tensor as '0.weight', an embedding" in report.unseen


def test_with_evaluate_it_says_that_nothing_was_trained():
    report = audit(small(), IMAGES, evaluate=lambda _: 1.0, seconds=1)
    assert "retraining: every number that evaluate gave is from before it" in report.unseen


def test_without_evaluate_nothing_is_said_of_accuracy(found):
    assert any(line_.startswith("accuracy: nothing was evaluated") for line_ in found.unseen)
    assert "accuracy" not in " ".join(found.verdict).lower()


# --- Nothing of the model is touched ---


def state_of(model):
    """Everything about a model and the random numbers that could change."""
    tensors = {name: (tensor.clone(), id(tensor)) for name, tensor in model.state_dict(keep_vars=True).items()}
    grads = {name: (id(p.grad), None if p.grad is None else p.grad.clone()) for name, p in model.named_parameters()}
    hooks = [dict(module._forward_hooks) | dict(module._forward_pre_hooks) for module in model.modules()]
    modes = [module.training for module in model.modules()]
    draws = torch.get_rng_state(), str(np.random.get_state()), random.getstate()  # noqa: NPY002
    return tensors, grads, hooks, modes, draws, torch.get_num_threads(), torch.is_grad_enabled()


def same(before, after):
    def equal(a, b):
        if isinstance(a, torch.Tensor):
            return torch.equal(a, b)
        if isinstance(a, dict):
            return a.keys() == b.keys() and all(equal(a[key], b[key]) for key in a)
        if isinstance(a, tuple | list):
            return len(a) == len(b) and all(map(equal, a, b))
        return a == b

    return equal(before, after)


@pytest.fixture
def trained():
    """A network as one has it in the middle of something: training mode, gradients, a hook, a frozen batch norm."""
    model = small().train()
    model(IMAGES).sum().backward()
    model[1].eval()
    model[0].register_forward_hook(lambda *_: None)
    return model


def test_the_model_is_as_before(trained):
    before = state_of(trained)
    audit(trained, IMAGES, evaluate=lambda model: float(model(IMAGES).mean()), seconds=2)
    assert same(before, state_of(trained))


def test_the_comparison_of_states_sees_a_change(trained):
    before = state_of(trained)
    trained[1].running_mean += 1e-3
    assert not same(before, state_of(trained))


def control_c(*_, **__):
    signal.raise_signal(signal.SIGINT)
    return 1.0


@pytest.mark.parametrize("where", ["evaluate", "products", "structured"])
def test_the_model_is_as_before_after_control_c(trained, monkeypatch, where):
    """Pressed while the user's function runs, while products are timed, and while the smaller networks are."""
    before = state_of(trained)
    if where != "evaluate":
        monkeypatch.setattr(import_module(f"pruning_lab.audit.{where}"), "timed", control_c)
    with pytest.raises(KeyboardInterrupt):
        audit(trained, IMAGES, evaluate=control_c if where == "evaluate" else None, seconds=30)
    assert same(before, state_of(trained))


def changes(model):
    with torch.no_grad():
        model[4].bias += 1
    return 1.0


def trains(model):
    model.train()
    return 1.0


def fails(model):
    raise RuntimeError("no data")


@pytest.mark.parametrize(
    ("evaluate", "error", "words"),
    [
        (lambda model: float("nan"), ValueError, "evaluate must return a finite number; got nan"),
        (lambda model: "good", TypeError, "evaluate must return a number; got str"),
        (lambda model: True, TypeError, "evaluate must return a number; got bool"),
        (fails, ValueError, "evaluate must run on the model as it is; got RuntimeError: no data"),
        (changes, ValueError, "evaluate must leave the model as it is; got a change of '4.bias'"),
        (trains, ValueError, "evaluate must leave the model as it is; got it back in training mode"),
        (5, TypeError, "evaluate must be a function of a model; got int"),
    ],
)
def test_an_evaluate_that_misbehaves_is_named(trained, evaluate, error, words):
    before = state_of(trained)
    with pytest.raises(error, match=words):
        audit(trained, IMAGES, evaluate=evaluate, seconds=1)
    assert same(before, state_of(trained))


def test_an_evaluate_that_changes_the_network_it_was_not_given_is_named(trained):
    with pytest.raises(ValueError, match=r"evaluate must leave the model as it is; got a change of '4.bias'"):
        audit(trained, IMAGES, evaluate=lambda _: changes(trained), seconds=1)


# --- evaluate ---


def test_sensitivity_is_what_evaluate_says_of_the_pruned_network(capsys):
    model = small().eval()
    report = audit(model, IMAGES, evaluate=lambda network: float(network(IMAGES).norm()), sparsities=[0.5], seconds=2)
    pruned = copy.deepcopy(model)
    with torch.no_grad():
        pruned[4].weight.mul_(mask_unstructured(pruned[4].weight.abs(), 0.5))
    [scattered] = report.find("sensitivity", where="4", what="scattered")
    assert scattered.value == pytest.approx(float(pruned(IMAGES).norm().detach()))
    groups = channel_groups(model, IMAGES)
    masked = mask_channels(model, kept(model, groups, 0.25), groups=groups)
    [channels] = report.find("sensitivity", what="channels", level=0.25)
    assert channels.value == pytest.approx(float(masked(IMAGES).norm().detach()), rel=1e-5)
    assert "evaluate: 4 calls of about" in capsys.readouterr().out
    assert "Evaluated, one layer at a time at 0.5: " in " ".join(report.verdict)


def test_an_interrupted_audit_goes_on_from_its_file_on_any_executor(tmp_path):
    model, calls = small(), []

    def evaluate(network):
        calls.append(1)
        return float(network(IMAGES).sum())

    path = tmp_path / "calls.jsonl"
    first = audit(model, IMAGES, evaluate=evaluate, seconds=1, path=path)
    made = len(calls)
    with ThreadPoolExecutor(2) as executor:
        second = audit(model, IMAGES, evaluate=evaluate, seconds=1, path=path, executor=executor)
    assert len(calls) == made + 1  # the network as it is
    assert first.find("sensitivity") == second.find("sensitivity")
    with torch.no_grad():
        model[4].weight += 1
    audit(model, IMAGES, evaluate=evaluate, seconds=1, path=path)
    assert len(calls) == 2 * made + 1  # another network: the file's results are not its


def test_an_evaluate_that_fails_with_some_layers_gets_a_line():
    def evaluate(network):
        if (network[4].weight == 0).float().mean() > 0.8:
            raise RuntimeError("too sparse")
        return 1.0

    report = audit(small(), IMAGES, evaluate=evaluate, seconds=1)
    assert "evaluate failed with '4' at 0.9: RuntimeError: too sparse" in report.unseen
    assert report.find("sensitivity", where="4", level=0.5)


# --- Bad input ---


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"model": {"weight": 1}}, TypeError, "model must be a torch.nn.Module; got dict"),
        ({"model": nn.ReLU()}, ValueError, "model must hold at least one weight of two axes or more; got ReLU"),
        ({"model": nn.LazyLinear(2)}, ValueError, "model must have run once on example inputs; got 'weight'"),
        ({"model": nn.Linear(2, 2, device="meta")}, ValueError, "model must hold numbers; got 'weight' on the meta"),
        (
            {"example_inputs": torch.ones(2, 4, 8, 8)}, ValueError,
            r"'0', a Conv2d, expects \(batch, 3, ..., ...\); got \(2, 4, 8, 8\)",
        ),
        (
            {"example_inputs": torch.ones(2, 3, 9, 9)}, ValueError,
            r"'4', a Linear, expects \(..., 288\); got \(2, 392\)",
        ),
        ({"sparsities": [0.5, 90]}, ValueError, r"sparsities must be in \[0, 1\] \(0.9 prunes 90 %\); got 90"),
        ({"sparsities": []}, ValueError, "sparsities must hold at least one number"),
        ({"sparsities": 0.5}, TypeError, "sparsities must be several numbers"),
        ({"groups": [1.0]}, ValueError, "groups must be below 1, so that a channel stays; got 1.0"),
        ({"seconds": 0}, ValueError, "seconds must be finite and over 0; got 0"),
        ({"seconds": float("nan")}, ValueError, "seconds must be finite and over 0; got nan"),
        ({"seconds": "60"}, TypeError, "seconds must be a number; got '60'"),
        ({"batch_sizes": [0]}, ValueError, "batch_sizes must be at least 1; got 0"),
        (
            {"example_inputs": torch.ones(0, 3, 8, 8)}, ValueError,
            r"example_inputs must hold at least one example; got a tensor of shape \(0, 3, 8, 8\)",
        ),
        (
            {"example_inputs": IMAGES.double()}, ValueError,
            "example_inputs must be what the model takes; got an error in '0', a Conv2d: .*double",
        ),
        (
            {"example_inputs": [IMAGES]}, ValueError,
            "example_inputs must be what the model takes; got an error in '0', a Conv2d: .*list",
        ),
        ({"evaluate": len, "executor": 3}, TypeError, "executor must be a concurrent.futures.Executor or None"),
        ({"evaluate": len, "path": "/"}, ValueError, "path must name a file; got the folder /"),
        ({"evaluate": len, "path": "no/such/file"}, ValueError, "path must be in a folder that exists; got no/such/f"),
        ({"batch_sizes": 3}, TypeError, "batch_sizes must be several integers or None; got 3"),
    ],
)  # fmt: skip
def test_bad_input_is_named(arguments, error, words):
    with pytest.raises(error, match=words):
        audit(**{"model": small(), "example_inputs": IMAGES, "seconds": 1, **arguments})


class Plain(nn.Module):
    """A network of one function and one linear layer."""

    def __init__(self, function):
        super().__init__()
        self.function, self.layer = function, nn.Linear(8, 8)

    def forward(self, x):
        return self.function(self, x)


def test_a_weight_of_another_name_is_named_without_advice_that_an_audit_does_not_take():
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(torch.ones(8, 8))

    with pytest.raises(ValueError, match=r"got 'w', not called a weight by its layer$"):
        audit(Own(), torch.ones(1, 8))


def test_a_network_that_wants_gradients_is_told_that_it_gets_none():
    def energy(self, x):
        x = x.detach().requires_grad_()
        return torch.autograd.grad(self.layer(x).sum(), x)[0]

    with pytest.raises(ValueError, match=r"does not have a grad_fn \(an audit runs without gradients\)$"):
        audit(Plain(energy), torch.ones(1, 8), seconds=1)


def test_a_network_that_runs_only_once_is_named():
    def once(self, x):
        if hasattr(self, "done"):
            raise RuntimeError("once is enough")
        self.done = True
        return self.layer(x)

    with pytest.raises(ValueError, match=r"model must run more than once; got RuntimeError: once is enough"):
        audit(Plain(once), torch.ones(1, 8), seconds=1)


def test_the_example_is_not_changed_by_a_network_that_works_in_place():
    given = torch.ones(1, 8)
    audit(Plain(lambda self, x: self.layer(x.add_(1))), given, seconds=1)
    assert torch.equal(given, torch.ones(1, 8))


def test_a_network_that_cannot_be_copied_is_told_why_and_what_to_do():
    with pytest.warns(FutureWarning, match="deprecated"):
        hooked = nn.Sequential(nn.utils.weight_norm(nn.Linear(8, 8)), nn.Linear(8, 3))
    hooked(torch.ones(1, 8))
    with pytest.raises(ValueError, match=r"'0.weight' is computed from other parameters \(fold it with torch"):
        audit(hooked, torch.ones(1, 8))


def test_weights_that_are_no_numbers_are_named():
    model = small()
    with torch.no_grad():
        model[4].weight[0, 0] = float("nan")
    with pytest.raises(ValueError, match=r"model must hold finite weights; got NaN or infinity in '4.weight'"):
        audit(model, IMAGES)


# --- The value that comes back ---


def test_it_is_saved_and_loaded_whole(found, tmp_path):
    found.save(tmp_path / "audit.json")
    loaded = Audit.load(tmp_path / "audit.json")
    assert loaded == found
    assert str(loaded) == str(found)
    assert json.loads((tmp_path / "audit.json").read_text())["rows"] == found.rows


def test_another_file_is_refused(tmp_path):
    (tmp_path / "audit.json").write_text('{"kind": "a cake"}')
    with pytest.raises(ValueError, match=r"path must name a file written by Audit.save; got .*audit.json"):
        Audit.load(tmp_path / "audit.json")


def test_the_page_needs_no_other_file_and_every_picture_has_its_words(found, tmp_path):
    found.to_html(tmp_path / "audit.html")
    page = (tmp_path / "audit.html").read_text()
    assert page.count("<img ") == page.count('<img alt="B') == 2
    assert 'src="data:image/png' in page
    assert "http" not in page
    assert "Not looked at" in page


def test_the_page_gives_no_answer_of_a_lesson_away(found, tmp_path):
    found.to_html(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    secrets = [secret for lesson in lessons() for secret in secrets_of(lesson)]
    assert leaks(page, secrets) == []
    assert leaks(page.replace("</main>", f"<p>{escape(secrets[0])}</p></main>"), secrets) == [secrets[0]]


def test_it_shows_itself_in_a_notebook(found):
    assert "<table>" in found._repr_html_()
    assert "Not looked at" in str(found)


def test_a_name_is_escaped():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleDict({"<b>": nn.Linear(4, 4)})

        def forward(self, x):
            return self.layers["<b>"](x)

    assert "<b>'" not in audit(Net(), torch.ones(1, 4), seconds=1)._repr_html_()


def test_every_batch_size_is_measured():
    report = audit(small(), IMAGES, sparsities=(0.9,), groups=(0.5,), batch_sizes=(1, 4), seconds=15)
    assert {f.batch for f in report.find("product")} == {1, 4}
    assert {f.batch for f in report.find("network")} == {1, 4}


def test_inputs_of_another_batch_are_repeated():
    inputs = {"x": torch.arange(2), "scale": torch.ones(1), "flag": True}
    larger = with_batch(inputs, 3)
    assert (larger["x"].tolist(), larger["scale"].tolist(), larger["flag"]) == ([0, 1, 0], [1.0], True)


# --- The budget ---


def test_fewer_rounds_where_time_is_short():
    nap = {"nap": lambda: time.sleep(0.01)}
    assert timed(nap, seconds=10).conditions.endswith(" 30 interleaved rounds")
    rounds = int(timed(nap, seconds=0.2).conditions.split()[3])
    assert 3 <= rounds < 20
    assert timed(nap, seconds=0.01) is None


def test_what_the_parts_took_is_noted():
    budget = Budget(1.0)
    with budget.part("nap"):
        time.sleep(0.01)
    assert budget.spent["nap"] >= 0.01
    assert budget.left < 1.0


def test_a_budget_that_is_too_short_is_said():
    class Sleepy(nn.Linear):
        def forward(self, x):
            time.sleep(0.05)
            return super().forward(x)

    report = audit(Sleepy(8, 8), torch.ones(1, 8), seconds=0.1)
    assert any("three rounds do not fit into the budget" in line_ for line_ in report.unseen)
    assert any(line_.startswith("channels: one run takes") for line_ in report.unseen)


def test_where_cutting_takes_long_the_largest_fraction_comes_first_and_the_rest_is_said(monkeypatch):
    def slow(model, groups, fractions):
        time.sleep(1.1)  # a quarter of the budget, and more
        return smaller(model, groups, fractions)

    monkeypatch.setattr(import_module("pruning_lab.audit.auditing"), "smaller", slow)
    report = audit(small(), IMAGES, groups=(0.25, 0.5, 0.75), seconds=4)
    assert [f.level for f in report.find("cost", what="MACs")] == [0.0, 0.75]
    assert "cutting 0.25, 0.5 of the channels: the budget did not reach it" in report.unseen


def test_the_first_run_sees_shapes_and_calls():
    layer = nn.Linear(4, 4)
    watch = first_run(nn.Sequential(layer, layer), torch.ones(2, 4), CPU)
    assert dict(watch.calls) == {"0": 2, "": 1}
    assert watch.seen["0"] == Seen((2, 4), (2, 4))


# --- The command line ---


def main(arguments):
    return command.main(["audit", *arguments])


def test_the_command_line(tmp_path, monkeypatch, capsys):
    (tmp_path / "mine.py").write_text(
        "import torch\n"
        "def network():\n    return torch.nn.Linear(8, 4), torch.ones(1, 8)\n"
        "def score(model):\n    return 0.5\n"
        "def wrong():\n    return 5\n"
        "def three():\n    return 1, 2, 3\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    page = tmp_path / "page.html"
    assert main(["mine:network", "--evaluate", "mine:score", "--html", str(page), "--seconds", "1"]) == 0
    assert "Audit of Linear" in capsys.readouterr().out
    assert page.read_text().startswith("<!doctype html>")
    for name, words in {
        "mine:wrong": "mine:wrong must return (model, example_inputs); got int",
        "mine:nothing": "mine must hold a function 'nothing'; got NoneType",
        "nowhere:network": "No module named 'nowhere'",
        "mine": "a function must be named as module:function; got 'mine'",
        "mine:three": "mine:three must return (model, example_inputs); got 3 things",
        "mine.py:network": "a module must be named without .py; got 'mine.py:network'",
    }.items():
        assert main([name]) == 2
        assert words in capsys.readouterr().err


def test_control_c_ends_the_command_in_one_sentence(monkeypatch, capsys):
    monkeypatch.setattr("pruning_lab.command.audit.named", lambda _: lambda: (nn.Linear(8, 4), torch.ones(1, 8)))
    monkeypatch.setattr("pruning_lab.command.audit.audit", control_c)
    assert main(["mine:network"]) == 130
    assert capsys.readouterr().err == "interrupted, with no report\n"


@pytest.mark.parametrize("option", ["--html", "--json", "--resume"])
def test_a_file_that_cannot_be_written_is_found_out_before_anything_is_measured(tmp_path, monkeypatch, capsys, option):
    (tmp_path / "mine.py").write_text(
        "import torch\ndef network():\n    return torch.nn.Linear(8, 4), torch.ones(1, 8)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("pruning_lab.command.audit.audit", lambda *_, **__: pytest.fail("it was measured"))
    assert main(["mine:network", option, str(tmp_path / "no" / "file")]) == 2
    assert f"{option} must be in a folder that exists; got " in capsys.readouterr().err
    assert main(["mine:network", option, str(tmp_path)]) == 2
    assert f"{option} must name a file; got the folder " in capsys.readouterr().err
