"""Lesson 05: which filters stay, a conv-norm-conv pair shrunk, the columns after a flatten."""

import numpy as np

from pruning_lab.lesson.frame.answers import array, indices, likely_slip, require, several
from pruning_lab.lesson.frame.verdicts import require_kept


def strongest_filters(answer):
    """`my_keep(weight, count)` returns the sorted indices of the `count` filters with the largest L1 norm."""
    rng = np.random.default_rng(769)  # in the first instance each slip keeps other filters
    for shape, count in [((9, 7, 3, 3), 4), ((5, 8, 1, 1), 2), ((9, 4, 3, 3), 8), ((6, 6, 3, 3), 6)]:
        weight = rng.standard_normal(shape)
        weight[0] = 0.02  # nothing cancels here, so a sum without magnitudes ranks it too high
        weight[1] = np.where(np.arange(weight[1].size).reshape(shape[1:]) == 0, 30 * 0.9, 0)  # one large entry
        weight[2:] *= rng.choice([0.7, 1, 1.3], (shape[0] - 2, 1, 1, 1))
        weight = rng.permutation(weight)  # the weakest are not the first
        _compare_keep(indices(answer(weight, count), "the result"), weight, count)
    weight = np.tile([[1.0], [2], [2], [2], [0], [0]], 50) / 128  # three equal norms, and two of them stay
    weight[4, 18:] = 8 / 128
    weight = weight.reshape(6, 2, 5, 5)
    _compare_keep(indices(answer(weight, 3), "the result"), weight, 3)
    weight = rng.standard_normal((8, 3, 5, 5))  # a sum over three by three places finds others
    _compare_keep(indices(answer(weight, 3), "the result"), weight, 3)
    weight = np.random.default_rng(89).standard_normal((6, 16, 5, 5))  # float16 takes two of the norms for equal
    _compare_keep(indices(answer(weight, 3), "the result"), weight, 3)


def _strongest(worth, count):
    return np.sort(np.argsort(worth, kind="stable")[len(worth) - count :]).tolist()


def _as_strong(norms, got, wanted):
    """Return whether ascending indices keep norms as large as the wanted ones do: of equal norms any may stay."""
    in_range = set(got) <= set(range(len(norms)))
    return in_range and got == sorted(set(got)) and np.array_equal(np.sort(norms[got]), np.sort(norms[wanted]))


def _compare_keep(got, weight, count):
    magnitudes = np.abs(weight)
    norms = magnitudes.sum(axis=(1, 2, 3))
    wanted = _strongest(norms, count)
    require(got.shape == (count,), f"{count} filters stay; got shape {got.shape}")
    got = got.tolist()
    if _as_strong(norms, got, wanted):
        return
    require(not _as_strong(norms, sorted(got), wanted), "the indices must be sorted")
    require(len(set(got)) == count, f"each filter stays once: {count} different indices; got {got}")
    slips = {
        "one large weight does not make a strong filter: add all its magnitudes": _strongest(
            magnitudes.max(axis=(1, 2, 3)), count
        ),
        "squares (L2, deviation) or norms of matrices let one large weight count too much: add magnitudes": _strongest(
            (weight**2).sum(axis=(1, 2, 3)), count
        ),
        "that takes the largest column sum, a norm of matrices: add all magnitudes of a filter": _strongest(
            magnitudes.sum(axis=(1, 3)).max(axis=1), count
        ),
        "the norm of a kernel as a matrix is its largest column sum: add all magnitudes of a filter": _strongest(
            magnitudes.sum(axis=2).max(axis=2).sum(axis=1), count
        ),
        "positive and negative weights cancel: add magnitudes": _strongest(weight.sum(axis=(1, 2, 3)), count),
        "first magnitudes, then their sum: in the sum of the weights both signs cancel": _strongest(
            np.abs(weight.sum(axis=(1, 2, 3))), count
        ),
        "a filter is weight[i]; that ranks the input channels, axis 1": _strongest(
            magnitudes.sum(axis=(0, 2, 3)), count
        ),
        "those are the weakest: the strongest stay": _strongest(-norms, count),
        "float16 takes norms for equal that are not: add in float32 or better": _strongest(
            magnitudes.astype(np.float16).sum(axis=(1, 2, 3)), count
        ),
    }
    otherwise = f"L1 norms {norms.round(2).tolist()}, keep {count}: {wanted}; got {got}"
    require(False, likely_slip(lambda wrong: wrong == sorted(got), slips, otherwise))


def shrunk_convolutions(answer):
    """`my_shrink(weight1, norm, weight2, keep)` removes channels from a conv, its batch norm and the next conv."""
    rng = np.random.default_rng(11)
    sizes = [(6, 5, 3, [0, 2]), (4, 4, 4, [0, 3]), (2, 6, 3, [1]), (3, 3, 5, [0, 1, 2]), (5, 6, 3, [4, 1, 2])]
    for inputs, middle, outputs, keep in sizes:
        weight1, weight2 = rng.standard_normal((middle, inputs, 3, 3)), rng.standard_normal((outputs, middle, 3, 3))
        norm = rng.standard_normal((4, middle))  # rows: gamma, beta, mean, variance
        norm[3] **= 2  # a variance is not negative
        names = ("weight1", "norm", "weight2")
        got = several(answer(weight1, norm, weight2, np.array(keep)), *names)
        got = [array(part, name) for name, part in zip(names, got, strict=True)]
        _compare_shapes([part.shape for part in got], inputs, middle, outputs, len(keep))
        require_kept(got, {"weight1": weight1, "norm": norm, "weight2": weight2}, (0, 1, 1), keep)


def _compare_shapes(shapes, inputs, middle, outputs, kept):
    small1, norm, small2 = shapes
    gone = middle - kept
    right1, right_norm, right2 = (kept, inputs, 3, 3), (4, kept), (outputs, kept, 3, 3)
    slips = {
        "a filter is weight1[i]: axis 0 is what the layer makes, axis 1 what it reads": (middle, kept, 3, 3),
        f"keep names the {kept} channels that stay; yours are {gone}, as many as go": (gone, inputs, 3, 3),
    }
    require(small1 == right1, likely_slip(small1.__eq__, slips, f"weight1 must be {right1}; got {small1}"))
    slips = {
        "the batch norm has four numbers for every channel, and loses those that went": (4, middle),
        "each row of norm is one kind of number; channels are its columns": (kept, middle),
    }
    require(norm == right_norm, likely_slip(norm.__eq__, slips, f"norm must be {right_norm}; got {norm}"))
    slips = {
        f"weight2 still reads all {middle} channels, and {gone} of them are gone": (outputs, middle, 3, 3),
        "the next layer keeps its filters; it loses what it reads, axis 1": (kept, middle, 3, 3),
    }
    require(small2 == right2, likely_slip(small2.__eq__, slips, f"weight2 must be {right2}; got {small2}"))


def flattened_columns(answer):
    """`my_columns(keep, height, width)`: the inputs of a linear layer after a flatten that belong to channels keep."""
    cases = [([0, 2], 2, 3), ([1], 4, 4), ([0, 1, 5], 3, 1), ([3], 1, 1), ([1, 2, 4, 7], 5, 2), ([0, 40], 4, 4)]
    for keep, height, width in cases:
        got = indices(answer(np.array(keep), height, width), "the result").tolist()
        where, area = f"keep {keep}, maps {height} x {width}", height * width
        right = [channel * area + place for channel in keep for place in range(area)]
        require(
            len(got) != len(keep) or area == 1, f"{where}: a channel is a whole map of {area} numbers after the flatten"
        )
        require(len(got) == len(right), f"{where}: {len(keep)} channels of {area} numbers each; got {len(got)}")
        require(got == right or sorted(got) != right, f"{where}: the result must be in ascending order")
        last = [place * (max(keep) + 1) + channel for channel in keep for place in range(area)]
        slips = {
            "channel c begins at c * height * width, after the maps before it": sorted(
                channel + place for channel in keep for place in range(area)
            ),
            "torch flattens channel by channel; that would be channels last": sorted(last),
        }
        reason = likely_slip(lambda wrong, got=got: wrong == sorted(got), slips, f"{right}; got {got}")
        require(got == right, f"{where}: {reason}")
