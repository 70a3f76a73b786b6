"""The site, opened from disk with the network cut: every page, no error, nothing asked for, explorers alive."""

import json
import re
import subprocess
import sys
from contextlib import contextmanager
from functools import cache
from html import escape
from urllib.parse import unquote

import pytest
from locks import index_of, leaks, secrets_of

from browser.lab import CHROMIUM, NO_BROWSER, browser_page, same_with_focus, serious
from pruning_lab import data, layers, measure, plots, prune, sparse
from pruning_lab.lesson.frame.lessons import lessons
from pruning_lab.lesson.frame.slides import BUILD
from pruning_lab.lesson.frame.slides.explorers import shows_explorer
from pruning_lab.places import ROOT

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=NO_BROWSER)


@pytest.fixture(scope="module")
def site(tmp_path_factory, decks):
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-W", "--keep-going", "-q", "-c", "site", ".", str(out)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr[-3000:]
    return out


@contextmanager
def noting_page(chromium):
    """A page without a network that notes every trouble."""
    with browser_page(chromium) as page:
        page.context.set_offline(True)
        page.troubles = []
        page.on("pageerror", lambda error: page.troubles.append(str(error)))
        page.on("console", lambda said: page.troubles.append(said.text) if said.type == "error" else None)
        page.on("request", lambda asked: _note(page.troubles, asked.url))
        yield page


@pytest.fixture
def page(chromium):
    with noting_page(chromium) as page:
        yield page


def _note(troubles, url):
    if not url.startswith(("file:", "data:", "blob:")):
        troubles.append(f"asked for {url}")


def pages_of(site):
    decks = {path.name for path in BUILD.glob("*.html")}
    pages = [path for path in sorted(site.rglob("*.html")) if "_static" not in path.parts]
    return [path for path in pages if path.parent != site or path.name not in decks]


def ours_of(site):
    """Return all pages but the search and the index of words, which are the theme's."""
    return [path for path in pages_of(site) if path.parent != site]


# How well words can be read depends on their colour, size and weight and on what lies behind them. A page of the
# reference has ten thousand words, each of which axe gives a place on the page and then a judgement, at 2 ms and more:
# of those that look alike in every theme a few are judged, from all over the page. The others are marked, or left
# as plain text where their part holds nothing but words. axe does not judge a single letter, nor signs alone.
SOME_OF_EACH = """(themes) => {
  const own = (part) => [...part.childNodes].map((node) => node.nodeType === 3 ? node.data : "").join("");
  const word = (part) => part.matches("p, span, em, strong, code, cite");
  const texts = [...document.querySelectorAll("article *")]
    .filter((part) => (word(part) || own(part).trim()) && part.checkVisibility());
  const looks = texts.map(() => "");
  for (const theme of themes) {  // all is asked before anything else is changed: each change is a new layout
    document.documentElement.dataset.theme = theme;
    const known = new Map([[null, ""]]);
    const behind = (part) => {
      if (!known.has(part)) {
        const { backgroundColor, backgroundImage, opacity } = getComputedStyle(part);
        const own = backgroundColor === "rgba(0, 0, 0, 0)" ? "" : backgroundColor;
        known.set(part, behind(part.parentElement) + own + backgroundImage + opacity);
      }
      return known.get(part);
    };
    for (const [number, part] of texts.entries()) {
      const { color, fontSize, fontWeight, textShadow } = getComputedStyle(part);
      looks[number] += [color, fontSize, fontWeight, textShadow, behind(part)].join();
    }
  }
  const all = {}, met = {}, next = {};
  for (const look of looks) all[look] = (all[look] ?? 0) + 1;
  for (const [number, part] of [...texts.entries()].reverse()) {  // what lies in another part comes before it
    const look = looks[number], text = own(part).trim();
    met[look] = (met[look] ?? 0) + 1;
    const due = met[look] >= (next[look] ?? 0) || met[look] === all[look];
    if (due && text.length > 1 && /[\\p{L}\\p{N}]/u.test(text)) {
      next[look] = met[look] + all[look] / 3;
      continue;
    }
    if (word(part) && !part.firstElementChild) part.replaceWith(part.textContent);
    else part.toggleAttribute("data-alike", true);
  }
}"""


SCREEN = {"width": 1400, "height": 1000}
NARROW = {"a telephone": 400, "1280 pixels at 200 %": 640}
WIDE = (400, 1280)
THEMES = ("light", "dark")
FIGURES = """() => [...document.querySelectorAll("article img")].filter((figure) => figure.clientHeight)
  .map((it) => [it.alt, it.clientWidth / it.clientHeight, it.naturalWidth / it.naturalHeight])"""
FORMULAS = """() => [...document.querySelectorAll("article div.math")].map((line) => {
  const [around, formula] = [line, line.firstElementChild].map((part) => part.getBoundingClientRect());
  return [formula.left - around.left, around.right - formula.right];
})"""
OPEN_FOLDS = "document.querySelectorAll('details').forEach((fold) => { fold.shut = !fold.open; fold.open = true; })"
SHUT_FOLDS = "document.querySelectorAll('details').forEach((fold) => { fold.open = !fold.shut; })"
THEME = "(theme) => { document.documentElement.dataset.theme = theme; }"  # all that the theme's own button changes


@pytest.fixture(scope="module")
def seen(site, chromium):
    """{page: what is seen there}: each is opened once for all that is asked of it."""
    ours = ours_of(site)
    with noting_page(chromium) as page:
        return {path: look_at(page, path, path in ours) for path in pages_of(site)}


def look_at(page, path, ours):
    """Open a page; return {what was asked: what was found}. Only our own pages are asked more than two things."""
    page.troubles.clear()
    page.set_viewport_size(SCREEN)
    page.goto(path.as_uri())
    found = {"same with focus": same_with_focus(page, "article")}
    if ours:
        for width in WIDE:
            page.set_viewport_size({"width": width, "height": 800})
            found["figures", width], found["formulas", width] = page.evaluate(FIGURES), page.evaluate(FORMULAS)
        page.evaluate(OPEN_FOLDS)
        for width in NARROW.values():
            page.set_viewport_size({"width": width, "height": 800})
            found["width", width] = page.evaluate("document.scrollingElement.scrollWidth")
        page.evaluate(SHUT_FOLDS)
        page.set_viewport_size(SCREEN)
    if ours:
        page.evaluate("document.activeElement.blur()")
        page.evaluate(SOME_OF_EACH, THEMES)
        for theme in THEMES:
            page.evaluate(THEME, theme)
            found["serious", theme] = serious(page, "article")
    found["troubles"] = [*page.troubles]
    return found


def test_every_page_opens_from_disk(seen):
    assert {"01-why-prune.html", "guide.html", "api.html", "claims.html"} <= {path.name for path in seen}
    assert {path: found["troubles"] for path, found in seen.items() if found["troubles"]} == {}


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


@cache
def all_secrets():
    return sorted({secret for lesson in lessons() for secret in secrets_of(lesson)})


def given_away(pages):
    """Return {name of a page: the secrets that it shows}: a lesson's its own, any other page those of all lessons."""
    own = {lesson.stem: secrets_of(lesson) for lesson in lessons()}
    found = {path.name: leaks(path.read_text("utf-8"), own.get(path.stem, all_secrets())) for path in pages}
    return {name: secrets for name, secrets in found.items() if secrets}


def test_no_page_of_the_site_gives_an_answer_away(site):
    assert len(all_secrets()) > 150
    assert given_away(pages_of(site)) == {}


def test_a_page_that_gives_an_answer_away_is_found(site, tmp_path):
    planted = {f"{lessons()[0].stem}.html": [secrets_of(lessons()[0])[0]], "guide.html": [all_secrets()[0]]}
    for name, (secret,) in planted.items():
        (path,) = (path for path in pages_of(site) if path.name == name)  # a deck has its lesson's name
        page = path.read_text(encoding="utf-8").replace("</article>", f"<p>{escape(secret)}</p></article>")
        (tmp_path / name).write_text(page, encoding="utf-8")
    assert given_away(tmp_path.glob("*.html")) == planted


def told_by_search(site):
    """Return the secrets that the search tells: in a heading that it lists, or in an excerpt of what is folded up."""
    phrases = index_of((site / "searchindex.js").read_text(encoding="utf-8"))
    excerpts = re.search(r"SHOW_SEARCH_SUMMARY: (\w+)", _options(site))[1] == "true"
    return [secret for secret in all_secrets() if secret in phrases] + ["excerpts"] * excerpts


def _options(site):
    return (site / "_static" / "documentation_options.js").read_text(encoding="utf-8")


def test_the_search_gives_no_answer_away(site):
    assert told_by_search(site) == []


def test_an_answer_in_the_search_is_found(site, tmp_path):
    secret, shown = all_secrets()[0], _options(site).replace("SUMMARY: false", "SUMMARY: true")
    index = (site / "searchindex.js").read_text(encoding="utf-8")
    heading = json.dumps({secret: [[0, "x"]]}, ensure_ascii=False)[1:-1]
    (tmp_path / "searchindex.js").write_text(index.replace('"alltitles":{', f'"alltitles":{{{heading},'), "utf-8")
    (tmp_path / "_static").mkdir()
    (tmp_path / "_static" / "documentation_options.js").write_text(shown, encoding="utf-8")
    assert told_by_search(tmp_path) == [secret, "excerpts"]


def test_no_other_file_of_the_site_holds_what_a_page_keeps_closed(site):
    """A notebook, or the source of a page, that is copied along would hold it all."""
    kinds = {path.suffix for path in site.rglob("*") if path.is_file() and "_static" not in path.parts}
    assert kinds <= {".html", ".js", ".inv", ".png", ".svg", ".pickle", ".doctree", ".buildinfo", ""}


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


def test_a_word_that_cannot_be_read_is_found_among_thousands(site, page):
    page.goto((site / "site" / "api.html").as_uri())
    page.evaluate("document.querySelectorAll('article p')[700].innerHTML += '<em class=\"faint\">faint</em>'")
    page.add_style_tag(content=".faint { color: #aaa !important; background: #fff !important; }")
    page.evaluate(SOME_OF_EACH, THEMES)
    assert serious(page, "article") == [("color-contrast", '<em class="faint">faint</em>')]


HIDDEN = {
    "a single letter comes last": "<style>p span {color: #ccc}</style><p><span>model</span> + <span>x</span></p>",
    "what comes last is folded up": "<style>em {color: #ccc}</style><p><em>faint</em></p>"
    "<details><summary>more</summary><p><em>faint</em></p></details>",
    "rows are striped": "<style>tr:nth-child(odd) {background: #ddd} em {color: #767676}</style>"
    "<table><tr><td><em>faint</em><tr><td><em>dark</em></table>",
    "one part has its own colour": "<style>#one p {color: #ccc}</style><div id='one'><p>faint</p></div><p>dark</p>",
    "a letter and a sign": "<style>td {color: #ccc}</style><p>one</p><table><tr><td>3×</td></tr></table>",
    "what comes last is to be heard alone": "<style>b {color: #ccc; font-weight: 400}"
    "p + p b {position: absolute; clip: rect(0, 0, 0, 0)}</style>"
    "<p><b>faint</b></p><p>to hear: <b>one</b> <b>two</b> <b>three</b></p>",
    "what follows is paler": "<style>p + p {color: #ccc}</style><p>one</p><p>two</p><h2>then</h2><p>three</p>",
}


@pytest.mark.parametrize("content", HIDDEN.values(), ids=HIDDEN)
def test_what_is_left_out_hides_no_other(page, content):
    page.set_content(f"<body style='background: #fff; color: #111'><article>{content}</article>")
    page.evaluate(SOME_OF_EACH, THEMES)
    assert [rule for rule, _ in serious(page, "article")] == ["color-contrast"]


@pytest.mark.parametrize("theme", THEMES)
def test_nothing_serious_stands_between_our_pages_and_their_reader(site, seen, theme):
    assert {path: seen[path]["serious", theme] for path in ours_of(site) if seen[path]["serious", theme]} == {}


@pytest.mark.parametrize("width", NARROW.values(), ids=NARROW)
def test_no_page_scrolls_sideways(site, seen, width):
    assert [path for path in ours_of(site) if seen[path]["width", width] > width] == []


@pytest.mark.parametrize("width", WIDE)
def test_figures_keep_their_shape_and_their_words_and_formulas_begin_where_they_are_seen(site, seen, width):
    for path in (site / "notebooks" / f"{lesson.stem}.html" for lesson in lessons()):
        figures, formulas = seen[path]["figures", width], seen[path]["formulas", width]
        assert [words for words, shown, drawn in figures if abs(shown / drawn - 1) > 0.03] == [], path
        assert [words for words, _, _ in figures if "_images" in words or len(words) < 20] == [], path
        aside = [sides for sides in formulas if sides[0] < -1 or (sides[1] > -1 and abs(sides[0] - sides[1]) > 2)]
        assert aside == [], path


def test_what_has_the_focus_is_seen_on_every_page(seen):
    assert {path: found["same with focus"] for path, found in seen.items() if found["same with focus"]} == {}
