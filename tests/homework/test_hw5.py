"""hw5-capstone: right answers of unusual kinds, wrong ones of the usual kinds, and what each is told."""

import numpy as np
import pytest
import scipy.linalg
import torch
from homework_tests import assignment_tests, graded, right_tests, solution_of, wrong_answers

from pruning_lab.homework import hw5_layer

NAME = "hw5-capstone"
SOLVED = solution_of(NAME)
POINTS = {"q1": 4, "q2": 4, "q3": 4, "q4": 4}
my_wanda, my_repair, my_without_head, my_gap_bits = (
    SOLVED[name] for name in ("my_wanda", "my_repair", "my_without_head", "my_gap_bits")
)


# --- 1. Wanda ---


def lowest_of_rows(scores, sparsity):
    """A mask by other scores: those of a row's lowest go."""
    order = np.argsort(np.argsort(scores, axis=1, kind="stable"), axis=1)
    return order >= round(sparsity * scores.shape[1])


def by(score):
    return lambda weight, inputs, sparsity: lowest_of_rows(score(np.abs(weight), inputs) + 0 * weight, sparsity)


def norms(inputs):
    return np.linalg.norm(inputs, axis=0)


def as_one_ranking(weight, inputs, sparsity):
    scores = np.abs(weight) * norms(inputs)
    return lowest_of_rows(scores.reshape(1, -1), sparsity).reshape(weight.shape)


def in_place(weight, inputs, sparsity):
    mask = my_wanda(weight, inputs, sparsity)
    weight[~mask] = 0
    return mask


def with_a_threshold(weight, inputs, sparsity):
    scores = np.abs(weight) * norms(inputs)
    return scores > np.quantile(scores, sparsity, axis=1, keepdims=True)


def unstable(weight, inputs, sparsity):
    """Sorts as numpy does where nothing is said: of equal scores any may come first."""
    order, keep = np.argsort(np.abs(weight) * norms(inputs), axis=1), np.ones(weight.shape, bool)
    np.put_along_axis(keep, order[:, : round(sparsity * weight.shape[1])], False, axis=1)
    return keep


def rounded(cut):
    def answer(weight, inputs, sparsity):
        return my_wanda(weight, inputs, cut(sparsity * weight.shape[1]) / weight.shape[1])

    return answer


WANDAS = [
    (unstable, "among equal scores the first go"),
    (rounded(int), "as round says"),
    (rounded(lambda product: int(product + 0.5)), "as round says"),
    (by(lambda w, x: w), "by magnitude alone"),
    (as_one_ranking, "one ranking for the whole matrix"),
    (lambda w, x, s: lowest_of_rows((np.abs(w) * norms(x)).T, s).T, "not within each column"),
    (lambda w, x, s: ~my_wanda(w, x, s), "the other way round"),
    (by(lambda w, x: -w * norms(x)), "here the highest went"),
    (lambda w, x, s: lowest_of_rows(w * norms(x), s), "a negative weight is not a small one"),
    (by(lambda w, x: w / norms(x)), "the score is the product"),
    (by(lambda w, x: w * np.abs(x.sum(axis=0))), "must not cancel"),
    (by(lambda w, x: w * np.abs(x).sum(axis=0)), "not the sum of magnitudes"),
    (by(lambda w, x: w * np.abs(x).max(axis=0)), "not the largest of them"),
    (by(lambda w, x: w * norms(x) ** 2), "not its square"),
    (by(lambda w, x: norms(x)), "the weight counts as well"),
    (by(lambda w, x: np.arange(w.shape[1])), "the first weights went"),
    (with_a_threshold, "in each row"),
    (lambda w, x, s: my_wanda(w, x, s + 1 / w.shape[1]), "in each row 6 go"),
    (lambda w, x, s: lowest_of_rows((np.abs(w) * norms(x))[:, ::-1], s)[:, ::-1], "among equal scores the first go"),
    (lambda w, x, s: np.ones(w.shape, bool), "in each row 6 go"),
    (lambda w, x, s: np.zeros(w.shape, bool), "in each row 6 go"),
    (lambda w, x, s: w, "must be bool"),
    (lambda w, x, s: w * my_wanda(w, x, s), "must be bool"),
    (lambda w, x, s: [], "return the mask as an array"),
    (lambda w, x, s: my_wanda(w, x, s)[0], "the shape of the weight"),
    (lambda w, x, s: my_wanda(w, x, s).T, "the shape of the weight"),
    (lambda w, x, s: my_wanda(w, x, s).astype(int), "must be bool"),
    (lambda w, x, s: int(my_wanda(w, x, s).sum()), "return the mask as an array"),
    (in_place, "changed its argument"),
]


def with_loops(weight, inputs, sparsity):
    mask = [[True] * weight.shape[1] for _ in weight]
    for row, stays in zip(weight, mask, strict=True):
        scores = [abs(w) * sum(x * x for x in inputs[:, j]) ** 0.5 for j, w in enumerate(row)]
        for place in sorted(range(len(row)), key=lambda j: scores[j])[: round(sparsity * len(row))]:
            stays[place] = False
    return np.array(mask)


def with_torch(weight, inputs, sparsity):
    weight, inputs = torch.from_numpy(weight), torch.from_numpy(inputs)
    order = (weight.abs() * inputs.norm(dim=0)).argsort(dim=1, stable=True)
    mask = torch.ones_like(weight, dtype=torch.bool)
    return mask.scatter_(1, order[:, : round(sparsity * weight.shape[1])], False)


def by_ranks(weight, inputs, sparsity):
    return lowest_of_rows(weight**2 * (inputs**2).sum(axis=0), sparsity)  # squares keep the order


def by_means(weight, inputs, sparsity):
    return lowest_of_rows(np.abs(weight) * np.sqrt((inputs**2).mean(axis=0)), sparsity)


def row_by_row(weight, inputs, sparsity):
    return np.concatenate([my_wanda(row[None], inputs, sparsity) for row in weight])


def by_partition(weight, inputs, sparsity):
    """Without a sort, and exact: a little is added for each place, so that nothing ties."""
    scores, gone = np.abs(weight) * norms(inputs), round(sparsity * weight.shape[1])
    scores = scores * (1 + 1e-9 * np.arange(weight.shape[1]))
    mask = np.ones(weight.shape, bool)
    if gone:
        places = np.argpartition(scores, gone - 1, axis=1)[:, :gone]
        np.put_along_axis(mask, places, False, axis=1)
    return mask


def overwriting_a_copy(weight, inputs, sparsity):
    weight = weight.copy()
    weight *= norms(inputs)
    return lowest_of_rows(np.abs(weight), sparsity)


RIGHT_WANDAS = [
    *(with_loops, with_torch, by_ranks, by_means, row_by_row, by_partition, overwriting_a_copy),
    lambda w, x, s: np.asfortranarray(my_wanda(w, x, s)),
    lambda w, x, s: torch.from_numpy(my_wanda(w, x, s)),
    lambda w, x, s: my_wanda(-w, -x, s),
    lambda w, x, s: my_wanda(w, np.concatenate([x, x]), s),
    lambda w, x, s: my_wanda(w, np.linalg.qr(x)[1], s),  # R has the column norms of X
    lambda w, x, s: np.array(my_wanda(w, x, s).tolist()),
    lambda w, x, s: my_wanda(1000 * w, x[::-1], s),
]


# --- 2. Survivors take over ---


def hessian_of(inputs):
    return 2 * inputs.T @ inputs / len(inputs)


def rows_of(survivors):
    """A repair by what `survivors(row, keep, hessian, lift)` returns for each row."""

    def answer(weight, mask, inputs, damping):
        hessian, new = hessian_of(inputs), np.zeros(weight.shape)
        lift = damping * hessian.diagonal().mean()
        for place, (row, keep) in enumerate(zip(weight, mask, strict=True)):
            new[place, keep] = survivors(row, keep, hessian, lift)
        return new

    return answer


def block(hessian, keep, lift):
    return hessian[np.ix_(keep, keep)] + lift * np.eye(int(keep.sum()))


def pull(row, keep, hessian):
    return hessian[np.ix_(keep, ~keep)] @ row[~keep]


def whole_inverse(row, keep, hessian, lift):
    inverse = np.linalg.inv(hessian + lift * np.eye(len(row)))
    return row[keep] + inverse[np.ix_(keep, keep)] @ pull(row, keep, hessian)


def towards_zero(row, keep, hessian, lift):
    """Ridge on the weight itself, as in a textbook, and not on the step."""
    return np.linalg.solve(block(hessian, keep, lift), hessian[keep] @ row)


def one_mask(weight, mask, inputs, damping):
    return mask * my_repair(weight, np.broadcast_to(mask[0], mask.shape), inputs, damping)


def repaired_in_place(weight, mask, inputs, damping):
    weight[:] = my_repair(weight.copy(), mask, inputs, damping)
    return weight


def undamped(weight, mask, inputs, damping):
    """Least squares as they are: the survivors fit what is gone as well as they can."""
    new = weight * mask
    for row, old, keep in zip(new, weight, mask, strict=True):
        row[keep] += np.linalg.lstsq(inputs[:, keep], inputs[:, ~keep] @ old[~keep])[0]
    return new


REPAIRS = [
    (lambda w, m, x, d: w * m, "the survivors must move"),
    (undamped, "the damping is missing"),
    (lambda w, m, x, d: w, "where the mask is False the new weight must be 0"),
    (lambda w, m, x, d: 2 * w * m - my_repair(w, m, x, d), "so plus"),
    (lambda w, m, x, d: my_repair(w, m, x, d) - w * m, "add them to the weights"),
    (lambda w, m, x, d: my_repair(w, m, x, 0 if len(x) > 8 and x.any(axis=0).all() else d), "the damping is missing"),
    (lambda w, m, x, d: my_repair(w, m, x, d / hessian_of(x).diagonal().mean()), "not a number by itself"),
    (rows_of(towards_zero), "solve for the step"),
    (rows_of(lambda w, k, h, e: w[k] + pull(w, k, h) / (h.diagonal()[k] + e)), "did not see each other"),
    (rows_of(whole_inverse), "not the block of the inverse"),
    (rows_of(lambda w, k, h, e: w[k] + pull(w, k, h)), "solve it for the step"),
    (one_mask, "each row has a mask of its own"),
    (lambda w, m, x, d: my_repair(w, ~m, x, d), "where the mask is False the new weight must be 0"),
    (lambda w, m, x, d: np.zeros(w.shape), "a survivor is off by"),
    (lambda w, m, x, d: np.ones(w.shape) * m, "a survivor is off by"),
    (lambda w, m, x, d: -my_repair(w, m, x, d), "a survivor is off by"),
    (lambda w, m, x, d: my_repair(w, m, x, d) + 0.01 * m, "a survivor is off by"),
    (lambda w, m, x, d: my_repair(w, m, x, d).round(2), "a survivor is off by"),
    (lambda w, m, x, d: my_repair(w, m, x[:1], d), "a survivor is off by"),
    (lambda w, m, x, d: my_repair(w, m, x - x.mean(axis=0), d), "a survivor is off by"),
    (lambda w, m, x, d: m, "a survivor is off by"),
    (lambda w, m, x, d: my_repair(w, m, x, d)[0], "the new weight must have shape"),
    (lambda w, m, x, d: my_repair(w, m, x, d).T, "the new weight must have shape"),
    (lambda w, m, x, d: [], "the new weight must have shape"),
    (lambda w, m, x, d: my_repair(w, m, x, d) * np.nan, "must be finite"),
    (lambda w, m, x, d: {"weight": my_repair(w, m, x, d)}, "must be numbers; got dict"),
    (lambda w, m, x, d: my_repair(w, m, x, d).astype(str), "numbers"),
    (repaired_in_place, "changed weight: work on a copy"),
]


def stacked(weight, mask, inputs, damping):
    """Least squares with the damping as more samples: of the step, towards 0."""
    lift = damping * hessian_of(inputs).diagonal().mean()
    more = np.sqrt(lift * len(inputs) / 2) * np.eye(inputs.shape[1])
    new = np.zeros(weight.shape)
    for row, keep, repaired in zip(weight, mask, new, strict=True):
        left = np.concatenate([inputs[:, keep], more[:, keep]])
        right = np.concatenate([inputs[:, ~keep] @ row[~keep], np.zeros(len(more))])
        repaired[keep] = row[keep] + np.linalg.lstsq(left, right, rcond=None)[0]
    return new


def by_cholesky(row, keep, hessian, lift):
    if not keep.any():
        return []
    return row[keep] + scipy.linalg.cho_solve(
        scipy.linalg.cho_factor(block(hessian, keep, lift)), pull(row, keep, hessian)
    )


def by_inverse(row, keep, hessian, lift):
    return row[keep] + np.linalg.inv(block(hessian, keep, lift)) @ pull(row, keep, hessian)


def by_eigenvectors(row, keep, hessian, lift):
    values, vectors = np.linalg.eigh(hessian[np.ix_(keep, keep)])
    return row[keep] + vectors @ (vectors.T @ pull(row, keep, hessian) / (values + lift))


def by_descent(row, keep, hessian, lift):
    """Conjugate gradients, step by step."""
    matrix, step = block(hessian, keep, lift), np.zeros(int(keep.sum()))
    left = pull(row, keep, hessian)
    way = left.copy()
    for _ in range(6 * len(left)):
        if left @ left < 1e-24:
            break
        length = left @ left / (way @ matrix @ way)
        step, before = step + length * way, left
        left = left - length * matrix @ way
        way = left + left @ left / (before @ before) * way
    return row[keep] + step


def by_loops(weight, mask, inputs, damping):
    samples, columns = inputs.shape
    hessian = [
        [2 * sum(inputs[n, i] * inputs[n, j] for n in range(samples)) / samples for j in range(columns)]
        for i in range(columns)
    ]
    return rows_of(lambda row, keep, _, lift: by_inverse(row, keep, np.array(hessian), lift))(
        weight, mask, inputs, damping
    )


def with_torch_solve(weight, mask, inputs, damping):
    w, m, x = (torch.from_numpy(array) for array in (weight, mask, inputs))
    hessian = 2 * x.T @ x / len(x)
    lift = damping * hessian.diagonal().mean()
    # one system for each row over all columns: those that go keep their step of 0
    both = hessian * (m[:, :, None] & m[:, None]) + lift * torch.eye(len(hessian), dtype=torch.double)
    steps = torch.linalg.solve(both, m * ((w * ~m) @ hessian))
    return w * m + steps


def one_row_at_a_time(weight, mask, inputs, damping):
    parts = [my_repair(row[None], keep[None], inputs, damping) for row, keep in zip(weight, mask, strict=True)]
    return np.concatenate(parts)


RIGHT_REPAIRS = [
    *(stacked, by_loops, with_torch_solve, one_row_at_a_time),
    *map(rows_of, (by_cholesky, by_inverse, by_eigenvectors, by_descent)),
    lambda w, m, x, d: my_repair(w, m, x, d).tolist(),
    lambda w, m, x, d: my_repair(w, m, x, d).astype(np.float32),
    lambda w, m, x, d: torch.from_numpy(my_repair(w, m, x, d)),
    lambda w, m, x, d: np.asfortranarray(my_repair(w, m, x, d)),
    lambda w, m, x, d: my_repair(w, m, np.linalg.qr(x)[1] * np.sqrt(min(x.shape) / len(x)), d),
    lambda w, m, x, d: repaired_in_place(w.copy(), m, x, d),
    lambda w, m, x, d: tuple(my_repair(w.astype(np.longdouble).astype(float), m, x, d)),
]


# --- 3. What goes along with a head ---


def heads_by_hand(**changed):
    return SOLVED["by_hand_heads"] | {name.replace("_", " "): part for name, part in changed.items()}


HANDS = [
    (heads_by_hand(q_rows=[6, 7]), "two of these read head 3", 3),
    (heads_by_hand(q_rows=[12, 13]), "both go", 3),
    (heads_by_hand(q_rows=[14, 15]), "both go", 3),
    (heads_by_hand(k_rows=[12, 13, 14, 15]), "keys and values have 4 heads", 3),
    (heads_by_hand(v_rows=[7, 8]), "indices count from 0", 3),
    (heads_by_hand(out_columns=[3]), "side by side", 3),
    (heads_by_hand(out_columns=[6, 7]), "out columns: keys and values have 4 heads", 3),
    (heads_by_hand(out_columns=[12, 13, 14]), "4 indices go", 3),
    (heads_by_hand(q_rows=[15, 14, 13, 12]), "ascending", 3),
    (heads_by_hand(q_rows=[]), "q rows is not filled in yet", 3),
    (heads_by_hand(v_rows=None), "v rows is not filled in yet", 3),
    (heads_by_hand(k_rows=[[6], [7]]), "one list of numbers", 3),
    (heads_by_hand(k_rows="6 7"), "must be numbers; got str", 3),
    (heads_by_hand(k_rows=7), "one list of numbers", 3),
    (heads_by_hand(q_rows=[0, 1, 2, 3]), "4 indices go", 3),
    ({}, "is not filled in yet", 3),
    ([12, 13, 14, 15], "must be the dict with all parts", 3),
    ({name.upper(): part for name, part in SOLVED["by_hand_heads"].items()}, "is not filled in yet", 3),
]


def head(**changed):
    """The smaller attention, some of its arrays otherwise: each a function of (array, head, heads, size)."""

    def answer(net, size, gone):
        heads = len(net["k_weight"]) // size
        cut = {name: change(net[name], gone, heads, size) for name, change in changed.items()}
        return my_without_head(net, size, gone) | cut

    return answer


def without(array, gone, heads, axis=0):
    """An array without the part of one head."""
    places = np.array_split(np.arange(array.shape[axis]), heads)[gone]
    return np.delete(array, places, axis=axis)


def one_query_of_each(net, size, gone):
    """Takes the queries of a head to lie apart: 3 and 7, not 6 and 7."""
    each = len(net["q_weight"]) // len(net["k_weight"])
    heads = len(net["k_weight"]) // size
    places = [(gone + number * heads) * size + inside for number in range(each) for inside in range(size)]
    small = my_without_head(net, size, gone)
    small |= {name: np.delete(net[name], places, axis=0) for name in ("q_weight", "q_bias")}
    return small | {"out_weight": np.delete(net["out_weight"], places, axis=1)}


def head_in_place(net, size, gone):
    small = my_without_head(net, size, gone)
    net["out_weight"][:] = 0
    return small


HEADS = [
    (lambda net, size, gone: net, "is to be cut", 1),
    (head(q_weight=lambda a, *_: a), "q_weight is to be cut", 1),
    (head(q_bias=lambda a, *_: a), "q_bias is to be cut", 1),
    (head(k_bias=lambda a, *_: a), "k_bias is to be cut", 1),
    (head(v_weight=lambda a, *_: a), "v_weight is to be cut", 1),
    (head(out_weight=lambda a, *_: a), "out_weight is to be cut", 1),
    (head(out_weight=lambda a, g, h, s: without(a, 0, h)), "out_weight is to be cut", 1),
    (head(out_bias=lambda a, *_: a[1:]), "out_bias is not to be cut", 1),
    (head(out_weight=lambda a, g, h, s: without(a, (g + 1) % h, h, 1)), "the same head must go", 1),
    (head(v_weight=lambda a, g, h, s: without(a, (g + 1) % h, h)), "the same head must go", 1),
    (head(q_weight=lambda a, g, h, s: without(a, (g + 1) % h, h)), "the same head must go", 1),
    (lambda net, size, gone: my_without_head(net, size, 0), "another head went", 1),
    (lambda net, size, gone: my_without_head(net, size, gone - 1 if gone else 1), "another head went", 1),
    (one_query_of_each, "with queries head by head", 1),
    (lambda net, size, gone: my_without_head(net, 1, gone), "is to be cut", 1),
    (lambda net, size, gone: {name: 0 * a for name, a in my_without_head(net, size, gone).items()}, "differs", 1),
    (lambda net, size, gone: {name: -a for name, a in my_without_head(net, size, gone).items()}, "differs", 1),
    (lambda net, size, gone: {}, "must have the names", 1),
    (lambda net, size, gone: tuple(my_without_head(net, size, gone).values()), "return a dict of arrays", 1),
    (lambda net, size, gone: my_without_head(net, size, gone)["q_weight"], "return a dict of arrays", 1),
    (lambda net, size, gone: {k: a.tolist() for k, a in my_without_head(net, size, gone).items()}, "of floats", 1),
    (head_in_place, "work on copies", 1),
]


def with_masks(net, size, gone):
    """Chooses what stays by the number of its head."""
    each = len(net["q_weight"]) // len(net["k_weight"])
    small = dict(net)
    for part, width in (("q", each * size), ("k", size), ("v", size)):
        for name in (f"{part}_weight", f"{part}_bias"):
            small[name] = net[name][np.arange(len(net[name])) // width != gone]
    columns = np.arange(net["out_weight"].shape[1]) // (each * size) != gone
    return small | {"out_weight": net["out_weight"].compress(columns, axis=1)}


def with_slices(net, size, gone):
    each = len(net["q_weight"]) // len(net["k_weight"])
    small = {"out_bias": net["out_bias"].copy()}
    for name, array in net.items():
        if name == "out_bias":
            continue
        width = size if name[0] in "kv" else each * size
        array = array.T if name == "out_weight" else array
        rest = np.concatenate([array[: gone * width], array[(gone + 1) * width :]])
        small[name] = rest.T if name == "out_weight" else rest
    return small


def with_reshape(net, size, gone):
    heads = len(net["k_weight"]) // size
    stays = [number for number in range(heads) if number != gone]
    small = {}
    for name, array in net.items():
        if name == "out_weight":
            small[name] = array.reshape(len(array), heads, -1)[:, stays].reshape(len(array), -1)
        elif name == "out_bias":
            small[name] = array
        else:
            small[name] = array.reshape(heads, -1, *array.shape[1:])[stays].reshape(-1, *array.shape[1:])
    return small


def heads_in_another_order(net, size, gone):
    """The heads that stay may stand in any order, as long as it is the same everywhere."""
    small = my_without_head(net, size, gone)
    heads = len(small["k_weight"]) // size
    order = np.arange(heads)[::-1]
    moved = {
        name: array.reshape(heads, -1, *array.shape[1:])[order].reshape(array.shape)
        for name, array in small.items()
        if not name.startswith("out")
    }
    columns = small["out_weight"].reshape(len(small["out_weight"]), heads, -1)[:, order]
    return small | moved | {"out_weight": columns.reshape(small["out_weight"].shape)}


def queries_swapped(net, size, gone):
    """Two queries that read one head may change places, in q and in out."""
    small = my_without_head(net, size, gone)
    heads = len(small["k_weight"]) // size
    moved = {
        name: small[name].reshape(heads, -1, size, *small[name].shape[1:])[:, ::-1].reshape(small[name].shape)
        for name in ("q_weight", "q_bias")
    }
    out = small["out_weight"]
    return small | moved | {"out_weight": out.reshape(len(out), heads, -1, size)[:, :, ::-1].reshape(out.shape)}


def keys_scaled(net, size, gone):
    """Twice the queries and half the keys make the same products."""
    small = my_without_head(net, size, gone)
    return small | {
        **{name: 2 * small[name] for name in ("q_weight", "q_bias")},
        **{name: small[name] / 2 for name in ("k_weight", "k_bias")},
    }


no_bias_of_keys = head(k_bias=lambda a, g, h, s: 0 * without(a, g, h))  # the same for every key: softmax forgets it


def in_type(change):
    return lambda *given: {name: change(array) for name, array in my_without_head(*given).items()}


RIGHT_HEADS = [
    *(with_masks, with_slices, with_reshape, heads_in_another_order, queries_swapped, keys_scaled, no_bias_of_keys),
    in_type(torch.from_numpy),
    in_type(np.asfortranarray),
    in_type(lambda array: array.astype(np.float32)),
    in_type(lambda array: array.astype(np.longdouble)),
    in_type(lambda array: np.array(array.tolist())),
    lambda *given: dict(reversed(my_without_head(*given).items())),
    lambda net, *given: my_without_head(dict(reversed(net.items())), *given),
    lambda net, size, gone: head_in_place({name: array.copy() for name, array in net.items()}, size, gone),
]


# --- 4. Bits ---

LENGTHS, WORDS = SOLVED["by_hand_code"]["lengths"], SOLVED["by_hand_code"]["words"]


BY_GAP = {0: 2, 1: 2, 2: 2, 3: 3, 4: 4, 7: 4}  # complete, and of another order than the counts
CANONICAL_BY_GAP = dict(zip(BY_GAP, ("00", "01", "10", "110", "1110", "1111"), strict=True))


def code(lengths=LENGTHS, words=WORDS):
    return {"lengths": lengths, "words": words}


CODES = [
    (code(lengths=dict.fromkeys(LENGTHS, 3)), "equal ones are not a Huffman code", 2),
    (code(lengths={0: 8, 1: 5, 2: 12, 3: 1, 4: 3, 7: 10}), "those are the counts", 2),
    (code(lengths=LENGTHS | {1: 2}), "some words would begin others", 2),
    (code(lengths=LENGTHS | {7: 3}), "the lengths must be right first", 2),
    (code(lengths=BY_GAP), "a Huffman code takes", 2),
    (code(lengths=BY_GAP, words=CANONICAL_BY_GAP), "a Huffman code takes", 3),
    (code(lengths={0: 2, 1: 3, 2: 2}), "must have the gaps", 2),
    (code(lengths=list(LENGTHS.values())), "lengths must be a dict", 2),
    (code(lengths={gap: str(bits) for gap, bits in LENGTHS.items()}), "must be a number", 2),
    (code(lengths={str(gap): bits for gap, bits in LENGTHS.items()}), "must have the gaps", 2),
    (code(lengths=None), "lengths is not filled in yet", 2),
    (code(lengths=dict.fromkeys(LENGTHS)), "lengths is not filled in yet", 2),
    (code(lengths=dict.fromkeys(LENGTHS, 0)), "some words would begin others", 2),
    (code(words={0: "01", 1: "110", 2: "00", 3: "1110", 4: "1111", 7: "10"}), "not the canonical one", 3),
    (code(words={2: "00", 7: "01", 0: "10", 1: "110", 4: "1110", 3: "1111"}), "by gap (not by count)", 3),
    (code(words={0: "11", 1: "001", 2: "10", 3: "0001", 4: "0000", 7: "01"}), "not the canonical one", 3),
    (code(words={gap: word[::-1] for gap, word in WORDS.items()}), "begins that of gap", 3),
    (code(words={gap: int(word, 2) for gap, word in WORDS.items()}), "write each as a text", 3),
    (code(words={gap: word.lstrip("0") for gap, word in WORDS.items()}), "has 2 bits", 3),
    (code(words={gap: f"{gap:03b}" for gap in WORDS}), "has 2 bits", 3),
    (code(words=WORDS | {3: "111"}), "has 4 bits", 3),
    (code(words=dict.fromkeys(WORDS, "")), "has 2 bits", 3),
    (code(words=None), "words is not filled in yet", 3),
    (code(words=list(WORDS.values())), "words must be a dict", 3),
    ({}, "lengths is not filled in yet", 2),
    ([LENGTHS, WORDS], "must be the dict with all parts", 2),
]


def bits_a_weight(density, value_bits, gap_bits, span=None):
    return density * (value_bits + gap_bits) / (1 - (1 - density) ** (span or 2**gap_bits))


def cheapest(cost, widths=range(1, 17)):
    """An answer by another cost."""

    def answer(density, value_bits):
        costs = {k: cost(density, value_bits, k) for k in widths}
        best = min(costs, key=costs.get)
        return best, costs[best]

    return answer


def with_cost(change):
    """The right width, and another number of bits: a function of (bits, density, value_bits, width)."""

    def answer(density, value_bits):
        best, bits = my_gap_bits(density, value_bits)
        return best, change(bits, density, value_bits, best)

    return answer


def narrow_filler(density, value_bits, k):
    fillers = density / (1 - (1 - density) ** (2**k)) - density
    return density * (value_bits + k) + fillers * k


GAPS = [
    (cheapest(lambda d, w, k: d * (w + k)), "fillers are missing", 2),
    (with_cost(lambda b, d, w, k: b / d), "spread it over all weights", 2),
    (with_cost(lambda b, d, w, k: bits_a_weight(d, w, k, 2**k - 1)), "places, its weight included", 2),
    (with_cost(lambda b, d, w, k: narrow_filler(d, w, k)), "takes a value as well as a gap", 2),
    (with_cost(lambda b, d, w, k: round(b, 2)), "do not round", 2),
    (with_cost(lambda b, d, w, k: b / 8), "those are bytes", 2),
    (lambda d, w: my_gap_bits(d, w)[::-1], "first the bits of a gap", 2),
    (lambda d, w: (4, bits_a_weight(d, w, 4)), "cost less", 2),
    (lambda d, w: (5, bits_a_weight(d, w, 5)), "cost less", 2),
    (cheapest(lambda d, w, k: -bits_a_weight(d, w, k)), "a weight costs", 2),
    (cheapest(bits_a_weight, range(2, 17)), "cost less", 2),
    (cheapest(bits_a_weight, range(1, 5)), "cost less", 2),
    (cheapest(bits_a_weight, range(1, 16)), "cost less", 2),
    (lambda d, w: (my_gap_bits(d, w)[0] + 1, my_gap_bits(d, w)[1]), "a weight costs", 2),
    (lambda d, w: (0, 0), "a gap takes 1 to 16", 2),
    (lambda d, w: (1, 1), "a weight costs", 2),
    (lambda d, w: my_gap_bits(d, w)[0], "return two numbers", 2),
    (lambda d, w: [], "return two numbers", 2),
    (lambda d, w: (d, w), "a gap takes 1 to 16", 2),
    (lambda d, w: dict([my_gap_bits(d, w)]), "must be numbers; got dict", 2),
    (lambda d, w: [str(each) for each in my_gap_bits(d, w)], "must be numbers; got list of text", 2),
    (lambda d, w: [bits_a_weight(d, w, k) for k in range(1, 17)], "return two numbers", 2),
    (lambda d, w: (my_gap_bits(d, w)[0] - 0.5, my_gap_bits(d, w)[1]), "whole bits", 2),
    (lambda d, w: my_gap_bits(1 - d, w) if d < 1 else my_gap_bits(d, w), "got", 2),
    (lambda d, w: my_gap_bits(d, 32), "got", 2),
]


def one_after_the_other(density, value_bits):
    """Widens the gap as long as it pays: the costs fall, then rise."""
    k = 1
    while k < 16 and bits_a_weight(density, value_bits, k + 1) < bits_a_weight(density, value_bits, k):
        k += 1
    return k, bits_a_weight(density, value_bits, k)


def all_at_once(density, value_bits):
    widths = np.arange(1, 17)
    costs = density * (value_bits + widths) / -np.expm1(2.0**widths * np.log1p(-min(density, 1 - 1e-16)))
    return widths[costs.argmin()], costs.min()


def by_the_mean_gap(density, value_bits):
    """Counts fillers one by one: the chance that one more is needed, again and again."""
    found = []
    for k in range(1, 17):
        chance = (1 - density) ** (2**k)
        stored = sum(chance**n for n in range(5000)) if chance < 0.99 else 1 / (1 - chance)
        found.append((density * stored * (value_bits + k), k))
    bits, k = min(found)
    return k, bits


RIGHT_GAPS = [
    *(one_after_the_other, all_at_once, by_the_mean_gap),
    cheapest(bits_a_weight),
    lambda d, w: list(my_gap_bits(d, w)),
    lambda d, w: np.array(my_gap_bits(d, w)),
    lambda d, w: torch.tensor(my_gap_bits(d, w), dtype=torch.float64),
    lambda d, w: (float(my_gap_bits(d, w)[0]), my_gap_bits(d, w)[1]),
    lambda d, w: (np.int8(my_gap_bits(d, w)[0]), np.longdouble(my_gap_bits(d, w)[1])),
    lambda d, w: min(((k, bits_a_weight(d, w, k)) for k in range(16, 0, -1)), key=lambda pair: pair[1]),
    lambda d, w: np.array(my_gap_bits(d, w), dtype=np.longdouble),
]

WRONG = [
    *wrong_answers("q1", "my_wanda", WANDAS),
    *wrong_answers("q2", "my_repair", REPAIRS),
    *wrong_answers("q3", "by_hand_heads", HANDS),
    *wrong_answers("q3", "my_without_head", HEADS),
    *wrong_answers("q4", "by_hand_code", CODES),
    *wrong_answers("q4", "my_gap_bits", GAPS),
]
RIGHT = {
    "q1": ("my_wanda", RIGHT_WANDAS),
    "q2": ("my_repair", RIGHT_REPAIRS),
    "q3": ("my_without_head", RIGHT_HEADS),
    "q4": ("my_gap_bits", RIGHT_GAPS),
}
test_solution, test_untouched, test_ten_wrong, test_wrong = assignment_tests(NAME, SOLVED, POINTS, WRONG)
test_ten_right, test_right = right_tests(NAME, SOLVED, POINTS, RIGHT)


def each(change):
    return {name: change(part) for name, part in SOLVED["by_hand_heads"].items()}


BY_HAND = [
    *(("q3", "by_hand_heads", each(kind)) for kind in (tuple, np.array, torch.tensor, np.int8, np.float32)),
    ("q3", "by_hand_heads", each(lambda part: [float(index) for index in part])),
    ("q3", "by_hand_heads", each(lambda part: [np.int64(index) for index in part])),
    ("q3", "by_hand_heads", dict(reversed(SOLVED["by_hand_heads"].items()))),
    ("q3", "by_hand_heads", SOLVED["by_hand_heads"] | {"why": "both queries read it"}),
    ("q4", "by_hand_code", dict(reversed(SOLVED["by_hand_code"].items()))),
    ("q4", "by_hand_code", code(words=dict(sorted(WORDS.items())))),
    ("q4", "by_hand_code", code(lengths=dict(reversed(LENGTHS.items())), words=dict(reversed(WORDS.items())))),
    ("q4", "by_hand_code", code(lengths={gap: np.int8(bits) for gap, bits in LENGTHS.items()})),
    ("q4", "by_hand_code", code(lengths={gap: float(bits) for gap, bits in LENGTHS.items()})),
    ("q4", "by_hand_code", code(words={gap: str(np.str_(word)) for gap, word in WORDS.items()})),
    ("q4", "by_hand_code", SOLVED["by_hand_code"] | {"bits": 91}),
]


@pytest.mark.parametrize(("question", "asked", "answer"), BY_HAND)
def test_what_is_right_by_hand_is_right_in_any_type(make, question, asked, answer):
    assert graded(make(NAME), question, {**SOLVED, asked: answer}) == (POINTS[question], [])


def test_a_right_answer_passes_where_a_slip_comes_as_near():
    hw5_layer.check_repair(my_repair, np.random.default_rng(455))
