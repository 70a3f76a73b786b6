"""Training: the hand-made step, determinism, modes and random numbers left alone, zeros held, and clear errors."""

import itertools
import math
from contextlib import nullcontext
from functools import partial

import pytest
import torch
from bad_input import bad_input_test
from torch import nn
from torch.nn import functional as F
from torch.optim import SGD

from pruning_lab import data, masks, models, progress, prune, train

IMAGES = torch.eye(4)
LABELS = torch.tensor([0, 1, 2, 2])


def linear(classes=3):
    torch.manual_seed(0)
    return nn.Linear(4, classes)


def same_weights(one, other):
    return all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


@pytest.fixture(scope="module")
def fashion():
    """A twentieth of the training images, and the validation images."""
    images, labels = data.fashion_mnist("train")
    return (images[::20], labels[::20]), data.fashion_mnist("validation")


def test_evaluate_by_hand():
    """Identity: the image is the logits, so the class is where the 1 stands. Three of four are right."""
    assert train.evaluate(nn.Identity(), (IMAGES, torch.tensor([0, 1, 2, 0]))) == 0.75


def test_evaluate_over_many_batches_counts_every_image_once():
    labels = torch.arange(2_500) % 4
    assert train.evaluate(nn.Identity(), (IMAGES[labels], labels)) == 1.0
    assert train.evaluate(nn.Identity(), (IMAGES[labels], labels.roll(1))) == 0.0


def test_one_whole_batch_is_one_step_of_gradient_descent():
    """SGD at rate 0.5 on a batch of all images: the order does not matter, so the result is known by hand."""
    model, twin = linear(), linear()
    loss = F.cross_entropy(twin(IMAGES), LABELS)
    loss.backward()
    history = train.fit(model, (IMAGES, LABELS), epochs=1, batch_size=4, learning_rate=0.5, optimizer=SGD)
    torch.testing.assert_close(model.weight, twin.weight - 0.5 * twin.weight.grad)
    torch.testing.assert_close(model.bias, twin.bias - 0.5 * twin.bias.grad)
    assert history == pytest.approx([loss.item()])


def test_fit_learns_where_gradients_are_off_and_where_the_default_device_is_another():
    histories = []
    for surroundings in (nullcontext(), torch.no_grad(), torch.device("meta")):
        model = linear()
        with surroundings:
            histories.append(train.fit(model, (IMAGES, LABELS), epochs=2, batch_size=2))
            histories.append(train.evaluate(model, (IMAGES, LABELS)))
    assert histories[:2] == histories[2:4] == histories[4:]


def test_weights_that_were_spoilt_before_are_not_blamed_on_the_learning_rate():
    model = linear()
    nn.init.constant_(model.weight, math.nan)
    with pytest.raises(FloatingPointError, match=r"^model must give a finite loss before it is trained; got nan$"):
        train.fit(model, (IMAGES, LABELS), epochs=1)


def test_inference_mode_is_no_place_to_learn_in():
    with torch.inference_mode():
        model = linear()
        with pytest.raises(ValueError, match=r"^model must be made and trained outside of torch.inference_mode\(\)"):
            train.fit(linear(), (IMAGES, LABELS), epochs=1)
    with pytest.raises(ValueError, match=r"^model must be made and trained outside of torch.inference_mode\(\)"):
        train.fit(model, (IMAGES, LABELS), epochs=1)


def test_learning_rate_falls_in_a_straight_line_to_zero():
    rates = []

    class Watched(SGD):
        def step(self, closure=None):
            rates.append(self.param_groups[0]["lr"])
            return super().step(closure)

    train.fit(linear(), (IMAGES, LABELS), epochs=2, batch_size=2, learning_rate=1.0, optimizer=Watched)
    assert rates == pytest.approx([1.0, 0.75, 0.5, 0.25])


@pytest.mark.parametrize(
    ("n", "batch_size", "sizes"), [(4, 3, [2, 2]), (4, 9, [4]), (3, 1, [1, 1, 1]), (7, 3, [3, 2, 2])]
)
def test_batches_are_even_and_each_image_comes_once(n, batch_size, sizes):
    """No batch of one image left over: batch norm cannot train on it."""
    seen = []

    class Watched(nn.Linear):
        def forward(self, images):
            if self.training:
                seen.append(images[:, 0].tolist())
            return super().forward(images)

    images = torch.arange(n, dtype=torch.float32).unsqueeze(1)
    train.fit(Watched(1, 2), (images, torch.zeros(n, dtype=torch.int64)), epochs=1, batch_size=batch_size)
    assert [len(batch) for batch in seen] == sizes
    assert sorted(pixel for batch in seen for pixel in batch) == images[:, 0].tolist()


def test_each_epoch_has_its_own_order_and_a_seed_repeats_it():
    def orders(seed):
        seen = []

        class Watched(nn.Linear):
            def forward(self, images):
                if self.training:
                    seen.append(tuple(images[:, 0].tolist()))
                return super().forward(images)

        images = torch.arange(9, dtype=torch.float32).unsqueeze(1)
        train.fit(Watched(1, 2), (images, torch.zeros(9, dtype=torch.int64)), epochs=3, batch_size=9, seed=seed)
        return seen

    assert len(set(orders(0))) == 3
    assert orders(0) == orders(0)
    assert orders(0) != orders(1)


def test_same_seed_gives_the_same_weights_to_the_bit(fashion):
    trained = []
    for global_seed in (1, 2):
        torch.manual_seed(0)
        model = models.lenet_300_100(widths=(20, 10))
        torch.manual_seed(global_seed)  # the global generator decides nothing here
        train.fit(model, fashion[0], epochs=2)
        trained.append(model)
    assert same_weights(*trained)


def test_global_random_state_is_left_alone():
    model = linear()
    before = torch.get_rng_state()
    train.fit(model, (IMAGES, LABELS), epochs=2)
    train.evaluate(model, (IMAGES, LABELS))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("call", [partial(train.fit, epochs=1), train.evaluate])
def test_every_module_comes_back_in_the_mode_it_came_in(call):
    model = nn.Sequential(linear(), nn.Dropout(), nn.BatchNorm1d(3))
    model.train()
    model[2].eval()
    call(model, (IMAGES, LABELS))
    assert [module.training for module in model.modules()] == [True, True, True, False]


def test_modes_come_back_after_an_error_too():
    model = linear().eval()
    with pytest.raises(FloatingPointError):
        train.fit(model, (IMAGES * 1e20, LABELS), epochs=9, learning_rate=1e30, optimizer=SGD)
    assert not model.training


def test_evaluate_changes_nothing():
    model = nn.Sequential(linear(), nn.BatchNorm1d(3))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    train.evaluate(model, (IMAGES, LABELS))
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_lenet_learns_fashion_mnist(fashion):
    """500 images and three epochs are enough for 60 %; a guess gets 10 %."""
    torch.manual_seed(0)
    model = models.lenet_300_100()
    history = train.fit(model, fashion[0], epochs=3)
    assert history == sorted(history, reverse=True)
    assert train.evaluate(model, fashion[1]) > 0.6


def test_fine_tune_holds_zeros_and_recovers(fashion):
    """Pruned weights stay exactly zero through Adam's momentum, and accuracy comes back by retraining."""
    torch.manual_seed(0)
    model = models.lenet_300_100()
    train.fit(model, fashion[0], epochs=3)
    keep = masks.mask_global(prune.prunable_weights(model), 0.9, by_magnitude=True)
    prune.apply_masks_(model, keep)
    pruned = train.evaluate(model, fashion[1])
    train.fine_tune(model, fashion[0], keep, epochs=2)
    for name, mask in keep.items():
        assert (model.get_parameter(name)[~mask] == 0).all()
    assert train.evaluate(model, fashion[1]) > pruned


def test_fine_tune_with_masks_that_keep_all_is_fit():
    model, twin = linear(), linear()
    train.fit(model, (IMAGES, LABELS), epochs=3)
    train.fine_tune(twin, (IMAGES, LABELS), {"weight": torch.ones(3, 4, dtype=torch.bool)}, epochs=3)
    assert same_weights(model, twin)


def test_after_step_comes_between_the_step_and_the_zeros():
    """SGD with momentum moves a held weight in every step after the first; it is zero again only once this is over."""
    model, held = linear(), {"weight": torch.ones(3, 4, dtype=torch.bool)}
    made, before, after, rates = [], [], [], []

    def optimizer(parameters, lr):
        made.append(SGD(parameters, lr=lr, momentum=0.9))
        made[0].register_step_pre_hook(lambda *_: before.append(model.weight.detach().clone()))
        return made[0]

    def after_step():
        after.append(model.weight.detach().clone())
        rates.append(made[0].param_groups[0]["lr"])
        held["weight"] = torch.arange(12).reshape(3, 4) >= len(after)  # one more in every step

    options = {"optimizer": optimizer, "masks": held, "after_step": after_step}
    train.fit(model, (IMAGES, LABELS), epochs=2, batch_size=2, learning_rate=1.0, **options)
    assert rates == pytest.approx([1.0, 0.75, 0.5, 0.25])  # the rate of the step just taken
    for number, (earlier, now) in enumerate(zip(before, after, strict=True)):
        assert (earlier.flatten()[:number] == 0).all()  # what the last call pruned was zero before this step ...
        assert (now.flatten()[:number] != 0).all()  # ... and this step has moved it when the call comes
    assert model.weight.flatten()[:4].tolist() == [0] * 4  # also what the last call of all pruned
    assert model.weight.flatten()[4:].ne(0).all()


def pruned_while_training(how, fashion):
    """Return a network pruned every third step by one ranking of its weights, its losses, and its masks."""
    torch.manual_seed(0)
    model = models.lenet_300_100(widths=(20, 10))
    held, weights, count = {}, prune.prunable_weights(model), itertools.count(1)

    def prune_further(*_):
        if (step := next(count)) % 3 == 0:
            prune.apply_masks_(model, held)
            held.update(masks.mask_global(weights, min(0.9, step / 30), by_magnitude=True))

    def hooked(parameters, lr):
        optimizer = train.ADAM(parameters, lr=lr)
        optimizer.register_step_post_hook(prune_further)
        return optimizer

    options = {"hook": {"optimizer": hooked}, "after_step": {"after_step": prune_further}}[how]
    history = train.fit(model, fashion[0], epochs=3, masks=held, **options)
    return model, history, held


def test_after_step_gives_the_bits_of_a_hook_on_the_optimizer(fashion):
    hooked, history, held = pruned_while_training("hook", fashion)
    model, same_history, same_held = pruned_while_training("after_step", fashion)
    assert same_weights(model, hooked)
    assert same_history == history
    assert all(torch.equal(same_held[name], mask) for name, mask in held.items())
    assert sum(int((~mask).sum()) for mask in held.values()) == round(0.9 * sum(map(torch.numel, held.values())))
    assert all((model.get_parameter(name)[~mask] == 0).all() for name, mask in held.items())


@pytest.mark.parametrize("error", [None, KeyError])
def test_after_step_is_over_when_training_is(error):
    made = []

    def optimizer(parameters, lr):
        made.append(SGD(parameters, lr=lr))
        return made[0]

    def after_step():
        if error:
            raise error

    with pytest.raises(error) if error else nullcontext():
        train.fit(linear(), (IMAGES, LABELS), epochs=1, optimizer=optimizer, after_step=after_step)
    assert not made[0]._optimizer_step_post_hooks


def test_quick_training_prints_nothing(capsys):
    train.fit(linear(), (IMAGES, LABELS), epochs=2)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("wanted", "variable", "shown"), [(True, "", True), (True, "1", False), (False, "", False)])
def test_bar_is_shown_only_where_it_is_wanted(monkeypatch, wanted, variable, shown):
    bars = []

    def bar(**options):
        shown_bar = progress.bar(**options)
        bars.append((shown_bar.total, shown_bar.disable))  # closing it disables it
        return shown_bar

    monkeypatch.setenv("TQDM_DISABLE", variable)
    monkeypatch.setattr(train, "bar", bar)
    train.fit(linear(), (IMAGES, LABELS), epochs=5, batch_size=2, progress=wanted)
    assert bars == [(10, not shown)]


def test_data_stay_as_they_are():
    images, labels = IMAGES.clone(), LABELS.clone()
    train.fit(linear(), (images, labels), epochs=2, batch_size=2)
    assert torch.equal(images, IMAGES)
    assert torch.equal(labels, LABELS)


class Answering(nn.Module):
    """Gives the same answer, whatever it is asked."""

    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def forward(self, images):
        return self.answer(images)


@pytest.mark.parametrize(
    ("value", "lost"),
    [
        ([math.nan] * 3, 4),
        ([0, math.nan, 1], 4),
        ([-math.inf] * 3, 4),
        ([math.inf, math.inf, 0], 4),
        ([0, 1, math.inf], 0),
        ([-math.inf, -math.inf, 1], 0),
    ],
)
def test_logits_that_name_no_class_are_no_accuracy(value, lost):
    model = Answering(lambda images: torch.tensor([value]).expand(len(images), 3))
    if not lost:
        assert train.evaluate(model, (IMAGES, LABELS)) == 0.5
        return
    with pytest.raises(ValueError, match="model must return logits that name a class; got NaN or several") as caught:
        train.evaluate(model, (IMAGES, LABELS))
    assert f"for {lost} of 4 images" in str(caught.value)


@pytest.mark.parametrize("extra", [(1, 1), (1,)])
@pytest.mark.parametrize("images", [4, 8])
def test_logits_of_another_shape_are_named_beside_the_images(extra, images):
    model = Answering(lambda given: torch.zeros(len(given), images, *extra))
    data = torch.rand(images, 1, 2, 2), torch.zeros(images, dtype=torch.int64)
    with pytest.raises(ValueError, match="logits of shape") as caught:
        train.evaluate(model, data)
    shapes = f"(1, {images}, {', '.join('1' for _ in extra)}) for images (1, 1, 2, 2)"
    assert str(caught.value) == f"model must return logits of shape (batch, classes); got {shapes}"


def test_a_forgotten_flatten_is_no_accuracy():
    data = torch.rand(8, 1, 4, 4), torch.arange(8) % 4
    with pytest.raises(ValueError, match="model must return logits of shape"):
        train.evaluate(nn.Linear(4, 4), data)


class Halving(nn.Linear):
    """Begins in place."""

    def forward(self, images):
        return super().forward(images.mul_(0.5))


class Sneaking(nn.Linear):
    """Begins in place where autograd does not look."""

    def forward(self, images):
        images.data.mul_(0.5)
        return super().forward(images)


@pytest.mark.parametrize("kind", [Halving, Sneaking])
def test_a_model_that_writes_into_its_images_leaves_the_callers_alone(kind):
    images, labels, model = IMAGES.clone(), LABELS.clone(), kind(4, 3)
    assert len({train.evaluate(model, (images, labels)) for _ in range(4)}) == 1
    train.fit(model, (images, labels), epochs=2, batch_size=2)
    assert torch.equal(images, IMAGES)


def test_images_collect_no_gradient():
    images = IMAGES.clone().requires_grad_()
    train.fit(linear(), (images, LABELS), epochs=1)
    assert images.grad is None


def test_weights_spoilt_by_the_last_step_are_an_error():
    with pytest.raises(FloatingPointError, match="weight NaN or infinite after the last step"):
        train.fit(linear(), (IMAGES * 1e20, LABELS), epochs=1, learning_rate=1e30, optimizer=SGD, batch_size=4)


@pytest.mark.parametrize("frozen", [False, True])
def test_a_frozen_batch_norm_keeps_its_statistics(frozen):
    model = nn.Sequential(linear(), nn.BatchNorm1d(3))
    model[1].train(not frozen)
    train.fit(model, (IMAGES, LABELS), epochs=2)
    assert (model[1].num_batches_tracked == 0) == frozen
    assert model.training
    assert model[1].training is not frozen


def test_a_model_in_evaluation_mode_trains_in_training_mode():
    model = nn.Sequential(linear(), nn.BatchNorm1d(3)).eval()
    train.fit(model, (IMAGES, LABELS), epochs=2)
    assert model[1].num_batches_tracked == 2
    assert not any(module.training for module in model.modules())


def fit(images=IMAGES, labels=LABELS, model=None, **options):
    return train.fit(model or linear(), (images, labels), **{"epochs": 1, **options})


BAD_INPUT = [
    ("epochs zero", lambda: fit(epochs=0), ValueError, "epochs must be at least 1; got 0"),
    ("epochs negative", lambda: fit(epochs=-1), ValueError, "epochs must be at least 1; got -1"),
    ("epochs float", lambda: fit(epochs=1.0), TypeError, "epochs must be an integer; got 1.0"),
    ("batch size zero", lambda: fit(batch_size=0), ValueError, "batch_size must be at least 1; got 0"),
    ("seed negative", lambda: fit(seed=-1), ValueError, "seed must be at least 0; got -1"),
    (
        "learning rate zero",
        lambda: fit(learning_rate=0),
        ValueError,
        "learning_rate must be a finite number above 0; got 0",
    ),
    (
        "learning rate NaN",
        lambda: fit(learning_rate=float("nan")),
        ValueError,
        "learning_rate must be a finite number above 0; got nan",
    ),
    (
        "learning rate text",
        lambda: fit(learning_rate="0.1"),
        TypeError,
        "learning_rate must be a number above 0; got '0.1'",
    ),
    (
        "model a function",
        lambda: train.evaluate(lambda images: images, (IMAGES, LABELS)),
        TypeError,
        "model must be a torch.nn.Module; got function",
    ),
    (
        "data not a pair",
        lambda: train.evaluate(linear(), IMAGES),
        TypeError,
        "data must be a pair (images, labels); got Tensor",
    ),
    (
        "data of three",
        lambda: train.evaluate(linear(), (IMAGES, LABELS, LABELS)),
        ValueError,
        "data must be a pair (images, labels); got 3 entries",
    ),
    (
        "images integer",
        lambda: fit(images=torch.ones(4, 4, dtype=torch.uint8)),
        TypeError,
        "images must be a floating-point tensor; got dtype torch.uint8",
    ),
    (
        "images a list",
        lambda: fit(images=[[1.0]]),
        TypeError,
        "images must be a torch.Tensor; got list",
    ),
    (
        "labels float",
        lambda: fit(labels=LABELS.float()),
        TypeError,
        "labels must be an int64 tensor; got torch.float32",
    ),
    ("labels a list", lambda: fit(labels=[0, 1, 2, 2]), TypeError, "labels must be an int64 tensor; got list"),
    (
        "fewer labels than images",
        lambda: fit(labels=LABELS[:3]),
        ValueError,
        "labels must have 1 axis, as long as the first of images; got images (4, 4) and labels (3,)",
    ),
    (
        "labels one-hot",
        lambda: fit(labels=torch.ones(4, 3, dtype=torch.int64)),
        ValueError,
        "labels must have 1 axis, as long as the first of images; got images (4, 4) and labels (4, 3)",
    ),
    (
        "no images",
        lambda: fit(images=IMAGES[:0], labels=LABELS[:0]),
        ValueError,
        "data must hold at least one image; got images of shape (0, 4)",
    ),
    (
        "images with NaN",
        lambda: fit(images=IMAGES / IMAGES.max(1).values.sub(1)),
        ValueError,
        "images must be finite; got 16 NaN or infinite entries",
    ),
    ("label too large", lambda: fit(labels=LABELS + 1), ValueError, "labels must be in [0, 3); got 1 to 3"),
    ("label negative", lambda: fit(labels=LABELS - 1), ValueError, "labels must be in [0, 3); got -1 to 1"),
    (
        "label too large in evaluate",
        lambda: train.evaluate(linear(classes=2), (IMAGES, LABELS)),
        ValueError,
        "labels must be in [0, 2); got 0 to 2",
    ),
    (
        "loss not finite",
        lambda: fit(images=IMAGES * 1e20, learning_rate=1e30, optimizer=SGD, batch_size=4, epochs=3),
        FloatingPointError,
        "learning_rate must keep the loss finite; got a loss of nan at step 2 with 1e+30: try a tenth",
    ),
    (
        "after_step a number",
        lambda: fit(after_step=10),
        TypeError,
        "after_step must be a function without arguments; got int",
    ),
    (
        "a model of no numbers",
        lambda: train.evaluate(nn.Linear(4, 3, device="meta"), (IMAGES, LABELS)),
        ValueError,
        "model must hold numbers; got 'weight' on the meta device, which has a shape only",
    ),
    (
        "images of no numbers",
        lambda: fit(images=IMAGES.to("meta")),
        ValueError,
        "images must hold numbers; got a tensor on the meta device, which has a shape only",
    ),
    (
        "labels of no numbers",
        lambda: fit(labels=LABELS.to("meta")),
        ValueError,
        "labels must hold numbers; got a tensor on the meta device, which has a shape only",
    ),
    (
        "a model that returns two tensors",
        lambda: train.evaluate(Answering(lambda images: (images, images)), (IMAGES, LABELS)),
        TypeError,
        "model must return a tensor of logits (batch, classes); got tuple",
    ),
    (
        "complex logits",
        lambda: train.evaluate(Answering(lambda images: images + 1j), (IMAGES, LABELS)),
        TypeError,
        "model must return logits that are real numbers; got dtype torch.complex64",
    ),
    (
        "a model without parameters",
        lambda: fit(model=nn.Identity()),
        ValueError,
        "model must hold parameters that require a gradient; got none in Identity",
    ),
    (
        "an optimizer that is one already",
        lambda: fit(optimizer=SGD(linear().parameters(), lr=0.1)),
        TypeError,
        "optimizer must be called as optimizer(parameters, lr=...); got SGD",
    ),
    (
        "an optimizer of another model",
        lambda: fit(optimizer=lambda _, lr: SGD(linear().parameters(), lr=lr)),
        ValueError,
        "optimizer must train parameters of the model; got SGD that trains others",
    ),
    (
        "an optimizer that is none",
        lambda: fit(optimizer=lambda parameters, lr: None),
        TypeError,
        "optimizer must return a torch.optim.Optimizer; got NoneType",
    ),
    (
        "masks of another model",
        lambda: train.fine_tune(linear(), (IMAGES, LABELS), {"fc1.weight": torch.ones(3, 4, dtype=torch.bool)}),
        ValueError,
        "masks must name parameters of the model (weight, bias); got 'fc1.weight'",
    ),
    (
        "masks None",
        lambda: train.fine_tune(linear(), (IMAGES, LABELS), None),
        TypeError,
        "masks must be a dict of name: bool tensor; got NoneType",
    ),
]


test_bad_input = bad_input_test(BAD_INPUT)
