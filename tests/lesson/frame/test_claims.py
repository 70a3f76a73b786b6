"""Every claim has a source that exists and an evidence cell that asserts something; every linked paper is a source."""

import ast
import re
from datetime import date

import nbformat
import pytest

from pruning_lab.lesson.claims import NOTEBOOKS, load_claims, load_sources

LESSONS = sorted(NOTEBOOKS.glob("[0-9][0-9]-*.ipynb"))


def cells_of(path):
    return {cell.id: cell for cell in nbformat.read(path, as_version=4).cells}


def asserts_something(source):
    """Whether the cell checks a thing that could be false: `assert True` and an assert in a string do not count."""
    checks = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Assert)]
    return any(not isinstance(check.test, ast.Constant) for check in checks)


def problems(claim, cells, sources):
    """What is wrong with a claim, in words; empty where nothing is."""
    found = [f"unknown source {key}" for key in claim["sources"] if key not in sources]
    if claim["evidence"] not in cells:
        found.append(f"no cell {claim['evidence']}")
    elif not asserts_something(cells[claim["evidence"]].source):
        found.append(f"cell {claim['evidence']} asserts nothing")
    if not isinstance(claim["reviewed"], date):
        found.append("reviewed is not a date")
    return found


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_claims_of_a_lesson_hold_up(path):
    claims = load_claims(path.stem[:2])
    assert len(claims) >= 4
    assert {claim["id"]: problems(claim, cells_of(path), load_sources()) for claim in claims} == {
        claim["id"]: [] for claim in claims
    }


CELL = nbformat.v4.new_code_cell("x = 1\nassert x == 1", id="real")
IDLE = nbformat.v4.new_code_cell("print('assert x')\nassert True", id="idle")
GOOD = {"sources": ["han2015deep"], "evidence": "real", "reviewed": date(2026, 11, 24)}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, []),
        ({"sources": ["nobody2099"]}, ["unknown source nobody2099"]),
        ({"evidence": "gone"}, ["no cell gone"]),
        ({"evidence": "idle"}, ["cell idle asserts nothing"]),
        ({"reviewed": "last year"}, ["reviewed is not a date"]),
    ],
)
def test_a_bad_claim_is_found(change, expected):
    assert problems(GOOD | change, {"real": CELL, "idle": IDLE}, load_sources()) == expected


@pytest.mark.parametrize("field", ["statement", "sources", "limits", "reviewed"])
def test_a_claim_without_a_field_is_refused(tmp_path, field):
    row = {"lesson": '"01"', "id": '"x"', "statement": '"s"', "sources": '["a"]', "evidence": '"c"', "limits": '"l"'}
    row |= {"reviewed": "2026-11-24"}
    row[field] = "[]" if field == "sources" else '""'
    path = tmp_path / "claims.toml"
    path.write_text("[[claim]]\n" + "\n".join(f"{key} = {value}" for key, value in row.items()), encoding="utf-8")
    with pytest.raises(ValueError, match=rf"claim x in claims.toml must have {field}; got"):
        load_claims("01", path)


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_every_paper_linked_in_a_lesson_is_in_the_bibliography(path):
    known = {link for _, link in load_sources().values()}
    text = "\n".join(cell.source for cell in cells_of(path).values())
    linked = set(re.findall(r"https://arxiv\.org/abs/[\d.]+\d", text))
    assert linked
    assert linked <= known
