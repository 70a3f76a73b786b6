"""What lesson 04 shows of its races: tables, and the reveals of its predictions."""

import numpy as np

from pruning_lab import measure
from pruning_lab.lesson.frame.predict import option_around, option_naming
from pruning_lab.lesson.sparse_kernels import drawings
from pruning_lab.lesson.sparse_kernels.experiments import race_layers, speed_up
from pruning_lab.lesson.sparse_kernels.published import MACHINES, geometric_mean, published_speed_ups
from pruning_lab.plots.canvas import image_html
from pruning_lab.sparse.published import DEEP_COMPRESSION_LAYERS
from pruning_lab.tables import table_html

FASTER = 1.2  # below this, a speed-up could be noise


def race_table(races, batch):
    """Return an HTML table: dense over sparse time on the published machines and on this one, layer by layer."""
    published = [published_speed_ups(machine, batch) for machine in MACHINES]
    rows = [
        [
            f"{layer}, {DEEP_COMPRESSION_LAYERS[layer].density:.0%} kept",
            *(f"{ratios[list(DEEP_COMPRESSION_LAYERS).index(layer)]:.2f}" for ratios in published),
            race["sparse"].ratio_text,
            race.rows[0].name,
            f"{race['sparse again'].ratio / race['sparse'].ratio:.2f}",
        ]
        for layer, race in races.items()
    ]
    means = [f"{geometric_mean(ratios):.2f}" for ratios in published]
    rows.append(["geometric mean", *means, f"{speed_up(races):.2f}", "", ""])
    header = ["layer", *MACHINES, "this machine (IQR)", "its dense rival", "control: sparse again / sparse"]
    conditions = next(iter(races.values())).conditions
    return table_html(header, rows, f"Batch {batch}: times as fast as dense. This machine: {conditions}")


def race_picture(races, batch):
    """Draw dense over sparse time for every layer: three published machines, and this one with its quartiles."""
    chosen = [list(DEEP_COMPRESSION_LAYERS).index(layer) for layer in races]
    published = {machine: np.array(published_speed_ups(machine, batch))[chosen] for machine in MACHINES}
    labels = [f"{layer}\n{DEEP_COMPRESSION_LAYERS[layer].density:.0%} kept" for layer in races]
    return drawings.race(labels, published, [race["sparse"] for race in races.values()], batch)


def race_reveal(batch, options):
    """Return a reveal for `predict`: how many times as fast as dense the six layers are here, on average.

    Args:
        batch: 1 or 64, as the paper measured.
        options: {option: (low, high)}, the ranges of the mean that they stand for, without gaps.
    """

    def reveal():
        races = race_layers(batch)
        mean = speed_up(races)
        alt = "; ".join(f"{layer}: {race['sparse'].ratio:.2f}" for layer, race in races.items())
        return option_around(options, mean), [
            image_html(race_picture(races, batch), f"This machine: {alt}"),
            race_table(races, batch),
        ]

    return reveal


def zeros_reveal(candidates, options, repeats=30):
    """Return a reveal for `predict`: which products are faster once most weights are zero.

    Args:
        candidates: {name: (all weights, all weights elsewhere in memory, most of them zero)}, each a function without
            arguments.
        options: {option: names of the candidates that it says are faster}, one of them with None, for other outcomes.
    """

    def reveal():
        labels = ("all weights", "all weights again", "90 % zeros")
        rows = {
            name: measure.compare(dict(zip(labels, calls, strict=True)), repeats).rows
            for name, calls in candidates.items()
        }
        faster = {name for name, (_, _, zeros) in rows.items() if zeros.ratio_q1 >= FASTER}
        cells = [
            [name, f"{full.median * 1e6:,.0f}", f"{zeros.median * 1e6:,.0f}", zeros.ratio_text, again.ratio_text]
            for name, (full, again, zeros) in rows.items()
        ]
        header = ["product", "all weights [µs]", "90 % zeros [µs]", "times as fast (IQR)", "control: all weights again"]
        return option_naming(options, faster), [
            table_html(header, cells, f"One thread, warm, {repeats} interleaved rounds for each product")
        ]

    return reveal
