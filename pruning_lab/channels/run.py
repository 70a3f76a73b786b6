"""One painted run: the network works on its example inputs, and beside each tensor travels its paint."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

from pruning_lab.modes import in_mode

from .attention import open_attention_
from .call import Call
from .paint import Canvas
from .resized import Resized
from .resizing import Recording
from .sizes import has_numbers, with_label
from .table import rule_for
from .torch_layers import TORCH_LAYERS
from .zeros import mark_zero


class Painting(TorchDispatchMode):
    """Apply the rule of each operation that touches paint."""

    def __init__(self, canvas: Canvas) -> None:
        super().__init__()
        self.canvas = canvas

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        output = func(*args, **kwargs)
        call = Call(func, args, kwargs, output)
        if any(self.canvas.get(tensor) for tensor in call.tensors):
            self.canvas.operation = call.name
            self.canvas.touched.update(map(id, call.tensors))
            self.canvas.dtypes.update(out.dtype for out in call.outputs)
            with torch._C._DisableTorchDispatch():
                rule_for(call.name)(self.canvas, call)
                for out in call.outputs:
                    mark_zero(self.canvas, call, out)
        return output


def painted_run(model: nn.Module, example_inputs: Any, *, exact: bool = True) -> tuple[Canvas, Recording]:
    """Run a model, painted, and return the paint and the sizes that its code passes.

    Where some parameters are met in training mode only, such as those of an auxiliary classifier, it runs in that too.
    The model is changed, and some modules remember tensors of their last run: give it a copy.
    """
    open_attention_(model)
    _label_numbers_(model)
    canvas = Canvas(exact=exact)
    canvas.paint_model(model)
    recording = Recording(canvas)
    with _watched(model, canvas), plain_arithmetic():
        _run(model, example_inputs, canvas, recording)
        if any(canvas.layers(p) and id(p) not in canvas.touched for p in model.parameters()):
            _run_in_training(model, example_inputs, canvas, recording)
    return canvas, recording


def _run(model, example_inputs, canvas, recording):
    args, kwargs = arguments(own_inputs(example_inputs))
    for tensor in tree_leaves((args, kwargs)):
        if isinstance(tensor, Tensor):
            canvas.put(tensor, [])
    with in_mode(model, training=False), Painting(canvas), recording:
        output = model(*args, **kwargs)
    canvas.operation, canvas.module = "the output", ""
    for tensor in tensors_in(output):
        for layer in canvas.layers(tensor):
            canvas.pin(layer)


def _run_in_training(model, example_inputs, canvas, recording):
    args, kwargs = arguments(own_inputs(example_inputs))
    again = Recording(canvas)
    macs = dict(canvas.macs)  # those of the example; this run multiplies everything once more
    try:
        with in_mode(model, training=True), Painting(canvas), again, torch.random.fork_rng(devices=[]):
            output = model(*args, **kwargs)
    except (RuntimeError, ValueError, TypeError):  # a batch of one has no statistics, a model may want labels
        return
    finally:
        canvas.macs = macs
        for layer in again.averages_elsewhere(recording):  # no factor would be there
            canvas.pin(layer)
    for tensor in tensors_in(output):
        for layer in canvas.layers(tensor):
            canvas.pin(layer)


def own_inputs(example_inputs: Any) -> Any:
    """Return example inputs with tensors of their own: a network that works in place would change the example.

    >>> x = torch.zeros(2)
    >>> own_inputs((x, 3))[0].add_(1), x
    (tensor([1., 1.]), tensor([0., 0.]))
    """
    inputs = dict(example_inputs) if hasattr(example_inputs, "keys") else example_inputs
    return tree_map_only(Tensor, lambda tensor: tensor.detach().clone(), inputs)


def arguments(example_inputs: Any) -> tuple[tuple, dict]:
    """Return what a model is called with: a dict gives keywords, a tuple places, all else is the one argument.

    >>> arguments((1, 2)), arguments({"x": 1}), arguments(1)
    (((1, 2), {}), ((), {'x': 1}), ((1,), {}))
    """
    if isinstance(example_inputs, tuple):
        return example_inputs, {}
    return ((), dict(example_inputs)) if hasattr(example_inputs, "keys") else ((example_inputs,), {})


def tensors_in(output: Any) -> list[Tensor]:
    """Return all tensors of an output, however it is nested; of classes with keys, those that it has keys for.

    >>> len(tensors_in({"a": torch.ones(1), "b": [(torch.ones(2), 3)]}))
    2
    """
    leaves = tree_leaves(dict(output) if hasattr(output, "keys") else output)
    return [leaf for leaf in leaves if isinstance(leaf, Tensor)]


@contextmanager
def _watched(model, canvas) -> Iterator[None]:
    """Tell the canvas which module runs. The hooks sit on a copy and need no removal."""
    inside = [""]

    def enter(name):
        inside.append(name)
        canvas.module = name

    def leave():
        del inside[-1]
        canvas.module = inside[-1]

    for name, module in model.named_modules():
        module.register_forward_pre_hook(lambda *_, name=name: enter(name))
        module.register_forward_hook(lambda *_: leave(), always_call=True)
    yield


@contextmanager
def plain_arithmetic() -> Iterator[None]:
    """Have attention run as products and softmax, each of which has a rule; restore the flags at the end."""
    with ExitStack() as stack:
        stack.callback(torch.backends.mha.set_fastpath_enabled, torch.backends.mha.get_fastpath_enabled())
        torch.backends.mha.set_fastpath_enabled(False)
        stack.enter_context(torch.no_grad())
        stack.enter_context(torch.random.fork_rng(devices=[]))
        stack.enter_context(sdpa_kernel(SDPBackend.MATH))
        stack.callback(setattr, torch.backends.mkldnn, "enabled", torch.backends.mkldnn.enabled)
        setattr(torch.backends.mkldnn, "enabled", False)  # noqa: B010 (its type is that of a property)
        yield


def _label_numbers_(model):
    """Have the numbers of every module remember where they stand; those of torch's own layers are known."""
    for name, module in model.named_modules():
        if not isinstance(module, TORCH_LAYERS):
            _label(vars(module), name)
            resized = getattr(vars(module).get("forward"), "__self__", None)
            while isinstance(resized, Resized):  # an earlier round has set numbers aside
                _label(resized.before, name)
                resized = getattr(resized.inner, "__self__", None)


def _label(numbers, name):
    for attribute, value in list(numbers.items()):
        if has_numbers(value) and not attribute.startswith("_"):
            numbers[attribute] = with_label(value, name, attribute)
