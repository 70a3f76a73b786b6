"""Lesson 09, deep compression. The names that its notebook uses."""

from pruning_lab.lesson.deep_compression import exercises
from pruning_lab.lesson.deep_compression.drawings import bytes_by_group, frontier_figure
from pruning_lab.lesson.deep_compression.experiments import (
    BITS,
    SPARSITIES,
    chosen_on_validation,
    compress_network,
    frontier,
    measured,
    read_test_once,
)

__all__ = [
    "BITS",
    "SPARSITIES",
    "bytes_by_group",
    "chosen_on_validation",
    "compress_network",
    "exercises",
    "frontier",
    "frontier_figure",
    "measured",
    "read_test_once",
]
