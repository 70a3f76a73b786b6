"""The forward of a module in a smaller model: its own code, with sizes, constants and averages put right on the way.

It runs with the numbers it was written for. Each size is scaled, each constant cut on its way into PyTorch. An average
over fewer channels is multiplied on its way out, as if zeros stood for those that went. Which call is which: its place
in the code tells.
"""

import math
import sys
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache, partial
from itertools import islice
from types import CodeType, FrameType
from typing import Any

import torch
import torch.utils.checkpoint
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_flatten, tree_unflatten

from .sizes import Labelled, Place, relabelled

Change = Fraction | Tensor | float  # a factor for a number; of a tensor's axis which entries stay; the share that stays
AVERAGE: Place = (-1, "average")  # the place of no argument: here stands the share of an average's entries that stays
MODULE_FILE = nn.Module.__call__.__code__.co_filename
ELSEWHERE = {torch.autograd.function.__file__, torch.utils.checkpoint.__file__}


def site_of() -> tuple[tuple, Any]:
    """Return where in its module's forward the running code stands, and the `Resized` around it, if any."""
    chain: list[tuple] = []
    for frame in _frames(sys._getframe(2)):
        if frame.f_code is Resized.run.__code__:
            return tuple(chain), frame.f_locals["self"]
        if frame.f_code.co_name != "__torch_function__":
            chain.append((frame.f_code.co_name, *_place(frame.f_code, frame.f_lasti)))
    return tuple(chain), None


def _frames(frame: FrameType | None) -> Iterator[FrameType]:
    """Go from a frame outwards, to the end of its module's forward."""
    while frame is not None and frame.f_code.co_filename != MODULE_FILE:
        yield frame
        frame = frame.f_back


@lru_cache(maxsize=4096)
def _place(code: CodeType, instruction: int) -> tuple:
    """Return where in the source an instruction stands, from its function's first line on.

    The number of the instruction will not do: once code is warm, Python stops at another one within the same call.
    """
    line, last, *columns = next(islice(code.co_positions(), instruction // 2, None))
    return (line or 0) - code.co_firstlineno, (last or 0) - code.co_firstlineno, *columns


def has_other_gradients() -> bool:
    """Return whether what runs is run again, or has a gradient of its own: both happen when no forward is around."""
    return any(frame.f_code.co_filename in ELSEWHERE for frame in _frames(sys._getframe(2)))


def flatten(args: tuple, kwargs: dict) -> tuple[list, Any]:
    """Return arguments in one list, and what puts them together again. An ellipsis, a None, a slice is one entry."""
    return tree_flatten((args, kwargs))


def number_at(leaves: list, place: Place) -> Any:
    """Return the number at a place; None where there is none."""
    value = leaves[place[0]]
    value = getattr(value, place[1], None) if isinstance(place[1], str) and place[1] else value
    return value if isinstance(value, int) else None


def called_with(func: Any, args: tuple, kwargs: dict, changes: dict[Place, Change]) -> Any:
    """Return what a call gives with its arguments changed; an average is one over as many entries as before.

    >>> called_with(torch.mean, (torch.tensor([6.0]),), {}, {AVERAGE: 0.5})
    tensor(3.)
    """
    args, kwargs = changed(args, kwargs, changes) if changes else (args, kwargs)
    share = changes.get(AVERAGE)
    if not isinstance(share, float):
        return func(*args, **kwargs)
    if not share:  # an average of nothing is NaN, that of zeros is zero
        return func(*args, **kwargs).nan_to_num(0)
    return _rms_norm(share, *args, **kwargs) if func.__name__ == "rms_norm" else func(*args, **kwargs) * share


def _rms_norm(share, input, normalized_shape, weight=None, eps=None):
    """The root of a mean over `share` of the entries: in place of the mean, what comes out and epsilon are scaled."""
    if eps is None:  # short floats are squared and averaged as float32, and take its epsilon
        eps = torch.finfo(input.dtype if input.dtype == torch.float64 else torch.float32).eps
    shape = input.shape[-len(normalized_shape) :]  # a norm without a weight does not know its new size
    return nn.functional.rms_norm(input, shape, weight, eps / share) / math.sqrt(share)


def changed(args: tuple, kwargs: dict, changes: dict[Place, Change]) -> tuple[tuple, dict]:
    """Return the arguments with some numbers multiplied, and some constants cut."""
    leaves, spec = flatten(args, kwargs)
    for (j, part), change in changes.items():
        if (j, part) == AVERAGE:
            continue
        if isinstance(change, Tensor):
            leaves[j] = entries_that_stay(leaves[j], part, change)
        elif (number := number_at(leaves, (j, part))) is not None:
            new = int(number * change)
            if isinstance(number, Labelled):  # a run over an earlier round still knows where the number stands
                new = relabelled(new, number)
            leaves[j] = slice(*(new if n == part else getattr(leaves[j], n) for n in SLICE)) if part else new
    return tree_unflatten(leaves, spec)


SLICE = ("start", "stop", "step")


def entries_that_stay(tensor: Tensor, axis: Any, stay: Tensor) -> Tensor:
    """Return a tensor with some entries along an axis; a pattern that repeats, as batch by heads does, fits any batch.

    >>> entries_that_stay(torch.arange(6), 0, torch.tensor([True, False, True, False]))
    tensor([0, 2, 4])
    """
    size = tensor.shape[axis]
    if size != len(stay):
        periods = (
            n for n in range(1, len(stay)) if len(stay) % n == 0 and torch.equal(stay, stay[:n].repeat(len(stay) // n))
        )
        period = next((n for n in periods if size % n == 0), None)
        if period is None:
            return tensor
        stay = stay[:period].repeat(size // period)
    return tensor.index_select(axis, stay.nonzero().flatten().to(tensor.device))


class Resized:
    """The forward of a module that computes sizes from numbers of its own: its code, with sizes scaled on the way.

    Attributes:
        module: whose forward it is.
        before: {attribute: number} that the code was written for; outside the forward the module shows its new ones.
        changes: {site: for each visit, {place: factor of a number, or entries of a constant that stay}}.
    """

    def __init__(self, module: nn.Module, before: dict[str, Any], changes: dict) -> None:
        self.module, self.before, self.changes = module, before, changes
        self.inner = module.__dict__.get("forward")  # that of an earlier round, or one that the caller had set

    def __call__(self, *args, **kwargs):
        if torch.compiler.is_dynamo_compiling():  # it would compile the module's code as it is written
            return torch._dynamo.disable(self.run)(*args, **kwargs)
        return self.run(*args, **kwargs)

    def run(self, *args, **kwargs):
        """Run the module's code. RuntimeError where it takes averages at other places than in the example."""
        if any(isinstance(argument, torch.fx.Proxy) for argument in (*args, *kwargs.values())):
            raise TypeError("inputs must be tensors for a smaller model; got a torch.fx.Proxy: use torch.export")
        module = self.module
        now = {name: module.__dict__[name] for name in self.before}
        module.__dict__.update(self.before)
        try:
            with Scaling(self) as scaling:
                run = self.inner or partial(type(module).forward, module)
                output = run(*args, **kwargs)
        finally:
            module.__dict__.update(now)
        scaling.check_visits()
        return output


class Scaling(TorchFunctionMode):
    """Scale the sizes in one forward; its submodules are left alone."""

    def __init__(self, resized: Resized) -> None:
        super().__init__()
        self.resized, self.visits = resized, dict.fromkeys(resized.changes, 0)
        self.names = {name for name, *_ in resized.changes}

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if name in self.names:
            site, around = site_of()
            if around is not None and around.module is self.resized.module:
                return called_with(func, args, kwargs, self._visit((name, *site)))
        return func(*args, **kwargs)

    def _visit(self, key):
        """Return the changes of this call, and count it."""
        if key not in self.visits:
            if any(averages(visits) for (name, *_), visits in self.resized.changes.items() if name == key[0]):
                raise self._lost(f"{key[0]!r} at another place of its code")
            return {}
        visits, seen = self.resized.changes[key], self.visits[key]
        self.visits[key] += 1
        if seen >= len(visits):  # a longer loop goes on as it went
            rhythm = period(visits)
            seen = len(visits) - rhythm + (seen - len(visits)) % rhythm
        return visits[seen]

    def check_visits(self) -> None:
        """Where several averages take turns at one place, only whole turns tell which is which."""
        for key, visits in self.resized.changes.items():
            rhythm, seen = period(visits), self.visits[key]
            whole = seen % rhythm == 0 if rhythm < len(visits) else seen in (0, len(visits))
            if rhythm > 1 and not whole:
                raise self._lost(f"{key[0]!r} {seen} times in place of {len(visits)}")

    def _lost(self, found):
        kind = type(self.resized.module).__name__
        return RuntimeError(
            "inputs must lead a smaller model the way that its example went, in training too, since its averages are "
            f"scaled by their place; got {found} in a {kind}"
        )


def averages(visits: list[dict[Place, Change]]) -> bool:
    """Return whether some visit takes an average that is put right."""
    return any(AVERAGE in visit for visit in visits)


def period(visits: list[dict[Place, Change]]) -> int:
    """Return after how many visits the averages repeat; the number of visits where they do not.

    >>> period([{AVERAGE: 0.5}, {}, {AVERAGE: 0.5}, {}]), period([{}, {}]), period([{AVERAGE: 0.5}, {}])
    (2, 1, 2)
    """
    shares = [visit.get(AVERAGE) for visit in visits]
    return next(n for n in range(1, len(shares) + 1) if shares == shares[:n] * (len(shares) // n))
