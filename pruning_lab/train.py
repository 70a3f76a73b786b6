"""Training, retraining under masks, and accuracy, for networks that fit in seconds on one core.

`data` is always a pair (images, labels): floating-point images of shape (n, ...) that the model takes as they are, and
int64 class labels of shape (n,).
"""

import math
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from functools import partial
from numbers import Real
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam, Optimizer
from torch.optim.lr_scheduler import LinearLR

from pruning_lab.checks import check_float_tensor, check_integer, check_model, check_values
from pruning_lab.modes import in_mode
from pruning_lab.progress import bar
from pruning_lab.prune import hold_masks

ADAM = partial(Adam, fused=True)  # the same steps with one call for all parameters, in three quarters of the time
AT_ONCE = 100  # images at a time whose activations stay in the cache: 1,000 take a small ResNet three times as long
NOT_PRUNED: Mapping[str, Tensor] = {}


def fit(
    model: nn.Module,
    data: tuple[Tensor, Tensor],
    *,
    epochs: int,
    learning_rate: float = 4e-3,
    batch_size: int = 50,
    seed: int = 0,
    optimizer: Callable[..., Optimizer] = ADAM,
    masks: Mapping[str, Tensor] = NOT_PRUNED,
    after_step: Callable[[], object] | None = None,
    progress: bool = True,
) -> list[float]:
    """Train `model` in place as a classifier, and return how its loss fell.

    The learning rate falls in a straight line from `learning_rate` to zero over the whole run, so five epochs are not
    the first half of ten. The shuffling has a generator of its own: torch's global one moves only where the model
    draws from it (dropout does).

    The defaults were chosen on validation, with LeNet-300-100 on 10,000 Fashion-MNIST images and two seeds: Adam at
    0.001, 0.002, 0.004 and SGD with momentum 0.9 at 0.05, 0.1, 0.2, each in batches of 50 and 100. The defaults gave
    86.5 % after 5 epochs and 87.7 % after 10, within 0.2 points of the best of them; a constant learning rate
    cost 1 to 2 points. One epoch of retraining at 95 % sparsity asks for no less: 0.002 gave 3 points less there.

    Args:
        model: images (batch, ...) in, logits (batch, classes) out. It trains in training mode and comes back in the
            mode it came in, module by module. A module in evaluation mode inside a model in training mode is frozen: a
            batch norm's running statistics stay as they are.
        data: pair of images (n, ...) and labels (n,) in [0, classes).
        epochs: passes over the data, at least 1.
        learning_rate: of the first step, above 0.
        batch_size: images in a step, at most; the batches of an epoch differ by one image at most.
        seed: of the shuffling, at least 0.
        optimizer: called as optimizer(parameters, lr=learning_rate); functools.partial(SGD, momentum=0.9) fits.
        masks: what `fine_tune` takes, to hold pruned weights at zero.
        after_step: function without arguments, called after every optimizer step, before the zeros of `masks` are
            written: `masks.update(...)` inside it prunes further at once. The step has just moved the weights held at
            zero, so apply `masks` before ranking all weights. The learning rate is still the one of this step.
        progress: show a bar once three seconds have gone by. Never where TQDM_DISABLE is set in the environment.

    Returns:
        List of floats, the mean training loss of each epoch.

    Raises:
        TypeError, ValueError: for arguments outside these ranges.
        FloatingPointError: at the first loss that is infinite or NaN, or weights that are after the last step. The
            weights are then spoilt (or were, if it is said of the first step): build a new model.

    >>> images, labels = torch.eye(4), torch.tensor([0, 1, 2, 2])
    >>> model = torch.nn.Linear(4, 3)
    >>> losses = fit(model, (images, labels), epochs=20, learning_rate=0.1)
    >>> len(losses), evaluate(model, (images, labels))
    (20, 1.0)
    """
    images, labels, _ = _check_data(model, data)
    epochs, seed = check_integer(epochs, "epochs", 1), check_integer(seed, "seed", 0)
    steps = math.ceil(len(labels) / check_integer(batch_size, "batch_size", 1))
    opt = _optimizer_of(model, optimizer, _check_learning_rate(learning_rate))
    schedule = LinearLR(opt, start_factor=1.0, end_factor=0.0, total_iters=epochs * steps)
    shuffle = torch.Generator().manual_seed(seed)
    history = []
    with (
        torch.enable_grad(),
        nullcontext() if model.training else in_mode(model, training=True),
        _calling(after_step, opt),  # ahead of hold_masks: hooks run in the order in which they were registered
        hold_masks(model, masks, opt),
        bar(total=epochs * steps, shown=progress) as steps_done,
    ):
        for _ in range(epochs):
            total = 0.0
            for chosen in torch.randperm(len(labels), generator=shuffle, device="cpu").tensor_split(steps):
                total += _step(model, images[chosen], labels[chosen], opt, schedule) * len(chosen)
                steps_done.update()
            history.append(total / len(labels))
        _check_weights(model, schedule)
    return history


def fine_tune(
    model: nn.Module, data: tuple[Tensor, Tensor], masks: Mapping[str, Tensor], *, epochs: int = 1, **options: Any
) -> list[float]:
    """Train a pruned `model` in place while every weight that `masks` prune stays zero through every step.

    Args:
        model, data, epochs: as in `fit`.
        masks: dict from parameter name to bool tensor of the parameter's shape, True keeps.
        options: the other arguments of `fit`, by name.

    Returns:
        List of floats, the mean training loss of each epoch.

    Raises:
        What `fit` raises, and what `prune.hold_masks` raises where a mask does not fit the model.

    Source: Han et al. 2015 (arXiv 1506.02626), section 3: the connections that survive are trained again.

    >>> model = torch.nn.Linear(2, 2)
    >>> masks = {"weight": torch.tensor([[True, False], [False, True]])}
    >>> _ = fine_tune(model, (torch.eye(2), torch.tensor([0, 1])), masks)
    >>> model.weight.count_nonzero()
    tensor(2)
    """
    return fit(model, data, epochs=epochs, masks=masks, **options)


def evaluate(model: nn.Module, data: tuple[Tensor, Tensor]) -> float:
    """Return the fraction of images that `model` puts into the right class.

    The model runs in evaluation mode and comes back in the mode it came in; of equal logits the first one counts.

    Args:
        model: images (batch, ...) in, logits (batch, classes) out.
        data: pair of images (n, ...) and labels (n,) in [0, classes).

    Returns:
        Accuracy, a float in [0, 1].

    Raises:
        TypeError, ValueError: data that do not fit each other or the model, outputs that are not logits of shape
            (batch, classes), or that name no class: NaN, or infinite for several classes.

    >>> images, labels = torch.eye(3), torch.tensor([0, 1, 1])
    >>> round(evaluate(torch.nn.Identity(), (images, labels)), 3)
    0.667
    """
    images, labels, rewritten = _check_data(model, data)
    right = 0
    with in_mode(model, training=False), torch.no_grad():
        for some, wanted in zip(images.split(AT_ONCE), labels.split(AT_ONCE), strict=True):
            right += int((_classes(model(some.clone() if rewritten else some), some) == wanted).sum())
    return right / len(labels)


def _step(model, images, labels, optimizer, schedule):
    """Take one step down the gradient; return the mean loss of the batch before it."""
    loss = F.cross_entropy(_shaped(model(images), images), labels)
    if not loss.isfinite():
        if schedule.last_epoch == 0:  # no step has been taken yet
            raise FloatingPointError(f"model must give a finite loss before it is trained; got {loss.item():.3g}")
        _diverged(f"a loss of {loss.item():.3g} at step {schedule.last_epoch + 1}", schedule)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    schedule.step()
    return loss.item()


def _diverged(what, schedule):
    got = f"{what} with {schedule.base_lrs[0]:g}: try a tenth"
    raise FloatingPointError(f"learning_rate must keep the loss finite; got {got}")


def _check_weights(model, schedule):
    """Refuse weights that the last step has spoilt: no later loss would tell."""
    for name, parameter in model.named_parameters():
        if parameter.requires_grad and not parameter.isfinite().all():
            _diverged(f"{name} NaN or infinite after the last step, {schedule.last_epoch},", schedule)


def _shaped(logits, images):
    """Return a model's answer if it has the shape of logits: (batch, classes), and nothing that would broadcast."""
    if not isinstance(logits, torch.Tensor):
        raise TypeError(f"model must return a tensor of logits (batch, classes); got {type(logits).__name__}")
    if logits.ndim != 2 or len(logits) != len(images):
        shapes = f"{tuple(logits.shape)} for images {tuple(images.shape)}"
        raise ValueError(f"model must return logits of shape (batch, classes); got {shapes}")
    if logits.is_complex() or logits.dtype == torch.bool:
        raise TypeError(f"model must return logits that are real numbers; got dtype {logits.dtype}")
    return logits


def _classes(logits, images):
    """Return the class that each row of logits names; of equal ones the first."""
    best, classes = _shaped(logits, images).max(dim=1)
    if not best.isfinite().all():  # one infinity may win, several name no class
        lost = ~best.isfinite() & ((logits == math.inf).sum(dim=1) != 1)
        if lost.any():
            got = f"NaN or several infinities for {int(lost.sum())} of {len(images)} images"
            raise ValueError(f"model must return logits that name a class; got {got}")
    return classes


def _optimizer_of(model, optimizer, learning_rate):
    """Return the optimizer that `optimizer` makes for a model, which it must train."""
    if not callable(optimizer):
        raise TypeError(f"optimizer must be called as optimizer(parameters, lr=...); got {type(optimizer).__name__}")
    if torch.is_inference_mode_enabled() or any(parameter.is_inference() for parameter in model.parameters()):
        raise ValueError("model must be made and trained outside of torch.inference_mode(); got one in it")
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise ValueError(f"model must hold parameters that require a gradient; got none in {type(model).__name__}")
    real = [p for p in model.parameters() if p.is_floating_point() or p.is_complex()]
    made = optimizer(real, lr=learning_rate)
    if not isinstance(made, Optimizer):
        raise TypeError(f"optimizer must return a torch.optim.Optimizer; got {type(made).__name__}")
    ours = {id(parameter) for parameter in real}
    if not any(id(parameter) in ours for group in made.param_groups for parameter in group["params"]):
        raise ValueError(f"optimizer must train parameters of the model; got {type(made).__name__} that trains others")
    return made


def _calling(after_step, optimizer):
    """Return a context in which `after_step()` is called at the end of every `optimizer.step()`."""
    if after_step is None:
        return nullcontext()
    if not callable(after_step):
        raise TypeError(f"after_step must be a function without arguments; got {type(after_step).__name__}")
    return optimizer.register_step_post_hook(lambda *_: after_step())


def _check_learning_rate(learning_rate: float):
    if isinstance(learning_rate, bool) or not isinstance(learning_rate, Real):
        raise TypeError(f"learning_rate must be a number above 0; got {learning_rate!r}")
    if not 0 < learning_rate < math.inf:
        raise ValueError(f"learning_rate must be a finite number above 0; got {learning_rate}")
    return learning_rate


class _Data(NamedTuple):
    images: Tensor
    labels: Tensor
    rewritten: bool  # whether the model writes into what it is given


def _check_data(model, data) -> _Data:
    """Return images and labels that belong together and that the model has classes for."""
    for name, tensor in [*check_model(model).named_parameters(), *model.named_buffers()]:
        if tensor.is_meta:
            raise ValueError(f"model must hold numbers; got {name!r} on the meta device, which has a shape only")
    if not isinstance(data, tuple | list):
        raise TypeError(f"data must be a pair (images, labels); got {type(data).__name__}")
    if len(data) != 2:
        raise ValueError(f"data must be a pair (images, labels); got {len(data)} entries")
    images, labels = data
    images = check_values(check_float_tensor(images, "images"), "images").detach()
    if not isinstance(labels, torch.Tensor) or labels.dtype != torch.int64:
        raise TypeError(f"labels must be an int64 tensor; got {getattr(labels, 'dtype', type(labels).__name__)}")
    check_values(labels, "labels")
    if labels.ndim != 1 or images.shape[:1] != labels.shape:
        shapes = f"images {tuple(images.shape)} and labels {tuple(labels.shape)}"
        raise ValueError(f"labels must have 1 axis, as long as the first of images; got {shapes}")
    if images.numel() == 0:
        raise ValueError(f"data must hold at least one image; got images of shape {tuple(images.shape)}")
    if images.element_size() == 1:
        raise TypeError(f"images must be of a dtype that networks compute in; got {images.dtype}")
    if not images.isfinite().all():
        raise ValueError(f"images must be finite; got {int((~images.isfinite()).sum())} NaN or infinite entries")
    classes, rewritten = _try(model, images[:1])
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(f"labels must be in [0, {classes}); got {int(labels.min())} to {int(labels.max())}")
    return _Data(images, labels, rewritten)


def _try(model, images):
    """Run a model on a copy of an image: how many classes has it, and does it write into what it is given?"""
    given = images.clone()
    version = 0 if given.is_inference() else given._version
    with in_mode(model, training=False), torch.no_grad():
        try:
            logits = model(given)
        except RuntimeError as error:
            dtypes = {p.dtype for p in model.parameters() if p.is_floating_point()}
            if images.dtype in dtypes or not dtypes:
                raise
            wanted = " or ".join(sorted(map(str, dtypes)))
            raise TypeError(f"images must be of the dtype of the model, {wanted}; got {images.dtype}") from error
        classes = _shaped(logits, images).shape[1]
    written = given.is_inference() or given._version > version or not torch.equal(given, images)
    return classes, written
