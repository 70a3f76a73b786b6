"""A number in a sentence that follows a measuring cell is one that a cell printed, or it is cited."""

import re
from itertools import pairwise

import pytest

from pruning_lab.lesson.frame.lessons import lessons

NUMBER = re.compile(r"(?<![\w.,/^{-])(\d[\d,]*\.\d+|\d+,\d{3}(?:,\d{3})*|\d+(?= %))(?![\w/])")  # 0.45; 2,662; 36 %
NOT_PROSE = re.compile(r"\$[^$]*\$|`[^`]*`|^\|.*$", re.MULTILINE)
FROM_PRINTED = {  # what follows from numbers that stand in outputs or code: those, and the value
    "2,662": ([266_200, 0.01], 266_200 * 0.01),
    "211,680": ([235_200, 0.9], 235_200 * 0.9),
    "0.36": ([0.2], 1 - (1 - 0.2) ** 2),
    "36": ([5_390_176, 14_977_728], 100 * 5_390_176 / 14_977_728),
}


def numbers_of(text):
    return [float(found.replace(",", "")) for found in re.findall(r"\d[\d,]*\.?\d*(?:[eE]\+?\d+)?", text)]


def printed_by(cell):
    """Return all that a cell's outputs say in words, those folded up for a page too."""
    said = []
    for output in cell.get("outputs", []):
        for part in (output, *output.get("metadata", {}).get("folded", [])):
            said.append("".join(part.get("text", "")))
            said += ["".join(value) for kind, value in part.get("data", {}).items() if kind.startswith("text/")]
    return re.sub(r"<[^>]*>", " ", "\n".join(said))


def known_in(cells):
    return [number for cell in cells for number in numbers_of(printed_by(cell) + "".join(cell["source"]))]


def is_known(written, known):
    """Return whether one of the numbers, or a hundred times it, is the one written, as exactly as it is written."""
    value, places = float(written.replace(",", "")), len(written.partition(".")[2])
    used, follows = FROM_PRINTED.get(written, ([], None))
    if used and set(used) <= set(known):
        known = [*known, follows]
    return any(abs(number * scale - value) <= 0.5 * 10**-places for number in known for scale in (1, 100))


def unfounded(cells):
    """Return (cell id, number) of each number behind a code cell that no cell printed and that is not cited."""
    missing = []
    for place, (before, cell) in enumerate(pairwise(cells)):
        if cell["cell_type"] == "code" or before["cell_type"] != "code":
            continue
        known = known_in([c for c in cells[: place + 4] if c["cell_type"] == "code"])  # the next two are announced
        for paragraph in "".join(cell["source"]).split("\n\n"):
            if "](http" not in paragraph:
                prose = NOT_PROSE.sub("", paragraph)
                missing += [(cell["id"], written) for written in NUMBER.findall(prose) if not is_known(written, known)]
    return missing


@pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.stem)
def test_a_number_behind_a_measurement_was_printed_or_is_cited(lesson):
    assert unfounded(lesson.cells()) == []


def code(printed):
    return {"cell_type": "code", "source": ["measure()"], "outputs": [{"text": [printed]}]}


@pytest.mark.parametrize(
    ("prose", "missing"),
    [
        ("It fell to 0.84, by 1.6 points.", []),
        ("It fell to 0.85.", ["0.85"]),
        ("That is 84 % of them.", []),
        ("That is 80 % of them, 1,234 in all.", ["80", "1,234"]),
        ("They say 0.99 ([Han et al.](https://arxiv.org/abs/1510.00149)).", []),
        ("With $t = 0.99$ and `round(0.99)`.", []),
    ],
)
def test_the_rule_itself_catches_what_it_should(prose, missing):
    cells = [code("accuracy 0.842, lost 1.6"), {"id": "after", "cell_type": "markdown", "source": [prose]}]
    assert unfounded(cells) == [("after", written) for written in missing]
