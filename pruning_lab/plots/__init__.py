"""The pictures of the course: each function draws on the axes given, or on a figure of its own, and returns the axes.

The numbers are worked out by functions of their own (`magnitude_histogram`, `mean_and_range`), so that they can be
checked without looking. Figures are made without pyplot: no window, no global state, nothing to close. `show` puts one
into a notebook together with a description in words.
"""

from pruning_lab.plots.canvas import new_axes, page_size, png, show
from pruning_lab.plots.cells import draw_cells, draw_letter, draw_numbers
from pruning_lab.plots.results import accuracy_curve, crossover_map, latency_bars, mean_and_range
from pruning_lab.plots.style import COLOURS, MARKERS, SERIES
from pruning_lab.plots.weights import magnitude_histogram, mask_picture, weight_histogram, weight_picture

__all__ = [
    "COLOURS",
    "MARKERS",
    "SERIES",
    "accuracy_curve",
    "crossover_map",
    "draw_cells",
    "draw_letter",
    "draw_numbers",
    "latency_bars",
    "magnitude_histogram",
    "mask_picture",
    "mean_and_range",
    "new_axes",
    "page_size",
    "png",
    "show",
    "weight_histogram",
    "weight_picture",
]
