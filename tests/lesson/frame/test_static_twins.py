"""A page without a kernel still teaches: each widget of a lesson leaves a picture or words in its notebook."""

import re

import nbformat
import pytest

from pruning_lab.lesson.frame import lessons

NOTEBOOKS = sorted(lessons.NOTEBOOKS.glob("*.ipynb"))
PICTURED = r"\w+\.(explore_\w+|storyboard)\("
WORDED = r"lesson\.(predict|practice|inquiry|claims|calibration|self_check|research_room)\("


def twins(cell):
    """Return the kinds of output that a page shows without a kernel."""
    return {kind for output in cell.outputs for kind in output.get("data", {"text/plain": output.get("text", "")})}


def calls(pattern):
    for path in NOTEBOOKS:
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code" and (found := re.search(pattern, cell.source)):
                yield pytest.param(cell, id=f"{path.stem[:2]}-{cell.id}-{found[1]}")


@pytest.mark.parametrize("cell", [*calls(PICTURED)])
def test_what_moves_leaves_a_picture(cell):
    assert "image/png" in twins(cell)


@pytest.mark.parametrize("cell", [*calls(WORDED)])
def test_what_asks_leaves_its_question(cell):
    kinds = twins(cell)
    assert kinds & {"text/plain", "text/html"}
    shown = " ".join(str(output.get("data", output)) for output in cell.outputs)
    assert len(re.sub(r"<[^>]*>|Widget|VBox", "", shown)) > 60


def test_an_output_of_a_bare_widget_would_fail():
    bare = nbformat.v4.new_output("display_data", {"text/plain": "VBox(children=(...))"})
    assert "image/png" not in twins(nbformat.v4.new_code_cell("lesson.storyboard(x)", outputs=[bare]))


def test_every_lesson_moves_something():
    assert {case.id[:2] for case in calls(PICTURED)} == {path.stem[:2] for path in NOTEBOOKS}
