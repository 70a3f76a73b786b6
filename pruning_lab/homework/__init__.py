"""Homework: what a released notebook checks answers with, and how a class is graded.

hw1_checks ... hw5_checks   one file an assignment: how answers are checked, with a message for each usual mistake
hw5_layer                   two questions of hw5, on one layer
frame                       what every assignment has, from its release to its marks

What is asked, with points, texts, solutions and hidden tests, stands in notebooks/homework/.
"""

from pruning_lab.homework.frame.answers import instances

__all__ = ["instances"]  # the checks by name: a submission's process starts without torch
