"""Pictures that follow a slider in the browser, at once, whether the kernel is busy or not.

The package computes everything an explorer shows, for every step of its slider, before it appears: the masks, the
formats and the numbers are those of the lessons. The browser (`explorers.js`) only looks them up and draws. Sliders and
canvas are tied there by `jslink`, so no message to the kernel stands between a key press and the picture. Every
explorer leaves a plain figure and a table too, for readers without a kernel.
"""

from pathlib import Path

import anywidget
import ipywidgets
import numpy as np
import torch
import traitlets
from IPython.display import HTML, display
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from pruning_lab import layers, masks, measure, plots, scores, sparse
from pruning_lab.lesson import storage
from pruning_lab.lesson.patterns import four_patterns
from pruning_lab.lesson.session import attended
from pruning_lab.lesson.view import image_html, show_widget, table_html, wide

PLACES = [round(0.05 * step, 2) for step in range(20)]  # of every sparsity slider: 0 to 0.95, where a channel is left
NEVER = 255  # the step at which a weight goes that outlasts the slider
STILL = 0.5  # the sparsity of the plain figure


class Canvas(anywidget.AnyWidget):
    """A drawing of `explorers.js`: its tables, and the place on them that the controls choose."""

    _esm = Path(__file__).with_name("explorers.js")
    picture = traitlets.Unicode().tag(sync=True)
    facts = traitlets.Dict().tag(sync=True)
    numbers = traitlets.Bytes().tag(sync=True)
    gone_at = traitlets.Bytes().tag(sync=True)
    place = traitlets.Float(0).tag(sync=True)
    choice = traitlets.Int(0).tag(sync=True)


def explore_patterns(weight):
    """Explore one weight matrix: four patterns of pruning, the histogram, and what each costs in bytes and products.

    N:M is coarse: of each four neighbours three, two or one stay, so its sparsity is the nearest of
    0, 0.25, 0.5 and 0.75, and the table says which.

    Args:
        weight: (rows, columns) float32 tensor, both multiples of 4, with 200,000 entries at most.

    Raises:
        TypeError, ValueError: a weight that is no such matrix.
    """
    weight = _checked_matrix(weight)
    places = places_for(weight.shape[1])
    steps = [four_patterns(weight, place, group=(max(1, 4 - round(4 * place)), 4)) for place in places]
    names = ["scattered", "N:4", "4x1 vectors", "whole columns"]  # the name of N:M changes with the step
    by_name = dict(zip(names, zip(*(step.values() for step in steps), strict=True), strict=True))
    goes = [gone_at([pattern.mask for pattern in patterns]) for patterns in by_name.values()]
    facts = {
        "rows": weight.shape[0],
        "columns": weight.shape[1],
        "places": places,
        "reach": float(np.abs(weight).max()) * 1.0001,  # the largest weight falls inside the last bin
        "patterns": [_pattern_facts(weight, patterns) for patterns in by_name.values()],
    }
    canvas = _canvas("patterns", facts, weight, np.stack(goes))
    choice = wide(ipywidgets.Dropdown, options=names, description="Pattern")
    ipywidgets.jslink((choice, "index"), (canvas, "choice"))
    still = places.index(STILL)
    header = ["pattern", *(name for name, _ in pattern_rows(weight, steps[still]["scattered"]))]
    table = [[p.name, *(value for _, value in pattern_rows(weight, p))] for p in steps[still].values()]
    alt = f"The mask of a {_size(weight)} matrix with scattered zeros at sparsity {STILL}, and its histogram."
    _show([choice, _sparsity_slider(canvas), canvas], _pattern_figure(weight), alt, table_html(header, table))


def places_for(channels):
    """Return the sparsities of a slider that leave one of `channels` channels.

    >>> places_for(300)[-1], places_for(8)[-1]
    (0.95, 0.9)
    """
    return [place for place in PLACES if round(place * channels) < channels]


def gone_at(masks_by_step):
    """Return for each weight the step at which it goes, uint8; NEVER if it outlasts the last. What went stays away.

    >>> gone_at([np.array([True, True]), np.array([False, True])]).tolist()
    [1, 255]
    """
    step_of = np.full(masks_by_step[0].shape, NEVER, np.uint8)
    for step, mask in enumerate(masks_by_step):
        step_of[~mask & (step_of == NEVER)] = step
    return step_of


def pattern_rows(weight, pattern):
    """Return what an explorer reads out for a `patterns.Pattern` of `weight`: a list of (name, text)."""
    pruned = weight * pattern.mask
    kept_norm = np.linalg.norm(pruned) / np.linalg.norm(weight)
    small = isinstance(pattern.stored, np.ndarray)
    return [
        ("sparsity", f"{1 - pattern.mask.mean():.3f}"),
        ("norm that survives", f"{kept_norm:.3f}"),
        ("bytes, dense with zeros", f"{weight.nbytes:,}"),
        ("bytes, CSR", f"{sparse.CSR.from_dense(pruned).nbytes:,}"),
        ("bytes, bitmask", f"{sparse.Bitmask.from_dense(pruned).nbytes:,}"),
        ("bytes, its own format", f"{pattern.stored.nbytes:,}"),
        ("multiplications, dense product", f"{pattern.stored.size if small else weight.size:,}"),
        ("multiplications, its own product", f"{pattern.multiplications:,}"),
    ]


def _pattern_facts(weight, patterns):
    """The read-outs, words and thresholds of one pattern at every step."""
    magnitudes, rows = np.abs(weight), [pattern_rows(weight, pattern) for pattern in patterns]
    pruned = [magnitudes[~pattern.mask] for pattern in patterns]
    words = [
        f"{pattern.name}: {int(pattern.mask.sum()):,} of {weight.size:,} weights stay; "
        f"{pattern.stored.nbytes:,} bytes in its own format, {weight.nbytes:,} dense."
        for pattern in patterns
    ]
    threshold = [float(some.max()) if some.size and patterns[0].name == "scattered" else None for some in pruned]
    return {"rows": rows, "words": words, "thresholds": threshold}


def _pattern_figure(weight):
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    worth = torch.from_numpy(weight)
    plots.mask_picture(masks.mask_unstructured(scores.magnitude_scores(worth), STILL), ax=left)
    plots.weight_histogram(worth, STILL, ax=right)
    return figure


def explore_shrinking(first, second):
    """Explore structured removal: hidden units go by L1 norm, and with them rows of one layer and columns of the next.

    Args:
        first, second: two nn.Linear or two nn.Conv2d (groups=1); the second takes what the first gives.

    Raises:
        TypeError, ValueError: layers of other kinds, or that do not follow each other.
    """
    shrink = {torch.nn.Linear: layers.shrink_linear, torch.nn.Conv2d: layers.shrink_conv2d}.get(type(first))
    if shrink is None or type(second) is not type(first):
        raise TypeError(f"first and second must be two nn.Linear or two nn.Conv2d; got {first} and {second}")
    if first.weight.shape[0] != second.weight.shape[1]:
        shapes = f"{tuple(first.weight.shape)} and {tuple(second.weight.shape)}"
        raise ValueError(f"second must take what first gives, shape (out, hidden) after (hidden, in); got {shapes}")
    worth = scores.channel_scores(first.weight)
    places = places_for(len(worth))
    keeps = [masks.keep_channels(worth, place) for place in places]
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
    stays = [np.isin(np.arange(len(worth)), keep) for keep in keeps]
    canvas = _canvas("shrinking", facts, np.concatenate([_shades(first), _shades(second)]), gone_at(stays))
    still = places.index(STILL)
    alt = f"Magnitudes of two layers; dashed: their size before half of the hidden units went. {facts['words'][still]}"
    header = ["", "before", f"{STILL:.0%} of the units gone".replace("%", " %")]
    table = [[name, before, after] for (name, before), (_, after) in zip(rows[0], rows[still], strict=True)]
    _show([_sparsity_slider(canvas), canvas], _pair_figure(first, second, pairs[still]), alt, table_html(header, table))


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


def explore_crossover(densities, batches, ratios, low=None, high=None):
    """Explore measured ratios: at which density and batch size does a sparse product beat the dense one?

    Args:
        densities: (d,) fractions kept, ascending. batches: (b,) numbers of inputs, ascending.
        ratios: (d, b) dense time over sparse time. low, high: (d, b) its quartiles; None where there are none.

    Raises:
        ValueError: shapes that do not fit each other.
    """
    ratios = np.asarray(ratios, float)
    figure = plots.crossover_map(densities, batches, ratios).figure  # checks the shapes
    spread = None if low is None or high is None else (np.asarray(low, float), np.asarray(high, float))
    cells = [[_cell_rows(d, b, ratios, spread, (i, j)) for j, b in enumerate(batches)] for i, d in enumerate(densities)]
    facts = {
        "densities": list(map(float, densities)),
        "batches": list(map(int, batches)),
        "ratios": ratios.tolist(),
        "rows": cells,
        "words": [[", ".join(f"{name} {value}" for name, value in rows) for rows in line] for line in cells],
    }
    canvas = _canvas("crossover", facts)
    density = wide(ipywidgets.SelectionSlider, options=[f"{d:g}" for d in densities], description="Density (kept)")
    batch = wide(ipywidgets.SelectionSlider, options=[f"{b:g}" for b in batches], description="Batch size (inputs)")
    ipywidgets.jslink((density, "index"), (canvas, "choice"))
    ipywidgets.jslink((batch, "index"), (canvas, "place"))
    header = ["density", *(f"batch {b}" for b in batches)]
    table = [[f"{d:g}", *(f"{ratio:.2f}" for ratio in line)] for d, line in zip(densities, ratios, strict=True)]
    alt = "A map of density against batch size: where the sparse product is faster than the dense one, and by how much."
    _show([density, batch, canvas], figure, alt, table_html(header, table))


def _cell_rows(density, batch, ratios, spread, at):
    winner = "the sparse product" if ratios[at] > 1 else "the dense product"
    rows = [("density", f"{density:g}"), ("batch", f"{batch}"), ("dense time / sparse time", f"{ratios[at]:.2f}")]
    if spread is not None:
        rows.append(("quartiles", f"{spread[0][at]:.2f} to {spread[1][at]:.2f}"))
    return [*rows, ("faster", winner)]


def explore_accuracy(curves, dense=None):
    """Explore accuracies that were computed beforehand: a line follows the slider, and each curve is read out there.

    Args:
        curves, dense: as for `plots.accuracy_curve`; all curves over the same sparsities.

    Raises:
        ValueError: curves over different sparsities, and as `plots.accuracy_curve`.
    """
    figure = plots.accuracy_curve(curves, dense=dense).figure  # checks the curves
    places = sorted({float(s) for sparsities, _ in curves.values() for s in sparsities})
    if any(sorted(map(float, sparsities)) != places for sparsities, _ in curves.values()):
        raise ValueError(f"curves must all be over the same sparsities; got {[list(s) for s, _ in curves.values()]}")
    means = {name: _mean_points(*curve) for name, curve in curves.items()}
    lowest = min(share for points in means.values() for _, share in points)
    words = {"title": "accuracy (fraction right)", "across": "sparsity (fraction of weights pruned)"}
    scale = {"low": max(0.0, float(np.floor(lowest * 10)) / 10), "high": 1.0, "line": dense}
    alt = f"Accuracy against sparsity, {len(means)} curves: {', '.join(means)}."
    _show_curves(means, words, scale, "{:.3f}", figure, alt)


def explore_bytes(shape):
    """Explore what a pruned matrix takes in every format of `storage.FORMATS`, as a share of dense, by density.

    Args:
        shape: (rows, columns) of the matrix.
    """
    curves = {
        name: [(density, storage.share_of_dense(name, shape, density)) for density in storage.DENSITIES]
        for name in storage.FORMATS
    }
    words = {"title": "bytes, as a share of dense", "across": "density (fraction of weights kept)"}
    figure = storage.bytes_figure(shape)
    alt = f"Bytes against density for a {shape[0]} x {shape[1]} matrix; a format pays where its line lies below 1."
    _show_curves(curves, words, {"low": 0.0, "high": 2.2, "line": 1.0}, "{:.3f}", figure, alt)


def _show_curves(curves, words, scale, form, figure, alt):
    """Show curves over the same places, {name: [(place, value), ...]}, with a slider that reads them out."""
    places = [place for place, _ in next(iter(curves.values()))]
    rows = [
        [
            (words["across"].split()[0], f"{place:g}"),
            *((name, form.format(points[k][1])) for name, points in curves.items()),
        ]
        for k, place in enumerate(places)
    ]
    facts = {
        **words,
        **scale,
        "places": places,
        "curves": [
            {"name": name, "colour": colour, "points": points}
            for (name, points), colour in zip(curves.items(), plots.SERIES, strict=False)
        ],
        "rows": rows,
        "words": [", ".join(f"{name} {value}" for name, value in row) for row in rows],
    }
    canvas = _canvas("curves", facts)
    name = words["across"].replace("fraction of weights ", "").capitalize()  # "Sparsity (pruned)"
    place = wide(ipywidgets.SelectionSlider, options=[f"{p:g}" for p in places], description=name)
    ipywidgets.jslink((place, "index"), (canvas, "place"))
    header, table = [name for name, _ in rows[0]], [[value for _, value in row] for row in rows]
    _show([place, canvas], figure, alt, table_html(header, table))


def _mean_points(sparsities, accuracies):
    mean, _, _ = plots.mean_and_range(accuracies, points=len(sparsities))
    return sorted((float(s), float(share)) for s, share in zip(sparsities, mean, strict=True))


def _canvas(picture, facts, numbers=b"", goes=b""):
    facts["colours"] = plots.COLOURS
    return Canvas(picture=picture, facts=facts, numbers=bytes(numbers), gone_at=bytes(goes), place=0.0)


def _sparsity_slider(canvas):
    """A slider tied to the canvas in the browser."""
    slider = wide(
        ipywidgets.FloatSlider, value=STILL, max=canvas.facts["places"][-1], step=0.05, description="Sparsity (pruned)"
    )
    canvas.place = STILL
    ipywidgets.jslink((slider, "value"), (canvas, "place"))
    return slider


def _show(controls, figure, alt, table):
    """Show controls and canvas to a person, with the plain figure folded up below; without a person, the figure."""
    if not attended():
        plots.show(figure, alt)
        display(HTML(table))
        return
    twin = ipywidgets.HTML(f"<details><summary>As a plain figure</summary>{image_html(figure, alt)}{table}</details>")
    show_widget(ipywidgets.VBox([*controls, twin]), alt)


def _shades(layer):
    """Each entry's magnitude as uint8, 255 for the largest; a kernel counts with the sum of its magnitudes."""
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


def _checked_matrix(weight):
    """Return the weight as an array if the explorer of patterns can show it."""
    if not isinstance(weight, torch.Tensor) or weight.dtype != torch.float32:
        got = weight.dtype if isinstance(weight, torch.Tensor) else type(weight).__name__
        raise TypeError(f"weight must be a float32 tensor; got {got}")
    if weight.ndim != 2 or weight.shape[0] % 4 or weight.shape[1] % 4 or not 0 < weight.numel() <= 200_000:
        rule = "2 axes, both multiples of 4, and at most 200,000 entries"
        raise ValueError(f"weight must have {rule}; got shape {tuple(weight.shape)}")
    return weight.detach().numpy()


def _size(weight):
    return f"{weight.shape[0]} x {weight.shape[1]}"
