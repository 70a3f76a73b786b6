"""What the first cell of a lesson sets up: seeds, one thread, and the line that says what the lesson runs on."""

import os
import platform
import random

import ipywidgets
import numba
import numpy as np
import torch
from threadpoolctl import threadpool_limits

from pruning_lab.attendance import attended
from pruning_lab.lesson.frame import doctor, journal
from pruning_lab.lesson.frame.frontend import NO_CONTROLS, enable_controls, frontend
from pruning_lab.lesson.frame.view import message, show_widget
from pruning_lab.measure import processor_name

SEED = 0
_started = None  # the lesson that runs: what is answered goes to the journal with its number


def start(lesson):
    """Begin a lesson: fix the seeds, use one thread, print the versions and the machine, and greet who was here before.

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
    global _started
    _started = lesson
    if attended():
        _prepare_frontend()
        show_widget(ipywidgets.HTML(message(greeting(lesson))), "")


def _prepare_frontend():
    """Switch controls on where they must be, and say what is different where these cells are shown."""
    enable_controls()
    here = frontend()
    if not here.controls:
        print(NO_CONTROLS)
    if not here.keeps:
        print(f"{here.name}: your journal is in {journal.journal_path()}. {here.advice}")


def current():
    """Return the number of the lesson that was started last, such as "01"; None before the first."""
    return _started


def greeting(lesson):
    """Return what a learner who comes back has answered in a lesson, and where they stopped, as the journal has it.

    It is empty for a learner who is here for the first time, and where the journal cannot be read.
    """
    try:
        entries = [entry for entry in journal.read() if entry.get("lesson") == lesson]
    except journal.JournalError:
        return ""
    if not entries:
        return ""
    first = {entry["question"]: entry for entry in reversed(entries) if entry["kind"] == "prediction"}
    said = [f"- {question} You: {entry['choice']}. Measured: {entry['answer']}." for question, entry in first.items()]
    last = entries[-1]
    stopped = f'You stopped at "{last.get("question", last["kind"])}", on {last["saved"][:10]}.'
    return "\n".join(["Welcome back. " + stopped, *(["Your answers so far:"] if said else []), *reversed(said)])
