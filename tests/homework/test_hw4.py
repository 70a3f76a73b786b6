"""hw4-budget: the solution's file scores full marks, no file 0, and each wrong file what it should."""

import io

import numpy as np
import pytest
import torch
import train_once
from homework_tests import graded, solution_of
from safetensors import torch as safetensors_torch
from safetensors.numpy import load, save

from pruning_lab import data, measure, models, train
from pruning_lab.homework import hw4_checks as hw4
from pruning_lab.homework.frame import grading, release
from pruning_lab.homework.frame.leaderboard import leaderboard_page, leaderboard_table, ranking
from pruning_lab.homework.frame.submissions import read_submissions

NAME, ALL = "hw4-budget", 20


@pytest.fixture
def made(make):
    return make(NAME)


@pytest.fixture(scope="module")
def solved():
    """The tensors of the solution, trained as its notebook trains them, or by it."""
    training, validation = data.fashion_mnist("train"), data.fashion_mnist("validation")
    torch.manual_seed(0)
    dense = models.lenet_300_100()
    with measure.one_thread(), train_once.shared():
        train.fit(dense, training, epochs=12, progress=False)
        return solution_of(NAME)["my_tensors"](dense, training, validation)


def files(tensors):
    return {"files": {hw4.FILE: save(tensors)}}


def test_the_solution_scores_full_marks(made, solved):
    score, messages = graded(made, "q1", files(solved))
    assert messages == []
    assert score == ALL


def test_the_untouched_release_scores_nothing(made):
    assert graded(made, "q1", {"files": {}}) == (0, [f"{hw4.FILE} is missing: {MISSING}"])


MISSING = "not written yet (replace the ...), or not handed in with the notebook"


def changed(**parts):
    """The solution with some tensors changed or left out."""

    def edit(tensors):
        edited = {name: part(tensors[name]) if name in tensors else part(None) for name, part in given.items()}
        return {name: array for name, array in {**tensors, **edited}.items() if array is not None}

    given = {name.replace("_", "."): part for name, part in parts.items()}
    return edit


def unshared(tensors):
    """The same weights, stored as float32 without a mask."""
    layers = [layer for layer in hw4.read_network({hw4.FILE: save(tensors)}) if hasattr(layer, "weight")]
    plain = {}
    for number, layer in enumerate(layers, start=1):
        plain |= {f"fc{number}.shape": np.array(layer.weight.shape, np.int32)}
        plain |= {
            f"fc{number}.values": layer.weight.detach().numpy().ravel(),
            f"fc{number}.bias": layer.bias.detach().numpy(),
        }
    return plain


def deep(tensors):
    """Small, and slow: twenty layers of ten units."""
    layers = {"fc1.shape": (10, 784), "fc1.codebook": np.zeros(1)}
    for number in range(2, 22):
        layers |= {f"fc{number}.shape": (10, 10), f"fc{number}.values": np.eye(10).ravel()}
    layers |= {f"fc{number}.bias": np.zeros(10) for number in range(1, 22)}
    arrays = {name: np.array(value, np.int32 if "shape" in name else np.float16) for name, value in layers.items()}
    return arrays | {"fc1.codes": np.zeros(7840, np.uint8)}


WRONG = [
    (unshared, 5, "the budget is 20,000"),
    (lambda tensors: {**tensors, "fc9.bias": np.zeros(1, np.float32)}, 0, "belong to no layer: ['fc9.bias']"),
    (lambda tensors: deep(tensors), 5, "Only smaller shapes are faster"),
    (changed(fc3_codes=lambda array: array[::-1].copy()), 8, "accuracy"),
    (changed(fc3_codes=lambda array: array + 200), 0, "must be below 64"),
    (changed(fc3_bias=lambda array: array * np.float16("nan")), 0, "must be finite"),
    (changed(fc3_bias=lambda array: None), 0, "fc3.bias is missing"),
    (changed(fc3_bias=lambda array: array.astype(float)), 0, "must be float32 or float16; got float64"),
    (changed(fc3_bias=lambda array: array[None]), 0, "must have one axis"),
    (changed(fc2_mask=lambda array: array[1:]), 0, "fc2.mask must have"),
    (changed(fc2_mask=lambda array: array | 1), 0, "fc2.codes must have"),
    (changed(fc2_shape=lambda array: array[::-1].copy()), 0, "fc2 must take 60 inputs"),
    (changed(fc1_shape=lambda array: np.array([90_000, 784], np.int32)), 0, "at most 10,000 outputs"),
    (changed(fc1_shape=lambda array: np.array([9_000, 784], np.int32)), 0, "at most 1,000,000 weights"),
    (changed(fc1_shape=lambda array: np.array([-60, 784], np.int32)), 0, "must be above 0"),
    (changed(fc1_values=lambda array: np.zeros(4, np.float32)), 0, "values or codes, not both"),
    (changed(fc1_weight=lambda array: np.zeros(4, np.float32)), 0, "fc1 must not have ['weight']"),
    (lambda t: {name: array for name, array in t.items() if "fc3" not in name}, 0, "must have 10 outputs; got 40"),
    (lambda tensors: {}, 0, "must have 10 outputs"),
]


@pytest.mark.parametrize(("edit", "score", "phrase"), WRONG)
def test_a_wrong_file_scores_what_it_should_and_is_told_why(made, solved, edit, score, phrase):
    got, messages = graded(made, "q1", files(edit(solved)))
    assert got == score, messages
    assert phrase in " ".join(messages)


def weight_of(tensors, name):
    """Return the weight of a layer of the solution, and which of its entries are kept."""
    shape = tuple(tensors[f"{name}.shape"])
    kept = np.unpackbits(tensors[f"{name}.mask"], count=shape[0] * shape[1]).astype(bool).reshape(shape)
    weight = np.zeros(shape, np.float16)
    weight[kept] = tensors[f"{name}.codebook"][tensors[f"{name}.codes"]]
    return weight, kept


def rewritten(tensors, name, weight, kept, **more):
    """Return the tensors with a layer's weight stored as values of those that are kept."""
    others = {key: array for key, array in tensors.items() if key not in (f"{name}.codes", f"{name}.codebook")}
    parts = {"shape": np.array(weight.shape, np.int32), "mask": np.packbits(kept), "values": weight[kept], **more}
    return others | {f"{name}.{part}": array for part, array in parts.items()}


def units_in_another_order(tensors):
    order = np.random.default_rng(0).permutation(40)  # outputs of fc2, inputs of fc3
    (second, kept), (third, kept_too) = weight_of(tensors, "fc2"), weight_of(tensors, "fc3")
    moved = rewritten(tensors, "fc3", third[:, order], kept_too[:, order])
    table = {"fc2.mask": np.packbits(kept[order]), "fc2.bias": tensors["fc2.bias"][order]}
    codes = np.zeros(second.shape, np.uint8)
    codes[kept] = tensors["fc2.codes"]
    return moved | table | {"fc2.codes": codes[order][kept[order]]}


def book_in_another_order(tensors):
    order = np.random.default_rng(0).permutation(len(tensors["fc1.codebook"]))
    places = np.argsort(order).astype(np.uint8)
    return tensors | {"fc1.codebook": tensors["fc1.codebook"][order], "fc1.codes": places[tensors["fc1.codes"]]}


def a_layer_more(tensors):
    """A layer that changes nothing: what comes out of a ReLU is not negative."""
    last = {key.replace("fc3", "fc4"): array for key, array in tensors.items() if "fc3" in key}
    same = {"shape": np.array([40, 40], np.int32), "bias": np.zeros(40, np.float16)}
    same |= {"mask": np.packbits(np.eye(40, dtype=bool)), "values": np.ones(40, np.float16)}
    others = {key: array for key, array in tensors.items() if "fc3" not in key}
    return others | last | {f"fc3.{part}": array for part, array in same.items()}


def zeros_that_are_stored(tensors):
    weight, kept = weight_of(tensors, "fc3")
    return rewritten(tensors, "fc3", weight, kept | (np.arange(kept.size).reshape(kept.shape) % 5 == 0))


def times(name, part, factor):
    return changed(**{f"{name}_{part}": lambda array: (array * np.float16(factor)).astype(np.float16)})


def without_a_mask(tensors):
    weight, kept = weight_of(tensors, "fc3")
    whole = rewritten(tensors, "fc3", weight, np.ones_like(kept))
    return {key: array for key, array in whole.items() if key != "fc3.mask"}


def as_torch(tensors):
    return safetensors_torch.save({name: torch.from_numpy(array.copy()) for name, array in tensors.items()})


RIGHT = {
    "shapes in 64 bits": changed(**{f"fc{n}_shape": lambda array: array.astype(np.int64) for n in (1, 2, 3)}),
    "shapes in 16 bits": changed(**{f"fc{n}_shape": lambda array: array.astype(np.uint16) for n in (1, 2, 3)}),
    "biases in 32 bits": changed(**{f"fc{n}_bias": lambda array: array.astype(np.float32) for n in (1, 2, 3)}),
    "a book in 32 bits": changed(fc1_codebook=lambda array: array.astype(np.float32)),
    "values instead of codes": lambda tensors: rewritten(tensors, "fc3", *weight_of(tensors, "fc3")),
    "without a mask": without_a_mask,
    "zeros that are stored": zeros_that_are_stored,
    "units in another order": units_in_another_order,
    "a book in another order": book_in_another_order,
    "a book with unused entries": changed(fc2_codebook=lambda array: np.append(array, np.float16([7, 8, 9]))),
    "a layer more": a_layer_more,
    "twice as large, then half": lambda t: times("fc2", "codebook", 0.5)(
        times("fc1", "bias", 2)(times("fc1", "codebook", 2)(t))
    ),
    "a note in the file": lambda tensors: save(tensors, metadata={"by": "Ann", "seed": "3"}),
    "written by torch": as_torch,
}


@pytest.mark.parametrize("kind", RIGHT)
def test_a_right_file_scores_full_marks_however_it_was_written(made, solved, kind, monkeypatch):
    monkeypatch.setattr(hw4, "latency_ratio", lambda network: hw4.LATENCY_RATIO)  # how fast it is: tried above
    given = RIGHT[kind](solved)
    content = given if isinstance(given, bytes) else save(given)
    assert graded(made, "q1", {"files": {hw4.FILE: content}}) == (ALL, [])


def pickled():
    content = io.BytesIO()
    torch.save({"fc1.bias": torch.zeros(3)}, content)
    return content.getvalue()


@pytest.mark.parametrize("content", [b"", b"{}", pickled(), (2**63).to_bytes(8, "little") + b"{}"])
def test_anything_but_a_safetensors_file_is_refused(made, content):
    score, messages = graded(made, "q1", {"files": {hw4.FILE: content}})
    assert score == 0
    assert "cannot be read as safetensors" in messages[0]


def test_a_torn_file_is_refused(made, solved):
    score, messages = graded(made, "q1", {"files": {hw4.FILE: save(solved)[:-9]}})
    assert score == 0
    assert "cannot be read as safetensors" in messages[0]


def test_the_network_is_the_one_in_the_file(solved):
    network = hw4.read_network({hw4.FILE: save(solved)})
    mask = np.unpackbits(solved["fc2.mask"], count=2400).astype(bool)
    weight = np.zeros(2400, np.float32)
    weight[mask] = solved["fc2.codebook"].astype(np.float32)[solved["fc2.codes"]]
    assert np.array_equal(network[3].weight.detach().numpy().ravel(), weight)
    plain = hw4.read_network({hw4.FILE: save(unshared(solved))})
    assert torch.equal(plain(torch.ones(1, 784)), network(torch.ones(1, 784)))
    assert load(save(solved)).keys() == solved.keys()


def test_the_leaderboard_puts_networks_within_both_limits_first():
    def mark(accuracy, within):
        figures = {"accuracy": accuracy, "within": within, "latency ratio": 2.345678}
        return {"questions": {"q1": {"figures": figures}, "q2": {}}}

    marks = {"ann": mark(0.8, True), "bob": mark(0.9, False), "cy": mark(0.85, True), "dan": {"questions": {"q1": {}}}}
    rows = ranking(marks, hw4.rank)
    assert [student for student, _ in rows] == ["cy", "ann", "bob", "dan"]
    names, table = leaderboard_table(rows, hw4.FORMATS)
    assert (names, table) == (
        ["student", "accuracy", "within", "latency ratio"],
        [
            ["cy", "0.8500", "yes", "2.35"],
            ["ann", "0.8000", "yes", "2.35"],
            ["bob", "0.9000", "no", "2.35"],
            ["dan", "", "", ""],
        ],
    )
    assert "<td>2.35</td>" in leaderboard_page(names, table)
    assert ranking({"dan": marks["dan"]}, hw4.rank) == []


def test_the_notebook_is_not_run_where_only_the_file_is_graded(made, solved, tmp_path):
    notebook = (made / "student" / f"{NAME}.ipynb").read_bytes().replace(b"from pathlib", b"raise SystemExit #")
    given = {"a.ipynb": notebook, hw4.FILE: save(solved)}
    (tmp_path / "ann").mkdir()
    for name, content in given.items():
        (tmp_path / "ann" / name).write_bytes(content)
    packed = read_submissions(tmp_path)["ann"]
    marks = grading.grade(packed, release.tests_of(made), instances=1)
    assert (marks["score"], marks["notes"]) == (ALL, [])
    figures = marks["questions"]["q1"]["figures"]
    assert figures["bytes"] == len(given[hw4.FILE])
    assert figures["within"] is True
