"""What a sparse product has to beat: the dense product, by NumPy or by torch, whichever is faster here."""

import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from pruning_lab.arrays import FLOATS, check_array, check_plain

from .timing import compare

TRIAL = 5  # rounds that decide between the two


def numpy_product(weight: np.ndarray, x: np.ndarray) -> Callable[[], np.ndarray]:
    """Return a call without arguments that multiplies in NumPy: what `compare` takes.

    Args:
        weight: (out, in), float32 or float64.
        x: (in,) or (in, batch), of the same dtype.

    Raises:
        TypeError: not arrays, or of other dtypes. ValueError: the shapes disagree.

    >>> numpy_product(np.eye(2), np.array([3.0, 4.0]))()
    array([3., 4.])
    """
    weight, x = _check(weight, x)
    return lambda: weight @ x


def torch_product(weight: np.ndarray, x: np.ndarray) -> Callable[[], Tensor]:
    """Return the same product in torch, on the same memory: nothing is copied (except what is read backwards).

    Args and errors as for `numpy_product`.

    >>> torch_product(np.eye(2), np.array([3.0, 4.0]))()
    tensor([3., 4.], dtype=torch.float64)
    """
    weight, x = _check(weight, x)
    with warnings.catch_warnings():  # torch warns of arrays that may only be read: a product does no more
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")
        tensor, inputs = torch.from_numpy(weight), torch.from_numpy(x)
    return lambda: tensor @ inputs


def _check(weight, x):
    """Return both as plain arrays in float32 or float64 that can be multiplied, whatever is asked to multiply them."""
    weight = check_array(weight, "weight", FLOATS, ndim=2)
    check_plain(x, "x")
    if x.dtype != weight.dtype:
        raise TypeError(f"x must have the dtype of weight, {weight.dtype}; got dtype {x.dtype}")
    if x.ndim not in (1, 2) or x.shape[0] != weight.shape[1]:
        shapes = f"(in,) or (in, batch) with in = {weight.shape[1]}"
        raise ValueError(f"x must have shape {shapes}, as weight has shape {weight.shape}; got {x.shape}")
    return _without_negative_strides(weight), _without_negative_strides(np.asarray(x))


def _without_negative_strides(array):
    """Return the array; where it is read backwards, which torch cannot, a copy of it."""
    return array if all(stride >= 0 for stride in array.strides) else array.copy()


Product = Callable[[], np.ndarray | Tensor]
PRODUCTS: dict[str, Callable[[np.ndarray, np.ndarray], Product]] = {
    "NumPy dense": numpy_product,
    "torch dense": torch_product,
}


class Rival(NamedTuple):
    """The faster dense product: its name in PRODUCTS, and the function that makes its call for any weight and x."""

    name: str
    make: Callable[[np.ndarray, np.ndarray], Product]


def dense_products(weight: np.ndarray, x: np.ndarray) -> dict[str, Product]:
    """Return the dense products of `weight` and `x` by name, as `compare` takes them.

    >>> list(dense_products(np.eye(2), np.ones(2)))
    ['NumPy dense', 'torch dense']
    """
    return {name: make(weight, x) for name, make in PRODUCTS.items()}


def best_dense(weight: np.ndarray, x: np.ndarray, cold: bool = False, repeats: int = TRIAL) -> Rival:
    """Return the dense product that a sparse one has to beat: the faster of the two in a short trial.

    A speed-up over the slower one would be a speed-up over a library, not over zeros that are multiplied.

    Args:
        weight: (out, in), float32 or float64.
        x: (in,) or (in, batch), of the same dtype.
        cold, repeats: as for `compare`.

    >>> rival = best_dense(np.eye(2), np.ones(2))
    >>> rival.name in PRODUCTS, rival.make(np.eye(2), np.array([3.0, 4.0]))().tolist()
    (True, [3.0, 4.0])
    """
    trial = compare(dense_products(weight, x), repeats, cold)
    name = min(trial.rows, key=lambda row: row.median).name
    return Rival(name, PRODUCTS[name])
