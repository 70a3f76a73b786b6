"""Sweeps: one table whatever the executor, seeds that never move, kills that lose nothing, failures that are named."""

import json
import multiprocessing
import os
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
import torch
from bad_input import bad_input_test
from distributed import Client, LocalCluster, default_client
from torch import nn

from pruning_lab import sweep, train

GRID = sweep.product(rate=[0.1, 0.5], repeat=[0, 1, 2])


def trained_loss(rate, repeat, seed):
    """A real, if tiny, training run: its last digit depends on the seed."""
    torch.manual_seed(seed)
    model = nn.Linear(4, 4)
    data = torch.eye(4), torch.tensor([0, 1, 2, 2])
    return {"loss": train.fit(model, data, epochs=3, learning_rate=rate, seed=seed, batch_size=2)[-1]}


def fatal_once(rate, repeat, seed, marker):
    """As `trained_loss`, but the first call of one run kills the process that it is in."""
    if (rate, repeat) == (0.5, 0) and not Path(marker).exists():
        Path(marker).touch()
        os.kill(os.getpid(), 9)
    return trained_loss(rate, repeat, seed)


def counted(number, seed, folder, pause=0.0):
    """Leave a file for each call, so that calls in any process can be counted."""
    (Path(folder) / f"{number}-{time.monotonic_ns()}").touch()
    time.sleep(pause)
    return {"square": number**2, "seed": seed}


def reports_threads(number, seed):
    return torch.get_num_threads()


def fails_at_two(number, seed):
    if number == 2:
        raise UnpicklableError("two", "too many")
    return number


class UnpicklableError(Exception):
    """Made from two arguments, but pickled with only one: such an error breaks a pool if it is sent as it is."""

    def __init__(self, what, why):
        super().__init__(f"{what} is {why}")


@pytest.fixture(scope="module")
def two_processes():
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as executor:
        yield executor


@pytest.fixture(scope="module")
def table():
    return sweep.run(trained_loss, GRID)


def test_rows_come_in_the_order_of_the_grid_with_parameters_seed_and_result():
    grid = sweep.product(number=[3, 1])
    assert sweep.run(lambda number, seed: {"seed was": seed}, grid) == [
        {"number": 3, "seed": sweep.seed_of({"number": 3}), "result": {"seed was": sweep.seed_of({"number": 3})}},
        {"number": 1, "seed": sweep.seed_of({"number": 1}), "result": {"seed was": sweep.seed_of({"number": 1})}},
    ]


def test_seeds_are_those_of_every_machine_and_version():
    """Worked out once and written down: another number here would change every published table."""
    assert sweep.seed_of({"network": "LeNet-300-100", "repeat": 0}) == 917172184
    assert sweep.seed_of({"repeat": 0, "network": "LeNet-300-100"}) == 917172184
    assert len({row["seed"] for row in sweep.run(trained_loss, GRID)}) == len(GRID)


def test_two_processes_give_the_same_table(two_processes, table):
    assert sweep.run(trained_loss, GRID, two_processes) == table


def test_threads_and_another_order_of_the_grid_give_the_same_rows(table):
    with ThreadPoolExecutor(1) as executor:
        assert sweep.run(trained_loss, GRID[::-1], executor) == table[::-1]


def test_a_cluster_that_loses_a_worker_gives_the_same_table(tmp_path, table):
    killed = partial(fatal_once, marker=str(tmp_path / "killed"))
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster,
        Client(cluster) as client,
    ):
        before = set(client.run(os.getpid).values())
        assert sweep.run(killed, GRID, client.get_executor()) == table
        client.wait_for_workers(2)
        assert len(before - set(client.run(os.getpid).values())) == 1
    assert (tmp_path / "killed").exists()


def test_the_page_on_clusters_runs_as_it_is_written(tmp_path):
    page = (Path(__file__).parents[1] / "site" / "beyond.md").read_text(encoding="utf-8")
    code = page.partition("```python\n")[2].partition("```")[0]
    smaller = {
        '"/shared/grid"': repr(str(tmp_path)),
        "[0, 1, 2]": "[0]",
        "[0.5, 0.9, 0.98, 0.99]": "[0.9]",
        '[magnitude_pruning.NONE, "at once", "in rounds", "cubic"]': '[magnitude_pruning.NONE, "at once"]',
    }
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster:
        for said, here in {"tcp://scheduler:8786": cluster.scheduler_address, **smaller}.items():
            assert said in code
            code = code.replace(said, here)
        names = {}
        exec(code, names)
        default_client().close()
    accuracies = [row["result"]["validation"] for row in names["rows"]]
    assert accuracies == [row["result"]["validation"] for row in sweep.run(names["run_one"], names["grid"])]
    assert (tmp_path / "grid.jsonl").exists()
    assert accuracies[0] < accuracies[1]  # at 0.9 retraining repairs


def test_every_run_has_one_thread(two_processes):
    grid = sweep.product(number=[1, 2])
    for executor in (None, two_processes):
        assert [row["result"] for row in sweep.run(reports_threads, grid, executor)] == [1, 1]


KILLED = """
from functools import partial
import test_sweep
from pruning_lab import sweep
grid = sweep.product(number=list(range(6)))
sweep.run(partial(test_sweep.counted, folder={folder!r}, pause=0.3), grid, path={path!r})
"""


def test_a_killed_sweep_resumes_where_it_was(tmp_path):
    """The kill comes from outside, whenever it comes: only what was not on disk is computed again."""
    calls, path = tmp_path / "calls", tmp_path / "results.jsonl"
    calls.mkdir()
    code = KILLED.format(folder=str(calls), path=str(path))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", code], env=environment) as process:
        while not path.exists() or path.read_bytes().count(b"\n") < 2:
            assert process.poll() is None, "it ended before it could be killed"
            time.sleep(0.02)
        process.kill()
    kept = [json.loads(line)["parameters"]["number"] for line in path.read_text().splitlines()]
    for call in calls.iterdir():
        call.unlink()
    rows = sweep.run(partial(counted, folder=calls), sweep.product(number=list(range(6))), path=path)
    again = sorted(int(call.name.split("-")[0]) for call in calls.iterdir())
    assert len(kept) >= 2
    assert again == [number for number in range(6) if number not in kept]
    assert [row["result"]["square"] for row in rows] == [0, 1, 4, 9, 16, 25]


def test_a_line_torn_anywhere_is_computed_again(tmp_path):
    path, grid = tmp_path / "results.jsonl", sweep.product(number=[0, 1])
    rows = sweep.run(lambda number, seed: number, grid, path=path)
    content = path.read_bytes()
    first = content.index(b"\n") + 1
    for length in range(first, len(content)):
        path.write_bytes(content[:length])
        assert sweep.run(lambda number, seed: number, grid, path=path) == rows
        assert path.read_bytes() == content


def test_nothing_is_computed_twice_and_a_larger_grid_adds_only_what_is_new(tmp_path):
    path, seen = tmp_path / "results.jsonl", []

    def function(number, seed):
        seen.append(number)
        return (number, float("nan"))

    sweep.run(function, sweep.product(number=[1, 2]), path=path)
    rows = sweep.run(function, sweep.product(number=[3, 2, 1]), path=path)
    assert seen == [1, 2, 3]
    assert [row["result"][0] for row in rows] == [3, 2, 1]


@pytest.mark.parametrize("pool", [False, True], ids=["in this process", "in two"])
def test_a_failing_run_is_reported_and_loses_no_other(two_processes, tmp_path, pool):
    path, executor = tmp_path / "results.jsonl", two_processes if pool else None
    with pytest.raises(sweep.SweepError) as caught:
        sweep.run(fails_at_two, sweep.product(number=[1, 2, 3]), executor, path=path)
    assert str(caught.value) == (
        "1 of 3 runs failed; .rows has the others.\n{'number': 2}: test_sweep.UnpicklableError: two is too many"
    )
    assert [row["result"] for row in caught.value.rows] == [1, 3]
    parameters, traceback = caught.value.failures[0]
    assert parameters == {"number": 2}
    assert "in fails_at_two" in traceback
    assert path.read_bytes().count(b"\n") == 2


def test_a_pool_that_dies_is_reported_and_what_was_done_is_on_disk(tmp_path):
    path, marker = tmp_path / "results.jsonl", tmp_path / "killed"
    function = partial(fatal_once, marker=str(marker))
    executor = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
    with executor, pytest.raises(sweep.SweepError, match="BrokenProcessPool") as caught:
        sweep.run(function, GRID, executor, path=path)
    assert [row["result"] for row in caught.value.rows] == [trained_loss(**p, seed=sweep.seed_of(p)) for p in GRID[:3]]
    assert len(sweep.run(function, GRID, path=path)) == len(GRID)


def test_leaving_early_cancels_what_has_not_begun(tmp_path, monkeypatch):
    """Ctrl-C in the loop that collects: the pool must not go on with the rest of the grid."""

    def interrupted(path, row):
        raise KeyboardInterrupt

    monkeypatch.setattr(sweep, "_append", interrupted)
    function, grid = partial(counted, folder=tmp_path, pause=0.02), sweep.product(number=list(range(50)))
    with ThreadPoolExecutor(1) as executor, pytest.raises(KeyboardInterrupt):
        sweep.run(function, grid, executor, path=tmp_path / "results.jsonl")
    assert len(list(tmp_path.iterdir())) < 25


def test_a_sweep_of_nothing_is_an_empty_table():
    assert sweep.run(fails_at_two, []) == []


def written(tmp_path, text):
    path = tmp_path / "results.jsonl"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("text", ["a diary without a newline", '{"function": 3}\n', "a\nb\n", '{"parameters": {}}\n'])
def test_a_file_of_anything_else_is_left_as_it_was(tmp_path, text):
    path = written(tmp_path, text)
    with pytest.raises(ValueError, match=r"path must hold results of a sweep; got a damaged line 1 in"):
        sweep.run(fails_at_two, sweep.product(number=[1]), path=path)
    assert path.read_text(encoding="utf-8") == text


def test_the_results_of_another_function_are_refused(tmp_path):
    path = tmp_path / "results.jsonl"
    sweep.run(fails_at_two, sweep.product(number=[1]), path=path)
    with pytest.raises(ValueError, match="path must hold results of reports_threads; got some of fails_at_two in"):
        sweep.run(reports_threads, sweep.product(number=[1]), path=path)


def test_two_lambdas_are_two_functions(tmp_path):
    path, grid = tmp_path / "results.jsonl", sweep.product(number=[1, 2])
    sweep.run(lambda number, seed: 2 * number, grid, path=path)
    with pytest.raises(ValueError, match=r"path must hold results of .*<lambda> of test_sweep \(code .*; got some of"):
        sweep.run(lambda number, seed: 3 * number, grid, path=path)
    assert [row["result"] for row in sweep.run(lambda number, seed: 2 * number, grid, path=path)] == [2, 4]


def times(factor, by_default=False):
    if by_default:
        return lambda number, seed, factor=factor: factor * number
    return lambda number, seed: factor * number


@pytest.mark.parametrize("by_default", [False, True])
def test_what_a_function_takes_from_outside_tells_it_apart(tmp_path, by_default):
    path, grid = tmp_path / "results.jsonl", sweep.product(number=[1])
    sweep.run(times(2, by_default), grid, path=path)
    assert sweep.run(times(2, by_default), grid, path=path)[0]["result"] == 2
    with pytest.raises(ValueError, match="path must hold results of"):
        sweep.run(times(3, by_default), grid, path=path)


def test_one_name_in_two_modules_is_two_functions(tmp_path):
    def of(module):
        names = {"__name__": module}
        exec(f"def trial(number, seed): return {module!r}", names)
        return names["trial"]

    path, grid = tmp_path / "results.jsonl", sweep.product(number=[1])
    sweep.run(of("first"), grid, path=path)
    with pytest.raises(ValueError, match="path must hold results of trial of second; got some of trial of first in"):
        sweep.run(of("second"), grid, path=path)
    assert sweep.run(of("__main__"), grid, path=path)[0]["result"] == "first"  # a notebook that became a module


def test_a_file_of_the_old_version_still_loads(tmp_path):
    text = '{"function": "fails_at_two", "parameters": {"number": 1}, "result": 5}\n'
    rows = sweep.run(fails_at_two, sweep.product(number=[1]), path=written(tmp_path, text))
    assert [row["result"] for row in rows] == [5]


def test_a_bit_turned_in_a_result_is_damage(tmp_path):
    path = tmp_path / "results.jsonl"
    sweep.run(lambda number, seed: 0.91, sweep.product(number=[1]), path=path)
    path.write_bytes(path.read_bytes().replace(b"0.91", b"0.93"))
    with pytest.raises(ValueError, match="got a damaged line 1"):
        sweep.run(lambda number, seed: 0.91, sweep.product(number=[1]), path=path)


def pops(widths, seed):
    return {"first": widths.pop(0), "seed": seed}


@pytest.mark.parametrize("threads", [False, True])
def test_a_run_may_change_its_parameters(tmp_path, threads):
    grid = sweep.product(widths=[[3, 2], [5, 4]])
    with ThreadPoolExecutor(2) as executor:
        rows = sweep.run(pops, grid, executor if threads else None, path=tmp_path / "results.jsonl")
    assert grid == [{"widths": [3, 2]}, {"widths": [5, 4]}]
    assert [row["widths"] for row in rows] == [[3, 2], [5, 4]]
    assert [row["result"]["first"] for row in rows] == [3, 5]
    assert all(row["seed"] == row["result"]["seed"] == sweep.seed_of({"widths": row["widths"]}) for row in rows)
    rows[0]["widths"].clear()
    assert sweep.run(pops, grid, path=tmp_path / "results.jsonl")[0]["widths"] == [3, 2]
    assert grid[0] == {"widths": [3, 2]}


def test_combinations_share_no_list():
    first, second = sweep.product(widths=[[3, 2]], repeat=[0, 1])
    first["widths"].pop()
    assert second == {"widths": [3, 2], "repeat": 1}


def exits_at_two(number, seed):
    if number == 2:
        sys.exit("enough")
    return number


@pytest.mark.parametrize("where", ["here", "threads", "processes"])
def test_one_runs_exit_is_that_runs_error(two_processes, where):
    threads = ThreadPoolExecutor(1)
    executor = {"here": None, "threads": threads, "processes": two_processes}[where]
    with threads, pytest.raises(sweep.SweepError, match="SystemExit: enough") as caught:
        sweep.run(exits_at_two, sweep.product(number=[1, 2, 3]), executor)
    assert [row["result"] for row in caught.value.rows] == [1, 3]


@pytest.mark.parametrize("pool", [False, True])
def test_a_call_that_ends_without_an_outcome_is_that_calls_error(pool):
    with ThreadPoolExecutor(1) as executor:
        ended = dict(sweep.outcomes(sys.exit, {"a": "no", "b": 1}, executor if pool else None))
    assert ended.keys() == {"a", "b"}
    assert all("SystemExit" in outcome["error"] for outcome in ended.values())


def test_two_sweeps_at_once_write_whole_lines(tmp_path):
    path = tmp_path / "results.jsonl"
    with ThreadPoolExecutor(4) as executor:
        jobs = [
            executor.submit(sweep.run, large, sweep.product(number=[n, n + 100, n + 200]), path=path) for n in range(8)
        ]
        assert [len(job.result()) for job in jobs] == [3] * 8
    assert len([json.loads(line) for line in path.read_text().splitlines()]) == 24


def large(number, seed):
    return [number] * 20_000


def run(grid=(), function=fails_at_two, **options):
    return sweep.run(function, list(grid), **options)


BAD_INPUT = [
    (
        "executor a number",
        lambda: run(executor=2),
        TypeError,
        "executor must be a concurrent.futures.Executor or None; got int",
    ),
    ("function a string", lambda: run(function="fit"), TypeError, "function must be callable; got str"),
    (
        "grid of axes",
        lambda: sweep.run(fails_at_two, {"number": [1, 2]}),
        TypeError,
        "grid must be a list of dicts; got {'number': [1, 2]}",
    ),
    ("grid of numbers", lambda: run([1, 2]), TypeError, "grid must be a list of dicts; got [1, 2]"),
    (
        "one run twice",
        lambda: run([{"number": 1}, {"number": 1}]),
        ValueError,
        "grid must hold each run once; got 2 dicts, 1 of them different",
    ),
    (
        "a seed in the grid",
        lambda: run([{"seed": 1}]),
        ValueError,
        "grid must leave the names seed and result to the sweep; got {'seed': 1}",
    ),
    (
        "a set in the grid",
        lambda: run([{"number": {1}}]),
        TypeError,
        "grid must hold values that JSON can hold; got {'number': {1}} (Object of type set is not JSON serializable)",
    ),
    (
        "NaN in the grid",
        lambda: run([{"number": float("nan")}]),
        ValueError,
        "grid must hold values that JSON can hold; got {'number': nan} "
        "(Out of range float values are not JSON compliant)",
    ),
]


test_bad_input = bad_input_test(BAD_INPUT)


def test_a_file_that_cannot_be_written_is_found_out_before_anything_runs(tmp_path):
    calls = []
    for path, error in [(tmp_path / "missing" / "runs.jsonl", FileNotFoundError), (tmp_path, IsADirectoryError)]:
        with pytest.raises(error):
            sweep.run(lambda seed: calls.append(seed), [{}], path=path)
    with pytest.raises(ValueError, match=r"^path must name a file; got ''$"):
        sweep.run(lambda seed: calls.append(seed), [{}], path="")
    assert not calls
