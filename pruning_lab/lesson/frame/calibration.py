"""How often was the learner right, how sure, and what did they see? Drawn from the journal."""

from IPython.display import HTML, display
from matplotlib.figure import Figure

from pruning_lab import plots
from pruning_lab.attendance import attended
from pruning_lab.lesson.frame import journal
from pruning_lab.lesson.frame.predict import CONFIDENCE
from pruning_lab.tables import table_html

FEW = 5  # below this many, a share says little


def calibration():
    """Show how often your first answers were right, by how sure you were and by topic, and what you then saw.

    Only the first answer to a question counts: by the second time, you have seen the measurement.
    """
    if not attended():
        print("This cell shows how often your predictions were right, and how sure you were of them.")
        return
    try:
        entries = journal.read()
        predictions = first_predictions(entries)
    except journal.JournalError as error:
        print(error)
        return
    if not predictions:
        print("No prediction is in your journal yet. Commit one, and come back.")
        return
    by_confidence, by_topic = parts(predictions)
    plots.show(calibration_figure(by_confidence, by_topic), "; ".join(in_words(by_confidence, by_topic)))
    rows = [[name, right, asked] for part in (by_confidence, by_topic) for name, (right, asked) in part.items()]
    display(HTML(table_html(["", "right", "asked"], rows, f"Your first answers to {len(predictions)} questions")))
    if seen := observations(entries):
        told = "What you saw, in your own words: does each sentence agree with what was measured?"
        display(HTML(table_html(["question", "measured", "you saw"], seen, told)))
    if len(predictions) < FEW:
        print(f"{len(predictions)} answers are few: one more may change every share here.")


def parts(predictions):
    """Return what `shares` says by how sure the learner was, and by topic."""
    return shares(predictions, "confidence", order=CONFIDENCE), shares(predictions, "topic")


def in_words(by_confidence, by_topic):
    """Return one line for each share of right answers.

    >>> in_words({"sure": (1, 2)}, {"time": (3, 3)})
    ['sure: 1 of 2 right', 'time: 3 of 3 right']
    """
    return [f"{name}: {right} of {asked} right" for name, (right, asked) in {**by_confidence, **by_topic}.items()]


def first_predictions(entries):
    """Return the first prediction for each question, in the order of the journal.

    >>> entries = [{"kind": "prediction", "question": "q", "choice": choice} for choice in "ab"]
    >>> [entry["choice"] for entry in first_predictions(entries)]
    ['a']
    """
    first = {}
    for entry in entries:
        if entry["kind"] == "prediction":
            first.setdefault(entry.get("question"), entry)
    return list(first.values())


def observations(entries):
    """Return (question, what was measured, what the learner saw) for each sentence in the journal.

    >>> observations([{"kind": "observation", "question": "q", "answer": "seven", "observation": "all but one went"}])
    [('q', 'seven', 'all but one went')]
    """
    fields = ("question", "answer", "observation")
    return [tuple(e.get(field, "") for field in fields) for e in entries if e["kind"] == "observation"]


def shares(predictions, field, order=()):
    """Return {value of the field: (right, asked)}: first the values in `order`, then the others as they come.

    Predictions without the field are left out.

    >>> prediction = {"choice": "yes", "answer": "yes", "topic": "time"}
    >>> shares([prediction, {**prediction, "answer": "no"}], "topic")
    {'time': (1, 2)}
    """
    values = [entry[field] for entry in predictions if entry.get(field) is not None]
    found = [*(value for value in order if value in values), *(value for value in values if value not in order)]
    rights = {
        value: [e.get("right", e["choice"] == e["answer"]) for e in predictions if e.get(field) == value]
        for value in found
    }
    return {value: (sum(right), len(right)) for value, right in rights.items()}


def calibration_figure(by_confidence, by_topic):
    """Draw both as bars, one for each share of right answers, with its counts; return a matplotlib Figure."""
    figure = Figure(figsize=(9, 1.6 + 0.4 * max(len(by_confidence), len(by_topic))), layout="constrained")
    for axes, title, part in zip(
        figure.subplots(1, 2, sharex=True), ("how sure", "topic"), (by_confidence, by_topic), strict=True
    ):
        bars = axes.barh(list(part), [right / asked for right, asked in part.values()], color=plots.COLOURS["kept"])
        axes.bar_label(bars, [f"{right} of {asked}" for right, asked in part.values()], padding=4)
        axes.set(title=f"by {title}", xlabel="fraction of first answers that were right", xlim=(0, 1.25))
        axes.invert_yaxis()
        axes.spines[["top", "right"]].set_visible(False)
    return figure
