"""One picture with questions; each answer gets its own reply, right or wrong."""

from html import escape

import ipywidgets
from IPython.display import HTML, display

from pruning_lab.lesson.frame.frontend import has_controls
from pruning_lab.lesson.frame.keys import keys_of
from pruning_lab.lesson.frame.lessons import lesson
from pruning_lab.lesson.frame.predict import asked_html
from pruning_lab.lesson.frame.view import message, show_widget, wide


def inquiry(number):
    """Ask the questions of a lesson about the picture that the cell above names.

    Questions, replies and right answers stand in the `keys.toml` of the lesson's room, where no reader of the page
    meets them. In an unattended run the answers are folded up under the questions.

    Args:
        number: the lesson's, such as "01".

    Raises:
        ValueError: no lesson has this number; it asks nothing; or the right option of a question has no reply.
    """
    asked = keys_of(lesson(number).room)["inquiry"]
    questions, replies = asked["questions"], asked["replies"]
    if not questions or not set(questions.values()) <= set(replies):
        raise ValueError(f"inquiry must have questions whose right options have replies; got {asked}")
    if not has_controls():
        display(HTML("".join(_folded(*item, replies) for item in questions.items())))
        return
    boxes = [_box(place, *item, replies) for place, item in enumerate(questions.items(), start=1)]
    listed = "".join(asked_html(question, replies) for question in questions)
    show_widget(ipywidgets.VBox(boxes), "", listed)


def _box(place, question, right, replies):
    heading = ipywidgets.HTML(f"<b>{place}. {escape(question)}</b>")
    choice = wide(ipywidgets.RadioButtons, options=list(replies), value=None, description="I see it in:")
    reply = ipywidgets.HTML()

    def answer(change):
        verdict = "Yes. " if change["new"] == right else "Not quite. "
        reply.value = message(verdict + replies[change["new"]])

    choice.observe(answer, "value")
    return ipywidgets.VBox([heading, choice, reply])


def _folded(question, right, replies):
    reply = f"{escape(right[0].upper() + right[1:])}. {escape(replies[right])}"
    return f"{asked_html(question, replies)}<details><summary>Look first. Then unfold.</summary>{reply}</details>"
