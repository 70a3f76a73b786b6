"""Lesson 09, deep compression. The names that its notebook uses."""

from pruning_lab.lesson.deep_compression import bits, deployment, exercises, minilm, stages
from pruning_lab.lesson.deep_compression.chosen import in_words
from pruning_lab.lesson.deep_compression.drawings import (
    bits_against_zeros,
    formats_figure,
    frontier_figure,
    layers_figure,
    networks_figure,
    parts_figure,
    small_frames,
    three_steps,
)
from pruning_lab.lesson.deep_compression.experiments import (
    fresh_copy,
    frontier,
    images,
    measured,
    prune_gradually,
    trained,
)
from pruning_lab.lesson.deep_compression.explorer import explore_bits
from pruning_lab.lesson.deep_compression.published import headline_rows, huffman_rows, huffman_table
from pruning_lab.lesson.deep_compression.reveal import stage_reveal

__all__ = [
    "bits",
    "bits_against_zeros",
    "deployment",
    "exercises",
    "explore_bits",
    "formats_figure",
    "fresh_copy",
    "frontier",
    "frontier_figure",
    "headline_rows",
    "huffman_rows",
    "huffman_table",
    "images",
    "in_words",
    "layers_figure",
    "measured",
    "minilm",
    "networks_figure",
    "parts_figure",
    "prune_gradually",
    "small_frames",
    "stage_reveal",
    "stages",
    "three_steps",
    "trained",
]
