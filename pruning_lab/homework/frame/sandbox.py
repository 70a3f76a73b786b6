"""A submission in a process of its own: cut off from the network, from other files, from other submissions.

On Linux: namespaces of its own (network, processes; util-linux's `unshare`), a user of its own where the grader
is root, Landlock for files, limits on memory, processes and output. Elsewhere less holds: `weaknesses` says what.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from functools import cache
from pathlib import Path

import numpy as np

import pruning_lab
from pruning_lab.homework.frame.answers import receive, send

SECONDS = 120  # for all of a submission
MEMORY = 4 * 2**30  # bytes of address space
FIRST_USER = 61_000  # user ids that nobody has; one for each process that grades
ALONE = ["unshare", "--net", "--pid", "--ipc", "--fork", "--kill-child"]
# The interpreter may lie where a stranger cannot look. It may read all then, and Landlock takes away what it need not.
READER = "+dac_read_search"


class Stopped(Exception):
    """The submission's process is gone or does not answer; the message is for the student."""


class Sandbox:
    """Run the cells of a submission; then call what they defined. Use it in a `with`.

    Args:
        cells: list of str, the code cells in order.
        files: {name: bytes} beside the notebook.
        closed: names of modules that the submission may not import.

    Attributes:
        failed: list of (cell number, error as text).
    """

    def __init__(self, cells, files=None, closed=(), seconds=SECONDS):
        self.cells, self.files, self.closed, self.seconds = cells, files or {}, list(closed), seconds

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="submission-"))
        for name, content in self.files.items():
            (self.folder / Path(name).name).write_bytes(content)
        if _user():
            for path in (self.folder, *self.folder.iterdir()):
                os.chown(path, _user(), _user())
        self.ends = time.monotonic() + self.seconds
        self._start()
        try:
            self.failed = [tuple(pair) for pair in self._ask([self.cells, self.closed])]
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self):
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        script = Path(__file__).with_name("child.py")
        child = [
            sys.executable,
            "-I",
            "-B",
            str(script),
            str(theirs_in),
            str(theirs_out),
        ]
        env = {"PATH": os.environ.get("PATH", ""), "HOME": str(self.folder), "MPLBACKEND": "agg"}
        env |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
        with open(self.folder / ".output", "wb") as output:
            self.process = subprocess.Popen(
                [*_isolation(), *child, str(MEMORY), str(self.seconds), *_readable()],
                cwd=self.folder,
                env=env,
                pass_fds=(theirs_in, theirs_out),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        os.close(theirs_in)
        os.close(theirs_out)
        self.requests, self.replies = os.fdopen(ours_out, "wb"), os.fdopen(ours_in, "rb")

    def __exit__(self, *_error):
        self._kill()
        self.process.wait()
        for pipe in (self.requests, self.replies):
            with contextlib.suppress(OSError):  # what was not sent yet has nobody to go to
                pipe.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _kill(self):
        """Kill the process, and the first one in the namespaces that it made, which takes all others in there along."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        with contextlib.suppress(OSError):
            for inside in children.read_text().split():
                os.kill(int(inside), signal.SIGKILL)
        self.process.kill()

    def _ask(self, asked):
        """Send a question; return what the process answers, or stop it when its time is over."""
        timer = threading.Timer(max(self.ends - time.monotonic(), 0.01), self._kill)
        timer.start()
        try:
            send(self.requests, asked)
            return receive(self.replies)
        except Exception as error:  # a closed pipe, or bytes that are no value: the submission controls what comes
            late = time.monotonic() >= self.ends
            raise Stopped(
                f"the notebook was stopped after {self.seconds} s: is there a loop that never ends?"
                if late
                else "the notebook ended its own Python process, so nothing after that could be asked"
            ) from error
        finally:
            timer.cancel()

    def get(self, name):
        """Return what the notebook defined under `name`: a plain value, a function to call here, None if nothing."""
        kind, value, _ = self._ask(["get", name, []])
        if kind == "error":
            raise AssertionError(f"{name}: {value}")
        return self._function(name) if kind == "function" else value

    def _function(self, name):
        def remote(*arguments):
            kind, value, after = self._ask(["call", name, list(arguments)])
            for here, there in zip(arguments, after, strict=False):
                if isinstance(here, np.ndarray) and isinstance(there, np.ndarray) and here.shape == there.shape:
                    np.copyto(here, there, casting="unsafe")  # a function that changes its argument is seen to
            if kind == "error":
                raise AssertionError(f"{name} raised an error: {value}")
            return value

        remote.__name__ = name
        return remote


def weaknesses():
    """Return in sentences what this system cannot keep a submission from; an empty list where all holds."""
    found = []
    if not _isolation():
        found.append("Submissions can use the network and see other processes here: unshare (util-linux) did not work.")
    if not _landlock():
        found.append("Submissions can read and write what you can here: this system has no Landlock (Linux 5.13).")
    return found


def _user():
    """Return the user id that submissions of this process run under, or 0 where they run as the grader's own."""
    return _own_user() if _isolation() else 0


def _own_user():
    """Return the id of a user that nobody else is, or 0 where this process may not become another."""
    return FIRST_USER + os.getpid() % 4000 if hasattr(os, "geteuid") and os.geteuid() == 0 else 0


@cache
def _isolation():
    """Return the command that puts another one into namespaces of its own; an empty list where that cannot be done."""
    command = [*ALONE, "--user", "--map-current-user"]
    if user := _own_user():
        caps = READER if _landlock() else ""
        command = [*ALONE, "setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--no-new-privs"]
        command += [f"--{kind}-caps=-all{caps and ',' + caps}" for kind in ("inh", "ambient")]
        command += [f"--bounding-set=-all{caps and ',' + caps}"]
    try:
        tried = subprocess.run([*command, sys.executable, "-c", ""], capture_output=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return command if tried.returncode == 0 else []


@cache
def _landlock():
    if sys.platform != "linux":
        return False
    probe = "import ctypes; assert ctypes.CDLL(None).syscall(444, None, 0, 1) > 0"
    return subprocess.run([sys.executable, "-c", probe], capture_output=True, check=False).returncode == 0


def _readable():
    """Return the folders that a submission may read: Python, its packages, this package, the system's libraries."""
    ours = [sys.prefix, sys.base_prefix, str(Path(pruning_lab.__file__).parent)]
    return [*ours, "/usr", "/lib", "/lib64", "/bin", "/etc", "/proc", "/sys", "/dev"]
