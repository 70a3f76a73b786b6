"""Exercises: hints in three steps, checks that say what is wrong with this answer, and a self-check."""

from html import escape

import ipywidgets

from pruning_lab.lesson.frame.answers import Answer, NotStarted, WrongAnswer, name_of
from pruning_lab.lesson.frame.frontend import has_controls
from pruning_lab.lesson.frame.keys import hints_for
from pruning_lab.lesson.frame.session import current
from pruning_lab.lesson.frame.view import message, noted, show_widget

SELF_CHECK = (
    "It contains something concrete: a number, a shape or a line of code.",
    "It says why that must hold.",
    "It touches a neighbouring idea: storage, time or accuracy.",
)
_right = {}  # name of each exercise's answer in this kernel: the function, if it was right when last checked; else None


def practice(checker, answer, *hints):
    """Check a learner's function on the spot, say what is wrong with *this* answer, and offer three hints.

    An untouched stub is reported as not started and lets Run All go on: it returns `...`, raises NotImplementedError,
    or its body is `pass`. A wrong answer raises.

    Args:
        checker: a function from a lesson's exercises, called with an `answers.Answer`. It raises AssertionError with a
            message if this answer is wrong.
        answer: the learner's function.
        hints: three sentences, from a nudge to nearly the answer, shown one at a time; if none is given, those that
            the `keys.toml` beside the checker has under its name.

    Raises:
        TypeError: the answer is not a function.
        ValueError: there are not exactly three hints.
        WrongAnswer: an AssertionError; the message says how the answer is wrong. What the answer itself raises passes
            through, with its line and what it was called with.

    >>> practice(None, None, "only one")
    Traceback (most recent call last):
    ValueError: hints must come in three steps; got 1
    """
    hints = hints or hints_for(checker)
    if len(hints) != 3:
        raise ValueError(f"hints must come in three steps; got {len(hints)}")
    asked = Answer(answer)
    _right[asked.name] = None
    try:
        print(f"{asked.name}: {_verdict(checker, asked)}")
    finally:  # a wrong answer needs its hints most
        _offer(hints)


def yours(answer, otherwise):
    """Return the learner's function if `practice` found it right, else the package's, and print which of them it is.

    Args:
        answer: the learner's function, as it was handed to `practice`.
        otherwise: a function that takes and returns the same.

    Raises:
        TypeError: one of them is not a function.

    >>> yours(len, otherwise=sum)([1, 2, 3])
    len is not right yet, so this lesson goes on with the package's.
    6
    """
    for name, function in (("answer", answer), ("otherwise", otherwise)):
        if not callable(function):
            raise TypeError(f"{name} must be a function; got {type(function).__name__}")
    name = name_of(answer)
    if _right.get(name) is answer:
        print(f"{name} is right, so this lesson goes on with yours.")
        return answer
    print(f"{name} is not right yet, so this lesson goes on with the package's.")
    return otherwise


def working():
    """Return {name: whether it is right} of the exercises checked in this kernel, in their order."""
    return {name: function is not None for name, function in _right.items()}


def _verdict(checker, asked):
    try:
        checker(asked)
    except NotStarted:
        return "not started yet. Replace the ... and run this cell again."
    except Exception as error:
        if error is asked.error:
            raise error.with_traceback(asked.traceback) from error.__cause__
        if isinstance(error, AssertionError):
            raise WrongAnswer(f"{asked.name}: {error}") from None
        error.add_note(f"This came from the check, which could not read what {asked.name} returned.")
        raise
    _right[asked.name] = asked.function
    return "correct on every case tried."


def _offer(hints):
    more = ipywidgets.Button(description="Hint 1 of 3")
    shown = ipywidgets.HTML()

    def show_next(_button):
        count = min(shown.value.count("role=") + 1, 3)
        shown.value = "".join(message(f"{number}. {hint}") for number, hint in enumerate(hints[:count], start=1))
        more.description = f"Hint {count + 1} of 3" if count < 3 else "No more hints"
        more.disabled = count == 3

    more.on_click(show_next)
    twin = "" if has_controls() else _folded(hints)  # where a button can show them, they are not on the page before
    show_widget(ipywidgets.VBox([more, shown]), "(Three hints here, in JupyterLab.)", twin)


def _folded(hints):
    return "".join(f"<details><summary>Hint {n}</summary>{escape(hint)}</details>" for n, hint in enumerate(hints, 1))


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
