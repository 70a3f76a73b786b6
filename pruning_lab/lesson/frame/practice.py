"""Exercises: hints in three steps, checks that say what is wrong with this answer, and a self-check."""

import ipywidgets

from pruning_lab.lesson.frame.keys import hints_for
from pruning_lab.lesson.frame.session import current
from pruning_lab.lesson.frame.view import message, noted, show_widget

SELF_CHECK = (
    "A concrete answer is there: a number, a shape or a line of code.",
    "It says why that must hold.",
    "It touches a neighbouring idea: storage, time or accuracy.",
)


NOT_STARTED = "not started"  # what a checker returns for a stub that still returns `...`


class WrongAnswer(AssertionError):
    """An answer is wrong. A notebook shows the message alone: the checker's traceback would only distract."""

    def _render_traceback_(self):  # IPython asks for this
        return [str(self)]


def practice(checker, answer, *hints):
    """Check a learner's function on the spot, say what is wrong with *this* answer, and offer three hints.

    An untouched stub, one that returns `...`, is reported as not started and lets Run All go on. A wrong answer raises.

    Args:
        checker: a function from a lesson's exercises, called with `answer`. It raises AssertionError with a message if
            this answer is wrong, and returns NOT_STARTED for an untouched stub.
        answer: the learner's function.
        hints: three sentences, from a nudge to nearly the answer, shown one at a time; if none is given, those that
            the `keys.toml` beside the checker has under its name.

    Raises:
        ValueError: there are not exactly three hints.
        WrongAnswer: an AssertionError; the message says how the answer is wrong. What the answer itself raises passes
            through, with a note that says where it came from.

    >>> practice(None, None, "only one")
    Traceback (most recent call last):
    ValueError: hints must come in three steps; got 1
    """
    hints = hints or hints_for(checker)
    if len(hints) != 3:
        raise ValueError(f"hints must come in three steps; got {len(hints)}")
    try:
        started = checker(answer) != NOT_STARTED
    except AssertionError as wrong:
        raise WrongAnswer(f"{answer.__name__}: {wrong}") from None
    except Exception as error:
        error.add_note(f"This came from inside {answer.__name__}, while it was being checked.")
        raise
    finally:  # a wrong answer needs its hints most
        _offer(hints)
    verdict = "correct on every case tried." if started else "not started yet. Replace the ... and run this cell again."
    print(f"{answer.__name__}: {verdict}")


def _offer(hints):
    more = ipywidgets.Button(description="Hint 1 of 3")
    shown = ipywidgets.HTML()

    def show_next(_button):
        count = min(shown.value.count("role=") + 1, 3)
        shown.value = "".join(message(f"{number}. {hint}") for number, hint in enumerate(hints[:count], start=1))
        more.description = f"Hint {count + 1} of 3" if count < 3 else "No more hints"
        more.disabled = count == 3

    more.on_click(show_next)
    show_widget(ipywidgets.VBox([more, shown]), "(Three hints here, in JupyterLab.)")


def self_check(question):
    """Ask for an answer in the learner's own words, with three points to check it against; save it to the journal."""
    answer = ipywidgets.Textarea(
        description="In your words:", rows=3, style={"description_width": "initial"}, layout={"width": "46em"}
    )
    points = [ipywidgets.Checkbox(description=point, indent=False, layout={"width": "46em"}) for point in SELF_CHECK]
    save = ipywidgets.Button(description="Save answer")
    saved = ipywidgets.HTML()

    def on_save(_button):
        met = [point.description for point in points if point.value]
        saved.value = noted("answer", lesson=current(), question=question, answer=answer.value, met=met)

    save.on_click(on_save)
    listed = "\n".join(f"[ ] {point}" for point in SELF_CHECK)
    heading = ipywidgets.HTML(f"<b>{question}</b>")
    show_widget(ipywidgets.VBox([heading, answer, *points, save, saved]), f"{question}\n{listed}")
