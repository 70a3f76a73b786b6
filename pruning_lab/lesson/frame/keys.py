"""What no cell may show before it is asked for, in the `keys.toml` of a lesson's room: hints, replies, right answers.

[hints]                a checker's three hints, from a nudge to nearly the answer
csr_arrays = ["...", "...", "..."]

[guesses]              what a run must find, or a list of it, where it may not depend on the machine
"How many go?" = "one"

[inquiry.replies]      what each option hears
[inquiry.questions]    each question with its right option
"""

import inspect
import tomllib
from pathlib import Path

from pruning_lab.lesson.frame import lessons
from pruning_lab.lesson.frame.session import current


def keys_of(room):
    """Return the keys of a room, a folder; empty ones where it has none."""
    path = Path(room) / "keys.toml"
    found = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {"hints": {}, "guesses": {}, "inquiry": {"replies": {}, "questions": {}}, **found}


def hints_for(checker):
    """Return the hints of a checker, from the room that it stands in.

    >>> from pruning_lab.lesson.sparse_storage import exercises
    >>> len(hints_for(exercises.csr_arrays))
    3
    """
    return keys_of(Path(inspect.getfile(checker)).parent)["hints"].get(checker.__name__, [])


def expected(question):
    """Return the options that a guess of the running lesson may end with; none where that is left to the machine."""
    found = keys_of(lessons.lesson(current()).room)["guesses"].get(question, []) if current() else []
    return [found] if isinstance(found, str) else found
