"""The process of one submission: runs its cells, then lends its functions to the grader, over two pipes.

It holds neither tests nor expected answers, so there is nothing in it to read, and no mark to write: all that leaves
it are values without code, which the grader compares. A submission may break everything here; then it gets no marks.
"""

import builtins
import contextlib
import ctypes
import os
import signal
import struct
import sys
import types

from IPython.core.inputtransformer2 import TransformerManager

from pruning_lab.homework.frame.answers import receive, send

OUTPUT_BYTES = 10_000_000  # printed, or written to one file
PROCESSES = 64  # threads of libraries count
CALL_SECONDS = 30  # one cell, or one call of a function

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # Linux system calls of Landlock, the same on all processors
READ, ALL_ACCESS = 0b1101, 0b1111111111111  # of its first version: execute, read file, read folder; everything
NO_NEW_PRIVILEGES = 38


class TooSlow(BaseException):
    """Not an Exception, so that `except Exception` in a submission's endless loop does not swallow it."""


def main(requests, replies, readable, memory, seconds):
    """Read the cells, run them, report; then answer calls until the grader closes its end."""
    _fence(readable)
    _limit(memory, seconds)
    signal.signal(signal.SIGALRM, _too_slow)
    os.register_at_fork(after_in_child=lambda: os._exit(1))  # a copy of this process would answer in its place
    cells, closed = receive(requests)
    for name in [name for name in sys.modules if name.partition(".")[0] in closed]:
        sys.modules[name] = None  # an import of it fails
    names = {"__name__": "__main__", "get_ipython": _NoShell}
    sys.modules["otter"] = types.SimpleNamespace(Notebook=_NoShell, __spec__=None)
    send(replies, _run(cells, names))
    while True:
        try:
            asked = receive(requests)
        except (EOFError, struct.error):
            return
        try:
            send(replies, _answer(names, *asked))
        except TypeError as error:  # what is no plain value stops before anything is written
            send(replies, ["error", _said(error), []])


def _limit(memory, seconds):
    import resource  # Unix has it; elsewhere nothing is graded, and this module must still be importable

    limits = {"AS": memory, "NPROC": PROCESSES, "FSIZE": OUTPUT_BYTES, "CORE": 0}
    limits["CPU"] = seconds  # should the grader be gone before it stops this
    for name, limit in limits.items():
        with contextlib.suppress(ValueError):  # macOS refuses some: `sandbox.weaknesses` says that less holds there
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (limit, limit))


class _NoShell:
    """Stands for the notebook's shell and for otter's checks, which have nothing to do here: any call does nothing."""

    def __init__(self, *_arguments, **_options):
        pass

    def __getattr__(self, _name):
        return _NoShell


def _run(cells, names):
    """Run all cells in order, whatever happens to some; return [cell number, error] of those that failed."""
    failed, transform = [], TransformerManager().transform_cell
    for number, source in enumerate(cells, start=1):
        _forget_output()
        try:
            with _deadline():
                exec(compile(transform(source), f"<cell {number}>", "exec"), names)
        except BaseException as error:
            failed.append([number, _said(error)])
    return failed


def _forget_output():
    """Begin each cell with room to print: one that printed without end must not silence the next."""
    sys.stdout = os.fdopen(1, "w", closefd=False)
    os.ftruncate(1, 0)
    os.lseek(1, 0, os.SEEK_SET)


def _answer(names, kind, name, arguments):
    if name not in names:
        return ["missing", None, arguments]
    if kind == "get":
        found = names[name]
        return ["function", None, arguments] if callable(found) else ["value", found, arguments]
    try:
        with _deadline():
            value = names[name](*arguments)
    except BaseException as error:
        return ["error", _said(error), arguments]
    return ["value", value, arguments]


def _said(error):
    """Return an error as one line; `str` of an error of the submission's own may do anything."""
    with contextlib.suppress(BaseException):
        if isinstance(error, TooSlow):
            return f"took longer than {CALL_SECONDS} s: is there a loop that never ends?"
        if isinstance(error, MemoryError) or "can't allocate memory" in str(error):
            return "asked for more memory than a submission may use"
        if isinstance(error, OSError) and error.errno == 27:
            return f"printed or wrote more than {OUTPUT_BYTES // 1_000_000} MB"
        if isinstance(error, ImportError) and "None in sys.modules" in str(error):
            return f"{error.name} is closed in this homework: write the answer out"
        return f"{type(error).__name__}: {error}"[:500]
    return "an error that cannot be printed"


@contextlib.contextmanager
def _deadline():
    signal.setitimer(signal.ITIMER_REAL, CALL_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _too_slow(_signal, _frame):
    raise TooSlow


def _fence(readable):
    """Let this process read only the folders in `readable` and write only where it stands (Landlock, Linux 5.13 on)."""
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    rules = ctypes.c_uint64(ALL_ACCESS)
    ruleset = libc.syscall(CREATE_RULESET, ctypes.byref(rules), 8, 0)
    if ruleset < 0:
        return  # an older system: the grader has said so
    for folder, access in [*((folder, READ) for folder in readable), (".", ALL_ACCESS), ("/dev/null", 0b110)]:
        if os.path.exists(folder):
            handle = os.open(folder, os.O_PATH)
            access &= ALL_ACCESS if os.path.isdir(folder) else 0b111
            rule = struct.pack("=Qi", access, handle)
            libc.syscall(ADD_RULE, ruleset, 1, rule, 0)
            os.close(handle)
    libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    if libc.syscall(RESTRICT_SELF, ruleset, 0):
        raise OSError(ctypes.get_errno(), "the submission could not be fenced in")


if __name__ == "__main__":
    given, answered, memory, seconds, *readable = sys.argv[1:]
    with os.fdopen(int(given), "rb") as requests, os.fdopen(int(answered), "wb") as replies:
        builtins.input = lambda *_: (_ for _ in ()).throw(EOFError("nobody is there to type an answer"))
        main(requests, replies, readable, int(memory), int(seconds))
