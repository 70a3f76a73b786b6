"""A claim in the course's own form: a statement with its number, the cell that shows it, and what it does not say."""

import json
import re
from typing import NamedTuple

SHORTEST = 4  # words


class Claim(NamedTuple):
    """What a claim is made of.

    Attributes:
        statement: what was found, with at least one number.
        evidence: what shows it: the cell, the data, how many seeds.
        limits: what is not claimed.
    """

    statement: str
    evidence: str
    limits: str


def write_claim(claim):
    """Print a claim as the course's `claims.toml` has it; refuse one that says no number, or no limits.

    Raises:
        ValueError: a field is missing, or the statement holds no number.

    >>> write_claim(Claim("It is 2 times as fast.", "compare, 30 rounds, one machine", "Nothing about other machines."))
    [[claim]]
    statement = "It is 2 times as fast."
    evidence = "compare, 30 rounds, one machine"
    limits = "Nothing about other machines."
    >>> write_claim(Claim("It is much faster than it was.", "I saw it on my machine", "None that I know of."))
    Traceback (most recent call last):
    ValueError: statement must hold a number; got 'It is much faster than it was.'
    """
    for field, text in claim._asdict().items():
        if not isinstance(text, str) or len(text.split()) < SHORTEST:
            raise ValueError(f"{field} must say something, in {SHORTEST} words or more; got {text!r}")
    if not re.search(r"\d", claim.statement):
        raise ValueError(f"statement must hold a number; got {claim.statement!r}")
    print("[[claim]]")
    for field, text in claim._asdict().items():
        print(f"{field} = {json.dumps(text, ensure_ascii=False)}")
