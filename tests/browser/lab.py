"""JupyterLab, Voila and a browser for the tests and for benchmarks/widgets.py."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager, nullcontext

import nbformat
from playwright.sync_api import expect, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
NO_BROWSER = f"no browser found: none of {', '.join(BROWSERS)}"
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
OURS = {"include": [[".jp-RenderedMarkdown"], [".jp-OutputArea-output"]]}  # of a notebook in Lab; the rest is Lab's own
AXE = {
    "rules": {"target-size": {"enabled": True}},  # 24 pixels, or as much room around: axe asks only where told
    "resultTypes": ["violations"],  # what is right need not be described, which takes a quarter of the time or more
    "preload": {"assets": ["media"]},  # the style sheets are for no rule that runs; asked for from disk they are errors
}
# A check may mark words that look like others: axe then judges the contrast of the others alone.
LOOKS = "axe.configure({ rules: [{ id: 'color-contrast', selector: ':not([data-alike])' }] });"
RUN_AXE = "async ([within, options]) => (await axe.run(within ?? document, options)).violations"
RUN_ALL_MS = 240_000  # two cores that may be busy with other checks; the lesson itself is timed in its own test
STEP_MS = 60_000


def write_notebook(path, cells):
    """Write a notebook of code cells that have not been run."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata.kernelspec = {"display_name": "Python 3", "language": "python", "name": "python3"}
    nbformat.write(notebook, path)


def set_up(home, extension, settings):
    """Write a user's settings for an extension of a JupyterLab whose home folder is `home`."""
    path = home / ".config" / "jupyter" / "lab" / "user-settings" / "@jupyterlab" / f"{extension}.jupyterlab-settings"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(settings), encoding="utf-8")


def show_every_cell(home):
    """Have every cell of a notebook on the page, not only those in sight."""
    set_up(home, "notebook-extension/tracker", {"windowingMode": "none"})


def entries(journal):
    """Return what a journal holds."""
    return json.loads(journal.read_text(encoding="utf-8"))["entries"]


def running_lab(home, journal):
    """A JupyterLab whose home folder is `home`, with nothing of this computer's user; yields its address."""
    settings = ["--allow-root", "--ServerApp.ip=127.0.0.1", "--IdentityProvider.token="]
    settings += [f"--ServerApp.root_dir={home}", "--LabApp.news_url="]
    return running(home, journal, "/api", "jupyter", "lab", *settings)


@contextmanager
def running(home, journal, ready, *command):
    """A server, `python -m` with a command, in the folder `home`; yields its address once `ready` answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {key: value for key, value in os.environ.items() if key not in ("PRUNING_LAB_UNATTENDED", "TQDM_DISABLE")}
    env |= {"HOME": str(home), "PRUNING_LAB_JOURNAL": str(journal), "JUPYTER_PLATFORM_DIRS": "1"}
    command = [sys.executable, "-m", *command, "--no-browser", f"--port={port}"]
    with (home / "server.log").open("w") as log:
        server = subprocess.Popen(command, cwd=home, env=env, stdout=log, stderr=log)
        address = f"http://127.0.0.1:{port}"
        try:
            _wait_for(address + ready, server)
            yield address
        finally:
            server.terminate()
            server.wait(timeout=30)


def _wait_for(url, server):
    for _ in range(120):
        assert server.poll() is None, "the server ended before it answered"
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    raise TimeoutError(f"the server did not answer at {url}")


@contextmanager
def started_chromium():
    """A headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def browser_page(browser=None):
    """An empty page that shares nothing with other pages, of `browser` or of a Chromium of its own."""
    with nullcontext(browser) if browser else started_chromium() as browser:
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        yield page
        page.close()


def serious(page, context=None):
    """Return (rule, the first element) for each rule of axe that a page breaks in a serious or critical way."""
    from axe_playwright_python.base import AXE_SCRIPT  # benchmarks/widgets.py, which has no use for it, needs none

    if not page.evaluate("'axe' in window"):  # a slide is the page of the slide before
        page.evaluate(AXE_SCRIPT + LOOKS)
    found = page.evaluate(RUN_AXE, [context, AXE])
    return [(rule["id"], rule["nodes"][0]["html"]) for rule in found if rule["impact"] in ("serious", "critical")]


# What takes the focus and looks the same with it: a reader with a keyboard does not see where it is.
SAME_WITH_FOCUS = """(within) => {
    const look = (part) => {
        const { outlineStyle, outlineWidth, boxShadow, borderColor, backgroundColor } = getComputedStyle(part);
        return [outlineStyle, outlineWidth, boxShadow, borderColor, backgroundColor].join();
    };
    const parts = document.querySelectorAll(within).values().flatMap((all) =>
        all.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]'));
    return [...new Set(parts)].filter((part) => {
        if (!part.checkVisibility() || part.disabled) return false;
        document.activeElement.blur();
        const before = look(part);
        part.focus({ focusVisible: true });
        return document.activeElement === part && look(part) === before;
    }).map((part) => part.outerHTML.slice(0, 150));
}"""


def same_with_focus(page, within="body"):
    """Return the beginning of the HTML of what takes the focus in parts of a page and does not show it."""
    page.keyboard.press("Tab")  # a browser shows the focus to who uses the keyboard
    return page.evaluate(SAME_WITH_FOCUS, within)


def idle(page):
    """The kernel's place in the status bar, once it is connected and has nothing to do."""
    return page.get_by_role("button", name=re.compile(r"Python 3 .*\| Idle"))


def open_and_run_all(page, address, notebook, last, workspace=""):
    """Open a notebook in Lab and run every cell, until `last`, found on the page, is there.

    Two pages open at once need a workspace each: without, the second takes over the first one's.

    Run All before the kernel is connected silently does nothing: wait for it.
    """
    page.goto(f"{address}/lab{workspace}/tree/{notebook}")
    # A workspace restores its tabs first: the idle kernel may still be another notebook's.
    expect(page.get_by_role("tab", name=notebook, exact=True, selected=True)).to_be_visible(timeout=STEP_MS)
    expect(idle(page)).to_be_visible(timeout=STEP_MS)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    while_it_moves(page, last(page))
    expect(idle(page)).to_be_visible(timeout=RUN_ALL_MS)


def command(page, name):
    """Run a command of JupyterLab from its palette."""
    page.keyboard.press("Control+Shift+C")
    expect(page.locator(".lm-CommandPalette-input")).to_be_focused(timeout=STEP_MS)
    page.keyboard.type(name)
    page.keyboard.press("Enter")


@contextmanager
def busy_kernel(page, free):
    """Keep the kernel of a notebook busy with a new cell at its end, which ends once there is a file `free`."""
    page.locator(".jp-Cell").last.click()
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    page.keyboard.press("Enter")
    code = f"import os, time\nwhile not os.path.exists({str(free)!r}): time.sleep(0.1)"
    page.keyboard.insert_text(code)  # at once: typed, an editor may complete it
    page.keyboard.press("Control+Enter")
    expect(page.locator(".jp-InputPrompt").filter(has_text="[*]")).to_have_count(1, timeout=STEP_MS)
    try:
        yield
    finally:
        free.touch()


def while_it_moves(page, shown):
    """Wait for `shown` as long as the notebook changes: a busy machine is slow, which is not to be stuck."""
    notebook = page.locator(".jp-NotebookPanel:visible")
    before = notebook.inner_text()
    while True:
        try:
            return expect(shown).to_be_visible(timeout=RUN_ALL_MS)
        except AssertionError:
            now = notebook.inner_text()
            if now == before:
                raise
            before = now
