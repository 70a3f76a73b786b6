"""Lesson 03's explorer: how many bytes a pruned matrix takes in every format, by density."""

from pruning_lab.lesson.frame.curves import curves_explorer
from pruning_lab.lesson.sparse_storage.drawings import bytes_figure
from pruning_lab.lesson.sparse_storage.experiments import DENSITIES, FORMATS, share_of_dense


def explore_bytes(shape):
    """Explore the bytes that a pruned matrix takes in each of `experiments.FORMATS`, as a share of dense, by density.

    Args:
        shape: (rows, columns) of the matrix.

    Returns:
        an Explorer.
    """
    curves = {name: [(density, share_of_dense(name, shape, density)) for density in DENSITIES] for name in FORMATS}
    words = {"title": "bytes, as a share of dense", "across": "density (fraction of weights kept)"}
    figure = bytes_figure(shape)
    alt = f"Bytes against density for a {shape[0]} x {shape[1]} matrix; a format pays off where its line lies below 1."
    return curves_explorer(curves, words, {"low": 0.0, "high": 2.2, "line": 1.0}, figure, alt)
