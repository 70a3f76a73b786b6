"""Explorers: pictures that follow a slider in the browser, at once, whether the kernel is busy or not.

An explorer is a value. The package computes everything it shows, for every step of its sliders, before it appears: the
masks, the formats and the numbers are those of the lessons. The browser only looks them up and draws: `explorer.js`
here has what all drawings share, and the scripts of a lesson have that lesson's drawings. In a notebook, sliders
and canvas are linked in the browser, so no message to the kernel stands between a key press and the picture.

The same value shows itself wherever it is needed: `display` in a notebook (a plain figure and a table if nobody is
there to move a slider), `.html()` on a slide or a page of the site, `str()` as text.
"""

import base64
import json
from dataclasses import dataclass
from functools import cached_property

import anywidget
import ipywidgets
import numpy as np
import traitlets
from IPython.display import HTML, display
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pruning_lab import plots
from pruning_lab.lesson.frame.frontend import has_controls
from pruning_lab.lesson.frame.lessons import ROOMS
from pruning_lab.lesson.frame.view import show_widget, wide
from pruning_lab.plots.canvas import image_html
from pruning_lab.tables import table_html

PLACES = [round(0.05 * step, 2) for step in range(20)]  # of every sparsity slider: 0 to 0.95, while any channel is left
NEVER = 255  # in place of the step at which a weight goes, if it outlasts the slider
STILL = 0.5  # the sparsity that the plain figure shows


@dataclass(frozen=True)
class SparsitySlider:
    """A slider over sparsities up to `largest`; it sets the canvas's `place`."""

    largest: float
    name: str = "Sparsity (pruned)"
    start: float = STILL
    step: float = 0.05
    trait: str = "place"

    def widget(self):
        """Return the ipywidgets control, and the name of the trait that holds its value."""
        options = {"value": self.start, "max": self.largest, "step": self.step}
        return wide(ipywidgets.FloatSlider, description=self.name, **options), "value"

    def described(self):
        """Return what a page needs to make its own control, ready for JSON."""
        return {"kind": "sparsity", "value": self.start, "max": self.largest, "step": self.step}


@dataclass(frozen=True)
class Steps:
    """A slider over named steps, or if `listed` a drop-down list; it sets a trait of the canvas to the index."""

    name: str
    options: tuple
    trait: str
    listed: bool = False

    def widget(self):
        """Return the ipywidgets control, and the name of the trait that holds its value."""
        kind = ipywidgets.Dropdown if self.listed else ipywidgets.SelectionSlider
        return wide(kind, description=self.name, options=self.options), "index"

    def described(self):
        """Return what a page needs to make its own control, ready for JSON."""
        return {"kind": "steps", "options": self.options, "listed": self.listed}


@dataclass(frozen=True, eq=False)  # arrays cannot be compared in one word
class Explorer:
    """What one explorer shows: its controls, what its canvas draws, and the same content as a plain figure and a table.

    Args:
        drawing: the name under which an `explorer.js` lists its drawing.
        controls: list of SparsitySlider and Steps.
        facts: what the drawing reads, anything that JSON can hold; `places` and `words` by convention.
        figure: axes or a figure, for readers without a kernel.
        table: the figure's numbers, a list of rows, headings first.
        alt: what there is to see, in a sentence.
        numbers: float32 or uint8 array for the drawing. gone_at: what `gone_at` returned.
    """

    drawing: str
    controls: list
    facts: dict
    figure: Axes | Figure
    table: list
    alt: str
    numbers: np.ndarray | bytes = b""
    gone_at: np.ndarray | bytes = b""

    def state(self):
        """Return what the canvas starts with, {trait: value}."""
        start = {control.trait: control.start for control in self.controls if isinstance(control, SparsitySlider)}
        facts = {**self.facts, "colours": plots.COLOURS}
        arrays = {"numbers": bytes(self.numbers), "gone_at": bytes(self.gone_at)}
        return {"drawing": self.drawing, "facts": facts, "place": 0.0, "choice": 0, "level": 0, **start, **arrays}

    def widget(self):
        """Return the explorer as ipywidgets, with its plain figure folded up below; it needs a kernel only to start."""
        canvas, controls = Canvas(**self.state()), []
        for control in self.controls:
            knob, value = control.widget()
            ipywidgets.jslink((knob, value), (canvas, control.trait))
            controls.append(knob)
        twin = ipywidgets.HTML(folded(self.plain))
        return ipywidgets.VBox([*controls, canvas, twin])

    def html(self):
        """Return the explorer as HTML for a page that has `page_script()` below it: no kernel, no ipywidgets."""
        state = self.state()
        packed = {name: base64.b64encode(state.pop(name)).decode() for name in ("numbers", "gone_at")}
        controls = [{"name": knob.name, "trait": knob.trait, **knob.described()} for knob in self.controls]
        data = json.dumps({"state": state, "packed": packed, "controls": controls}).replace("<", "\\u003c")
        return f'<div class="explorer"><script type="application/json">{data}</script></div>'

    def __str__(self):
        return "\n".join([self.alt, *("  ".join(map(str, row)).strip() for row in self.table)])

    def _ipython_display_(self):
        if has_controls():
            show_widget(self.widget(), self.alt, self.plain)
            return
        plots.show(self.figure, self.alt)
        display(HTML(table_html(*self._split())))

    @cached_property  # drawn once: it stands in the widget, and beside it for pages without a kernel
    def plain(self):
        """The plain figure and the table as HTML."""
        return image_html(self.figure, self.alt) + table_html(*self._split())

    def _split(self):
        return self.table[0], self.table[1:]


def folded(plain):
    """Return a plain figure, in HTML, folded up as it stands below an explorer."""
    return f"<details><summary>As a plain figure</summary>{plain}</details>"


def drawings():
    """Return the script of all drawings: what they share, then the scripts of each lesson in a scope of its own."""
    frame = ROOMS / "frame"
    rooms = sorted({path.parent for path in ROOMS.glob("*/explorer.js")} - {frame})
    own = [[frame / "curves.js"], *(sorted(room.glob("*.js")) for room in rooms)]
    parts = ["{\n" + "".join(path.read_text(encoding="utf-8") for path in paths) + "}\n" for paths in own]
    return "".join([(frame / "explorer.js").read_text(encoding="utf-8"), *parts])


def page_script():
    """Return the script that brings explorers on a page to life: the notebooks' own drawings, with plain controls."""
    return drawings() + (ROOMS / "frame" / "explorer_page.js").read_text(encoding="utf-8")


class Canvas(anywidget.AnyWidget):
    """What draws in a notebook: it holds an explorer's tables, and the place in them that its controls choose."""

    _esm = drawings() + "export default { render };\n"
    drawing = traitlets.Unicode().tag(sync=True)
    facts = traitlets.Dict().tag(sync=True)
    numbers = traitlets.Bytes().tag(sync=True)
    gone_at = traitlets.Bytes().tag(sync=True)
    place = traitlets.Float(0).tag(sync=True)
    choice = traitlets.Int(0).tag(sync=True)
    level = traitlets.Int(0).tag(sync=True)  # for the third control of a drawing that has three
    painted = traitlets.Unicode().tag(sync=True)  # what a hand drew: JupyterLab takes off what is out of sight


def places_for(channels):
    """Return those sparsities of a slider that leave at least one of `channels` channels.

    >>> places_for(300)[-1], places_for(8)[-1]
    (0.95, 0.9)
    """
    return [place for place in PLACES if round(place * channels) < channels]


def gone_at(masks_by_step):
    """Return the step at which each weight goes, uint8; NEVER if it outlasts the last. A weight that went stays away.

    >>> gone_at([np.array([True, True]), np.array([False, True])]).tolist()
    [1, 255]
    """
    step_of = np.full(masks_by_step[0].shape, NEVER, np.uint8)
    for step, mask in enumerate(masks_by_step):
        step_of[~mask & (step_of == NEVER)] = step
    return step_of
