"""Lesson 09's drawings: the points are the lines of the frontier, and the groups add up to the file."""

import pytest
import torch
from torch import nn

from pruning_lab import compress
from pruning_lab.lesson.deep_compression import drawings


def made_row(seed, method, sparsity, bits, size, validation):
    names = ("network", "seed", "method", "sparsity", "bits", "bytes", "validation")
    return dict(zip(names, ("net", seed, method, sparsity, bits, size, validation), strict=True))


ROWS = [
    *(made_row(seed, "dense", 0.0, 32, 1000, 0.8) for seed in (0, 1)),
    *(made_row(seed, "pipeline", 0.9, 2, 10, 0.79 + seed / 50) for seed in (0, 1)),
    *(made_row(seed, "pipeline", 0.9, 3, 20, 0.81) for seed in (0, 1)),
    *(made_row(seed, "rival", 0.9, 4, 25, 0.8) for seed in (0, 1)),
]


def test_a_line_for_each_method_and_sparsity():
    (axes,) = drawings.frontier_figure(ROWS, "net").axes
    pipeline, rival = axes.containers
    assert pipeline.lines[0].get_xdata().tolist() == [50, 100]
    assert pipeline.lines[0].get_ydata().tolist() == pytest.approx([1, 0])
    assert rival.lines[0].get_xdata().tolist() == [40]
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["90 % pruned, shared values, Huffman codes", "90 % pruned, integers and lzma"]


def test_bars_reach_over_the_seeds():
    (axes,) = drawings.frontier_figure(ROWS, "net").axes
    bars = axes.containers[0].lines[2][0].get_segments()
    assert bars[1][:, 1].tolist() == pytest.approx([-1, 1])


def test_the_groups_add_up_to_the_file(tmp_path):
    layer, path = nn.Linear(40, 30), tmp_path / "layer.pruned"
    compress.save_compressed(layer, {"weight": torch.rand(30, 40) < 0.2}, path, bits=3)
    groups = drawings.bytes_by_group(compress.file_parts(path))
    assert sum(groups.values()) == path.stat().st_size
    assert groups["biases and other numbers"] == 2 * 30
    assert groups["which values they have"] > 2 * 8
    assert all(groups.values())
