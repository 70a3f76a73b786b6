"""One way to hold every explorer: its drawing exists, and it shows itself in a notebook, on a page and as text."""

import base64
import json
import re

import ipywidgets
import numpy as np
import pytest

from pruning_lab.lesson.frame import explorer

ON_A_PAGE = re.compile(r'<div class="explorer"><script type="application/json">([^<]*)</script></div>')


def on_a_page(shown):
    """Return what a browser reads from an explorer's HTML; NaN and infinity, which no browser reads, are refused."""
    return json.loads(ON_A_PAGE.fullmatch(shown.html())[1], parse_constant=pytest.fail)


def handlers(control):
    """Return how many functions of this kernel listen to each trait of a control."""
    return {name: {kind: len(of) for kind, of in kinds.items()} for name, kinds in control._trait_notifiers.items()}


def explorer_tests(makes):
    """Return five tests over {name: call without arguments that returns an Explorer}."""
    each = pytest.mark.parametrize("make", makes.values(), ids=makes)

    @each
    def test_drawing(make):
        shown = make()
        assert f"\nDRAWINGS.{shown.drawing} = " in explorer.drawings()
        traits = [control.trait for control in shown.controls]
        assert len(set(traits)) == len(traits) > 0
        assert all(explorer.Canvas.class_traits()[trait].metadata["sync"] for trait in traits)

    @each
    def test_attended(make, monkeypatch):
        """A person gets controls that are tied to the canvas in the browser: the kernel listens to nothing."""
        shown, links, pairs, tie = make(), [], [], ipywidgets.jslink
        monkeypatch.delenv("PRUNING_LAB_UNATTENDED", raising=False)
        monkeypatch.setattr(ipywidgets, "jslink", lambda *ends: links.append(ends) or tie(*ends))
        monkeypatch.setattr(explorer, "show_widget", lambda *pair: pairs.append(pair))
        shown._ipython_display_()
        ((box, text, plain),) = pairs
        *knobs, canvas, twin = box.children
        assert text == shown.alt
        assert {name: getattr(canvas, name) for name in shown.state()} == shown.state()
        fresh = [control.widget() for control in shown.controls]
        traits = [control.trait for control in shown.controls]
        values = [value for _, value in fresh]
        assert links == [((k, v), (canvas, trait)) for k, v, trait in zip(knobs, values, traits, strict=True)]
        assert [handlers(knob) for knob in knobs] == [handlers(knob) for knob, _ in fresh]
        assert [knob.description for knob in knobs] == [control.name for control in shown.controls]
        assert [getattr(knob, value) for knob, value in zip(knobs, values, strict=True)] == [
            getattr(canvas, trait) for trait in traits
        ]
        assert twin.value.startswith("<details><summary>As a plain figure</summary><img ")
        assert twin.value.count("<tr>") == len(shown.table)
        assert plain in twin.value  # what stays when the kernel is gone

    @each
    def test_unattended(make, monkeypatch):
        """Nobody gets a figure, then a table; no widget is made."""
        shown, page = make(), []
        monkeypatch.setenv("PRUNING_LAB_UNATTENDED", "1")
        monkeypatch.setattr(explorer, "Canvas", None)
        monkeypatch.setattr(explorer.plots, "show", lambda *picture_and_alt: page.append(picture_and_alt))
        monkeypatch.setattr(explorer, "display", lambda html: page.append(html.data))
        shown._ipython_display_()
        picture_and_alt, table = page
        assert picture_and_alt == (shown.figure, shown.alt)
        assert explorer.plots.png(shown.figure).startswith(b"\x89PNG")
        assert table.startswith("<table>")
        assert table.count("<tr>") == len(shown.table) > 1

    @each
    def test_html(make):
        """A page gets the state of the canvas and enough to make controls of its own."""
        shown = make()
        data, state = on_a_page(shown), shown.state()
        packed = {name: base64.b64decode(text) for name, text in data["packed"].items()}
        assert packed == {name: state.pop(name) for name in ("numbers", "gone_at")}
        assert data["state"] == json.loads(json.dumps(state))
        for described, control in zip(data["controls"], shown.controls, strict=True):
            assert (described["name"], described["trait"]) == (control.name, control.trait)
            if described["kind"] == "sparsity":
                assert described["value"] == state[control.trait] <= described["max"]
            else:
                assert described["kind"] == "steps"
                assert described["options"] == list(control.options)
                assert state[control.trait] == 0

    @each
    def test_text(make):
        shown = make()
        alt, *lines = str(shown).splitlines()
        assert alt == shown.alt
        assert len(alt) > 40
        assert len({len(row) for row in shown.table}) == 1
        assert all(str(cell) in line for line, row in zip(lines, shown.table, strict=True) for cell in row)

    return test_drawing, test_attended, test_unattended, test_html, test_text


def masks_shown(shown, count, shape):
    """Return the mask at each step, as a drawing finds it: a weight stays as long as its step lies ahead."""
    goes = np.asarray(shown.gone_at).reshape(count, *shape)
    return [goes > step for step in range(len(shown.facts["places"]))]
