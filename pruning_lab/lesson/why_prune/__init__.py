"""Lesson 01, why prune? The names that its notebook uses."""

from pruning_lab.lesson.why_prune import exercises
from pruning_lab.lesson.why_prune.drawings import first_idea, pruning_frames
from pruning_lab.lesson.why_prune.experiments import four_patterns
from pruning_lab.lesson.why_prune.explorer import explore_patterns
from pruning_lab.lesson.why_prune.painting import explore_painting, painted_mask, trained_block
from pruning_lab.lesson.why_prune.reveal import pattern_reveal

__all__ = [
    "exercises",
    "explore_painting",
    "explore_patterns",
    "first_idea",
    "four_patterns",
    "painted_mask",
    "pattern_reveal",
    "pruning_frames",
    "trained_block",
]
