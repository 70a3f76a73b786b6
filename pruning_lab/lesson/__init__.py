"""What a notebook shows: begin with `lesson.start("01")`."""

from pruning_lab.lesson import (
    engine,
    exercises,
    kernel_pictures,
    kernel_race,
    magnitude,
    magnitude_pictures,
    shrinking,
    shrinking_pictures,
    storage,
)
from pruning_lab.lesson.calibration import calibration
from pruning_lab.lesson.claims import claims
from pruning_lab.lesson.explorers import (
    explore_accuracy,
    explore_bytes,
    explore_crossover,
    explore_patterns,
    explore_shrinking,
)
from pruning_lab.lesson.journal import export as export_journal
from pruning_lab.lesson.patterns import pattern_reveal
from pruning_lab.lesson.pictures import first_idea, pruning_frames
from pruning_lab.lesson.practice import practice, self_check
from pruning_lab.lesson.predict import predict
from pruning_lab.lesson.research import research_room
from pruning_lab.lesson.session import start
from pruning_lab.lesson.storyboard import inquiry, storyboard

__all__ = [
    "calibration",
    "claims",
    "engine",
    "exercises",
    "explore_accuracy",
    "explore_bytes",
    "explore_crossover",
    "explore_patterns",
    "explore_shrinking",
    "export_journal",
    "first_idea",
    "inquiry",
    "kernel_pictures",
    "kernel_race",
    "magnitude",
    "magnitude_pictures",
    "pattern_reveal",
    "practice",
    "predict",
    "pruning_frames",
    "research_room",
    "self_check",
    "shrinking",
    "shrinking_pictures",
    "start",
    "storage",
    "storyboard",
]
