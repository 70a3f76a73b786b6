"""Predict, then reveal: the learner commits to an answer before anything is computed."""

import ipywidgets
from IPython.display import HTML, display

from pruning_lab.lesson.frame import journal
from pruning_lab.lesson.frame.session import attended
from pruning_lab.lesson.frame.view import message, show_widget, wide

CONFIDENCE = ("a guess", "fairly sure", "certain")
MOVING = '<progress aria-label="measuring"></progress>'  # nobody knows how long it takes: the browser keeps it moving


def predict(question, options, reveal, *, topic, confidence=True):
    """Ask; wait for Commit; only then compute, and show the answer beside the learner's own.

    Nothing is computed before Commit. The prediction goes to the learner's journal. In an unattended run (tests, a
    page made for reading) the reveal is computed and folded up under the question, and no journal is written.

    Args:
        question: one plain sentence.
        options: two or more answers, distinct strings.
        reveal: called without arguments after Commit; returns (answer, items): the option that the measurement
            bears out, and what to show: HTML strings and widgets, in order.
        topic: what the prediction is about, in a word or two, for the journal.
        confidence: whether to ask how sure the learner is.

    Raises:
        ValueError: fewer than two options, or the same one twice.

    >>> predict("Is it faster?", ["yes"], reveal=None, topic="time")
    Traceback (most recent call last):
    ValueError: options must be at least two distinct answers; got ['yes']
    """
    options = list(options)
    if len(options) < 2 or len(set(options)) < len(options):
        raise ValueError(f"options must be at least two distinct answers; got {options}")
    if not attended():
        _show_folded(question, options, reveal)
        return
    prediction = _Prediction(question, options, reveal, topic, confidence)
    show_widget(prediction.box, f"{question}\n(Open this notebook in JupyterLab to answer.)")


def option_naming(options, found):
    """Return the option that names exactly what was found.

    Args:
        options: {option: names that it stands for}, one of them with None: it stands for all other outcomes.
        found: the names that a measurement bore out.

    Raises:
        ValueError: no option names what was found, and none is for all other outcomes.

    >>> option_naming({"both": ["a", "b"], "none": [], "another": None}, {"a", "b"})
    'both'
    """
    others = [option for option, names in options.items() if names is None]
    exact = [option for option, names in options.items() if names is not None and set(names) == set(found)]
    if not exact + others:
        raise ValueError(f"options must hold one for every outcome, None for all others; got none for {sorted(found)}")
    return (exact + others)[0]


def option_around(options, value):
    """Return the option whose range contains a value.

    Args:
        options: {option: (low, high)}, ranges without gaps; a range includes its low end.

    Raises:
        ValueError: no range contains the value.

    >>> option_around({"slower": (0, 1), "faster": (1, 99)}, 1)
    'faster'
    """
    for option, (low, high) in options.items():
        if low <= value < high:
            return option
    raise ValueError(f"options must have a range that contains every outcome; got none for {value}")


class _Prediction:
    """The widgets of one question, and what happens when they are used."""

    def __init__(self, question, options, reveal, topic, confidence):
        self.question, self.options, self.reveal, self.topic = question, options, reveal, topic
        self.committed = None  # the answer, once it is given
        self.choice = wide(ipywidgets.RadioButtons, options=options, value=None, description="Your answer:")
        self.confidence = wide(ipywidgets.RadioButtons, options=CONFIDENCE, value=None, description="How sure are you?")
        self.commit = ipywidgets.Button(description="Commit", button_style="primary", disabled=True)
        self.status = ipywidgets.HTML(message("Choose first. Nothing is computed until you commit."))
        self.revealed = ipywidgets.VBox()
        self.asked = [self.choice, self.confidence] if confidence else [self.choice]
        for control in self.asked:
            control.observe(self._allow_commit, "value")
        self.commit.on_click(self._on_commit)
        heading = ipywidgets.HTML(f"<b>{question}</b>")
        self.box = ipywidgets.VBox([heading, *self.asked, self.commit, self.status, self.revealed])

    def _allow_commit(self, _change):
        unanswered = [control for control in self.asked if control.value is None]
        self.commit.disabled = self.committed is not None or bool(unanswered)
        if unanswered == [self.confidence]:
            self.status.value = message("Now choose how sure you are.")
        elif not unanswered and self.committed is None:
            self.status.value = message("Commit, and it is measured.")

    def _on_commit(self, _button):
        # Checked again here: a script can press a disabled button, or enable it.
        if self.committed is not None or any(control.value is None for control in self.asked):
            return
        self.committed = {"choice": self.choice.value, "confidence": self.confidence.value}
        for control in (*self.asked, self.commit):
            control.disabled = True
        self.status.value = message("Committed. Measuring on this machine, a few seconds ...") + MOVING
        try:
            answer, items = self.reveal()
        except Exception as error:  # a callback's traceback is lost in the server's log: say it here, for a retry
            self.status.value = message(f"The measurement failed: {error!r}. Press Commit to try again.")
            self.committed, self.commit.disabled = None, False
            return
        choice = self.committed["choice"]
        outcome = "as you predicted" if answer == choice else f"you predicted: {choice}"
        self.status.value = message(f"Measured: {answer} ({outcome}).")
        self.revealed.children = [*map(_as_widget, items), *self._ask_why(answer)]

    def _ask_why(self, answer):
        about = {"topic": self.topic, "question": self.question}
        saved = journal.try_append("prediction", **about, options=self.options, **self.committed, answer=answer)
        reason = wide(ipywidgets.Textarea, description="Why? One sentence:", rows=2)
        save, status = ipywidgets.Button(description="Save reason"), ipywidgets.HTML(message(saved))

        def on_save(_button):
            status.value = message(journal.try_append("reason", **about, reason=reason.value))

        save.on_click(on_save)
        return reason, save, status


def _as_widget(item):
    return item if isinstance(item, ipywidgets.Widget) else ipywidgets.HTML(item)


def _show_folded(question, options, reveal):
    answer, items = reveal()
    if answer not in options:
        raise ValueError(f"reveal must answer with one of the options; got {answer!r}")
    listed = "".join(f"<li>{option}</li>" for option in options)
    shown = "".join(item for item in items if isinstance(item, str))
    display(
        HTML(
            f"<p><b>{question}</b></p><ul>{listed}</ul><details><summary>Answer first. Then unfold what one machine "
            f"measured.</summary><p>Measured: {answer}.</p>{shown}</details>"
        )
    )
