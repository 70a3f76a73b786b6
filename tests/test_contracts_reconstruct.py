"""The table of contracts of `reconstruct`: what it does with every kind of tensor in place of a weight or of inputs."""

import torch
from contracts import Row, contract_tests, gives, refuses, weight_of, works

from pruning_lab import reconstruct

HALF = torch.tensor([[False, True, False, True]]).repeat(2, 1)
HESSIAN = torch.eye(4) + torch.ones(4, 4)
ANY_FLOAT = "float16, bfloat16, float64, float8, strided, expanded, read-only, requires_grad, subclassed"
OF_MODULES = "tied module, parametrized module, scripted module, subclassed module, shared modules"


def exact(result):
    """What is computed in float64 before the weight is rounded to its dtype."""
    return result.mask, result.change


def close(first, second):
    return all(torch.allclose(a.double(), b.double(), rtol=1e-6) for a, b in zip(first, second, strict=True))


def row(name, call, argument):
    """The same for all: real floating-point numbers, finite, on two axes, at least one."""
    empty = "inputs must hold at least one sample" if argument == "inputs" else "weight must have at least one entry"
    cells = {
        ANY_FLOAT: works,
        "denormals": gives(lambda result: result[-1].double().isfinite().all()),  # squares of another size
        OF_MODULES: works,
        "integers, bool, complex": refuses(TypeError, f"{argument} must be a floating-point tensor; got dtype"),
        "meta": refuses(ValueError, f"{argument} must hold numbers; got a tensor on the meta device"),
        "NaN, infinities": refuses(ValueError, f"{argument} must be finite; got 1 NaN or infinite entries"),
        "empty": refuses(ValueError, f"{empty}; got shape (0, 4)"),
        "0-d": refuses(ValueError, f"{argument} must have 2 axes; got shape ()"),
        "lazy module": refuses(ValueError, f"{argument} must be initialised"),
    }
    return Row(f"reconstruct.{name}", call, cells, close)


TABLE = [
    row("input_hessian", lambda a: reconstruct.input_hessian(weight_of(a)), "inputs"),
    row("obs_scores", lambda a: reconstruct.obs_scores(weight_of(a), HESSIAN), "weight"),
    row("adjust_survivors", lambda a: exact(reconstruct.adjust_survivors(weight_of(a), HALF, HESSIAN)), "weight"),
    row("obs", lambda a: exact(reconstruct.obs(weight_of(a), HESSIAN, 0.5)), "weight"),
    row("sparsegpt", lambda a: exact(reconstruct.sparsegpt(weight_of(a), HESSIAN, n_of_m=(2, 4))), "weight"),
]
test_each_cell, test_no_cell_is_left_out, test_every_public_function_has_a_row = contract_tests(
    TABLE, [reconstruct], {"reconstruct.Reconstruction": "a value that the others return"}
)
