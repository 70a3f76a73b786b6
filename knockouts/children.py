"""Jobs in forked processes, some at once, each with a limit of time.

A forked process has all that this one has imported, at no cost, and what it spoils is its own.
"""

import gc
import math
import multiprocessing
import os
import resource
import signal
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from multiprocessing.connection import wait
from typing import Any, NamedTuple

from tqdm import tqdm


class Job(NamedTuple):
    """`work()` returns what a pipe can carry; its process is killed after `limit` seconds, or after `cpu` of work."""

    key: Any
    work: Callable[[], Any]
    limit: float
    cpu: float = math.inf


class Failed(NamedTuple):
    """What comes back in place of an answer: the process was killed when time was over (`hung`), or it died."""

    why: str
    hung: bool


class Broken(NamedTuple):
    """What a process sends whose job raised an error: that is a fault of the job, not what it found."""

    why: str


def at_once(jobs: Iterable[Job], workers: int, quiet: bool = True) -> Iterator[tuple[Any, Any]]:
    """Yield (key, answer) as jobs end, `workers` of them at a time; for one that gives no answer a `Failed`.

    quiet: what they print is thrown away. A job that raises ends all, with a RuntimeError that has its traceback.

    >>> sorted(at_once([Job(n, lambda n=n: n * n, 10) for n in (2, 3)], workers=2))
    [(2, 4), (3, 9)]
    """
    gc.freeze()  # else a collection in a forked process copies all that it shares with this one
    jobs, running = iter(jobs), {}
    try:
        while True:
            while len(running) < workers and (job := next(jobs, None)):
                running |= dict([_started(job, quiet)])
            if not running:
                return
            next_end = min(end for _, _, end in running.values())
            for pipe in wait(running, max(0, next_end - time.monotonic())):
                job, process, _ = running.pop(pipe)
                yield job.key, _answer(pipe, process)
            for pipe, (job, process, end) in list(running.items()):
                if time.monotonic() >= end:
                    del running[pipe]
                    _kill(process)
                    yield job.key, Failed(f"no end within {job.limit:g} s", hung=True)
    finally:
        gc.unfreeze()
        for _, process, _ in running.values():
            _kill(process)


def _started(job, quiet):
    receives, sends = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_run, args=(job, quiet, sends))
    process.start()
    sends.close()
    return receives, (job, process, time.monotonic() + job.limit)


def _run(job, quiet, pipe):
    os.setsid()  # so that what it starts ends with it
    seconds = math.ceil(min(job.limit, job.cpu)) + 5
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))  # should nobody be left to kill it
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2) if quiet else ():
        os.dup2(nowhere, stream)
    try:
        pipe.send(job.work())
    except BaseException:
        pipe.send(Broken(traceback.format_exc()))
    pipe.close()
    os._exit(0)  # nothing of the parent's is tidied up twice


def _answer(pipe, process):
    try:
        answer = pipe.recv()
    except EOFError:
        answer = Failed("the process died", hung=False)
    _kill(process)
    if isinstance(answer, Broken):
        raise RuntimeError(answer.why)
    return answer


def _kill(process):
    for sent in (signal.SIGTERM, signal.SIGKILL):  # the first lets it end what it has started in turn
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sent)
        process.join(1)


def progress(total: int, desc: str, unit: str) -> tqdm:
    """Return a progress bar, also where notebooks and tests are told to show none."""
    return tqdm(total=total, desc=desc, unit=unit, disable=False, leave=False)
