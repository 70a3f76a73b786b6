"""Lesson 05: which filters stay, a conv-norm-conv pair shrunk, the columns after a flatten."""

import numpy as np


def strongest_filters(answer):
    """`my_keep(weight, count)` returns the sorted indices of the `count` filters with the largest L1 norm."""
    rng = np.random.default_rng(10)
    for shape, count in [((6, 5, 3, 3), 3), ((5, 8, 1, 1), 2), ((9, 4, 3, 3), 8), ((6, 6, 3, 3), 6)]:
        weight = rng.standard_normal(shape)
        weight[0] = 0.02  # nothing cancels here, so a sum without magnitudes ranks it too high
        weight[1] = np.where(np.arange(weight[1].size).reshape(shape[1:]) == 0, 30 * 0.9, 0)  # one large entry
        _compare_keep(np.asarray(answer(weight.copy(), count)), weight, count)


def _compare_keep(got, weight, count):
    magnitudes = np.abs(weight)
    norms = magnitudes.sum(axis=(1, 2, 3))
    wanted = np.sort(np.argsort(norms, kind="stable")[len(norms) - count :])
    assert got.dtype != bool, "return indices, not a mask: np.flatnonzero turns one into the other"
    assert got.shape == (count,), f"{count} filters stay; got shape {got.shape}"
    assert sorted(got.tolist()) != wanted.tolist() or got.tolist() == wanted.tolist(), "the indices must be sorted"
    slips = {
        "the L2 norm counts one large weight too much: add magnitudes": np.sqrt((weight**2).sum(axis=(1, 2, 3))),
        "positive and negative weights cancel: add magnitudes": weight.sum(axis=(1, 2, 3)),
    }
    slips["a filter is weight[i]; that ranks the input channels, axis 1"] = magnitudes.sum(axis=(0, 2, 3))
    for reason, ranked_by in slips.items():
        chosen = np.sort(np.argsort(ranked_by, kind="stable")[len(ranked_by) - count :]).tolist()
        assert sorted(got.tolist()) != chosen or chosen == wanted.tolist(), reason
    smallest = np.sort(np.argsort(norms, kind="stable")[:count])
    assert sorted(got.tolist()) != smallest.tolist() or count == len(norms), "those are the weakest: the strongest stay"
    assert got.tolist() == wanted.tolist(), (
        f"L1 norms {norms.round(2).tolist()}, keep {count}: {wanted.tolist()}; got {got.tolist()}"
    )


def shrunk_convolutions(answer):
    """`my_shrink(weight1, norm, weight2, keep)` removes channels from a conv, its batch norm and the next conv."""
    rng = np.random.default_rng(11)
    weight1, weight2 = rng.standard_normal((4, 4, 3, 3)), rng.standard_normal((4, 4, 3, 3))
    norm, keep = rng.standard_normal((4, 4)), np.array([0, 3])  # rows: gamma, beta, mean, variance
    got = answer(weight1.copy(), norm.copy(), weight2.copy(), keep)
    assert isinstance(got, tuple), f"return three arrays: weight1, norm, weight2; got {type(got).__name__}"
    assert len(got) == 3, f"return three arrays: weight1, norm, weight2; got {len(got)}"
    small1, small_norm, small2 = map(np.asarray, got)
    assert small1.shape != (4, 2, 3, 3), "a filter is weight1[i]: axis 0 is what the layer makes, axis 1 what it reads"
    assert small1.shape == (2, 4, 3, 3), f"weight1 must be (2, 4, 3, 3); got {small1.shape}"
    assert small_norm.shape != (4, 4), "the batch norm has four numbers for every channel, and loses those that went"
    assert small_norm.shape != (2, 4), "each row of norm is one kind of number; channels are its columns"
    assert small_norm.shape == (4, 2), f"norm must be (4, 2); got {small_norm.shape}"
    assert small2.shape != (4, 4, 3, 3), "weight2 still reads four channels, and two of them are gone"
    assert small2.shape != (2, 4, 3, 3), "the next layer keeps its filters; it loses what it reads, axis 1"
    assert small2.shape == (4, 2, 3, 3), f"weight2 must be (4, 2, 3, 3); got {small2.shape}"
    right = weight1[keep], norm[:, keep], weight2[:, keep]
    for name, mine, theirs in zip(("weight1", "norm", "weight2"), (small1, small_norm, small2), right, strict=True):
        assert np.array_equal(mine, theirs), f"{name}: the shape fits, the values do not: use keep, in its order"


def flattened_columns(answer):
    """`my_columns(keep, height, width)`: the inputs of a linear layer after a flatten that belong to channels keep."""
    for keep, height, width in [([0, 2], 2, 3), ([1], 4, 4), ([0, 1, 5], 3, 1), ([3], 1, 1)]:
        got = np.asarray(answer(np.array(keep), height, width))
        area = height * width
        right = np.concatenate([np.arange(c * area, (c + 1) * area) for c in keep])
        where = f"keep {keep}, maps {height} x {width}"
        assert got.ndim == 1, f"{where}: return one row of indices; got shape {got.shape}"
        assert got.size != len(keep) or area == 1, (
            f"{where}: a channel is a whole map of {area} numbers after the flatten"
        )
        assert got.size == right.size, f"{where}: {len(keep)} channels of {area} numbers each; got {got.size}"
        starts = np.concatenate([np.arange(c, c + area) for c in keep])
        assert not np.array_equal(got, starts) or np.array_equal(got, right), (
            f"{where}: channel c begins at c * height * width, behind the maps before it"
        )
        last = np.concatenate([np.arange(area) * (max(keep) + 1) + c for c in keep])
        assert not np.array_equal(np.sort(got), np.sort(last)) or np.array_equal(got, right), (
            f"{where}: torch flattens channel by channel; that would be channels last"
        )
        assert np.array_equal(got, right) or not np.array_equal(np.sort(got), right), f"{where}: in ascending order"
        assert np.array_equal(got, right), f"{where}: {right.tolist()}; got {got.tolist()}"
