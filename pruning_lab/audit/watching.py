"""One run, watched: which layer runs when, on what shapes, and for how long."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd
from torch.nn.utils.parametrize import is_parametrized
from torch.utils._pytree import tree_leaves

from pruning_lab.channels.run import arguments
from pruning_lab.measure import one_thread

from .budget import Budget, waiting_for
from .findings import Finding
from .untouched import first_line


class Seen(NamedTuple):
    """What the first call of a module was given and returned, as shapes; None where that was no tensor."""

    given: tuple[int, ...] | None
    returned: tuple[int, ...] | None


class Watch:
    """The seconds of each module without those of the modules inside it, so that all of them add up to the whole.

    Attributes:
        seconds: {module: its own seconds}, of the last run.
        calls: {module: how often it ran}, of the last run.
        seen: {module: the shapes of its first call}.
        inside: the modules that are running, outermost first; after an error, where it happened.
    """

    def __init__(self, device: torch.device) -> None:
        self.wait: Callable[[], None] = waiting_for(device)
        self.seconds, self.calls = defaultdict[str, float](float), defaultdict[str, int](int)
        self.seen: dict[str, Seen] = {}
        self.inside: list[str] = []
        self._given: list[tuple[int, ...] | None] = []
        self._last = 0.0

    def begin(self) -> None:
        """Forget the last run."""
        self.seconds.clear()
        self.calls.clear()
        self.inside, self._given = [], []

    def _enter(self, name, args, kwargs):
        self._credit()
        self.inside.append(name)
        self._given.append(_first_shape((args, kwargs)))

    def _leave(self, name, output):
        self._credit()
        self.inside.pop()
        self.calls[name] += 1
        given = self._given.pop()
        if name not in self.seen:
            self.seen[name] = Seen(given, _first_shape(output))

    def _credit(self):
        """Give the time since the last event to the module that was running."""
        self.wait()
        now = time.perf_counter()
        if self.inside:
            self.seconds[self.inside[-1]] += now - self._last
        self._last = now

    @property
    def given_last(self) -> tuple[int, ...] | None:
        """The shape that the innermost running module was given."""
        return self._given[-1] if self._given else None


def _first_shape(value: Any) -> tuple[int, ...] | None:
    value = dict(value) if hasattr(value, "keys") else value
    return next((tuple(leaf.shape) for leaf in tree_leaves(value) if isinstance(leaf, Tensor)), None)


@contextmanager
def watched(model: nn.Module, device: torch.device) -> Iterator[Watch]:
    """Watch the runs of a model within the block.

    >>> with watched(nn.Sequential(nn.Linear(3, 2)), torch.device("cpu")) as watch:
    ...     run(nn.Sequential(nn.Linear(3, 2)), torch.ones(1, 3))  # another one: nothing is seen
    >>> dict(watch.calls)
    {}
    """
    watch = Watch(device)
    handles = []
    for name, module in model.named_modules():
        if not isinstance(module, torch.jit.ScriptModule):
            enter = lambda _, args, kwargs, name=name: watch._enter(name, args, kwargs)  # noqa: E731
            leave = lambda _, args, output, name=name: watch._leave(name, output)  # noqa: E731
            handles.append(module.register_forward_pre_hook(enter, prepend=True, with_kwargs=True))
            handles.append(module.register_forward_hook(leave))
    try:
        yield watch
    finally:
        for handle in handles:
            handle.remove()


def run(model: nn.Module, example_inputs: Any) -> None:
    """Run once, without gradients."""
    args, kwargs = arguments(example_inputs)
    with torch.no_grad():
        model(*args, **kwargs)


def first_run(model: nn.Module, example_inputs: Any, device: torch.device) -> Watch:
    """Run once and return what was seen; the error of a run that fails says which layer expected what.

    >>> first_run(nn.Sequential(nn.Linear(3, 2)), torch.ones(5, 4), torch.device("cpu"))
    Traceback (most recent call last):
    ValueError: example_inputs must be what the model takes: '0', a Linear, expects (..., 3); got (5, 4)
    """
    with watched(model, device) as watch:
        try:
            with one_thread():
                run(model, example_inputs)
        except Exception as error:
            raise ValueError(f"example_inputs must be what the model takes{_mistake(model, watch, error)}") from error
    return watch


def _mistake(model, watch, error):
    """Return where a run failed: the layer, what it expects, what it was given; or the words of the error."""
    name = watch.inside[-1] if watch.inside else ""
    module = model.get_submodule(name)
    where = f"{name!r}, a {type(module).__name__}," if name else f"{type(module).__name__}"
    if (given := watch.given_last) is not None and (expected := _expected(module, given)):
        return f": {where} expects {expected}; got {given}"
    advice = " (an audit runs without gradients)" if "require grad" in str(error) else ""
    return f"; got an error in {where.rstrip(',')}: {first_line(error)}{advice}"


def _expected(module, given):
    """Return the shape that a layer expects, where it was given another one; "" where that is not what is wrong."""
    if isinstance(module, _ConvNd):
        channels, axes = module.in_channels, len(module.kernel_size)
        fits = len(given) in (axes + 1, axes + 2) and given[-axes - 1] == channels
        return "" if fits else f"(batch, {channels}, {', '.join(['...'] * axes)})"
    if isinstance(module, nn.Linear) and given[-1:] != (module.in_features,):
        return f"(..., {module.in_features})"
    return ""


def shares(
    model: nn.Module, example_inputs: Any, labels: dict[str, str], budget: Budget, seconds: float, batch: int
) -> list[Finding]:
    """Return the share of the time that each layer with weights takes, and each kind of all others; the sum is 1.

    First comes how long the fastest run took. Layers are named; what holds no weights of its own to prune is added up
    by its class, in brackets. Watching costs some microseconds a module, which a very small network shows.

    Args:
        model: a copy, in evaluation mode.
        labels: {module: the name of its layer}, of modules with one weight to prune.
        budget, seconds: rounds are run until `seconds` are spent; at least 3, at most 30.
    """
    device = device_of(model)
    names = {name: labels.get(name) or _label(name, module) for name, module in model.named_modules()}
    runs: list[dict[str, float]] = []
    totals = []
    end = budget.left - seconds
    with watched(model, device) as watch, one_thread():
        _run_again(model, example_inputs)
        while len(runs) < 3 or (len(runs) < 30 and budget.left > end):
            watch.begin()
            run(model, example_inputs)
            total, sums = sum(watch.seconds.values()), defaultdict[str, float](float)
            totals.append(total)
            for name, own in watch.seconds.items():
                sums[names[name]] += own / total
            runs.append(sums)
    rows = {label: np.percentile([one.get(label, 0.0) for one in runs], [25, 50, 75]) for label in sums}
    whole = sum(median for _, median, _ in rows.values())  # medians of shares need not add up to 1 by themselves
    return [Finding("run", "", "fastest, watched", min(totals), "seconds", batch=batch)] + [
        Finding("share", label, f"{len(runs)} rounds", q2, "of the time", q1, q3, batch=batch)
        for label, (q1, q2, q3) in ((label, (row / whole).tolist()) for label, row in rows.items())
    ]


def _run_again(model, example_inputs):
    try:
        run(model, example_inputs)
    except Exception as error:
        raise ValueError(f"model must run more than once; got {type(error).__name__}: {first_line(error)}") from error


def _label(name, module):
    name, dot, _ = name.partition(".parametrizations.")  # what computes a weight takes time of the layer's
    if dot or is_parametrized(module):
        return name or "the model"
    holds = any(p.ndim >= 2 for p in module.parameters(recurse=False)) and not isinstance(module, nn.Embedding)
    return (name or "the model") if holds else f"({type(module).__name__})"


def device_of(model: nn.Module) -> torch.device:
    """Return the device of the first parameter."""
    return next((parameter.device for parameter in model.parameters()), torch.device("cpu"))


def where_it_fails(model: nn.Module, call: Callable[[], Any]) -> tuple[Any, str, Exception | None]:
    """Return what `call` returns; or where in the model, and with what error, it failed."""
    with watched(model, device_of(model)) as watch:
        try:
            return call(), "", None
        except Exception as error:
            name = watch.inside[-1] if watch.inside else ""
            return None, f"{name!r} ({type(model.get_submodule(name)).__name__})" if name else "the model", error
