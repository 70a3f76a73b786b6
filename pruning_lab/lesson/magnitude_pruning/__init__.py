"""Lesson 02, magnitude pruning. The names that its notebook uses."""

from pruning_lab.lesson.magnitude_pruning import exercises
from pruning_lab.lesson.magnitude_pruning.drawings import magnitude_frames, sensitivity_figure, two_questions
from pruning_lab.lesson.magnitude_pruning.experiments import (
    NETWORKS,
    NONE,
    accuracy,
    curve,
    images_for,
    layer_names,
    load,
    prune_and_retrain,
    prune_one_layer,
    retrain_on_schedule,
    select,
    train_dense,
)
from pruning_lab.lesson.magnitude_pruning.reveal import plateau_reveal

__all__ = [
    "NETWORKS",
    "NONE",
    "accuracy",
    "curve",
    "exercises",
    "images_for",
    "layer_names",
    "load",
    "magnitude_frames",
    "plateau_reveal",
    "prune_and_retrain",
    "prune_one_layer",
    "retrain_on_schedule",
    "select",
    "sensitivity_figure",
    "train_dense",
    "two_questions",
]
