"""Pictures by their data: what is drawn is what was given, to the entry; nothing is cut off, and words come along."""

import base64
import colorsys
import itertools
import re
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import numpy as np
import pytest
import torch
from bad_input import bad_input_test
from hypothesis import example, given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch

from pruning_lab import masks, plots
from pruning_lab.places import ROOT
from pruning_lab.plots import canvas, cells
from pruning_lab.plots.style import contrast

LETTERS = 4.5  # the contrast that letters need
WEIGHT = torch.tensor([[3.0, -1.0, 0.5], [-2.0, 0.0, 1.5]])
MASK = torch.tensor([[True, False, False], [True, False, True]])
ROWS = [
    SimpleNamespace(name="dense", median=200e-6, q1=190e-6, q3=230e-6),
    SimpleNamespace(name="csr", median=50e-6, q1=45e-6, q3=52e-6),
]
CURVES = {
    "one-shot": ([0.5, 0.9], [[0.86, 0.60], [0.88, 0.70], [0.87, 0.50]]),
    "retrained": ([0.5, 0.9], [0.88, 0.85]),
}
RATIOS = [[4.0, 2.0, 1.0], [2.0, 1.0, 0.5]]


def draw_all(ax=None):
    """One picture of each kind."""
    yield plots.mask_picture(MASK, ax=ax)
    yield plots.weight_picture(WEIGHT, MASK, ax=ax)
    yield plots.weight_histogram(WEIGHT, 0.5, ax=ax)
    yield plots.accuracy_curve(CURVES, dense=0.88, ax=ax)
    yield plots.latency_bars(ROWS, limit=20e-6, ax=ax)
    yield plots.crossover_map([0.1, 0.5], [1, 8, 64], RATIOS, ax=ax)


KINDS = ["mask", "weight", "histogram", "accuracy", "latency", "crossover"]


@pytest.fixture(params=range(len(KINDS)), ids=KINDS)
def axes(request):
    return next(itertools.islice(draw_all(), request.param, None))


def test_mask_picture_shows_the_mask():
    ax = plots.mask_picture(MASK)
    assert np.array_equal(ax.images[0].get_array(), MASK.numpy())
    pruned, kept = ax.images[0].cmap([0, 1])
    assert tuple(pruned[:3]) == to_rgb(plots.COLOURS["pruned"])
    assert tuple(kept[:3]) == to_rgb(plots.COLOURS["kept"])
    assert ax.get_xlabel() == "input (3)\nblue: kept 50 %\ngrey: pruned 50 %"
    assert ax.get_ylabel() == "output (2)"


def test_weight_picture_hides_what_is_pruned_and_keeps_zero_in_the_middle():
    image = plots.weight_picture(WEIGHT, MASK).images[0]
    assert np.array_equal(image.get_array().mask, ~MASK.numpy())
    assert image.get_array().compressed().tolist() == [3.0, -2.0, 1.5]
    low, high = image.get_clim()
    assert low == -high
    assert 2.9 < high < 3.0  # the 99th percentile of the magnitudes


def test_weight_picture_of_zeros():
    assert plots.weight_picture(torch.zeros(2, 2)).images[0].get_clim() == (-1.0, 1.0)


def test_histogram_by_hand():
    """Magnitudes 0, 0.5, 1 | 1.5, 2, 3: the threshold is halfway between 1 and 1.5, and five edges lie inside it."""
    edges, pruned, kept, threshold = plots.magnitude_histogram(WEIGHT, 0.5, bins=5)
    assert threshold == 1.25
    assert edges == pytest.approx([-3.75, -2.5, -1.25, 0, 1.25, 2.5, 3.75])
    assert pruned.tolist() == [0, 0, 1, 2, 0, 0]
    assert kept.tolist() == [0, 1, 0, 0, 1, 1]


@pytest.mark.parametrize(("sparsity", "threshold", "pruned"), [(0.0, 0.0, 0), (1.0, 3.0, 6)])
def test_histogram_at_the_ends(sparsity, threshold, pruned):
    counts = plots.magnitude_histogram(WEIGHT, sparsity)
    assert counts[3] == threshold
    assert (counts[1].sum(), counts[2].sum()) == (pruned, 6 - pruned)
    plots.png(plots.weight_histogram(WEIGHT, sparsity))


def test_histogram_of_equal_weights_still_prunes_the_exact_number():
    _, pruned, kept, _ = plots.magnitude_histogram(torch.ones(8), 0.5)
    assert (pruned.sum(), kept.sum()) == (4, 4)


def test_ties_go_as_in_a_mask():
    """Which of a thousand magnitudes 1 and 2 go shows in the signs on either side of zero."""
    generator = torch.Generator().manual_seed(0)
    weight = torch.randint(1, 3, (1000,), generator=generator) * (torch.rand(1000, generator=generator).round() * 2 - 1)
    _, pruned, kept, _ = plots.magnitude_histogram(weight, 0.3, bins=2)
    mask = masks.mask_unstructured(weight.abs(), 0.3)
    middle = len(pruned) // 2
    assert pruned[:middle].sum() == (weight[~mask] < 0).sum()
    assert kept[:middle].sum() == (weight[mask] < 0).sum()


@settings(deadline=None, max_examples=60)
@given(
    values=st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=50),
    sparsity=st.floats(0, 1),
    bins=st.integers(1, 90),
)
@example(values=[0.42648446559906006], sparsity=1.0, bins=26)  # the last edge came out a rounding below the weight
def test_histogram_counts_every_weight_once_and_agrees_with_the_mask(values, sparsity, bins):
    weight = torch.tensor(values)
    edges, pruned, kept, threshold = plots.magnitude_histogram(weight, sparsity, bins)
    mask = masks.mask_unstructured(weight.abs(), sparsity)
    assert pruned.sum() == (~mask).sum()
    assert kept.sum() == mask.sum()
    assert (np.diff(edges) > 0).all()
    assert (weight[~mask].abs().double() <= threshold).all()
    assert (weight[mask].abs().double() >= threshold).all()


def test_weight_histogram_draws_the_counts_and_both_thresholds():
    ax = plots.weight_histogram(WEIGHT, 0.5, bins=5)
    everything, pruned = (patch.get_data().values.tolist() for patch in ax.patches)
    assert everything == [0, 1, 1, 2, 1, 1]
    assert pruned == [0, 0, 1, 2, 0, 0]
    assert sorted(line.get_xdata()[0] for line in ax.lines) == [-1.25, 1.25]


def test_mean_and_range_over_seeds():
    mean, low, high = plots.mean_and_range([[0.2, 0.8], [0.4, 0.9], [0.6, 1.0]], points=2)
    assert mean == pytest.approx([0.4, 0.9])
    assert low.tolist() == [0.2, 0.8]
    assert high.tolist() == [0.6, 1.0]


def test_accuracy_curve_draws_means_and_whiskers():
    ax = plots.accuracy_curve(CURVES, dense=0.88)
    line, _, (whiskers,) = ax.containers[0]
    assert line.get_xdata().tolist() == [0.5, 0.9]
    assert line.get_ydata() == pytest.approx([0.87, 0.60])
    assert np.allclose([segment[:, 1] for segment in whiskers.get_segments()], [[0.86, 0.88], [0.50, 0.70]])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["dense", "one-shot", "retrained"]


def test_curves_differ_in_colour_and_shape():
    ax = plots.accuracy_curve({str(number): ([0.5], [0.1 * number]) for number in range(len(plots.SERIES))})
    lines = [container[0] for container in ax.containers]
    assert len({line.get_color() for line in lines}) == len({line.get_marker() for line in lines}) == len(plots.SERIES)


def test_latency_bars_in_the_unit_of_the_shortest():
    ax = plots.latency_bars(ROWS, limit=20e-6)
    assert [bar.get_width() for bar in ax.patches] == pytest.approx([200, 50])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["dense", "csr"]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # the first on top
    whiskers = ax.containers[0][2][0].get_segments()
    assert np.allclose([segment[:, 0] for segment in whiskers], [[190, 230], [45, 52]])
    assert ax.get_xlabel() == "time per call [µs], median and quartiles\ndashed: memory limit, 20 µs"


@pytest.mark.parametrize("limit", [20e-6, 900e-6])
def test_limit_line_is_in_sight(limit):
    ax = plots.latency_bars(ROWS, limit=limit)
    assert ax.get_xlim()[0] == 0
    assert any(line.get_xdata()[0] == pytest.approx(limit * 1e6) for line in ax.lines if len(line.get_xdata()) == 2)
    assert ax.get_xlim()[1] > limit * 1e6


def test_crossover_map_is_centred_at_one_on_a_log_scale():
    ax = plots.crossover_map([0.1, 0.5], [1, 8, 64], RATIOS)
    image = ax.images[0]
    assert image.get_array().tolist() == [[2, 1, 0], [1, 0, -1]]
    assert image.get_clim() == (-2, 2)
    assert image.origin == "lower"
    assert [text.get_text() for text in ax.texts] == ["4.0", "2.0", "1.0", "2.0", "1.0", "0.50"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "8", "64"]


def test_contour_runs_where_the_ratio_is_one():
    """Ratio 2 to 1/2 from row to row, in two columns: one on the log scale is half-way."""
    ax = plots.crossover_map([0.1, 0.5], [1, 64], [[2.0, 2.0], [0.5, 0.5]])
    (path,) = ax.collections[0].get_paths()
    assert np.allclose(path.vertices[:, 1], 0.5)


@pytest.mark.parametrize("ratios", [[[2.0, 4.0], [3.0, 2.0]], [[0.5, 0.4], [0.3, 0.5]], [[1.0, 1.0], [1.0, 1.0]]])
def test_map_without_a_crossing_has_no_contour(ratios):
    ax = plots.crossover_map([0.1, 0.5], [1, 64], ratios)
    assert not ax.collections
    plots.png(ax)


def test_map_of_a_single_row_can_cross():
    plots.png(plots.crossover_map([0.1], [1, 64], [[2.0, 0.5]]))


@pytest.mark.parametrize(
    ("gone", "kept", "pruned"), [(1, "99.999 %", "0.00111 %"), (0, "100 %", "0 %"), (45_000, "50 %", "50 %")]
)
def test_shares_never_say_all_or_none_where_it_is_not(gone, kept, pruned):
    mask = torch.ones(300, 300, dtype=torch.bool)
    mask.view(-1)[:gone] = False
    assert plots.mask_picture(mask).get_xlabel().splitlines()[1:] == [f"blue: kept {kept}", f"grey: pruned {pruned}"]
    opposite = plots.mask_picture(~mask).get_xlabel().splitlines()[1:]
    assert opposite == [f"blue: kept {pruned}", f"grey: pruned {kept}"]
    texts = plots.weight_histogram(torch.arange(1.0, 90_001), gone / 90_000).get_legend().get_texts()
    assert [text.get_text() for text in texts][:2] == [f"kept {kept}", f"pruned {pruned}"]


def test_one_of_many_millions_shows():
    assert canvas.percent(1 - 1e-9) == "99.9999999 %"
    assert canvas.percent(1e-9) == "0.0000001 %"


@pytest.mark.parametrize(
    ("number", "text"),
    [(10.5, "10.50"), (100.0, "100.00"), (0.25, ".25"), (-0.5, "-.50"), (20.05, "20.05"), (0, ".00")],
)
def test_a_number_in_a_cell_loses_its_leading_zero_only(number, text):
    with mock.patch.object(cells, "_write") as write:
        plots.draw_numbers(plots.new_axes(), torch.tensor([[number]]), None)
    assert write.call_args_list[0].args[1] == {(0, 0): text}


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64, torch.float8_e4m3fn])
def test_weights_of_any_width_are_drawn_alike(dtype):
    same = WEIGHT.to(dtype).requires_grad_(dtype != torch.float8_e4m3fn)
    assert np.array_equal(plots.weight_picture(same).images[0].get_array(), WEIGHT)
    for ours, theirs in zip(plots.magnitude_histogram(same, 0.5), plots.magnitude_histogram(WEIGHT, 0.5), strict=True):
        assert np.array_equal(ours, theirs)


def test_a_large_weight_stays_finite_in_its_picture():
    image = plots.weight_picture(torch.tensor([[1e300, -1e299]], dtype=torch.float64)).images[0]
    assert np.isfinite(image.get_clim()).all()


def test_every_picture_has_labelled_axes(axes):
    assert axes.get_xlabel()
    assert axes.get_ylabel() or len(axes.get_yticklabels()) == len(ROWS)  # bars carry names instead


def test_letters_are_at_least_nine_points_and_nothing_is_cut_off(axes):
    figure = axes.figure
    plots.png(axes)  # lays the figure out
    texts = [text for text in figure.findobj(lambda artist: hasattr(artist, "get_fontsize")) if text.get_text()]
    assert min(text.get_fontsize() for text in texts) >= 9
    box = figure.get_tightbbox()  # inches
    width, height = figure.get_size_inches()
    assert box.x0 >= -0.01
    assert box.y0 >= -0.01
    assert box.x1 <= width + 0.01
    assert box.y1 <= height + 0.01


def test_pictures_draw_on_the_axes_given():
    for number in range(len(KINDS)):
        ax = plots.new_axes()
        assert next(itertools.islice(draw_all(ax), number, None)) is ax


def test_colours_with_one_meaning_in_one_picture_differ_in_brightness():
    """Grey prints, and every kind of colour blindness, keep lightness: kept and pruned must differ in it."""
    lightness = [colorsys.rgb_to_hls(*to_rgb(plots.COLOURS[name]))[1] for name in ("kept", "pruned")]
    assert lightness[1] - lightness[0] > 0.4
    assert len(set(plots.SERIES)) == len(plots.SERIES)


def test_the_statement_names_the_colours_that_are_faint_on_white():
    said = (ROOT / "site" / "accessibility.md").read_text(encoding="utf-8")
    ratios = [contrast(colour, "white") for colour in plots.COLOURS.values()]
    assert {f"{ratio:.1f}" for ratio in ratios if ratio < 3} == set(re.findall(r"(\d\.\d) : 1", said))


@pytest.mark.parametrize("largest", [1.2, 2, 4, 64])
def test_every_number_of_a_map_can_be_read(largest):
    ratios = np.geomspace(1 / largest, largest, 40)[None]
    ax = plots.crossover_map([0.1], list(range(1, 41)), ratios)
    faintest = min(contrast(text.get_color(), text.get_bbox_patch().get_facecolor()) for text in ax.texts)
    assert faintest > LETTERS


def test_cells_stand_as_in_the_matrix():
    ax = plots.new_axes()
    plots.draw_cells(ax, MASK.numpy())
    (mesh,) = ax.collections
    assert np.array_equal(mesh.get_array(), MASK.numpy())
    pruned, kept = mesh.cmap([0, 1])
    assert tuple(pruned[:3]) == to_rgb(plots.COLOURS["pruned"])
    assert tuple(kept[:3]) == to_rgb(plots.COLOURS["kept"])
    assert mesh.get_clim() == (0, 1)  # a matrix of which all or nothing stays has the same two colours
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # the first row on top


def test_a_letter_stands_on_its_place():
    ax = plots.new_axes()
    plots.draw_letter(ax, "A", 2, 1, size=11)
    (letter,) = ax.texts
    assert (letter.get_text(), letter.get_position(), letter.get_fontsize()) == ("A", (2, 1), 11)
    assert letter.get_bbox_patch() is not None


def centres(patch):
    """Return the cell (row, column) that each outline of a compound path begins in."""
    path = patch.get_path()
    return {tuple(np.rint(point[::-1]).astype(int).tolist()) for point in path.vertices[path.codes == path.MOVETO]}


def test_numbers_stand_in_their_cells_and_a_pruned_one_is_a_zero():
    ax = plots.new_axes()
    plots.draw_numbers(ax, WEIGHT, MASK)
    kept, pruned = (patch for patch in ax.findobj(PathPatch) if len(patch.get_path().vertices) > 20)
    assert centres(kept) == {(0, 0), (1, 0), (1, 2)}
    assert centres(pruned) == {(0, 1), (0, 2), (1, 1)}
    assert (kept.get_facecolor()[:3], pruned.get_facecolor()[:3]) == (to_rgb("white"), to_rgb("0.35"))
    assert contrast("white", plots.COLOURS["kept"]) > LETTERS
    assert contrast("0.35", plots.COLOURS["pruned"]) > LETTERS
    assert np.array_equal(ax.collections[0].get_array(), MASK.numpy())


def test_without_a_mask_every_number_stands():
    ax = plots.new_axes()
    plots.draw_numbers(ax, WEIGHT, mask=None)
    (numbers,) = (patch for patch in ax.findobj(PathPatch) if len(patch.get_path().vertices) > 20)
    assert centres(numbers) == {(row, column) for row in range(2) for column in range(3)}
    assert ax.collections[0].get_array().all()


@pytest.mark.parametrize("text", [".5", "-.33", "12.00"])
def test_a_number_is_drawn_around_the_middle_of_its_cell(text):
    outline = cells._outline(text)
    box = outline.get_extents()
    assert np.allclose([box.x0 + box.x1, box.y0 + box.y1], 0)
    assert max(abs(box.x0), abs(box.y0)) < 0.5


def test_png_has_144_pixels_per_inch():
    content = plots.png(plots.new_axes(5, 3))
    assert content.startswith(b"\x89PNG")
    assert (int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")) == (720, 432)


def test_show_sends_the_picture_with_its_words():
    with mock.patch.object(canvas, "display") as display:
        plots.show(plots.new_axes(5, 3), "Zeros & <ones>.")
    (image,), image_options = display.call_args_list[0]
    (words,), _ = display.call_args_list[1]
    assert base64.b64decode(image["image/png"]).startswith(b"\x89PNG")
    assert image["text/plain"] == "Zeros & <ones>."
    assert image_options["metadata"]["image/png"] == {"alt": "Zeros & <ones>.", "width": 480, "height": 288}
    assert words["text/html"] == "<details><summary>In words</summary>Zeros &amp; &lt;ones&gt;.</details>"


def test_show_takes_a_whole_figure():
    with mock.patch.object(canvas, "display") as display:
        plots.show(Figure(figsize=(2, 1)), "Nothing yet.")
    assert display.call_args_list[0].kwargs["metadata"]["image/png"]["width"] == 192


def test_pictures_need_no_pyplot():
    """Without pyplot there is no window, no figure to close and no state that one cell leaves for the next."""
    sources = [path.read_text(encoding="utf-8") for path in Path(plots.__file__).parent.glob("*.py")]
    assert not any("import pyplot" in source or "matplotlib.pyplot" in source for source in sources)
    assert type(plots.new_axes().figure.canvas).__name__ == "FigureCanvasBase"


BAD_INPUT = [
    (
        "mask of floats",
        lambda: plots.mask_picture(WEIGHT),
        TypeError,
        "mask must be a bool tensor (True keeps); got dtype torch.float32",
    ),
    (
        "mask of a convolution",
        lambda: plots.mask_picture(torch.ones(2, 3, 3, 3, dtype=torch.bool)),
        ValueError,
        "mask must have 2 axes (mask.flatten(1) for a convolution); got shape (2, 3, 3, 3)",
    ),
    (
        "mask empty",
        lambda: plots.mask_picture(MASK[:0]),
        ValueError,
        "mask must have at least one entry; got shape (0, 3)",
    ),
    (
        "mask of another shape",
        lambda: plots.weight_picture(WEIGHT, MASK.T),
        ValueError,
        "mask must have the weight's shape (2, 3); got (3, 2)",
    ),
    (
        "weight of one axis",
        lambda: plots.weight_picture(WEIGHT[0]),
        ValueError,
        "weight must have 2 axes; got shape (3,)",
    ),
    (
        "weight with NaN in a picture",
        lambda: plots.weight_picture(WEIGHT / 0),
        ValueError,
        "weight must hold finite entries, at least one; got 0 finite of 6",
    ),
    (
        "weight with NaN in a histogram",
        lambda: plots.weight_histogram(torch.tensor([1.0, float("nan")]), 0.5),
        ValueError,
        "weight must hold finite entries, at least one; got 1 finite of 2",
    ),
    (
        "weight empty",
        lambda: plots.weight_histogram(torch.ones(0), 0.5),
        ValueError,
        "weight must hold finite entries, at least one; got 0 finite of 0",
    ),
    (
        "sparsity in per cent",
        lambda: plots.weight_histogram(WEIGHT, 90),
        ValueError,
        "sparsity must be in [0, 1] (0.9 prunes 90 %); got 90",
    ),
    ("bins zero", lambda: plots.weight_histogram(WEIGHT, 0.5, bins=0), ValueError, "bins must be at least 1; got 0"),
    (
        "curves a list",
        lambda: plots.accuracy_curve([0.5, 0.6]),
        TypeError,
        "curves must be a dict of name to (sparsities, accuracies); got list",
    ),
    (
        "no curves",
        lambda: plots.accuracy_curve({}),
        ValueError,
        "curves must be 1 to 7, more cannot be told apart; got 0",
    ),
    (
        "accuracy in per cent",
        lambda: plots.accuracy_curve({"a": ([0.5], [88.0])}),
        ValueError,
        "accuracy must be in [0, 1]; got 88 to 88",
    ),
    (
        "accuracy NaN",
        lambda: plots.mean_and_range([0.5, float("nan")], points=2),
        ValueError,
        "accuracy must be in [0, 1]; got nan to nan",
    ),
    (
        "accuracies and sparsities differ in number",
        lambda: plots.accuracy_curve({"a": ([0.5, 0.6], [[0.8], [0.7]])}),
        ValueError,
        "accuracy must have shape (2,) or (seeds, 2); got (2, 1)",
    ),
    (
        "dense in per cent",
        lambda: plots.accuracy_curve(CURVES, dense=88.0),
        ValueError,
        "dense must be in [0, 1]; got 88",
    ),
    (
        "dense NaN",
        lambda: plots.accuracy_curve(CURVES, dense=float("nan")),
        ValueError,
        "dense must be in [0, 1]; got nan",
    ),
    (
        "dense of every seed",
        lambda: plots.accuracy_curve(CURVES, dense=[0.8, 0.9]),
        ValueError,
        "dense must have shape (); got (2,)",
    ),
    (
        "accuracy masked",
        lambda: plots.mean_and_range(np.ma.masked_array([0.5, 0.9], [0, 1]), points=2),
        TypeError,
        "accuracy must be numbers without a mask (.filled(...) ends it); got MaskedArray",
    ),
    (
        "a median outside its quartiles",
        lambda: plots.latency_bars([SimpleNamespace(name="csr", median=9e-6, q1=1e-6, q3=2e-6)]),
        ValueError,
        "rows must hold finite seconds, q1 <= median <= q3, none below 0; got 1e-06, 9e-06, 2e-06 for 'csr'",
    ),
    (
        "a limit below zero",
        lambda: plots.latency_bars(ROWS, limit=-1.0),
        ValueError,
        "limit must be finite seconds, at least 0; got -1.0",
    ),
    (
        "density in per cent",
        lambda: plots.crossover_map([10, 50], [1, 8, 64], RATIOS),
        ValueError,
        "densities must be in [0, 1] (0.1 keeps 10 %); got 10",
    ),
    (
        "weight on the meta device",
        lambda: plots.weight_histogram(WEIGHT.to("meta"), 0.5),
        ValueError,
        "weight must hold numbers; got a tensor on the meta device, which has a shape only",
    ),
    (
        "numbers and a mask of another shape",
        lambda: plots.draw_numbers(plots.new_axes(), WEIGHT, MASK.T),
        ValueError,
        "mask must have the shape of values, (2, 3); got (3, 2)",
    ),
    (
        "cells of numbers",
        lambda: plots.draw_cells(plots.new_axes(), WEIGHT.numpy()),
        TypeError,
        "mask must be a NumPy array of bool (True keeps); got dtype float32",
    ),
    ("no rows", lambda: plots.latency_bars([]), ValueError, "rows must hold at least one candidate; got none"),
    (
        "ratios of another shape",
        lambda: plots.crossover_map([0.1, 0.5], [1], RATIOS),
        ValueError,
        "ratios must have shape (2, 1); got (2, 3)",
    ),
    (
        "ratio zero",
        lambda: plots.crossover_map([0.1], [1], [[0.0]]),
        ValueError,
        "ratios must be finite and above 0; got 0 to 0",
    ),
    (
        "show without words",
        lambda: plots.show(plots.new_axes(), " "),
        ValueError,
        "alt must say what the picture shows; got ' '",
    ),
    ("show with None", lambda: plots.show(plots.new_axes(), None), TypeError, "alt must be a string; got NoneType"),
    (
        "show no picture",
        lambda: plots.show(MASK, "A mask."),
        TypeError,
        "picture must be matplotlib axes or a figure; got Tensor",
    ),
]


test_bad_input = bad_input_test(BAD_INPUT)


def test_the_mean_of_equal_accuracies_lies_within_their_range():
    mean, low, high = plots.mean_and_range([[0.1], [0.1], [0.1]], points=1)
    assert low <= mean <= high
    plots.accuracy_curve({"chance": ([0.9], [[0.1], [0.1], [0.1]])})
