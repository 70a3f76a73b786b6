"""hw3-shrinking: right answers of unusual kinds, wrong ones of the usual kinds, and what each is told."""

import numpy as np
import torch
from homework_tests import assignment_tests, right_tests, solution_of, wrong_answers

from pruning_lab.homework import hw3_checks

NAME = "hw3-shrinking"
SOLVED = solution_of(NAME)
POINTS = {"q1": 4, "q2": 4, "q3": 4, "q4": 4, "q5": 4}
my_shrunk_pair, my_masked_pair, my_shrunk_block, my_shrunk_attention, my_ratio = (
    SOLVED[name] for name in ("my_shrunk_pair", "my_masked_pair", "my_shrunk_block", "my_shrunk_attention", "my_ratio")
)


def pair(**changed):
    """The shrunk pair with some of its arrays replaced."""

    def answer(net, keep):
        return my_shrunk_pair(net, keep) | {name: cut(net[name], keep) for name, cut in changed.items()}

    return answer


def others_of(net, keep):
    return np.delete(np.arange(len(net["conv1"])), keep)


def first_ones(net, keep):
    return my_shrunk_pair(net, list(range(len(keep))))


def in_place(net, keep):
    small = my_shrunk_pair(net, keep)
    net["conv2"][:] = 0
    return small


PAIRS = [
    (lambda net, keep: net, "conv1 is to be cut"),
    (pair(conv2=lambda array, keep: array), "conv2 is to be cut"),
    (pair(conv2=lambda array, keep: array[[0] * len(keep)]), "conv2 is to be cut"),
    (pair(bn1_mean=lambda array, keep: array), "bn1_mean is to be cut"),
    (pair(conv2_bias=lambda array, keep: array[: len(keep)]), "conv2_bias is not to be cut"),
    (pair(bn1_var=lambda array, keep: array[: len(keep)]), "the right shapes, the wrong channels"),
    (pair(conv1=lambda array, keep: array[:, keep[:1]]), "conv1 is to be cut"),
    (first_ones, "the right shapes, the wrong channels"),
    (pair(conv2=lambda array, keep: array[:, keep[::-1]]), "the right shapes, the wrong channels"),
    (lambda net, keep: {k: v for k, v in my_shrunk_pair(net, keep).items() if k != "conv2_bias"}, "must have the name"),
    (lambda net, keep: list(my_shrunk_pair(net, keep).values()), "return a dict of arrays"),
    (pair(conv1=lambda array, keep: array[keep].tolist()), "must be arrays of floats"),
    (in_place, "work on copies"),
    (lambda net, keep: {}, "must have the names"),
    (lambda net, keep: {name: np.zeros_like(array) for name, array in my_shrunk_pair(net, keep).items()}, "differs"),
    (lambda net, keep: {name: -array for name, array in my_shrunk_pair(net, keep).items()}, "differs"),
    (lambda net, keep: my_shrunk_pair(net, [index - 1 for index in keep]), "the right shapes, the wrong channels"),
    (lambda net, keep: my_shrunk_pair(net, others_of(net, keep)), "is to be cut"),
    (lambda net, keep: my_shrunk_pair(net, others_of(net, keep) if len(net["conv1"]) == 4 else keep), "keep went"),
    (lambda net, keep: my_shrunk_pair(net, keep) | {"bn1_mean": 0 * net["bn1_mean"][keep]}, "the wrong channels"),
    (lambda net, keep: "shrunk", "return a dict of arrays"),
]


def silent(*names, columns=False):
    """Zeros for the removed channels in some arrays alone."""

    def answer(net, keep):
        masked = {name: array.copy() for name, array in net.items()}
        gone = np.delete(np.arange(len(net["conv1"])), keep)
        for name in names:
            masked[name][gone] = 0
        if columns:
            masked["conv2"][:, gone] = 0
        return masked

    return answer


def others(net, keep):
    return my_masked_pair(net, others_of(net, keep))


MASKED = [
    (silent("conv1"), "batch norm turns that into a constant"),
    (silent("conv1", "bn1_weight"), "still adds its bias"),
    (silent("conv1", "bn1_bias"), "none of the others may reach conv2's sums"),
    (silent("conv1", "bn1_mean"), "still adds its bias"),
    (silent(), "nothing is masked yet"),
    (others, "the kept channels are silent"),
    (my_shrunk_pair, "is not to be cut"),
    (lambda net, keep: silent(columns=True)(net, keep[:1]), "none of the others may reach conv2's sums"),
    (
        lambda net, keep: silent(columns=True)(net, keep) | {"conv2_bias": 0 * net["conv2_bias"]},
        "must stay as they are",
    ),
    (lambda net, keep: my_masked_pair(net, keep) | {"conv1": 0 * net["conv1"]}, "must stay as they are"),
    (lambda net, keep: {name: 0 * array for name, array in net.items()}, "must stay as they are"),
    (lambda net, keep: {}, "must have the names"),
    (silent("bn1_weight"), "still adds its bias"),
    (silent("conv1", "bn1_weight", "bn1_mean"), "still adds its bias"),
    (lambda net, keep: {"conv1": silent("conv1")(net, keep)["conv1"]}, "must have the names"),
    (lambda net, keep: silent(columns=True)(net, keep[::-1])["conv2"], "return a dict of arrays"),
]


def block(**changed):
    """The shrunk block, some of its arrays otherwise."""

    def answer(net, inside, stream):
        small = my_shrunk_block(net, inside, stream)
        return small | {name: cut(net[name], inside, stream) for name, cut in changed.items()}

    return answer


BLOCKS = [
    (lambda net, inside, stream: net, "conv1 is to be cut"),
    (block(conv1=lambda a, i, s: a[i]), "conv1 is to be cut"),
    (block(conv2=lambda a, i, s: a[:, i]), "conv2 is to be cut"),
    (block(bn2_weight=lambda a, i, s: a), "bn2_weight is to be cut"),
    (block(bn1_weight=lambda a, i, s: a[s]), "bn1_weight is to be cut"),
    (block(conv2=lambda a, i, s: a[: len(s)][:, i]), "the right shapes, the wrong channels"),
    (block(conv1=lambda a, i, s: a[: len(i), : len(s)]), "the right shapes, the wrong channels"),
    (block(bn2_mean=lambda a, i, s: a[: len(s)]), "the right shapes, the wrong channels"),
    (block(conv2=lambda a, i, s: a[s][:, i][:, ::-1]), "the right shapes, the wrong channels"),
    (lambda net, inside, stream: my_shrunk_block(net, inside, range(len(net["conv2"]))), "is to be cut"),
    (lambda net, inside, stream: my_shrunk_block(net, inside, stream)["conv1"], "return a dict of arrays"),
    (lambda net, inside, stream: my_shrunk_block(net, stream, inside), "out of bounds"),
    (block(conv2=lambda a, i, s: 0 * a[s][:, i]), "the right shapes, the wrong channels"),
    (block(bn1_bias=lambda a, i, s: a[: len(i)]), "the right shapes, the wrong channels"),
    (block(bn2_bias=lambda a, i, s: a[s] + 0.1), "the right shapes, the wrong channels"),
    (block(conv1=lambda a, i, s: a[i][:, s][:, ::-1]), "the right shapes, the wrong channels"),
    (lambda net, inside, stream: {}, "must have the names"),
]


def attention(**changed):
    """The shrunk attention, some of its arrays otherwise. Features are those of the kept heads."""

    def answer(net, size, heads):
        features = [head * size + number for head in heads for number in range(size)]
        return my_shrunk_attention(net, size, heads) | {k: cut(net[k], features) for k, cut in changed.items()}

    return answer


def interleaved(net, size, heads):
    """Takes features of one head to lie apart."""
    count = net["out_weight"].shape[0] // size
    features = sorted(head + number * count for head in heads for number in range(size))
    return my_shrunk_attention(net, 1, features)


ATTENTIONS = [
    (lambda net, size, heads: net, "is to be cut"),
    (attention(in_weight=lambda a, f: a[f]), "in_weight"),
    (attention(in_weight=lambda a, f: np.concatenate([a[f]] * 3)), "in each of the three parts"),
    (attention(in_bias=lambda a, f: a), "in_bias is to be cut"),
    (attention(in_bias=lambda a, f: a[: 3 * len(f)]), "in each of the three parts"),
    (attention(out_weight=lambda a, f: a[f]), "out_weight is to be cut"),
    (attention(out_weight=lambda a, f: a[f].T), "has features as columns"),
    (attention(out_bias=lambda a, f: a[f]), "out_bias is not to be cut"),
    (lambda net, size, heads: my_shrunk_attention(net, 1, heads), "is to be cut"),
    (interleaved, "a head owns head_size adjacent rows"),
    (lambda net, size, heads: my_shrunk_attention(net, size, heads[::-1]) | {"out_weight": net["out_weight"]}, "to be"),
    (lambda net, size, heads: tuple(my_shrunk_attention(net, size, heads).values()), "return a dict of arrays"),
    (lambda net, size, heads: my_shrunk_attention(net, size, [*range(len(heads))]), "a head owns"),
    (lambda net, size, heads: {name: 0 * a for name, a in my_shrunk_attention(net, size, heads).items()}, "differs"),
    (attention(in_bias=lambda a, f: a[[*f] * 3]), "in each of the three parts"),
    (attention(out_weight=lambda a, f: 0 * a[:, f]), "has features as columns"),
    (lambda net, size, heads: {}, "must have the names"),
]


def quartiles(values):
    return np.quantile(values, [0.25, 0.5, 0.75])


RATIOS = [
    (lambda d, s: quartiles(s[2:] / d[2:]), "upside down"),
    (lambda d, s: quartiles(d / s), "first two rounds"),
    (lambda d, s: quartiles(d[2:]) / quartiles(s[2:]), "divide round by round"),
    (lambda d, s: my_ratio(d, s)[::-1], "lower quartile first"),
    (lambda d, s: np.full(3, np.mean(d[2:] / s[2:])), "not a mean"),
    (lambda d, s: np.full(3, d[2:].mean() / s[2:].mean()), "not a mean"),
    (lambda d, s: np.median(d[2:] / s[2:]), "return three numbers"),
    (lambda d, s: np.quantile(d[2:] / s[2:], [0, 0.5, 1]), "not the smallest and the largest"),
    (lambda d, s: quartiles(d[3:] / s[3:]), "the first three rounds"),
    (lambda d, s: quartiles(d[1:] / s[1:]), "only the first round"),
    (lambda d, s: quartiles(d[:-2] / s[:-2]), "must be ["),
    (lambda d, s: np.zeros(3), "must be ["),
    (lambda d, s: [], "return three numbers; got shape (0,)"),
    (lambda d, s: d / s, "return three numbers"),
    (lambda d, s: dict(enumerate(my_ratio(d, s))), "must be numbers; got dict"),
    (lambda d, s: np.full(3, d[2:].min() / s[2:].min()), "must be ["),
    (lambda d, s: quartiles(d[2:] - s[2:]), "a ratio, not a difference"),
    (lambda d, s: [str(ratio) for ratio in my_ratio(d, s)], "must be numbers; got list of text"),
]
WRONG = [
    *wrong_answers("q1", "my_shrunk_pair", PAIRS),
    *wrong_answers("q2", "my_masked_pair", MASKED),
    *wrong_answers("q3", "my_shrunk_block", BLOCKS),
    *wrong_answers("q4", "my_shrunk_attention", ATTENTIONS),
    *wrong_answers("q5", "my_ratio", RATIOS),
]


def converted(function, change):
    """The solution with each array as something else."""
    return lambda *given: {name: change(array) for name, array in function(*given).items()}


CHANGES = [
    *(torch.from_numpy, np.asfortranarray, np.ascontiguousarray, np.copy),
    *(lambda array: array.astype(np.float32), lambda array: torch.from_numpy(array.copy()).float()),
    *(lambda array: array.astype(np.longdouble), lambda array: np.array(array.tolist())),
]


def in_any_type(function):
    """The solution in eight types, in another order of names, and with what it was given as copies."""
    return [
        *(converted(function, change) for change in CHANGES),
        lambda *given: dict(reversed(function(*given).items())),
        lambda net, *given: function({name: array.astype(np.float32) for name, array in net.items()}, *given),
        lambda net, *given: function(dict(reversed(net.items())), *given),
    ]


def pair_with_loops(net, keep):
    small = {}
    for name, array in net.items():
        if name == "conv2":
            small[name] = np.stack([array[:, index] for index in keep], axis=1)
        else:
            small[name] = array if name == "conv2_bias" else np.stack([array[index] for index in keep])
    return small


def pair_with_a_mask(net, keep):
    stays = np.isin(np.arange(len(net["conv1"])), keep)
    small = {name: array if "2" in name else array.compress(stays, axis=0) for name, array in net.items()}
    return small | {"conv2": net["conv2"].compress(stays, axis=1)}


def pair_by_deleting(net, keep):
    gone = others_of(net, keep)
    small = {name: np.delete(array, gone, axis=0) for name, array in net.items() if "2" not in name}
    return {**net, **small, "conv2": np.delete(net["conv2"], gone, axis=1)}


def pair_in_another_order(net, keep):
    """The kept channels may stand in any order, as long as it is the same everywhere."""
    return my_shrunk_pair(net, keep[::-1])


def muted(net, keep):
    """Leaves conv1 alone: batch norm says 0 for the others."""
    return silent("bn1_weight", "bn1_bias")(net, keep)


def far_below_zero(net, keep):
    """ReLU silences what is far below zero."""
    masked = {name: array.copy() for name, array in net.items()}
    masked["bn1_bias"][others_of(net, keep)] = -1e9
    return masked


def times_a_mask(net, keep):
    stays = np.zeros(len(net["conv1"]))
    stays[keep] = 1
    return net | {"conv2": net["conv2"] * stays[None, :, None, None]}


def block_with_ix(net, inside, stream):
    small = {"conv1": net["conv1"][np.ix_(inside, stream)], "conv2": net["conv2"][np.ix_(stream, inside)]}
    for key in ("mean", "var", "weight", "bias"):
        small[f"bn1_{key}"], small[f"bn2_{key}"] = net[f"bn1_{key}"][inside], net[f"bn2_{key}"][stream]
    return small


def block_with_take(net, inside, stream):
    axes = {"conv1": (inside, stream), "conv2": (stream, inside)}
    axes |= {name: (inside if "1" in name else stream,) for name in net if "bn" in name}
    for name in net:
        array = net[name]
        for axis, keep in enumerate(axes[name]):
            array = np.take(array, keep, axis=axis)
        axes[name] = array
    return axes


def features_of(size, heads):
    return [head * size + number for head in heads for number in range(size)]


def attention_part_by_part(net, size, heads):
    features = features_of(size, heads)
    return {
        "in_weight": np.vstack([part[features] for part in np.split(net["in_weight"], 3)]),
        "in_bias": np.hstack([part[features] for part in np.split(net["in_bias"], 3)]),
        "out_weight": net["out_weight"].T[features].T,
        "out_bias": net["out_bias"].copy(),
    }


def attention_by_rows(net, size, heads):
    features, embed = features_of(size, heads), len(net["out_weight"])
    rows = [part * embed + feature for part in range(3) for feature in features]
    return {**net, **{k: net[k][rows] for k in ("in_weight", "in_bias")}, "out_weight": net["out_weight"][:, features]}


def attention_in_another_order(net, size, heads):
    return my_shrunk_attention(net, size, heads[::-1])


def with_statistics(dense, shrunk):
    """Quartiles by hand, between neighbours in order."""
    each = sorted(d / s for d, s in list(zip(dense, shrunk, strict=True))[2:])
    found = []
    for share in (0.25, 0.5, 0.75):
        place = share * (len(each) - 1)
        low = int(place)
        high = min(low + 1, len(each) - 1)
        found.append(each[low] + (place - low) * (each[high] - each[low]))
    return found


def overwriting(dense, shrunk):
    dense /= shrunk
    return np.percentile(dense[2:], [25, 50, 75])


RATIOS_RIGHT = [
    *(with_statistics, overwriting),
    lambda d, s: tuple(my_ratio(d, s)),
    lambda d, s: my_ratio(d, s).tolist(),
    lambda d, s: my_ratio(d, s).astype(np.float32),
    lambda d, s: torch.from_numpy(my_ratio(d, s)),
    lambda d, s: my_ratio(list(d), list(s)),
    lambda d, s: 1 / np.quantile(d[2:] / s[2:], [0.25, 0.5, 0.75]) ** -1,
    lambda d, s: [np.quantile(d[2:] / s[2:], share) for share in (0.25, 0.5, 0.75)],
    lambda d, s: np.stack([np.quantile(d[2:] / s[2:], 0.25), np.median(d[2:] / s[2:]), np.quantile((d / s)[2:], 0.75)]),
    lambda d, s: torch.quantile(torch.from_numpy(d[2:] / s[2:]), torch.tensor([0.25, 0.5, 0.75], dtype=torch.float64)),
]
PAIRS_RIGHT = [pair_with_loops, pair_with_a_mask, pair_by_deleting, pair_in_another_order]
RIGHT = {
    "q1": ("my_shrunk_pair", [*PAIRS_RIGHT, *in_any_type(my_shrunk_pair)]),
    "q2": ("my_masked_pair", [silent(columns=True), muted, far_below_zero, times_a_mask, *in_any_type(my_masked_pair)]),
    "q3": ("my_shrunk_block", [block_with_ix, block_with_take, *in_any_type(my_shrunk_block)]),
    "q4": (
        "my_shrunk_attention",
        [
            *(attention_part_by_part, attention_by_rows, attention_in_another_order),
            *in_any_type(my_shrunk_attention),
        ],
    ),
    "q5": ("my_ratio", RATIOS_RIGHT),
}

test_solution, test_untouched, test_ten_wrong, test_wrong = assignment_tests(NAME, SOLVED, POINTS, WRONG)
test_ten_right, test_right = right_tests(NAME, SOLVED, POINTS, RIGHT)


def test_a_right_answer_passes_where_a_slip_comes_to_the_same():
    hw3_checks.check_ratio(my_ratio, np.random.default_rng(84))
    hw3_checks.check_masked(my_masked_pair, np.random.default_rng(278))
