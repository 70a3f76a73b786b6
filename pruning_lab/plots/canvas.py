"""What every picture shares: a figure to draw on, and the way into a notebook."""

import base64
import html
import io
import os
from decimal import Decimal

from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from pruning_lab.attendance import attended
from pruning_lab.plots.style import PAGE, SLIDE, Style, drawn_for, smallest_text

# Figures are drawn for paper. In JupyterLab's dark theme light and dark change places, and hues stay.
DARK = 'body[data-jp-theme-light="false"] .pruning-lab-figure {filter: invert(0.88) hue-rotate(180deg)}'


def new_axes(width: float = 6.4, height: float = 4.0) -> Axes:
    """Return the axes of a new figure of `width` by `height` inches that cuts nothing off.

    >>> new_axes(5, 3).figure.get_size_inches().tolist()
    [5.0, 3.0]
    """
    return Figure(figsize=(width, height), layout="constrained").add_subplot()


def png(picture: Axes | Figure, dpi: float | None = None, style: Style = PAGE) -> bytes:
    """Return axes or a figure as the bytes of a PNG; the figure itself stays as it is.

    Args:
        picture: axes or figure.
        dpi: pixels per inch; None takes those of the style.
        style: where it will be shown, PAGE or SLIDE of `plots.style`.

    >>> png(new_axes())[1:4]
    b'PNG'
    """
    content, figure = io.BytesIO(), _figure(picture)
    with drawn_for(figure, style):
        figure.savefig(content, format="png", dpi=dpi or style.dpi)
    return _in_few_colours(content, style.colours) if style.colours else content.getvalue()


def _in_few_colours(content, colours):
    few = io.BytesIO()
    Image.open(content).convert("RGB").quantize(colours, dither=Image.Dither.NONE).save(
        few, format="png", optimize=True
    )
    return few.getvalue()


def page_size(picture: Axes | Figure) -> tuple[int, int]:
    """Return width and height of axes or a figure on a page, in CSS pixels, 96 to an inch.

    >>> page_size(new_axes(5, 3))
    (480, 288)
    """
    width, height = _figure(picture).get_size_inches()
    return round(96 * width), round(96 * height)


def show(picture: Axes | Figure, alt: str) -> None:
    """Put axes or a figure into the notebook, with a description in words.

    In a lesson that somebody runs, the words are the image's `alt`. The committed notebooks hold plain PNGs, with the
    words as `alt` metadata for page templates that use it; JupyterLab, GitHub and nbconvert's own templates do not. So
    the words also stand below the picture, folded up under "In words". Words are compared when notebooks are tested:
    leave out what a second run would measure differently.

    Args:
        picture: axes or figure.
        alt: what a reader would see and should notice, in a sentence or two.

    >>> show(new_axes(), "")
    Traceback (most recent call last):
    ValueError: alt must say what the picture shows; got ''
    """
    if not isinstance(alt, str):
        raise TypeError(f"alt must be a string; got {type(alt).__name__}")
    if not alt.strip():
        raise ValueError(f"alt must say what the picture shows; got {alt!r}")
    if attended():
        display({"text/html": f"<style>{DARK}</style>{image_html(picture, alt)}", "text/plain": alt}, raw=True)
    else:
        _show_png(picture, alt)
    words = f"<details><summary>In words</summary>{html.escape(alt)}</details>"
    display({"text/html": words, "text/plain": alt}, raw=True)


def image_html(picture: Axes | Figure, alt: str, dpi: float = 144) -> str:
    """Return axes or a figure as an HTML image with alt text.

    >>> image_html(new_axes(5, 3), "an empty frame")[:24]
    '<img alt="an empty frame'
    """
    data = base64.b64encode(png(picture, dpi)).decode("ascii")
    look = f'class="pruning-lab-figure" style="width:{page_size(picture)[0]}px; max-width:100%"'
    return f'<img alt="{html.escape(alt)}" {look} src="data:image/png;base64,{data}">'


def _show_png(picture, alt):
    width, height = page_size(picture)
    image = {"image/png": base64.b64encode(png(picture)).decode(), "text/plain": alt}
    display(image, raw=True, metadata={"image/png": {"alt": alt, "width": width, "height": height}, **_slide(picture)})


def _slide(picture):
    """Return, while notebooks are refreshed, the same figure for the deck, which must not measure it again.

    It goes along as metadata: no reader of a notebook sees it, and tests compare outputs without it.
    """
    if "PRUNING_LAB_FOR_SLIDES" not in os.environ:
        return {}
    image = base64.b64encode(png(picture, style=SLIDE)).decode()
    return {"slide": {"image/png": image, "smallest_text": round(smallest_text(_figure(picture), SLIDE), 1)}}


def tidy(ax, width=6.4, height=4.0):
    """Return `ax`, or new axes where it is None, without the frame's upper and right lines."""
    ax = new_axes(width, height) if ax is None else ax
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def percent(share):
    """Return a share in [0, 1] as per cent, to three digits; to more where those would say all, or none.

    >>> percent(0.7), percent(0.985), percent(1)
    ('70 %', '98.5 %', '100 %')
    >>> percent(1 - 1 / 90_000), percent(1 / 90_000)
    ('99.999 %', '0.00111 %')
    """
    for digits in range(3, 17):
        text = f"{100 * share:.{digits}g}"
        if share >= 1 or float(text) < 100:
            break
    return f"{format(Decimal(text), 'f')} %"


def _figure(picture):
    if not isinstance(picture, Axes | Figure):
        raise TypeError(f"picture must be matplotlib axes or a figure; got {type(picture).__name__}")
    return picture.get_figure(root=True) if isinstance(picture, Axes) else picture
