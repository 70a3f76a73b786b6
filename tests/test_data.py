"""The shipped data: exact counts, disjoint splits, the same pixels as published, and errors that say what to do."""

import gzip
import shutil
import tempfile
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import torch
from bad_input import bad_input_test

from pruning_lab import data
from pruning_lab.data import fashion, make_definitions, make_fashion_mnist, wordnet

FULL_IS_HERE = any(
    (folder / "train-images-idx3-ubyte.gz").is_file() for folder in (fashion.DEBIAN_FOLDER, fashion.CACHE_FOLDER)
)
needs_full = pytest.mark.skipif(not FULL_IS_HERE, reason="needs dataset-fashion-mnist")


@pytest.fixture(scope="module")
def arrays():
    with np.load(fashion.SUBSET_PATH) as archive:
        return dict(archive)


@pytest.mark.parametrize(("split", "size"), [("train", 10_000), ("validation", 2_000), ("test", 5_000)])
def test_shapes_ranges_and_equal_classes(split, size):
    images, labels = data.fashion_mnist(split)
    assert images.shape == (size, 1, 28, 28)
    assert labels.shape == (size,)
    assert images.dtype == torch.float32
    assert labels.dtype == torch.int64
    assert (images.min(), images.max()) == (0, 1)
    assert labels.bincount().tolist() == [size // 10] * 10


def test_tensors_are_the_stored_arrays_over_255(arrays):
    images, labels = data.fashion_mnist("train")
    assert torch.equal((images[:, 0] * 255).round().to(torch.uint8), torch.from_numpy(arrays["train_images"]))
    assert torch.equal(labels, torch.from_numpy(arrays["train_labels"]).long())


def test_splits_are_disjoint_and_nest(arrays):
    train, validation = set(arrays["train_indices"].tolist()), set(arrays["validation_indices"].tolist())
    full_validation = set(arrays["full_validation_indices"].tolist())
    assert (len(train), len(validation), len(full_validation)) == (10_000, 2_000, 5_000)
    assert len(set(arrays["test_indices"].tolist())) == 5_000
    assert train.isdisjoint(full_validation)
    assert validation <= full_validation


def test_no_image_of_one_split_is_copied_into_another(arrays):
    """Pixels, not indices: the published set holds a few exact duplicates, so nearly none rather than none."""
    pixels = {split: {image.tobytes() for image in arrays[f"{split}_images"]} for split in data.SPLITS}
    assert len(pixels["train"] & pixels["validation"]) <= 3
    assert len(pixels["train"] & pixels["test"]) <= 3


def test_the_package_gives_what_lessons_use():
    assert data.fashion_mnist is fashion.fashion_mnist
    assert (data.SPLITS, len(data.CLASS_NAMES)) == (("train", "validation", "test"), 10)


def test_file_is_small():
    assert fashion.SUBSET_PATH.stat().st_size <= 8_000_000


def test_changing_a_tensor_leaves_the_next_caller_alone():
    images, labels = data.fashion_mnist("validation")
    images.zero_()
    labels.zero_()
    images, labels = data.fashion_mnist("validation")
    assert images.max() == 1
    assert labels.max() == 9


@needs_full
def test_script_makes_the_shipped_arrays(arrays):
    """Arrays, not bytes: another build of zlib may pack them differently."""
    made = make_fashion_mnist.make()
    assert made.keys() == arrays.keys()
    assert all(np.array_equal(made[name], arrays[name]) and made[name].dtype == arrays[name].dtype for name in made)


@needs_full
def test_full_splits_hold_every_image_once():
    sizes = {split: data.fashion_mnist(split, full=True)[1].bincount().tolist() for split in data.SPLITS}
    assert sizes == {"train": [5_500] * 10, "validation": [500] * 10, "test": [1_000] * 10}


@needs_full
def test_small_images_stand_where_their_indices_say(arrays):
    for split, part in {"train": "train", "validation": "train", "test": "test"}.items():
        images, labels = fashion.read_full(part)
        indices = arrays[f"{split}_indices"]
        assert np.array_equal(images[indices], arrays[f"{split}_images"])
        assert np.array_equal(labels[indices], arrays[f"{split}_labels"])


@needs_full
def test_full_set_is_found_in_the_cache_folder(tmp_path):
    source = fashion.DEBIAN_FOLDER if fashion.DEBIAN_FOLDER.is_dir() else fashion.CACHE_FOLDER
    for name in fashion.FULL_SHA256:
        (tmp_path / name).write_bytes(gzip.compress(gzip.decompress((source / name).read_bytes()), compresslevel=1))
    with mock.patch.object(fashion, "DEBIAN_FOLDER", NOWHERE), mock.patch.object(fashion, "CACHE_FOLDER", tmp_path):
        assert data.fashion_mnist("test", full=True)[0].shape == (10_000, 1, 28, 28)


def test_definitions_are_short_plain_and_do_not_name_their_word():
    nouns = data.definitions()
    assert (len(nouns.words), len(nouns.glosses), len(nouns.calibration)) == (1500, 1500, 512)
    assert len(set(nouns.words)) == 1500
    assert len({*nouns.glosses, *nouns.calibration}) >= 2010  # two nouns may be explained in the same words
    assert all(make_definitions.fits(word, gloss) for word, gloss in zip(nouns.words, nouns.glosses, strict=True))
    assert nouns.classes.bincount().numel() == len(nouns.class_names) == 26
    assert nouns.times.min() == 1
    assert [nouns.words[place] for place in nouns.times.topk(4).indices] == ["way", "day", "night", "house"]
    assert nouns.words == sorted(nouns.words)
    assert (
        nouns.glosses[nouns.words.index("yesterday")],
        nouns.class_names[nouns.classes[nouns.words.index("yawn")]],
    ) == (
        "the day immediately before today",
        "act",
    )


TINY_WORDNET = {
    "lexnames": "03\tnoun.Tops\t1\n05\tnoun.animal\t1\n06\tnoun.artifact\t1\n",
    "index.noun": "  1 a notice\n"
    "cat n 1 1 @ 1 1 00000001\nferry_boat n 1 1 @ 1 1 00000002\nferry n 1 1 @ 1 1 00000002\n"
    "boat n 2 1 @ 2 1 00000009 00000002\nglass n 1 1 @ 1 0 00000003\nunmet n 1 1 @ 1 0 00000004\n",
    "cntlist.rev": "cat%1:05:00:: 1 18\nferry%1:06:00:: 1 2\nferry%2:38:00:: 1 7\nboat%1:06:01:: 2 9\n",
    "data.noun": "  1 a notice\n"
    '00000001 05 n 01 cat 0 001 @ 00000005 n 0000 | a feline mammal with soft fur; "the cat sat"\n'
    "00000002 06 n 03 ferry_boat 0 ferry 0 boat 0 000 | a vessel that carries people over water; of use\n"
    "00000003 06 n 01 glass 0 000 | a glassy thing to drink from\n"
    "00000004 03 n 01 unmet 0 000 | something that no text of theirs holds\n",
}


def test_nouns_are_read_from_wordnet_with_their_first_senses_only(tmp_path):
    for name, text in TINY_WORDNET.items():
        (tmp_path / name).write_text(text, encoding="ascii")
    assert [tuple(noun) for noun in make_definitions.nouns(tmp_path)] == [
        ("cat", "animal", 18, "a feline mammal with soft fur"),
        ("ferry", "artifact", 2, "a vessel that carries people over water"),
        ("unmet", "Tops", 0, "something that no text of theirs holds"),
    ]


def test_the_draw_is_the_same_each_time_and_so_is_the_file():
    found = [make_definitions.Noun(f"word{n}", "act", n % 2, f"gloss {n}") for n in range(4000)]
    drawn = make_definitions.draw(found)
    assert [noun.times for noun in drawn] == 1500 * [1] + 512 * [0]
    assert drawn == make_definitions.draw(found[::-1])
    assert make_definitions.packed(drawn) == make_definitions.packed(drawn)


FOLDER = Path(tempfile.mkdtemp(prefix="pruning-lab-test-"))
NOWHERE = FOLDER / "nowhere"


@pytest.fixture(scope="module", autouse=True)
def broken_files():
    """Files as a broken download or an editor leaves them."""
    shutil.rmtree(FOLDER, ignore_errors=True)  # as a process forked from this one may have left it
    FOLDER.mkdir()
    (FOLDER / "truncated.npz").write_bytes(fashion.SUBSET_PATH.read_bytes()[:1000])
    whole = bytearray(fashion.SUBSET_PATH.read_bytes())
    whole[5000] ^= 1
    (FOLDER / "changed.npz").write_bytes(whole)
    packed = gzip.compress(b"\0" * 100, mtime=0)
    for folder, content in {
        "cut": packed[:-9],
        "text": b"not gzip",
        "other": packed,
        "flipped": packed[:10] + b"\xff" * 20,
    }.items():
        (FOLDER / folder).mkdir()
        for name in fashion.FULL_SHA256:
            (FOLDER / folder / name).write_bytes(content)
    yield
    for path in sorted(FOLDER.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    FOLDER.rmdir()


def subset_at(name):
    with mock.patch.object(fashion, "SUBSET_PATH", FOLDER / name):
        data.fashion_mnist("train")


def full_at(name):
    with (
        mock.patch.object(fashion, "DEBIAN_FOLDER", FOLDER / name),
        mock.patch.object(fashion, "CACHE_FOLDER", NOWHERE),
    ):
        data.fashion_mnist("test", full=True)


def definitions_at(name):
    with mock.patch.object(wordnet, "PATH", FOLDER / name):
        data.definitions()


RESTORE = (
    "Restore it with `git checkout -- pruning_lab/data/fashion_mnist.npz`, or rebuild it with "
    "`python -m pruning_lab.data.make_fashion_mnist`."
)
NOT_GZIP = "must be a complete gzip file; got a truncated or changed one. Install or copy it again."
IMAGES = "t10k-images-idx3-ubyte.gz"
BAD_INPUT = [
    (
        "definitions missing",
        lambda: definitions_at("missing.tsv.gz"),
        FileNotFoundError,
        f"{FOLDER / 'missing.tsv.gz'} must exist, because it ships with the course; got no file. {wordnet.RESTORE}",
    ),
    (
        "definitions truncated",
        lambda: definitions_at("truncated.npz"),
        ValueError,
        f"{FOLDER / 'truncated.npz'} must have sha256 {wordnet.SHA256[:12]}...; got 394b2dc819a7... "
        f"(1000 bytes): it was truncated or changed. {wordnet.RESTORE}",
    ),
    (
        "split unknown",
        lambda: data.fashion_mnist("training"),
        ValueError,
        "split must be one of train, validation, test; got 'training'",
    ),
    (
        "split None",
        lambda: data.fashion_mnist(None),
        ValueError,
        "split must be one of train, validation, test; got None",
    ),
    (
        "part unknown",
        lambda: fashion.read_full("validation"),
        ValueError,
        "part must be train or test; got 'validation'",
    ),
    (
        "file missing",
        lambda: subset_at("missing.npz"),
        FileNotFoundError,
        f"{FOLDER / 'missing.npz'} must exist, because it ships with the course; got no file. {RESTORE}",
    ),
    (
        "file truncated",
        lambda: subset_at("truncated.npz"),
        ValueError,
        f"{FOLDER / 'truncated.npz'} must have sha256 {fashion.SUBSET_SHA256[:12]}...; got 394b2dc819a7... "
        f"(1000 bytes): it was truncated or changed. {RESTORE}",
    ),
    (
        "file changed",
        lambda: subset_at("changed.npz"),
        ValueError,
        f"{FOLDER / 'changed.npz'} must have sha256 {fashion.SUBSET_SHA256[:12]}...; got a7091aad28de... "
        f"({fashion.SUBSET_PATH.stat().st_size} bytes): it was truncated or changed. {RESTORE}",
    ),
    (
        "full set missing",
        lambda: full_at("nowhere"),
        FileNotFoundError,
        f"the full Fashion-MNIST must be in {NOWHERE} or in {NOWHERE}; got neither. On Debian and Ubuntu run "
        "`apt install dataset-fashion-mnist`; elsewhere put train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, "
        "t10k-images-idx3-ubyte.gz, t10k-labels-idx1-ubyte.gz from github.com/zalandoresearch/fashion-mnist into the "
        "second folder.",
    ),
    (
        "full file truncated",
        lambda: full_at("cut"),
        ValueError,
        f"{FOLDER / 'cut' / IMAGES} {NOT_GZIP}",
    ),
    (
        "full file not gzip",
        lambda: full_at("text"),
        ValueError,
        f"{FOLDER / 'text' / IMAGES} {NOT_GZIP}",
    ),
    (
        "full file damaged inside",
        lambda: full_at("flipped"),
        ValueError,
        f"{FOLDER / 'flipped' / IMAGES} {NOT_GZIP}",
    ),
    (
        "full file with other content",
        lambda: full_at("other"),
        ValueError,
        f"{FOLDER / 'other' / IMAGES} must have sha256 5b4141f0afba...; got cd00e292c597... (100 bytes): it was "
        "truncated or changed. Install or copy it again.",
    ),
]


test_bad_input = bad_input_test(BAD_INPUT)
