"""Many runs of one function, on any executor: one worker or eight give the same table, and a killed sweep resumes.

A run's parameters, written as JSON with sorted names, are its key. Its seed is a hash of the key, so it depends neither
on the order or number of workers nor on the process or the version of Python.
"""

import hashlib
import itertools
import json
import os
import sys
import traceback
import types
import zlib
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import Executor, as_completed
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock

from pruning_lab.files import check_path
from pruning_lab.progress import bar

BEGINS = b'{"function": '  # how each line of a file of results begins
Parameters = dict[str, Any]  # names to values that JSON can hold
Argument = TypeVar("Argument")


class SweepError(RuntimeError):
    """Some runs failed: `failures` lists (parameters, traceback as text), `rows` holds the runs that did not fail."""

    def __init__(self, failures: list[tuple[Parameters, str]], rows: list[dict[str, Any]]):
        listed = "".join(f"\n{parameters}: {text.strip().splitlines()[-1]}" for parameters, text in failures)
        super().__init__(f"{len(failures)} of {len(failures) + len(rows)} runs failed; .rows has the others.{listed}")
        self.failures, self.rows = failures, rows


def product(**axes: Iterable[Any]) -> list[Parameters]:
    """Return every combination of the values given, as a list of dicts; the last name moves fastest.

    >>> product(layer=["fc1"], sparsity=[0.5, 0.9]) + product(layer=["fc2"], sparsity=[0.9])
    [{'layer': 'fc1', 'sparsity': 0.5}, {'layer': 'fc1', 'sparsity': 0.9}, {'layer': 'fc2', 'sparsity': 0.9}]
    """
    combinations = itertools.product(*axes.values())
    return [_own(dict(zip(axes, values, strict=True))) for values in combinations]


def seed_of(parameters: Parameters) -> int:
    """Return the seed of a run, in [0, 2**32): the same on every machine, whatever the order of the names.

    1 and 1.0 are different parameters.

    >>> seed_of({"sparsity": 0.9, "repeat": 0}), seed_of({"repeat": 0, "sparsity": 0.9})
    (346522501, 346522501)
    """
    return int.from_bytes(hashlib.blake2b(_key(parameters).encode(), digest_size=4).digest())


def run(
    function: Callable[..., Any],
    grid: list[Parameters],
    executor: Executor | None = None,
    *,
    path: Path | str | None = None,
) -> list[dict[str, Any]]:
    """Call `function(**parameters, seed=...)` for each dict of parameters in `grid`; return a row for each, in order.

    A run that fails does not stop the others, nor does one that calls `sys.exit`. Each run has one thread, and
    parameters of its own, to change as it likes. With `path`, each result is on disk before the next one is waited
    for, and a later call computes only what is missing there. The file knows the function's name and module, not its
    code: delete it when the code changes. Only for a lambda, or for a function made inside another, does it know the
    code as well, with the numbers and texts that it takes from outside: their names tell nothing apart.

    Args:
        function: returns something that JSON can hold, such as a dict of floats. Other processes must be able to
            import it: a function of a module, or a `functools.partial` of one. What partial, or the object
            of a method, binds is not a parameter: results in a file do not tell it apart.
        grid: list of dicts, names to values that JSON can hold; see `product`. Number repeats with a name other than
            `seed`, such as `repeat`.
        executor: a `concurrent.futures.Executor`, such as `ProcessPoolExecutor(2)`, or on a cluster
            `dask.distributed.Client(address).get_executor()`; None runs in this process.
        path: file of results, one JSON object per line; None keeps none.

    Returns:
        List of dicts in the order of the grid: the parameters, "seed" and "result", as JSON gives it back (a tuple
        becomes a list).

    Raises:
        TypeError, ValueError: arguments or a file that do not fit, before anything runs.
        SweepError: some runs failed, after all others are done.

    >>> def lucky(sparsity, seed):
    ...     return {"odd": seed % 2 == 1}
    >>> run(lucky, product(sparsity=[0.5]))
    [{'sparsity': 0.5, 'seed': 2394712813, 'result': {'odd': True}}]
    """
    if executor is not None and not isinstance(executor, Executor):
        raise TypeError(f"executor must be a concurrent.futures.Executor or None; got {type(executor).__name__}")
    runs, owner = _keyed(grid), _owner(function)
    results, failures = {} if path is None else _read(check_path(path), owner), []
    waiting = {key: parameters for key, parameters in runs.items() if key not in results}
    if waiting and path is not None:
        open(path, "ab").close()  # a file that cannot be written is found out now, not after the first run
    progress = bar(total=len(runs), initial=len(runs) - len(waiting))
    with progress, closing(outcomes(partial(_call, function), waiting, executor)) as ended:
        for key, outcome in ended:
            if "error" in outcome:
                failures.append((runs[key], outcome["error"]))
            else:
                results[key] = outcome["result"]
                if path is not None:
                    _append(path, {"function": owner["function"], "parameters": runs[key], **outcome, **owner})
            progress.update()
    done = [(parameters, results[key]) for key, parameters in runs.items() if key in results]
    rows = [{**parameters, "seed": seed_of(parameters), "result": result} for parameters, result in done]
    if failures:
        raise SweepError(failures, rows)
    return rows


def outcomes(
    call: Callable[[Argument], str], waiting: Mapping[str, Argument], executor: Executor | None
) -> Generator[tuple[str, dict[str, Any]], None, None]:
    """Yield (key, {"result": ...} or {"error": traceback}) as calls end; leaving early cancels those still waiting.

    Args:
        call: function of one argument that returns such an outcome as JSON text, so that nothing need survive pickling.
        waiting: {key: argument}.
        executor: as in `run`.
    """
    if executor is None:
        for key, argument in waiting.items():
            yield key, _outcome(partial(call, argument))
        return
    futures = {executor.submit(call, argument): key for key, argument in waiting.items()}
    try:
        for future in as_completed(futures):
            yield futures[future], _outcome(future.result)
    finally:
        for future in futures:
            future.cancel()


def _outcome(ended):
    """Return what `ended()` says in JSON; or its error: the worker died, or the function could not be sent to it."""
    try:
        return json.loads(ended())
    except (Exception, SystemExit):
        return {"error": traceback.format_exc()}


def _call(function, parameters):
    """Run once; return the outcome as text, so that neither a result nor an error has to survive pickling."""
    from pruning_lab.measure import one_thread  # brings torch, for which who only hands out runs need not wait

    try:
        with one_thread():
            return json.dumps({"result": function(**_own(parameters), seed=seed_of(parameters))})
    except (Exception, SystemExit):  # the end of one run is not the end of all
        return json.dumps({"error": traceback.format_exc()})


def _own(value):
    """Return a value that shares no list or dict with the one given, so that changing one changes no other."""
    if isinstance(value, dict):
        return {name: _own(part) for name, part in value.items()}
    return type(value)(map(_own, value)) if type(value) in (list, tuple) else value


def _key(parameters):
    try:
        return json.dumps(parameters, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise type(error)(f"grid must hold values that JSON can hold; got {parameters} ({error})") from error


def _keyed(grid):
    if not isinstance(grid, list) or not all(isinstance(parameters, dict) for parameters in grid):
        raise TypeError(f"grid must be a list of dicts; got {grid!r:.60}")
    runs = {_key(parameters): _own(parameters) for parameters in grid}  # the caller may change the grid's
    if len(runs) < len(grid):
        raise ValueError(f"grid must hold each run once; got {len(grid)} dicts, {len(runs)} of them different")
    if reserved := [parameters for parameters in grid if parameters.keys() & {"seed", "result"}]:
        raise ValueError(f"grid must leave the names seed and result to the sweep; got {reserved[0]}")
    return runs


def _owner(function):
    """Return what a file says of its function: its name and module, and the code of one whose name is not its own."""
    if not callable(function):
        raise TypeError(f"function must be callable; got {type(function).__name__}")
    function = function.func if isinstance(function, partial) else function
    named = function if hasattr(function, "__qualname__") else type(function)
    owner = {"function": named.__qualname__, "module": named.__module__}
    if "<" in named.__qualname__ and hasattr(function, "__code__"):
        owner["code"] = hashlib.blake2b(repr(_code_of(function)).encode(), digest_size=8).hexdigest()
    return owner


def _code_of(function):
    """Return a function's code and what it takes from outside, where that is plain and so cannot change in between."""
    cells = [_contents(cell) for cell in function.__closure__ or ()]
    bound = [*cells, *(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    return sys.version_info[:2], _plain(function.__code__), [_plain(value) for value in bound]


def _contents(cell):
    try:
        return cell.cell_contents
    except ValueError:  # a name that has no value yet
        return None


def _plain(value):
    """Return what tells a value apart from another run's: its code, or itself if it is plain, or only its class."""
    if isinstance(value, types.CodeType):
        return value.co_code, value.co_names, value.co_varnames, [_plain(constant) for constant in value.co_consts]
    if isinstance(value, types.FunctionType):
        return value.__qualname__, _plain(value.__code__)
    if isinstance(value, tuple | frozenset):
        return type(value).__name__, sorted(map(repr, map(_plain, value))) if isinstance(value, frozenset) else [
            *map(_plain, value)
        ]
    is_plain = value is None or isinstance(value, bool | int | float | complex | str | bytes)
    return value if is_plain else type(value).__qualname__


def _is_other(row, owner):
    """Whether a row is another function's. Older files say neither module nor code; a notebook's module has no name."""
    modules = {row.get("module", "__main__"), owner["module"]}
    codes = {row.get("code"), owner.get("code")} - {None}
    return row["function"] != owner["function"] or len(codes) > 1 or (len(modules) > 1 and "__main__" not in modules)


def _described(owner):
    module = f" of {owner['module']}" if "module" in owner else ""
    code = f" (code {owner['code']})" if "code" in owner else ""
    return f"{owner['function']}{module}{code}"


def _read(path, owner):
    """Return {key: result} of a file; a last line that a kill left unfinished is cut off, any other damage refused."""
    results = {}
    *whole, torn = _content(path).split(b"\n")
    for number, line in enumerate(whole if BEGINS.startswith(torn[: len(BEGINS)]) else [*whole, torn], start=1):
        try:
            row = json.loads(line)
            results[_key(row["parameters"])], other = row["result"], _is_other(row, owner)
            damaged = row.pop("checksum", None) not in (None, _checksum(row))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"path must hold results of a sweep; got a damaged line {number} in {path}") from error
        if damaged:
            raise ValueError(f"path must hold results of a sweep; got a damaged line {number} in {path}")
        if other and row["function"] != owner["function"]:
            raise ValueError(f"path must hold results of {owner['function']}; got some of {row['function']} in {path}")
        if other:
            raise ValueError(f"path must hold results of {_described(owner)}; got some of {_described(row)} in {path}")
    if torn:
        with _alone(path):
            content = Path(path).read_bytes()
            os.truncate(path, content.rfind(b"\n") + 1)
    return results


def _content(path):
    if not Path(path).exists():
        return b""
    with _alone(path):
        return Path(path).read_bytes()


def _alone(path):
    """Return a lock on a file of results: a line that another sweep is writing must not be taken for a torn one."""
    return FileLock(f"{path}.lock")


def _append(path, row):
    """Add one line, in one piece, so that two sweeps at once do not write into each other's."""
    line = (json.dumps({**row, "checksum": _checksum(row)}) + "\n").encode()
    with _alone(path), open(path, "ab", buffering=len(line) + 1) as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def _checksum(row):
    """Return a number that changes with any bit of a row."""
    return zlib.crc32(json.dumps(row, sort_keys=True).encode())
