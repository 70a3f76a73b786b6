"""Nouns and what they mean, from WordNet: a task for a network that reads.

A definition goes in, and the word that it defines should come out: of 1,500 words, which is nearest? Each word has a
class too, one of 26 that WordNet's authors sort nouns into, such as animal, feeling or time.

Source: Fellbaum (ed.) 1998, "WordNet: An Electronic Lexical Database"; WordNet 3.0, (c) 2006 Princeton University.
"""

import csv
import functools
import gzip
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from pruning_lab.files import course_bytes

PATH = Path(__file__).with_name("definitions.tsv.gz")
SHA256 = "323978df7523ab7104a81c9bbad9a43b8014e1904a9b5d3fa82ca76346a91f13"
RESTORE = "Restore it with `git checkout -- pruning_lab/data/definitions.tsv.gz`."
NOUNS = 1500


class Definitions(NamedTuple):
    """Words, their definitions, and other definitions to calibrate on.

    Attributes:
        words: 1,500 nouns in the order of the alphabet. glosses: what each means, in 5 to 25 words.
        classes: int64 (1500,), the class of each. class_names: the 26 classes.
        times: int64 (1500,), how often each was met in the texts that WordNet's authors read.
        calibration: 512 glosses of other nouns, for rules that look at what goes through a network.
    """

    words: list[str]
    glosses: list[str]
    classes: Tensor
    class_names: tuple[str, ...]
    times: Tensor
    calibration: list[str]


def definitions() -> Definitions:
    """Return the nouns of the task: 1,500 drawn at random from the 4,877 that fit. Every call makes new tensors.

    A noun fits if it is one word that was met in a text, and this gloss is its first sense, short, without brackets and
    without the word's own stem.

    Raises:
        FileNotFoundError, ValueError: the shipped file is missing, was cut off or changed.

    >>> nouns = definitions()
    >>> len(nouns.words), len(nouns.class_names), len(nouns.calibration)
    (1500, 26, 512)
    """
    rows = _read(PATH)
    task = rows[:NOUNS]
    names = tuple(sorted({row["class"] for row in task}))
    return Definitions(
        words=[row["word"] for row in task],
        glosses=[row["gloss"] for row in task],
        classes=torch.tensor([names.index(row["class"]) for row in task]),
        class_names=names,
        times=torch.tensor([int(row["times"]) for row in task]),
        calibration=[row["gloss"] for row in rows[NOUNS:]],
    )


@functools.cache
def _read(path):
    lines = gzip.decompress(course_bytes(path, SHA256, RESTORE)).decode("ascii").splitlines()
    return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
