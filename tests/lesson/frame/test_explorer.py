"""What the explorers are given: the package's masks at every step, its bytes and its counts; and the plain figures."""

import numpy as np
import pytest
import torch
from bad_input import bad_input_test
from torch import nn

from pruning_lab import lesson, masks, scores, sparse
from pruning_lab.lesson import explorers
from pruning_lab.lesson.explorers import PLACES, gone_at


@pytest.fixture
def shown(monkeypatch):
    """Explorers as a person gets them; returns the canvases made, in order."""
    canvases = []
    make = explorers.Canvas
    monkeypatch.setattr(explorers, "Canvas", lambda **traits: canvases.append(make(**traits)) or canvases[-1])
    monkeypatch.setattr(explorers, "attended", lambda: True)
    return canvases


def small_weight(rows=8, columns=12):
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(0))


def masks_shown(canvas, pattern):
    """The mask at each step, as explorers.js finds it: a weight stays as long as its step lies ahead."""
    facts = canvas.facts
    goes = np.frombuffer(canvas.gone_at, np.uint8).reshape(-1, facts["rows"], facts["columns"])[pattern]
    return [goes > step for step in range(len(PLACES))]


def test_gone_at_by_hand():
    steps = [[True, True, True], [True, False, True], [False, False, True]]
    assert gone_at([np.array(step) for step in steps]).tolist() == [2, 1, 255]


@pytest.mark.parametrize(
    ("pattern", "mask_of"),
    [
        (0, lambda worth, s: masks.mask_unstructured(worth, s)),
        (1, lambda worth, s: masks.mask_n_of_m(worth, max(1, 4 - round(4 * s)), 4)),
        (2, lambda worth, s: masks.mask_blocks(worth, (4, 1), s)),
    ],
    ids=["scattered", "N:4", "4x1"],
)
def test_the_browser_is_sent_the_masks_of_the_package(shown, pattern, mask_of):
    weight = small_weight()
    weight[0] = 0.5  # ties
    lesson.explore_patterns(weight)
    worth = scores.magnitude_scores(weight)
    for mask, place in zip(masks_shown(shown[0], pattern), PLACES, strict=True):
        assert np.array_equal(mask, mask_of(worth, place).numpy())


def test_columns_go_whole_and_in_the_order_of_keep_channels(shown):
    weight = small_weight()
    lesson.explore_patterns(weight)
    for mask, place in zip(masks_shown(shown[0], 3), PLACES, strict=True):
        keep = masks.keep_channels(weight.abs().sum(dim=0), place)
        assert np.flatnonzero(mask.any(axis=0)).tolist() == keep.tolist()
        assert (mask.all(axis=0) == mask.any(axis=0)).all()


def test_the_numbers_read_out_are_those_of_the_formats(shown):
    weight = small_weight()
    lesson.explore_patterns(weight)
    step = PLACES.index(0.6)
    pruned = weight.numpy() * masks.mask_unstructured(weight.abs(), 0.6).numpy()
    rows = dict(shown[0].facts["patterns"][0]["rows"][step])
    assert rows["bytes, CSR"] == rows["bytes, its own format"] == f"{sparse.CSR.from_dense(pruned).nbytes:,}"
    assert rows["bytes, bitmask"] == f"{sparse.Bitmask.from_dense(pruned).nbytes:,}"
    assert rows["bytes, dense with zeros"] == "384"
    assert rows["multiplications, dense product"] == "96"
    assert rows["multiplications, its own product"] == "38"
    assert rows["norm that survives"] == f"{np.linalg.norm(pruned) / weight.norm().item():.3f}"


def test_units_go_from_both_layers(shown):
    first, second = nn.Linear(3, 8), nn.Linear(8, 5)
    lesson.explore_shrinking(first, second)
    goes = np.frombuffer(shown[0].gone_at, np.uint8)
    for step, place in enumerate(shown[0].facts["places"]):
        keep = masks.keep_channels(scores.channel_scores(first.weight), place)
        assert np.flatnonzero(goes > step).tolist() == keep.tolist()
    half = dict(shown[0].facts["rows"][PLACES.index(0.5)])
    expected = {"first layer": "4 x 3", "second layer": "5 x 4", "parameters": "41", "bytes": "164"}
    assert half == {**expected, "multiplications": "32"}


def test_filters_count_with_their_area(shown):
    lesson.explore_shrinking(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 4, 3))
    rows = dict(shown[0].facts["rows"][0])
    assert rows["first layer"] == "8 x 3 x 3 x 3"
    assert rows["multiplications, each position"] == f"{8 * 3 * 9 + 4 * 8 * 9}"


def test_the_crossover_names_the_winner(shown):
    lesson.explore_crossover([0.1, 0.5], [1, 64], [[4, 2], [1, 0.5]], low=[[3, 1], [1, 0]], high=[[5, 3], [2, 1]])
    rows = shown[0].facts["rows"]
    assert dict(rows[0][0])["faster"] == "the sparse product"
    assert dict(rows[1][1])["faster"] == "the dense product"
    assert dict(rows[0][0])["quartiles"] == "3.00 to 5.00"


def test_accuracies_are_means_over_seeds(shown):
    lesson.explore_accuracy({"one-shot": ([0.9, 0.5], [[0.3, 0.8], [0.5, 0.6]])}, dense=0.9)
    assert shown[0].facts["rows"] == [
        [("sparsity", "0.5"), ("one-shot", "0.700")],
        [("sparsity", "0.9"), ("one-shot", "0.400")],
    ]
    assert shown[0].facts["low"] == 0.4


def test_sliders_are_tied_in_the_browser(shown):
    """A link of the browser, not an observer of the kernel."""
    slider = explorers._sparsity_slider(explorers._canvas("patterns", {"places": PLACES}))
    assert slider.description == "Sparsity (pruned)"
    assert not slider._trait_notifiers.get("value", {}).get("change")


@pytest.mark.parametrize(
    "explore",
    [
        lambda: lesson.explore_patterns(small_weight()),
        lambda: lesson.explore_shrinking(nn.Linear(3, 8), nn.Linear(8, 5)),
        lambda: lesson.explore_crossover([0.1, 0.5], [1, 64], [[4, 2], [1, 0.5]]),
        lambda: lesson.explore_accuracy({"one-shot": ([0.5, 0.9], [0.8, 0.4])}),
    ],
    ids=["patterns", "shrinking", "crossover", "accuracy"],
)
def test_without_a_person_a_figure_and_a_table_remain(explore, monkeypatch):
    page = []
    monkeypatch.setattr(explorers.plots, "show", lambda picture, alt: page.append(alt))
    monkeypatch.setattr(explorers, "display", lambda html: page.append(html.data))
    explore()
    alt, table = page
    assert len(alt) > 40
    assert table.startswith("<table>")
    assert table.count("<tr>") > 1


def test_the_state_stays_small(shown):
    lesson.explore_patterns(torch.randn(100, 300))
    state = shown[0]
    assert len(state.numbers) + len(state.gone_at) + len(str(state.facts)) < 500_000


BAD_INPUT = [
    (
        "weight array",
        lambda: lesson.explore_patterns(np.zeros((4, 4), np.float32)),
        TypeError,
        "weight must be a float32 tensor; got ndarray",
    ),
    (
        "weight shape",
        lambda: lesson.explore_patterns(torch.zeros(4, 6)),
        ValueError,
        "weight must have 2 axes, both multiples of 4, and at most 200,000 entries; got shape (4, 6)",
    ),
    (
        "layers of two kinds",
        lambda: lesson.explore_shrinking(nn.Linear(2, 3, device="meta"), nn.ReLU()),
        TypeError,
        "first and second must be two nn.Linear or two nn.Conv2d; "
        "got Linear(in_features=2, out_features=3, bias=True) and ReLU()",
    ),
    (
        "layers apart",
        lambda: lesson.explore_shrinking(nn.Linear(2, 3), nn.Linear(4, 3)),
        ValueError,
        "second must take what first gives, shape (out, hidden) after (hidden, in); got (3, 2) and (3, 4)",
    ),
    (
        "curves apart",
        lambda: lesson.explore_accuracy({"a": ([0.5], [0.1]), "b": ([0.6], [0.1])}),
        ValueError,
        "curves must all be over the same sparsities; got [[0.5], [0.6]]",
    ),
]
test_bad_input = bad_input_test(BAD_INPUT)
