"""The seconds that an audit may take, and how they are shared out: fewer rounds where they are short."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import torch

from pruning_lab.measure import Comparison, compare, one_thread

LEAST, MOST = 3, 30  # rounds: below three there is no spread, above thirty it does not change
WARMING = 3  # calls of each candidate before the rounds: one here, two in `compare`
SHORTEST = 400e-6  # seconds that a candidate takes in a round at least: short calls are repeated


class Budget:
    """A clock. `left` says how many seconds are left, `spent` what each part took."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.spent = seconds, dict[str, float]()
        self.start()

    def start(self) -> None:
        """Begin to count."""
        self.began = time.perf_counter()

    @property
    def left(self) -> float:
        """Seconds that are left; below 0 when they are overdrawn."""
        return self.seconds - (time.perf_counter() - self.began)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Note how long the block takes under `name`."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.spent[name] = self.spent.get(name, 0.0) + time.perf_counter() - began


def timed(candidates: Mapping[str, Callable[[], object]], seconds: float) -> Comparison | None:
    """Compare in as many rounds as fit into `seconds`, at most 30; return None where not even three do.

    >>> timed({"sum": lambda: sum(range(1000))}, seconds=1).conditions
    'one thread, warm, 30 interleaved rounds'
    >>> timed({"nap": lambda: time.sleep(0.02)}, seconds=0.01) is None
    True
    """
    began, one_round = time.perf_counter(), 0.0
    with one_thread():
        for function in candidates.values():
            one_round += max(seconds_of(function), SHORTEST)
            if one_round * (WARMING - 1 + LEAST) > seconds:
                return None
    rounds = int((seconds - (time.perf_counter() - began)) / one_round) - (WARMING - 1)
    return compare(candidates, min(rounds, MOST)) if rounds >= LEAST else None


def seconds_of(function: Callable[[], object]) -> float:
    """Return how long one call takes."""
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def waiting_for(device: torch.device) -> Callable[[], None]:
    """Return what waits until a device has done its work: a GPU works on while Python goes on."""
    return torch.cuda.synchronize if device.type == "cuda" else lambda: None
