"""hw2-storage: wrong answers of the usual kinds, and what each is told."""

import numpy as np
from homework_tests import assignment_tests, solution_of, wrong_answers

NAME = "hw2-storage"
SOLVED = solution_of(NAME)
POINTS = {"q1": 2, "q2": 4, "q3": 4, "q4": 4, "q5": 4}
my_csc, my_decode, my_bytes, my_huffman_bits = (
    SOLVED[name] for name in ("my_csc", "my_decode", "my_bytes", "my_huffman_bits")
)


def by_hand(**changed):
    return {**SOLVED["by_hand"], **changed}


HANDS = [
    (by_hand(indptr=[0, 2, 4, 5]), "rows + 1 = 5"),
    (by_hand(indptr=[0, 2, 0, 2, 1]), "indptr: at least one entry"),
    (by_hand(indices=[2, 5, 16, 17, 19]), "not positions in the whole matrix"),
    (by_hand(indices=[3, 6, 5, 6, 2]), "indices: at least one entry"),
    (by_hand(data=[5, 1, 2, 3]), "data must have 5 entries"),
    (by_hand(gaps=[2, 2, 10, 0, 1]), "a filler is missing"),
    (by_hand(gaps=[3, 3, 8, 3, 1, 2]), "three bits hold 0 to 7"),
    (by_hand(gaps=[2, 2, 7, 3, 0, 1]), "gaps: at least one entry"),
    (by_hand(gaps=[]), "not filled in yet"),
    ([1, 2], "must be the dict"),
]


def part(name):
    """The solution with one of its three arrays replaced."""

    def changed(function):
        def answer(*given):
            arrays = dict(zip(("data", "indices", "indptr"), my_csc(*given), strict=True))
            return tuple({**arrays, name: function(arrays[name], *given)}.values())

        return answer

    return changed


CSCS = [
    (lambda d, i, p, c: (d, i, p), "columns + 1"),
    (part("indptr")(lambda a, d, i, p, c: a[:-1]), "columns + 1"),
    (part("indptr")(lambda a, d, i, p, c: np.concatenate([[0], np.diff(a)])), "indptr is cumulative"),
    (part("indptr")(lambda a, d, i, p, c: a + 1), "indptr must be"),
    (part("indices")(lambda a, d, i, p, c: i), "an index says which row"),
    (part("indices")(lambda a, d, i, p, c: a + 1), "indices must be"),
    (part("data")(lambda a, d, i, p, c: d), "values and rows must be"),
    (part("data")(lambda a, d, i, p, c: a[1:]), "weights; got"),
    (lambda *given: my_csc(*given)[:2], "return three arrays"),
    (lambda *given: my_csc(*given)[0], "return three arrays"),
]


def placed(places, values, size):
    row = np.zeros(size)
    row[np.clip(places, 0, size - 1)] = values
    return row


DECODES = [
    (lambda g, v, b, n: placed(np.cumsum(g), v, n), "a value takes up a place itself"),
    (lambda g, v, b, n: placed(np.cumsum(g + 1), v, n), "the weights are at"),
    (lambda g, v, b, n: placed(g, v, n), "weights"),
    (lambda g, v, b, n: placed(np.cumsum(g[v != 0] + 1) - 1, v[v != 0], n), "the weights are at"),
    (lambda g, v, b, n: placed(np.cumsum(g + 1) - 1, np.where(v == 0, 1, v), n), "A filler moves on and is 0"),
    (lambda g, v, b, n: my_decode(g, v, b, n)[: int((g + 1).sum())], "the row has"),
    (lambda g, v, b, n: my_decode(g, v, b, n).tolist(), "return a NumPy array"),
    (lambda g, v, b, n: my_decode(g, v, b, n)[::-1], "the weights are at"),
    (lambda g, v, b, n: my_decode(g, v, b, n)[None], "got shape (1,"),
    (lambda g, v, b, n: v, "the row has"),
]


def counted(**forms):
    """The solution with one form counted in another way, layer by layer."""

    def answer(masks, form):
        return sum(forms[form](mask) for mask in masks.values()) if form in forms else my_bytes(masks, form)

    return answer


def csr(mask, column=None, entries=1):
    return (4 + (column or (2 if mask.shape[1] <= 65_536 else 4))) * int(mask.sum()) + 4 * (mask.shape[0] + entries)


BYTES = [
    (counted(dense=lambda m: 4 * int(m.sum())), "dense stores its zeros too"),
    (counted(dense=lambda m: 32 * m.size), "neither bits nor numbers"),
    (counted(dense=lambda m: m.size), "neither bits nor numbers"),
    (counted(bitmask=lambda m: 4 * int(m.sum()) + m.size), "not one byte"),
    (counted(bitmask=lambda m: 4 * int(m.sum()) + m.size // 8), "bytes; got"),
    (counted(bitmask=lambda m: 4 * int(m.sum())), "bytes; got"),
    (counted(csr=lambda m: 4 * int(m.sum())), "the indices are missing"),
    (counted(csr=lambda m: csr(m, entries=0)), "one more entry than"),
    (counted(csr=lambda m: csr(m) - 4 * (m.shape[0] + 1)), "indptr is missing"),
    (counted(csr=lambda m: csr(m, column=4)), "takes 2 bytes"),
    (lambda masks, form: my_bytes(masks, "dense"), "bytes; got"),
    (lambda masks, form: str(my_bytes(masks, form)), "return one number"),
]


def in_pairs(counts):
    """Joins neighbours, not the two smallest."""
    total = 0
    while len(counts) > 1:
        counts = [*counts[2:], counts[0] + counts[1]]
        total += counts[-1]
    return total or counts[0]


def entropy_bits(counts):
    shares = np.array(counts) / sum(counts)
    return float(-(shares * np.log2(shares)).sum() * sum(counts))


HUFFMANS = [
    (lambda c: sum(c) * max(int(np.ceil(np.log2(len(c)))), 1), "frequent symbols are shorter"),
    (entropy_bits, "is the entropy"),
    (in_pairs, "Always join the two smallest"),
    (lambda c: my_huffman_bits(c) if len(c) > 1 else 0, "even one symbol"),
    (lambda c: my_huffman_bits(c) - 1, "no prefix code takes fewer"),
    (lambda c: my_huffman_bits(c) + sum(c), "Always join"),
    (lambda c: my_huffman_bits(c) / 8, "no prefix code takes fewer"),
    (lambda c: sum(c), "no prefix code takes fewer"),
    (lambda c: [my_huffman_bits(c)], "return one number of bits"),
    (lambda c: sum(c) * len(c), "Always join"),
]


WRONG = [
    *wrong_answers("q1", "by_hand", HANDS),
    *wrong_answers("q2", "my_csc", CSCS),
    *wrong_answers("q3", "my_decode", DECODES),
    *wrong_answers("q4", "my_bytes", BYTES),
    *wrong_answers("q5", "my_huffman_bits", HUFFMANS),
]

test_solution, test_untouched, test_eight_wrong, test_wrong = assignment_tests(NAME, SOLVED, POINTS, WRONG)
