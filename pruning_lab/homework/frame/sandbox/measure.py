"""Measures files that were handed in: the process that reads them has this package, limits, and no code of a student."""

import os

from pruning_lab.homework.frame.sandbox.inside.child import limit
from pruning_lab.homework.frame.sandbox.inside.wire import receive, send
from pruning_lab.homework.frame.sandbox.process import MEMORY, Process, Stopped
from pruning_lab.homework.frame.sandbox.proof import cut_off
from pruning_lab.homework.frame.sandbox.session import in_bytes

SECONDS = 180  # for all questions: each trains nothing, and times a network a few times over
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
    with Process(cut_off(trust), "measure", package=True) as process:
        try:
            return process.ask(asked, SECONDS, TOO_LONG)
        except ValueError as error:
            raise Stopped(str(error)) from error


def main():
    """Answer one question: how the tests mark some files."""
    from pruning_lab.homework.frame import grading  # which imports this module, and what takes seconds to import

    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    tests, files, instances = receive(requests)
    limit(MEMORY, SECONDS)
    given = {name: content.tobytes() for name, content in files.items()}
    send(replies, grading.scored(tests, grading.Files(given), instances))
