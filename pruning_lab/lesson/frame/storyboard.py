"""A mechanism in a few frames, with a slider."""

import ipywidgets
from matplotlib.figure import Figure

from pruning_lab import plots
from pruning_lab.lesson.frame.view import show_widget, wide
from pruning_lab.plots.canvas import image_html


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
