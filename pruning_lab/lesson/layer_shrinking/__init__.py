"""Lesson 05, layer shrinking. The names that its notebook uses."""

from pruning_lab.lesson.layer_shrinking import exercises
from pruning_lab.lesson.layer_shrinking.drawings import pair_picture, results_picture, shrinking_frames, steps_picture
from pruning_lab.lesson.layer_shrinking.experiments import (
    against_small,
    channel_steps,
    lesson_data,
    step_between,
)
from pruning_lab.lesson.layer_shrinking.explorer import explore_shrinking
from pruning_lab.lesson.layer_shrinking.networks import keep_by_norm, shrink_resnet, shrink_vgg
from pruning_lab.lesson.layer_shrinking.published import layer_table, network_rows, network_table, published_networks
from pruning_lab.lesson.layer_shrinking.reveal import work_reveal
from pruning_lab.measure import speed

__all__ = [
    "against_small",
    "channel_steps",
    "exercises",
    "explore_shrinking",
    "keep_by_norm",
    "layer_table",
    "lesson_data",
    "network_rows",
    "network_table",
    "pair_picture",
    "published_networks",
    "results_picture",
    "shrink_resnet",
    "shrink_vgg",
    "shrinking_frames",
    "speed",
    "step_between",
    "steps_picture",
    "work_reveal",
]
