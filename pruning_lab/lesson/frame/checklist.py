"""What a claim about accuracy must report: each thing, or that it is absent.

Four papers together ask for these (Blalock et al. 2020, Liu et al. 2018, Renda et al. 2020, Le and Hua 2021).

An accuracy claim names an experiment, `checklist = "lenet"`; a table `[checklist.lenet]` of the same `claims.toml` has
one line for each entry of ASKED. What was not done begins with "no: ", and says why or where it is.
"""

import tomllib

from pruning_lab.lesson.frame.lessons import lesson as lesson_of

ASKED = {
    "dense": "dense baseline",
    "levels": "more than one level",
    "networks": "more than one network",
    "kept": "count of what is kept",
    "work": "multiply-accumulates",
    "time": "time, apart from them",
    "seeds": "spread over seeds",
    "random": "random control",
    "small": "small network from scratch",
    "budget": "equal budget of retraining",
}
ABSENT = "no: "


def load_checklists(lesson, path=None):
    """Return a lesson's checklists: {experiment: {entry of ASKED: what was reported}}; empty where it has none.

    Args:
        lesson: the lesson's number, such as "01".
        path: the file to read; None reads `claims.toml` in the lesson's own folder.

    Raises:
        ValueError: a checklist lacks an entry, has an empty one, or one that nobody asks for.
    """
    path = path or lesson_of(lesson).claims
    with open(path, "rb") as file:
        found = tomllib.load(file).get("checklist", {})
    for name, entries in found.items():
        odd = sorted(entries.keys() ^ ASKED.keys()) + [entry for entry, text in entries.items() if not text]
        if odd:
            raise ValueError(f"checklist {name} in {path.name} must have {', '.join(ASKED)}; look at {', '.join(odd)}")
    return found


def is_absent(text):
    """Return whether an entry says that something was not done.

    >>> is_absent("no: one seed"), is_absent("none of three seeds differs")
    (True, False)
    """
    return text.startswith(ABSENT)
