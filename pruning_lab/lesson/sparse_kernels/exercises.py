"""Lesson 04: a sparse product by hand, the bytes it must read, and an honest ratio."""

from math import isclose

import numpy as np

from pruning_lab import sparse


def sparse_product(answer):
    """`my_matvec(data, indices, indptr, x)` multiplies a CSR matrix by a vector."""
    rng = np.random.default_rng(5)
    dense = rng.standard_normal((6, 9)) * (rng.random((6, 9)) < 0.4)
    dense[3] = 0
    x = rng.standard_normal(9)
    csr = sparse.CSR.from_dense(dense)
    got = answer(csr.data, csr.indices, csr.indptr, x)
    got, wanted = np.asarray(got), dense @ x
    by_stored = np.array([(csr.data[a:b] * x[: b - a]).sum() for a, b in zip(csr.indptr, csr.indptr[1:], strict=False)])
    assert got.shape != (9,), "that has one number for each input; a product has one for each row"
    assert got.shape == (6,), f"the product has one entry for each of the 6 rows; got shape {got.shape}"
    assert not np.allclose(got, by_stored), "the k-th weight of a row meets x[indices[k]], not the k-th entry of x"
    assert np.isfinite(got).all(), "row 3 is empty: its sum is 0, so start each row's sum at 0"
    assert not np.allclose(got, np.cumsum(wanted)), "each row has a sum of its own: start it at 0 again"
    assert not np.allclose(got[:-1], wanted[:-1]) or np.allclose(got[-1], wanted[-1]), (
        "all rows but the last are right: indptr has an entry after it, which says where it ends"
    )
    assert not np.allclose(np.delete(got, 3), np.delete(wanted, 3)) or np.isclose(got[3], 0), (
        f"all rows are right but row 3, which is empty: its sum is 0, not {got[3]:.3g}"
    )
    assert np.allclose(got, wanted), (
        "a row's weights are data[indptr[i]:indptr[i + 1]], its columns indices[same slice]"
    )


def memory_limit(answer):
    """`my_limit(stored, rows, bandwidth)` is the least time in seconds to read a CSR of float32 and uint16."""
    for stored, rows, bandwidth in [(1_000_000, 4096, 20e9), (300, 100, 1e9), (4_000_000, 4096, 18e9)]:
        data, indices, pointers = 4 * stored, 2 * stored, 4 * (rows + 1)
        got, right = answer(stored, rows, bandwidth), (data + indices + pointers) / bandwidth
        slips = {
            (data + pointers) / bandwidth: "each weight is read with its column, 2 bytes",
            (data + indices) / bandwidth: "the row pointers are read too: rows + 1 of 4 bytes",
            (data + indices + 4 * rows) / bandwidth: "indptr has one entry more than there are rows",
            (data + 2 * data // 2 + pointers) / bandwidth: "a uint16 column takes 2 bytes, not 4",
            8 * right: "bandwidth is in bytes per second; a byte has eight bits",
            bandwidth / (data + indices + pointers): "seconds are bytes over bytes per second, not the other way round",
        }
        close = [
            reason
            for wrong, reason in slips.items()
            if isclose(got, wrong, rel_tol=1e-9) and not isclose(got, right, rel_tol=1e-9)
        ]
        reason = close[0] if close else "add the bytes of data, indices and indptr, and divide by the bandwidth"
        assert isclose(got, right, rel_tol=1e-9), f"{stored} weights in {rows} rows at {bandwidth:g} bytes/s: {reason}"


def honest_ratio(answer):
    """`my_speed_up(dense_times, sparse_times)`: dense is {name: times}; the best dense median over the sparse one."""
    rng = np.random.default_rng(6)
    for best in ("numpy", "torch"):
        dense = {name: 4e-3 * (1 + (name != best)) + rng.exponential(1e-3, 31) for name in ("numpy", "torch")}
        times = 1e-3 + rng.exponential(3e-4, 31)
        got, right = answer(dict(dense), times.copy()), np.median(dense[best]) / np.median(times)
        other = next(name for name in dense if name != best)
        slips = {
            np.median(dense[other]) / np.median(times): "the rival must be the fastest dense product there is",
            1 / right: "that is the wrong way up: dense time over sparse time is above 1 where sparse is faster",
            dense[best].mean() / times.mean(): "one slow round moves a mean; take medians",
            dense[best].min() / times.min(): "a minimum is the luckiest round; take medians",
            np.median(np.concatenate(list(dense.values())))
            / np.median(times): "do not mix the dense products: choose one",
            np.median(dense["numpy"]) / np.median(times): "which dense product is the fastest depends on the machine",
        }
        reason = next(
            (r for wrong, r in slips.items() if np.isclose(got, wrong)), "median of the best dense over median"
        )
        assert np.isclose(got, right), f"expected {right:.3f}; got {got:.3f}: {reason}"
