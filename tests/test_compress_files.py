"""The .pruned file: what comes back, what each byte is, and that no altered file is taken for a whole one."""

import hashlib
import math
import tracemalloc
from collections import Counter

import numpy as np
import pytest
import torch
from bad_input import bad_input_test
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from pruning_lab import compress, masks, models, prune
from pruning_lab.compress import bits as streams
from pruning_lab.compress import files
from pruning_lab.compress.coding import ORDERS, encode
from pruning_lab.compress.huffman import LONGEST, code_lengths, huffman_codes


def small_model(seed=0):
    torch.manual_seed(seed)
    layers = nn.Conv2d(1, 4, 3, bias=False), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4 * 4, 12), nn.Linear(12, 3)
    model = nn.Sequential(*layers)
    return model, masks.mask_global(prune.prunable_weights(model), 0.7, by_magnitude=True)


def saved(folder, model, kept, **options):
    path = folder / "model.pruned"
    compress.save_compressed(model, kept, path, **options)
    return path


def is_same(one, other):
    ours, theirs = one.state_dict(), other.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


# --- what comes back -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bits", [1, 2, 3, 5, 8])
def test_a_file_holds_the_shared_weights_to_the_bit(tmp_path, bits):
    model, kept = small_model()
    loaded = compress.load_compressed(saved(tmp_path, model, kept, bits=bits, half=False), model)
    for name, weight in model.state_dict().items():
        if name in kept:
            shared = torch.from_numpy(compress.share_weights(weight, kept[name], bits).to_dense())
            exact = weight * kept[name]
            assert torch.equal(loaded.state_dict()[name], exact if kept[name].sum() <= 2**bits else shared)
        else:
            assert torch.equal(loaded.state_dict()[name], weight)


def test_what_was_loaded_comes_back_unchanged_from_a_second_file(tmp_path):
    model, kept = small_model()
    once = compress.load_compressed(saved(tmp_path, model, kept, bits=3), model)
    first = (tmp_path / "model.pruned").read_bytes()
    assert is_same(compress.load_compressed(saved(tmp_path, once, kept, bits=3), model), once)
    assert (tmp_path / "model.pruned").read_bytes() == first


def test_half_rounds_codebooks_and_biases_to_float16(tmp_path):
    model, kept = small_model()
    loaded = compress.load_compressed(saved(tmp_path, model, kept, bits=2), model)
    for name, weight in loaded.state_dict().items():
        assert torch.equal(weight, weight.half().to(weight.dtype) if weight.is_floating_point() else weight), name
    assert loaded.state_dict()["3.bias"].dtype == torch.float32


def test_the_model_given_stays_as_it_is(tmp_path):
    model, kept = small_model()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    loaded = compress.load_compressed(saved(tmp_path, model, kept), model)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert loaded is not model


@pytest.mark.parametrize("sparsity", [0.0, 0.5, 0.99, 1.0])
def test_from_everything_kept_to_nothing(tmp_path, sparsity):
    layer = nn.Linear(40, 30)
    kept = {"weight": masks.mask_unstructured(layer.weight.detach().abs(), sparsity)}
    loaded = compress.load_compressed(saved(tmp_path, layer, kept, bits=4, half=False), layer)
    assert int(loaded.weight.count_nonzero()) == int(kept["weight"].sum())
    assert torch.equal(loaded.weight != 0, kept["weight"])


def test_tied_weights_are_written_once(tmp_path):
    model = nn.Sequential(nn.Linear(30, 30, bias=False), nn.Linear(30, 30, bias=False))
    model[1].weight = model[0].weight
    kept = {"1.weight": torch.rand(30, 30) < 0.3}
    path = saved(tmp_path, model, kept, bits=3)
    loaded = compress.load_compressed(path, model)
    assert torch.equal(loaded[0].weight != 0, kept["1.weight"])
    assert loaded[0].weight is loaded[1].weight
    assert [part.name for part in compress.file_parts(path) if part.what == "codebook"] == ["0.weight"]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_every_dtype_of_a_model_comes_back(tmp_path, dtype):
    model, kept = small_model()
    loaded = compress.load_compressed(saved(tmp_path, model.to(dtype), kept, bits=3), model)
    assert {tensor.dtype for tensor in loaded.state_dict().values()} == {dtype, torch.int64}


def test_bits_by_name(tmp_path):
    model = nn.Sequential(nn.Linear(30, 20), nn.Linear(20, 10))
    kept = masks.mask_global(prune.prunable_weights(model), 0.5, by_magnitude=True)
    loaded = compress.load_compressed(saved(tmp_path, model, kept, bits={"0.weight": 1, "1.weight": 3}), model)
    values = [loaded.get_parameter(name).unique().numel() - 1 for name in kept]  # besides the zeros
    assert values[0] == 2
    assert 2 < values[1] <= 8  # a centroid that starts where all is pruned keeps no weight, and no place in the file


# --- what each byte is -----------------------------------------------------------------------------------------------


def test_every_byte_is_accounted_for(tmp_path):
    model, kept = small_model()
    path = saved(tmp_path, model, kept)
    parts = compress.file_parts(path)
    ends = [part.offset + part.size for part in parts]
    assert [part.offset for part in parts] == [0, *ends[:-1]]
    assert ends[-1] == path.stat().st_size
    assert {part.name for part in parts} == model.state_dict().keys() | {""}


def test_a_file_by_hand(tmp_path):
    layer = nn.Linear(4, 1, bias=False)
    layer.weight.data = torch.tensor([[0.0, 2.0, 0.0, -1.0]])
    content = saved(tmp_path, layer, {"weight": layer.weight != 0}, bits=1).read_bytes()
    body = (
        "89505255 4e45440a 0100"  # magic, version
        "5900000000000000 01000000"  # 89 bytes, 1 entry
        "0600 776569676874 01 02"  # weight, coded, float32
        "02 01000000 04000000"  # 1 x 4
        "00 01 00"  # row by row, gaps of 1 bit, a codebook of float16
        "02000000 02000000 02000000"  # 2 values, 2 survivors, 2 steps
        "00000000 01000000"  # no byte of steps, as there is but one, and 1 of values
        "00bc 0040"  # -1, 2
        "0040"  # code lengths of the steps 0, 1 and a skip: 00000 00001 00000
    )
    expected = bytes.fromhex(body) + bytes.fromhex("0840" + "80")  # lengths 00001 00001; then 2 (code 1), -1 (code 0)
    assert content[:-16] == expected
    assert content[-16:] == hashlib.blake2b(content[:-16], digest_size=16).digest()


# --- streams and codes -----------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(counts=st.lists(st.integers(0, 60), min_size=1, max_size=300), seed=st.integers(0, 99))
def test_streams_come_back_in_the_canonical_code(counts, seed):
    symbols = np.repeat(np.arange(len(counts)), counts).astype(np.uint16)
    np.random.default_rng(seed).shuffle(symbols)
    lengths = np.zeros(len(counts), np.uint8)
    if symbols.size:
        for symbol, length in compress.huffman_code_lengths(symbols).items():
            lengths[symbol] = length
    stream = streams.pack_symbols(symbols, lengths)
    assert streams.unpack_symbols(stream, lengths, symbols.size).tolist() == symbols.tolist()
    assert streams.unpack_lengths(streams.pack_lengths(lengths), lengths.size).tolist() == lengths.tolist()
    if np.count_nonzero(lengths) > 1:
        codes = huffman_codes(compress.huffman_code_lengths(symbols))
        text = "".join(codes[symbol] for symbol in symbols.tolist())
        assert stream == int(text.ljust(8 * len(stream), "0"), 2).to_bytes(len(stream), "big")


def test_65536_symbols():
    rng = np.random.default_rng(0)
    symbols = np.concatenate([np.arange(65_536), rng.zipf(1.3, 200_000) % 65_536]).astype(np.uint16)
    lengths = code_lengths(np.bincount(symbols), LONGEST).astype(np.uint8)
    assert np.array_equal(
        streams.unpack_symbols(streams.pack_symbols(symbols, lengths), lengths, symbols.size), symbols
    )


def cheapest_lengths(counts, longest):
    """The cost of the best prefix code no longer than `longest`: over how many nodes each level of the tree has."""
    counts = sorted(counts, reverse=True)  # the shorter codes go to the more frequent symbols

    def best(done, free, depth):
        if done == len(counts):
            return 0
        if depth == longest or free == 0:
            return 0 if done == len(counts) else math.inf
        open_below = 2 * free
        costs = [
            depth_cost(done, leaves, depth + 1) + best(done + leaves, open_below - leaves, depth + 1)
            for leaves in range(min(open_below, len(counts) - done) + 1)
        ]
        return min(costs)

    def depth_cost(done, leaves, depth):
        return depth * sum(counts[done : done + leaves])

    return best(0, 1, 0)


@settings(max_examples=60, deadline=None)
@given(counts=st.lists(st.integers(1, 1000) | st.integers(1, 3), min_size=2, max_size=9), spare=st.integers(0, 2))
def test_no_code_within_a_limit_is_shorter(counts, spare):
    longest = math.ceil(math.log2(len(counts))) + spare
    lengths = code_lengths(np.array(counts), longest)
    assert lengths.max() <= longest
    assert sum(2.0**-length for length in lengths.tolist()) <= 1
    assert int(lengths @ np.array(counts)) == cheapest_lengths(counts, longest)


def test_a_limit_on_fibonacci_counts():
    counts = np.array([1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144])
    assert code_lengths(counts).max() == 11
    limited = code_lengths(counts, 5)
    assert (limited.max(), sum(2.0**-length for length in limited.tolist())) == (5, 1)


# --- sizes -----------------------------------------------------------------------------------------------------------


def entropy(probabilities):
    return -sum(p * math.log2(p) for p in probabilities if p > 0)


@pytest.mark.parametrize("density", [0.02, 0.07, 0.1, 0.3, 0.7])
@pytest.mark.parametrize("bits", [2, 4])
def test_a_random_matrix_is_coded_near_its_entropy(density, bits):
    """Places at random and values equally frequent: h(density) and density * bits a weight are the floor."""
    rng = np.random.default_rng(0)
    mask = rng.random((2000, 1500)) < density
    codes = rng.integers(0, 2**bits, int(mask.sum())).astype(np.uint8)
    coded = encode(compress.SharedWeights(np.arange(1, 2**bits + 1).astype(np.float32), codes, mask))
    floor = entropy([density, 1 - density]) + density * bits
    measured = 8 * (len(coded.step_stream) + len(coded.value_stream)) / mask.size
    assert floor * 0.995 < measured < floor * 1.04 if density < 0.5 else measured < density * bits + 1.001


def expected_bits(density, index_bits):
    """Bits a place of steps whose survivors fall at random: the frequency of each step is known, hence its code."""
    span = 2**index_bits
    skip = (1 - density) ** span
    gaps = density * (1 - density) ** np.arange(span)
    frequencies = np.append(gaps, skip)
    places = (gaps * np.arange(1, span + 1)).sum() + skip * span  # that a step leads on, on average
    lengths = code_lengths(np.maximum(frequencies * 1e12, 1).astype(np.int64))
    return float(frequencies @ lengths) / places


@pytest.mark.parametrize("density", [0.02, 0.07, 0.1, 0.3])
def test_the_closed_form_of_the_steps(density):
    mask = np.random.default_rng(0).random((2000, 2000)) < density
    shared = compress.SharedWeights(np.ones(1, np.float32), np.zeros(int(mask.sum()), np.uint8), mask)
    coded = encode(shared)
    measured = 8 * len(coded.step_stream) / mask.size
    assert measured == pytest.approx(expected_bits(density, coded.index_bits), rel=0.005)


@pytest.mark.parametrize("density", [0.05, 0.1, 0.3])
def test_the_closed_form_of_the_paper(density):
    """Han's relative index with values of 16 bits and gaps of 4: 20 d / (1 - (1 - d)^16) bits a weight."""
    weight = np.random.default_rng(0).random((2000, 2000)) < density
    shared = compress.SharedWeights(np.ones(2, np.float32), np.zeros(int(weight.sum()), np.uint8), weight)
    size = compress.compressed_size(shared, index_bits=4)
    assert 20 * size.stored / weight.size == pytest.approx(20 * density / (1 - (1 - density) ** 16), rel=0.005)


def test_columns_that_are_empty_are_cheap_column_by_column():
    rng = np.random.default_rng(0)
    mask = np.zeros((64, 64), bool)
    mask[:, rng.choice(64, 8)] = True
    mask &= rng.random((64, 64)) < 0.5
    coded = encode(compress.SharedWeights(np.ones(1, np.float32), np.zeros(int(mask.sum()), np.uint8), mask))
    assert coded.order == ORDERS[1]
    assert (coded.to_dense(mask.shape) != 0).tolist() == mask.tolist()


# --- altered files ---------------------------------------------------------------------------------------------------


KINDS = ("a bit turned", "cut", "spliced", "noise", "an absurd number", "an absurd header", "more bytes")


def alter(rng, content, other, kind=None):
    """Return `content` altered: a bit turned, cut, spliced with another file, with noise or an absurd number in it."""
    changed, kind = bytearray(content), kind or KINDS[rng.integers(len(KINDS))]
    place = int(rng.integers(len(content)))
    if kind == "a bit turned":
        changed[place] ^= 1 << int(rng.integers(8))
    elif kind == "cut":
        del changed[place:]
    elif kind == "spliced":
        changed[place:] = other[min(place, len(other)) :]
    elif kind == "noise":
        stop = place + int(rng.integers(1, 20))
        changed[place:stop] = rng.bytes(len(changed[place:stop]))
    elif kind == "an absurd number":
        changed[place : place + 4] = b"\xff" * len(changed[place : place + 4])
    elif kind == "an absurd header":
        start = int(rng.integers(8, 40))  # version, length, number of entries, the first entry's name and shape
        size = int(rng.integers(1, 9))
        changed[start : start + size] = rng.choice([b"\xff", b"\x00", b"\x7f"]) * size
    else:
        changed[place:place] = rng.bytes(int(rng.integers(1, 9)))
    return bytes(changed)


def with_right_checksum(content):
    """What a file must have to be read at all: its own length, and the checksum of what it says."""
    content = bytearray(content[:-16])
    content[10:18] = (len(content) + 16).to_bytes(8, "little")
    return bytes(content) + hashlib.blake2b(content, digest_size=16).digest()


@pytest.fixture(scope="module")
def two_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    contents = []
    for seed in (0, 1):
        model, kept = small_model(seed)
        contents.append(saved(folder, model, kept, bits=3).read_bytes())
    return model, contents


def test_2000_altered_files_are_refused(two_files, tmp_path):
    """Each in words, none loaded, and nobody allocates what a header claims."""
    model, (content, other) = two_files
    rng, path, refused = np.random.default_rng(0), tmp_path / "altered.pruned", Counter()
    tracemalloc.start()
    while refused.total() < 2000:
        kind = KINDS[refused.total() % len(KINDS)]
        if (altered := alter(rng, content, other, kind)) not in (content, other):
            path.write_bytes(altered)
            with pytest.raises(ValueError, match=r"^(path|model) must "):
                compress.load_compressed(path, model)
            refused[kind] += 1
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert min(refused.values()) == 2000 // len(KINDS)
    assert peak < 3e6


def test_altered_files_with_a_right_checksum_take_no_memory_and_end_in_words(two_files, tmp_path):
    """Whoever computes the checksum anew may write other weights, but makes nobody allocate what he claims."""
    model, (content, other) = two_files
    rng, path = np.random.default_rng(1), tmp_path / "forged.pruned"
    loaded, said = 0, set()
    tracemalloc.start()
    for _ in range(400):
        path.write_bytes(with_right_checksum(alter(rng, content, other)))
        try:
            compress.load_compressed(path, model)
            loaded += 1
        except ValueError as error:
            said.add(str(error).partition(" must ")[0])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert said <= {"path", "model"}
    assert peak < 3e6
    assert 0 < loaded < 200


def coded_entry(shape, **changes):
    """A file of one weight whose header says something else than is there."""
    mask = np.zeros((4, 4), bool)
    mask[0, :3] = True
    codes = np.array([0, 1, 1], np.uint8)
    coded = encode(compress.SharedWeights(np.array([5, 7], np.float32), codes, mask))
    values = {field: changes.get(field, getattr(coded, field)) for field in coded.__dataclass_fields__}
    return files.Entry("weight", torch.float32, shape, type(coded)(**values))


@pytest.mark.parametrize(
    "changes",
    [
        {"kept": 2**32 - 1},
        {"steps": 2**32 - 1},
        {"kept": 2},
        {"steps": 2},
        {"codebook": np.zeros(0, np.float32), "value_lengths": np.zeros(0, np.uint8)},
        {"value_lengths": np.array([1, 0], np.uint8)},
        {"value_lengths": np.array([2, 2], np.uint8)},
        {"value_stream": b""},
        {"value_stream": b"\x60\x00"},
        {"value_stream": b"\x61"},
    ],
    ids=repr,
)
def test_a_header_that_contradicts_its_streams_is_refused(tmp_path, changes):
    layer = nn.Linear(4, 4, bias=False)
    path = tmp_path / "weight.pruned"
    files.write(path, [coded_entry((4, 4))])
    compress.load_compressed(path, layer)
    files.write(path, [coded_entry((4, 4), **changes)])
    with pytest.raises(ValueError, match=r"path must be an undamaged \.pruned file; got"):
        compress.load_compressed(path, layer)


# --- bad input -------------------------------------------------------------------------------------------------------

LAYER = nn.Linear(4, 2)
KEEP = {"weight": torch.ones(2, 4, dtype=torch.bool)}


def loading(folder, content, model=LAYER):
    path = folder / "some.pruned"
    path.write_bytes(content)
    return compress.load_compressed(path, model)


def test_a_newer_version_is_named(tmp_path):
    content = bytearray(saved(tmp_path, LAYER, KEEP).read_bytes())
    content[8] = 2
    with pytest.raises(ValueError, match=r"path must be a \.pruned file of version 1; got version 2 in .*some\.pruned"):
        loading(tmp_path, content)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and so on", files.MAGIC, files.MAGIC + b"\x01\x00"])
def test_what_is_no_such_file_is_named(tmp_path, content):
    with pytest.raises(ValueError, match=r"path must be an? (undamaged )?\.pruned file; got .*some\.pruned"):
        loading(tmp_path, content)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (nn.Linear(4, 3), r"'weight': \(3, 4\), torch.float32, not \(2, 4\), torch.float32"),
        (nn.Linear(4, 2, bias=False), r"'bias': nothing, not \(2,\), torch.float32"),
        (nn.Linear(4, 2).double(), r"'weight': \(2, 4\), torch.float64, not \(2, 4\), torch.float32"),
        (nn.Sequential(nn.Linear(4, 2)), r"'weight': nothing, not"),
    ],
)
def test_another_model_is_named(tmp_path, model, words):
    with pytest.raises(ValueError, match=rf"model must be as the one saved in .*; got {words}"):
        compress.load_compressed(saved(tmp_path, LAYER, KEEP), model)


def test_a_path_that_leads_nowhere(tmp_path):
    with pytest.raises(FileNotFoundError):
        compress.load_compressed(tmp_path / "none.pruned", LAYER)


def large_layer():
    layer = nn.Linear(4, 2)
    layer.bias.data[0] = 1e5
    return layer


BAD_INPUT = [
    (
        "model a dict",
        lambda: compress.save_compressed({}, {}, "x"),
        TypeError,
        "model must be a torch.nn.Module; got dict",
    ),
    (
        "masks a list",
        lambda: compress.save_compressed(LAYER, [], "x"),
        TypeError,
        "masks must be a dict of name: bool tensor; got list",
    ),
    (
        "mask of another layer",
        lambda: compress.save_compressed(LAYER, {"fc": KEEP["weight"]}, "x"),
        ValueError,
        "masks must name tensors of the model (weight, bias, ...); got 'fc'",
    ),
    (
        "mask of another shape",
        lambda: compress.save_compressed(LAYER, {"weight": KEEP["weight"][:1]}, "x"),
        ValueError,
        "mask for 'weight' must have the weight's shape (2, 4); got (1, 4)",
    ),
    (
        "bits",
        lambda: compress.save_compressed(LAYER, KEEP, "x", bits=17),
        ValueError,
        "bits must be at most 16; got 17",
    ),
    (
        "bits by other names",
        lambda: compress.save_compressed(LAYER, KEEP, "x", bits={"bias": 2}),
        ValueError,
        "bits must have the names of masks, ['weight']; got ['bias']",
    ),
    (
        "too large for float16",
        lambda: compress.save_compressed(large_layer(), KEEP, "x"),
        ValueError,
        "half must be False where numbers exceed 65504; got 'bias' with 100000",
    ),
    (
        "complex",
        lambda: compress.save_compressed(nn.Linear(4, 2, dtype=torch.complex64), {}, "x"),
        TypeError,
        "model must hold tensors of float16, bfloat16, float32, float64, uint8, int8, int16, int32, int64, bool only; "
        "got 'weight', torch.complex64",
    ),
    (
        "meta",
        lambda: compress.save_compressed(nn.Linear(4, 2, device="meta"), {}, "x"),
        ValueError,
        "weight must hold numbers; got a tensor on the meta device, which has a shape only",
    ),
    ("path", lambda: compress.load_compressed(3, LAYER), TypeError, "path must be a text or a Path; got int"),
    (
        "path to save",
        lambda: compress.save_compressed(LAYER, KEEP, 3),
        TypeError,
        "path must be a text or a Path; got int",
    ),
]
test_bad_input = bad_input_test(BAD_INPUT)


def test_lenet_takes_a_twentieth_untrained(tmp_path):
    model = models.lenet_300_100()
    kept = masks.mask_global(prune.prunable_weights(model), 0.9, by_magnitude=True)
    path = saved(tmp_path, model, kept, bits=3)
    assert path.stat().st_size < 4 * 266_610 / 30
    loaded = compress.load_compressed(path, model)
    assert sum(int(loaded.get_parameter(name).count_nonzero()) for name in kept) == sum(
        map(int, map(torch.sum, kept.values()))
    )
