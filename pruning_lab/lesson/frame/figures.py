"""The figure of a claim: how it is found in what a cell has printed, and how it is written.

A figure in `claims.toml` is a piece of what the evidence cell prints, with places for numbers:

    figure = "norm that survives: {norm left} of the original"     one that is shown, under this name; {} has no name
    figure = "50 % removed # {times as fast}"                      one that is skipped
    figure = "the same, entry by entry"                            no number: the words themselves are the figure

How many blanks stand between two words does not matter. A spread that follows a number belongs to it.
"""

import re

_PLAIN = r"[+-]?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?"
_SPREAD = rf"\(?{_PLAIN}\s+(?:to|\.\.)\s+{_PLAIN}\)?"
NUMBER = rf"{_PLAIN}(?:(?:, 95 % interval)?\s+{_SPREAD})?"
_PLACE = re.compile(r"\{[^}]*\}|#")


def found(figure, text):
    """Return the (name, what stands there) pairs of a figure in a text; None where the text does not hold it.

    >>> found("kept {magnitude}", "kept 0.603 (0.594 to 0.611), found 0.189")
    [('magnitude', '0.603 (0.594 to 0.611)')]
    >>> found("50 % removed # {faster}", "50 % removed   14.16  14.07 to 14.34   2.24  2.21 to 2.26")
    [('faster', '2.24 (2.21 to 2.26)')]
    >>> found("kept {magnitude}", "nothing") is None
    True
    """
    match = re.search(_pattern(figure), text)
    if match is None:
        return None
    names = [place[1:-1] for place in _PLACE.findall(figure) if place != "#"]
    if not names:
        return [("", " ".join(match[0].split()))]
    return list(zip(names, map(_written, match.groups()), strict=True))


def _pattern(figure):
    parts = map(_literal, _PLACE.split(figure))
    places = [f"(?:{NUMBER})" if place == "#" else f"({NUMBER})" for place in _PLACE.findall(figure)]
    whole_word = r"(?<![\w.])" if figure[0].isalnum() else ""
    return whole_word + "".join(part + place for part, place in zip(parts, [*places, ""], strict=True))


def _literal(part):
    return r"\s+".join(re.escape(word) for word in re.split(r"\s+", part))


def _written(number):
    """Return a number with its spread behind it in one form."""
    first, *rest = re.findall(_PLAIN, number.replace("95 % interval", ""))
    return f"{first} ({' to '.join(rest)})" if rest else first


def values_of(written):
    """Return the number of a figure's part, and both ends of its spread where it has one.

    >>> values_of("2.24 (2.21 to 2.26)"), values_of("6,554")
    ([2.24, 2.21, 2.26], [6554.0])
    """
    return [float(number.replace(",", "")) for number in re.findall(_PLAIN, written)]


def in_words(parts):
    """Return a figure as one line.

    >>> in_words([("one-shot, two seeds", "0.434"), ("", "0.501"), ("dense", "0.837")])
    'one-shot, two seeds: 0.434, 0.501; dense: 0.837'
    """
    line = "".join(f"; {name}: {text}" if name else f", {text}" for name, text in parts)
    return line[2:]
