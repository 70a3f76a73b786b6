"""Lesson 05's explorer: the units that go are the package's, in both layers, and so are the counts of what is left."""

import numpy as np
import torch
from bad_input import bad_input_test
from explorer_tests import explorer_tests
from torch import nn

from pruning_lab import masks, scores
from pruning_lab.lesson.frame.explorer import PLACES
from pruning_lab.lesson.layer_shrinking import explore_shrinking


def two_linear():
    torch.manual_seed(0)
    return nn.Linear(3, 8), nn.Linear(8, 5)


def two_convolutions():
    torch.manual_seed(0)
    return nn.Conv2d(3, 8, 3), nn.Conv2d(8, 4, 3)


test_drawing, test_attended, test_unattended, test_html, test_text = explorer_tests(
    {
        "linear": lambda: explore_shrinking(*two_linear()),
        "convolutions": lambda: explore_shrinking(*two_convolutions()),
    }
)


def test_units_go_from_both_layers():
    first, second = two_linear()
    shown = explore_shrinking(first, second)
    for step, place in enumerate(shown.facts["places"]):
        keep = masks.keep_channels(scores.channel_scores(first.weight), place)
        assert np.flatnonzero(shown.gone_at > step).tolist() == keep.tolist()
    half = dict(shown.facts["rows"][PLACES.index(0.5)])
    expected = {"first layer": "4 x 3", "second layer": "5 x 4", "parameters": "41", "bytes": "164"}
    assert half == {**expected, "multiplications": "32"}


def test_filters_count_with_their_area():
    rows = dict(explore_shrinking(*two_convolutions()).facts["rows"][0])
    assert rows["first layer"] == "8 x 3 x 3 x 3"
    assert rows["multiplications, each position"] == f"{8 * 3 * 9 + 4 * 8 * 9}"


def test_shades_are_shares_of_the_largest_magnitude_of_their_layer():
    first, second = two_linear()
    light = explore_shrinking(first, second).numbers
    for layer, shades in ((first, light[:24]), (second, light[24:])):
        sizes = layer.weight.detach().abs().numpy()
        assert shades.max() == 255
        assert np.abs(shades / 255 - (sizes / sizes.max()).ravel()).max() <= 0.5 / 255 + 1e-6


def test_the_slider_ends_where_a_unit_is_left():
    shown = explore_shrinking(*two_linear())
    assert shown.controls[0].largest == shown.facts["places"][-1] == 0.9
    assert dict(shown.facts["rows"][-1])["first layer"] == "1 x 3"


BAD_INPUT = [
    (
        "layers of two kinds",
        lambda: explore_shrinking(nn.Linear(2, 3, device="meta"), nn.ReLU()),
        TypeError,
        "first and second must be two nn.Linear or two nn.Conv2d; "
        "got Linear(in_features=2, out_features=3, bias=True) and ReLU()",
    ),
    (
        "layers apart",
        lambda: explore_shrinking(nn.Linear(2, 3), nn.Linear(4, 3)),
        ValueError,
        "second must take first's outputs, shape (out, hidden) after (hidden, in); got (3, 2) and (3, 4)",
    ),
]
test_bad_input = bad_input_test(BAD_INPUT)
