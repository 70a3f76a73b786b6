"""Every claim about accuracy reports what four papers ask for, or that it is absent; what it reports is there."""

import re

import pytest

from pruning_lab.lesson.frame.checklist import ASKED, is_absent, load_checklists
from pruning_lab.lesson.frame.claims import load_claims
from pruning_lab.lesson.frame.lessons import lessons
from pruning_lab.lesson.frame.slides.outputs import Outputs

ACCURACY = re.compile(
    r"accura|(?<!percentage )points|retrain|neighbours|answers|dense network|ticket|destroys|best pruned|cost more"
    r"|\b(loss|loses?|lost)\b(?! the same)"
)
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
SEVERAL = {  # an entry that says "more than one" names more than one
    "levels": lambda text: len(NUMBER.findall(text)) > 1,
    "networks": lambda text: " and " in text,
    "seeds": lambda text: re.search("two|three|four|five", text),
}
each_lesson = pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.stem)


def unlisted(claims, checklists):
    """Return the claims about accuracy without a checklist, those with an unknown one, and checklists of no claim."""
    speaks = [claim["id"] for claim in claims if ACCURACY.search(claim["statement"]) and "checklist" not in claim]
    unknown = [claim["id"] for claim in claims if claim.get("checklist", "") not in {"", *checklists}]
    return speaks + unknown + sorted(checklists.keys() - {claim.get("checklist") for claim in claims})


def unfounded(entries, said):
    """Return what a checklist claims and cannot: one thing where several are asked for, a number nobody printed."""
    found = [name for name, holds in SEVERAL.items() if not is_absent(entries[name]) and not holds(entries[name])]
    for name, text in entries.items():
        numbers = [] if is_absent(text) else NUMBER.findall(text)
        found += [f"{name}: {number}" for number in numbers if not is_said(number, said)]
    return found


def is_said(number, said):
    """Whether a number stands in what a lesson says, as it is written or with other zeros behind it."""
    return float(number.replace(",", "")) in said


def said_in(lesson):
    outputs = Outputs(lesson.notebook)
    text = "\n".join(cell.source + outputs.text(cell.id) for cell in outputs.cells.values())
    return {float(number.replace(",", "")) for number in NUMBER.findall(text)}


@each_lesson
def test_every_accuracy_claim_has_a_checklist(lesson):
    assert unlisted(load_claims(lesson.number), load_checklists(lesson.number)) == []


@each_lesson
def test_what_a_checklist_reports_stands_in_its_lesson(lesson):
    said = said_in(lesson)
    found = {name: unfounded(entries, said) for name, entries in load_checklists(lesson.number).items()}
    assert found == {name: [] for name in found}


def test_most_lessons_claim_something_about_accuracy():
    assert sum(bool(load_checklists(lesson.number)) for lesson in lessons()) >= 7


GOOD = {
    **dict.fromkeys(ASKED, "no: not here"),
    "dense": "0.85",
    "levels": "0.5 and 0.9",
    "networks": "LeNet-5 and a VGG",
    "seeds": "three, lowest and highest",
}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, []),
        ({"dense": "0.86"}, ["dense: 0.86"]),
        ({"levels": "0.9"}, ["levels"]),
        ({"networks": "LeNet-5"}, ["networks"]),
        ({"seeds": "0.5, one"}, ["seeds"]),
        ({"seeds": "no: one", "levels": "no: 0.7 alone"}, []),
    ],
)
def test_a_checklist_that_says_more_than_there_is_is_found(change, expected):
    assert unfounded(GOOD | change, {0.85, 0.5, 0.9, 5.0}) == expected


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ({"statement": "It keeps its accuracy."}, ["x"]),
        ({"statement": "It loses two points."}, ["x"]),
        ({"statement": "It loses two points.", "checklist": "lenet"}, []),
        ({"statement": "It loses two points.", "checklist": "vgg"}, ["x", "lenet"]),
        ({"statement": "It is smaller."}, ["lenet"]),
    ],
)
def test_a_claim_about_accuracy_without_a_checklist_is_found(claim, expected):
    checklists = {"lenet": GOOD} if claim.get("checklist") or "smaller" in claim["statement"] else {}
    assert unlisted([{"id": "x", **claim}], checklists) == expected


@pytest.mark.parametrize("odd", ["dense", "weather"])
def test_a_checklist_must_have_every_entry_and_no_other(tmp_path, odd):
    entries = {name: text for name, text in GOOD.items() if name != odd} | (
        {"weather": "fine"} if odd not in GOOD else {}
    )
    path = tmp_path / "claims.toml"
    path.write_text("[checklist.lenet]\n" + "".join(f'{name} = "{text}"\n' for name, text in entries.items()))
    with pytest.raises(ValueError, match=f"checklist lenet in claims.toml must have dense, levels, .*; look at {odd}"):
        load_checklists("01", path)
