"""Measures files that were handed in: their process has this package, limits, and no code of a student."""

import atexit
import contextlib
import os

from pruning_lab.homework.frame.sandbox.inside.child import limit
from pruning_lab.homework.frame.sandbox.inside.wire import pipes, receive, send
from pruning_lab.homework.frame.sandbox.process import ENDED, MEMORY, Process, Stopped
from pruning_lab.homework.frame.sandbox.proof import cut_off
from pruning_lab.homework.frame.sandbox.session import in_bytes

SECONDS = 180  # for all questions: each trains nothing, and times a network a few times over
TOO_MUCH = "measuring the file took more time or memory than it may"
TOO_LONG = f"the file was stopped after {SECONDS} s: measuring it took too long"


def measured(tests, files, instances, trust=False):
    """Return {question: mark} of files, measured in a process of its own.

    Args:
        tests: {question: source}.
        files: {name: bytes}.
        instances: the seed of the hidden instances.
        trust: True runs without isolation where there is none.

    Raises:
        Stopped: it took too long, or too much memory; the message is for the student.
    """
    asked = [tests, {name: in_bytes(content) for name, content in files.items()}, instances]
    try:
        return _running(trust).ask(asked, SECONDS, TOO_LONG)
    except (Stopped, ValueError) as error:
        _close(trust)
        raise Stopped(str(error).replace(ENDED, TOO_MUCH)) from error


_processes = {}  # {trust: process}: each process that grades has one, which takes ten seconds to be ready


def _running(trust):
    if trust in _processes and _processes[trust].process.poll() is not None:
        _close(trust)
    if trust not in _processes:
        _processes[trust] = Process(cut_off(trust), "measure", package=True).__enter__()
    return _processes[trust]


def _close(trust):
    if trust in _processes:
        _processes.pop(trust).__exit__()


atexit.register(lambda: [_close(trust) for trust in list(_processes)])


def main():
    """Answer how the tests mark some files, each time in a copy of this process, which alone has the limits."""
    from pruning_lab.homework.frame import grading  # which imports this module, and what takes seconds to import

    requests, replies = pipes()
    os.dup2(2, 1)  # what a library prints is no answer
    with contextlib.suppress(EOFError):
        while True:
            tests, files, instances = receive(requests)
            for source in tests.values():
                grading.parse_tests(source)  # once, for all copies
            copy = os.fork()
            if not copy:
                _measure(grading, replies, tests, files, instances)
            _, status = os.waitpid(copy, 0)
            if status:
                return


def _measure(grading, replies, tests, files, instances):
    try:
        limit(MEMORY, SECONDS)
        given = {name: content.tobytes() for name, content in files.items()}
        send(replies, grading.scored(tests, grading.Files(given), instances))
        os._exit(0)
    finally:
        os._exit(1)
