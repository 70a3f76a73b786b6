"""hw5-capstone, question 5: the solution's file scores full marks, no file 0, and each wrong file what it should."""

import json
import shutil

import numpy as np
import pytest
import torch
import train_once
from homework_tests import fenced, graded, solution_of
from safetensors.torch import load, save

from pruning_lab import channels, data, measure, models, train
from pruning_lab.homework import hw5_checks as hw5
from pruning_lab.homework.frame import grading, release
from pruning_lab.homework.frame.submissions import read_submissions

NAME, ALL = "hw5-capstone", 8
EXAMPLE = torch.zeros(1, 1, 28, 28)


@pytest.fixture
def made(make):
    return make(NAME)


@pytest.fixture(scope="module")
def solved():
    """The file of the solution, as its state and what it keeps, trained as its notebook trains it, or by it."""
    training, validation = data.fashion_mnist("train"), data.fashion_mnist("validation")
    torch.manual_seed(0)
    dense = models.resnet_small()
    with measure.one_thread(), train_once.shared():
        train.fit(dense, training, epochs=EPOCHS, progress=False)
        small, keep = solution_of(NAME)["my_small"](dense.eval(), training, validation)
    return small.state_dict(), {name: [int(index) for index in indices] for name, indices in keep.items()}


EPOCHS = 3  # of the whole network, in the notebook


def written(state, keep):
    """A file as `channels.save_shrunk` writes it."""
    whole = {name: tensor.detach().clone().contiguous() for name, tensor in state.items()}
    return save(whole, {"keep": keep if isinstance(keep, str) else json.dumps(keep)})


def files(content):
    return {"files": {hw5.FILE: content}}


def test_the_solution_scores_full_marks(made, solved):
    assert graded(made, "q5", files(written(*solved))) == (ALL, [])


def test_the_untouched_release_scores_nothing(made):
    missing = "not written yet (replace the ...), or not handed in with the notebook"
    assert graded(made, "q5", {"files": {}}) == (0, [f"{hw5.FILE} is missing: {missing}"])


def shrunk(keep, seed=0):
    """The file of a network that was cut and never trained."""
    torch.manual_seed(seed)
    return written(channels.shrink(models.resnet_small().eval(), keep, EXAMPLE).state_dict(), keep)


def widths(*numbers):
    names = ["conv", "stage1.block1.conv1", "stage2.block1.conv1", "stage3.block1.conv1"]
    return {f"{name}.weight": list(range(number)) for name, number in zip(names, numbers, strict=True)}


def changed(**tensors):
    """The solution's file with some tensors changed: functions of them, None to leave one out."""

    def edit(state, keep):
        given = {name.replace("_0_", "."): change for name, change in tensors.items()}
        new = {name: given[name](tensor) if name in given else tensor for name, tensor in state.items()}
        return written({name: tensor for name, tensor in new.items() if tensor is not None}, keep)

    return edit


def in_half_precision(state, keep):
    return written({n: t.half() if t.is_floating_point() else t for n, t in state.items()}, keep)


def of_another_network(state, keep):
    return written(models.vgg_small(widths=(8, 8, 8, 8, 8, 8)).state_dict(), {})


def zeros_in_place(state, keep):
    """The whole network with zeros: nothing has become smaller."""
    torch.manual_seed(0)
    whole = models.resnet_small().eval()
    return written(channels.mask_channels(whole, keep, EXAMPLE).state_dict(), {})


def constant(state, keep):
    return written({name: torch.zeros_like(tensor) for name, tensor in state.items()}, keep)


def inverted(state, keep):
    return changed(linear_0_weight=torch.neg, linear_0_bias=torch.neg)(state, keep)


WITHIN = 3  # points of a file that can be read and is within both budgets, whatever it answers
WRONG = [
    (lambda state, keep: shrunk({}), 1, "small.safetensors takes 305,880 bytes; the budget is"),
    (lambda state, keep: shrunk({}), 1, "9,145,216 multiply-accumulates for one image; the budget is"),
    (lambda state, keep: shrunk(widths(16, 16, 8, 8)), 2, "Only channels that are cut save any"),
    (lambda state, keep: shrunk(widths(4, 4, 10, 60)), 2, "bytes; the budget is"),
    (lambda state, keep: shrunk(widths(8, 8, 8, 8)), WITHIN, "on validation;"),
    (zeros_in_place, 1, "accuracy counts only within both limits"),
    (constant, WITHIN, "accuracy 0.1000 on"),
    (inverted, WITHIN, "on test;"),
    (changed(linear_0_weight=lambda t: t.flip(0)), WITHIN, "on test;"),
    (changed(conv_0_weight=lambda t: t.flip(0)), WITHIN, "on test;"),
    (changed(norm_0_running_var=lambda t: -t), WITHIN, "the network names no class for some images of test"),
    (changed(linear_0_bias=lambda t: t * torch.nan), 0, "linear.bias must be finite"),
    (changed(linear_0_bias=lambda t: None), 0, "holds no shrunk network"),
    (changed(linear_0_bias=lambda t: t[:9]), 0, "holds no shrunk network"),
    (changed(linear_0_bias=lambda t: t.double()), 0, "must be torch.float32, as it was trained"),
    (in_half_precision, 0, "conv.weight must be torch.float32, as it was trained; got torch.float16"),
    (of_another_network, 0, "holds no shrunk network"),
    (lambda state, keep: written(state, {}), 0, "holds no shrunk network"),
    (lambda state, keep: written(state, {"no such group": [0]}), 0, "holds no shrunk network"),
    (lambda state, keep: written(state, keep | {"conv.weight": []}), 0, "holds no shrunk network"),
    (lambda state, keep: written(state, keep | {"conv.weight": [3, 3, 4]}), 0, "holds no shrunk network"),
    (lambda state, keep: written(state, keep | {"conv.weight": [-1, 2]}), 0, "holds no shrunk network"),
    (lambda state, keep: written(state, keep | {"conv.weight": [99]}), 0, "holds no shrunk network"),
    (lambda state, keep: written(state, keep | {"conv.weight": 10**30}), 0, "small.safetensors"),
    (lambda state, keep: written(state, keep | {"conv.weight": "all"}), 0, "small.safetensors"),
    (lambda state, keep: written(state, "[" * 5000), 0, "small.safetensors"),
    (lambda state, keep: written(state, "[1, 2]"), 0, "small.safetensors"),
    (lambda state, keep: save(dict(state)), 0, "holds no shrunk network"),
    (lambda state, keep: written({}, keep), 0, "holds no shrunk network"),
    (lambda state, keep: written(state, keep)[:-9], 0, "cannot be read as safetensors"),
    (lambda state, keep: b"", 0, "cannot be read as safetensors"),
    (lambda state, keep: (2**63).to_bytes(8, "little") + b"{}", 0, "cannot be read as safetensors"),
    (lambda state, keep: written(state | {"more": torch.zeros(300_000)}, keep), 0, "takes fewer"),
]


@pytest.mark.parametrize(("edit", "score", "phrase"), WRONG)
def test_a_wrong_file_scores_what_it_should_and_is_told_why(made, solved, edit, score, phrase):
    got, messages = graded(made, "q5", files(edit(*solved)))
    assert phrase in " ".join(messages)
    assert got == score, messages


def units_in_another_order(state, keep):
    """Inside a block the units may stand in any order, if both convolutions and the norm have it."""
    order = torch.randperm(len(state["stage1.block1.conv1.weight"]), generator=torch.Generator().manual_seed(0))
    new, block = dict(state), "stage1.block1"
    for name in ("conv1.weight", "norm1.weight", "norm1.bias", "norm1.running_mean", "norm1.running_var"):
        new[f"{block}.{name}"] = state[f"{block}.{name}"][order]
    new[f"{block}.conv2.weight"] = state[f"{block}.conv2.weight"][:, order]
    return written(new, keep)


def times(factor):
    """A norm takes out what a convolution was multiplied with, all but its epsilon."""

    def edit(state, keep):
        new = dict(state)
        new["conv.weight"] = factor * state["conv.weight"]
        new["norm.running_mean"] = factor * state["norm.running_mean"]
        new["norm.running_var"] = factor**2 * (state["norm.running_var"] + 1e-5) - 1e-5
        return written(new, keep)

    return edit


def other_units(state, keep):
    """The same shapes: which units the whole network lost says nothing of the weights in the file."""
    sizes = {"conv.weight": 16, "stage1.block1.conv1.weight": 16, "stage2.block1.conv1.weight": 32}
    sizes["stage3.block1.conv1.weight"] = 64
    return written(state, {name: list(range(size - len(keep[name]), size)) for name, size in sizes.items()})


def some_zeros(state, keep):
    smallest = state["stage3.block1.conv2.weight"].abs().flatten().kthvalue(20).values
    new = {name: tensor.clone() for name, tensor in state.items()}
    new["stage3.block1.conv2.weight"][new["stage3.block1.conv2.weight"].abs() <= smallest] = 0
    return written(new, keep)


def with_notes(state, keep):
    return save({name: tensor.contiguous() for name, tensor in state.items()}, {"by": "Ann", "keep": json.dumps(keep)})


def through_the_package(state, keep, folder):
    small = channels.shrink(models.resnet_small().eval(), keep, EXAMPLE)
    small.load_state_dict(state)
    channels.save_shrunk(small, {name: np.array(indices) for name, indices in keep.items()}, folder / hw5.FILE)
    return (folder / hw5.FILE).read_bytes()


RIGHT = {
    "tensors in another order": lambda state, keep: written(dict(reversed(state.items())), keep),
    "groups in another order": lambda state, keep: written(state, dict(reversed(keep.items()))),
    "spaces in what is kept": lambda state, keep: written(state, json.dumps(keep, indent=2)),
    "other units kept": other_units,
    "units in another order": units_in_another_order,
    "twice as large, and the norm knows": times(2.0),
    "half as large, and the norm knows": times(0.5),
    "a few zeros": some_zeros,
    "a note in the file": with_notes,
    "counted as many batches": changed(norm_0_num_batches_tracked=lambda t: t * 1000),
    "a bias for all": changed(linear_0_bias=lambda t: t + 3),
}


@pytest.mark.parametrize("kind", RIGHT)
def test_a_right_file_scores_full_marks_however_it_was_written(made, solved, kind):
    assert graded(made, "q5", files(RIGHT[kind](*solved))) == (ALL, [])


def test_a_right_file_of_the_package_scores_full_marks(made, solved, tmp_path):
    assert graded(made, "q5", files(through_the_package(*solved, tmp_path))) == (ALL, [])


def test_the_network_is_the_one_in_the_file(solved):
    network = hw5.read_network(files(written(*solved))["files"])
    assert {name: tensor.tolist() for name, tensor in network.state_dict().items()} == {
        name: tensor.tolist() for name, tensor in solved[0].items()
    }
    assert not network.training
    assert load(written(*solved)).keys() == solved[0].keys()


def test_the_leaderboard_shows_what_was_measured(made, solved):
    content = written(*solved)
    figures = hw5.figures(files(content)["files"])
    assert list(figures) == ["accuracy", "bytes", "MACs", "within", "images"]
    assert (figures["bytes"], figures["within"]) == (len(content), True)
    assert figures["MACs"] <= hw5.MACS
    assert hw5.figures(files(shrunk({}))["files"])["within"] is False


@fenced
def test_a_notebook_and_its_file_are_graded_together_and_the_cells_that_need_the_package_cost_nothing(
    made, solved, tmp_path
):
    (tmp_path / "ann").mkdir()
    shutil.copy(release.solved(made), tmp_path / "ann")
    (tmp_path / "ann" / hw5.FILE).write_bytes(written(*solved))
    marks = grading.grade(read_submissions(tmp_path)["ann"], release.tests_of(made), instances=1)
    assert {name: mark["score"] for name, mark in marks["questions"].items()} == {
        "q1": 4, "q2": 4, "q3": 4, "q4": 4, "q5": ALL
    }  # fmt: skip
    (note,) = marks["notes"]
    assert "pruning_lab is closed in this homework. Write answers out without it" in note
    assert marks["questions"]["q5"]["figures"]["within"] is True
