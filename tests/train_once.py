"""Train once: what notebooks and checks of one run train alike is trained by the first and handed to the others.

The kernels of notebooks do so by themselves in a run of pytest; a check says `with train_once.shared():`. A training is
looked up by all that it depends on, so what comes out is, bit for bit, what training would have given. One that depends
on more than we can write down (an optimizer, a hook, layers that a notebook defines) is never shared.
"""

import hashlib
import os
import tempfile
from contextlib import contextmanager
from functools import wraps
from inspect import signature
from pathlib import Path
from unittest import mock

import torch

from pruning_lab import train

FOLDER = "PRUNING_LAB_TRAINED"  # the variable that names the folder of this run
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
    def shared_fit(model, data, **options):
        path = key_of(fit, model, data, options)
        if path is None:
            return fit(model, data, **options)
        if not path.exists():
            losses = fit(model, data, **options)
            _save((model.state_dict(), _gradients(model), torch.get_rng_state(), losses), path)
        state, gradients, drawn, losses = torch.load(path)
        model.load_state_dict(state)
        for name, parameter in model.named_parameters():
            parameter.grad = gradients[name]
        torch.set_rng_state(drawn)
        return losses

    return shared_fit


def key_of(fit, model, data, options):
    """Return where the outcome of a training lies or will lie, or None if it is not to be shared."""
    try:
        asked = signature(fit).bind(model, data, **options)
        asked.apply_defaults()
        given, parts = asked.arguments, list(model.modules())
        default = given["optimizer"] is train.ADAM and given["after_step"] is None
        if not default or not all(map(_written_down, parts)) or not torch.is_grad_enabled():
            return None
        told = [torch.__version__, torch.get_num_threads(), torch.get_rng_state(), repr(model)]
        told += [(name, value) for part in parts for name, value in vars(part).items() if isinstance(value, PLAIN)]
        told += [(name, tensor.requires_grad, tensor) for name, tensor in model.named_parameters()]
        told += [*model.state_dict().items(), *data, *sorted(given["masks"].items())]
        told += [given[name] for name in ("epochs", "learning_rate", "batch_size", "seed")]
        return Path(os.environ[FOLDER], hashlib.sha256(b"".join(map(_bytes, told))).hexdigest())
    except (AttributeError, TypeError, ValueError, RuntimeError):  # bad input: `fit` says what is wrong with it
        return None


def _written_down(part):
    hooks = [value for name, value in vars(part).items() if name.endswith("_hooks") and name.startswith("_")]
    ours = f"{type(part).__module__}.".startswith(WRITTEN_DOWN)
    return ours and not any(hooks) and not part._non_persistent_buffers_set  # buffers that no state shows


def _bytes(told):
    if isinstance(told, tuple | list):
        return b"(" + b",".join(map(_bytes, told)) + b")"
    if isinstance(told, torch.Tensor):
        return repr((told.dtype, tuple(told.shape), told.stride())).encode() + told.detach().numpy().tobytes()
    return repr(told).encode()


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
    os.environ |= {FOLDER: folder.name, "IPYTHONDIR": str(started_with.parents[1])}
    return folder.cleanup


def for_good():
    """Share from now on what `train.fit` and `train.fine_tune` train in this process."""
    train.fit = once(train.fit)


@contextmanager
def shared():
    """A context in which `train.fit` and `train.fine_tune` share what they train."""
    with mock.patch.object(train, "fit", once(train.fit)):
        yield
