"""Guess before you look: what a cell finds stays closed until the learner opens it."""

from contextlib import contextmanager
from html import escape
from types import SimpleNamespace

import ipywidgets
from IPython.display import display
from IPython.utils.capture import capture_output

from pruning_lab.attendance import attended
from pruning_lab.lesson.frame.frontend import has_controls
from pruning_lab.lesson.frame.keys import expected
from pruning_lab.lesson.frame.predict import Question, asked_html, option_around, option_naming
from pruning_lab.lesson.frame.view import show_widget

CLOSE = 0.1  # a number that somebody writes is right if it is as near as a tenth


@contextmanager
def guess(question, options=None, *, topic):
    """Run the block, but keep what it shows closed until the learner has guessed, or asks to see it without a guess.

    The guess goes to the journal with its confidence, as a prediction does. In an unattended run what the block shows
    is folded up under the question, and no journal is written. An error in the block is shown at once.

    Args:
        question: one plain sentence.
        options: the answers to choose from: a list of strings, or what each stands for, {answer: (low, high)} for a
            range of numbers and {answer: names} for a set of names. None is for a number to write, which is right if it
            is as near as a tenth.
        topic: what the guess is about, in a word or two, for the journal.

    Yields:
        An object whose `answer` the block must set: one of the options, or the number or the set of
        names that was found.

    Raises:
        ValueError: the block set no answer, or one that no option stands for; or, in an unattended run, the lesson's
            `keys.toml` knows the answer, and it is another one.

    >>> with guess("Which is larger?", ["2 ** 3", "3 ** 2"], topic="powers") as found:
    ...     found.answer = "of course"
    Traceback (most recent call last):
    ValueError: answer must be one of ['2 ** 3', '3 ** 2']; got 'of course'
    """
    found = SimpleNamespace(answer=None)
    try:
        with capture_output() as captured:
            yield found
    except BaseException:
        captured.show()
        raise
    answer = _option(options, found.answer)
    wanted = expected(question)
    if str(answer) not in wanted and wanted and not attended():  # a learner's machine may find otherwise
        raise ValueError(f"answer must be {' or '.join(map(repr, wanted))}, as keys.toml has it; got {answer!r}")
    (_ask if has_controls() else _fold)(question, options, answer, _outputs(captured), topic)


def _option(options, answer):
    """Return the answer as the learner will read it: one of the options, or a number."""
    if isinstance(options, dict) and answer is not None:
        return (option_naming if isinstance(answer, set) else option_around)(options, answer)
    if answer is None or (options is not None and answer not in options):
        raise ValueError(
            f"answer must be {'set in the block' if options is None else f'one of {options}'}; got {answer!r}"
        )
    return answer


def _outputs(captured):
    """Return what a block printed and showed, as a notebook keeps outputs: first the words, then the pictures."""
    streams = (("stdout", captured.stdout), ("stderr", captured.stderr))
    printed = [{"output_type": "stream", "name": name, "text": text} for name, text in streams if text]
    shown = [{"output_type": "display_data", "data": o.data, "metadata": o.metadata or {}} for o in captured.outputs]
    return printed + shown


def _ask(question, options, answer, outputs, topic):
    def is_right(choice):
        return _is_near(choice, answer) if options is None else choice == answer

    def reveal():
        return answer, [ipywidgets.Output(outputs=tuple(outputs))], is_right

    listed = None if options is None else list(options)
    asked = Question(question, listed, reveal, topic, may_skip=True, asks_why=False)
    show_widget(asked.box, question, asked_html("Guess:", listed))


def _is_near(written, answer):
    """Return whether what somebody wrote is the answer, or a number near it.

    >>> _is_near("0,35", 0.36), _is_near("a third", 0.36)
    (True, False)
    """
    try:
        return abs(float(written.replace(",", ".")) - answer) <= CLOSE * abs(answer)
    except (ValueError, TypeError):
        return written.strip().lower() == str(answer).lower()


def _fold(question, options, answer, outputs, _topic):
    """Display a guess for a page without a kernel. Decks and the site find the outputs as they were in its metadata."""
    shown = "".join(map(_html, outputs))
    folded = f"<details><summary>Guess first. Then unfold what one machine found.</summary>{shown}</details>"
    page = {"text/html": asked_html(question, options) + folded, "text/plain": question}
    display(page, raw=True, metadata={"folded": outputs})


def _html(output):
    if "text" in output:
        # JupyterLab's pages set a bare <pre> in the letters around it, and columns of numbers fall apart.
        return f"<pre style='font-family:monospace'>{escape(output['text'])}</pre>"
    data = output["data"]
    if "image/png" in data:
        width = output["metadata"].get("image/png", {}).get("width")  # as wide as any other figure of the page
        look = f' style="width:{width}px; max-width:100%"' if width else ""
        return f'<img alt="{escape(data["text/plain"])}"{look} src="data:image/png;base64,{data["image/png"]}">'
    return data.get("text/html") or f"<pre>{escape(data['text/plain'])}</pre>"
