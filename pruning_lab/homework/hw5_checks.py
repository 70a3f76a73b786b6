"""hw5-capstone: how answers are checked, with a message for each usual mistake. Questions 1 and 2 are in hw5_layer.

Points, texts, solutions and hidden tests stand in notebooks/homework/hw5-capstone.ipynb. Question 5 is graded from a
file that `channels.save_shrunk` writes; reading it runs no code of it.
"""

import tempfile
from functools import cache, lru_cache, partial
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load

from pruning_lab import channels, compress, measure, models
from pruning_lab.homework.frame import budget
from pruning_lab.homework.frame.answers import answered
from pruning_lab.homework.frame.budget import rank  # noqa: F401 (what the leaderboard sorts by)
from pruning_lab.homework.frame.nets import CLOSE, asked_net, check_same, check_shapes, draw
from pruning_lab.homework.frame.values import by_hand_list, by_hand_part, numbers

HEADS, EACH, SIZE = 4, 2, 2  # of question 3: heads of keys, heads of queries that read each, size; head 3 goes
COUNTS = {0: 8, 1: 5, 2: 12, 3: 1, 4: 3, 7: 10}  # of question 4: how often each gap comes
MOST_GAP_BITS = 16

FILE = "small.safetensors"
BYTES = 100_000  # of the file; that of the whole network takes 305,880
MACS = 3_000_000  # on one image; the whole network takes 9,145,216
LARGEST = 1_000_000  # bytes of a file that is looked into
FORMATS = budget.FORMATS  # of the leaderboard's columns


def check_slices(by_hand):
    """`by_hand`: the rows of q, k, v and the columns of out that go with head 3 of the keys."""
    keys, queries = list(range(3 * SIZE, 4 * SIZE)), list(range(3 * EACH * SIZE, 4 * EACH * SIZE))
    for name, right in {"q rows": queries, "k rows": keys, "v rows": keys, "out columns": queries}.items():
        got, other = by_hand_list(by_hand, name).tolist(), keys if right is queries else queries
        slips = {
            "indices count from 0": [index + 1 for index in right],
            f"a head is {SIZE} indices side by side, not one": [3],
            f"keys and values have {HEADS} heads, queries have {HEADS * EACH}; two of these read head 3": other,
        }
        for reason, slip in slips.items():
            assert got != slip, f"{name}: {reason}"
        half = right is queries and got in (queries[:SIZE], queries[SIZE:])
        assert not half, f"{name}: two heads of queries read head 3 of the keys, and both go"
        assert got == right, f"{name}: {len(right)} indices go, and must be listed in ascending order"


def check_head(answer, rng):
    """`my_without_head(net, size, head)`: a head of the keys goes, with its values and all queries that read it."""
    for heads, each, size, embed, head in [(4, 2, 2, 8, 3), (3, 1, 4, 6, 0), (2, 3, 2, 5, 1), (5, 2, 3, 7, 2)]:
        inside, shared = heads * each * size, heads * size
        shapes = {"q_weight": (inside, embed), "q_bias": (inside,), "k_weight": (shared, embed), "k_bias": (shared,)}
        shapes |= {"v_weight": (shared, embed), "v_bias": (shared,), "out_weight": (embed, inside)}
        net, x = draw(rng, shapes | {"out_bias": (embed,)}), 0.7 * rng.standard_normal((6, embed))
        where = f"head {head} of {heads}, each of size {size} and read by {each} of the queries"
        got = asked_net(answer, "my_without_head", net, size, head)
        check_shapes(got, net, _without_head(heads, each, size), where)
        right = _run_attention(_silenced(net, heads, head), x, size)
        result = _run_attention(got, x, size)
        if np.allclose(result, right, **CLOSE):
            continue
        others = [_run_attention(_silenced(net, heads, other), x, size) for other in range(heads) if other != head]
        assert not any(np.allclose(result, other, **CLOSE) for other in others), f"{where}: another head went"
        assert not np.allclose(result, _run_attention(_silenced(net, heads, head, stay=True), x, size), **CLOSE), (
            f"{where}: that head stayed, and the others went"
        )
        reason = "the right shapes; in q, k, v and out the same head must go, with queries head by head"
        check_same(result, right, where, reason)


def _without_head(heads, each, size):
    """Return how long the axes are that get shorter, as `check_shapes` takes them."""
    shared, inside = (heads - 1) * size, (heads - 1) * each * size
    lengths = dict.fromkeys(("k_weight", "k_bias", "v_weight", "v_bias"), (shared,))
    return lengths | {"q_weight": (inside,), "q_bias": (inside,), "out_weight": (None, inside)}


def _silenced(net, heads, head, stay=False):
    """Return the net with the columns of `out_weight` that read a head set to 0; with `stay` all others."""
    columns = net["out_weight"].reshape(len(net["out_weight"]), heads, -1)
    gone = (np.arange(heads) == head) != stay
    return net | {"out_weight": np.where(gone[:, None], 0, columns).reshape(net["out_weight"].shape)}


def _run_attention(net, x, size):
    """Self-attention in which heads of queries share a head of keys and values. x: (length, embed)."""
    query, key, value = (
        (x @ net[f"{part}_weight"].T + net[f"{part}_bias"]).reshape(len(x), -1, size).swapaxes(0, 1)
        for part in ("q", "k", "v")
    )
    key, value = (np.repeat(part, len(query) // len(part), axis=0) for part in (key, value))
    share = np.exp(query @ key.swapaxes(1, 2) / np.sqrt(size))
    share /= share.sum(axis=2, keepdims=True)
    return (share @ value).swapaxes(0, 1).reshape(len(x), -1) @ net["out_weight"].T + net["out_bias"]


def check_lengths(by_hand):
    """`by_hand`: the bits of each gap's word in a Huffman code."""
    got, right = _table(by_hand, "lengths"), _huffman_lengths()
    for gap, bits in got.items():
        assert isinstance(bits, int | float), f"lengths: the bits of gap {gap} must be a number; got {bits}"
    total, least = (sum(COUNTS[gap] * bits for gap, bits in lengths.items()) for lengths in (got, right))
    room = sum(2.0 ** -float(bits) for bits in got.values())
    assert got != dict.fromkeys(COUNTS, 3), (
        "lengths: equal ones are not a Huffman code: frequent gaps have shorter words"
    )
    assert got != COUNTS, "lengths: those are the counts"
    assert room <= 1, (
        f"lengths: no code has these, since some words would begin others (the sum of 2^-bits is {room:g})"
    )
    assert total == least, f"lengths: all {sum(COUNTS.values())} gaps take {total:g} bits; a Huffman code takes {least}"


def check_words(by_hand):
    """`by_hand`: the canonical words. They are judged by the lengths written down, as long as these make a code."""
    got, lengths = _table(by_hand, "words"), _table(by_hand, "lengths")
    texts = all(isinstance(word, str) for word in got.values())
    assert texts, 'words: write each as a text, "010": a number has no 0 first'
    whole = all(isinstance(bits, int) and bits > 0 for bits in lengths.values())
    assert whole and sum(2.0**-bits for bits in lengths.values()) == 1, (  # noqa: PT018
        "words: the lengths must be right first: 2^-bits, summed over them, must be 1"
    )
    right = compress.huffman_codes(lengths)
    wrong = [gap for gap, word in got.items() if len(word) != lengths[gap]]
    assert not wrong, (
        f"words: by your lengths the word of gap {wrong and wrong[0]} has {wrong and lengths[wrong[0]]} bits"
    )
    pair = next(((a, b) for a in got for b in got if a != b and got[b].startswith(got[a])), None)
    assert pair is None, f"words: the word of gap {pair and pair[0]} begins that of gap {pair and pair[1]}"
    assert got == right, (
        "words: a code, but not the canonical one: short words first, those of one length by gap (not by count), and "
        "each is the last one plus 1"
    )


def _table(by_hand, name):
    """Return what was written by hand under a name, one entry for each gap."""
    got = by_hand_part(by_hand, name)
    assert isinstance(got, dict), f"{name} must be a dict {{gap: ...}}; got {type(got).__name__}"
    assert got.keys() == COUNTS.keys(), f"{name} must have the gaps {list(COUNTS)}; got {list(got)}"
    assert all(entry is not None for entry in got.values()), f"{name} is not filled in yet"
    return {gap: int(entry) if isinstance(entry, float) and entry.is_integer() else entry for gap, entry in got.items()}


def _huffman_lengths():
    return compress.huffman_code_lengths(np.repeat(list(COUNTS), list(COUNTS.values())))


def check_gap_bits(answer, rng):
    """`my_gap_bits(density, value_bits)`: the bits of a gap that cost least, and the bits a weight that they cost."""
    drawn = [(float(np.exp(rng.uniform(np.log(0.003), np.log(0.6)))), int(rng.integers(2, 17))) for _ in range(4)]
    for density, value_bits in [(0.1, 16), (0.02, 3), (1.0, 8), (1e-5, 8), *drawn]:
        got = numbers(answered(answer, "my_gap_bits", density, value_bits), "the answer")
        assert got.shape == (2,), f"return two numbers, bits of a gap and bits a weight; got shape {got.shape}"
        _compare_gap_bits(*got.astype(float), density, value_bits)


def _compare_gap_bits(gap_bits, bits, density, value_bits):
    where = f"density {density:.3g}, values of {value_bits} bits"
    costs = {width: _bits_a_weight(density, value_bits, width) for width in range(1, MOST_GAP_BITS + 1)}
    best = min(costs, key=costs.get)
    close = partial(np.isclose, rtol=1e-6)
    assert not (close(gap_bits, costs[best]) and bits == best), f"{where}: first the bits of a gap, then bits a weight"
    assert gap_bits in costs, f"{where}: a gap takes 1 to {MOST_GAP_BITS} whole bits; got {gap_bits:g}"
    both = value_bits + gap_bits
    slips = {
        "fillers are missing: a gap may be longer than its bits can say": density * both,
        "that is for each weight kept; spread it over all weights": costs[gap_bits] / density,
        f"a gap of {gap_bits:g} bits spans 2^{gap_bits:g} places, its weight included": density
        * both
        / (1 - (1 - density) ** (2**gap_bits - 1)),
        "a filler takes a value as well as a gap": density * both + (costs[gap_bits] / both - density) * gap_bits,
        "those are bytes": costs[gap_bits] / 8,
    } | {f"do not round to {digits} digits": round(costs[gap_bits], digits) for digits in range(1, 6)}
    for reason, slip in slips.items():
        assert not close(bits, slip) or close(slip, costs[gap_bits]), f"{where}: {reason}"
    assert close(bits, costs[gap_bits]), (
        f"{where}: with gaps of {gap_bits:g} bits a weight costs {costs[gap_bits]:.4f}; got {bits:.4f}"
    )
    assert gap_bits == best, (
        f"{where}: gaps of {gap_bits:g} bits cost {bits:.4f} a weight; other widths of 1 to {MOST_GAP_BITS} cost less"
    )


def _bits_a_weight(density, value_bits, gap_bits):
    return density * (value_bits + gap_bits) / (1 - (1 - density) ** (2**gap_bits))


def check_file(files):
    """The file holds the network of question 5 with fewer channels, as `channels.save_shrunk` writes it."""
    read_network(files)


def check_bytes(files):
    """The file, every byte of it, is within the budget."""
    read_network(files)
    budget.check_bytes(files, FILE, BYTES)


def check_macs(files):
    """One image takes few enough multiply-accumulates."""
    took = _macs(read_network(files))
    assert took <= MACS, (
        f"{took:,} multiply-accumulates for one image; the budget is {MACS:,}. Only channels that are cut save any"
    )


def check_accuracy(files, least, split):
    """Within both budgets, at least this share of the images is classified correctly."""
    limits = [partial(limit, files) for limit in (check_bytes, check_macs)]
    budget.check_accuracy(read_network(files), limits, least, split)


def figures(files):
    """Return what the leaderboard shows: accuracy on test, bytes, MACs and whether both budgets are kept."""
    network, size = read_network(files), len(files[FILE])
    took, seen = _macs(network), budget.on_test(network)
    kept = {"bytes": size, "MACs": took, "within": size <= BYTES and took <= MACS}
    return {"accuracy": seen["accuracy"], **kept, "images": seen["images"]}


def _macs(network):
    return measure.macs(network, torch.zeros(1, 1, 28, 28))


def read_network(files):
    """Return the file's network.

    Raises:
        AssertionError: what is wrong with the file, for the student.
    """
    return _network(budget.content_of(files, FILE))


@lru_cache(8)
def _network(content):
    assert len(content) <= LARGEST, f"{FILE} takes {len(content):,} bytes; that of the whole network takes fewer"
    tensors = budget.tensors_of(content, FILE, load)
    state = _whole().state_dict()
    for name, tensor in sorted(tensors.items()):
        due = state[name].dtype if name in state else tensor.dtype
        assert tensor.dtype == due, f"{name} must be {due}, as it was trained; got {tensor.dtype}"
        assert tensor.isfinite().all(), f"{name} must be finite"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, FILE)
        path.write_bytes(content)
        try:
            return channels.load_shrunk(_whole(), path, torch.zeros(1, 1, 28, 28)).eval()
        except (ValueError, TypeError, RecursionError) as error:
            raise AssertionError(f"{FILE} holds no shrunk network: {str(error).replace(str(path), FILE)}") from None


@cache
def _whole():
    """Return the network of question 5 before it was cut; its weights do not count."""
    torch.manual_seed(0)
    return models.resnet_small().eval()
