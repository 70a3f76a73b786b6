"""What stands behind a question stays there, in committed outputs and in widgets; planted leaks are found."""

import inspect
import json

import ipywidgets
import nbformat
import pytest
from locks import kept_in_keys, leaks, leaks_of_cells, leaks_of_widgets, secrets_of, widget_states

from lesson.frame.controls import find
from pruning_lab import lesson as course
from pruning_lab.lesson.frame import keys
from pruning_lab.lesson.frame.lessons import lessons
from pruning_lab.places import NOTEBOOKS

each_lesson = pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.stem)
each_notebook = pytest.mark.parametrize("path", sorted(NOTEBOOKS.rglob("*.ipynb")), ids=lambda path: path.stem)


@each_lesson
def test_the_outputs_of_a_lesson_give_nothing_away(lesson):
    secrets = secrets_of(lesson)
    assert len(secrets) > 15
    assert leaks_of_cells(lesson.cells(), secrets) == []


@each_notebook
def test_a_notebook_keeps_no_state_of_widgets(path):
    assert widget_states(json.loads(path.read_text(encoding="utf-8"))) == []


@pytest.fixture
def widgets(monkeypatch):
    """A function that returns the secrets among some that are in the state of widgets made since."""
    before = set(ipywidgets.Widget.get_manager_state()["state"])
    whole = ipywidgets.Widget.get_manager_state

    def only_new():
        states = whole()["state"]
        return {"state": {name: state for name, state in states.items() if name not in before}}

    monkeypatch.setattr(ipywidgets.Widget, "get_manager_state", only_new)
    return leaks_of_widgets


def stub(_checker):
    def answer(*_arguments):
        return ...

    return answer


@each_lesson
def test_no_widget_knows_a_hint_or_a_reply_before_it_is_asked_for(lesson, widgets, attended, shown, path):
    course.inquiry(lesson.number)
    checkers = dict(inspect.getmembers(lesson.module().exercises, inspect.isfunction))
    for name in keys.keys_of(lesson.room)["hints"]:
        course.practice(checkers[name], stub(name))
    secrets = kept_in_keys(lesson)
    assert widgets(secrets) == []
    replies = keys.keys_of(lesson.room)["inquiry"]["replies"]
    for choice in find(shown[0][0], ipywidgets.RadioButtons):  # and every lock opens, whatever is answered
        for option in choice.options:
            choice.value = option
            assert widgets([replies[option]])
    for box, _ in shown[1:]:
        for number in (1, 2, 3):
            find(box, ipywidgets.Button, f"Hint {number} of 3")[0].click()
    hints = [hint for three in keys.keys_of(lesson.room)["hints"].values() for hint in three]
    assert widgets(hints) == hints


@pytest.mark.parametrize("choice", ["one", "seven", None])
def test_a_guess_tells_no_widget_what_was_found_before_it_opens(widgets, attended, shown, path, choice):
    with course.guess("How many?", ["one", "seven"], topic="ties") as found:
        print("exactly one of eight")
        found.answer = "one"
    assert widgets(["exactly one of eight"]) == []
    box = shown[-1][0]
    if choice:
        options, confidence = find(box, ipywidgets.RadioButtons)
        options.value, confidence.value = choice, "certain"
    find(box, ipywidgets.Button, "Commit" if choice else "Show it")[0].click()
    assert widgets(["exactly one of eight"]) == ["exactly one of eight"]


@pytest.mark.parametrize("choice", ["one", "seven"])
def test_a_prediction_tells_no_widget_what_was_measured_before_it_opens(widgets, attended, shown, path, choice):
    course.predict("How many?", ["one", "seven"], lambda: ("one", ["<p>one of eight</p>"]), topic="ties")
    assert widgets(["one of eight"]) == []
    box = shown[-1][0]
    options, confidence = find(box, ipywidgets.RadioButtons)
    options.value, confidence.value = choice, "certain"
    find(box, ipywidgets.Button, "Commit")[0].click()
    assert widgets(["one of eight"]) == ["one of eight"]


SECRET = "exactly one of eight goes"


@pytest.mark.parametrize(
    ("page", "found"),
    [
        (f"<p>So {SECRET}.</p>", [SECRET]),
        ("<p>So <b>exactly one</b>\n of eight goes.</p>", [SECRET]),
        (f"<details><summary>{SECRET}</summary>text</details>", [SECRET]),
        (f"<details open><summary>Guess</summary>{SECRET}</details>", [SECRET]),
        (f"<img alt='A figure: {SECRET}'>", [SECRET]),
        (f"<details><summary>Guess</summary>x</details><p>{SECRET}", [SECRET]),
        (f"<details><summary>Guess</summary><details open><summary>a</summary>{SECRET}</details></details>", []),
        (f"<details><summary>Guess <b>first</b></summary><p>{SECRET}</p></details>", []),
        (f"<details><summary>Guess</summary><img alt='{SECRET}'></details>", []),
        (f"<script>'{SECRET}'</script><style>{SECRET}</style><p hidden>{SECRET}</p>", []),
        (f"<ul><li>{SECRET}</li><li>none</li></ul>", []),
    ],
)
def test_a_page_that_gives_something_away_is_found(page, found):
    assert leaks(page, [SECRET]) == found


@pytest.mark.parametrize(
    "output",
    [
        nbformat.v4.new_output("stream", text=f"{SECRET}\n"),
        nbformat.v4.new_output("display_data", {"text/plain": SECRET, "image/png": ""}),
        nbformat.v4.new_output("display_data", {"text/html": f"<p>{SECRET}</p>", "text/plain": "a page"}),
        nbformat.v4.new_output("display_data", {"text/markdown": f"*{SECRET}*", "text/plain": "a page"}),
    ],
    ids=["printed", "words of a figure", "HTML", "Markdown"],
)
def test_an_answer_in_an_output_is_found(output):
    assert leaks_of_cells([nbformat.v4.new_code_cell("guess()", outputs=[output])], [SECRET]) == [SECRET]


def test_an_answer_in_a_widget_is_found(widgets):
    assert widgets([SECRET]) == []
    hidden = ipywidgets.HTML(f"<p>{SECRET}</p>", layout={"display": "none"})
    assert widgets([SECRET]) == [SECRET]
    hidden.close()


def test_a_state_of_widgets_in_a_notebook_is_found():
    notebook = nbformat.v4.new_notebook(metadata={"widgets": {"application/vnd.jupyter.widget-state+json": {}}})
    assert widget_states(notebook) == ["application/vnd.jupyter.widget-state+json"]
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "a slider"}
    cell = nbformat.v4.new_code_cell("x", outputs=[nbformat.v4.new_output("display_data", view)])
    assert widget_states(nbformat.v4.new_notebook(cells=[cell])) == ["application/vnd.jupyter.widget-view+json"]
