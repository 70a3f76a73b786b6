"""From a trace and what stays to a smaller model, and the check that it computes what its mask computes."""

import copy
from contextlib import nullcontext
from typing import Any, NamedTuple

import torch
from torch import Tensor

from pruning_lab.modes import in_mode

from .attention import close_attention_, open_attention_
from .paint import Canvas
from .resized import Resized, averages
from .resizing import Correcting, OverWhatStays
from .run import arguments, own_inputs, plain_arithmetic, tensors_in
from .sizes import Place, Strip
from .torch_layers import TORCH_LAYERS, refresh_

Stays = dict[tuple[str, int], Tensor]  # (parameter or buffer, axis) -> bool, True for the indices that stay
CLOSE = {torch.float64: 1e-8, torch.float32: 1e-3, torch.float16: 0.05, torch.bfloat16: 0.2, torch.complex128: 1e-8}
MISTAKES = (
    RuntimeError,
    ValueError,
    IndexError,
    AssertionError,
    ZeroDivisionError,
    TypeError,
    AttributeError,
    KeyError,
)


class Trace(NamedTuple):
    """What a painted run has told."""

    canvas: Canvas
    unit: Tensor
    calls: dict[int, tuple[str, str, tuple, dict[Place, Strip]]]
    constants: dict[int, dict[Place, Tensor]]
    evidence: dict[tuple, Strip]
    averages: dict[int, tuple[Tensor, int]]
    example_inputs: Any


def masked(model, stays):
    twin = copy.deepcopy(model)
    parameters = dict(twin.named_parameters())
    with torch.no_grad():
        for (name, axis), stay in stays.items():
            if name in parameters:  # producers and consumers: a bias keeps firing, and sigmoid(0) is 0.5
                gone = (~stay).nonzero().flatten().to(parameters[name].device)
                parameters[name].index_fill_(axis, gone, 0)
    return twin


def shrunk(model, stays, trace):
    """Return the smaller model; the error says why there is none."""
    alive = torch.ones(trace.canvas.colours, dtype=torch.bool)
    gone = torch.ones(int(trace.unit.max()) + 1, dtype=torch.bool)
    for axis, stay in stays.items():
        gone[trace.unit[trace.canvas.axes[axis]][~stay]] = False
    alive = gone[trace.unit]
    calls = {
        count: (name, module, site, _wanted(numbers, trace.constants[count], alive))
        for count, (name, module, site, numbers) in trace.calls.items()
    }
    noisy, close = _noisy(model), _closeness(trace.canvas.dtypes)
    averages = {count: (alive[colours], dim) for count, (colours, dim) in trace.averages.items()}
    wanted = _outputs_of_mask(masked(noisy, stays), trace.example_inputs, averages)
    kept_as_written: set[type] = set()
    while True:
        small, resizing, found, error = _attempt(noisy, stays, trace, alive, calls, kept_as_written)
        classes = {type(small.get_submodule(name)) for name in resizing.changes if resizing.wrong(name)}
        if error is None and not classes - kept_as_written:
            error = _difference(found, wanted, close)
            if error is None:
                break
        more = classes | _numbered_classes(small, trace, error)
        if not more - kept_as_written:
            raise ValueError(f"model must {error}")
        kept_as_written |= more
    result = _assembled(model, stays, trace, alive, kept_as_written, resizing)
    error = _check(result, masked(model, stays), trace.example_inputs, averages, close)
    if error:
        raise ValueError(f"model must {error}")
    return result


def _wanted(numbers, constants, alive):
    """Return {place: the number that fits, or bool: the entries of a constant that stay}."""
    counts = {place: measured.staying(alive) for place, measured in numbers.items()}
    wanted = {place: count for place, count in counts.items() if count is not None}
    return wanted | {place: alive[colours].any(dim=1) for place, colours in constants.items()}


def _numbered_classes(small, trace, error):
    """Return the classes of modules whose numbers would be set."""
    return {type(small.get_submodule(key[0])) for key in trace.evidence} if error else set()


def _cut(model, stays, trace, alive, kept_as_written):
    """Return a smaller copy, and the numbers that it had before in the modules whose code keeps them."""
    small = copy.deepcopy(model)
    open_attention_(small)
    names: dict[int, str] = {}
    for name, tensor in [*small.named_parameters(), *small.named_buffers()]:
        names.setdefault(id(tensor), name)
    for module in small.modules():
        for tensor in [*module._parameters.values(), *module._buffers.values()]:
            if tensor is not None and (name := names.pop(id(tensor), None)):
                new = tensor.detach()
                for axis in range(tensor.ndim):
                    if (name, axis) in stays:
                        new = new.index_select(axis, stays[name, axis].nonzero().flatten().to(new.device))
                if new.shape != tensor.shape:
                    tensor.data = new.clone()  # in place: tied weights stay tied
    refresh_(small)
    before = _set_numbers(small, trace, alive)
    return small, {
        name: numbers for name, numbers in before.items() if type(small.get_submodule(name)) in kept_as_written
    }


def _set_numbers(small, trace, alive):
    """Set the numbers of modules that measure what was cut. Returns {module: {attribute: number before}}."""
    before: dict[str, dict[str, Any]] = {}
    for (module, attribute, place, *_), measured in trace.evidence.items():
        count = measured.staying(alive)
        inside = small.get_submodule(module)
        value = getattr(inside, attribute)
        old = value if place is None else value[place]
        if count is None or count == old or isinstance(inside, TORCH_LAYERS) or measured.upto is not None:
            continue
        if attribute in before.get(module, {}) and place is None:
            continue
        before.setdefault(module, {}).setdefault(attribute, value)
        new = count if place is None else type(value)(count if i == place else v for i, v in enumerate(value))
        inside.__dict__[attribute] = new
    return before


def _attempt(model, stays, trace, alive, calls, kept_as_written):
    """Run a smaller copy with its sizes corrected. Returns it, the corrections, its outputs, and what went wrong."""
    small, before = _cut(model, stays, trace, alive, kept_as_written)
    for name, numbers in before.items():
        small.get_submodule(name).__dict__.update(numbers)
    correcting, found, error = Correcting(calls), None, None
    inside = _follow(small)
    try:
        with plain_arithmetic():  # the same path as when painted
            found = outputs_of(small, trace.example_inputs, correcting)
    except MISTAKES as mistake:
        error = _where(mistake, small, inside[-1])
    return small, correcting, found, error


def _follow(model):
    """Return a list whose last entry names the module that runs. Hooks stay: the model is a copy for one run."""
    inside = [""]
    for name, module in model.named_modules():
        module.register_forward_pre_hook(lambda *_, name=name: inside.append(name))
        module.register_forward_hook(lambda *_: inside.__delitem__(-1))
    return inside


def _assembled(model, stays, trace, alive, kept_as_written, correcting):
    small, before = _cut(model, stays, trace, alive, kept_as_written)
    for name, changes in correcting.changes.items():
        module = small.get_submodule(name)
        averaging = {name for (name, *_), visits in changes.items() if averages(visits)}
        changes = {site: visits for site, visits in changes.items() if any(visits) or site[0] in averaging}
        if changes or name in before:
            module.__dict__["forward"] = Resized(
                module, before.get(name, {}), changes
            ).__call__  # a method: export asks
    close_attention_(small)
    return small


def _noisy(model):
    """Return a copy in which nothing is zero by accident: a layer that starts at zero would hide any mistake."""
    noisy, generator = copy.deepcopy(model), torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in noisy.parameters():
            if parameter.is_floating_point() and (parameter.ndim < 2 or parameter.abs().max() < 0.01):
                parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator).to(parameter))
    return noisy


def outputs_of(model, example_inputs, mode=None):
    """Return the floating-point tensors that a model returns for the example, in evaluation mode."""
    args, kwargs = arguments(own_inputs(example_inputs))
    with in_mode(model, training=False), torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        with mode or nullcontext():
            output = model(*args, **kwargs)
        return [out for out in tensors_in(output) if out.is_floating_point()]


def _outputs_of_mask(twin, example_inputs, averages):
    """Return what a mask gives; where channels go into averages, with those of the channels that stay."""
    if not averages:
        return outputs_of(twin, example_inputs)
    open_attention_(twin)
    with plain_arithmetic():  # the same path as when painted
        return outputs_of(twin, example_inputs, OverWhatStays(averages))


def _check(small, twin, example_inputs, averages, close):
    """Return what is wrong with the smaller model, run on its own; None if it computes what its mask does."""
    small, twin = copy.deepcopy(small), copy.deepcopy(twin)  # some modules remember tensors of their last run
    inside = _follow(small)
    try:
        return _difference(outputs_of(small, example_inputs), _outputs_of_mask(twin, example_inputs, averages), close)
    except MISTAKES as mistake:
        return _where(mistake, small, inside[-1])


def _where(mistake, small, name):
    kind = type(small.get_submodule(name)).__name__
    return f"run with fewer channels; got {str(mistake).splitlines()[0]} in {name or 'the model'!r}, a {kind}"


def _closeness(dtypes):
    """Return how far two results may be apart that are equal but for rounding, by the coarsest dtype on the way."""
    return max((CLOSE.get(t, 1e-3) for t in dtypes if t.is_floating_point or t.is_complex), default=1e-3)


def _difference(found, wanted, close):
    for one, other in zip(found, wanted, strict=True):
        if one.shape != other.shape:
            return f"give outputs of shape {tuple(other.shape)} with fewer channels; got {tuple(one.shape)}"
        if one.numel() and not (one - other).abs().max() <= close * other.abs().max():
            return "compute the same with channels removed as with them masked; got different outputs"
    return None
