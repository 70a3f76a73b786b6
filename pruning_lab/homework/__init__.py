"""Homework: what a released notebook checks answers with, and how a class is graded.

hw1 ... hw4   one file an assignment: the checks of its questions, with a message for each usual mistake
frame         what every assignment has, from its release to its marks
"""

from pruning_lab.homework.frame.answers import instances

__all__ = ["instances"]  # hw1 and the rest by name: a submission's process starts without torch
