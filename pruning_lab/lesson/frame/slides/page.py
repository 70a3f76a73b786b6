"""One HTML page with everything inside: reveal.js, the letters that it uses, and what brings explorers to life."""

import base64
import io
import logging
import re
from functools import cache
from html import escape, unescape
from pathlib import Path

import latex2mathml.converter
import matplotlib
import mistune
import numpy as np
import sphinx_revealjs
import torch
from fontTools import subset
from fontTools.ttLib import TTFont

from pruning_lab import masks, plots
from pruning_lab.lesson.frame import explorer

HERE = Path(__file__).parent
REVEAL = Path(sphinx_revealjs.__file__).parent / "_static" / "revealjs"
FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
MATH = re.compile(r"\$\$(.+?)\$\$|\$(.+?)\$", re.DOTALL)


def html_of(markdown):
    """Return Markdown as HTML, its formulas as MathML."""
    kept = []

    def formula(found):
        display = "block" if found[1] else "inline"
        kept.append(latex2mathml.converter.convert(found[1] or found[2], display=display))
        return f"@@{len(kept) - 1}@@"

    made = mistune.html(MATH.sub(formula, markdown))
    made = re.sub(r"(?<=\d) %", "\u00a0%", made)  # a number and its % stay on one line
    return re.sub(r"@@(\d+)@@", lambda found: kept[int(found[1])], made)


def page(title, body):
    """Return a page that shows the sections in `body` as slides."""
    scripts = [_read(REVEAL / "dist" / "reveal.js"), _read(REVEAL / "plugin" / "notes" / "notes.js")]
    plain = "".join(f"<script>{_safe(script)}</script>" for script in scripts)
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>{_fonts(body)}{_styles()}</style></head>
<body data-jp-theme-light="true"><main class="reveal"><div class="slides">
{body}
</div></main>{plain}
<script type="module">{explorer_script()}{_read(HERE / "deck.js")}</script></body></html>"""


def explorer_script():
    """Return the script that brings the explorers of a page to life, for a script element."""
    return _safe(explorer.page_script())


def emblem():
    """Return the two kinds of zeros as a drawing for title slides: half of the weights scattered, half as columns."""
    scores = torch.rand((8, 8), generator=torch.Generator().manual_seed(1))
    columns = torch.zeros((8, 8), dtype=torch.bool)
    columns[:, masks.keep_channels(scores.sum(dim=0), 0.5)] = True
    squares = "".join(
        f'<rect x="{16 * column + 150 * which}" y="{16 * row}" width="14" height="14"'
        f' fill="{plots.COLOURS["kept" if stays else "pruned"]}"/>'
        for which, mask in enumerate((masks.mask_unstructured(scores, 0.5), columns))
        for (row, column), stays in np.ndenumerate(mask.numpy())
    )
    return f'<svg class="emblem" viewBox="0 0 276 126" aria-hidden="true">{squares}</svg>'


def _styles():
    return "".join(map(_read, (REVEAL / "dist" / "reset.css", REVEAL / "dist" / "reveal.css", HERE / "deck.css")))


def _read(path):
    # A map that is not shipped would be asked for.
    return re.sub(r"/[/*][#] sourceMappingURL=\S+( \*/)?", "", path.read_text(encoding="utf-8"))


def _safe(script):
    return script.replace("</script", "<\\/script")


def _fonts(body):
    """Return both weights of the font with the letters of the body, and those of plain English for explorers."""
    letters = frozenset(unescape(re.sub(r"<[^>]+>", "", body))) | frozenset(map(chr, range(32, 127)))
    return "".join(
        f"@font-face{{font-family:Deck;font-weight:{weight};src:url(data:font/woff;base64,{_font(name, letters)})}}"
        for name, weight in (("DejaVuSans.ttf", 400), ("DejaVuSans-Bold.ttf", 700))
    )


@cache
def _font(name, letters):
    """Return a font with these letters alone, in base64; many decks need the same."""
    font, made = TTFont(FONTS / name, recalcTimestamp=False), io.BytesIO()
    # It says of tables made for other font programs that it leaves them whole.
    logging.getLogger("fontTools.subset").setLevel(logging.ERROR)
    cut = subset.Subsetter(subset.Options(flavor="woff"))
    cut.populate(text="".join(letters))
    cut.subset(font)
    font.flavor = "woff"
    font.save(made)
    return base64.b64encode(made.getvalue()).decode()
