"""Lesson 09, deep compression. The names that its notebook uses."""

from pruning_lab.lesson.deep_compression.experiments import (
    BITS,
    SPARSITIES,
    chosen_on_validation,
    compress_network,
    frontier,
    read_test_once,
)

__all__ = [
    "BITS",
    "SPARSITIES",
    "chosen_on_validation",
    "compress_network",
    "frontier",
    "read_test_once",
]
