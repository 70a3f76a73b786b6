"""Every claim has a source that exists and an evidence cell that asserts something; every linked paper is a source."""

import ast
import re
from datetime import date

import nbformat
import pytest

from pruning_lab.lesson.frame.claims import heading_above, load_claims, load_sources
from pruning_lab.lesson.frame.keys import keys_of
from pruning_lab.lesson.frame.lessons import lessons

each_lesson = pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.stem)


def cells_of(lesson):
    return {cell.id: cell for cell in nbformat.read(lesson.notebook, as_version=4).cells}


def asserts_something(source, keys=()):
    """Whether the cell checks a thing that could be false: `assert True` and an assert in a string do not count.

    A guess checks its answer where the lesson's keys have it.
    """
    if "lesson.guess(" in source and any(f'"{question}"' in source for question in keys):
        return True
    checks = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Assert)]
    return any(not isinstance(check.test, ast.Constant) for check in checks)


def problems(claim, cells, sources, keys=()):
    """What is wrong with a claim, in words; empty where nothing is."""
    found = [f"unknown source {key}" for key in claim["sources"] if key not in sources]
    if claim["evidence"] not in cells:
        found.append(f"no cell {claim['evidence']}")
    elif not asserts_something(cells[claim["evidence"]].source, keys):
        found.append(f"cell {claim['evidence']} asserts nothing")
    if not isinstance(claim["reviewed"], date):
        found.append("reviewed is not a date")
    return found


@each_lesson
def test_claims_of_a_lesson_hold_up(lesson):
    claims = load_claims(lesson.number)
    assert len(claims) >= 4
    keys = keys_of(lesson.room)["guesses"]
    found = {claim["id"]: problems(claim, cells_of(lesson), load_sources(), keys) for claim in claims}
    assert found == {claim["id"]: [] for claim in claims}


def test_no_two_claims_have_one_name():
    names = [claim["id"] for lesson in lessons() for claim in load_claims(lesson.number)]
    assert sorted(set(names)) == sorted(names)


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
    row = {"id": '"x"', "statement": '"s"', "sources": '["a"]', "evidence": '"c"', "limits": '"l"'}
    row |= {"reviewed": "2026-11-24"}
    row[field] = "[]" if field == "sources" else '""'
    path = tmp_path / "claims.toml"
    path.write_text("[[claim]]\n" + "\n".join(f"{key} = {value}" for key, value in row.items()), encoding="utf-8")
    with pytest.raises(ValueError, match=rf"claim x in claims.toml must have {field}; got"):
        load_claims("01", path)


@each_lesson
def test_every_paper_linked_in_a_lesson_is_in_the_bibliography(lesson):
    known = {link for _, link in load_sources().values()}
    text = "\n".join(cell.source for cell in cells_of(lesson).values())
    linked = set(re.findall(r"https://arxiv\.org/abs/[\d.]+\d", text))
    assert linked
    assert linked <= known


def test_a_cell_that_a_lesson_does_not_have_has_no_heading():
    with pytest.raises(ValueError, match="cell must be the id of a cell in lesson 02; got 'kept-norm'"):
        heading_above("02", "kept-norm")  # lesson 01 has it
