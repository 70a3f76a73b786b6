"""What lesson 01's prediction measures: which patterns are faster, and what each of them costs."""

import ipywidgets
import numpy as np
import torch

from pruning_lab import masks
from pruning_lab.lesson.frame.predict import MOVING, option_naming
from pruning_lab.lesson.frame.seen import Explanation
from pruning_lab.lesson.frame.view import message, wide
from pruning_lab.lesson.why_prune.drawings import mask_figure, time_figure
from pruning_lab.lesson.why_prune.experiments import BATCHES, CONTROL, four_patterns, times
from pruning_lab.plots.canvas import image_html
from pruning_lab.tables import table_html

WINS = 1.2  # a pattern counts as faster if three rounds out of four reach this ratio; less could be noise
READ_FIRST = (
    f"<p><b>Read the row <i>{CONTROL}</i> first.</b> It is the same matrix in another place in memory: as far as it is "
    "from 1, other rows may be too, and a little farther, without meaning anything.</p>"
)
INVARIANT = Explanation(
    "<p><b>The invariant:</b> a zero pays only when something downstream can use it. A dense product does the same "
    "work for a zero as for anything else. Scattered zeros can pay in bytes, and in time only under a kernel that "
    "skips them well enough. Whole columns change the shape, and an ordinary product gains.</p>"
)


def pattern_reveal(weight, sparsity, options):
    """Return a reveal for `predict`: which patterns run faster under the dense product, and everything shown with it.

    Args:
        weight: (rows, columns) float32 array.
        sparsity: a multiple of 1/8 below 1.
        options: {option: names of the patterns that it says run faster}, one of them with None, for any other outcome.
    """

    def reveal():
        patterns = four_patterns(weight, sparsity)
        measured = {batch: times(weight, patterns, batch) for batch in BATCHES}
        faster = {name for name in patterns if measured[64][name][0].ratio_q1 >= WINS}
        return option_naming(options, faster), [
            image_html(mask_figure(patterns), f"The masks of {', '.join(patterns)}: the same number of zeros each."),
            cost_table(weight, patterns),
            image_html(time_figure(measured), "Bars: " + "; ".join(_in_words(measured))),
            time_table(measured),
            READ_FIRST,
            INVARIANT,
            _measure_more(weight, sparsity),
        ]

    return reveal


def cost_table(weight, patterns):
    """Return an HTML table: sparsity, bytes stored, multiplications under the dense product and the pattern's own."""
    rows = [
        [
            pattern.name,
            f"{masks.sparsity_of(torch.from_numpy(pattern.mask)):.3f}",
            f"{pattern.stored.nbytes:,} ({pattern.stored.nbytes / weight.nbytes:.2f} of dense)",
            f"{pattern.multiplications if isinstance(pattern.stored, np.ndarray) else weight.size:,}",
            f"{pattern.multiplications:,}",
        ]
        for pattern in patterns.values()
    ]
    header = ["pattern", "sparsity", "bytes stored", "multiplications, dense product", "its own product"]
    return table_html(header, rows, f"A {weight.shape[0]} x {weight.shape[1]} matrix, one input vector")


def time_table(measured):
    """Return an HTML table of speed-ups, with the interquartile range of the individual rounds."""
    header = ["pattern"] + [f"batch {batch}, {kernel}" for batch in measured for kernel in ("dense product", "its own")]
    names = next(iter(measured.values()))
    rows = [[name, *(row.ratio_text for batch in measured for row in measured[batch][name])] for name in names]
    return table_html(
        header, rows, "Times as fast as the unpruned matrix under the best dense product here (IQR); batch 1 cold"
    )


def _in_words(measured):
    for batch, by_name in measured.items():
        for name, (dense, own) in by_name.items():
            yield f"{name}, batch {batch}: dense product {dense.ratio:.2f}, its own {own.ratio:.2f}"


def _measure_more(weight, sparsity):
    """Return controls for a sparsity and a pattern, and a button that times it."""
    slider = wide(
        ipywidgets.FloatSlider, value=sparsity, min=0.125, max=0.875, step=0.125, description="Sparsity (pruned)"
    )
    slider.readout_format = ".3f"
    # the pattern is chosen by its position, because the name of N:M changes with the sparsity
    positions = [("scattered", 0), ("N:M", 1), ("4x1 vectors", 2), ("whole columns", 3)]
    choice = wide(ipywidgets.Dropdown, options=positions, description="Pattern to measure")
    button, answer = ipywidgets.Button(description="Measure time"), ipywidgets.HTML()

    def measure_now(_button):
        answer.value = message("Measuring, about ten seconds ...") + MOVING
        patterns = dict([list(four_patterns(weight, slider.value).items())[choice.value]])
        measured = {batch: times(weight, patterns, batch) for batch in BATCHES}
        answer.value = cost_table(weight, patterns) + time_table(measured)

    button.on_click(measure_now)
    heading = ipywidgets.HTML("<b>Your turn:</b> where does each pattern begin to pay off?")
    return ipywidgets.VBox([heading, slider, choice, button, answer])
