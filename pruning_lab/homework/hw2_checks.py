"""hw2-storage: how answers are checked, with a message for each usual mistake.

Points, texts, solutions and hidden tests stand in notebooks/homework/hw2-storage.ipynb.
"""

import numpy as np

from pruning_lab import compress, sparse
from pruning_lab.homework.frame.answers import answered
from pruning_lab.homework.frame.values import by_hand_list, number, numbers

BY_HAND = np.array([[0, 0, 5, 0, 0, 1], [0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 2, 3], [0, 7, 0, 0, 0, 0]], float)


def check_csr_by_hand(by_hand):
    """`by_hand`: data, indices and indptr of the matrix of question 1."""
    csr = sparse.CSR.from_dense(BY_HAND)
    data, indices, indptr = (by_hand_list(by_hand, name) for name in ("data", "indices", "indptr"))
    assert len(indptr) == 5, f"indptr has rows + 1 = 5 entries; got {len(indptr)}"
    assert indices.tolist() != np.flatnonzero(BY_HAND).tolist(), (
        "indices are columns, not positions in the whole matrix"
    )
    assert indices.tolist() != np.nonzero(BY_HAND)[0].tolist(), "indices are columns, not rows"
    assert indices.tolist() != (csr.indices + 1).tolist(), "indices count from 0: the first column is 0"
    assert indptr.tolist() != [0, *np.diff(csr.indptr)], "indptr is cumulative: how many weights come before each row"
    _same({"data": data, "indices": indices, "indptr": indptr}, csr)


def check_gaps_by_hand(by_hand):
    """`by_hand`: the gaps of the rows of question 1, read as one."""
    relative, gaps = sparse.RelativeIndex.from_dense(BY_HAND, index_bits=3), by_hand_list(by_hand, "gaps")
    of_each_row = [gap for row in BY_HAND for gap in np.diff(np.flatnonzero(row), prepend=-1) - 1]
    assert gaps.tolist() != of_each_row, "rows are read one after the other, as one: a gap goes on from the row before"
    assert len(gaps) != np.count_nonzero(BY_HAND) or 7 in gaps, (
        "one gap does not fit in three bits: a filler is missing"
    )
    assert max(gaps) < 8, f"three bits hold 0 to 7; got {max(gaps)}"
    assert gaps.tolist() != (relative.gaps.astype(int) + 1).tolist(), (
        "count the zeros skipped: neighbours have a gap of 0"
    )
    _same({"gaps": gaps}, relative)


def _same(lists, right):
    for name, got in lists.items():
        array = getattr(right, name)
        assert len(got) == len(array), f"{name} must have {len(array)} entries; got {len(got)}"
        assert np.array_equal(got, array), f"{name}: at least one entry is wrong"


def check_csc(answer, rng):
    """`my_csc(data, indices, indptr, columns)`: the same matrix column by column, without making it dense."""
    for shape, density in [((3, 4), 0.6), ((40, 3), 0.9), ((5, 8), 0.3), ((4, 6), 0.0), ((1, 5), 1.0), ((7, 2), 0.5)]:
        dense = rng.standard_normal(shape) * (rng.random(shape) < density)
        dense[:, 0] = 0  # an empty column
        csr, csc = sparse.CSR.from_dense(dense), sparse.CSC.from_dense(dense)
        arrays = csr.data.copy(), csr.indices.astype(np.int64), csr.indptr.astype(np.int64)
        got = answered(answer, "my_csc", *arrays, shape[1])
        where = f"a matrix {shape[0]} x {shape[1]} with {csr.nnz} weights"
        assert isinstance(got, tuple | list), f"return three arrays: data, indices, indptr; got {type(got).__name__}"
        assert len(got) == 3, f"return three arrays: data, indices, indptr; got {len(got)}"
        parts = [numbers(part, name) for part, name in zip(got, ("data", "indices", "indptr"), strict=True)]
        _compare_csc(*parts, csr, csc, where)
    _stays_sparse(answer, rng)


def _stays_sparse(answer, rng):
    """Give a matrix of which the dense form would take 80 GB; its arrays take less than one."""
    rows, columns = 200_000, 50_000
    places = np.sort(rng.choice(rows * columns, 30, replace=False))
    indptr = np.searchsorted(places, np.arange(rows + 1) * columns)
    try:
        got = answered(answer, "my_csc", np.arange(1.0, 31), places % columns, indptr, columns)
    except (MemoryError, AssertionError) as error:
        if not isinstance(error, MemoryError) and "memory" not in str(error) and "allocate" not in str(error):
            raise
        raise AssertionError(f"a matrix {rows} x {columns} with 30 weights was made dense, which takes 80 GB") from None
    order = np.lexsort((places // columns, places % columns))
    data, indices, _ = (numbers(part, "an array of the large matrix") for part in got)
    right = np.array_equal(data, order + 1) and np.array_equal(indices, (places // columns)[order])
    assert right, f"a matrix {rows} x {columns} with 30 weights: values and rows are not those of its columns in order"


def _compare_csc(data, indices, indptr, csr, csc, where):
    columns = csr.shape[1]
    for name, array in {"data": data, "indices": indices, "indptr": indptr}.items():
        assert array.ndim == 1, f"{where}: {name} must have one axis; got shape {array.shape}"
    assert indptr.size == columns + 1, f"{where}: indptr has columns + 1 = {columns + 1} entries; got {indptr.size}"
    counts = np.diff(csc.indptr)
    assert not np.array_equal(indptr[1:], counts) or np.array_equal(indptr, csc.indptr), (
        f"{where}: indptr is cumulative: a column's count is the difference between two of its entries"
    )
    assert np.array_equal(indptr, csc.indptr), f"{where}: indptr must be {csc.indptr.tolist()}; got {indptr.tolist()}"
    assert data.size == indices.size == csr.nnz, f"{where}: {csr.nnz} weights; got {data.size} and {indices.size}"
    if np.array_equal(indices, csc.indices):
        assert np.allclose(data, csc.data, rtol=1e-6), f"{where}: values and rows must be in the same order"
        return
    columns_as_rows = any(np.array_equal(indices, each) for each in (csr.indices, np.sort(csr.indices)))
    assert not columns_as_rows, f"{where}: in CSC an index says which row"
    for column in range(columns):
        part = slice(csc.indptr[column], csc.indptr[column + 1])
        same = sorted(indices[part]) == csc.indices[part].tolist()
        assert not same or np.array_equal(indices[part], csc.indices[part]), (
            f"{where}: rows must ascend within a column: use a stable sort"
        )
    raise AssertionError(f"{where}: indices must be {csc.indices.tolist()}")


def check_decode(answer, rng):
    """`my_decode(gaps, values, bits, size)`: the row that a relative index stands for, without its fillers."""
    for size, density, bits in [(16, 0.3, 3), (40, 0.05, 2), (9, 0.0, 4), (200, 0.02, 4), (12, 1.0, 2)]:
        row = rng.standard_normal(size) * (rng.random(size) < density)
        if density:
            row[-3] = 1.5  # zeros after the last weight
            row[-2:] = 0
        relative = sparse.RelativeIndex.from_dense(row[None], bits)
        got = answered(answer, "my_decode", relative.gaps.astype(np.int64), relative.data.copy(), bits, size)
        where = f"{relative.stored} stored values, {relative.stored - relative.nnz} of them fillers"
        got = numbers(got, "the row")
        assert got.shape == (size,), f"{where}: the row has {size} places; got shape {got.shape}"
        steps = np.cumsum(relative.gaps.astype(np.int64))
        naive = np.zeros(size)
        naive[np.minimum(steps, size - 1)] = relative.data
        assert not np.array_equal(got, naive) or np.array_equal(got, row), (
            f"{where}: a value takes up a place itself: the next gap begins after it"
        )
        assert (got != 0).sum() == (row != 0).sum(), (
            f"{where}: {(row != 0).sum()} weights are not zero; here {(got != 0).sum()}. A filler moves on and is 0"
        )
        assert np.allclose(got, row, rtol=1e-6, atol=0), f"{where}: the weights are at {np.flatnonzero(row).tolist()}"


def check_bytes(answer, rng):
    """`my_bytes(masks, form)`: the bytes of a whole network of float32 weights, as dense, bitmask or csr."""
    shapes = {"fc1": (300, 784), "fc2": (100, 300), "fc3": (10, 100)}
    uneven = {"fc1": (3, 3), "fc2": (3, 3)}  # 9 bits each: 4 bytes, and 3 where they are rounded together
    wide = {"fc1": (4, 70_000), "fc2": (2, 65_536), "fc3": (3, 50)}
    for shapes_here, density in [(uneven, 0.5), (shapes, 0.08), (wide, 0.01)]:
        masks = {name: rng.random(shape) < density for name, shape in shapes_here.items()}
        arrays = {name: mask.astype(np.float32) for name, mask in masks.items()}
        right = {
            "dense": sum(array.nbytes for array in arrays.values()),
            "bitmask": sum(sparse.Bitmask.from_dense(array).nbytes for array in arrays.values()),
            "csr": sum(sparse.CSR.from_dense(array).nbytes for array in arrays.values()),
        }
        for form, wanted in right.items():
            got = answered(answer, "my_bytes", {name: mask.copy() for name, mask in masks.items()}, form)
            _compare_bytes(got, wanted, form, masks)


def _compare_bytes(got, wanted, form, masks):
    kept, size = (
        sum(int(part) for part in parts) for parts in zip(*((m.sum(), m.size) for m in masks.values()), strict=True)
    )
    where = f"{form} of {len(masks)} layers, {kept} of {size} weights kept"
    got = number(got, where)
    if got == wanted:  # now and then a slip comes to the same
        return
    assert got not in (wanted * 8, wanted // 4), f"{where}: count bytes, neither bits nor numbers of weights"
    rows = sum(mask.shape[0] for mask in masks.values())
    slips = {
        "the indices are missing": 4 * kept,
        "indptr is missing": wanted - 4 * (rows + len(masks)),
        "indptr has one more entry than a matrix has rows": wanted - 4 * len(masks),
        "a column index takes 2 bytes where the layer has at most 65,536 columns": 8 * kept + 4 * (rows + len(masks)),
        "a column index takes 4 bytes where the layer has more than 65,536 columns": 6 * kept + 4 * (rows + len(masks)),
    }
    for reason, slip in slips.items():
        assert form != "csr" or got != slip, f"{where}: {reason}"
    assert form != "bitmask" or got != 4 * kept + size, f"{where}: the mask takes one bit for each weight, not one byte"
    whole = 4 * kept + size // 8
    assert form != "bitmask" or got != whole, f"{where}: part of a byte takes up a whole byte"
    together = 4 * kept - (-size // 8)
    assert form != "bitmask" or got != together, f"{where}: round up for each layer, not once for all of them"
    assert form != "dense" or got != 4 * kept, f"{where}: dense stores its zeros too"
    raise AssertionError(f"{where}: {wanted} bytes; got {got:g}")


def check_huffman(answer, rng):
    """`my_huffman_bits(counts)`: the bits of a whole stream under the Huffman code of its symbols' counts."""
    cases = [[5, 1, 1], [1, 1, 1, 1], [9, 4, 3, 2, 1, 1], [7]]
    cases += [rng.integers(1, 60, size).tolist() for size in (6, 11, 16)]
    for counts in cases:
        got = answered(answer, "my_huffman_bits", list(counts))
        symbols = np.repeat(np.arange(len(counts)), counts)
        lengths = compress.huffman_code_lengths(symbols)
        right = sum(count * length for count, length in zip(counts, list(lengths.values()), strict=True))
        got = number(got, f"counts {counts}, in bits")
        fixed = sum(counts) * max(int(np.ceil(np.log2(len(counts)))), 1)
        shares = np.array(counts) / sum(counts)
        entropy = float(-(shares * np.log2(shares)).sum() * sum(counts))
        assert got != 0 or right == 0, f"counts {counts}: even one symbol over and over takes one bit each time"
        assert got != fixed or fixed == right, (
            f"counts {counts}: a code of equal lengths takes {fixed}; frequent symbols are shorter"
        )
        assert not np.isclose(got, entropy) or np.isclose(entropy, right), (
            f"counts {counts}: {entropy:.1f} bits is the entropy, which no code of whole bits reaches here"
        )
        total = sum(lengths.values())
        assert got != sum(counts) or right == sum(counts), (
            f"counts {counts}: {got} is how many symbols there are, and a symbol may take more than one bit"
        )
        assert got != right / 8, f"counts {counts}: count bits, not bytes"
        assert got != total or total == right, (
            f"counts {counts}: a symbol's length counts as often as the symbol appears"
        )
        assert got >= right, f"counts {counts}: no prefix code takes fewer than {right} bits; got {got}"
        assert got == right, f"counts {counts}: {right} bits; got {got}. Always join the two smallest that are left"
