"""Lesson 06's experiments: scores by place, born-small twins, choices on validation, cuts through a norm."""

import copy

import pytest
import torch
from torch import nn

from pruning_lab import channels, measure
from pruning_lab.lesson.coupled_channels import experiments
from pruning_lab.lesson.coupled_channels.networks import Residual, example


def block_and_group():
    torch.manual_seed(0)
    block = Residual()
    return block, channels.channel_groups(block, example())["stem.weight"]


def test_a_unit_is_worth_all_that_it_owns_or_its_filters_alone():
    block, group = block_and_group()
    filters = block.stem.weight[4].abs().sum() + block.conv2.weight[4].abs().sum()
    readers = block.conv1.weight[:, 4].abs().sum() + block.head.weight[:, 4].abs().sum()
    assert torch.isclose(experiments.unit_scores(block, group)[4], filters + readers)
    with pytest.raises(ValueError, match=r"score must be one of .*; got 'best'"):
        experiments.unit_scores(block, group, "best")


def test_filters_alone_are_without_what_reads_them():
    block, group = block_and_group()
    filters = block.stem.weight[4].abs().sum() + block.conv2.weight[4].abs().sum()
    assert torch.isclose(experiments.unit_scores(block, group, "its filters alone")[4], filters)


def test_the_twin_takes_the_weights_of_the_shrunk_network():
    model, images = experiments.resnet20(), torch.rand(2, 1, 14, 14)
    groups = channels.channel_groups(model, images)
    small = channels.shrink(model, experiments.keep_by_score(model, groups, 0.5), groups=groups)
    twin = experiments.born_small(small)
    twin.load_state_dict(small.state_dict())
    assert torch.equal(twin.eval()(images), small.eval()(images))


def test_statistics_are_those_of_the_pictures_and_no_weight_moves():
    model, pictures = nn.Sequential(nn.BatchNorm2d(1), nn.Flatten()), torch.rand(200, 1, 4, 4)
    again = experiments.statistics_again(model, pictures)
    assert torch.isclose(again[0].running_mean, pictures.mean(), atol=1e-6)
    assert again[0].momentum == 0.1
    assert not again.training
    assert model[0].running_mean == 0


def test_validation_chooses_and_the_other_is_never_tested(monkeypatch):
    seen = []
    few = {split: tuple(part[:20] for part in experiments.images(split)) for split in ("train", "validation", "test")}
    monkeypatch.setattr(experiments, "images", few.__getitem__)
    monkeypatch.setattr(experiments.train, "fit", lambda *_, **__: None)
    names = {id(few[split][0]): split for split in few}

    def evaluate(model, data):
        seen.append(names[id(data[0])])
        return 0.5

    monkeypatch.setattr(experiments.train, "evaluate", evaluate)
    rows = experiments.one_seed(0)
    assert [row["network"] for row in rows[:2]] == ["dense", "dense, trained as long"]
    assert sum(row["test"] is None for row in rows) == len(experiments.FRACTIONS)
    assert seen.count("test") == len(rows) - len(experiments.FRACTIONS)
    pruned, born = ([row for row in rows if row["network"] == name] for name in ("retrained", "born small"))
    for one, other in zip(pruned, born, strict=True):
        assert (one["parameters"], one["macs"]) == (other["parameters"], other["macs"])


def test_what_is_written_down_is_whole_and_of_today():
    rows = experiments.measured()
    assert len(rows) == 3 * (2 + 5 * len(experiments.FRACTIONS))
    assert {row["seed"] for row in rows} == {0, 1, 2}
    model, images = experiments.resnet20(), torch.zeros(1, 1, 14, 14)
    groups = channels.channel_groups(model, images)
    for fraction in experiments.FRACTIONS:
        small = channels.shrink(model, experiments.keep_by_score(model, groups, fraction), groups=groups)
        assert {row["macs"] for row in rows if row["fraction"] == fraction} == {measure.macs(small.eval(), images)}


def test_by_seed_gives_a_row_for_each_seed():
    rows = [{"seed": s, "network": "a", "fraction": f, "test": s + f} for f in (0.5, 0.25) for s in (0, 1)]
    rows.append({"seed": 0, "network": "a", "fraction": 0.5, "test": None})
    assert experiments.by_seed(rows, "a") == ([0.25, 0.5], [[0.25, 0.5], [1.25, 1.5]])


def normed(norm):
    torch.manual_seed(0)
    return experiments.normed_network(norm, hidden=12).double(), torch.arange(0, 12, 2)


def test_the_mask_ahead_of_a_norm_is_exact_for_rms_with_the_factor_alone():
    images = torch.rand(5, 1, 14, 14, dtype=torch.float64)
    for norm, rescale, exact in [(nn.RMSNorm, True, True), (nn.RMSNorm, False, False), (nn.LayerNorm, True, False)]:
        model, keep = normed(norm)
        before = copy.deepcopy(model.state_dict())
        small = experiments.cut_through(model, keep, rescale)
        with torch.no_grad():
            same = torch.allclose(small(images), experiments.silence(model, keep)(images), rtol=0, atol=1e-12)
        assert same == exact
        assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_a_cut_that_removes_nothing_costs_nothing():
    model, _ = normed(nn.LayerNorm)
    data = torch.rand(20, 1, 14, 14, dtype=torch.float64), torch.arange(20) % 10
    (cost,) = experiments.layer_norm_costs(model, data, [0.0])
    assert (cost.cut, cost.rescaled, cost.masked) == (0, 0, cost.accuracy)


def test_a_pixel_is_the_mean_of_four():
    pictures, labels = experiments.images("validation")
    full, same = experiments.data.fashion_mnist("validation")
    assert torch.isclose(pictures[3, 0, 5, 6], full[3, 0, 10:12, 12:14].mean())
    assert torch.equal(labels, same)


def test_what_the_lesson_says_of_the_measured_rows_holds():
    rows = experiments.measured()
    _, one_shot = experiments.by_seed(rows, "one-shot")
    _, retrained = experiments.by_seed(rows, "retrained")
    _, born = experiments.by_seed(rows, "born small")
    for worst, tuned, small in zip(one_shot, retrained, born, strict=True):
        assert worst[1] < 0.15  # chance is 0.1
        assert all(one + 0.5 < other for one, other in zip(worst, tuned, strict=True))
        assert all(one < other for one, other in zip(tuned, small, strict=True))
