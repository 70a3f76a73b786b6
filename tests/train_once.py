"""Train once: what notebooks and checks of one run train alike is trained by the first and handed to the others.

The kernels of notebooks do so by themselves in a run of pytest; a check says `with train_once.shared():`. A training is
looked up by all that it depends on, so what comes out is, bit for bit, what training would have given. One that depends
on more than we can write down (an optimizer, a hook, layers that a notebook defines) is never shared.
"""

import hashlib
import os
import pickle
import tempfile
from contextlib import contextmanager
from functools import wraps
from inspect import signature
from pathlib import Path
from unittest import mock

import torch
from torch import nn
from torch.nn.modules.module import _has_any_global_hook

from pruning_lab import train

FOLDER = "PRUNING_LAB_TRAINED"  # the variable that names the folder of this run; empty where nothing is shared
IN_A_KERNEL = f"""from importlib import util
if util.find_spec("pruning_lab"):
    __import__("runpy").run_path({__file__!r})["for_good"]()
del util
"""
PLAIN = (bool, int, float, str, tuple, type(None))
WRITTEN_DOWN = ("torch.nn.", "pruning_lab.models.")  # whose layers do what their version says


def once(fit):
    """Return `train.fit`, sharing what it trains."""

    @wraps(fit)
    def shared_fit(*given, **options):
        path = key_of(fit, given, options)
        known = _read(path) if path else None
        if known is None:
            losses = fit(*given, **options)
            if path:
                _save((given[0].state_dict(), _gradients(given[0]), torch.get_rng_state(), losses), path)
            return losses
        state, gradients, drawn, losses = known
        given[0].load_state_dict(state)
        for name, parameter in given[0].named_parameters():
            parameter.grad = gradients[name]
        torch.set_rng_state(drawn)
        return losses

    return shared_fit


def key_of(fit, given, options):
    """Return where the outcome of a training lies or will lie, or None if it is not to be shared."""
    try:
        asked = signature(fit).bind(*given, **options)
        asked.apply_defaults()
        folder = os.environ.get(FOLDER, "")
        if not os.path.isdir(folder) or len(given) < 2 or not _can_be_shared(**asked.arguments):
            return None
        return Path(folder, hashlib.sha256(repr(_told(_all_of(**asked.arguments))).encode()).hexdigest())
    except (AttributeError, TypeError, ValueError, RuntimeError):  # bad input: `fit` says what is wrong with it
        return None


def _can_be_shared(model, data, masks, optimizer, after_step, **_options):
    usual = optimizer is train.ADAM and after_step is None and type(data) is tuple and type(masks) is dict
    return usual and all(map(_written_down, model.modules())) and _own_tensors(model)


def _all_of(model, data, masks, epochs, learning_rate, batch_size, seed, **_options):
    """Return all that a training depends on, in lists."""
    around = [torch.__version__, torch.get_num_threads(), torch.is_autocast_enabled("cpu"), torch.is_grad_enabled()]
    layers = [[item for item in vars(part).items() if isinstance(item[1], PLAIN)] for part in model.modules()]
    frozen = [name for name, parameter in model.named_parameters() if not parameter.requires_grad]
    tensors = [torch.get_rng_state(), *data, *sorted(masks.items()), *model.state_dict().items()]
    return [around, repr(model), layers, frozen, tensors, epochs, learning_rate, batch_size, seed]


def _written_down(part):
    """Is all that a layer does in its class, its numbers and its tensors, and its class not a notebook's?"""
    usual = vars(nn.Module())
    other = [value for name, value in vars(part).items() if name not in usual and not isinstance(value, PLAIN)]
    hooks = [value for name, value in vars(part).items() if name in usual and name.endswith("_hooks") and value]
    known = f"{type(part).__module__}.".startswith(WRITTEN_DOWN)
    return known and not other and not hooks and not part._non_persistent_buffers_set  # buffers that no state shows


def _own_tensors(model):
    """Has each tensor memory of its own, all of it, and no hook? What is tied learns together."""
    tensors = [*model.named_parameters(remove_duplicate=False), *model.named_buffers(remove_duplicate=False)]
    memory = [tensor.untyped_storage() for _, tensor in tensors]
    whole = all(own.nbytes() == tensor.nbytes for own, (_, tensor) in zip(memory, tensors, strict=True))
    hooked = any(tensor._backward_hooks or tensor._post_accumulate_grad_hooks for _, tensor in tensors)
    usual = not hooked and not any(tensor.is_inference() for _, tensor in tensors)
    return whole and usual and len({own.data_ptr() for own in memory}) == len(memory) and not _has_any_global_hook()


def _told(told):
    """Return nested lists with a hash in place of each tensor."""
    if isinstance(told, tuple | list):
        return [_told(each) for each in told]
    if isinstance(told, torch.Tensor):
        content = hashlib.sha256(told.detach().numpy().tobytes()).hexdigest()
        return [type(told).__name__, str(told.dtype), tuple(told.shape), told.stride(), content]
    return told


def _read(path):
    try:
        return torch.load(path)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError):  # not there yet, or not whole
        return None


def _gradients(model):
    return {name: parameter.grad for name, parameter in model.named_parameters()}


def _save(outcome, path):
    """Write a file that is whole as soon as it is there: two kernels may train the same at the same time."""
    handle, written = tempfile.mkstemp(dir=path.parent)
    os.close(handle)
    torch.save(outcome, written)
    os.replace(written, path)


def begin():
    """Name a folder for this run, in which kernels and workers share; return what deletes it."""
    folder = tempfile.TemporaryDirectory(prefix="trained-")
    started_with = Path(folder.name, "ipython", "profile_default", "startup")
    started_with.mkdir(parents=True)
    (started_with / "train_once.py").write_text(IN_A_KERNEL, encoding="utf-8")
    named = mock.patch.dict(os.environ, {FOLDER: folder.name, "IPYTHONDIR": str(started_with.parents[1])})
    named.start()

    def end():
        named.stop()
        folder.cleanup()

    return end


def for_good():
    """Share from now on what `train.fit` and `train.fine_tune` train in this process."""
    train.fit = once(train.fit)


@contextmanager
def shared():
    """A context in which `train.fit` and `train.fine_tune` share what they train."""
    with mock.patch.object(train, "fit", once(train.fit)):
        yield
