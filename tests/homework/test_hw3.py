"""hw3-shrinking: wrong answers of the usual kinds, and what each is told."""

import numpy as np
from homework_tests import assignment_tests, solution_of, wrong_answers

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
    return my_masked_pair(net, np.delete(np.arange(len(net["conv1"])), keep))


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
    (lambda d, s: np.quantile(d[2:] / s[2:], [0, 0.5, 1]), "must be ["),
    (lambda d, s: np.full(3, d[2:].min() / s[2:].min()), "must be ["),
    (lambda d, s: quartiles(d[2:] - s[2:]), "must be ["),
    (lambda d, s: [str(ratio) for ratio in my_ratio(d, s)], "return three numbers"),
]
WRONG = [
    *wrong_answers("q1", "my_shrunk_pair", PAIRS),
    *wrong_answers("q2", "my_masked_pair", MASKED),
    *wrong_answers("q3", "my_shrunk_block", BLOCKS),
    *wrong_answers("q4", "my_shrunk_attention", ATTENTIONS),
    *wrong_answers("q5", "my_ratio", RATIOS),
]

test_solution, test_untouched, test_eight_wrong, test_wrong = assignment_tests(NAME, SOLVED, POINTS, WRONG)
