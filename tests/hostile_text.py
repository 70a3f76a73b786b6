"""Names and answers that strangers write, and whether a spreadsheet would calculate them."""

import re
import unicodedata

HOSTILE = [
    *("=1+1", "+1", "-1+1", "@SUM(1)", "=cmd|' /C calc'!A0", "|calc", "%x", "＝1+1", "＠SUM(1)", "＋1", "－1"),
    *(
        "\t=1+1",
        "\n=1",
        "\r=1",
        " =1",
        "\xa0=1",
        "\u2003=1",
        "\ufeff=1",
        "\u200b=1",
        "\u200d=1",
        "\x00=1",
        "\x1b[31m=1",
    ),
    *(
        "ann;=1+1",
        "ann;\t=1",
        'a";=1',
        '"=1"',
        "'=1",
        "''=1",
        "a\n=1",
        "a\r\n@b",
        "a\t=b",
        "=" * 40,
        "\u202e=1",
        "\ud83d=1",
    ),
]


def calculates(text):
    """Whether any spreadsheet could take a part of a cell for a formula, whatever it splits at and trims."""
    for part in re.split(r"[;\t\n\r]", text):
        shown = [letter for letter in part if unicodedata.category(letter) not in ("Cc", "Cf", "Zs", "Zl", "Zp")]
        if shown and unicodedata.normalize("NFKC", shown[0]) in ("=", "+", "-", "@", "|", "%") and part != "-":
            return True
    return False
