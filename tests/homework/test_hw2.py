"""hw2-storage: right answers of unusual kinds, wrong ones of the usual kinds, and what each is told."""

import heapq
from collections import deque

import numpy as np
import scipy.sparse
import torch
from homework_tests import assignment_tests, right_tests, solution_of, wrong_answers

NAME = "hw2-storage"
SOLVED = solution_of(NAME)
POINTS = {"q1": 2, "q2": 4, "q3": 4, "q4": 4, "q5": 4}
my_csc, my_decode, my_bytes, my_huffman_bits = (
    SOLVED[name] for name in ("my_csc", "my_decode", "my_bytes", "my_huffman_bits")
)


def by_hand(**changed):
    return {**SOLVED["by_hand"], **changed}


HANDS = [
    (by_hand(indptr=[0, 2, 4, 5]), "rows + 1 = 5", 1),
    (by_hand(indptr=[0, 2, 2, 3, 5]), "indptr: at least one entry", 1),
    (by_hand(indices=[2, 5, 16, 17, 19]), "not positions in the whole matrix", 1),
    (by_hand(indices=[2, 5, 4, 4, 1]), "indices: at least one entry", 1),
    (by_hand(data=[5, 1, 2, 3]), "data must have 5 entries", 1),
    (by_hand(gaps=[2, 2, 10, 0, 1]), "a filler is missing", 1),
    (by_hand(gaps=[2, 2, 7, 2, 1]), "gaps must have 6 entries", 1),
    (by_hand(gaps=[2, 2, 4, 0, 1]), "a gap goes on from the row before", 1),
    (by_hand(gaps=[3, 3, 8, 3, 1, 2]), "three bits hold 0 to 7", 1),
    (by_hand(gaps=[2, 2, 7, 3, 0, 1]), "gaps: at least one entry", 1),
    (by_hand(gaps=[]), "not filled in yet", 1),
    ([1, 2], "must be the dict"),
    (by_hand(indptr=[0, 2, 0, 2, 1]), "indptr is cumulative", 1),
    (by_hand(indices=[0, 0, 2, 2, 3]), "columns, not rows", 1),
    (by_hand(indices=[3, 6, 5, 6, 2]), "the first column is 0", 1),
    (by_hand(data=[[5, 1], [2, 3], [7, 0]]), "one list of numbers", 1),
    (by_hand(data=[[5, 1], [], [2, 3], [7]]), "rows of one length", 1),
    (by_hand(data="51237"), "data must be numbers; got str", 1),
    (by_hand(gaps=[3, 3, 0, 3, 1, 2]), "gaps: at least one entry", 1),
    (by_hand(gaps=[3, 3, 7, 3, 1, 2]), "gaps: at least one entry", 1),
    (by_hand(gaps=None), "gaps is not filled in yet", 1),
    ({}, "is not filled in yet"),
    ({"gaps": [2, 2, 7, 2, 0, 1]}, "data is not filled in yet", 1),
    ({name.upper(): part for name, part in SOLVED["by_hand"].items()}, "is not filled in yet"),
]


def part(name):
    """The solution with one of its three arrays replaced."""

    def changed(function):
        def answer(*given):
            arrays = dict(zip(("data", "indices", "indptr"), my_csc(*given), strict=True))
            return tuple({**arrays, name: function(arrays[name], *given)}.values())

        return answer

    return changed


def dense(data, indices, indptr, columns):
    matrix = np.zeros((len(indptr) - 1, columns))
    matrix[np.repeat(np.arange(len(indptr) - 1), np.diff(indptr)), indices] = data
    return matrix


def csc_of(matrix):
    columns, rows = np.nonzero(matrix.T)
    return matrix[rows, columns], rows, np.concatenate([[0], np.cumsum((matrix != 0).sum(axis=0))])


def unstable(data, indices, indptr, columns):
    """Sorts as numpy does where nothing is said: in long columns rows do not ascend."""
    order = np.argsort(indices)
    rows = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
    return data[order], rows[order], np.concatenate([[0], np.cumsum(np.bincount(indices, minlength=columns))])


def columns_for_rows(data, indices, indptr, columns):
    order = np.argsort(indices, kind="stable")
    return data[order], indices[order], my_csc(data, indices, indptr, columns)[2]


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
    (lambda *given: [part[None] for part in my_csc(*given)], "data must have one axis"),
    (lambda *given: my_csc(*given)[0], "return three arrays"),
    (lambda d, i, p, c: tuple(part[:0] for part in my_csc(d, i, p, c)), "columns + 1"),
    (lambda d, i, p, c: tuple(0 * part for part in my_csc(d, i, p, c)), "indptr must be"),
    (lambda d, i, p, c: my_csc(d, i, p, c)[::-1], "columns + 1"),
    (part("indptr")(lambda a, d, i, p, c: a[-1] - a[::-1]), "indptr must be"),
    (part("data")(lambda a, d, i, p, c: np.ones_like(a)), "values and rows must be"),
    (part("data")(lambda a, d, i, p, c: a[::-1]), "values and rows must be"),
    (unstable, "use a stable sort"),
    (columns_for_rows, "in CSC an index says which row"),
    (lambda d, i, p, c: csc_of(dense(d, i, p, c)), "was made dense"),
    (lambda d, i, p, c: csc_of(np.array(dense(d, i, p, c).tolist())), "was made dense"),
    (lambda d, i, p, c: my_csc(d, i, p, c) if c < 100 else (d, i, p), "not those of its columns"),
    (lambda d, i, p, c: {"data": d, "indices": i, "indptr": p}, "return three arrays"),
    (part("indices")(lambda a, d, i, p, c: a.astype(str)), "made of numbers, text, arrays"),
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
    (lambda g, v, b, n: np.zeros(n), "weights are not zero; here 0"),
    (lambda g, v, b, n: np.ones(n), "weights are not zero; here 16"),
    (lambda g, v, b, n: [], "the row has 16 places"),
    (lambda g, v, b, n: placed(np.cumsum(g + 1) - 2, v, n), "the weights are at"),
    (lambda g, v, b, n: -my_decode(g, v, b, n), "the weights are at"),
    (lambda g, v, b, n: my_decode(g, v, b, n) != 0, "the weights are at"),
    (lambda g, v, b, n: np.resize(v, n), "weights"),
    (lambda g, v, b, n: dict(enumerate(my_decode(g, v, b, n))), "the row must be numbers; got dict"),
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


def rounded_once(masks, form):
    kept, size = sum(int(mask.sum()) for mask in masks.values()), sum(mask.size for mask in masks.values())
    return 4 * kept - (-size // 8) if form == "bitmask" else my_bytes(masks, form)


def all_as_wide(masks, form):
    """Every layer has the columns of the widest one."""
    wide = 4 if max(mask.shape[1] for mask in masks.values()) > 65_536 else 2
    return sum(csr(mask, column=wide) for mask in masks.values()) if form == "csr" else my_bytes(masks, form)


BYTES = [
    (counted(dense=lambda m: 4 * int(m.sum())), "dense stores its zeros too"),
    (counted(dense=lambda m: 32 * m.size), "neither bits nor numbers"),
    (counted(dense=lambda m: m.size), "neither bits nor numbers"),
    (counted(bitmask=lambda m: 4 * int(m.sum()) + m.size), "not one byte"),
    (counted(bitmask=lambda m: 4 * int(m.sum()) + m.size // 8), "takes up a whole byte"),
    (rounded_once, "round up for each layer"),
    (counted(csr=lambda m: csr(m, column=2 if m.shape[1] < 65_536 else 4)), "bytes; got"),
    (all_as_wide, "takes 2 bytes where"),
    (counted(bitmask=lambda m: 4 * int(m.sum())), "bytes; got"),
    (counted(csr=lambda m: 4 * int(m.sum())), "the indices are missing"),
    (counted(csr=lambda m: csr(m, entries=0)), "one more entry than"),
    (counted(csr=lambda m: csr(m) - 4 * (m.shape[0] + 1)), "indptr is missing"),
    (counted(csr=lambda m: csr(m, column=4)), "takes 2 bytes"),
    (lambda masks, form: my_bytes(masks, "dense"), "bytes; got"),
    (lambda masks, form: str(my_bytes(masks, form)), "must be numbers; got str"),
    (lambda masks, form: 0, "bytes; got 0"),
    (lambda masks, form: my_bytes(masks, form) + 1, "bytes; got"),
    (lambda masks, form: -my_bytes(masks, form), "bytes; got -"),
    (lambda masks, form: my_bytes({next(iter(masks)): next(iter(masks.values()))}, form), "bytes; got"),
    (lambda masks, form: my_bytes({name: ~mask for name, mask in masks.items()}, form), "bytes; got"),
    (lambda masks, form: [my_bytes({"": mask}, form) for mask in masks.values()], "return one number; got list"),
    (
        lambda masks, form: {name: my_bytes({"": mask}, form) for name, mask in masks.items()},
        "must be numbers; got dict",
    ),
    (lambda masks, form: sum(int(mask.sum()) for mask in masks.values()), "bytes; got"),
    (counted(csr=lambda m: csr(m, column=2)), "takes 4 bytes where the layer"),
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
    (lambda c: my_huffman_bits(c) / 8, "count bits, not bytes"),
    (lambda c: sum(c), "how many symbols there are"),
    (lambda c: [my_huffman_bits(c)], "return one number; got list"),
    (lambda c: len(c), "no prefix code takes fewer"),
    (lambda c: 0, "even one symbol"),
    (lambda c: -my_huffman_bits(c), "no prefix code takes fewer"),
    (lambda c: c, "return one number; got list"),
    (lambda c: str(my_huffman_bits(c)), "must be numbers; got str"),
    (lambda c: my_huffman_bits([1] * len(c)), "a symbol's length counts as often"),
    (lambda c: in_pairs(sorted(c)[::-1]), "Always join the two smallest"),
    (lambda c: my_huffman_bits(c) + 1, "Always join the two smallest"),
    (lambda c: np.ceil(entropy_bits(c)), "even one symbol"),
    (lambda c: sum(c) * len(c), "Always join"),
]


WRONG = [
    *wrong_answers("q1", "by_hand", HANDS),
    *wrong_answers("q2", "my_csc", CSCS),
    *wrong_answers("q3", "my_decode", DECODES),
    *wrong_answers("q4", "my_bytes", BYTES),
    *wrong_answers("q5", "my_huffman_bits", HUFFMANS),
]


def hand_as(change):
    return {name: change(part) for name, part in SOLVED["by_hand"].items()}


HANDS_RIGHT = [
    *(hand_as(change) for change in (np.array, tuple, torch.tensor, lambda part: np.array(part, np.uint8))),
    *(hand_as(change) for change in (lambda part: np.array(part, np.float32), lambda part: [*map(float, part)])),
    *(hand_as(change) for change in (lambda part: [*map(np.int64, part)], lambda part: [np.array(x) for x in part])),
    dict(reversed(SOLVED["by_hand"].items())),
    by_hand(bits=3, note="counted twice"),
    by_hand(data=np.array([5.0, 1, 2, 3, 7]), indptr=(0, 2, 2, 4, 5)),
]


def csc_in_loops(data, indices, indptr, columns):
    rows = [row for row in range(len(indptr) - 1) for _ in range(indptr[row], indptr[row + 1])]
    stacks = [[] for _ in range(columns)]
    for value, row, column in zip(data, rows, indices, strict=True):
        stacks[column].append((value, row))
    starts = [0]
    for stack in stacks:
        starts.append(starts[-1] + len(stack))
    return [v for stack in stacks for v, _ in stack], [r for stack in stacks for _, r in stack], starts


def csc_with_scipy(data, indices, indptr, columns):
    csc = scipy.sparse.csr_array((data, indices, indptr), shape=(len(indptr) - 1, columns)).tocsc()
    return csc.data, csc.indices, csc.indptr


def csc_with_lexsort(data, indices, indptr, columns):
    rows = np.searchsorted(indptr, np.arange(len(data)), side="right") - 1
    order = np.lexsort((rows, indices))
    return data[order], rows[order], np.searchsorted(indices[order], np.arange(columns + 1))


def csc_column_by_column(data, indices, indptr, columns):
    rows = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
    order, starts = [], [0]
    for column in range(columns):
        order.extend(np.flatnonzero(indices == column))
        starts.append(len(order))
    order = np.array(order, int)
    return data[order], rows[order], np.array(starts)


def changed(function, *changes):
    """The solution with each part of its result as something else."""
    return lambda *given: tuple(change(part) for change, part in zip(changes, function(*given), strict=True))


def sorted_in_place(data, indices, indptr, columns):
    found = my_csc(data, indices, indptr, columns)
    data[:], indices[:] = found[0], found[1]
    return data, indices, found[2]


CSCS_RIGHT = [
    *(csc_in_loops, csc_with_scipy, csc_with_lexsort, csc_column_by_column, sorted_in_place),
    lambda *given: list(my_csc(*given)),
    changed(my_csc, np.array, lambda a: a.astype(np.int32), lambda a: a.astype(np.uint16)),
    changed(my_csc, list, list, list),
    changed(my_csc, torch.tensor, torch.tensor, torch.tensor),
    changed(my_csc, tuple, np.array, lambda a: a.astype(float)),
    changed(my_csc, lambda a: a.astype(np.longdouble), np.array, np.array),
    changed(my_csc, lambda a: a.astype(np.float32), np.array, np.array),
]


def decode_in_a_loop(gaps, values, bits, size):
    row, place = [0.0] * size, -1
    for gap, value in zip(gaps, values, strict=True):
        place += int(gap) + 1
        row[place] = float(value)
    return row


def decode_in_place(gaps, values, bits, size):
    gaps += 1
    np.cumsum(gaps, out=gaps)
    gaps -= 1
    row = np.zeros(size)
    np.put(row, gaps, values)
    return row


def without_fillers(gaps, values, bits, size):
    places, keep = np.cumsum(gaps + 1) - 1, values != 0
    return np.bincount(places[keep], weights=values[keep], minlength=size)


def by_pieces(gaps, values, bits, size):
    pieces = [[*np.zeros(gap), value] for gap, value in zip(gaps, values, strict=True)]
    row = [number for piece in pieces for number in piece]
    return np.array(row + [0.0] * (size - len(row)))


DECODES_RIGHT = [
    *(decode_in_a_loop, decode_in_place, without_fillers, by_pieces),
    lambda g, v, b, n: my_decode(g, v, b, n).tolist(),
    lambda g, v, b, n: tuple(my_decode(g, v, b, n)),
    lambda g, v, b, n: torch.from_numpy(my_decode(g, v, b, n)),
    lambda g, v, b, n: my_decode(g, v, b, n).astype(np.longdouble),
    lambda g, v, b, n: my_decode(g, v, b, n).astype(np.float32),
    lambda g, v, b, n: my_decode(tuple(g) or g, list(v), b, n),
    lambda g, v, b, n: placed(np.arange(len(g)) + np.cumsum(g), v, n),
    lambda g, v, b, n: np.add(my_decode(g, v, b, n), -0.0)[:n],
]


def bytes_by_arrays(masks, form):
    """Makes the arrays and asks each for its bytes."""
    total = 0
    for mask in masks.values():
        kept = mask.astype(np.float32)[mask]
        index = np.uint16 if mask.shape[1] <= 65_536 else np.uint32
        rest = {
            "bitmask": np.packbits(mask).nbytes,
            "csr": np.nonzero(mask)[1].astype(index).nbytes + np.zeros(len(mask) + 1, np.int32).nbytes,
        }
        total += 4 * mask.size if form == "dense" else kept.nbytes + rest[form]
    return total


BYTES_RIGHT = [
    bytes_by_arrays,
    lambda masks, form: float(my_bytes(masks, form)),
    lambda masks, form: np.int64(my_bytes(masks, form)),
    lambda masks, form: np.float32(my_bytes(masks, form)),
    lambda masks, form: np.array(my_bytes(masks, form)),
    lambda masks, form: torch.tensor(my_bytes(masks, form)),
    lambda masks, form: sum(my_bytes({name: mask}, form) for name, mask in masks.items()),
    lambda masks, form: np.sum([bytes_by_arrays({name: mask}, form) for name, mask in masks.items()]),
    lambda masks, form: my_bytes(dict(sorted(masks.items(), reverse=True)), form),
    lambda masks, form: my_bytes({name: mask.astype(int) for name, mask in masks.items()}, form),
    lambda masks, form: my_bytes({name: masks.pop(name) for name in list(masks)}, form),
]


def with_two_queues(counts):
    leaves, joined, total = deque(sorted(counts)), deque(), 0
    take = lambda: (leaves if not joined or (leaves and leaves[0] <= joined[0]) else joined).popleft()  # noqa: E731
    for _ in range(len(counts) - 1):
        joined.append(take() + take())
        total += joined[-1]
    return total or counts[0]


def by_sorting_again(counts):
    total = 0
    while len(counts) > 1:
        counts.sort()
        counts.append(counts.pop(0) + counts.pop(0))
        total += counts[-1]
    return total or counts[0]


def by_lengths(counts):
    """Builds the tree, and counts each symbol's depth."""
    heap = [(count, number, [number]) for number, count in enumerate(counts)]
    depths = [0] * len(counts)
    heapq.heapify(heap)
    while len(heap) > 1:
        (a, i, left), (b, _, right) = heapq.heappop(heap), heapq.heappop(heap)
        for number in left + right:
            depths[number] += 1
        heapq.heappush(heap, (a + b, i, left + right))
    return sum(count * max(depth, 1) for count, depth in zip(counts, depths, strict=True))


def recursive(counts):
    if len(counts) == 1:
        return counts[0]
    a, b, *rest = sorted(counts)
    return a + b + (recursive([a + b, *rest]) if rest else 0)


HUFFMANS_RIGHT = [
    *(with_two_queues, by_sorting_again, by_lengths, recursive),
    lambda counts: float(my_huffman_bits(counts)),
    lambda counts: np.int64(my_huffman_bits(counts)),
    lambda counts: np.array(my_huffman_bits(counts)),
    lambda counts: torch.tensor(my_huffman_bits(counts)),
    lambda counts: my_huffman_bits(counts[::-1]),
    lambda counts: my_huffman_bits([float(count) for count in counts]),
    lambda counts: np.float64(by_lengths(sorted(counts))),
]
RIGHT = {
    "q1": ("by_hand", HANDS_RIGHT),
    "q2": ("my_csc", CSCS_RIGHT),
    "q3": ("my_decode", DECODES_RIGHT),
    "q4": ("my_bytes", BYTES_RIGHT),
    "q5": ("my_huffman_bits", HUFFMANS_RIGHT),
}

test_solution, test_untouched, test_ten_wrong, test_wrong = assignment_tests(NAME, SOLVED, POINTS, WRONG)
test_ten_right, test_right = right_tests(NAME, SOLVED, POINTS, RIGHT)
