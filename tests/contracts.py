"""A table of contracts: for each public function, what it does with every kind of argument. Each cell is run.

A row names a function and how to call it with one tensor (`call`). A column makes that tensor: float16, empty, tied ...
A cell is one of

    works           the call gives what it gives for the ordinary tensor of the same numbers (contiguous, float32)
    gives(check)    the call succeeds, and check(result) holds, where another answer is right
    refuses(kind, words)    that exception, with these words, in the house's form where it is a TypeError or ValueError
    takes_none(why) the function takes no such thing; the reason stands in the table

A function of a module sees a column of tensors through `holding` (a module with that weight), a function of a tensor
sees a column of modules through `weight_of`. `contract_tests` returns the tests: each cell is run, a cell left out
fails, a public function of the modules without a row fails.
"""

import inspect
import re
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations

# --- Columns: tensors ---

NUMBERS = torch.tensor(
    [[3.0, -1.0, 0.5, 2.0], [-4.0, 1.5, 0.25, -0.75]]
)  # exact in every float, no two magnitudes equal; each column has a copy


def _with(value):
    tensor = NUMBERS.clone()
    tensor[0, 1] = value
    return tensor


def _strided(numbers):
    wide = torch.full((numbers.shape[0], 3 * numbers.shape[1]), 9.0)
    wide[:, ::3] = numbers
    return wide[:, ::3]


def _read_only(numbers):
    array = numbers.numpy().copy()
    array.flags.writeable = False
    with warnings.catch_warnings(action="ignore"):  # torch warns of arrays that it may not write to
        return torch.from_numpy(array)


class Subclass(torch.Tensor):
    """A tensor of a class of one's own."""


# name: (tensor, the ordinary tensor of the same numbers)
TENSORS: dict[str, Callable[[], tuple[Tensor, Tensor]]] = {
    "float16": lambda: (NUMBERS.half(), NUMBERS.clone()),
    "bfloat16": lambda: (NUMBERS.bfloat16(), NUMBERS.clone()),
    "float64": lambda: (NUMBERS.double(), NUMBERS.clone()),
    "integers": lambda: (NUMBERS.to(torch.int64), NUMBERS.to(torch.int64).float()),
    "bool": lambda: (NUMBERS > 0, (NUMBERS > 0).float()),
    "complex": lambda: (NUMBERS.to(torch.complex64), NUMBERS.clone()),
    "float8": lambda: (NUMBERS.to(torch.float8_e4m3fn), NUMBERS.clone()),
    "meta": lambda: (NUMBERS.to("meta"), NUMBERS.clone()),
    "NaN": lambda: (_with(float("nan")), NUMBERS.clone()),
    "infinities": lambda: (_with(float("inf")), _with(1e30)),
    "denormals": lambda: (NUMBERS * 2.0**-140, NUMBERS.clone()),
    "empty": lambda: (NUMBERS[:0].clone(), NUMBERS[:0].clone()),
    "0-d": lambda: (torch.tensor(3.0), torch.tensor(3.0)),
    "strided": lambda: (_strided(NUMBERS), NUMBERS.clone()),
    "expanded": lambda: (NUMBERS[:1].clone().expand(2, 4), NUMBERS[:1].repeat(2, 1)),
    "read-only": lambda: (_read_only(NUMBERS), NUMBERS.clone()),
    "requires_grad": lambda: (NUMBERS.clone().requires_grad_(), NUMBERS.clone()),
    "subclassed": lambda: (NUMBERS.clone().as_subclass(Subclass), NUMBERS.clone()),
}

# --- Columns: modules. Each holds the numbers as the weight of a linear layer of 4 inputs and 2 outputs. ---


def layer(numbers=NUMBERS, kind=nn.Linear) -> nn.Linear:
    made = kind(numbers.shape[1], numbers.shape[0])
    made.weight = nn.Parameter(numbers.clone())
    nn.init.constant_(made.bias, 0.5)
    return made


class Doubling(nn.Linear):
    """A layer of a class of one's own, with a forward of its own."""

    def forward(self, x):
        return 2 * super().forward(x)


def _tied():
    model = nn.Sequential(layer(), nn.ReLU(), layer(NUMBERS.T), layer())
    model[3].weight = model[0].weight
    return model


def _shared():
    once = layer()
    return nn.Sequential(once, nn.ReLU(), layer(NUMBERS.T), once)


def _scripted():
    return torch.jit.script(nn.Sequential(layer()))


# name: (module, an ordinary module that computes the same)
MODULES: dict[str, Callable[[], tuple[nn.Module, nn.Module]]] = {
    "tied module": lambda: (_tied(), _tied()),
    "parametrized module": lambda: (nn.Sequential(parametrizations.weight_norm(layer())), nn.Sequential(layer())),
    "lazy module": lambda: (nn.Sequential(nn.LazyLinear(2)), nn.Sequential(layer())),
    "scripted module": lambda: (_scripted(), nn.Sequential(layer())),
    "subclassed module": lambda: (nn.Sequential(layer(kind=Doubling)), nn.Sequential(layer())),
    "shared modules": lambda: (_shared(), _shared()),
}
COLUMNS = {**TENSORS, **MODULES}


def holding(argument: Tensor | nn.Module) -> nn.Module:
    """Return a module; of a tensor one that holds it as its weight, beside an ordinary layer."""
    if isinstance(argument, nn.Module):
        return argument
    model = nn.Sequential(nn.Identity(), layer())
    model[0].weight = nn.Parameter(argument.detach(), requires_grad=argument.is_floating_point())
    return model


def first_of(module: nn.Module) -> nn.Module:
    """Return the first layer. By name: a scripted model hands out by number what it was made of."""
    return dict(module.named_children())["0"]


def weight_of(argument: Tensor | nn.Module) -> Tensor:
    """Return a tensor; of a module the weight of its first layer."""
    return first_of(argument).weight if isinstance(argument, nn.Module) else argument


# --- Cells ---


class works:
    """The same answer as for the ordinary argument."""


class gives(NamedTuple):
    """Another answer, which is right: `check(result)` says so."""

    check: Callable[[Any], object]


class refuses(NamedTuple):
    kind: type[BaseException]
    words: str


class takes_none(NamedTuple):
    why: str


class Row(NamedTuple):
    """`call(argument)` runs the function; `cells` says what must happen, by column or by several, joined by commas.

    function: the dotted name, such as "masks.mask_global".
    same: how two answers are compared; by default bit for bit, dtypes aside.
    """

    function: str
    call: Callable[[Any], Any]
    cells: dict[str, Any]
    same: Callable[[Any, Any], bool] | None = None

    def by_column(self):
        return {name.strip(): cell for names, cell in self.cells.items() for name in names.split(",")}


def equal(first, second) -> bool:
    """Whether two results say the same: tensors and arrays entry by entry, whatever their dtype, layout or class."""
    if isinstance(first, Tensor):
        return first.shape == second.shape and torch.equal(_plain(first), _plain(second))
    if isinstance(first, np.ndarray):
        return first.shape == second.shape and np.array_equal(first, second)
    if isinstance(first, nn.Module):
        return equal(list(first.state_dict().values()), list(second.state_dict().values()))
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(equal(first[name], second[name]) for name in first)
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(equal, first, second))
    return first == second


def _plain(tensor):
    tensor = tensor.detach().as_subclass(torch.Tensor)
    return tensor.to(torch.float64) if tensor.is_floating_point() else tensor


HOUSE = re.compile(r"[^;]+ must .+; got .+", re.DOTALL)


def check_cell(row: Row, column: str, cell) -> None:
    """Run one cell and hold what happens against what the table says."""
    argument, ordinary = COLUMNS[column]()
    if isinstance(cell, refuses):
        with pytest.raises(cell.kind) as caught:
            row.call(argument)
        assert caught.type is cell.kind
        assert cell.words in str(caught.value)
        assert cell.kind not in (TypeError, ValueError) or HOUSE.fullmatch(str(caught.value)), str(caught.value)
    elif isinstance(cell, gives):
        assert cell.check(row.call(argument))
    elif isinstance(cell, takes_none):
        assert cell.why
    else:
        assert cell is works
        assert (row.same or equal)(row.call(argument), row.call(ordinary))


def public_functions(*modules) -> set[str]:
    """Return the dotted names of what modules define and do not hide: functions and classes."""
    found = set()
    for module in modules:
        short = module.__name__.removeprefix("pruning_lab.")
        for name, value in vars(module).items():
            own = getattr(value, "__module__", "").startswith(module.__name__)
            if own and not name.startswith("_") and (inspect.isfunction(value) or inspect.isclass(value)):
                found.add(f"{short}.{name}")
    return found


def contract_tests(table: list[Row], modules: list, not_called: dict[str, str]) -> tuple:
    """Return three tests: every cell, every column in every row, every public function in the table.

    Args:
        table: the rows.
        modules: whose public functions must have a row.
        not_called: {dotted name: why it has no row}, such as constants' classes and errors.
    """
    cells = [(row, column, cell) for row in table for column, cell in row.by_column().items()]

    @pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
    @pytest.mark.parametrize(("row", "column", "cell"), cells, ids=[f"{row.function}-{name}" for row, name, _ in cells])
    def test_each_cell(row, column, cell):
        check_cell(row, column, cell)

    @pytest.mark.parametrize("row", table, ids=[row.function for row in table])
    def test_no_cell_is_left_out(row):
        assert row.by_column().keys() == COLUMNS.keys()

    def test_every_public_function_has_a_row():
        rows = {row.function for row in table}
        assert public_functions(*modules) == rows | not_called.keys()
        assert not rows & not_called.keys()

    return test_each_cell, test_no_cell_is_left_out, test_every_public_function_has_a_row
