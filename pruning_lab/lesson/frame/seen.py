"""What did you see? After a reveal, one sentence in the learner's own words, before anything is explained.

Roughly one observation of a demonstration in five does not agree with what happened, and who observes wrongly learns
nothing from it: so what was seen is written down, and the journal keeps it beside what was measured.

Source: Miller et al. 2013, "Role of physics lecture demonstrations in conceptual learning"
(https://doi.org/10.1103/PhysRevSTPER.9.020113).
"""

import ipywidgets

from pruning_lab.lesson.frame.view import noted, wide


class Explanation(str):
    """HTML of a reveal that says why: it comes after the learner has said what was seen, or has skipped that."""

    __slots__ = ()


def ask_what_was_seen(about, then):
    """Return controls for one sentence. Saving it calls `then`, and so does Skip, which leaves nothing behind.

    Args:
        about: {field: value}, what the journal keeps beside the sentence.
        then: a function without arguments, called once.
    """
    line = wide(ipywidgets.Textarea, description="What did you see? One sentence:", rows=2)
    save, skip = ipywidgets.Button(description="Save sentence"), ipywidgets.Button(description="Skip")
    said = ipywidgets.HTML()
    box = ipywidgets.VBox([line, ipywidgets.HBox([save, skip]), said])

    def on_save(_button):
        if not line.disabled:
            said.value = noted("observation", **about, observation=line.value)
            if "data-saved" in said.value:  # else it says why not, and can be tried again
                end([line, said])

    def end(left):
        if not line.disabled:
            line.disabled, box.children = True, left
            then()

    save.on_click(on_save)
    skip.on_click(lambda _button: end([]))
    return box
