"""Lesson 10, your own network. The names that its notebook uses."""

from pruning_lab.lesson.your_own_network import exercises
from pruning_lab.lesson.your_own_network.drawings import amdahl_picture, choice_frames, kinds_picture
from pruning_lab.lesson.your_own_network.experiments import (
    fashion,
    halves,
    sensitivity_curves,
    smaller,
    smaller_networks,
    trained_lenet,
)
from pruning_lab.lesson.your_own_network.reveal import time_reveal, work_reveal
from pruning_lab.lesson.your_own_network.written import Claim, write_claim

__all__ = [
    "Claim",
    "amdahl_picture",
    "choice_frames",
    "exercises",
    "fashion",
    "halves",
    "kinds_picture",
    "sensitivity_curves",
    "smaller",
    "smaller_networks",
    "time_reveal",
    "trained_lenet",
    "work_reveal",
    "write_claim",
]
