"""The explorers in a real browser: named controls, a picture that follows at once, kernel busy or not, and no leak."""

import json
import re
import urllib.request

import psutil
import pytest
from playwright.sync_api import expect

from browser.lab import (
    CHROMIUM,
    NO_BROWSER,
    STEP_MS,
    browser_page,
    busy_kernel,
    idle,
    open_and_run_all,
    running_lab,
    write_notebook,
)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=NO_BROWSER)

CELLS = [
    "import torch\nfrom pruning_lab import lesson\n"
    "from pruning_lab.lesson import layer_shrinking, sparse_kernels, why_prune\n"
    'lesson.start("01")\nfirst, second = torch.nn.Linear(40, 300), torch.nn.Linear(300, 100)',
    "why_prune.explore_patterns(second.weight)",
    "layer_shrinking.explore_shrinking(first, second)",
    "sparse_kernels.explore_crossover([0.1, 0.5], [1, 64], [[4, 2], [1, 0.5]])",
    'lesson.explore_accuracy({"one-shot": ([0.5, 0.9], [0.86, 0.4])}, dense=0.87)',
    "why_prune.explore_painting(why_prune.trained_block(12))",
    'print("all shown")',
]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def address(home):
    with running_lab(home, home / "journal.json") as address:
        yield address


@pytest.fixture(scope="module")
def page(home, address):
    write_notebook(home / "explorers.ipynb", CELLS)
    with browser_page() as page:
        open_and_run_all(page, address, "explorers.ipynb", last=lambda page: page.get_by_text("all shown", exact=True))
        expect(page.locator("canvas[data-drawn]")).to_have_count(5, timeout=STEP_MS)
        yield page


def canvas(page, number):
    return page.locator("canvas[data-drawn]").nth(number)


@pytest.mark.parametrize(
    ("number", "name", "said"),
    [
        (0, "Sparsity (pruned)", "0.55"),
        (1, "Sparsity (pruned)", "0.55"),
        (2, "Density (kept)", "0.5"),
        (3, "Batch size (inputs)", "64"),
        (4, "Sparsity (pruned)", "0.9"),
    ],
)
def test_each_slider_has_a_name_says_its_value_and_moves_the_picture(page, number, name, said):
    slider = page.get_by_role("slider").nth(number)
    slider.scroll_into_view_if_needed()
    picture = canvas(page, (0, 1, 2, 2, 3)[number])
    before = picture.get_attribute("aria-label")
    assert slider.get_attribute("aria-label") == name
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", said)
    expect(picture).not_to_have_attribute("aria-label", before)


def test_a_press_draws_once_and_makes_no_new_row(page):
    picture = canvas(page, 0)
    row = picture.locator("xpath=following-sibling::table//tr").first.element_handle()
    drawn = int(picture.get_attribute("data-drawn"))
    page.get_by_role("slider").first.focus()
    for presses, key in enumerate(("ArrowRight", "ArrowLeft"), start=1):
        page.keyboard.press(key)
        expect(picture).to_have_attribute("data-drawn", str(drawn + presses))
    assert row.evaluate("row => row.isConnected")  # for each new one the whole page would lay itself out


def test_the_browser_counts_as_the_package_does(page):
    """At 0.6 of 100 x 300 weights the picture says what an exact count leaves."""
    slider = page.get_by_role("slider").first
    slider.focus()
    page.keyboard.press("ArrowRight")
    kept = 30_000 - round(0.6 * 30_000)
    expect(canvas(page, 0)).to_have_attribute("aria-label", re.compile(f"scattered: {kept:,} of 30,000 weights stay"))
    blue = canvas(page, 0).evaluate(
        """canvas => {
            const scale = canvas.width / parseFloat(canvas.style.width);
            const [cell, width, height] = [4 / 3, 300, 100];
            const image = canvas.getContext("2d").getImageData(0, 24 * scale, 400 * scale, height * cell * scale);
            let blue = 0;
            for (let i = 0; i < image.data.length; i += 4) blue += image.data[i] < 100 && image.data[i + 2] > 150;
            return blue / (image.data.length / 4);
        }"""
    )
    assert abs(blue - 0.4) < 0.02  # pixels of the canvas, whose cells are not whole pixels


def test_the_choice_of_a_pattern_changes_the_picture(page):
    choice = page.get_by_label("Pattern")
    choice.select_option("whole columns")
    expect(canvas(page, 0)).to_have_attribute("aria-label", re.compile("whole columns"))


def test_keys_paint_a_mask_and_are_not_taken_by_the_page(page):
    """Arrows would go to the next cell, and z would take back the last change to the notebook."""
    painter = page.get_by_role("application")
    painter.scroll_into_view_if_needed()
    painter.focus()
    for key in ("ArrowDown", "ArrowRight", "Space", "Shift+ArrowRight", "z", "z", "Shift+ArrowDown"):
        page.keyboard.press(key)
        expect(painter).to_be_focused()
    said = painter.locator("xpath=following-sibling::p[@role='status']")
    expect(said).to_have_text("11 pruned, row 2, column 2 to row 12, column 2")
    x, y = (painter.bounding_box()[side] for side in ("x", "y"))
    page.mouse.click(x + 16, y + 36)
    expect(said).to_have_text(re.compile("^row 1, column 1: .*, pruned$"))
    expect(painter).to_be_focused()
    field = page.get_by_label("Token of this mask")
    token = field.input_value()
    field.press("End")
    page.keyboard.type("bb")  # in command mode that would add two cells
    expect(field).to_have_value(token + "bb")


def test_the_picture_follows_while_the_kernel_is_busy(page, tmp_path):
    with busy_kernel(page, free=tmp_path / "free"):
        slider = page.get_by_role("slider").first
        slider.scroll_into_view_if_needed()
        before = canvas(page, 0).get_attribute("aria-label")
        slider.focus()
        page.keyboard.press("ArrowLeft")
        expect(canvas(page, 0)).not_to_have_attribute("aria-label", before, timeout=2_000)


def kernel_process(address):
    """The kernel's process: the one that has the running kernel's id on its command line."""
    with urllib.request.urlopen(f"{address}/api/kernels") as answer:
        (kernel,) = json.load(answer)
    return next(p for p in psutil.process_iter(["cmdline"]) if kernel["id"] in " ".join(p.info["cmdline"] or []))


def test_five_hundred_moves_leak_nothing(page, home, address):
    kernel = kernel_process(address)
    slider = page.get_by_role("slider").first
    slider.focus()
    before = kernel.memory_info().rss
    for _ in range(25):
        for key in ("ArrowLeft", "ArrowRight"):
            for _ in range(10):
                page.keyboard.press(key)
    expect(idle(page)).to_be_visible(timeout=STEP_MS)
    assert kernel.memory_info().rss - before < 5_000_000
    page.keyboard.press("Control+s")
    page.wait_for_timeout(2_000)
    assert (home / "explorers.ipynb").stat().st_size < 1_000_000
