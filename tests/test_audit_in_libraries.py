"""An audit of networks that other people wrote runs to its end, and its parts agree with what they come from."""

import warnings

import pytest
import torch

with warnings.catch_warnings(action="ignore"):
    from library_networks import NETWORKS

from pruning_lab import measure
from pruning_lab.audit import audit

TEN = (
    "resnet18", "mobilenet_v2", "squeezenet1_1", "shufflenet_v2_x0_5", "vit_tiny", "swin_t", "Bert", "GPT2", "Llama",
    "Mamba",
)  # fmt: skip
SECONDS = 2


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", TEN)
def test_it_runs_to_its_end_and_its_parts_agree(name):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model, inputs = NETWORKS[name][0]()
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    report = audit(model, inputs, sparsities=(0.9,), groups=(0.5,), seconds=SECONDS)
    assert sum(f.value for f in report.find("share")) == pytest.approx(1, abs=1e-9)
    assert {f.where for f in report.find("size")} == set(report.layers)
    weights = dict(model.named_parameters())
    for finding in report.find("bytes", what="dense"):
        weight = weights.get(finding.where, weights.get(f"{finding.where}.weight"))
        assert finding.value == measure.stored_bytes(weight)
    if report.find("cost", what="MACs", level=0.0):
        assert report.find("cost", what="MACs", level=0.0)[0].value == measure.macs(model, inputs)
    assert report.verdict
    assert all(report.layer(layer) for layer in report.layers if report.find("share", where=layer))
    assert all(torch.equal(tensor, before[key]) for key, tensor in model.state_dict().items())
