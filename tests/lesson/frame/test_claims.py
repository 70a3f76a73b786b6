"""Every claim has a source that exists and an evidence cell that asserts something; every linked paper is a source."""

import ast
import re
from datetime import date

import nbformat
import pytest

from pruning_lab.lesson.frame.claims import heading_above, load_claims, load_sources
from pruning_lab.lesson.frame.figures import found
from pruning_lab.lesson.frame.keys import keys_of
from pruning_lab.lesson.frame.lessons import lessons
from pruning_lab.lesson.frame.slides.outputs import Outputs

TIMED = re.compile(r"\b(time|times of|faster|slower|speed\w*|seconds?|machine code)\b")
TIMES = ("measure.compare(", "perf_counter(", "stream_bandwidth(", "vector_loads(")
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
    elif not claim.get("between") and not asserts_something(cells[claim["evidence"]].source, keys):
        found.append(f"cell {claim['evidence']} asserts nothing, and no bounds say when the claim holds")
    elif is_timed(claim, cells) and not claim.get("processors"):
        found.append("about time, and no processors say where")
    if not isinstance(claim["reviewed"], date):
        found.append("reviewed is not a date")
    return found


def is_timed(claim, cells):
    """Whether a claim speaks of time, or its cell measures some."""
    return bool(TIMED.search(claim["statement"])) or any(word in cells[claim["evidence"]].source for word in TIMES)


def taken_from_before(cells):
    """Return the ids of the cells that use what `measured()` read, themselves or by a name that another one set."""
    names, users = set(), set()
    for cell in (cell for cell in cells.values() if cell.cell_type == "code"):
        for node in ast.parse(cell.source).body:
            used = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
            reads = any(isinstance(part, ast.Attribute) and part.attr == "measured" for part in ast.walk(node))
            if reads or used & names:
                users.add(cell.id)
                for part in ast.walk(node) if isinstance(node, ast.Assign) else ():
                    names |= {part.id} if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store) else set()
    return users


@each_lesson
def test_what_was_measured_beforehand_says_so(lesson):
    before = taken_from_before(cells_of(lesson))
    said = {claim["id"]: "beforehand" in claim for claim in load_claims(lesson.number)}
    assert said == {claim["id"]: claim["evidence"] in before for claim in load_claims(lesson.number)}


@each_lesson
def test_what_measures_again_is_there(lesson):
    modules = {claim["beforehand"].split()[0] for claim in load_claims(lesson.number) if "beforehand" in claim}
    assert [name for name in modules if name != f"pruning_lab.lesson.{lesson.room.name}.measure_again"] == []
    assert modules == set() or (lesson.room / "measure_again.py").exists()


@each_lesson
def test_the_figure_of_a_claim_stands_in_its_lesson(lesson):
    outputs = Outputs(lesson.notebook)
    missing = []
    for claim in load_claims(lesson.number):
        figure = found(claim["figure"], outputs.text(claim.get("figure_in", claim["evidence"])))
        if figure is None or not claim.get("between", {}).keys() <= dict(figure).keys():
            missing.append(claim["id"])
    assert missing == []


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
TIMER = nbformat.v4.new_code_cell("x = measure.compare(ways)\nassert x", id="timer")
GOOD = {"statement": "A is B.", "sources": ["han2015deep"], "evidence": "real", "reviewed": date(2026, 11, 24)}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, []),
        ({"sources": ["nobody2099"]}, ["unknown source nobody2099"]),
        ({"evidence": "gone"}, ["no cell gone"]),
        ({"evidence": "idle"}, ["cell idle asserts nothing, and no bounds say when the claim holds"]),
        ({"evidence": "idle", "between": {"x": [1, 2]}}, []),
        ({"statement": "A is faster."}, ["about time, and no processors say where"]),
        ({"evidence": "timer"}, ["about time, and no processors say where"]),
        ({"evidence": "timer", "processors": ["any"]}, []),
        ({"reviewed": "last year"}, ["reviewed is not a date"]),
    ],
)
def test_a_bad_claim_is_found(change, expected):
    assert problems(GOOD | change, {"real": CELL, "idle": IDLE, "timer": TIMER}, load_sources()) == expected


ROW = {"id": '"x"', "statement": '"s"', "sources": '["a"]', "evidence": '"c"', "figure": '"f"', "limits": '"l"'}
ROW |= {"reviewed": "2026-11-24"}


def written(path, row):
    path.write_text("[[claim]]\n" + "\n".join(f"{key} = {value}" for key, value in row.items()), encoding="utf-8")
    return path


def test_a_field_that_no_claim_has_is_refused(tmp_path):
    path = written(tmp_path / "claims.toml", {**ROW, "processor": '"any"'})
    with pytest.raises(ValueError, match=r"claim x in claims.toml must have no fields but those known; got \['proc"):
        load_claims("01", path)


@pytest.mark.parametrize("field", ["statement", "sources", "figure", "limits", "reviewed"])
def test_a_claim_without_a_field_is_refused(tmp_path, field):
    path = written(tmp_path / "claims.toml", {**ROW, field: "[]" if field == "sources" else '""'})
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
