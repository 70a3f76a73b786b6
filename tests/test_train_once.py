"""What is shared is what training gives, bit for bit; and what depends on anything else is trained anew."""

from functools import partial, wraps

import pytest
import torch
import train_once
from torch import nn
from torch.optim import SGD

from pruning_lab import models, train

DATA = torch.rand((40, 1, 4, 4), generator=torch.Generator().manual_seed(0)), torch.arange(40) % 3
MASKS = {"1.weight": torch.arange(96).reshape(6, 16) % 3 > 0}


def network(seed=0, dropout=0.0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 6), nn.BatchNorm1d(6), nn.Dropout(dropout), nn.Linear(6, 3))


@pytest.fixture(autouse=True)
def trained(tmp_path, monkeypatch):
    """Return a list that grows by one with each training that was not taken from another."""
    monkeypatch.setenv(train_once.FOLDER, str(tmp_path))
    trainings, fit = [], train.fit

    @wraps(fit)
    def counted(*args, **options):
        trainings.append(1)
        return fit(*args, **options)

    monkeypatch.setattr(train, "fit", counted)
    return trainings


def all_of(model, losses):
    """What a training leaves: losses, state, gradients, modes, and where the random numbers stand."""
    state = {name: tensor.tolist() for name, tensor in model.state_dict().items()}
    gradients = [None if parameter.grad is None else parameter.grad.tolist() for parameter in model.parameters()]
    modes = [part.training for part in model.modules()]
    return losses, state, gradients, modes, torch.rand(3).tolist()


@pytest.mark.parametrize("masks", [{}, MASKS], ids=["fit", "under masks"])
@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_what_is_shared_is_what_training_gives(trained, masks, dropout):
    def ran():
        model = network(dropout=dropout)
        model[0].eval()
        return all_of(model, train.fine_tune(model, DATA, masks, epochs=2, batch_size=7))

    alone = ran()
    with train_once.shared():
        first, second = ran(), ran()
    assert alone == first == second
    assert len(trained) == 2


def other(change):
    """A training that differs in one thing from that of `network()` on DATA, two epochs long."""
    model = network()
    data, options = list(DATA), {"epochs": 2}
    change(model, data, options)
    train.fit(model, tuple(data), **options)


def hooked(model, data, options):
    model[1].register_forward_hook(lambda *_: None)


class Linear(nn.Linear):
    """A layer of a notebook: its code may do anything."""


def of_a_notebook(model, data, options):
    model[1].__class__ = Linear


def another_forward(model, data, options):
    model[1].forward = lambda rows: rows[:, :6]


def with_a_weight_that_is_watched(model, data, options):
    model[1].weight.register_hook(lambda gradient: gradient * 0)


def tied(model, data, options):
    model[2].bias = model[1].bias


def not_saved(model, data, options):
    model[1].register_buffer("more", torch.ones(1), persistent=False)


UNKNOWN = [hooked, of_a_notebook, another_forward, with_a_weight_that_is_watched, tied, not_saved]

DIFFERENT = {
    "longer": lambda model, data, options: options.update(epochs=3),
    "faster": lambda model, data, options: options.update(learning_rate=0.1),
    "in other batches": lambda model, data, options: options.update(batch_size=9),
    "in another order": lambda model, data, options: options.update(seed=1),
    "under masks": lambda model, data, options: options.update(masks=MASKS),
    "from other weights": lambda model, data, options: model[1].weight.data.mul_(2),
    "from another statistic": lambda model, data, options: model[2].running_mean.add_(1),
    "with a frozen weight": lambda model, data, options: model[1].weight.requires_grad_(False),
    "with a frozen norm": lambda model, data, options: model[2].eval(),
    "with more momentum": lambda model, data, options: setattr(model[2], "momentum", 0.5),
    "on other images": lambda model, data, options: data.__setitem__(0, data[0] + 1),
    "on other labels": lambda model, data, options: data.__setitem__(1, data[1].flip(0)),
    "with other random numbers": lambda model, data, options: torch.manual_seed(5),
    "by another optimizer": lambda model, data, options: options.update(optimizer=partial(SGD, momentum=0.9)),
    "with a function after each step": lambda model, data, options: options.update(after_step=lambda: None),
    **{change.__name__: change for change in UNKNOWN},
}


@pytest.mark.parametrize("change", DIFFERENT.values(), ids=DIFFERENT)
def test_what_differs_in_anything_is_trained_anew(trained, change):
    with train_once.shared():
        other(lambda *_: None)
        other(change)
    assert len(trained) == 2


@pytest.mark.parametrize("change", UNKNOWN, ids=lambda change: change.__name__)
def test_what_cannot_be_written_down_is_trained_each_time(trained, change):
    with train_once.shared():
        other(change)
        other(change)
    assert len(trained) == 2


def test_numbers_that_read_alike_in_a_row_are_not_the_same(trained):
    with train_once.shared():
        for batch_size, seed in ((5, 10), (51, 0)):
            train.fit(network(), DATA, epochs=1, batch_size=batch_size, seed=seed)
        with torch.autocast("cpu", torch.bfloat16):
            train.fit(network(), DATA, epochs=1, batch_size=5, seed=10)
    assert len(trained) == 3


BAD = {
    "epochs": lambda: train.fit(network(), DATA, epochs=0),
    "a name": lambda: train.fit(network(), DATA, epoch=1),
    "a batch": lambda: train.fit(network(), DATA, epochs=1, batch_size="many"),
    "a place": lambda: train.fit(network(), DATA, 5, epochs=1),
    "no pair": lambda: train.fit(network(), iter(DATA), epochs=1),
    "no masks": lambda: train.fit(network(), DATA, epochs=1, masks={}.items()),
}


@pytest.mark.parametrize("ask", BAD.values(), ids=BAD)
def test_bad_input_is_refused_as_without(ask):
    with pytest.raises((TypeError, ValueError)) as alone:
        ask()
    with train_once.shared():
        train.fit(network(), DATA, epochs=1)
        with pytest.raises(type(alone.value)) as shared:
            ask()
    assert str(shared.value) == str(alone.value)


def test_a_model_that_is_given_by_name_is_trained():
    with train_once.shared():
        assert len(train.fit(model=network(), data=DATA, epochs=2)) == 2


@pytest.mark.parametrize("folder", ["", "nowhere"])
def test_without_a_folder_nothing_is_shared(trained, monkeypatch, folder):
    monkeypatch.setenv(train_once.FOLDER, folder)
    with train_once.shared():
        for _ in range(2):
            train.fit(network(), DATA, epochs=1)
    assert len(trained) == 2


def test_a_file_that_is_not_whole_is_not_taken(trained, tmp_path):
    with train_once.shared():
        train.fit(network(), DATA, epochs=1)
        (file,) = tmp_path.iterdir()
        file.write_bytes(file.read_bytes()[:50])
        losses = [train.fit(network(), DATA, epochs=1) for _ in range(2)]
    assert losses[0] == losses[1]
    assert len(trained) == 2


def test_the_networks_of_the_course_are_shared(trained):
    few = torch.rand(4, 1, 28, 28), torch.tensor([0, 1, 2, 3])
    with train_once.shared():
        for made in (models.lenet_300_100, models.lenet5, models.vgg_small, models.resnet_small) * 2:
            torch.manual_seed(1)
            train.fit(made(), few, epochs=1)
    assert len(trained) == 4
