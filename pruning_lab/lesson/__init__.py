"""What every lesson shows: begin with `lesson.start("01")`. What only one lesson needs is in the folder of its name."""

from pruning_lab.lesson.frame.calibration import calibration
from pruning_lab.lesson.frame.claims import claims
from pruning_lab.lesson.frame.curves import explore_accuracy
from pruning_lab.lesson.frame.download import export_journal
from pruning_lab.lesson.frame.finish import finish
from pruning_lab.lesson.frame.frontier import frontier
from pruning_lab.lesson.frame.guess import guess
from pruning_lab.lesson.frame.inquiry import inquiry
from pruning_lab.lesson.frame.practice import practice, self_check, yours
from pruning_lab.lesson.frame.predict import predict
from pruning_lab.lesson.frame.research import research_room
from pruning_lab.lesson.frame.session import start
from pruning_lab.lesson.frame.storyboard import storyboard
from pruning_lab.lesson.frame.verify import verify

__all__ = [
    "calibration",
    "claims",
    "explore_accuracy",
    "export_journal",
    "finish",
    "frontier",
    "guess",
    "inquiry",
    "practice",
    "predict",
    "research_room",
    "self_check",
    "start",
    "storyboard",
    "verify",
    "yours",
]
