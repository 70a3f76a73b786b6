"""What all explorers share: the step at which a weight goes, controls, one script of drawings, ways to show."""

import re
from collections import Counter

import ipywidgets
import numpy as np
import pytest
from explorer_tests import explorer_tests, on_a_page

from pruning_lab import plots
from pruning_lab.lesson.frame import explorer
from pruning_lab.lesson.frame.explorer import PLACES, STILL, Explorer, SparsitySlider, Steps, gone_at
from pruning_lab.lesson.frame.lessons import ROOMS

ALT = "A picture made by hand, which stands for everything that an explorer could draw."


def by_hand(**changes):
    facts = {"places": [0.0, 0.5], "rows": [[("kept", "2")], [("kept", "1")]], "words": ["two", "one"]}
    knobs = [Steps("Kind", ("round", "square"), "choice", listed=True), SparsitySlider(0.5)]
    numbers, goes = np.array([1.5, -2], np.float32), gone_at([np.array([True, True]), np.array([True, False])])
    parts = {"drawing": "patterns", "controls": knobs, "facts": facts, "figure": plots.new_axes(2, 1)}
    parts |= {"table": [["place", "kept"], ["0.5", 1]], "alt": ALT, "numbers": numbers, "gone_at": goes}
    return Explorer(**parts | changes)


test_drawing, test_attended, test_unattended, test_html, test_text = explorer_tests(
    {"by hand": by_hand, "without arrays": lambda: by_hand(numbers=b"", gone_at=b"")}
)


def test_gone_at_by_hand():
    steps = [[True, True, True], [True, False, True], [False, False, True]]
    assert gone_at([np.array(step) for step in steps]).tolist() == [2, 1, 255]


def test_what_went_stays_away():
    assert gone_at([np.array([True]), np.array([False]), np.array([True])]).tolist() == [1]


def test_the_slider_of_sparsities_ends_where_a_channel_is_left():
    for channels in (1, 2, 8, 20, 300):
        places = explorer.places_for(channels)
        assert places == PLACES[: len(places)]
        assert round(places[-1] * channels) < channels
        assert len(places) == len(PLACES) or round(PLACES[len(places)] * channels) == channels


@pytest.mark.parametrize(
    ("control", "kind", "trait", "shown"),
    [
        (SparsitySlider(0.9), ipywidgets.FloatSlider, "value", {"value": STILL, "min": 0, "max": 0.9, "step": 0.05}),
        (Steps("Density", ("0.1", "0.5"), "place"), ipywidgets.SelectionSlider, "index", {"index": 0, "value": "0.1"}),
        (Steps("Pattern", ("a", "b"), "choice", listed=True), ipywidgets.Dropdown, "index", {"index": 0, "value": "a"}),
    ],
    ids=["sparsity", "steps", "list"],
)
def test_a_control_is_named_and_begins_where_the_canvas_does(control, kind, trait, shown):
    knob, value = control.widget()
    assert (type(knob), value, knob.description) == (kind, trait, control.name)
    assert {name: getattr(knob, name) for name in shown} == shown


def test_the_bytes_of_the_arrays_reach_the_canvas():
    state = by_hand().state()
    assert np.frombuffer(state["numbers"], np.float32).tolist() == [1.5, -2]
    assert list(state["gone_at"]) == [255, 1]
    assert (state["place"], state["choice"]) == (STILL, 0)
    assert state["facts"]["colours"] == plots.COLOURS


def test_showing_leaves_the_facts_as_they_were():
    shown = by_hand()
    before = dict(shown.facts)
    shown.state(), shown.html(), str(shown)
    assert shown.facts == before


def test_nothing_in_the_facts_can_end_the_script():
    words = ["</script><script>alert(1)</script>", "<!-- <b>"]
    shown = by_hand(facts={"words": words})
    assert shown.html().count("<script") == shown.html().count("</script") == 1
    assert "<!--" not in shown.html()
    assert on_a_page(shown)["state"]["facts"]["words"] == words


def test_text_and_table_hold_the_same_cells():
    assert str(by_hand()) == f"{ALT}\nplace  kept\n0.5  1"


def test_no_two_drawings_have_one_name():
    names = Counter(re.findall(r"^DRAWINGS\.(\w+) = ", explorer.drawings(), re.MULTILINE))
    assert len(names) >= 4
    assert [name for name, count in names.items() if count > 1] == []


def test_the_scripts_of_every_lesson_are_there_in_a_scope_of_its_own():
    shared, *own = re.split(r"^\{\n", explorer.drawings(), flags=re.MULTILINE)
    assert shared == (ROOMS / "frame" / "explorer.js").read_text(encoding="utf-8")
    rooms = sorted({path.parent for path in ROOMS.glob("*/*.js")} - {ROOMS / "frame"})
    scripts = [[ROOMS / "frame" / "curves.js"], *(sorted(room.glob("*.js")) for room in rooms)]
    assert len(own) == len(scripts)  # the shared one has no scope
    for part, paths in zip(own, scripts, strict=True):
        assert part == "".join(path.read_text(encoding="utf-8") for path in paths) + "}\n"


def test_notebook_and_page_draw_with_one_script():
    assert explorer.Canvas._esm.startswith(explorer.drawings())
    assert explorer.Canvas._esm.endswith("export default { render };\n")
    assert explorer.page_script().startswith(explorer.drawings())
    assert "export" not in explorer.page_script()  # a plain script of a page, opened from disk
