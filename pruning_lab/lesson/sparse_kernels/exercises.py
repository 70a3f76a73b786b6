"""Lesson 04: a sparse product by hand, the bytes it must read, and an honest ratio."""

from itertools import pairwise

import numpy as np

from pruning_lab import sparse
from pruning_lab.lesson.frame.answers import (
    array,
    as_near,
    close,
    likely_slip,
    nearest_rounding,
    number,
    require,
    told_apart,
)
from pruning_lab.lesson.sparse_kernels.experiments import least_time


def sparse_product(answer):
    """`my_matvec(data, indices, indptr, x)` multiplies a CSR matrix by a vector."""
    rng = np.random.default_rng(5)
    for shape, empty in [
        ((6, 9), [3]),
        ((4, 4), []),
        ((5, 2), [0, 4]),
        ((1, 3), []),
        ((8, 5), [2, 3]),
        ((3, 2), [0, 1, 2]),
    ]:
        dense = rng.standard_normal(shape) * (rng.random(shape) < 0.6)
        dense[:, 0] += 1  # no row is empty by chance
        dense[empty] = 0
        csr, x = sparse.CSR.from_dense(dense), rng.standard_normal(shape[1])
        _compare_product(array(answer(csr.data, csr.indices, csr.indptr, x), "the product"), csr, x)


def _compare_product(got, csr, x):
    rows, wanted = csr.shape[0], csr.to_dense() @ x
    slips = {
        "that has one number for each input; a product has one for each row": x.shape,
        "that has one number for each weight; those of one row add up to one number": csr.data.shape,
    }
    otherwise = f"the product has one entry for each of the {rows} rows, empty ones too; got shape {got.shape}"
    require(got.shape == (rows,), likely_slip(got.shape.__eq__, slips, otherwise))
    if close(got, wanted):
        return
    whole = "fractions were cut off: begin with 0.0, or np.zeros without a dtype of whole numbers"
    require(got.dtype.kind not in "iu", whole)  # each addition may have cut, so no sum of cut fractions tells
    ends = [*pairwise(csr.indptr)]
    slips = {
        "the k-th weight of a row meets x[indices[k]], not the k-th entry of x": np.array(
            [(csr.data[a:b] * x[: b - a]).sum() for a, b in ends]
        ),
        "each row has a sum of its own: start it at 0 again": np.cumsum(wanted),
        "that is a row's mean; a product adds up": wanted / np.diff(csr.indptr).clip(1),
        whole: np.trunc(wanted),
        "do not round: give each sum as it is": nearest_rounding(got, wanted),
        "each weight is multiplied by x in its column: x is missing": np.array([csr.data[a:b].sum() for a, b in ends]),
        "signs count: a product may be below 0": np.abs(wanted),
        "only the first row was done: is the return inside the loop?": np.where(np.arange(rows) == 0, wanted, 0),
        **_lost_weights(csr.data * x[csr.indices], ends),
    }
    otherwise = "a row's weights are data[indptr[i]:indptr[i + 1]], its columns indices[same slice]"
    mean_of_none = np.isnan(got) & (np.diff(csr.indptr) == 0)
    filled = np.where(mean_of_none, 0, got)
    reason = _wrong_rows(got, wanted, csr) or likely_slip(lambda wrong: close(filled, wrong), slips, otherwise)
    require(False, reason)


def _lost_weights(products, ends):
    """Return {reason: the sums without some of the products of each row}."""
    added_once = "y[i] = ... forgets the others, y[rows] += ... adds once for each row; np.add.at adds every time"
    return {
        "a row begins with data[indptr[i]]; its first weight is missing": np.array(
            [products[a + 1 : b].sum() for a, b in ends]
        ),
        "a row's last weight is missing: a slice leaves its end out, and that end is indptr[i + 1]": np.array(
            [products[a : max(a, b - 1)].sum() for a, b in ends]
        ),
        f"only a row's last product is left: {added_once}": np.array(
            [products[max(a, b - 1) : b].sum() for a, b in ends]
        ),
    }


def _wrong_rows(got, wanted, csr):
    """Return what is to be said if only the empty rows are wrong, or only the last; None otherwise."""
    wrong = np.flatnonzero(~np.isclose(got, wanted, rtol=1e-5, atol=1e-6))
    empty = [row for row in wrong if csr.indptr[row] == csr.indptr[row + 1]]
    if len(empty) == len(wrong):
        return f"all rows are right but row {empty[0]}, which is empty: its sum is 0, not {got[empty[0]]:.3g}"
    if wrong.tolist() == [csr.shape[0] - 1] and len(wanted) > 1:
        return "all rows but the last are right: indptr has an entry after it, which says where it ends"
    return None


def memory_limit(answer):
    """`my_limit(stored, rows, bandwidth)` is the least time in seconds to read a CSR of float32 and uint16."""
    rng = np.random.default_rng(16)
    cases = [(300, 101, 7.3e8)]  # so few that each slip gives another time, and so does rounding to any digit
    cases += [(1_000_000, 4096, 20e9), (4_000_000, 4096, 18e9), (0, 5, 3e9)]
    cases += [(int(rng.integers(1000, 10**6)), int(rng.integers(10, 3000)), rng.uniform(1e9, 3e10)) for _ in range(3)]
    for stored, rows, bandwidth in cases:
        right, got = least_time(stored, rows, bandwidth), number(answer(stored, rows, bandwidth))
        if as_near(got, right):
            continue
        slips = _limit_slips(got, stored, rows, bandwidth)
        otherwise = "4 bytes a value, 2 a column, 4 a pointer, each read once: their sum over the bandwidth"
        reason = likely_slip(lambda wrong, got=got: as_near(got, wrong), slips, otherwise)
        due, given = told_apart(right, got)
        require(False, f"{stored} weights in {rows} rows at {bandwidth:g} bytes/s: {due} s; got {given}: {reason}")


def _limit_slips(got, stored, rows, bandwidth):
    values, columns, pointers = 4 * stored, 2 * stored, 4 * (rows + 1)
    right = least_time(stored, rows, bandwidth)
    return {
        "those are microseconds; return seconds, and multiply by 1e6 where you print them": 1e6 * right,
        "those are milliseconds; return seconds": 1e3 * right,
        "those are nanoseconds; return seconds": 1e9 * right,
        "the bandwidth is in bytes per second, not in gigabytes": right / 1e9,
        "those are bytes; a time is bytes over bytes per second": right * bandwidth,
        "each weight is read with its column, 2 bytes": (values + pointers) / bandwidth,
        "columns and row pointers are read too": values / bandwidth,
        "the row pointers are read too: rows + 1 of 4 bytes": (values + columns) / bandwidth,
        "indptr has one entry more than there are rows": (values + columns + 4 * rows) / bandwidth,
        "one entry more is 4 bytes more: 4 * (rows + 1)": (values + columns + 4 * rows + 1) / bandwidth,
        "only reading the matrix counts here, not reading x or writing the result": right + 4 * rows / bandwidth,
        "a row pointer is int32 here, 4 bytes, not 8": (values + columns + 2 * pointers) / bandwidth,
        "a row pointer is int32 here, 4 bytes, not 2": (values + columns + pointers // 2) / bandwidth,
        "a uint16 column takes 2 bytes, not 4": (2 * values + pointers) / bandwidth,
        "bandwidth is in bytes per second; a byte has eight bits": 8 * right,
        "seconds are bytes over bytes per second, not the other way round": 1 / right,
        "// cuts off, and so does a coarse round: a time below one second becomes 0; divide with /": right // 1,
        "do not round: a time may be a millionth of a second": nearest_rounding(got, right, 12),
    }


def honest_ratio(answer):
    """`my_speed_up(dense_times, sparse_times)`: the median of the rounds' ratios, best dense product over sparse."""
    rng = np.random.default_rng(6)
    for names, best, rounds in [
        (["numpy", "torch"], "numpy", 31),
        (["numpy", "torch"], "torch", 30),
        (["torch", "scipy", "numpy"], "scipy", 41),
        (["only"], "only", 9),
    ]:
        dense, times = _timed_in_turn(names, best, rounds, rng)
        _compare_ratio(number(answer(dense, times)), dense, times)
    times = 1e-3 * np.array([1, 0.9, 1, 10, 10])  # torch has the larger median, and the smaller median ratio
    dense = {"torch": 1e-3 * np.array([5, 5, 3.8, 30, 31]), "numpy": 1e-3 * np.array([4, 3.6, 3.5, 50, 50])}
    _compare_ratio(number(answer(dense, times)), dense, times)
    dense, times = {"only": 1e-3 * np.array([2, 3, 5, 9])}, np.full(4, 1e-3)  # the middle two ratios are far apart
    _compare_ratio(number(answer(dense, times)), dense, times)
    dense = {"torch": 1e-3 * np.array([1, 1, 5, 5]), "numpy": 2e-3 * np.ones(4)}  # the lower of the middle two misleads
    _compare_ratio(number(answer(dense, times)), dense, times)
    dense, times = {"only": 1e-3 * np.array([2, 3, 4])}, 1e-3 * np.array([8, 6, 10])  # the sparse product is slower
    _compare_ratio(number(answer(dense, times)), dense, times)


def _timed_in_turn(names, best, rounds, rng):
    """Return the seconds of all rounds: the machine's pace changes from round to round, and is that of all in a round.

    Once the best dense product is unlucky and another one lucky, so that neither a mean nor a minimum finds it.
    """
    pace = rng.permutation(np.linspace(1, 2, rounds))
    dense = {name: 4e-3 * pace * rng.uniform(0.95, 1.05, rounds) * (1 if name == best else 1.4) for name in names}
    for name in names:
        dense[name][rng.integers(rounds)] = 9.0 if name == best else 5e-5
    times = 1e-3 * pace * rng.uniform(0.9, 1.1, rounds)
    times[rng.integers(rounds)] = 3.0
    return dense, times


def _compare_ratio(got, dense, times):
    best = min(dense, key=lambda name: np.median(dense[name]))
    right = np.median(dense[best] / times)
    otherwise = "one ratio for each round, best dense over sparse; then their median"
    slips = _slips_where_slower(right) | _ratio_slips(got, dense, times, best)
    reason = likely_slip(lambda wrong: close(got, wrong), slips, otherwise)
    due, given = told_apart(right, got)
    require(close(got, right), f"expected {due}; got {given}: {reason}")


def _slips_where_slower(right):
    """Return {reason: the ratio that a slip leads to}; whoever turns every ratio round is told so before."""
    if right >= 1:
        return {}
    slower = "a ratio below 1 says that sparse is slower"
    return {f"{slower}: return it as it is": 1 / right, f"{slower}: do not raise it to 1": 1.0}


def _ratio_slips(got, dense, times, best):
    """Return {reason: the ratio that a slip leads to}; where several slips meet in one number, the first is named."""
    middle, rival = np.median, dense[best]
    ratios, each_round = rival / times, "take one ratio for each round, and their median"
    slips = {
        f"a median of each side by itself mixes rounds that met different machines: {each_round}": (
            middle(rival) / middle(times)
        ),
        "that is the wrong way up: dense time over sparse time is above 1 where sparse is faster": middle(1 / ratios),
        "one slow round moves a mean; take the median of the ratios": ratios.mean(),
        f"one slow round moves a mean: {each_round}": min(map(np.mean, dense.values())) / times.mean(),
        f"one slow round moves a sum or a mean: {each_round}": rival.mean() / times.mean(),
        f"a minimum is the luckiest round: {each_round}": min(map(np.min, dense.values())) / times.min(),
        f"the smallest is the luckiest round: {each_round}": rival.min() / times.min(),
        "a user has one dense product, not a different one in each round": middle(np.min([*dense.values()], 0) / times),
        "all rounds count here: homework 3 has cold ones to leave out": middle(ratios[2:]),
        "the median of an even number is the mean of the middle two": sorted(ratios)[ratios.size // 2],
        "take the median of dense over sparse; one over the median of sparse over dense is another number": (
            1 / middle(1 / ratios)
        ),
        "do not mix the dense products: choose one": middle(np.concatenate([*dense.values()])) / middle(times),
        "the median of an even number is the mean of the middle two; torch.median takes the lower": sorted(ratios)[
            (ratios.size - 1) // 2
        ],
        "do not round: give the ratio itself": nearest_rounding(got, middle(ratios)),
        "times as fast is a ratio, not a percentage": 100 * middle(ratios),
        "times as fast is the ratio itself, not what is above 1": middle(ratios) - 1,
        "times as fast is the ratio itself, not how many percent faster": 100 * (middle(ratios) - 1),
    }
    for name in dense.keys() - {best}:
        rule = f"that is against {name!r}; the rival is the dense product with the smallest median, here {best!r}"
        misleading = "a mean or a lucky round misleads; so does torch.median of an even number"
        slips[f"{rule} ({misleading})"] = middle(dense[name] / times)
        slips[f"{rule}. And {each_round}"] = middle(dense[name]) / middle(times)
    return slips
