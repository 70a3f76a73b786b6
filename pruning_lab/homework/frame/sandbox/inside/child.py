"""The process of one submission: runs its cells, then lends its functions to the grader, over two pipes.

It holds neither tests nor expected answers, so there is nothing in it to read, and no mark to write: all that leaves
it are values without code, which the grader compares. A submission may break everything here; then it gets no marks.
"""

import contextlib
import errno
import os
import signal
import sys
import types

from .cells import open_shell, run_all  # relative: in a sandbox the packages above are not there
from .wire import message, pipes, receive, send, whole_text

FOLDER = "files"  # where a submission stands, with what was handed in beside the notebook
OUTPUT = "output"  # what it prints
OUTPUT_BYTES = 10_000_000  # printed, or written to one file
PROCESSES = 64  # threads of libraries count
HANDLES = 128  # files and sockets open at once
CELL_SECONDS = 30
MOST_FAILED = 20  # cells of which a student reads why they stopped
CLOSED_SAID = "is closed in this homework"  # of a module; the grader knows it by that


class TooSlow(BaseException):
    """Not an Exception, so that `except Exception` in a submission's endless loop does not swallow it."""


def main():
    """Run the cells that the grader sends, report; then answer its questions until it closes its end."""
    requests, replies = pipes()
    cells, files, closed, memory, seconds = receive(requests)
    _settle(files)
    limit(memory, seconds)
    os.register_at_fork(after_in_child=lambda: os._exit(1))  # a copy of this process would answer in its place
    shell = _shell(closed)
    failed = run_all(shell, [cell.tobytes().decode() for cell in cells], _one_cell)
    send(replies, [[number, _said(error)] for number, error in failed[:MOST_FAILED]])
    with contextlib.suppress(EOFError):
        while True:
            replies.write(_reply(shell.user_ns, *receive(requests)))
            replies.flush()


def _settle(files):
    """Put the files where the notebook will look for them; let what it prints go to a file, and its input be empty."""
    os.mkdir(FOLDER)
    for name, content in files.items():
        with contextlib.suppress(OSError, ValueError):  # a name that this system does not take
            path = os.path.join(FOLDER, *(part for part in name.split("/") if part not in ("", ".", "..")))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "xb") as file:
                file.write(content.tobytes())
    nothing, output = os.open(os.devnull, os.O_RDONLY), os.open(OUTPUT, os.O_RDWR | os.O_CREAT, 0o600)
    for handle, place in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(handle, place)
    os.chdir(FOLDER)
    sys.path.insert(0, os.getcwd())  # a module of the student's own, as in Jupyter


def limit(memory, seconds):
    """Limit this process and all that it begins: bytes of memory, seconds of a processor, and the rest as above."""
    import resource  # Unix has it; elsewhere nothing is graded, and this module must still be importable

    limits = {"AS": memory, "NPROC": PROCESSES, "FSIZE": OUTPUT_BYTES, "NOFILE": HANDLES, "CORE": 0, "MSGQUEUE": 0}
    limits["CPU"] = seconds  # should the grader be gone before it stops this
    for name, limit in limits.items():
        with contextlib.suppress(ValueError, AttributeError):  # macOS lacks some, and refuses others
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (limit, limit))


def _shell(closed):
    """Return what runs the cells; the notebook's names are looked up in `__main__`, as in Jupyter."""
    sys.modules.update(dict.fromkeys(closed))  # an import says so at once; in a sandbox there is nothing to find
    for absent in ("otter", "google.colab"):
        sys.modules[absent] = _stand_in(absent)
    sys.modules["__main__"] = types.ModuleType("__main__")
    return open_shell(sys.modules["__main__"])


def _stand_in(name):
    """Return a module that has any name, for otter's checks and Colab's drive, which have nothing to do here."""
    module = types.ModuleType(name)
    module.__getattr__ = lambda asked: (
        _NoShell() if not asked.startswith("__") else object.__getattribute__(module, asked)
    )
    return module


class _NoShell:
    """Stands for whatever is asked of such a module: any call does nothing."""

    def __init__(self, *_arguments, **_options):
        pass

    def __call__(self, *_arguments, **_options):
        return _NoShell()

    def __getattr__(self, _name):
        return _NoShell


@contextlib.contextmanager
def _one_cell():
    _forget_output()
    with _deadline(CELL_SECONDS):
        yield


def _forget_output():
    """Begin each cell with room to print: one that printed without end must not silence the next."""
    sys.stdout = os.fdopen(1, "w", closefd=False, errors="replace")
    os.ftruncate(1, 0)
    os.lseek(1, 0, os.SEEK_SET)


def _reply(names, kind, name, arguments, seconds):
    """Return the message that answers a question; what is no plain value is an error, and the next one can be asked."""
    try:
        with _deadline(seconds):
            return message(_answer(names, kind, name, arguments))
    except BaseException as error:
        return message(["error", _said(error), []])


def _answer(names, kind, name, arguments):
    if name not in names:
        return ["missing", None, []]
    if kind == "get":
        found = names[name]
        return ["function", None, []] if callable(found) else ["value", found, []]
    return ["value", names[name](*arguments), arguments]


def _said(error):
    """Return an error as one line; `str` of an error of the submission's own may do anything."""
    with contextlib.suppress(BaseException):
        if isinstance(error, TooSlow):
            return f"took longer than {error.args[0]:g} s: is there a loop that never ends?"
        if isinstance(error, MemoryError) or "can't allocate memory" in str(error):
            return "asked for more memory than a submission may use"
        if isinstance(error, OSError) and error.errno in (errno.EFBIG, errno.ENOSPC):
            return f"printed or wrote more than {OUTPUT_BYTES // 1_000_000} MB"
        if isinstance(error, ImportError) and "None in sys.modules" in str(error):
            return f"{error.name} {CLOSED_SAID}: write the answer out"
        return whole_text(f"{type(error).__name__}: {error}"[:500])
    return "an error that cannot be printed"


@contextlib.contextmanager
def _deadline(seconds):
    def too_slow(_signal, _frame):
        raise TooSlow(seconds)

    signal.signal(signal.SIGALRM, too_slow)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
