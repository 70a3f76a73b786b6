"""One process that is cut off, and the messages that it answers."""

import contextlib
import os
import subprocess
import tempfile
import time

from pruning_lab.homework.frame.sandbox.inside.wire import receive, send
from pruning_lab.homework.frame.sandbox.watch import Watch

MEMORY = 4 * 2**30  # bytes, of each process and of all together
BEGINS = 120  # seconds: a machine may be busy, and a disk cold
ENDED = "the notebook ended its own Python process, so nothing after that could be asked"


_running = set()  # each `Process` in its `with`


def kill_all():
    """Kill every process that this one has begun: a container, or what nothing cuts off, does not end with it."""
    for process in list(_running):
        process.watch.kill()


class Stopped(Exception):
    """A process is gone or does not answer; the message is for the student."""


class NotBegun(Exception):
    """A process was gone, or silent, before it had any code of a submission: nothing of the student's."""


class Process:
    """One process that is cut off. Use it in a `with`.

    Args:
        way: a `ways.Way`.
        module: whose `main` runs: one of the folder `inside`, or with `package` one of this folder.
        package: True shows this package to the process, for one that runs no code of a submission.
    """

    def __init__(self, way, module, package=False):
        self.watched, self.begun, self.has_begun = way.watched, way.begin(module, package), False

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            # Where nothing is cut off a process stands in this folder; elsewhere it has a /tmp of its own.
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="submission-", ignore_cleanup_errors=True))
            self.errors = stack.enter_context(tempfile.TemporaryFile())
            given = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": self.errors}
            given |= {"pass_fds": self.begun.files, "env": self.begun.environment}
            self.process = subprocess.Popen(self.begun.command, cwd=folder, start_new_session=True, **given)
            for file in self.begun.files:
                os.close(file)
            stack.callback(self._close)
            self.watch = stack.enter_context(Watch(self.process, self.begun.kill, self.watched, MEMORY))
            self.stack = stack.pop_all()
        _running.add(self)
        return self

    def __exit__(self, *_error):
        self.stack.close()
        _running.discard(self)

    def _close(self):
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):  # what was not sent yet has nobody to go to
                pipe.close()

    def ask(self, value, seconds, late):
        """Send a value; return what the process answers.

        Args:
            value: as `wire.pack` takes it.
            seconds: until it is stopped.
            late: what a student is told then.

        Raises:
            Stopped: it was stopped, is gone, or does not answer in plain values.
            NotBegun: so it was before it was asked anything.
        """
        self._wait()
        with self.watch.until(time.monotonic() + seconds, late):
            try:
                send(self.process.stdin, value)
                return receive(self.process.stdout)
            except (OSError, EOFError, ValueError) as error:  # a submission controls what comes
                self.watch.kill()
                raise Stopped(self.watch.reason or ENDED) from error

    def _wait(self):
        """Wait until the process has begun, in time of its own: see `pipes`."""
        if self.has_begun:
            return
        with self.watch.until(time.monotonic() + BEGINS, "it took too long"):
            try:
                self.has_begun = receive(self.process.stdout)
            except (OSError, EOFError, ValueError) as error:
                self.watch.kill()
                raise NotBegun(f"the process for it did not begin: {self.said() or error}") from error

    def said(self):
        """Return the last line that the process wrote to its errors before it had any code of a submission."""
        self.errors.seek(0)
        *_, last = [b"", *self.errors.read(100_000).splitlines()]
        return last.decode("utf-8", "replace")
