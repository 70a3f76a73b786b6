"""The painter in a real browser: it counts as the package does, keys alone win the game, a link carries the mask."""

import json
import re

import numpy as np
import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from browser.lab import CHROMIUM, NO_BROWSER, browser_page
from pruning_lab import sparse
from pruning_lab.lesson.frame import explorer
from pruning_lab.lesson.why_prune import explore_painting, painted_mask, trained_block
from pruning_lab.lesson.why_prune.budgets import GAMES, energy, rivals
from pruning_lab.lesson.why_prune.painting import token_of

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=NO_BROWSER)
SIDES = ((12, 12), (16, 64), (64, 20), (32, 32), (64, 64))
HEAD = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Painter</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body { background: white } [data-jp-theme-light="false"] { background: #111; color: #ddd }</style>"""
COUNTS = """cases => JSON.parse(cases).map(({ rows, columns, weights, kept }) => {
    const { counts, tokenOf, maskOf } = DRAWINGS.painting;
    const token = tokenOf(Uint8Array.from(kept), rows, columns);
    const back = maskOf(`https://a.page/painting.html#mask=${token}`, rows, columns);
    const same = back.length === kept.length && kept.every((stays, i) => back[i] === stays);
    return { ...counts(Float32Array.from(weights), kept, rows, columns), token, same };
})"""


@pytest.fixture(scope="module")
def painter(tmp_path_factory):
    """A page with the painter on 12 x 12 weights."""
    path = tmp_path_factory.mktemp("page") / "painter.html"
    shown = f"<h1>Paint a mask</h1><div data-mask-in-address>{explore_painting(trained_block(12)).html()}</div>"
    script = f'<script type="module">{explorer.page_script()};window.DRAWINGS = DRAWINGS</script>'
    path.write_text(f'{HEAD}<body data-jp-theme-light="true"><main>{shown}</main>{script}', encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def browser():
    with browser_page() as page:
        yield page


@pytest.fixture
def page(browser, painter):
    browser.goto("about:blank")
    browser.goto(painter)
    expect(browser.locator("canvas[data-drawn]")).to_have_count(1)
    return browser


def random_cases():
    """Yield 200 blocks with a mask each: at random, with empty rows and columns, in 2:4, in vectors, all pruned."""
    rng = np.random.default_rng(7)
    for number in range(200):
        rows, columns = SIDES[number % len(SIDES)]
        weight = rng.standard_normal((rows, columns)).astype(np.float32)
        weight[rng.random(weight.shape) < 0.05] = 0  # a zero that is kept is a zero all the same
        mask = rng.random(weight.shape) < rng.random()
        if number % 4 == 1:
            mask &= (rng.random(rows) < 0.6)[:, None] & (rng.random(columns) < 0.6)
        if number % 4 == 2:
            mask = (rng.random((rows, columns // 4, 4)).argsort(axis=2) < 2).reshape(rows, columns)
        if number % 4 == 3:
            mask = np.repeat(rng.random((rows // 4, columns)) < rng.random(), 4, axis=0)
        yield weight, mask & (number not in (100, 101))


def nbytes(name, pruned):
    """Return the bytes in a format; None if it is 2:4 and the weight is not."""
    if name == "NOfM" and np.count_nonzero(pruned.reshape(-1, 4), axis=1).max() > 2:
        return None
    return sparse.FORMATS[name].from_dense(pruned).nbytes


def test_the_browser_counts_as_the_package_does(page):
    cases = list(random_cases())
    sent = [
        {"rows": len(mask), "columns": mask.shape[1], "weights": weight.ravel().tolist(), "kept": bits_of(mask)}
        for weight, mask in cases
    ]
    assert len(cases) == 200
    misfits = 0
    for (weight, mask), found in zip(cases, page.evaluate(COUNTS, json.dumps(sent)), strict=True):
        pruned = weight * mask
        left = [int(pruned.any(axis=1).sum()), int(pruned.any(axis=0).sum())]
        expected = {name: nbytes(name, pruned) for name in sparse.FORMATS}
        assert found["bytes"] == {**expected, "dense": weight.nbytes, "left": 4 * left[0] * left[1]}
        assert found["left"] == left
        assert found["nonzeros"] == np.count_nonzero(pruned)
        assert found["energy"] == pytest.approx(energy(weight, mask), rel=1e-12)
        assert found["multiplications"]["dense"] == weight.size
        for game in GAMES:
            assert found[game.unit][game.key] == game.cost(pruned), game.name
        assert found["token"] == token_of(torch.from_numpy(mask))
        assert found["same"]
        misfits += expected["NOfM"] is None
    assert 0 < misfits < 200


def bits_of(mask):
    return mask.ravel().astype(int).tolist()


def table(page):
    return dict(row.split("\t") for row in page.locator("table").inner_text().splitlines())


def said(page):
    return page.locator("p[role=status]").inner_text()


def test_keys_alone_win_the_game(page):
    """To the canvas by Tab, whole rows and columns by Shift and an arrow, until nothing in the budget keeps more."""
    block = trained_block(12).numpy()
    best = rivals(block, GAMES[0], 72)["best"].mask
    for _ in range(5):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "CANVAS":
            break
    assert "over the budget" in page.locator("canvas").get_attribute("aria-label")
    page.keyboard.press("Home")
    assert re.fullmatch(r"row 1, column 1: -?[\d.]+, kept", said(page))
    for column, stays in enumerate(best.any(axis=0)):
        if not stays:
            page.keyboard.press("Shift+ArrowDown")
            assert said(page) == f"12 pruned, row 1, column {column + 1} to row 12, column {column + 1}"
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Home")
    assert best[:, 0].any()  # else a row would be swept the wrong way round
    for stays in best.any(axis=1):
        if not stays:
            page.keyboard.press("Shift+ArrowRight")
        page.keyboard.press("ArrowDown")
    won = "within the budget, the optimum: no mask keeps more."
    expect(page.locator("canvas")).to_have_attribute("aria-label", re.compile(re.escape(won)))
    expect(page.locator("[role=status]").last).to_contain_text(won)  # a screen reader hears it
    shown = table(page)
    assert shown["energy that your mask keeps"] == shown["the optimum"] == f"{energy(block, best):.4f}"
    token = page.get_by_label("Token of this mask").input_value()
    assert np.array_equal(painted_mask(token).numpy(), best)


def test_space_toggles_z_takes_back_and_edges_hold(page):
    canvas = page.locator("canvas")
    for key in ("End", "PageDown", "ArrowRight", "ArrowDown"):
        canvas.press(key)
    assert said(page).startswith("row 12, column 12: ")
    canvas.press("Space")
    assert said(page).endswith(", pruned")
    assert table(page)["multiplications, CSR kernel"] == "143"
    canvas.press("z")
    assert (said(page), table(page)["multiplications, CSR kernel"]) == ("Taken back.", "144")
    canvas.press("Control+z")
    assert said(page) == "Nothing to take back."
    canvas.press("Shift+ArrowRight")  # at the edge already: this place alone
    assert said(page).endswith(", pruned")


def at(page, row, column):
    """Return where a place is on the page."""
    box = page.locator("canvas").bounding_box()
    return box["x"] + (column + 0.5) * 32, box["y"] + 20 + (row + 0.5) * 32


def test_the_mouse_paints_a_line_without_gaps(page):
    page.mouse.move(*at(page, 0, 0))
    page.mouse.down()
    page.mouse.move(*at(page, 6, 11))  # in one leap
    page.mouse.up()
    page.mouse.move(*at(page, 11, 0))  # the button is up
    mask = painted_mask(page.get_by_label("Token of this mask").input_value()).numpy()
    rows, columns = np.nonzero(~mask)
    assert sorted(columns) == list(range(12))
    assert (np.abs(rows - columns * 6 / 11) <= 0.5).all()
    page.mouse.click(*at(page, 0, 0))
    assert said(page).startswith("row 1, column 1: ")
    assert said(page).endswith(", kept")


def test_a_finger_paints(browser, painter):
    phone = browser.context.browser.new_page(has_touch=True, viewport={"width": 400, "height": 900})
    phone.goto(painter)
    canvas = phone.locator("canvas[data-drawn]")
    assert canvas.evaluate("canvas => getComputedStyle(canvas).touchAction") == "none"
    box = canvas.bounding_box()
    assert box["x"] + box["width"] <= 400
    phone.touchscreen.tap(box["x"] + box["width"] / 24, box["y"] + 30)
    assert said(phone).startswith("row 1, column 1: ")
    assert table(phone)["multiplications, CSR kernel"] == "143"
    phone.close()


def test_a_link_carries_a_mask_and_a_damaged_token_is_refused(page, painter):
    page.locator("canvas").press("Shift+ArrowDown")
    page.wait_for_function("location.hash.includes('mask=12x12-')")
    link, token = page.url, page.get_by_label("Token of this mask").input_value()
    assert link == f"{painter}#mask={token}"
    page.goto("about:blank")
    page.goto(link)
    assert table(page)["dense shape left"] == "12 x 11"
    page.get_by_role("button", name="Keep all").click()
    assert table(page)["dense shape left"] == "12 x 12"
    field = page.get_by_label("Token of this mask")
    field.fill(link)  # a whole address will do
    field.press("Enter")
    assert table(page)["dense shape left"] == "12 x 11"
    for damaged in (token[:-1], token.replace("12x12", "12x16"), "<b>"):
        field.fill(damaged)
        field.press("Enter")
        assert said(page) == f"token must be 12x12- and 24 letters; got {damaged}"
        assert table(page)["dense shape left"] == "12 x 11"


def test_the_best_mask_stays_hidden_until_it_is_asked_for_or_reached(page):
    hidden = """canvas => {
        const { data } = canvas.getContext("2d").getImageData(0.75 * canvas.width, 0.88 * canvas.height, 90, 20);
        return !data.some((value, i) => i % 4 === 2 && value > 150 && data[i - 2] < 100);
    }"""
    canvas = page.locator("canvas")
    assert canvas.evaluate(hidden)
    page.get_by_role("button", name="Start from the structured").click()
    assert "no less than both rivals; more can be kept" in canvas.get_attribute("aria-label")
    assert canvas.evaluate(hidden)
    page.get_by_role("button", name="Show the best").click()
    assert not canvas.evaluate(hidden)
    page.get_by_role("button", name="Keep all").click()
    assert not canvas.evaluate(hidden)


def test_every_round_knows_its_rivals(page):
    """In each game and budget, either rival's mask fits, keeps what the table says, and the best one wins."""
    facts = explore_painting(trained_block(12)).facts
    for game in facts["games"]:
        page.get_by_label("What is limited").select_option(f"{game['unit']}: {game['name']}")
        for level, played in enumerate(game["rounds"]):
            page.get_by_role("slider", name="Budget").fill(str(level))
            assert table(page)[f"budget of {game['unit']}"] == f"{played['limit']:,}, {facts['shares'][level]}"
            for button, which in (("magnitude", "magnitude"), ("the structured", "structured"), ("Show the", "best")):
                name = f"Start from {button}" if which != "best" else "Show the best"
                page.get_by_role("button", name=name).click()
                assert table(page)["energy that your mask keeps"] == f"{played[which]['energy']:.4f}"
                assert table(page)["your mask takes"].endswith("(fits)")
            assert "the optimum: no mask keeps more" in page.locator("canvas").get_attribute("aria-label")


@pytest.mark.parametrize("light", ["true", "false"])
def test_nothing_serious_stands_between_the_painter_and_its_reader(page, light):
    page.evaluate(f"document.body.dataset.jpThemeLight = '{light}'")
    found = Axe().run(page).response["violations"]
    assert [(rule["id"], json.dumps(rule["nodes"][0]["html"])) for rule in found if rule["impact"] != "minor"] == []
