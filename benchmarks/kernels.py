"""How fast are sparse products? Ratios from interleaved runs, one thread, every answer checked before it is timed.

The layers are the six fully connected ones of Deep Compression, with random weights at the published densities. "Warm"
means whatever is left in the caches after the other candidates have run. The row "its own copy" is the control: the
same product over the same numbers elsewhere in memory. However far it is from 1, the rows below it may be off by as
much.

The goals were set on an AMD processor with AVX-512 (Zen 4), and which of them are met depends on the processor. On an
Intel Xeon with AVX-512, with the kernels as they were before strips began at cache lines, all three for `csr_matvec`
were met, and those for `csr_matmul` against libraries were missed: two layers have inputs larger than the cache, and
torch's CSR is as fast as ours there, because Intel's own library computes it. On Zen 3, without AVX-512 (each look-up
in x is a load and an insertion), `csr_matvec` runs at 0.4 to 0.9 ns per weight, and so did six versions in C with AVX2
intrinsics: the gather instruction, four indices in one 64-bit load, eight scalar sums, two and four rows in step,
prefetching. None was faster on all six layers. For Intel's processors the compiler avoids 512-bit vectors unless told
otherwise; telling it so changes every other compiled function in the process, so the course does not.

Three things that made products faster on Zen 4 can be lost without a wrong result: a strip that begins at a cache line
(a 512-bit load across two lines takes twice as long), sums that lie side by side in one register, and a loop over the
rows in which no array's references are counted (each count takes as long as several weights).
"""

import warnings
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import partial
from typing import NamedTuple

import numpy as np
import scipy.sparse
import torch

from benchmarks.table import Line
from pruning_lab import kernels, measure
from pruning_lab.compress import share_weights
from pruning_lab.sparse import CSR, BlockCSR, TiledCSR
from pruning_lab.sparse.published import DEEP_COMPRESSION_LAYERS
from pruning_lab.sparse.tiled_csr import TILE_OF_A_BATCH

DENSE_LAYERS = ("AlexNet FC6", "AlexNet FC7", "VGG-16 FC7")
QUICKEST = "the quickest of both"
SECOND_CACHE = 500_000  # bytes: half of one, or less
RNG = np.random.default_rng(0)


def rows() -> list[Line]:
    """Return one line of the table per comparison."""
    return [*_deep_compression_layers(), *_limits(), *_shared_weights(), _small_matrix(), *_four_by_one()]


class _Goals(NamedTuple):
    """How many times as fast as its rivals a contestant is to be, times a vector and times a batch."""

    vector_scipy: float | None = None
    vector_torch: float | None = None
    vector_dense: float | None = None
    batch_scipy: float = 3.0
    batch_torch: float = 2.0


class _Contestant(NamedTuple):
    """What multiplies a vector and what a batch, by name: `prepare(weight, x, cold)` returns the product by an x."""

    vector: str
    batch: str
    prepare: Callable
    goals: _Goals


def _as_csr(weight, x, _cold):
    multiply = kernels.csr_matvec if x.ndim == 1 else kernels.csr_matmul
    return partial(multiply, CSR.from_dense(weight))


def _in_tiles(weight, x, _cold):
    return partial(kernels.tiled_matmul, TiledCSR.from_dense(weight, None if x.ndim == 1 else TILE_OF_A_BATCH))


CONTESTANTS = (
    _Contestant("csr_matvec", "csr_matmul", _as_csr, _Goals(vector_scipy=2.0, vector_torch=1.3, vector_dense=5.0)),
    _Contestant("tiled_matmul", "tiled_matmul", _in_tiles, _Goals()),
    _Contestant(QUICKEST, QUICKEST, kernels.quickest, _Goals(vector_scipy=2.3, vector_torch=1.5, vector_dense=6.0)),
)


def _deep_compression_layers() -> Iterator[Line]:
    for contestant in CONTESTANTS:
        yield from _rows_of(contestant)


def _rows_of(ours):
    """Compare on one layer at a time, so that only one dense matrix is in memory."""
    vector, cold_vector, batch, dense = {}, {}, {}, {}
    for name, (shape, density) in DEEP_COMPRESSION_LAYERS.items():
        weight = _random(shape, density)
        x, columns = _random(shape[1], 1), _random((shape[1], 64), 1)
        cold = _sparse_candidates(weight, ours.prepare, x, cold=True)
        vector[name] = measure.compare(_sparse_candidates(weight, ours.prepare, x))
        cold_vector[name] = measure.compare(cold, cold=True)
        batch[name] = measure.compare(_sparse_candidates(weight, ours.prepare, columns))
        if name in DENSE_LAYERS:
            dense[name] = measure.compare({"ours": cold["ours"]} | measure.dense_products(weight, x), cold=True)
    goals, vectors, batches = ours.goals, ours.vector, f"{ours.batch}, batch 64,"
    return [
        _mean_row(f"control: {vectors} against its own copy", vector, ["copy"]),
        _mean_row(f"{vectors} against SciPy CSR", vector, ["SciPy"], goals.vector_scipy),
        _mean_row(f"{vectors} against torch CSR int32", vector, ["torch"], goals.vector_torch),
        _mean_row(f"{vectors} against SciPy CSR, cold", cold_vector, ["SciPy"]),
        _mean_row(f"{vectors} against torch CSR int32, cold", cold_vector, ["torch"]),
        _mean_row(f"{vectors} against the best dense, cold", dense, ["NumPy dense", "torch dense"], goals.vector_dense),
        _mean_row(f"{batches} against SciPy CSR", batch, ["SciPy"], goals.batch_scipy),
        _mean_row(f"{batches} against torch CSR int32", batch, ["torch"], goals.batch_torch),
    ]


def _limits():
    """What does the product of a vector wait for?

    For bytes, if it is as fast as reading them. For loads, if a weight takes no less time where the matrix fits the
    second cache. (A call takes some microseconds, which are shared out among few weights there.)
    """
    cold, loads = {}, {}
    for name, (shape, density) in DEEP_COMPRESSION_LAYERS.items():
        weight, x = _random(shape, density), _random(shape[1], 1)
        few = weight[: max(1, round(SECOND_CACHE / (6 * density * shape[1])))]
        product, of_few = kernels.quickest(weight, x), kernels.quickest(few, x)
        stream = np.ones(product.form.nbytes // 4, np.float32)
        cold[name] = measure.compare({"ours": partial(product, x), "reading": stream.sum}, cold=True)
        row = measure.compare({"in the cache": partial(of_few, x), "ours": partial(product, x)})["ours"]
        weights = np.count_nonzero(weight) / np.count_nonzero(few)
        loads[name] = _SpeedUp(row.ratio * weights, row.ratio_q1 * weights, row.ratio_q3 * weights)
    return [
        _mean_row("limit of bytes: the quickest, cold, against reading as many bytes", cold, ["reading"]),
        _mean_line("limit of loads: the quickest, warm, against few rows of it in the second cache, per weight", loads),
    ]


def _shared_weights():
    """What does running from the small form cost? Codes of 5 bits and gaps, as published, against the same matrix."""
    warm, cold = {}, {}
    for name in DENSE_LAYERS:
        shape, density = DEEP_COMPRESSION_LAYERS[name]
        weight = torch.from_numpy(_random(shape, density))
        rows = share_weights(weight, weight != 0, bits=5).to_rows()
        candidates = _shared_candidates(rows, rows.to_dense(), _random(shape[1], 1))
        warm[name] = measure.compare({name: candidates[name] for name in ("ours", "CSR")})
        cold[name] = measure.compare(candidates, cold=True)
    return [
        _mean_row("shared_matvec against csr_matvec", warm, ["CSR"]),
        _mean_row("shared_matvec against csr_matvec, cold", cold, ["CSR"]),
        _mean_row("shared_matvec against the best dense, cold", cold, ["NumPy dense", "torch dense"]),
        _mean_row("shared_matvec against unpacking first, cold", cold, ["unpacked first"]),
    ]


def _shared_candidates(rows, dense, x):
    csr = CSR.from_dense(dense)
    candidates = {
        "ours": lambda: kernels.shared_matvec(rows, x),
        "CSR": lambda: kernels.csr_matvec(csr, x),
        "unpacked first": lambda: rows.to_dense() @ x,
    } | measure.dense_products(dense, x)
    _check_answers(candidates, dense @ x)
    return candidates


def _small_matrix():
    weight, x = _random((256, 256), 0.3), _random((256, 64), 1)
    csr = CSR.from_dense(weight)
    candidates = {"ours": lambda: kernels.csr_matmul(csr, x)} | measure.dense_products(weight, x)
    comparison = _compare_equal(candidates)
    what = "csr_matmul, 256 x 256 at 70 %, batch 64, against NumPy dense"
    note = f"torch dense {_speed_up(comparison, 'torch dense').ratio:.2f}"
    return _line(what, _speed_up(comparison, "NumPy dense"), 1.5, note)


def _four_by_one() -> Iterator[Line]:
    for side in (1024, 4096):
        keep = np.repeat(RNG.random((side // 4, side)) < 0.3, 4, axis=0)
        weight = _random((side, side), 1) * keep
        blocks, csr = BlockCSR.from_dense(weight, (4, 1)), CSR.from_dense(weight)
        for batch in (64, 128):
            x = _random((side, batch), 1)
            ours = {
                "ours": lambda blocks=blocks, x=x: kernels.block_matmul(blocks, x),
                "csr": lambda csr=csr, x=x: kernels.csr_matmul(csr, x),
            }
            comparison = _compare_equal(ours | measure.dense_products(weight, x))
            what = f"4 x 1 vectors, {side} x {side} at 70 %, batch {batch}, against NumPy dense"
            note = ", ".join(f"{name} {_speed_up(comparison, name).ratio:.2f}" for name in ("torch dense", "csr"))
            yield _line(what, _speed_up(comparison, "NumPy dense"), 3.0, note)


def _random(shape, density):
    values = RNG.standard_normal(shape, np.float32)
    if density < 1:
        values[RNG.random(shape, np.float32) >= density] = 0
    return values


def _sparse_candidates(weight, prepare, x, cold=False):
    ours = prepare(weight, x, cold)
    copy, csr = deepcopy(ours), CSR.from_dense(weight)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns that its sparse CSR support is in beta
        indices = torch.from_numpy(csr.indices.astype(np.int32))
        values, indptr = torch.from_numpy(csr.data), torch.from_numpy(csr.indptr)
        by_torch = torch.sparse_csr_tensor(indptr, indices, values, csr.shape)
    by_scipy, tensor = scipy.sparse.csr_array(csr.to_scipy()), torch.from_numpy(x)
    candidates = {
        "ours": lambda: ours(x),
        "copy": lambda: copy(x),
        "SciPy": lambda: by_scipy @ x,
        "torch": lambda: by_torch @ tensor,
    }
    _check_answers(candidates, weight @ x)
    return candidates


def _compare_equal(candidates):
    _check_answers(candidates, candidates["NumPy dense"]())
    return measure.compare(candidates)


def _check_answers(candidates, dense):
    for name, function in candidates.items():
        np.testing.assert_allclose(function(), dense, rtol=1e-3, atol=1e-3, err_msg=name)


class _SpeedUp(NamedTuple):
    ratio: float
    low: float
    high: float


def _speed_up(comparison, name):
    """Return how many times as fast as `name` the first candidate is: the row's ratio and quartiles, inverted."""
    row = comparison[name]
    return _SpeedUp(1 / row.ratio, 1 / row.ratio_q3, 1 / row.ratio_q1)


def _line(what, speed_up, goal, note):
    return Line(what, speed_up.ratio, speed_up.low, speed_up.high, goal, note)


def _mean_row(what, comparisons, rivals, goal=None):
    """Return a line of geometric means over the layers: the speed-up against the fastest rival, and its quartiles."""
    speed_ups = {
        layer: min(_speed_up(comparison, rival) for rival in rivals) for layer, comparison in comparisons.items()
    }
    return _mean_line(what, speed_ups, goal)


def _mean_line(what, speed_ups, goal=None):
    mean = _SpeedUp(*np.exp(np.log(list(speed_ups.values())).mean(axis=0)).tolist())
    note = ", ".join(f"{layer} {speed_up.ratio:.2f}" for layer, speed_up in speed_ups.items())
    return _line(what, mean, goal, note)
