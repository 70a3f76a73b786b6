"""Which submissions are alike: a hint to look, never a mark.

Who has worked together, or with the same tool, looks alike too.
"""

import io
import keyword
import tokenize
from itertools import combinations
from typing import NamedTuple

LENGTH = 6  # words of code that make one piece
FEWEST = 40  # pieces of one's own below which two short right answers are alike by chance
ALIKE = 0.8
COMMON = 0.2  # a piece that more of the class has is how everybody writes it
MOST = 20  # pairs that are shown
SKIPPED = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING}


class Pair(NamedTuple):
    """Two students whose code is alike: `share` of the smaller one's own pieces that the other has as well."""

    first: str
    second: str
    share: float
    pieces: int


def similar(sources, given=""):
    """Return the `Pair`s of a class that are alike, the most alike first.

    Names, numbers, comments and spaces do not count, so that renaming hides nothing. What the release gave, and what
    many of a class have, does not count either.

    Args:
        sources: {student: code of their cells}.
        given: code that everybody was given.
    """
    base = pieces_of(given)
    own = {student: pieces_of(code) - base for student, code in sources.items()}
    often = {}
    for pieces in own.values():
        for piece in pieces:
            often[piece] = often.get(piece, 0) + 1
    most = max(3, COMMON * len(sources))
    own = {student: {piece for piece in pieces if often[piece] <= most} for student, pieces in own.items()}
    long = {student: pieces for student, pieces in own.items() if len(pieces) >= FEWEST}
    pairs = (_pair(first, second, long) for first, second in combinations(long, 2))
    return sorted((pair for pair in pairs if pair.share >= ALIKE), key=lambda pair: (-pair.share, -pair.pieces))[:MOST]


def _pair(first, second, own):
    smaller = min(len(own[first]), len(own[second]))
    return Pair(first, second, len(own[first] & own[second]) / smaller, smaller)


def pieces_of(code):
    """Return every run of `LENGTH` words of code as a set of hashes; names and numbers are all the same.

    >>> pieces_of("total = total + weight * 2") == pieces_of("s = s + w * 3  # mine")
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
