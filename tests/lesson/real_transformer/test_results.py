"""Lesson 07's rows: what was measured is whole and says what the lesson says; pictures and explorer come from it."""

import json

import pytest
import torch
from explorer_tests import explorer_tests
from matplotlib.figure import Figure

from pruning_lab.lesson.real_transformer import drawings, explorer, measure_again, results, task
from pruning_lab.lesson.real_transformer.published import ALEXNET

FOUND = results.measured()
WHOLE = FOUND["whole"]


def one_heads():
    return explorer.explore_structure(FOUND["grid"], WHOLE)


test_drawing, test_attended, test_unattended, test_html, test_text = explorer_tests({"grid": one_heads})


def test_every_network_that_the_script_makes_has_its_row():
    named = {part: [what for what, _ in measure_again.PARTS[part](None)] for part in ("weights", "structure")}
    for part, rows in named.items():
        assert [{name: row[name] for name in what} for what, row in zip(rows, FOUND[part], strict=True)] == rows
    grid = [(row["heads"], row["width"]) for row in FOUND["grid"]]
    assert grid == [(heads, width) for heads in measure_again.HEADS for width in measure_again.WIDTH]
    assert [row["zeros"] for row in FOUND["activations"]] == list(measure_again.SHARES)
    assert [{k: v for k, v in row.items() if k != "faster"} for row in FOUND["times"]] == [*measure_again.TIMED, {}]


def test_every_mean_lies_in_its_interval():
    rows = [WHOLE, *(row for part in ("weights", "structure", "grid", "activations") for row in FOUND[part])]
    for row in rows:
        for name in task.Scores._fields:
            mean, low, high = row[name]
            assert 0 <= low <= mean <= high <= 1


def test_what_goes_takes_its_share_of_the_work():
    for row in FOUND["structure"]:
        assert row["macs"] == WHOLE["macs"] * (6 - len(row["blocks"])) / 6
    whole = results.chosen(FOUND["grid"], heads=0, width=0)
    assert (whole["macs"], whole["neighbours"]) == (WHOLE["macs"], WHOLE["neighbours"])
    half = results.chosen(FOUND["grid"], heads=0, width=8)
    assert (
        whole["macs"] - half["macs"] == 6 * 32 * 16 * 384 * 1536
    )  # half of two products, in each block, for each piece


def test_the_explorer_shows_the_row_of_its_sliders():
    facts = one_heads().facts
    at = measure_again.HEADS.index(3) * facts["widths"] + measure_again.WIDTH.index(8)
    row = results.chosen(FOUND["grid"], heads=3, width=8)
    assert facts["states"][at] == [row[name] for name in task.Scores._fields]
    assert dict(facts["rows"][at])["heads gone"] == "3 of 12"
    assert dict(facts["rows"][at])["work left"] == f"{row['macs'] / WHOLE['macs']:.2f}"


def test_the_frontier_begins_at_the_whole_network():
    families = results.families(FOUND)
    assert [len(rows) for rows in families.values()] == [len(measure_again.HEADS), len(measure_again.WIDTH), 4]
    for rows in families.values():
        assert (rows[0]["work"], rows[0]["neighbours"][0], rows[0]["faster"]) == (1, 1, [1, 1, 1])
        assert sum(row["faster"] is not None for row in rows) >= 3


def test_measuring_again_replaces_what_is_named_and_keeps_the_rest(tmp_path, monkeypatch):
    path = tmp_path / "measured.json"
    path.write_text(json.dumps({"whole": {}, "grid": [1], "times": [2]}))
    monkeypatch.setattr(results, "MEASURED", path)
    monkeypatch.setattr(measure_again.models, "minilm", lambda: None)
    monkeypatch.setattr(task, "embeddings", lambda model: None)
    monkeypatch.setattr(task, "score", lambda made, whole: None)
    monkeypatch.setattr(results, "row", lambda scores, network: {"network": network})
    monkeypatch.setattr(measure_again, "PARTS", {"grid": lambda model: [({"heads": 1}, lambda: "made")]})
    measure_again.measure_again(["grid"])
    found = json.loads(path.read_text())
    assert found == {"whole": {"network": None}, "grid": [{"heads": 1, "network": "made"}], "times": [2]}


def test_lines_have_one_row_each():
    text = results.lines({"whole": WHOLE, "half": FOUND["weights"][3]}, "found", "old")
    assert [line.split()[0] for line in text.splitlines()] == ["words", "whole", "half"]
    assert f"{WHOLE['found'][0]:.3f} (" in text


def test_the_published_table_ends_with_a_layer_that_has_no_relu():
    assert ALEXNET[-1].activations == 100


@pytest.mark.parametrize(
    ("draw", "panels"),
    [
        (lambda: drawings.rules_picture(FOUND["weights"], WHOLE), 4),
        (lambda: drawings.blocks_picture([0.1] * 6, FOUND["structure"]), 2),
        (lambda: drawings.frontier_picture(results.families(FOUND)), 2),
        (lambda: drawings.activations_picture(torch.randn(9, 5), torch.randn(9, 5).relu()), 2),
    ],
    ids=["rules", "blocks", "frontier", "activations"],
)
def test_pictures_have_their_panels(draw, panels):
    figure = draw()
    assert isinstance(figure, Figure)
    assert len(figure.axes) == panels
    assert all(axes.get_xlabel() or axes in figure.axes[:2] for axes in figure.axes)


def test_the_storyboard_prunes_exactly_what_its_slider_says(monkeypatch):
    weight, inputs = drawings.small_example()
    drawn = []
    monkeypatch.setattr(drawings.plots, "draw_numbers", lambda axes, scores, keep: drawn.append(int((~keep).sum())))
    for _, draw in drawings.wanda_frames(weight, inputs):
        for sparsity in (0.0, 0.5, 0.95):
            draw(Figure().add_subplot(), sparsity)
    assert drawn == [0, 12, 23, 0, 12, 24, 0, 12, 24]  # in rows 0.95 of six inputs rounds to all of them
