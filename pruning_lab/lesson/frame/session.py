"""What the first cell of a lesson sets up: seeds, one thread, and the line that says what the lesson runs on."""

import os
import platform
import random

import numba
import numpy as np
import torch
from threadpoolctl import threadpool_limits

from pruning_lab.lesson.frame import doctor

SEED = 0


def start(lesson):
    """Begin a lesson: fix the seeds, use one thread, print the versions and the machine.

    One thread keeps timings steady and makes them comparable: a dense product that quietly uses every core is not a
    fair rival for a sparse loop that uses one.

    Args:
        lesson: the lesson's number as in its file name, such as "01".

    Raises:
        TypeError, ValueError: `lesson` is not a two-digit string.

    >>> start(1)
    Traceback (most recent call last):
    TypeError: lesson must be a string such as "01"; got 1
    """
    if not isinstance(lesson, str):
        raise TypeError(f'lesson must be a string such as "01"; got {lesson!r}')
    if len(lesson) != 2 or not lesson.isdigit():
        raise ValueError(f'lesson must be two digits such as "01"; got {lesson!r}')
    random.seed(SEED)
    np.random.seed(SEED)  # noqa: NPY002 - a learner's own cells may use the old global generator
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    numba.set_num_threads(1)
    threadpool_limits(1)
    print(f"Lesson {lesson} · seed {SEED} · one thread")
    print(f"{processor_name()} · {os.cpu_count()} cores · {platform.system()} · Python {platform.python_version()}")
    print(f"torch {torch.__version__} · NumPy {np.__version__} · Numba {numba.__version__}")
    if warning := doctor.quick_warning():
        print(warning)


def processor_name():
    """Return the processor's name as the system gives it.

    >>> len(processor_name()) > 0
    True
    """
    if platform.system() == "Linux":
        with open("/proc/cpuinfo", encoding="utf-8") as cpuinfo:
            names = [line.split(":", 1)[1].strip() for line in cpuinfo if line.startswith("model name")]
        if names:
            return names[0]
    return platform.processor() or platform.machine()


def attended():
    """Return whether a person may be at the keyboard: False while notebooks are tested or refreshed.

    An unattended run shows each reveal folded up in the page, so that a reader without a kernel finds it, and writes
    nothing to anyone's journal.

    >>> isinstance(attended(), bool)
    True
    """
    return "PRUNING_LAB_UNATTENDED" not in os.environ
