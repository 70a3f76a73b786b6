"""Which submissions are alike: a hint to look, never a mark.

Who has worked together, or with the same tool, looks alike too.
"""

import io
import keyword
import tokenize
from collections import Counter
from itertools import combinations
from typing import NamedTuple

LENGTH = 12  # words of code that make one piece
FEWEST = 40  # pieces of one's own below which two short right answers are alike by chance
ALIKE = 0.8
COMMON = 0.2  # a piece that more of the class has is how everybody writes it
MOST = 30  # groups and pairs that are shown
SKIPPED = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING}


class Alike(NamedTuple):
    """Students whose code is alike: `share` of the smaller one's own `pieces` is in the other's as well."""

    students: tuple
    share: float
    pieces: int


def similar(sources, given=""):
    """Return who in a class is `Alike`: first groups with the same code, then pairs, the most alike first.

    Names, numbers, comments and spaces do not count, so that renaming hides nothing. What the release gave does not
    count either; between pairs, nor does what many of a class have.

    Args:
        sources: {student: code of their cells}.
        given: code that everybody was given.
    """
    base = pieces_of(given)
    own = {student: frozenset(pieces_of(code) - base) for student, code in sources.items()}
    groups = {}
    for student, pieces in own.items():
        groups.setdefault(pieces, []).append(student)
    same = [Alike(tuple(who), 1, len(pieces)) for pieces, who in groups.items() if len(who) > 1]
    first = {who[0]: pieces for pieces, who in groups.items()}  # one of each group stands for it
    found = [each for each in same if each.pieces >= FEWEST] + _pairs(first)
    return sorted(found, key=lambda each: (-each.share, -len(each.students), -each.pieces))[:MOST]


def _pairs(own):
    often = Counter(piece for pieces in own.values() for piece in pieces)
    most = max(3, COMMON * len(own))
    own = {student: {piece for piece in pieces if often[piece] <= most} for student, pieces in own.items()}
    long = {student: pieces for student, pieces in own.items() if len(pieces) >= FEWEST}
    pairs = [_pair(first, second, long) for first, second in combinations(long, 2)]
    return [pair for pair in pairs if pair.share >= ALIKE]


def _pair(first, second, own):
    smaller = min(len(own[first]), len(own[second]))
    return Alike((first, second), len(own[first] & own[second]) / smaller, smaller)


def pieces_of(code):
    """Return every run of `LENGTH` words of code as a set of hashes; names and numbers are all the same.

    >>> pieces_of("total = total + weight[0] * 2 - bias") == pieces_of("s = s + w[1] * 3 - b  # mine") != set()
    True
    """
    words = _words(code)
    return {hash(tuple(words[start : start + LENGTH])) for start in range(len(words) - LENGTH + 1)}


def _words(code):
    words = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            if token.type not in SKIPPED:
                words.append(_word(token))
    except (tokenize.TokenError, SyntaxError, ValueError, RecursionError):
        pass  # what comes before is compared all the same
    return words


def _word(token):
    if token.type == tokenize.NAME and not keyword.iskeyword(token.string):
        return "name"
    return {tokenize.NUMBER: "number", tokenize.STRING: "text"}.get(token.type, token.string)
