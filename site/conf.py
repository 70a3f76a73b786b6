"""The site: `make site`. Pages of this folder, the executed lessons, decks; nothing that the network must bring."""

import json
from html import escape
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import latex2mathml.converter
import nbformat
from docutils import nodes

from knockouts import matrix
from pruning_lab.homework.frame import sandbox
from pruning_lab.homework.frame.assignments import sources
from pruning_lab.homework.frame.questions import HEADING
from pruning_lab.lesson.frame.checklist import ASKED, load_checklists
from pruning_lab.lesson.frame.claims import SOURCES, load_claims
from pruning_lab.lesson.frame.explorer import folded
from pruning_lab.lesson.frame.figures import found, in_words
from pruning_lab.lesson.frame.lessons import lesson, lessons
from pruning_lab.lesson.frame.slides import BUILD, title_of
from pruning_lab.lesson.frame.slides.explorers import redrawn, shows_explorer
from pruning_lab.lesson.frame.slides.outputs import Outputs
from pruning_lab.lesson.frame.slides.page import explorer_script
from pruning_lab.lesson.why_prune import explore_painting, trained_block
from pruning_lab.tables import table_html

ROOT = Path(__file__).parents[1]

project = "Pruning"
author = "the authors of the pruning course"
html_title = "When does a zero pay? A course on pruning"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinxcontrib.bibtex"]
include_patterns = [
    "site/*.md",
    *(f"notebooks/{each.notebook.name}" for each in lessons()),
    "notebooks/homework/README.md",
]
root_doc = "site/index"
html_theme = "sphinx_book_theme"
html_theme_options = {"navigation_with_keys": False, "show_navbar_depth": 1, "use_download_button": False}
html_context = {"default_mode": "auto"}  # light or dark, as the reader's system is set
html_math_renderer = "mathml"
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_search_summary = False  # an excerpt would show what a page keeps folded up
bibtex_bibfiles = [f"../{SOURCES.relative_to(ROOT)}"]
bibtex_default_style = "plain"
nb_execution_mode = "off"  # the outputs are those committed, which the tests compare
nb_ipywidgets_js = {}  # widgets need a kernel; each leaves a figure or words on the page instead
myst_enable_extensions = ["dollarmath", "substitution"]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
napoleon_google_docstring = True
napoleon_use_ivar = True  # attributes that a docstring lists are in the index once, as members
suppress_warnings = ["myst.xref_missing", "mystnb.unknown_mime_type", "misc.highlighting_failure"]

html_extra_path = [str(BUILD)]
MODULES = (
    *("scores", "masks", "schedules", "sparse", "kernels", "compress", "layers", "channels", "prune", "reconstruct"),
    *(
        "train",
        "sweep",
        "audit",
        "measure",
        "models",
        "data",
        "plots",
        "lesson",
        *(f"lesson.{each.room.name}" for each in lessons()),
    ),
)
FOLLOW_THEME = """const followTheme = () => {
  document.body.dataset.jpThemeLight = String(document.documentElement.dataset.theme !== "dark");
};
new MutationObserver(followTheme).observe(document.documentElement, { attributes: true });
followTheme();
"""


def explorers():
    """Return the explorers of all decks, alive."""
    parts = [f"<h2>{title}</h2>{explorer}" for title, explorer in map(of_deck, sorted(BUILD.glob("*.html")))]
    return "```{raw} html\n" + "\n".join(parts) + alive() + "\n```"


def of_deck(path):
    """Return the title of a deck that was made, and its explorer."""
    page = path.read_text(encoding="utf-8")
    explorer = page.partition('<div class="explorer">')[2].partition("</div>")[0]
    return page.partition("<title>")[2].partition("</title>")[0], f'<div class="explorer">{explorer}</div>'


def alive():
    """Return what brings the explorers of a page to life; it stands below the last of them."""
    return f'<script type="module">{FOLLOW_THEME}{explorer_script()}</script>'


def painters():
    """Return the painter on a small and on a large block, with the mask in the page's address."""
    parts = []
    for size in (12, 64):
        made = explore_painting(trained_block(size))
        shared = f"<div data-mask-in-address>{made.html()}</div>"
        parts.append(f"<h2>{size} x {size} weights</h2>{shared}{folded(made.plain)}")
    return "```{raw} html\n" + "\n".join(parts) + alive() + "\n```"


def with_explorers(docname, text):
    """Return a lesson's notebook with each explorer alive in place of its plain figure, which is folded up below.

    What says all in the table that the lesson left is redrawn from there; what needs the trained network comes from the
    deck.
    """
    notebook, outputs = nbformat.reads(text, as_version=4), Outputs(ROOT / f"{docname}.ipynb")
    shown = [cell for cell in notebook.cells if cell.cell_type == "code" and shows_explorer(cell.source)]
    for cell in shown:
        again = redrawn(outputs, cell.id)
        explorer = again.html() if again else of_deck(BUILD / f"{Path(docname).name}.html")[1]
        plain = folded(f"{outputs.picture(cell.id).html()}{outputs.table_html(cell.id)}")
        page = explorer + plain + (alive() if cell is shown[-1] else "")
        cell.outputs = [nbformat.v4.new_output("display_data", {"text/html": page})]
    return nbformat.writes(with_words(notebook))


def with_words(notebook):
    """Put the words of a cell's figures, which its notebook keeps beside them, where the page takes `alt` from."""
    for cell in notebook.cells:
        kept = [output.get("metadata", {}).get("image/png", {}) for output in cell.get("outputs", [])]
        words = " ".join(image["alt"] for image in kept if "alt" in image)
        if words:
            cell.metadata["mystnb"] = {"image": {"alt": " ".join(words.split())}}
    return notebook


def decks():
    """Return a list of links to the decks, which stand beside the pages."""
    lines = [f'<li><a href="../{each.stem}.html">{title_of(each.deck)}</a></li>' for each in lessons()]
    return "```{raw} html\n<ul>" + "".join(lines) + "</ul>\n```"


def claims():
    """Return every claim of the course with its sources as citations, then the bibliography."""
    parts = []
    for each in lessons():
        outputs = Outputs(each.notebook)
        parts += [f"## Lesson {each.number}", *(claim(row, outputs) for row in load_claims(each.number))]
        parts += [checklists(load_checklists(each.number))]
    return "\n\n".join([*parts, "## Sources", "```{bibliography}\n:all:\n```"])


def claim(row, outputs):
    """Return one claim as Markdown, its figure folded up: it answers what a lesson asks."""
    cited = ",".join(row["sources"])
    figure = in_words(found(row["figure"], outputs.text(row.get("figure_in", row["evidence"]))))
    statement, limits = (row[part].replace("*", "\\*") for part in ("statement", "limits"))  # 2**k is no bold k
    return (
        f"**{statement}** {{cite}}`{cited}`\n\nShown by the cell `{row['evidence']}`."
        f"{conditions(row)} Not claimed: {limits} Reviewed {row['reviewed']}.\n\n"
        f"```{{raw}} html\n<details><summary>The course's figure</summary><p>{escape(figure)}</p></details>\n```"
    )


def conditions(row):
    """Return where a claim is made, if not everywhere, what was measured beforehand, and the experiment behind it."""
    processors = [name for name in row.get("processors", []) if name != "any"]
    where = f" Claimed for {' and '.join(processors)} alone." if processors else ""
    before = f" Measured beforehand: `python -m {row['beforehand']}`." if "beforehand" in row else ""
    return where + before + (f" Checklist: *{row['checklist']}*." if "checklist" in row else "")


def checklists(found):
    """Return what a lesson's accuracy claims report, an experiment a column, folded up; nothing where it has none."""
    if not found:
        return ""
    header = ["what an accuracy claim must report", *found]
    rows = [[what, *(entries[name] for entries in found.values())] for name, what in ASKED.items()]
    table = table_html(header, rows)
    return f"```{{raw}} html\n<details><summary>Checklist of accuracy claims</summary>{table}</details>\n```"


def api():
    """Return the reference of all modules, from their docstrings."""
    return "\n\n".join(f"## {name}\n\n{reference(f'pruning_lab.{name}')}" for name in MODULES)


def reference(module):
    """Return the reference of a module; where it lists what it imports, of that too."""
    gathers = hasattr(import_module(module), "__all__")
    options = "   :members:\n" + "   :imported-members:\n" * gathers
    return f"```{{eval-rst}}\n.. automodule:: {module}\n{options}```"


def measured():
    """Return what each lesson took, as a table."""
    results = json.loads((ROOT / "benchmarks" / "hub.json").read_text(encoding="utf-8"))
    lines = ["| lesson | memory, peak | processor time | Run All takes |", "|---|---|---|---|"]
    for each in lessons():
        took = results["alone"].get(each.stem)
        cells = (
            "not measured yet | | "
            if took is None
            else "{peak_mb:,} MB | {cpu_s:.0f} s | {seconds:.0f} s".format(**took)
        )
        lines.append(f"| {each.stem} | {cells} |")
    return "\n".join(lines)


def homework():
    """Return what each assignment asks and gives, as a table, from the headings of its questions."""
    lines, sums = (
        ["| homework | questions | points by checks | by a reader | in all |", "|---|---|---|---|---|"],
        [0, 0, 0],
    )
    for name, path in sources().items():
        cells = nbformat.read(path, as_version=4).cells
        asked = [(match, cell.source.partition("\n")[0]) for cell in cells if (match := HEADING.match(cell.source))]
        read = sum(int(match[3]) for match, heading in asked if "read by a person" in heading)
        points = sum(int(match[3]) for match, _ in asked)
        sums = [before + more for before, more in zip(sums, (points - read, read, points), strict=True)]
        lines.append(f"| {name} | {'; '.join(match[2] for match, _ in asked)} | {points - read} | {read} | {points} |")
    return "\n".join([*lines, f"| all | | {sums[0]} | {sums[1]} | {sums[2]} |"])


def numbers():
    """Return the numbers that pages name as {{ name }}: measured ones, and what follows from them by arithmetic."""
    hub = json.loads((ROOT / "benchmarks" / "hub.json").read_text(encoding="utf-8"))
    crowd, grading = hub["at_once"], hub["grading_s"]
    first = next(iter(hub["alone"].values()))
    each, largest = crowd["memory_mb"] / crowd["kernels"], max(took["peak_mb"] for took in hub["alone"].values())
    crowded = crowd["seconds"] / (crowd["kernels"] * first["cpu_s"] / hub["cores"])
    return _imagenet() | {
        "kernels": crowd["kernels"],
        "cores": hub["cores"],
        "crowd_s": f"{crowd['seconds']:.0f}",
        "alone_s": f"{first['seconds']:.0f}",
        "crowd_gb": f"{crowd['memory_mb'] / 1000:.1f}",
        "each_mb": f"{each:.0f}",
        "thirty_gb": f"{30 * each / 1000:.0f}",
        "largest_mb": f"{largest:,}",
        "thirty_largest_gb": f"{30 * largest / 1000:.0f}",
        "thirty_cpu_s": f"{30 * first['cpu_s']:.0f}",
        "crowded": f"{crowded:.1f}",
        "on_8_s": f"{crowded * 30 * first['cpu_s'] / 8:.0f}",
        "on_16_s": f"{crowded * 30 * first['cpu_s'] / 16:.0f}",
        "explorers_mb": hub["explorers"]["peak_mb"],
        "explorers_s": f"{hub['explorers']['seconds']:.0f}",
        "grading_s": f"{grading:.2f}",
        "limit_s": sandbox.SECONDS,
        "thousand_min": f"{1000 * grading / 60:.0f}",
        "loops_min": f"{10 * sandbox.SECONDS / 60:.0f}",
    }


def _imagenet():
    """Return what VGG-16 on ImageNet would take at the rates that lessons 04 and 05 measured."""
    kernels, shrinking = (Outputs(lesson(number).notebook) for number in ("04", "05"))
    bandwidth = float(kernels.found("limit", r"bandwidth (\d+)")) * 1e9
    work = int(shrinking.found("predict-work", r"picture\s+([\d,]+)").replace(",", ""))
    milliseconds = float(shrinking.found("predict-work", r"time for the batch \[ms\]\s+([\d.]+)"))
    rate, pictures = 128 * work / milliseconds * 1000, 1_281_167
    widths, sides = (64, 64, 128, 128, *[256] * 3, *[512] * 6), (224, 224, 112, 112, *[56] * 3, *[28] * 3, *[14] * 3)
    filters = [9 * before * after for before, after in pairwise((3, *widths))]
    dense = 25088 * 4096 + 4096 * 4096 + 4096 * 1000
    weights, macs = sum(filters) + dense, dense
    macs += sum(count * side**2 for count, side in zip(filters, sides, strict=True))
    epoch = 3 * macs * pictures
    return {
        "vgg_millions": f"{weights / 1e6:.0f}",
        "vgg_mb": f"{4 * weights / 1e6:.0f}",
        "bandwidth": f"{bandwidth / 1e9:.0f}",
        "two_reads_s": f"{8 * weights / bandwidth:.2f}",
        "pictures": f"{pictures:,}",
        "vgg_billions": f"{macs / 1e9:.1f}",
        "epoch_macs": f"{epoch / 1e15:.0f}",
        "rate": f"{rate / 1e9:.0f}",
        "epoch_days": f"{epoch / rate / 86400:.0f}",
    }


myst_substitutions = numbers()
FILLED = {
    "explorers": explorers,
    "painters": painters,
    "decks": decks,
    "claims": claims,
    "api": api,
    "measured": measured,
    "homework": homework,
    "knockouts": matrix.page,
}


def fill(_app, docname, source):
    """Put what is computed where a page says @@name@@, and live explorers into lessons."""
    if docname in {f"notebooks/{each.stem}" for each in lessons()}:
        source[0] = with_explorers(docname, source[0])
    if docname.startswith("site/"):
        for name, made in FILLED.items():
            if f"@@{name}@@" in source[0]:
                source[0] = source[0].replace(f"@@{name}@@", made())


def mathml(kind):
    """Return a visitor that sets a formula as MathML, without a script from the network."""

    def visit(self, node):
        formula = latex2mathml.converter.convert(node.astext(), display=kind)
        self.body.append(f'<div class="math">{formula}</div>' if kind == "block" else formula)
        raise nodes.SkipNode

    return visit


def plain_bars(_app, _what, _name, _object, _options, lines):
    """Keep |w| in a docstring what it is; Sphinx would take it for a name to substitute."""
    lines[:] = [line.replace("|", "\\|") for line in lines]


def plain_bibliography(_app, _page, _template, context, _tree):
    """Take back a role that docutils gives to a bibliography, whose entries are no list items to a screen reader."""
    context["body"] = context.get("body", "").replace('role="list" class="citation-list"', 'class="citation-list"')


def setup(app):
    app.connect("source-read", fill)
    app.connect("autodoc-process-docstring", plain_bars)
    app.connect("html-page-context", plain_bibliography)
    inline, block = (mathml(kind) for kind in ("inline", "block"))
    app.add_html_math_renderer("mathml", inline_renderers=(inline, None), block_renderers=(block, None))
