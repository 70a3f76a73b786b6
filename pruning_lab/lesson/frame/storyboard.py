"""A mechanism in a few frames, with a slider; and one picture with questions."""

from html import escape

import ipywidgets
from matplotlib.figure import Figure

from pruning_lab import plots
from pruning_lab.lesson.frame.view import image_html, message, show_widget, wide


def storyboard(frames, *, still=0.5, alt):
    """Show a mechanism as frames that redraw when the sparsity moves.

    All frames appear in a plain figure at sparsity `still`, two to a row; below it, two sliders choose a frame to
    enlarge, and its sparsity.

    Args:
        frames: list of (title, draw) with `draw(axes, sparsity)`, an even number of them.
        still: the sparsity of the plain figure, in [0, 1].
        alt: what the plain figure shows, in a sentence, for those who cannot see it.
    """
    board = Figure(figsize=(9, 3.9 * len(frames) / 2), layout="constrained")
    panels = board.subplots(len(frames) // 2, 2, squeeze=False).flat
    for number, (axes, (title, draw)) in enumerate(zip(panels, frames, strict=True), start=1):
        draw(axes, still)
        axes.set_title(f"{number}: {title}", fontsize=12)
    plots.show(board, alt)
    frame = wide(ipywidgets.IntSlider, value=1, min=1, max=len(frames), description="Frame")
    sparsity = wide(ipywidgets.FloatSlider, value=still, min=0, max=0.95, step=0.05, description="Sparsity (pruned)")
    picture = ipywidgets.HTML()

    def redraw(_change=None):
        title, draw = frames[frame.value - 1]
        # Without a layout engine and at 96 dots per inch it takes a third of the time: it must keep up with the slider.
        axes = Figure(figsize=(5.6, 4.6)).add_subplot()
        draw(axes, sparsity.value)
        axes.set_title(f"{frame.value} of {len(frames)}: {title}", fontsize=12)
        picture.value = image_html(axes, f"{title}, at sparsity {sparsity.value:.2f}", dpi=96)

    frame.observe(redraw, "value")
    sparsity.observe(redraw, "value")
    redraw()
    show_widget(ipywidgets.VBox([frame, sparsity, picture]), "(Two sliders here, frame and sparsity, in JupyterLab.)")


def inquiry(questions):
    """Ask questions about the picture above; each answer gets its own reply, right or wrong.

    Args:
        questions: list of (question, {option: reply}, right option).

    Raises:
        ValueError: the right option is not among the options.
    """
    for question, replies, right in questions:
        if right not in replies:
            raise ValueError(f"the right option must be one of {list(replies)}; got {right!r} for {question!r}")
    boxes = [_inquiry_box(number, *question) for number, question in enumerate(questions, start=1)]
    listed = "\n".join(
        f"{n}. {question} ({' / '.join(replies)})" for n, (question, replies, _) in enumerate(questions, start=1)
    )
    show_widget(ipywidgets.VBox(boxes), listed)


def _inquiry_box(number, question, replies, right):
    heading = ipywidgets.HTML(f"<b>{number}. {escape(question)}</b>")
    choice = wide(ipywidgets.RadioButtons, options=list(replies), value=None, description="I see it in:")
    reply = ipywidgets.HTML()

    def answer(change):
        verdict = "Yes. " if change["new"] == right else "Not quite. "
        reply.value = message(verdict + replies[change["new"]])

    choice.observe(answer, "value")
    return ipywidgets.VBox([heading, choice, reply])
