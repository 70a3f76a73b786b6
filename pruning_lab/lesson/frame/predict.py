"""Predict, then reveal: the learner commits to an answer before anything is computed."""

from html import escape

import ipywidgets
from IPython.display import HTML, display

from pruning_lab.lesson.frame import journal
from pruning_lab.lesson.frame.frontend import has_controls
from pruning_lab.lesson.frame.seen import Explanation, ask_what_was_seen
from pruning_lab.lesson.frame.session import current
from pruning_lab.lesson.frame.view import message, noted, show_widget, wide

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
            bears out, and what to show: HTML strings and widgets, in order. An `Explanation` among them waits until
            the learner has said what was seen, or has skipped that.
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
    if not has_controls():
        _show_folded(question, options, reveal)
        return

    def revealed():
        answer, items = reveal()
        return answer, items, answer.__eq__

    asked = Question(question, options, revealed, topic, confidence=confidence)
    show_widget(asked.box, question, asked_html("Answers:", options))


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


class Question:
    """The widgets of one question, and what happens when they are used.

    Args:
        options: a list of answers to choose from; None for a line to write on.
        reveal: returns (answer, items, right): what was found, what to show, and whether a choice is right, a function.
        may_skip: whether the answer can be shown without a guess.
        asks_why: whether to ask for a reason, once the answer is known.
    """

    def __init__(self, question, options, reveal, topic, *, confidence=True, may_skip=False, asks_why=True):
        self.question, self.options, self.reveal, self.topic = question, options, reveal, topic
        self.about = {"lesson": current(), "topic": topic, "question": question}
        self.asks_why = asks_why
        self.committed = None  # the answer, once it is given
        self.choice = _choice(options)
        self.confidence = wide(ipywidgets.RadioButtons, options=CONFIDENCE, value=None, description="How sure are you?")
        self.commit = ipywidgets.Button(description="Commit", button_style="primary", disabled=True)
        self.skip = ipywidgets.Button(description="Show it without a guess", layout={"width": "auto"})
        self.earlier = _earlier(question)
        self.status = ipywidgets.HTML(message(self.earlier or "Choose first. Nothing is shown until you commit."))
        self.revealed = ipywidgets.VBox()
        self.asked = [self.choice, self.confidence] if confidence else [self.choice]
        for control in self.asked:
            control.observe(self._allow_commit, "value")
        self.commit.on_click(self._on_commit)
        self.skip.on_click(self._on_skip)
        heading = ipywidgets.HTML(f"<b>{escape(question)}</b>")
        buttons = ipywidgets.HBox([self.commit, self.skip] if may_skip else [self.commit])
        self.box = ipywidgets.VBox([heading, *self.asked, buttons, self.status, self.revealed])

    def _allow_commit(self, _change):
        unanswered = [control for control in self.asked if control.value in (None, "")]
        self.commit.disabled = self.committed is not None or bool(unanswered)
        if unanswered == [self.confidence]:
            self.status.value = message("Now choose how sure you are.")
        elif not unanswered and self.committed is None:
            self.status.value = message("Commit, and you will see it.")

    def _on_commit(self, _button):
        # Checked again here: a script can press a disabled button, or enable it.
        if self.committed is not None or any(control.value in (None, "") for control in self.asked):
            return
        self._open({"choice": self.choice.value, "confidence": self.confidence.value})

    def _on_skip(self, _button):
        if self.committed is None:
            self._open({})

    def _open(self, committed):
        self.committed = committed
        self._lock(True)
        self.status.value = message("Committed. Measuring on this machine, a few seconds ...") + MOVING
        try:
            answer, items, is_right = self.reveal()
        except Exception as error:  # a callback's traceback is lost in the server's log: say it here, for a retry
            self.status.value = message(f"The measurement failed: {error!r}. Press Commit to try again.")
            self.committed = None
            self.commit.disabled = self.skip.disabled = False
            return
        shown, behind = (
            [_as_widget(item) for item in items if isinstance(item, Explanation) == explains]
            for explains in (False, True)
        )
        if committed:
            shown += self._noted(committed, answer, is_right(committed["choice"]))
            behind += _reason(self.about) if self.asks_why else []
        else:
            self.status.value = message(f"Measured: {answer}.")
        if committed and not self.earlier:  # nobody is asked twice
            seen = {**self.about, "answer": str(answer)}
            shown.append(ask_what_was_seen(seen, lambda: self._show(behind)))
        else:
            shown += behind
        self._show(shown)

    def _noted(self, committed, answer, right):
        """Put what was predicted into the journal, and say so; return what says where."""
        outcome = "as you predicted" if right else f"you predicted: {committed['choice']}"
        self.status.value = message(f"Measured: {answer} ({outcome}).")
        entry = {"options": self.options, **committed, "answer": str(answer), "right": right}
        return [ipywidgets.HTML(noted("prediction", **self.about, **entry))]

    def _show(self, widgets):
        self.revealed.children = [*self.revealed.children, *widgets]

    def _lock(self, locked):
        for control in (*self.asked, self.commit, self.skip):
            control.disabled = locked


def _choice(options):
    if options is None:
        return wide(ipywidgets.Text, value="", description="Your guess:")
    return wide(ipywidgets.RadioButtons, options=options, value=None, description="Your answer:")


def _earlier(question):
    """Return what the journal knows of a question: the first answer, which alone counts; nothing if there is none."""
    try:
        first = next((e for e in journal.read() if e["kind"] == "prediction" and e.get("question") == question), None)
    except journal.JournalError:
        return ""
    if first is None:
        return ""
    return f"On {first['saved'][:10]} you answered: {first['choice']}. Measured then: {first['answer']}."


def _reason(about):
    reason = wide(ipywidgets.Textarea, description="Why? One sentence:", rows=2)
    save, status = ipywidgets.Button(description="Save reason"), ipywidgets.HTML()

    def on_save(_button):
        status.value = noted("reason", **about, reason=reason.value)

    save.on_click(on_save)
    return [reason, save, status]


def _as_widget(item):
    return item if isinstance(item, ipywidgets.Widget) else ipywidgets.HTML(item)


def asked_html(question, options):
    """Return a question and its options for a page that nobody can answer on."""
    listed = "".join(f"<li>{escape(option)}</li>" for option in options or ())
    return f"<p><b>{escape(question)}</b></p>" + (f"<ul>{listed}</ul>" if listed else "")


def _show_folded(question, options, reveal):
    answer, items = reveal()
    if answer not in options:
        raise ValueError(f"reveal must answer with one of the options; got {answer!r}")
    shown = "".join(item for item in items if isinstance(item, str))
    display(
        HTML(
            f"{asked_html(question, options)}<details><summary>Answer first. Then unfold what one machine "
            f"measured.</summary><p>Measured: {escape(answer)}.</p>{shown}</details>"
        )
    )
