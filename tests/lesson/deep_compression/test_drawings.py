"""Lesson 09's drawings: points and bars are the rows that they are given."""

import pytest
import torch
from matplotlib.figure import Figure

from pruning_lab.lesson.deep_compression import bits, drawings


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
    assert labels == ["90 %, shared, Huffman", "90 %, integers, lzma"]


def test_bars_reach_over_the_seeds():
    (axes,) = drawings.frontier_figure(ROWS, "net").axes
    bars = axes.containers[0].lines[2][0].get_segments()
    assert bars[1][:, 1].tolist() == pytest.approx([-1, 1])


def test_every_file_of_every_network_is_a_point_and_the_chosen_ones_have_a_ring():
    chosen = {"network": "net", "method": "rival", "line": {"ratio": 40, "change": 0}}
    nothing = {"network": "net", "method": "pipeline", "line": None}
    (axes,) = drawings.networks_figure({"rows": ROWS, "test": [nothing, chosen]}, "dense").axes
    pipeline, rival, rings, _ = axes.lines
    assert pipeline.get_xdata().tolist() == [50, 100]
    assert rival.get_ydata().tolist() == pytest.approx([0])
    assert (rings.get_xdata().tolist(), rings.get_ydata().tolist()) == ([40], [0])


def test_every_panel_of_the_small_matrix_and_its_storyboard_can_be_drawn_at_any_sparsity():
    weight = torch.randn(4, 5, generator=torch.Generator().manual_seed(0))
    frames = drawings.small_frames(weight)
    assert len(frames) % 2 == 0
    for sparsity in (0.0, 0.5, 0.95):
        for _, draw in frames:
            axes = Figure().add_subplot()
            draw(axes, sparsity)
            assert axes.has_data() or axes.texts or axes.artists
    assert len(drawings.three_steps(weight).axes) == 4


def test_the_bars_of_the_last_frame_are_the_bits_of_each_step():
    weight = torch.tensor([[1.0, 0.1, 2.0, 0.2], [1.1, 0.3, 2.1, 0.0]])
    axes = Figure().add_subplot()
    drawings.small_frames(weight)[-1][1](axes, 0.5)  # four stay, with at most one zero between them: no filler
    assert [bar.get_height() for bar in axes.patches] == [8 * 32, 4 * (32 + 2), 4 * (2 + 2), 4 * 1 + 4 * 1]
    axes = Figure().add_subplot()
    drawings.small_frames(torch.tensor([[0.1, 0.2, 0.3, 0.4, 5.0]]))[-1][1](axes, 0.8)  # one stays, behind a filler
    assert [bar.get_height() for bar in axes.patches] == [5 * 32, 2 * (32 + 2), 2 * (2 + 2), 1 + 2 * 1]


def test_bars_of_stages_and_parts_are_the_rows():
    rows = [{"stage": "dense", "bytes": 4000, "times": 1.0}, {"stage": "small", "bytes": 500, "times": 8.0}]
    (axes,) = drawings.stages_figure(rows).axes
    assert [bar.get_width() for bar in axes.patches] == [4, 0.5]
    assert "8.0 times smaller" in {text.get_text().partition(", ")[2] for text in axes.texts}
    (axes,) = drawings.parts_figure([{"bits": 2, "values": 1000, "places": 3000}]).axes
    assert [bar.get_height() for bar in axes.patches] == [1, 3]


def test_formats_and_rivals_are_drawn_as_they_were_computed():
    (axes,) = drawings.formats_figure(densities=(0.1, 0.5)).axes
    lines = {line.get_label(): line.get_ydata().tolist() for line in axes.lines}
    assert lines["bitmask"] == [bits.bits_by_format(d)["bitmask"] for d in (0.1, 0.5)]
    rows = bits.zeros_against_bits(bits.bell_curves(size=500), bits=(4, 2))
    panels = drawings.bits_against_zeros(rows).axes
    assert [axes.get_title() for axes in panels] == ["bell curve", "heavy tails"]
    assert panels[1].lines[0].get_ydata().tolist() == [row["integers"] for row in rows[2:]]
    (axes,) = drawings.layers_figure(rows).axes
    assert [line.get_label() for line in axes.lines] == list(bits.RIVALS)
    assert axes.lines[0].get_ydata().tolist() == [row["integers"] for row in rows]
    assert axes.lines[0].get_xdata().round().tolist() == [0, 1, 0, 1]
