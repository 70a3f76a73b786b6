"""The site, opened from disk with the network cut: every page, no error, nothing asked for, explorers alive."""

import re
import subprocess
import sys
from urllib.parse import unquote

import pytest

from browser.lab import CHROMIUM, NO_BROWSER, browser_page, serious
from pruning_lab import data, layers, measure, plots, prune, sparse
from pruning_lab.lesson.frame.lessons import lessons
from pruning_lab.lesson.frame.slides import BUILD, build
from pruning_lab.lesson.frame.slides.explorers import shows_explorer
from pruning_lab.places import ROOT

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=NO_BROWSER)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    build()  # the pages take the explorers from the decks
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-W", "--keep-going", "-q", "-c", "site", ".", str(out)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr[-3000:]
    return out


@pytest.fixture
def page():
    with browser_page() as page:
        page.context.set_offline(True)
        page.troubles = []
        page.on("pageerror", lambda error: page.troubles.append(str(error)))
        page.on("console", lambda said: page.troubles.append(said.text) if said.type == "error" else None)
        page.on("request", lambda asked: _note(page.troubles, asked.url))
        yield page


def _note(troubles, url):
    if not url.startswith(("file:", "data:", "blob:")):
        troubles.append(f"asked for {url}")


def pages_of(site):
    decks = {path.name for path in BUILD.glob("*.html")}
    pages = [path for path in sorted(site.rglob("*.html")) if "_static" not in path.parts]
    return [path for path in pages if path.parent != site or path.name not in decks]


def test_every_page_opens_from_disk(site, page):
    pages = pages_of(site)
    assert {"01-why-prune.html", "guide.html", "api.html", "claims.html"} <= {path.name for path in pages}
    for path in pages:
        page.goto(path.as_uri())
        assert page.troubles == [], path


def test_the_reference_and_its_index_have_every_function_of_the_packages(site):
    page = (site / "site" / "api.html").read_text(encoding="utf-8")
    wanted = [
        f"{m.__name__}.{n}" for m in (data, layers, measure, plots, prune, sparse) for n in m.__all__ if n.islower()
    ]
    assert [name for name in wanted if f'id="{name}"' not in page] == []


def test_every_link_inside_the_site_leads_somewhere(site):
    dead = []
    for path in pages_of(site):
        for link in re.findall(r'(?:href|src)="([^"#?]+)[^"]*"', path.read_text(encoding="utf-8")):
            if not re.match(r"[a-z]+:", link) and not (path.parent / unquote(link)).exists():
                dead.append((path.name, link))
    assert dead == []


def test_explorers_are_alive_on_their_page(site, page):
    page.goto((site / "site" / "explorers.html").as_uri())
    explorers = page.locator(".explorer")
    assert explorers.count() == len(lessons())
    for number in range(len(lessons())):
        explorer = explorers.nth(number)
        before = explorer.locator("table").inner_text()
        explorer.locator("input").first.press("ArrowRight")
        assert explorer.locator("table").inner_text() != before
    assert page.troubles == []


def test_explorers_are_alive_in_their_lesson(site, page):
    found = {}
    for path in (site / "notebooks" / f"{lesson.stem}.html" for lesson in lessons()):
        page.goto(path.as_uri())
        explorers = page.locator(".explorer")
        found[path.name[:2]] = explorers.count()
        for number in range(explorers.count()):
            knob, table = explorers.nth(number).locator("input").first, explorers.nth(number).locator("table").first
            before = table.inner_text()
            knob.press("ArrowRight")
            assert table.inner_text() != before, path
    shown = {lesson.number: sum(map(shows_explorer, _sources(lesson))) for lesson in lessons()}
    assert found == shown
    assert min(found.values()) > 0
    assert page.troubles == []


def _sources(lesson):
    return ["".join(cell["source"]) for cell in lesson.cells() if cell["cell_type"] == "code"]


def test_search_finds_a_word(site, page):
    page.goto((site / "search.html").as_uri() + "?q=break-even")
    page.wait_for_selector("#search-results li")
    assert "storage" in page.locator("#search-results").inner_text().lower()


# A piece of code takes its colour from its class and from what it lies in: of those with the same, the first is looked
# at, and the others are left as plain text. A page of the reference has ten thousand of them, at 20 ms each.
ONE_OF_EACH = """() => {
  const seen = new Set();
  for (const span of document.querySelectorAll("article pre span, article dt span")) {
    let kind = "";
    for (let at = span; at && at.tagName !== "ARTICLE"; at = at.parentElement) kind += at.tagName + at.className + ">";
    if (seen.has(kind)) span.replaceWith(span.textContent);
    seen.add(kind);
  }
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_serious_stands_between_our_pages_and_their_reader(site, page, theme):
    page.add_init_script(f"localStorage.setItem('mode', '{theme}'); localStorage.setItem('theme', '{theme}')")
    for path in [path for path in pages_of(site) if path.parent != site]:  # search and index of words are the theme's
        page.goto(path.as_uri())
        page.evaluate(ONE_OF_EACH)
        assert serious(page, "article") == [], path
