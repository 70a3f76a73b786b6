"""How long does it take to find the groups of channels of a network, and to shrink it with the proof? On one thread."""

from importlib.util import find_spec

import torch
from torch import Tensor, nn

from benchmarks import channel_rival
from benchmarks.table import Line, Skipped
from pruning_lab import measure
from pruning_lab.channels import channel_groups, shrink

REPEATS = 5
FEW, MANY = 25, 200


def rows() -> list[Line]:
    """Return the lines: a ResNet-50 against the time it may take, whether time grows with the layers, a rival."""
    torch.set_num_threads(1)
    return [*_resnet50(), *_growth(), *channel_rival.lines()]


def _resnet50():
    if not find_spec("torchvision"):
        raise Skipped("it needs torchvision (pip install -c constraints.txt torchvision)")
    from tests.library_networks import vision  # imported here: it brings three libraries along

    model, x = vision("resnet50", size=224)()
    groups, cut = _work(model.eval(), x)
    return [
        _within("groups of a ResNet-50 at 224 pixels", groups, seconds=2),
        _within("a ResNet-50 halved, with its proof", cut, seconds=1),
    ]


def _work(model: nn.Module, x: Tensor):
    found = channel_groups(model, x)
    keep = {group.name: range(0, group.size, 2) for group in found}
    return lambda: channel_groups(model, x), lambda: shrink(model, keep, groups=found)


def _within(what, call, seconds):
    row = measure.compare({what: call}, repeats=REPEATS).rows[0]
    note = f"{row.median:.2f} s; the ratio says how often it fits into {seconds} s"
    return Line(what, seconds / row.median, seconds / row.q3, seconds / row.q1, goal=1, note=note)


def _growth():
    """Per layer, a long chain of convolutions against a short one: above 1, time grows no faster than the layers."""
    works = [_work(_chain(layers), torch.ones(1, 8, 8, 8)) for layers in (FEW, MANY)]
    lines = []
    for what, few, many in zip(("groups", "shrinking"), *works, strict=True):
        row = measure.compare({f"{FEW} layers": few, f"{MANY} layers": many}, repeats=REPEATS).rows[1]
        scaled = [MANY / FEW * ratio for ratio in (row.ratio, row.ratio_q1, row.ratio_q3)]
        lines.append(Line(f"{what}: a layer of {MANY} against one of {FEW}", *scaled, goal=1))
    return lines


def _chain(layers):
    blocks = ((nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU()) for _ in range(layers))
    return nn.Sequential(*(layer for block in blocks for layer in block)).eval()
