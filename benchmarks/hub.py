"""What a lesson demands of a hub in memory, processor time and minutes: each lesson alone, and one many times at once.

`python -m benchmarks.hub` takes about twenty minutes on two quiet cores and writes hub.json, which the site prints. It
needs the test extra: pip install -c constraints.txt -e ".[test]".

    python -m benchmarks.hub [PART ...]     a lesson's number such as 06, explorers, at_once or grading_s; all if none

Each part is written as soon as it is measured, and what is not named stays as it was.
"""

import base64
import json
import os
import platform
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient

from pruning_lab.homework.frame import release
from pruning_lab.homework.frame.grading import grade
from pruning_lab.lesson.frame.lessons import lessons

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).with_name("hub.json")
EXPLORERS = ROOT / "notebooks" / "explorers.ipynb"
CLASS = 30  # copies of the first lesson at once, or as many as fit in memory


def measured(path: Path, every: float = 0.1) -> dict[str, float]:
    """Run a notebook as Run All does; return its processes' peak memory and processor time, and how long it ran.

    Sampling takes time as well, so it happens only once every `every` seconds.
    """
    client = NotebookClient(
        nbformat.read(path, as_version=4), timeout=1200, resources={"metadata": {"path": str(path.parent)}}
    )
    peak, done = 0, threading.Event()
    cpu: dict[int, float] = {}  # processor seconds by process id

    def watch(kernel):
        nonlocal peak
        while not done.wait(every):
            peak = max(peak, sum(_memory(process, cpu) for process in [kernel, *_children(kernel)]))

    with client.setup_kernel():
        watcher = threading.Thread(target=watch, args=(_kernel_of(client),))
        watcher.start()
        started = time.monotonic()
        for number, cell in enumerate(client.nb.cells):
            client.execute_cell(cell, number)
        seconds = time.monotonic() - started
        done.set()
        watcher.join()
    return {"peak_mb": round(peak / 1e6), "cpu_s": round(sum(cpu.values()), 1), "seconds": round(seconds, 1)}


def _kernel_of(client):
    return psutil.Process(client.km.provisioner.process.pid)


def _children(kernel):
    try:
        return kernel.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _memory(process, cpu):
    """Return the memory that a process shares with no other (on a hub, shared memory counts once); record its time."""
    try:
        times = process.cpu_times()
        cpu[process.pid] = times.user + times.system
        return process.memory_full_info().uss
    except psutil.Error:
        return 0


def grading(students: int = 10) -> float:
    """Return the seconds it takes to grade one correct submission of the first homework, on one worker."""
    with tempfile.TemporaryDirectory() as folder:
        assignment = release.make("hw1-masks", folder)
        content = base64.b64encode(release.solved(assignment).read_bytes()).decode()
        tests = release.tests_of(assignment)
        grade({"a.ipynb": content}, tests, instances=1)  # the first one also loads otter
        started = time.monotonic()
        for _ in range(students):
            grade({"a.ipynb": content}, tests, instances=1)
        return round((time.monotonic() - started) / students, 2)


def at_once(peak_mb: float) -> dict[str, float]:
    """Run the first lesson as many times at once as memory allows; return how many, how long, and their memory."""
    before, started = psutil.virtual_memory().available, time.monotonic()
    kernels = min(CLASS, int(before / 1e6 / peak_mb))
    lowest, done = before, threading.Event()

    def watch():
        nonlocal lowest
        while not done.wait(0.2):
            lowest = min(lowest, psutil.virtual_memory().available)

    watcher = threading.Thread(target=watch)
    watcher.start()
    with ThreadPoolExecutor(kernels) as pool:
        list(pool.map(partial(measured, every=5), [lessons()[0].notebook] * kernels))
    done.set()
    watcher.join()
    seconds, taken = time.monotonic() - started, before - lowest
    return {"kernels": kernels, "seconds": round(seconds, 1), "memory_mb": round(taken / 1e6)}


OTHERS = {
    "explorers": lambda results: measured(EXPLORERS),
    "at_once": lambda results: at_once(results["alone"][lessons()[0].stem]["peak_mb"]),
    "grading_s": lambda results: grading(),
}


def main(names: Sequence[str] = ()) -> None:
    """Measure the named parts, or every lesson alone, the first one many times at once, and grading; save each."""
    os.environ |= {"PRUNING_LAB_UNATTENDED": "1", "TQDM_DISABLE": "1"}
    found = {each.number: each for each in lessons()}
    if unknown := [name for name in names if name not in {*found, *OTHERS}]:
        sys.exit(f"There is no part {unknown[0]!r}; choose from {', '.join([*found, *OTHERS])}.")
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    results |= {"cores": os.cpu_count(), "system": platform.system()}
    for name in names or [*found, *OTHERS]:
        if name in found:
            alone = results["alone"] | {found[name].stem: measured(found[name].notebook)}
            results["alone"] = {each.stem: alone[each.stem] for each in found.values() if each.stem in alone}
        else:
            results[name] = OTHERS[name](results)
        print(name, results["alone"][found[name].stem] if name in found else results[name], flush=True)
        RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
