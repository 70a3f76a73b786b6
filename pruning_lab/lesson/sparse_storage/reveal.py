"""What lesson 03's prediction measures: which formats are smaller than dense."""

import numpy as np

from pruning_lab.lesson.frame.predict import option_naming
from pruning_lab.lesson.sparse_storage.drawings import bytes_figure
from pruning_lab.lesson.sparse_storage.experiments import FORMATS, encode
from pruning_lab.plots.canvas import image_html
from pruning_lab.tables import table_html


def smaller_reveal(array, options):
    """Return a reveal for `predict`: which formats store the pruned `array` in fewer bytes than dense float32?

    Args:
        array: (rows, columns) float32 array with zeros.
        options: {option: names of FORMATS that it says are smaller}, one of them with None, for any other outcome.
    """

    def reveal():
        stored = {name: encode(name, array).nbytes for name in FORMATS}
        smaller = {name for name, size in stored.items() if size < array.nbytes}
        density = np.count_nonzero(array) / array.size
        rows = [[name, f"{size:,}", f"{size / array.nbytes:.3f}"] for name, size in stored.items()]
        table = table_html(
            ["format", "bytes", "of dense"], rows, f"Density {density:.2f}; dense {array.nbytes:,} bytes"
        )
        alt = "Bytes as a share of dense against density, one line a format; where a line crosses 1 it stops paying."
        return option_naming(options, smaller), [table, image_html(bytes_figure(array.shape, density), alt)]

    return reveal
