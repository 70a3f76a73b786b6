"""Time, memory and files of a process, looked at ten times a second; one that takes too much is stopped."""

import contextlib
import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

EVERY = 0.1  # seconds
MOST_FILES = 20_000
GRACE = 2  # seconds
SPARE = 1 / 16  # of this machine's memory; where less is left,
WHERE_FULL = 1 / 4  # of what a submission may take is too much; who takes less has not filled it
TOO_MUCH_MEMORY = "the notebook was stopped: its processes and files took more memory than a submission may use"
TOO_MANY_FILES = f"the notebook was stopped: it wrote more than {MOST_FILES:,} files"


class Watch:
    """Watches one process from its start to its end. Use it in a `with`, which leaves nothing running.

    Limits that the system keeps for each process do not add up: sixty-four of them, or files in memory, may take more
    than one could. So all of them are added up here.

    Args:
        process: a `subprocess.Popen`, the first of its session.
        end: a function that ends what killing the process leaves.
        watched: whether its files and processes can be seen from here.
        memory: bytes that all its processes and files may take.

    Attributes:
        reason: why it was stopped, for the student; None while it was not.
    """

    def __init__(self, process, end, watched, memory):
        self.process, self.end, self.watched, self.memory = process, end, watched, memory
        self.reason, self.ends, self.late, self.over = None, None, None, threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_error):
        self.over.set()
        self.kill()
        self.thread.join()

    @contextlib.contextmanager
    def until(self, ends, late):
        """Stop the process when `time.monotonic()` comes to `ends` within this block, for the reason `late`."""
        self.late, self.ends = late, ends
        try:
            yield
        finally:
            self.ends = None

    def kill(self):
        """Kill the process and all that it has begun; the first one inside takes all others in there along."""
        inside = inner(self.process.pid) if self.watched else None
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            if inside and self.process.poll() is None:
                os.kill(inside, signal.SIGKILL)
                self.process.wait(GRACE)  # the layers outside end by themselves, each seen off by the one around it
        with contextlib.suppress(OSError):
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)
        self.end()

    def _watch(self):
        while not self.over.wait(EVERY):
            ends = self.ends
            late = self.late if ends and time.monotonic() > ends else None
            self.reason = late or (self._too_much() if self.watched else None)
            if self.reason:
                self.kill()
                return

    def _too_much(self):
        with contextlib.suppress(OSError):  # not there yet, or not any more
            root = root_of(self.process.pid)
            if root is None:
                return None
            files = os.statvfs(root / "tmp")
            if files.f_files - files.f_ffree > MOST_FILES:
                return TOO_MANY_FILES
            kept = (files.f_blocks - files.f_bfree) * files.f_frsize
            processes = _processes(root)
            taken = kept + sum(map(_resident, processes))
            if taken > self.memory and kept + sum(map(_share, processes)) > self.memory:
                return TOO_MUCH_MEMORY
            if taken > self.memory * WHERE_FULL and _is_full():
                return TOO_MUCH_MEMORY
        return None


def inner(pid, layers=1):
    """Return the first process, from `pid` on downwards, so many layers of process ids further in; None without any."""
    deep = _depth("self") + layers
    with contextlib.suppress(OSError, IndexError):
        while _depth(pid) < deep:
            pid = int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
        return pid
    return None


def _depth(pid):
    """Return how many ids a process has: one in each layer that it is in."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(len(line.split()) for line in lines if line.startswith("NSpid:"))


def root_of(pid):
    """Return the root folder of a sandbox as it is seen from here; None while it is being made."""
    inside = inner(pid, layers=1 if os.geteuid() else 2)  # see `ways.bubblewrap`
    root = Path(f"/proc/{inside}/root")
    return (
        root
        if inside and (root / "proc" / "1").exists() and not (root / "oldroot").exists() and not _is_ours(root)
        else None
    )


def _is_ours(root):
    here, there = os.stat("/"), os.stat(root)
    return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)


def _processes(root):
    return [path for path in (root / "proc").iterdir() if path.name.isdigit()]


def _resident(process):
    """Return the bytes in memory of a process; what two of them share is in both. No file is kept there.

    Memory that no process shows, and no file with a name, is refused: see `syscalls`.
    """
    return sum(_bytes(process, "status", "RssAnon", "RssFile", "VmSwap", "VmPTE"))


def _share(process):
    """Return the bytes in memory of a process, of what several of them share its part; slower."""
    if shares := _bytes(process, "smaps_rollup", "Pss", "SwapPss", "Pss_Shmem"):
        return shares[0] + shares[1] - shares[2]
    return _resident(process)  # a process can keep its shares from being read


def _bytes(process, file, *names):
    """Return what stands behind each name, in bytes, as the first thread that still runs has it; nothing without one.

    A process chooses its own name, which stands in there, too: so a name counts at the start of a line alone. A kernel
    without swap has no line for it.
    """
    with contextlib.suppress(OSError):  # it has ended
        for thread in (process / "task").iterdir():
            with contextlib.suppress(OSError):
                content = (thread / file).read_bytes()
                found = [re.search(rb"^%s:\s+(\d+) kB$" % name.encode(), content, re.MULTILINE) for name in names]
                if any(found):
                    return [1024 * int(each[1]) if each else 0 for each in found]
    return []


def _is_full():
    """Whether this machine has hardly any memory left, whatever took it."""
    lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    return int(lines["MemAvailable"].split()[0]) < SPARE * int(lines["MemTotal"].split()[0])
