"""The picture of a network's groups: one colour a group, one shade a unit, grey and a reason for the rest."""

from collections import OrderedDict

import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex
from torch import nn

from pruning_lab import plots
from pruning_lab.channels import channel_groups, drawing, groups_picture


class Normed(nn.Module):
    """A group, a concatenation of two, and a layer norm."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.both = nn.Linear(3, 4), nn.Linear(3, 2), nn.Linear(6, 5)
        self.norm, self.out = nn.LayerNorm(5), nn.Linear(5, 2)

    def forward(self, x):
        return self.out(self.norm(self.both(torch.cat([self.a(x), self.b(x)], 1))))


@pytest.fixture(scope="module")
def picture():
    return groups_picture(channel_groups(Normed(), torch.ones(1, 3)))


def strips(picture):
    """Return the colours of each strip."""
    return [[to_hex(colour) for colour in image.get_array()[0]] for image in picture.images]


def test_what_goes_together_has_one_colour_and_what_stays_is_grey(picture):
    columns_a, rows_a, columns_b, rows_b, columns, rows, columns_out, rows_out = map(set, strips(picture))
    assert columns == rows_a | rows_b
    assert len(columns) == 6
    stays = {plots.COLOURS["pruned"].lower()}
    assert columns_a == columns_b == rows == columns_out == rows_out == stays


def test_a_group_is_named_where_it_begins_and_what_stays_says_why(picture):
    words = [text.get_text() for text in picture.texts]
    assert [word for word in words if "group" in word] == ["group 1: 4 x channel", "group 2: 2 x channel"]
    assert "stays: mixed by layer_norm in 'norm'" in words
    assert [label.get_text() for label in picture.get_yticklabels()] == ["a", "b", "both", "out"]
    assert words.count("1") == 2  # on the rows of one layer and on the columns of the next


def test_a_strip_is_as_long_as_the_root_of_its_number(picture):
    widths = [image.get_extent()[1] - image.get_extent()[0] for image in picture.images]
    assert np.allclose(np.square(widths) * 6, [3, 4, 3, 2, 6, 5, 5, 2])


def test_of_a_large_network_the_rest_is_counted(monkeypatch):
    monkeypatch.setattr(drawing, "MOST", 2)
    axes = groups_picture(channel_groups(Normed(), torch.ones(1, 3)))
    assert len(axes.images) == 4
    assert axes.get_xticklabels()[-1].get_text() == "2 more weights are left out"


def test_a_network_without_weights_and_something_else():
    assert not groups_picture(channel_groups(nn.ReLU(), torch.ones(1, 3))).images
    with pytest.raises(TypeError, match=r"groups must be what channel_groups returned; got list"):
        groups_picture([])


def test_nothing_is_cut_off():
    inside = nn.Sequential(OrderedDict(a_layer_with_a_name_of_its_own=Normed()))
    picture = groups_picture(channel_groups(nn.Sequential(OrderedDict(encoder_of_a_network=inside)), torch.ones(1, 3)))
    assert any("…" in text.get_text() for text in picture.texts)
    picture.figure.draw_without_rendering()
    whole = picture.figure.bbox
    boxes = [text.get_window_extent() for text in (*picture.texts, *picture.get_yticklabels())]
    assert all(whole.x0 <= box.x0 and box.x1 <= whole.x1 for box in boxes)
