"""Lesson 03's drawings: arrays as boxes, their fillers marked, and bars that are the bytes."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from pruning_lab import plots, sparse
from pruning_lab.lesson.sparse_storage import drawings
from pruning_lab.lesson.sparse_storage.experiments import FORMATS

WEIGHT = np.arange(1, 25, dtype=np.float32).reshape(4, 6) / 10


def test_fillers_are_marked():
    relative = sparse.RelativeIndex.from_dense(np.array([[0, 0, 0, 0, 0, 7]], np.float32), index_bits=2)
    assert drawings.relative_rows(relative) == {"gap": [3, 1], "value": ["filler", "7"]}


def test_an_array_is_a_row_of_boxes_and_a_filler_is_a_grey_zero():
    (axes,) = drawings.arrays_picture({"gap": [3, 1], "value": ["filler", "7"]}).axes
    assert [text.get_text() for text in axes.texts] == ["gap", "3", "1", "value", "0", "7"]
    assert [text.get_position() for text in axes.texts[1:3]] == [(0, 0), (1, 0)]
    boxes = {text.get_text(): to_hex(text.get_bbox_patch().get_facecolor()).upper() for text in axes.texts[4:]}
    assert boxes == {"0": plots.COLOURS["pruned"], "7": "#E8F1F8"}


@pytest.mark.parametrize("sparsity", [0.0, 0.5, 0.95])
def test_every_frame_draws_at_every_sparsity(sparsity):
    for _, draw in drawings.storage_frames(WEIGHT):
        axes = plots.new_axes()
        draw(axes, sparsity)
        assert len(axes.get_children()) > len(plots.new_axes().get_children())


def test_the_bars_are_the_bytes():
    axes = plots.new_axes()
    drawings.storage_frames(WEIGHT)[3][1](axes, 0.5)
    dense, csr, bitmask, relative = (bar.get_height() for bar in axes.patches)
    assert (dense, bitmask) == (96, 12 * 4 + 3)
    assert csr == 12 * 4 + 12 * 2 + 5 * 4
    assert relative >= 12 * 4 + 3


def test_a_line_for_each_format_one_for_dense_and_one_at_the_density():
    (axes,) = drawings.bytes_figure((64, 64), density=0.7).axes
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == [*FORMATS, "dense float32"]
    assert axes.lines[-1].get_xdata() == [0.7, 0.7]
    assert len(axes.lines) == len(FORMATS) + 2
