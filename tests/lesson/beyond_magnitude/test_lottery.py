"""Lesson 08's retraining: each control starts where it says, under the mask that it says, on few pictures."""

import pytest
import torch

from pruning_lab import data, prune
from pruning_lab.lesson.beyond_magnitude import lottery


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """Two hundred pictures, one epoch: what is checked is not how well it learns."""
    images, labels = data.fashion_mnist("train")
    monkeypatch.setattr(lottery, "pictures", lambda split: (images[:200], labels[:200]))
    monkeypatch.setattr(lottery, "EPOCHS", 1)
    lottery.dense_network.cache_clear()
    lottery.trained_as_long.cache_clear()
    yield
    lottery.dense_network.cache_clear()
    lottery.trained_as_long.cache_clear()


def weights(model):
    return {name: weight.detach() for name, weight in prune.prunable_weights(model).items()}


def test_shuffled_masks_keep_as_many_in_each_layer_at_other_places():
    masks = lottery.magnitude_masks(lottery.fresh(0), 0.9)
    other = lottery.shuffled(masks, 1)
    assert {name: int(mask.sum()) for name, mask in masks.items()} == {n: int(m.sum()) for n, m in other.items()}
    assert not any(torch.equal(masks[name], other[name]) for name in masks)


def test_masks_by_chance_take_the_same_part_of_every_layer():
    masks = lottery.by_chance(lottery.magnitude_masks(lottery.fresh(0), 0.9), 0.9, 1)
    assert {name: int((~mask).sum()) for name, mask in masks.items()} == {
        name: round(0.9 * mask.numel()) for name, mask in masks.items()
    }


@pytest.mark.parametrize(
    ("name", "begins", "rate"),
    [
        ("fine-tuned, a twentieth of the rate", "dense", 0.0002),
        ("fine-tuned, a quarter of the rate", "dense", 0.001),
        ("learning rate rewound", "dense", 0.004),
        ("ticket: weights rewound to the start", "start", 0.004),
        ("same mask, new start", "new", 0.004),
        ("mask shuffled within layers", "new", 0.004),
        ("mask drawn by chance", "new", 0.004),
    ],
)
def test_each_control_starts_where_it_says(name, begins, rate, monkeypatch):
    begun = []
    monkeypatch.setattr(
        lottery, "trained", lambda model, seed, masks, rate: begun.append((model, masks, rate)) or model
    )
    networks = {"start": lottery.fresh(0), "dense": lottery.fresh(5), "new": lottery.fresh(1000)}
    masks = lottery.magnitude_masks(networks["dense"], 0.9)
    lottery.retrained(name, networks["start"], networks["dense"], masks, 0.9, seed=0)
    [(model, used, at)] = begun
    assert all(torch.equal(weights(model)[n], w) for n, w in weights(networks[begins]).items())
    assert at == pytest.approx(rate)
    same = all(torch.equal(used[n], masks[n]) for n in masks)
    assert same == (name not in ("mask shuffled within layers", "mask drawn by chance"))


def test_not_retrained_is_the_dense_network_under_its_mask():
    dense = lottery.fresh(5)
    masks = lottery.magnitude_masks(dense, 0.9)
    left = lottery.retrained("not retrained", lottery.fresh(0), dense, masks, 0.9, 0)
    assert all(torch.equal(weight, weights(dense)[name] * masks[name]) for name, weight in weights(left).items())


def test_a_control_that_nobody_knows_is_refused():
    with pytest.raises(ValueError, match=r"^name must be one of not retrained, .*; got 'luck'$"):
        lottery.retrained("luck", None, None, {}, 0.9, 0)


def test_rounds_end_at_the_sparsity_and_what_went_stays_away():
    start, dense = lottery.fresh(0), lottery.dense_network(0)
    for begin in (start, None):
        model, masks = lottery._rounds(dense, 0, 0.95, 5, begin)
        gone = sum(int((~mask).sum()) for mask in masks.values())
        assert gone == round(0.95 * 266_200)
        assert all(not weight[~masks[name]].any() for name, weight in weights(model).items())


def test_accuracies_come_by_name_on_the_split_that_was_asked_for(monkeypatch):
    splits = []
    monkeypatch.setattr(lottery, "accuracy_of", lambda model, split: splits.append(split) or 0.5)
    names = ("not retrained", "learning rate rewound")
    assert list(lottery.one_shot(0, 0.9, names, "validation")) == ["dense", "dense, trained as long", *names]
    assert set(splits) == {"validation"}
    assert list(lottery.iterative(0, 0.9, 2))[2:] == [
        "ticket",
        "its mask, new start",
        "learning rate rewound",
        "one-shot ticket",
        "one-shot mask, new start",
    ]
