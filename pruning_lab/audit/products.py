"""Time, scattered zeros: the product of each layer, dense as fast as it gets, against every sparse kernel."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from pruning_lab.kernels import block_matmul, csr_matmul, csr_matvec, n_of_m_matmul, tiled_matmul
from pruning_lab.masks import mask_n_of_m, mask_unstructured
from pruning_lab.measure import compare, dense_products
from pruning_lab.scores import magnitude_scores
from pruning_lab.sparse import CSR, BlockCSR, NOfM, TiledCSR
from pruning_lab.sparse.tiled_csr import TILE_OF_A_BATCH

from .budget import Budget, timed
from .findings import Finding
from .gpu import gpu_products
from .layers import Layer, Work, sample, work_of
from .storage import BLOCK, n_of_m
from .watching import Watch

MOST_COLUMNS, LEAST_COLUMNS = 1024, 64  # of what a weight is multiplied by: beyond, the time grows with their number
TRIAL = 3  # rounds that choose the dense product
SLOWEST = 4e9  # multiply-accumulates a second that a kernel reaches at the least, to choose the number of columns
CHOOSING = 6e-8  # seconds an entry to choose the survivors of n:m

Call = Callable[[], object]
Candidates = dict[tuple[str, float | None], Call]  # (kernel, its sparsity) -> product; the first is dense


class Dense(NamedTuple):
    """The fastest dense product, and which part of its work the sparse ones are given."""

    name: str
    call: Call
    part: float


class Todo(NamedTuple):
    """The products to time, one for each shape; which layer stands for which other; what has no product, and why."""

    works: list[tuple[Layer, Work]]
    same_as: dict[str, str]
    unseen: list[str]


def distinct(model: nn.Module, layers: Sequence[Layer], watch: Watch, share: dict[str, float]) -> Todo:
    """Return the products of a network, those of the largest share of the time first, each shape once.

    How long a product takes depends on its shape and on how many zeros there are, hardly on where they are.
    """
    first: dict[Any, str] = {}
    works, same_as, reasons = [], dict[str, str](), dict[str, list[str]]()
    for layer in sorted(layers, key=lambda layer: -share.get(layer.name, share.get(layer.module, 0.0))):
        work = work_of(model.get_submodule(layer.module), layer, watch.seen.get(layer.module))
        if isinstance(work, str):
            reasons.setdefault(work, []).append(layer.name)
            continue
        zeros = round(1 - float(work.matrix.count_nonzero()) / work.matrix.numel(), 2)
        stride = work.convolution and (work.convolution.stride, work.convolution.kernel_size)
        key = tuple(work.matrix.shape), work.matrix.dtype, work.columns, work.given, stride, zeros
        if key in first:
            same_as[layer.name] = first[key]
        else:
            first[key] = layer.name
            works.append((layer, work))
    unseen = [f"the product of {names[0]!r}{and_more(names[1:])}: {reason}" for reason, names in reasons.items()]
    return Todo(works, same_as, unseen)


def all_products(
    todo: Todo, sparsities: Sequence[float], batches: Sequence[int], batch: int, budget: Budget, reserve: float
) -> tuple[list[Finding], list[str]]:
    """Return the findings of all products, and a line for those not reached.

    What is left of the budget, without a reserve in seconds, is shared out evenly.
    """
    runs = [(layer, work, size) for layer, work in todo.works for size in batches]
    found, late = [], []
    for place, (layer, work, size) in enumerate(runs):
        seconds = (budget.left - reserve) / (len(runs) - place)
        mine = products(work, layer.name, sparsities, seconds, size, size / batch) if seconds > 0 else []
        found += mine
        late += [] if mine else [layer.name]
    why = "three rounds did not fit into the budget"
    return found, [f"the product of {late[0]!r}{and_more(late[1:])}: {why}"] if late else []


def products(
    work: Work, name: str, sparsities: Sequence[float], seconds: float, batch: int, scale: float = 1.0
) -> list[Finding]:
    """Return how fast each sparse kernel is against the best dense product, and from which density on it would pay.

    Args:
        work: the product, at the example's batch.
        name: of the layer.
        sparsities: fractions pruned, in ascending order.
        seconds: to spend. Where they are short the product is measured on fewer columns, then in fewer rounds; where
            not even three rounds fit, an empty list comes back.
        batch: how many examples run at once; `scale` is how many times the example's that is.
    """
    whole = max(1, round(work.columns * scale))
    if work.matrix.is_cuda:
        columns = min(MOST_COLUMNS, whole)
        return _found(dict(gpu_products(work.matrix, columns, sparsities)), 1.0, name, seconds, columns, batch)
    matrix = work.matrix.to(torch.float64 if work.matrix.dtype == torch.float64 else torch.float32).contiguous()
    columns = _affordable(matrix, whole, sparsities, seconds)
    generator = np.random.default_rng(0)
    x = generator.standard_normal((matrix.shape[1], columns) if columns > 1 else matrix.shape[1])
    x = x.astype(matrix.numpy().dtype)
    dense = fastest_dense(matrix, x, work, scale, columns / whole)
    candidates: Candidates = {(dense.name, None): dense.call}
    candidates.update(sparse_products(matrix, x, sparsities, seconds))
    return _found(candidates, dense.part, name, seconds, columns, batch)


def _found(candidates, part, name, seconds, columns, batch):
    """Time the candidates, dense first, and return what was found. Dense does 1 / part of the others' work."""
    comparison = timed({f"{what} {level}": call for (what, level), call in candidates.items()}, seconds)
    if comparison is None:
        return []
    rival = next(iter(candidates))[0]
    unit = f"times as fast as {rival}, {columns} columns"
    found = []
    for row, (what, level) in zip(comparison.rows, candidates, strict=True):
        if not found:
            numbers, unit_here = (row.median * part, row.q1 * part, row.q3 * part), "seconds"
        else:
            numbers, unit_here = (row.ratio * part, row.ratio_q1 * part, row.ratio_q3 * part), unit
        value, low, high = numbers
        found.append(Finding("product", name, what, value, unit_here, low, high, level, batch))
    return found + list(pays_from(found[1:], name, batch))


def _affordable(matrix, columns, sparsities, seconds):
    """Return how many columns the product is measured on: few enough for ten rounds of all kernels."""
    densities = 2 + sum(4 * (1 - sparsity) + 0.1 for sparsity in sparsities)
    fit = int(seconds * SLOWEST / (13 * densities * matrix.numel()))
    return min(columns, MOST_COLUMNS, max(LEAST_COLUMNS, fit // LEAST_COLUMNS * LEAST_COLUMNS))


def fastest_dense(matrix: Tensor, x: np.ndarray, work: Work, scale: float = 1.0, part: float = 1.0) -> Dense:
    """Return the fastest dense product in a short trial: of NumPy, of torch, or as torch runs the layer itself.

    A linear layer is given one example after the other in memory, which for few columns can be ten times as fast as
    one column after the other. A convolution is run as a convolution too: what torch does there counts as dense.

    Args:
        matrix: (out, in). x: (in,) or (in, columns).
        work: the product. scale: how many times the example's batch.
        part: the columns of x over those of the layer. A convolution multiplies all, and its time is cut down to that.

    >>> dense = fastest_dense(torch.ones(2, 2), np.ones(2, np.float32), Work(torch.ones(2, 2), 1))
    >>> dense.name in ("NumPy dense", "torch dense", "F.linear"), dense.part
    (True, 1.0)
    """
    examples = torch.from_numpy(np.ascontiguousarray(x.T))
    calls: dict[str, Call] = {**dense_products(matrix.numpy(), x)}
    calls["F.linear"] = lambda: torch.nn.functional.linear(examples, matrix)
    parts = dict.fromkeys(calls, 1.0)
    if work.convolution is not None:
        images, convolution = sample(work, scale), work.convolution
        calls["the convolution"], parts["the convolution"] = lambda: _without_gradients(convolution, images), part
    name = min(compare(calls, TRIAL).rows, key=lambda row: row.median * parts[row.name]).name
    return Dense(name, calls[name], parts[name])


def _without_gradients(layer, x):
    with torch.no_grad():
        return layer(x)


def sparse_products(
    matrix: Tensor, x: np.ndarray, sparsities: Sequence[float], seconds: float = float("inf")
) -> Iterator[tuple[tuple[str, float], Call]]:
    """Yield ((kernel, its sparsity), product by x) for CSR, tiled CSR, 4 x 1 vectors and n:m, pruned by magnitude.

    n:m is left out where choosing its survivors would take a third of the time, and where no n:m is near the sparsity.

    >>> matrix, x = torch.arange(1.0, 17).reshape(4, 4), np.ones(4, np.float32)
    >>> for (what, level), call in sparse_products(matrix, x, [0.5]):
    ...     print(what, level, call().tolist())
    CSR 0.5 [0.0, 0.0, 42.0, 58.0]
    tiled CSR 0.5 [0.0, 0.0, 42.0, 58.0]
    4x1 vectors 0.5 [7.0, 15.0, 23.0, 31.0]
    2:4 0.5 [7.0, 15.0, 23.0, 31.0]
    """
    scores = magnitude_scores(matrix)
    rows, width = matrix.shape
    multiply: Callable[..., np.ndarray] = csr_matvec if x.ndim == 1 else csr_matmul
    for sparsity in sparsities:
        pruned = (matrix * mask_unstructured(scores, sparsity)).numpy()
        yield ("CSR", sparsity), _product(multiply, CSR.from_dense(pruned), x)
        tile = None if x.ndim == 1 else TILE_OF_A_BATCH
        yield ("tiled CSR", sparsity), _product(tiled_matmul, TiledCSR.from_dense(pruned, tile), x)
        if rows % BLOCK[0] == 0:
            sums = scores.reshape(-1, BLOCK[0], width).sum(dim=1)
            mask = mask_unstructured(sums, sparsity).repeat_interleave(BLOCK[0], dim=0)
            blocks = BlockCSR.from_dense((matrix * mask).numpy(), block=BLOCK)
            yield ("4x1 vectors", sparsity), _product(block_matmul, blocks, x)
        pair = n_of_m(sparsity, width)
        if pair and matrix.numel() * CHOOSING * len(sparsities) < seconds / 3:
            n, m = pair
            groups = NOfM.from_dense((matrix * mask_n_of_m(scores, n, m)).numpy(), n, m)
            yield (f"{n}:{m}", 1 - n / m), _product(n_of_m_matmul, groups, x)


def _product(multiply, form, x) -> Call:
    return lambda: multiply(form, x)


def pays_from(found: Sequence[Finding], name: str, batch: int) -> Iterator[Finding]:
    """Yield, for all but n:m, the density below which the kernel is faster than the dense product.

    The time of a kernel is taken to be a straight line between two densities, and below the lowest one measured the
    line through the lowest two goes on ("extrapolated"). Nothing is yielded where that line never gets there.

    >>> times = [Finding("product", "fc", "CSR", ratio, "", level=level) for ratio, level in ((0.5, 0.5), (2, 0.9))]
    >>> [(round(f.value, 3), f.unit) for f in pays_from(times, "fc", 1)]
    [(0.233, 'density, interpolated')]
    """
    for kernel in ("CSR", "tiled CSR", "4x1 vectors"):
        line = sorted((1 - f.level, 1 / f.value) for f in found if f.what == kernel and f.level is not None)
        if (where := _crossing(line)) is not None:
            yield Finding("pays from", name, kernel, where[0], f"density, {where[1]}", batch=batch)


def _crossing(line):
    """Return where times over the dense one, ascending in density, pass 1, and how that is known; None if nowhere."""
    faster = [place for place, (_, time) in enumerate(line) if time <= 1]
    if faster and faster[-1] == len(line) - 1:
        return line[-1][0], "the highest measured"
    if len(line) < 2:
        return None
    (low, fast), (high, slow) = line[faster[-1] :][:2] if faster else line[:2]
    density = low + (high - low) * (1 - fast) / (slow - fast) if slow > fast else 0.0
    if density <= 0:
        return None
    return density, "interpolated" if faster else "extrapolated"


def and_more(others: Sequence[object]) -> str:
    """Return " and 3 more" for what a line does not list.

    >>> and_more([1, 2, 3]), and_more([])
    (' and 3 more', '')
    """
    return f" and {len(others)} more" if others else ""
