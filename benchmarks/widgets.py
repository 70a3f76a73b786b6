"""How long does a key press take to change the picture? Measured in JupyterLab, in a headless Chromium.

From the time stamp of the browser's keydown event to the first animation frame after the picture has changed: the
canvas of an explorer redrawn, or the image of a storyboard replaced. A frame comes every 16.7 ms, so that is the
resolution. There are 30 presses per slider, 300 ms apart; "ratio" is the limit over the median: above 1 is within it.

The painter of masks must follow a hand: two seconds of strokes, one in every frame, each timed from the pointer's event
until the mask is counted and drawn and the page is laid out.

It drives a browser through Playwright, which only the test extra installs, and is skipped if either is missing.
"""

import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from benchmarks.table import Line, Skipped

PRESSES = 30
CELLS = [
    "from pruning_lab.lesson import layer_shrinking, sparse_kernels, why_prune",
    'import torch\nfrom pruning_lab import lesson\nlesson.start("01")',
    "first, second = torch.nn.Linear(40, 300), torch.nn.Linear(300, 100)",
    "why_prune.explore_patterns(second.weight)",
    "layer_shrinking.explore_shrinking(first, second)",
    "sparse_kernels.explore_crossover([0.1, 0.2, 0.5], [1, 8, 64], [[4, 2, 2], [1, 1, 0.5], [0.5, 0.5, 0.4]])",
    'lesson.explore_accuracy({"one-shot": ([0.5, 0.7, 0.9], [0.86, 0.8, 0.4])}, dense=0.87)',
    'lesson.storyboard(why_prune.pruning_frames(second.weight.detach()[:6, :6]), alt="Four frames.")',
    "why_prune.explore_painting(why_prune.trained_block(64))",
    'print("all shown")',
]
SLIDERS = [  # number on the page, what it moves, limit for the median in ms
    (0, "explore_patterns", 16),
    (1, "explore_shrinking", 16),
    (2, "explore_crossover", 16),
    (4, "explore_accuracy", 16),
    (6, "storyboard, which asks the kernel", 100),
]
# How a new picture is noticed: a canvas is stamped each time it is drawn, an HTML widget gets a new image.
WATCH = """handle => {
    const output = handle.closest(".jp-OutputArea-output");
    window.times = [];
    let pressed = null;
    handle.addEventListener("keydown", event => { pressed = event.timeStamp; }, true);
    new MutationObserver(changes => {
        const picture = changes.some(change => change.attributeName === "data-drawn" ||
            [...change.addedNodes].some(node => node.querySelector?.("img") || node.nodeName === "IMG"));
        if (pressed === null || !picture) return;
        const start = pressed;
        pressed = null;
        requestAnimationFrame(() => window.times.push(performance.now() - start));
    }).observe(output, { attributes: true, childList: true, subtree: true });
}"""
# A pointer that goes to and fro over the canvas, down all the while: one stroke in each of 120 frames.
STROKES = """canvas => new Promise(done => {
    const box = canvas.getBoundingClientRect();
    const at = (k) => ({ pointerId: 1, bubbles: true, clientX: box.left + 10 + (k * 53) % (box.width - 20),
        clientY: box.top + 30 + (k * 31) % (box.width - 20) });
    canvas.setPointerCapture = () => {};
    canvas.dispatchEvent(new PointerEvent("pointerdown", at(0)));
    const [times, frames] = [[], []];
    let before = null;
    requestAnimationFrame(function stroke(now) {
        if (before !== null) frames.push(now - before);
        before = now;
        const start = performance.now();
        canvas.dispatchEvent(new PointerEvent("pointermove", at(times.length + 1)));
        document.body.offsetHeight;
        times.push(performance.now() - start);
        if (times.length < 120) return requestAnimationFrame(stroke);
        canvas.dispatchEvent(new PointerEvent("pointerup", at(0)));
        done({ times, frames });
    });
})"""
STROKE_MS = 16


def rows() -> list[Line]:
    """Return one line of the table per slider, and one for the painter.

    Raises:
        Skipped: Playwright or a browser is missing.
    """
    if find_spec("playwright") is None:
        raise Skipped("it needs Playwright (pip install -c constraints.txt playwright) and Chromium")
    from playwright.sync_api import expect  # here, because a plain installation does not have it

    from tests.browser import lab

    if lab.CHROMIUM is None:
        raise Skipped(f"it needs Chromium; {lab.NO_BROWSER}")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        lab.write_notebook(home / "widgets.ipynb", CELLS)
        with lab.running_lab(home, home / "journal.json") as address, lab.browser_page() as page:
            lab.open_and_run_all(page, address, "widgets.ipynb", last=lambda p: p.get_by_text("all shown", exact=True))
            expect(page.locator("canvas[data-drawn]")).to_have_count(5, timeout=lab.STEP_MS)
            return [*(_line(what, limit, _press(page, number)) for number, what, limit in SLIDERS), _painter(page)]


def _press(page, number):
    """Press arrow keys on a slider; return how many milliseconds each press took."""
    slider = page.get_by_role("slider").nth(number)
    slider.scroll_into_view_if_needed()
    slider.focus()
    slider.evaluate(WATCH)
    for press in range(PRESSES):
        page.keyboard.press("ArrowRight" if press % 2 == 0 else "ArrowLeft")
        page.wait_for_timeout(300)
    return page.evaluate("() => window.times")


def _painter(page):
    """Return the line of the painter: how long a stroke takes on 64 x 64 weights, and how many frames came late."""
    canvas = page.locator("canvas[role=application]")
    canvas.scroll_into_view_if_needed()
    found = canvas.evaluate(STROKES)
    q1, median, q3, p90 = np.percentile(found["times"], [25, 50, 75, 90])
    late = sum(frame > 1.5 * 1000 / 60 for frame in found["frames"])
    note = f"120 strokes, median {median:.1f} ms, p90 {p90:.1f} ms; {late} of {len(found['frames'])} frames late"
    return Line(
        "a stroke of the painter, 64 x 64", STROKE_MS / median, STROKE_MS / q3, STROKE_MS / q1, goal=1.0, note=note
    )


def _line(what, limit, times):
    q1, median, q3, p90 = np.percentile(times, [25, 50, 75, 90])
    note = f"{len(times)} presses, median {median:.1f} ms, p90 {p90:.1f} ms (limits {limit}, {2 * limit})"
    return Line(f"key press to picture: {what}", limit / median, limit / q3, limit / q1, goal=1.0, note=note)
