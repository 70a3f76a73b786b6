"""Sabotages are noticed by whom the table says; the run that makes the table can be stopped, and goes on."""

import doctest
import inspect
import os
import re
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch

import knockouts.results
from knockouts import __main__ as command
from knockouts import in_tests, matrix, swap, table
from knockouts.children import Failed, Job, at_once
from knockouts.explained import EXPLAINED
from knockouts.notebooks import Notebook, watchers
from knockouts.results import Calls, Results
from pruning_lab import layers, masks, prune, scores, sparse
from pruning_lab.masks import mask_unstructured

ROOT = Path(__file__).parents[1]
RESULTS = Results()
FOUND = matrix.matrix(RESULTS)
SCORES = torch.tensor([1.0, 2.0, 3.0, 4.0])


# --- The table ---


def test_every_public_function_is_sabotaged():
    assert table.TABLE.keys() == swap.public_functions().keys()
    assert [function for function, ways in table.TABLE.items() if not ways] == []


def test_a_function_has_no_two_sabotages_of_one_name():
    names = [(function, sabotage.name) for function, sabotage in table.pairs()]
    assert len(names) == len(set(names))


def test_every_sabotage_was_shown_to_the_tests():
    assert [pair for pair, cells in FOUND.items() if "tests" not in cells] == []


def test_nearly_all_are_noticed_and_each_survivor_is_explained():
    survivors = matrix.survivors(FOUND)
    assert len(survivors) <= 0.05 * len(FOUND)
    assert set(survivors) == EXPLAINED.keys()
    assert min(map(len, EXPLAINED.values()), default=40) >= 40  # a reason, not a word


def test_who_noticed_is_still_there():
    named = {row.noticed for cells in FOUND.values() for row in cells.values() if row.noticed}
    assert [name for name in named if not is_there(name)] == []
    assert not is_there("tests/test_masks.py::test_nobody")
    assert not is_there("lesson 01, nobody")


def is_there(name):
    """Whether a test, an example, a lesson's cell or a question of homework of this name exists."""
    notebook, _, cell = name.partition(", ")
    if watcher := watchers().get(notebook):
        source = (ROOT / watcher.source).read_text(encoding="utf-8")
        return f'"id": "{cell}"' in source or f"name: {cell}\\n" in source
    file, _, rest = name.partition("::")
    word = re.split(r"\[", rest)[0].rpartition(".")[2]
    return "::" not in name or re.search(rf"\b{word}\b", (ROOT / file).read_text(encoding="utf-8")) is not None


@pytest.mark.parametrize("name", ["children", "in_tests", "notebooks", "results", "sample", "swap", "table"])
def test_examples(name):
    tried = doctest.testmod(import_module(f"knockouts.{name}"))
    assert (tried.failed, tried.attempted > 0) == (0, True)


# --- Putting something else in the place of a function ---


def wrong(original, args, kwargs):
    return "wrong"


@pytest.mark.parametrize(
    "name", ["masks.sparsity_of", "sparse.CSR.from_dense", "sparse.Format.nnz", "prune.hold_masks"]
)
def test_a_function_is_swapped_and_comes_back(name):
    function = swap.public_functions()[name]
    code, signature = function.__code__, inspect.signature(function)
    with swap.swapped(function, wrong):
        assert function(1, anything=2) == "wrong"
        assert inspect.signature(function) == signature
    assert function.__code__ is code
    assert not hasattr(function, "__signature__")


def test_it_is_swapped_under_every_name_it_has():
    scores = torch.tensor([1.0, 2.0])
    with swap.swapped(masks.mask_unstructured, wrong):
        assert (mask_unstructured(scores, 0.5), masks.mask_unstructured(scores, 0.5)) == ("wrong", "wrong")
        assert sparse.CSR.from_dense(np.eye(2)).nnz == 2
    assert mask_unstructured(scores, 0.5).tolist() == [False, True]


def test_methods_and_properties_are_swapped_for_values_that_exist():
    csr = sparse.CSR.from_dense(np.eye(2))
    with swap.swapped(swap.public_functions()["sparse.Format.nnz"], wrong):
        assert csr.nnz == "wrong"
    assert csr.nnz == 2


def test_calls_are_recorded_with_what_they_call_in_turn():
    model = torch.nn.Linear(4, 2)
    with swap.recorded() as calls:
        prune.masks_for(model, scores.magnitude_scores, lambda s: masks.mask_unstructured(s, 0.5))
    assert {"prune.masks_for", "scores.magnitude_scores", "masks.mask_unstructured"} <= calls
    assert "train.fit" not in calls


def test_calls_that_are_refused_are_not_recorded():
    with swap.recorded() as calls, pytest.raises(ValueError, match="sparsity must"):
        masks.mask_unstructured(SCORES, 90)
    assert calls == set()


def masked(mask):
    layer = torch.nn.Linear(2, 1)
    torch.nn.init.ones_(layer.weight)
    prune.apply_masks_(layer, {"weight": torch.tensor([mask])})
    return layer.weight[0].int()


def sabotaged(function, name):
    way = next(sabotage for _, sabotage in table.pairs([function]) if sabotage.name == name)
    return swap.swapped(swap.public_functions()[function], way.apply)


@pytest.mark.parametrize(
    ("function", "name", "call", "expected"),
    [
        ("masks.mask_unstructured", "inverted", lambda: masks.mask_unstructured(SCORES, 0.25), [1, 0, 0, 0]),
        ("masks.mask_unstructured", "off by one", lambda: masks.mask_unstructured(SCORES, 0.25), [0, 0, 1, 1]),
        ("masks.mask_unstructured", "half skipped", lambda: masks.mask_unstructured(SCORES, 0.75), [0, 0, 1, 1]),
        ("masks.keep_channels", "inverted", lambda: masks.keep_channels(SCORES, 0.5), [0, 1]),
        ("masks.keep_channels", "unsorted", lambda: masks.keep_channels(SCORES, 0.5), [3, 2]),
        ("scores.magnitude_scores", "input unchanged", lambda: scores.magnitude_scores(-SCORES), [-1, -2, -3, -4]),
        ("scores.magnitude_scores", "constant", lambda: scores.magnitude_scores(SCORES), [1, 1, 1, 1]),
        ("scores.magnitude_scores", "half skipped", lambda: scores.magnitude_scores(SCORES), [1, 2, 0, 0]),
        (
            "sparse.CSR.to_dense",
            "off by one",
            lambda: sparse.CSR.from_dense(np.eye(2)).to_dense().ravel(),
            [1, 0, 0, 2],
        ),
        ("prune.apply_masks_", "inverted", lambda: masked([True, False]), [0, 1]),
        ("sparse.CSR.from_dense", "unsorted", lambda: sparse.CSR.from_dense(np.eye(2)).to_dense()[0], [0, 1]),
    ],
)
def test_a_sabotage_is_wrong_as_its_name_says(function, name, call, expected):
    assert call().tolist() != expected
    with sabotaged(function, name):
        assert call().tolist() == expected


def test_bad_arguments_are_refused_as_before():
    with sabotaged("masks.mask_unstructured", "inverted"), pytest.raises(ValueError, match="sparsity must be in"):
        masks.mask_unstructured(SCORES, 90)
    with sabotaged("layers.shrink_linear", "keep_in unsorted"), pytest.raises(TypeError, match="keep_in must"):
        layers.shrink_linear(torch.nn.Linear(4, 2), keep_in="all")


# --- The run ---


def test_a_job_that_hangs_is_killed_and_the_others_go_on():
    jobs = [Job("hangs", lambda: time.sleep(600), 0.5), Job("works", lambda: 7, 60)]
    ended = dict(at_once(jobs, workers=2))
    assert ended == {"hangs": Failed("no end within 0.5 s", hung=True), "works": 7}


def test_a_sabotage_that_hangs_is_noticed_by_the_limit_of_time():
    row = in_tests.row_of("masks.mask_global", "inverted", "tests", 9, Failed("no end within 5 s", hung=True))
    assert (row.noticed, row.how) == ("the limit of time", "no end within 5 s")


def test_a_job_that_dies_has_no_answer_and_one_that_raises_is_no_answer():
    died = dict(at_once([Job("dies", lambda: os._exit(3), 60)], workers=1))
    assert died == {"dies": Failed("the process died", hung=False)}
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        list(at_once([Job("raises", lambda: 1 / 0, 60)], workers=1))


class Caller(NamedTuple):
    """Stands for a test that calls every function."""

    nodeid: str


class Known:
    """Stands for a trace in which one test calls everything."""

    def complete(self, items):
        self.completed = True

    def callers(self, function, kind, items):
        return [(0.1, Caller("tests/test_a.py::test_a"))] if kind == "tests" else []


@pytest.fixture
def asked(monkeypatch):
    """The sabotages that were shown; no test is run."""
    shown = []
    monkeypatch.setattr(in_tests, "collect", lambda then, places: then({}))
    monkeypatch.setattr(in_tests, "at_once", lambda jobs, workers: ((job.key, noted(shown, job)) for job in jobs))
    return shown


def noted(shown, job):
    shown.append(job.key[:3])
    return 1, "tests/test_a.py::test_a", "assert 1 == 2"


def test_a_run_that_was_killed_goes_on(tmp_path, asked):
    path = tmp_path / "results.jsonl"
    wanted = table.pairs(["masks.sparsity_of"])
    in_tests.ask_all(wanted, Known(), Results(path), 1)
    assert len(asked) == len(wanted)
    whole = path.read_text()
    path.write_text("".join(whole.splitlines(keepends=True)[:1]) + whole.splitlines()[1][:20])  # killed while it wrote
    asked.clear()
    in_tests.ask_all(wanted, Known(), Results(path), 1)
    assert len(asked) == len(wanted) - 1
    assert sorted(path.read_text().splitlines()) == sorted(whole.splitlines())
    asked.clear()
    in_tests.ask_all(wanted, Known(), Results(path), 1)
    assert asked == []


def test_what_is_known_of_a_file_is_forgotten_when_it_changes(tmp_path, monkeypatch):
    monkeypatch.setattr(knockouts.results, "ROOT", tmp_path)
    (tmp_path / "test_a.py").write_text("def test_a(): pass")
    known = Calls(tmp_path / "calls.jsonl")
    known.add("test_a.py", {"test_a.py::test_a": [0.1, ["masks.mask_global"]]})
    assert Calls(tmp_path / "calls.jsonl").of("test_a.py") == {"test_a.py::test_a": [0.1, ["masks.mask_global"]]}
    (tmp_path / "test_a.py").write_text("def test_b(): pass")
    knockouts.results.version.cache_clear()
    assert Calls(tmp_path / "calls.jsonl").of("test_a.py") is None


def test_what_is_forgotten_is_asked_again(tmp_path, asked):
    results, wanted = Results(tmp_path / "results.jsonl"), table.pairs(["masks"])
    in_tests.ask_all(wanted, Known(), results, 1)
    results.forget({"masks.sparsity_of"})
    asked.clear()
    in_tests.ask_all(wanted, Known(), results, 1)
    assert {function for function, _, _ in asked} == {"masks.sparsity_of"}


@pytest.mark.parametrize(
    ("name", "near"),
    [("masks.mask_globl", "masks.mask_global"), ("mask", "masks"), ("masks.mask_global.x", "masks.mask_")],
)
def test_an_unknown_function_is_refused(name, near):
    with pytest.raises(
        SystemExit, match=rf"only must name public functions or modules.*; got '{name}' \(near: .*{near}"
    ):
        command.main(["--only", name])


# --- Ten fixed sabotages: each fails where the table says ---

FIXED = [
    ("scores.magnitude_scores", "input unchanged"),
    ("masks.mask_global", "off by one"),
    ("masks.keep_channels", "unsorted"),
    ("prune.hold_masks", "does nothing"),
    ("sparse.CSR.to_dense", "unsorted"),
    ("kernels.csr_matvec", "half skipped"),
    ("layers.shrink_conv2d", "keep_in unsorted"),
    ("compress.huffman_code_lengths", "constant"),
    ("measure.macs", "doubled"),
]
IN_A_LESSON = ("sparse.CSR.from_dense", "wrong sign")


def test_fixed_sabotages_are_noticed_by_the_test_that_the_table_names(tmp_path):
    rows = [FOUND[pair]["tests"] for pair in FIXED]
    deaf = rows[0]._replace(
        function="masks.sparsity_of", sabotage="zero"
    )  # a row that is not so, to see that it is told
    results = Results(tmp_path / "results.jsonl")
    for row in [*rows, deaf]:
        results.add(row)
    call = [sys.executable, "-m", "knockouts", "--check", "--workers", "1", "--path", str(results.path)]
    ended = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert [line for line in ended.stderr.splitlines() if "noticed by" in line] == [
        f"masks.sparsity_of, zero: not noticed by {deaf.noticed}"
    ]


def first_to_stop(where, function, name):
    """Run a notebook with a sabotage; return the id of the first cell that stops."""
    notebook = Notebook(watchers()[where])
    with sabotaged(function, name):
        places = range(len(notebook.cells))
        return next((notebook.cells[place]["id"] for place in places if notebook.run(place).error), None)


def test_a_fixed_sabotage_is_noticed_by_the_cell_that_the_table_names():
    row = FOUND[IN_A_LESSON]["lessons"]
    job = Job("first", lambda: first_to_stop(row.where, *IN_A_LESSON), 120)
    assert dict(at_once([job], workers=1)) == {"first": row.noticed.rpartition(" ")[2]}
