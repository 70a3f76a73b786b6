"""The cells of a notebook run in a process that is cut off; then its functions are called, question by question."""

import contextlib
import time

import numpy as np

from pruning_lab.homework.frame.sandbox.process import ENDED, MEMORY, Process, Stopped
from pruning_lab.homework.frame.sandbox.proof import cut_off

SECONDS = 120  # for all cells of a notebook
CALL_SECONDS = 30  # for one call of a function
QUESTION_SECONDS = 45  # for all that the tests of one question ask
LONGEST = 360  # seconds for all of a submission: its cells run again where an answer has ended the process
MOST_FAILED, LONGEST_ERROR = 20, 500  # of what a process says of its cells: a submission may speak in its place
GRACE = 3  # seconds that a process has to stop by itself and to say so


class Sandbox:
    """Run the cells of a submission; then call what they defined. Use it in a `with`.

    Args:
        cells: list of str, the code cells in order.
        files: {name: bytes} beside the notebook.
        closed: names of modules that a submission may not import; it is told so. (This package is not there at all.)
        seconds: for all cells.
        trust: True runs without isolation where there is none.

    Attributes:
        failed: list of (cell number, error as text).
    """

    def __init__(self, cells, files=None, closed=(), seconds=SECONDS, trust=False):
        self.cells, self.files, self.closed, self.seconds, self.trust = cells, files or {}, list(closed), seconds, trust

    def __enter__(self):
        self.stack, self.ends = contextlib.ExitStack(), time.monotonic() + max(LONGEST, self.seconds)
        self.begin_question()
        self.failed = self._start()
        return self

    def __exit__(self, *_error):
        self.stack.close()

    def begin_question(self):
        """Give the next question time of its own, and a new process where the last question has ended the old one."""
        self.question_ends, self.stopped = time.monotonic() + QUESTION_SECONDS, None

    def _start(self):
        """Begin a process and run the cells; return which of them failed, and why."""
        self.process = self.stack.enter_context(Process(cut_off(self.trust), "child"))
        try:
            return self._run_cells()
        except BaseException:
            self._end()
            raise

    def _run_cells(self):
        late = f"the notebook was stopped after {self.seconds} s: is there a loop that never ends?"
        begin = [[in_bytes(cell.encode("utf-8", "replace")) for cell in self.cells]]
        begin += [{name: in_bytes(content) for name, content in self.files.items()}, self.closed, MEMORY, LONGEST]
        try:
            failed = self.process.ask(begin, min(self.seconds, self.ends - time.monotonic()), late)
        except TypeError as error:
            raise Stopped(f"the notebook is too large: {error}") from error
        try:
            return [(int(number), str(error)[:LONGEST_ERROR]) for number, error in failed[:MOST_FAILED]]
        except Exception as error:  # a submission has answered in the place of its process
            raise Stopped(ENDED) from error

    def _end(self):
        self.stack.close()
        self.process = None

    def _ask(self, kind, name, arguments):
        """Ask the process; one that has been stopped answers no more of this question, and begins anew for the next."""
        if self.stopped:
            raise Stopped(self.stopped)
        try:
            if self.process is None:
                self._start()
            left = min(CALL_SECONDS, min(self.question_ends, self.ends) - time.monotonic())
            if left <= 0:
                raise Stopped(LATE)
            kind, value, after = self.process.ask([kind, name, arguments, left], left + GRACE, LATE)
        except ValueError:
            self.stopped = ENDED
        except Stopped as stopped:
            self.stopped = str(stopped)
        else:
            return kind, value, after
        self._end()
        raise Stopped(self.stopped)

    def get(self, name):
        """Return what the notebook defined under `name`: a plain value, a function to call here, None if nothing."""
        kind, value, _ = self._ask("get", name, [])
        if kind == "error":
            raise AssertionError(f"{name}: {value}")
        return self._function(name) if kind == "function" else value

    def _function(self, name):
        def remote(*arguments):
            kind, value, after = self._ask("call", name, list(arguments))
            if kind == "error":
                raise AssertionError(f"{name} raised an error: {value}")
            for here, there in zip(arguments, after, strict=False):
                _take_over(here, there)
            return value

        remote.__name__ = name
        return remote


LATE = f"the tests of this question took longer than {QUESTION_SECONDS} s: is there a loop that never ends?"


def _take_over(here, there):
    """Have what a function did to an array, or to a dict, seen here; False where neither is one, or another one.

    A function is not to change its arguments.
    """
    if isinstance(here, dict) and isinstance(there, dict):
        for key in list(here):
            if key not in there:
                del here[key]
            elif not _take_over(here[key], there[key]):
                here[key] = there[key]
        return True
    if not (isinstance(here, np.ndarray) and isinstance(there, np.ndarray)):
        return False
    if (here.shape, here.dtype) != (there.shape, there.dtype):
        return False
    np.copyto(here, there)
    return True


def in_bytes(content):
    """Return bytes as an array, which crosses as it is."""
    return np.frombuffer(content, np.uint8)
