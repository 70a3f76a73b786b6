"""Lesson 04's drawings: which cache lines a row fetches, counted by hand; races with quartiles; a map a title."""

from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.colors import to_rgba

from pruning_lab import plots
from pruning_lab.lesson.sparse_kernels import drawings


@pytest.mark.parametrize("sparsity", [0.0, 0.5, 0.95])
def test_every_frame_draws_at_every_sparsity(sparsity):
    for _, draw in drawings.gather_frames():
        axes = plots.new_axes()
        draw(axes, sparsity)
        assert axes.get_xlabel()


def test_a_line_is_fetched_whole_for_one_number():
    used = np.zeros(64, bool)
    used[[0, 47]] = True
    assert drawings.lines_fetched(used).tolist() == [True, False, True, False]


def test_with_the_batch_last_only_lines_in_use_are_fetched():
    """At one half, 16 of 32 columns stay: batch last each has a line of its own, batch first each input has two."""
    said = []
    for _, draw in drawings.gather_frames()[2:]:
        draw(axes := plots.new_axes(), 0.5)
        said.append(" ".join(axes.get_xlabel().split()))
    assert said == [
        "16 of 32 lines fetched, 256 of the 256 numbers in them used",
        "32 of 32 lines fetched, 256 of the 512 numbers in them used",
    ]


def test_the_two_walks_have_their_letters_to_point_at():
    dense, sparse = drawings.two_walks().axes
    letters = [text.get_text() for axes in (dense, sparse) for text in axes.texts if len(text.get_text()) == 1]
    assert [letter for letter in letters if letter.isupper()] == list("ABCD")
    columns = [text.get_text() for text in sparse.texts if text.get_text().isdigit()]
    assert columns == ["2", "11", "13", "37", "52", "55"]


def test_a_race_shows_this_machine_with_its_quartiles():
    quartiles = [(1.5, 2.0, 2.25), (0.5, 0.5, 1.0)]
    rows = [SimpleNamespace(ratio_q1=q1, ratio=ratio, ratio_q3=q3) for q1, ratio, q3 in quartiles]
    axes = drawings.race(["a", "b"], {"Titan X": [3, 4], "Tegra K1": [1, 2]}, rows, batch=64)
    (this_machine,) = axes.containers
    assert this_machine.lines[0].get_ydata().tolist() == [2.0, 0.5]
    assert np.allclose([bar[:, 1] for bar in this_machine.lines[2][0].get_segments()], [[1.5, 2.25], [0.5, 1]])
    said = [" ".join(text.get_text().split()) for text in axes.get_legend().get_texts()]
    assert said == ["Titan X, published", "Tegra K1, published", "as fast as dense", "this machine"]


def test_maps_stand_side_by_side_with_a_title_each():
    ratios = np.array([[4.0, 2.0], [1.0, 0.5]])
    figure = drawings.crossover_maps({"warm": ratios, "cold": ratios}, [0.1, 0.5], [1, 64])
    assert [axes.get_title() for axes in figure.axes if axes.get_title()] == ["warm", "cold"]


def test_the_tiles_have_their_letters_to_point_at_and_fill_their_fours():
    (axes,) = drawings.tiles_picture().axes
    assert [text.get_text() for text in axes.texts if len(text.get_text()) == 1 and text.get_text() != "x"] == [*"ABC"]
    colours = [patch.get_facecolor() for patch in axes.patches]
    assert colours.count(to_rgba(drawings.LEFT)) == 2  # six values in two fours
