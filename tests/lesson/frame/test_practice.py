"""Exercises: a stub is told from an answer, hints come one at a time, and an answer's own errors say where."""

import functools
import re

import ipywidgets
import numpy as np
import pytest

from lesson.frame.controls import find
from pruning_lab import lesson
from pruning_lab.lesson.frame import answers, journal, practice


def test_hints_come_one_at_a_time(shown):
    lesson.practice(lambda answer: None, print, "look", "think", "do")
    box = shown[0][0]
    (button,) = find(box, ipywidgets.Button)
    (text,) = find(box, ipywidgets.HTML)
    seen = []
    for _ in range(3):
        button.click()
        seen.append([step in text.value for step in ("1. look", "2. think", "3. do")])
    assert seen == [[True, False, False], [True, True, False], [True, True, True]]
    assert button.disabled


def test_a_wrong_answer_gets_its_hints_too(shown):
    def wrong(answer):
        raise AssertionError("one too many")

    with pytest.raises(AssertionError, match=r"^print: one too many$") as caught:
        lesson.practice(wrong, print, "look", "think", "do")
    assert caught.value.__suppress_context__
    assert find(shown[0][0], ipywidgets.Button, "Hint 1 of 3")


def test_an_answer_that_raises_says_where(shown):
    def my_inverse(weight):
        return 1 / weight

    with pytest.raises(ZeroDivisionError) as caught:
        lesson.practice(lambda answer: answer(0), my_inverse, "look", "think", "do")
    (note,) = caught.value.__notes__
    assert note.startswith("This came from my_inverse, line ")
    assert note.endswith(": return 1 / weight\nIt was called with weight = 0.")


def test_an_assert_of_the_learner_is_not_the_verdict(shown):
    def my_mask(weight):
        assert weight > 1
        return weight

    with pytest.raises(AssertionError) as caught:
        lesson.practice(lambda answer: answer(0), my_mask, "look", "think", "do")
    assert not isinstance(caught.value, answers.WrongAnswer)
    assert "line " in caught.value.__notes__[0]


def test_a_check_that_breaks_says_so(shown):
    with pytest.raises(ZeroDivisionError) as caught:
        lesson.practice(lambda answer: 1 / 0, print, "look", "think", "do")
    assert caught.value.__notes__ == ["This came from the check, which could not read what print returned."]


def test_the_self_check_is_kept(shown, path):
    lesson.self_check("What do you tell them?")
    box = shown[0][0]
    find(box, ipywidgets.Textarea)[0].value = "the kernel must skip them"
    find(box, ipywidgets.Checkbox)[1].value = True
    find(box, ipywidgets.Button)[0].click()
    (entry,) = journal.read()
    assert (entry["answer"], entry["met"]) == ("the kernel must skip them", [practice.SELF_CHECK[1]])


def _passes(weight):
    """Do nothing yet."""
    pass


def _dots(weight): ...


def _raises(weight):
    raise NotImplementedError("later")


@pytest.mark.parametrize(
    "stub",
    [_passes, _dots, _raises, lambda weight: ..., lambda weight: (..., ...)],
    ids=["pass", "dots", "raise", "returns dots", "returns two dots"],
)
def test_a_stub_is_not_started(shown, capsys, stub):
    lesson.practice(lambda answer: answer(1), stub, "look", "think", "do")
    assert "not started yet" in capsys.readouterr().out


class _Identity:
    def __call__(self, weight):
        return weight


@pytest.mark.parametrize(
    ("answer", "name"),
    [(functools.partial(int, base=2), "int"), (_Identity(), "_Identity"), (abs, "abs")],
    ids=["partial", "object", "builtin"],
)
def test_whatever_can_be_called_can_be_right(shown, capsys, answer, name):
    lesson.practice(lambda answer: None, answer, "look", "think", "do")
    assert capsys.readouterr().out == f"{name}: correct on every case tried.\n"


def _forgets(weight):
    weight.sum()


def _sorts(weight):
    return weight.sort()


def _destroys(weight):
    weight *= 0
    return weight


async def _promises(weight):
    return weight


def _yields(weight):
    yield weight


def _generates(weight):
    return (entry for entry in weight)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (_forgets, "_forgets: it returned None: is the return missing?"),
        (_sorts, "_sorts: it returned None: is the return missing? (x.sort() changes x, and returns None)"),
        (_destroys, "_destroys: weight was changed in place"),
        (_yields, "_yields: it holds a yield"),
        (_generates, "_generates: it returned a generator, which makes results one by one: return a list or an array"),
        (_promises, "_promises: it is an async function"),
        (lambda: 1, "keep its first line as it was"),
    ],
    ids=["forgotten return", "result of sort", "in place", "yield", "generator", "coroutine", "signature"],
)
@pytest.mark.filterwarnings("ignore:coroutine")
def test_slips_of_every_exercise(shown, answer, said):
    with pytest.raises(answers.WrongAnswer, match=re.escape(said)):
        lesson.practice(lambda answer: answer(np.ones(3)), answer, "look", "think", "do")


def test_a_branch_without_a_return_is_told_from_a_forgotten_one(shown):
    with pytest.raises(answers.WrongAnswer, match="it returned None: does every branch return"):
        lesson.practice(lambda answer: (answer(1), answer(-1)), lambda x: x if x > 0 else None, "look", "think", "do")


def test_the_lesson_goes_on_with_a_function_that_is_right(shown, capsys):
    def my_double(number):
        return 2 * number

    def doubles(answer):
        answers.require(answer(3) == 6, "twice as much")

    def again():
        lesson.practice(doubles, my_double, "look", "think", "do")

    assert lesson.yours(my_double, otherwise=len) is len  # not checked yet
    again()
    capsys.readouterr()
    assert lesson.yours(my_double, otherwise=len) is my_double
    assert capsys.readouterr().out == "my_double is right, so this lesson goes on with yours.\n"
    assert practice.working()["my_double"]


def test_the_lesson_goes_on_with_the_package_where_an_answer_is_wrong_or_was_changed(shown, capsys):
    def named(function):
        function.__name__ = "my_length"
        return function

    def checks(answer):
        answers.require(answer([0, 0]) == 2, "count")

    right, wrong = named(lambda text: 2), named(lambda text: 3)
    lesson.practice(checks, right, "look", "think", "do")
    assert lesson.yours(wrong, otherwise=len) is len  # another function of that name: not the one that was checked
    with pytest.raises(answers.WrongAnswer):
        lesson.practice(checks, wrong, "look", "think", "do")
    assert lesson.yours(wrong, otherwise=len) is len
    assert lesson.yours(right, otherwise=len) is len  # what was checked last counts
    said = "my_length is not right yet, so this lesson goes on with the package's.\n"
    assert capsys.readouterr().out.endswith(said)
    assert not practice.working()["my_length"]


@pytest.mark.parametrize(("answer", "otherwise", "name"), [(3, len, "answer"), (len, None, "otherwise")])
def test_what_cannot_be_called_is_refused(answer, otherwise, name):
    with pytest.raises(TypeError, match=f"^{name} must be a function; got "):
        lesson.yours(answer, otherwise)
