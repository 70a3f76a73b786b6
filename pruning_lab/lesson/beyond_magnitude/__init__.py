"""Lesson 08, beyond magnitude. The names that its notebook uses."""

from pruning_lab.lesson.beyond_magnitude import exercises
from pruning_lab.lesson.beyond_magnitude.drawings import (
    agreement_picture,
    calibration_picture,
    predictions_picture,
    removal_curves,
    seeds_picture,
    shift_picture,
    surgery_frames,
    valley_picture,
)
from pruning_lab.lesson.beyond_magnitude.experiments import (
    answers_kept,
    at,
    by_calibration,
    by_seed,
    calibrations,
    exact_hessian,
    gauss_newton,
    hidden_layer,
    means_text,
    measured,
    output_error,
    rank_agreement,
    removals,
    removals_text,
    removed_one_by_one,
    scores_by_rule,
    softmax_layer,
)
from pruning_lab.lesson.beyond_magnitude.explorer import explore_removals
from pruning_lab.lesson.beyond_magnitude.lite0 import agreement_after, interval, lost_shift, turn
from pruning_lab.lesson.beyond_magnitude.lottery import CONTROLS, dense_network, flat_pictures, one_shot
from pruning_lab.lesson.beyond_magnitude.photographs import TURNS
from pruning_lab.lesson.beyond_magnitude.reveal import dice_reveal
from pruning_lab.lesson.beyond_magnitude.table import rules_table
from pruning_lab.lesson.beyond_magnitude.tiny import hidden_network, logits_of_hidden, pictures, softmax_regression

__all__ = [
    "CONTROLS",
    "TURNS",
    "agreement_after",
    "agreement_picture",
    "answers_kept",
    "at",
    "by_calibration",
    "by_seed",
    "calibration_picture",
    "calibrations",
    "dense_network",
    "dice_reveal",
    "exact_hessian",
    "exercises",
    "explore_removals",
    "flat_pictures",
    "gauss_newton",
    "hidden_layer",
    "hidden_network",
    "interval",
    "logits_of_hidden",
    "lost_shift",
    "means_text",
    "measured",
    "one_shot",
    "output_error",
    "pictures",
    "predictions_picture",
    "rank_agreement",
    "removal_curves",
    "removals",
    "removals_text",
    "removed_one_by_one",
    "rules_table",
    "scores_by_rule",
    "seeds_picture",
    "shift_picture",
    "softmax_layer",
    "softmax_regression",
    "surgery_frames",
    "turn",
    "valley_picture",
]
