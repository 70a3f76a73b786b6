"""Time, measured so that it can be believed: interleaved, one thread, warm or cold, with the limit that memory sets."""

import copy
import math
import platform
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from inspect import iscoroutinefunction, isgeneratorfunction

import numba
import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import Tensor, nn

from pruning_lab.checks import check_integer

SHORTEST_MEASUREMENT = 200e-6  # seconds; below this the clock and the loop around the call begin to show
STREAM_BYTES = 160_000_000  # more than the last cache of an ordinary computer holds


@dataclass(frozen=True)
class Row:
    """One candidate's time: seconds per call, and how many times as fast as the first candidate it is."""

    name: str
    median: float
    q1: float
    q3: float
    ratio: float
    ratio_q1: float
    ratio_q3: float

    @property
    def ratio_text(self) -> str:
        """The ratio with its quartiles, as tables and sentences give it.

        >>> Row("csr", 2e-6, 1e-6, 3e-6, ratio=1.312, ratio_q1=1.28, ratio_q3=1.3456).ratio_text
        '1.31 (1.28 to 1.35)'
        """
        return f"{self.ratio:.2f} ({self.ratio_q1:.2f} to {self.ratio_q3:.2f})"


@dataclass(frozen=True)
class Comparison:
    """The rows of one `compare`, in the order given: `print(it)`, `it["csr"].ratio`, `plots.latency_bars(it.rows)`.

    A `ratio` is the first candidate's median over this one's: above 1 is faster than the first. Its quartiles are those
    of the ratios within single rounds.
    """

    rows: tuple[Row, ...]
    conditions: str

    def __getitem__(self, name: str) -> Row:
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(f"name must be one of {[row.name for row in self.rows]}; got {name!r}")

    def __str__(self) -> str:
        widths = [max(map(len, column)) for column in zip(*self._table(), strict=True)]
        lines = ["  ".join(map(str.rjust, cells, widths)) for cells in self._table()]
        return "\n".join([*lines, self.conditions])

    def _repr_html_(self) -> str:
        head, *body = ("</td><td>".join(map(escape, cells)) for cells in self._table())
        rows = "".join(f"<tr><td>{cells}</td></tr>" for cells in body)
        head = head.replace("td>", "th>")
        return f"<table><caption>{self.conditions}</caption><tr><th>{head}</th></tr>{rows}</table>"

    def _table(self):
        """The heading and the rows as strings, in one unit, so that numbers can be compared by eye."""
        unit, scale = self._unit()
        heading = ["candidate", f"median [{unit}]", f"quartiles [{unit}]", f"{self.rows[0].name} / this", "quartiles"]
        return [heading] + [
            [
                row.name,
                f"{row.median * scale:.2f}",
                f"{row.q1 * scale:.2f} to {row.q3 * scale:.2f}",
                f"{row.ratio:.2f}",
                f"{row.ratio_q1:.2f} to {row.ratio_q3:.2f}",
            ]
            for row in self.rows
        ]

    def _unit(self):
        return ("µs", 1e6) if min(row.median for row in self.rows) < 1e-3 else ("ms", 1e3)


def compare(candidates: Mapping[str, Callable[[], object]], repeats: int = 30, cold: bool = False) -> Comparison:
    """Time callables against each other, one thread each, interleaved in a fresh random order every round.

    One pair of timings can be wrong by a factor: background work hits whichever candidate happens to run. Interleaved,
    it hits all alike, and the ratio holds where single times wander. A call must finish its own work (and wait for a
    GPU inside), and one that allocates its output is timed with the allocation.

    Args:
        candidates: dict of name -> callable without arguments. The first is what the others are compared with.
        repeats: rounds, at least 1; below 30 the quartiles say little.
        cold: read over 128 MB before every call, so that nothing is left in the caches. Otherwise the calls are warm,
            and short ones are repeated until a measurement lasts 200 µs.

    Returns:
        Comparison, with one row per candidate in the order given.

    Raises:
        TypeError, ValueError: no candidates, or one that cannot be called. What a candidate itself raises comes through
            with the candidate's name as a note.

    >>> x = np.ones(1000)
    >>> comparison = compare({"loop": lambda: sum(x), "vectorised": lambda: x.sum()})
    >>> [row.name for row in comparison.rows], comparison.conditions
    (['loop', 'vectorised'], 'one thread, warm, 30 interleaved rounds')
    """
    _check_candidates(candidates)
    check_integer(repeats, "repeats", minimum=1)
    with one_thread():
        calls = {name: _warm_up(name, function, cold) for name, function in candidates.items()}
        evict = _stream().sum if cold else lambda: None
        seconds: dict[str, list[float]] = {name: [] for name in candidates}
        order = random.Random(0)  # its own generator: a measurement leaves the caller's random numbers alone
        for _ in range(repeats):
            for name in order.sample(list(candidates), len(candidates)):
                evict()
                seconds[name].append(_seconds_per_call(name, candidates[name], calls[name]))
    warmth = "cold caches" if cold else "warm"
    return Comparison(_rows(seconds), f"one thread, {warmth}, {repeats} interleaved rounds")


def speed(candidates: Mapping[str, nn.Module], images: Tensor, cold: bool = False, repeats: int = 30) -> Comparison:
    """Time networks on a batch, without gradients; the first is run again as a control.

    Args:
        candidates: {name: network}; the first is the dense one. They are put into evaluation mode.
        images: (batch, channels, height, width), or what else the networks take.
        cold, repeats: as for `compare`.

    Returns:
        Comparison with a row "<first> again" at the end.

    >>> comparison = speed({"dense": nn.Linear(4, 4), "small": nn.Linear(4, 2)}, torch.ones(3, 4), repeats=1)
    >>> [row.name for row in comparison.rows]
    ['dense', 'small', 'dense again']
    """

    def call(model):
        model.eval()

        def run():
            with torch.no_grad():
                return model(images)

        return run

    first = next(iter(candidates))
    again = {f"{first} again": copy.deepcopy(candidates[first])}
    return compare({name: call(model) for name, model in {**candidates, **again}.items()}, repeats, cold)


def _check_candidates(candidates):
    if not isinstance(candidates, Mapping):
        raise TypeError(f"candidates must be a dict of name -> callable; got {type(candidates).__name__}")
    if not candidates:
        raise ValueError("candidates must name at least one callable; got an empty dict")
    for name, function in candidates.items():
        if not isinstance(name, str):
            raise TypeError(f"candidates must have names that are text; got {name!r}")
        if not callable(function):
            raise TypeError(
                f"candidates must be callable without arguments; got {type(function).__name__} for {name!r}"
            )
        if iscoroutinefunction(function) or isgeneratorfunction(function):  # the call only prepares it
            raise TypeError(f"candidates must do their work when called; got a coroutine or generator for {name!r}")


@contextmanager
def one_thread() -> Iterator[None]:
    """Inside the `with`: torch, BLAS and Numba use one thread. Afterwards each has as many as before."""
    torch_threads, numba_threads = torch.get_num_threads(), numba.get_num_threads()
    try:
        with threadpool_limits(limits=1):
            torch.set_num_threads(1)
            numba.set_num_threads(1)
            yield
    finally:  # after threadpoolctl, which may set the same OpenMP threads back to something else
        torch.set_num_threads(torch_threads)
        numba.set_num_threads(numba_threads)


def _warm_up(name, function, cold):
    """Call once, which compiles and allocates; return how many calls make one measurement."""
    _seconds_per_call(name, function, calls := 1)
    while not cold and (took := _seconds_per_call(name, function, calls)) * calls < SHORTEST_MEASUREMENT:
        calls = max(2 * calls, math.ceil(SHORTEST_MEASUREMENT / max(took, 1e-9)))
    return calls


def _seconds_per_call(name, function, calls):
    rounds = range(calls)
    start = time.perf_counter_ns()
    try:
        for _ in rounds:
            function()
    except Exception as error:
        error.add_note(f"raised by the candidate {name!r}")
        raise
    return (time.perf_counter_ns() - start) * 1e-9 / calls


def _rows(seconds):
    first = np.array(next(iter(seconds.values())))
    rows = []
    for name, times in seconds.items():
        q1, median, q3 = np.percentile(times, [25, 50, 75])
        ratio_q1, ratio_q3 = np.percentile(first / times, [25, 75])
        numbers = (median, q1, q3, np.median(first) / median, ratio_q1, ratio_q3)
        rows.append(Row(name, *(float(number) for number in numbers)))
    return tuple(rows)


def stream_bandwidth() -> float:
    """Return how fast one thread reads memory, in bytes per second: the limit of what reads its weights once.

    The best of ten passes over 160 MB of float32.

    >>> stream_bandwidth() > 0
    True
    """
    stream = _stream()
    with one_thread():
        return stream.nbytes / min(_seconds_per_call("stream", stream.sum, calls=1) for _ in range(10))


def _stream():
    # Ones, not zeros: zeros that were never written may all be one page of memory, which stays in the cache.
    return torch.ones(STREAM_BYTES // 4, dtype=torch.float32, device="cpu")


def processor_name() -> str:
    """Return the processor's name as the system gives it.

    >>> len(processor_name()) > 0
    True
    """
    if platform.system() == "Linux":
        with open("/proc/cpuinfo", encoding="utf-8") as cpuinfo:
            names = [line.split(":", 1)[1].strip() for line in cpuinfo if line.startswith("model name")]
        if names:
            return names[0]
    return platform.processor() or platform.machine()
