"""Checks of the practice loops, one module a lesson: each says what is wrong with *this* answer.

A check takes the learner's function. It raises AssertionError with a message for a wrong answer, and returns
NotImplemented for a stub that still returns `...`.
"""

from pruning_lab.lesson.exercises.lesson_01 import csr_bytes, exact_mask, shrunk_pair
from pruning_lab.lesson.exercises.lesson_02 import cubic_schedule, global_masks, held_step
from pruning_lab.lesson.exercises.lesson_03 import break_even, csr_arrays, gaps_with_fillers
from pruning_lab.lesson.exercises.lesson_04 import honest_ratio, memory_limit, sparse_product
from pruning_lab.lesson.exercises.lesson_05 import flattened_columns, shrunk_convolutions, strongest_filters

__all__ = [
    "break_even",
    "csr_arrays",
    "csr_bytes",
    "cubic_schedule",
    "exact_mask",
    "flattened_columns",
    "gaps_with_fillers",
    "global_masks",
    "held_step",
    "honest_ratio",
    "memory_limit",
    "shrunk_convolutions",
    "shrunk_pair",
    "sparse_product",
    "strongest_filters",
]
