"""Lesson 05's explorer: two layers around the hidden units that go, and what is left of both."""

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from pruning_lab import layers, masks, measure, scores
from pruning_lab.lesson.frame.explorer import STILL, Explorer, SparsitySlider, gone_at, places_for


def explore_shrinking(first, second):
    """Explore structured removal: hidden units go by L1 norm, and with them rows of one layer and columns of the next.

    Args:
        first, second: two nn.Linear or two nn.Conv2d (groups=1); the second reads what the first outputs.

    Returns:
        an Explorer.

    Raises:
        TypeError, ValueError: layers of other kinds, or the second does not read what the first outputs.
    """
    shrink = {torch.nn.Linear: layers.shrink_linear, torch.nn.Conv2d: layers.shrink_conv2d}.get(type(first))
    if shrink is None or type(second) is not type(first):
        raise TypeError(f"first and second must be two nn.Linear or two nn.Conv2d; got {first} and {second}")
    if first.weight.shape[0] != second.weight.shape[1]:
        shapes = f"{tuple(first.weight.shape)} and {tuple(second.weight.shape)}"
        raise ValueError(f"second must take first's outputs, shape (out, hidden) after (hidden, in); got {shapes}")
    norms = scores.channel_scores(first.weight)
    places = places_for(len(norms))
    keeps = [masks.keep_channels(norms, place) for place in places]
    pairs = [(shrink(first, keep_out=keep), shrink(second, keep_in=keep)) for keep in keeps]
    rows = [_pair_rows(*pair) for pair in pairs]
    facts = {
        "inputs": first.weight.shape[1],
        "hidden": first.weight.shape[0],
        "outputs": second.weight.shape[0],
        "places": places,
        "rows": rows,
        "words": ["; ".join(f"{name}: {value}" for name, value in row) for row in rows],
    }
    stays = [np.isin(np.arange(len(norms)), keep) for keep in keeps]
    shades = np.concatenate([_shades(first), _shades(second)])
    still = places.index(STILL)
    alt = f"Magnitudes of two layers; dashed: their size before half of the hidden units went. {facts['words'][still]}"
    header = ["", "before", f"{STILL:.0%} of the units gone".replace("%", " %")]
    table = [[name, before, after] for (name, before), (_, after) in zip(rows[0], rows[still], strict=True)]
    figure, knobs = _pair_figure(first, second, pairs[still]), [SparsitySlider(places[-1])]
    return Explorer("shrinking", knobs, facts, figure, [header, *table], alt, shades, gone_at(stays))


def _pair_rows(first, second):
    both = torch.nn.Sequential(first, second)
    products = first.weight.numel() + second.weight.numel()
    return [
        ("first layer", " x ".join(map(str, first.weight.shape))),
        ("second layer", " x ".join(map(str, second.weight.shape))),
        ("parameters", f"{sum(parameter.numel() for parameter in both.parameters()):,}"),
        ("bytes", f"{measure.stored_bytes(both):,}"),
        ("multiplications" + (", each position" if first.weight.ndim == 4 else ""), f"{products:,}"),
    ]


def _shades(layer):
    """Return each entry's magnitude as uint8, 255 for the largest; a kernel counts as the sum of its magnitudes."""
    sizes = layer.weight.detach().abs().flatten(2).sum(2) if layer.weight.ndim == 4 else layer.weight.detach().abs()
    return (sizes / sizes.max() * 255).round().to(torch.uint8).numpy().ravel()


def _pair_figure(first, second, small):
    figure = Figure(figsize=(10, 4), layout="constrained")
    for axes, layer, less in zip(figure.subplots(1, 2), (first, second), small, strict=True):
        rows, columns = less.weight.shape[:2]
        picture = _shades(less).reshape(rows, columns)
        axes.imshow(picture, cmap="Blues", extent=(0, columns, rows, 0), aspect="auto", interpolation="nearest")
        height, width = layer.weight.shape[:2]
        axes.add_patch(Rectangle((0, 0), width, height, fill=False, linestyle="--", edgecolor="0.4"))
        axes.set(xlim=(0, width * 1.02), ylim=(height * 1.02, 0), xlabel="inputs", ylabel="outputs")
        axes.set_title(f"{height} x {width}, now {rows} x {columns}")
    return figure
