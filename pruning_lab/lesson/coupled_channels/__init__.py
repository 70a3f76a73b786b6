"""Lesson 06, coupled channels. The names that its notebook uses."""

from pruning_lab.lesson.coupled_channels import exercises
from pruning_lab.lesson.coupled_channels.drawings import (
    before_and_after,
    coupled_frames,
    norm_picture,
    results_picture,
)
from pruning_lab.lesson.coupled_channels.experiments import (
    born_small,
    by_seed,
    cut_through,
    images,
    keep_by_score,
    layer_norm_costs,
    measured,
    normed_network,
    resnet20,
    results_text,
    silence,
    statistics_again,
    unit_scores,
)
from pruning_lab.lesson.coupled_channels.explorer import explore_paint
from pruning_lab.lesson.coupled_channels.networks import (
    Chain,
    Concatenation,
    Depthwise,
    Heads,
    Normed,
    Residual,
    SqueezeExcite,
    as_trained_,
    example,
    forward_of,
)
from pruning_lab.lesson.coupled_channels.reveal import stem_reveal
from pruning_lab.lesson.coupled_channels.strips import painted_strips
from pruning_lab.measure import speed

__all__ = [
    "Chain",
    "Concatenation",
    "Depthwise",
    "Heads",
    "Normed",
    "Residual",
    "SqueezeExcite",
    "as_trained_",
    "before_and_after",
    "born_small",
    "by_seed",
    "coupled_frames",
    "cut_through",
    "example",
    "exercises",
    "explore_paint",
    "forward_of",
    "images",
    "keep_by_score",
    "layer_norm_costs",
    "measured",
    "norm_picture",
    "normed_network",
    "painted_strips",
    "resnet20",
    "results_picture",
    "results_text",
    "silence",
    "speed",
    "statistics_again",
    "stem_reveal",
    "unit_scores",
]
