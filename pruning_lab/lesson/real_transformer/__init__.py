"""Lesson 07, a real Transformer. The names that its notebook uses."""

from pruning_lab.lesson.real_transformer import exercises
from pruning_lab.lesson.real_transformer.activations import after_gelu, after_relus, share_of_zeros
from pruning_lab.lesson.real_transformer.drawings import (
    activations_picture,
    blocks_picture,
    frontier_picture,
    rules_picture,
    shares_picture,
    small_example,
    task_picture,
    wanda_frames,
)
from pruning_lab.lesson.real_transformer.explorer import explore_structure
from pruning_lab.lesson.real_transformer.parts import shares, time_parts
from pruning_lab.lesson.real_transformer.published import ALEXNET
from pruning_lab.lesson.real_transformer.results import (
    MEASURES,
    chosen,
    compared,
    differences,
    families,
    lines,
    measured,
    with_interval,
)
from pruning_lab.lesson.real_transformer.reveal import classifier_reveal
from pruning_lab.lesson.real_transformer.structure import block_influence, unit_scores, without_blocks, without_units
from pruning_lab.lesson.real_transformer.task import embeddings, interval, neighbours_kept, one_of_each, score
from pruning_lab.lesson.real_transformer.weights import block_by_block, block_weights, inputs_of, masked, states

__all__ = [
    "ALEXNET",
    "MEASURES",
    "activations_picture",
    "after_gelu",
    "after_relus",
    "block_by_block",
    "block_influence",
    "block_weights",
    "blocks_picture",
    "chosen",
    "classifier_reveal",
    "compared",
    "differences",
    "embeddings",
    "exercises",
    "explore_structure",
    "families",
    "frontier_picture",
    "inputs_of",
    "interval",
    "lines",
    "masked",
    "measured",
    "neighbours_kept",
    "one_of_each",
    "rules_picture",
    "score",
    "share_of_zeros",
    "shares",
    "shares_picture",
    "small_example",
    "states",
    "task_picture",
    "time_parts",
    "unit_scores",
    "wanda_frames",
    "with_interval",
    "without_blocks",
    "without_units",
]
