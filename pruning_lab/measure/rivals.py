"""What a sparse product has to beat: the dense product, by NumPy or by torch, whichever is faster here."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from .timing import compare

TRIAL = 5  # rounds that decide between the two


def numpy_product(weight: np.ndarray, x: np.ndarray) -> Callable[[], np.ndarray]:
    """Return a call without arguments that multiplies in NumPy: what `compare` takes.

    Args:
        weight: (out, in), float32 or float64.
        x: (in,) or (in, batch), of the same dtype.

    >>> numpy_product(np.eye(2), np.array([3.0, 4.0]))()
    array([3., 4.])
    """
    return lambda: weight @ x


def torch_product(weight: np.ndarray, x: np.ndarray) -> Callable[[], Tensor]:
    """Return the same product in torch, on the same memory: nothing is copied.

    >>> torch_product(np.eye(2), np.array([3.0, 4.0]))()
    tensor([3., 4.], dtype=torch.float64)
    """
    tensor, inputs = torch.from_numpy(weight), torch.from_numpy(x)
    return lambda: tensor @ inputs


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
