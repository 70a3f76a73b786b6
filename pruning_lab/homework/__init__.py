"""Homework: what a released notebook checks answers with, and how a class is graded.

hw1           the checks of each assignment's questions, with a message for each usual mistake
answers       what a check may trust: plain copies of an answer, fresh instances
release       released notebooks, test files and solution pages, made from the sources with otter-grader
sandbox       a submission in a process of its own; child is what runs there
grading       marks for a folder of submissions; ledger keeps what is done
"""

from pruning_lab.homework.answers import instances

__all__ = ["instances"]  # hw1 and the rest by name: a submission's process starts without torch
