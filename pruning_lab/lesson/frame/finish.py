"""The last line of a lesson: what now works, what was predicted well, what to do next."""

from pruning_lab.attendance import attended
from pruning_lab.lesson.frame import journal
from pruning_lab.lesson.frame.calibration import first_predictions, shares
from pruning_lab.lesson.frame.lessons import lessons
from pruning_lab.lesson.frame.practice import working
from pruning_lab.lesson.frame.session import current


def finish():
    """Print one line on the lesson that ends: your functions that work, your first answers, and what comes next."""
    if not attended():
        print("This cell shows which of your functions now work, what you predicted well, and what to do next.")
        return
    try:
        entries = [entry for entry in journal.read() if entry.get("lesson") == current()]
    except journal.JournalError:
        entries = []
    print(last_line(working(), first_predictions(entries), current()))


def last_line(exercises, predictions, number):
    """Return the line for {function: whether it is right}, a lesson's first predictions, and its number.

    >>> last_line({"my_mask": True, "my_shrink": False}, [], "01").split(". ")
    ['my_mask works', 'No question was answered', 'Next: my_shrink, then lesson 02.']
    """
    right, still_open = ([name for name, holds in exercises.items() if holds == kind] for kind in (True, False))
    works = f"{_listed(right)} work{'s' if len(right) == 1 else ''}" if right else "None of your functions is right yet"
    later = [lesson.number for lesson in lessons() if number is not None and lesson.number > number]
    then = f"lesson {later[0]}" if later else "a network of your own"
    following = f"{_listed(still_open)}, then {then}" if still_open else then
    return f"{works}. {_predicted(predictions)}. Next: {following}."


def _predicted(predictions):
    by_topic = shares(predictions, "topic")
    if not by_topic:
        return "No question was answered"
    right, asked = map(sum, zip(*by_topic.values(), strict=True))
    well = [topic for topic, (hits, tries) in by_topic.items() if hits == tries]
    best = f", all of them on {_listed(well)}" if 0 < len(well) < len(by_topic) else ""
    return f"{right} of {asked} first answers were right{best}"


def _listed(names):
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
