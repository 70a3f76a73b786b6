"""The harness of the tables of contracts catches what it should."""

from types import ModuleType

import pytest
import torch
from contracts import COLUMNS, MODULES, TENSORS, Row, check_cell, contract_tests, public_functions, refuses, works


def double(x):
    return 2 * x


def flat(x):
    if x.ndim == 0:
        raise ValueError("x must have an axis; got none")
    return x.flatten()


def vague(x):
    raise ValueError("no")


@pytest.mark.parametrize(
    ("call", "column", "cell", "fault"),
    [
        (double, "strided", works, None),
        (flat, "0-d", refuses(ValueError, "an axis"), None),
        (flat, "0-d", refuses(TypeError, "an axis"), ValueError),
        (flat, "0-d", refuses(ValueError, "two axes"), AssertionError),
        (flat, "strided", refuses(ValueError, "an axis"), pytest.fail.Exception),
        (vague, "0-d", refuses(ValueError, "no"), AssertionError),  # not in the house's form
        (lambda x: x.isnan(), "NaN", works, AssertionError),
    ],
)
def test_a_cell_holds_only_what_is_so(call, column, cell, fault):
    if fault is None:
        check_cell(Row("f", call, {}), column, cell)
        return
    with pytest.raises(fault):
        check_cell(Row("f", call, {}), column, cell)


def test_a_cell_or_a_function_left_out_fails():
    module = ModuleType("pruning_lab.made_up")
    for function in (double, flat):
        setattr(module, function.__name__, function)
        function.__module__ = module.__name__
    assert public_functions(module) == {"made_up.double", "made_up.flat"}
    half = Row("made_up.double", double, dict.fromkeys(TENSORS, works))
    _, every_cell, every_function = contract_tests([half], [module], {})
    with pytest.raises(AssertionError):
        every_cell(half)
    every_cell(half._replace(cells={", ".join(COLUMNS): works}))
    with pytest.raises(AssertionError):
        every_function()


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
@pytest.mark.parametrize("column", COLUMNS)
def test_each_column_has_an_argument_and_an_ordinary_one(column):
    argument, ordinary = COLUMNS[column]()
    if column in MODULES:
        assert ordinary(torch.ones(1, 4)).shape == (1, 2)
    else:
        assert argument.shape == ordinary.shape
        assert type(ordinary) is torch.Tensor
        assert ordinary.dtype == torch.float32
