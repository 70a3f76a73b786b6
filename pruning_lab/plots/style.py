"""The course's colours, and how large words are where a figure is shown: on a page, or for the last row of a room."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text

# The palette of Okabe and Ito (2008, "Color Universal Design"), told apart with every common colour blindness.
COLOURS = {
    "dense": "#000000",
    "kept": "#0072B2",
    "pruned": "#D9D9D9",
    "threshold": "#D55E00",
    "limit": "#D55E00",
    "unstructured": "#E69F00",
    "n_of_m": "#CC79A7",
    "blocks": "#56B4E9",
    "structured": "#009E73",
}
SERIES = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000"]
MARKERS = "osD^vPX"  # curves differ in shape too, for a print in grey


def shade(number: int, place: int, size: int) -> str:
    """Return a colour of the series, the lighter the further along: for `place` of `size`.

    >>> shade(0, 0, 3), shade(0, 2, 3)
    ('#2687be', '#bfdcec')
    """
    light = 0.15 + 0.6 * place / max(size - 1, 1)
    red, green, blue = (part + (1 - part) * light for part in to_rgb(SERIES[number % 6]))
    return to_hex((red, green, blue))


@dataclass(frozen=True)
class Style:
    """How a finished figure is drawn for one place.

    A figure of fewer inches with more dots to each has larger words, lines and markers: all of them grow alike. So a
    slide needs no drawing code of its own, only sizes that are not too far apart.

    Args:
        dpi: dots per inch.
        width, height: inches, a figure is made as wide and at most as high; None leaves it as it was drawn.
        least, most: points; smaller and larger text is brought into these bounds. None leaves it as it was drawn.
        colours: how many the PNG may have; None for all. A drawing needs few, and is a third of the size with them.
    """

    dpi: int
    width: float | None = None
    height: float | None = None
    least: float | None = None
    most: float | None = None
    colours: int | None = None


PAGE = Style(dpi=144)
SLIDE = Style(dpi=256, width=6.25, height=2.7, least=9, most=10.5, colours=64)  # 192 pixels of a slide to an inch


def contrast(colour: object, other: object) -> float:
    """Return the contrast of two of matplotlib's colours as WCAG 2.2 counts it: 1 for the same, 21 for black on white.

    Letters need 4.5, parts of a drawing 3.

    >>> contrast("black", "white"), contrast("#777777", "#777777")
    (21.0, 1.0)
    """
    dark, light = sorted((_luminance(colour), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour):
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in to_rgb(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def smallest_text(figure: Figure, style: Style) -> float:
    """Return the height of the smallest text of a figure in pixels of the PNG of a style.

    >>> figure = Figure()
    >>> _ = figure.text(0, 0, "a caption", fontsize=5)
    >>> smallest_text(figure, PAGE), smallest_text(figure, SLIDE)
    (10.0, 32.0)
    """
    with drawn_for(figure, style):
        texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
        return min((float(text.get_fontsize()) for text in texts), default=0.0) * style.dpi / 72


@contextmanager
def drawn_for(figure: Figure, style: Style) -> Iterator[None]:
    """Give a figure the size and the words of a style for a while; a layout engine solves again as it is drawn.

    >>> figure = Figure(figsize=(10, 4))
    >>> with drawn_for(figure, SLIDE):
    ...     figure.get_size_inches().tolist()
    [6.25, 2.5]
    >>> figure.get_size_inches().tolist()
    [10.0, 4.0]
    """
    width, height = figure.get_size_inches()
    texts, ticks = _texts(figure), _ticks(figure)
    if style.width is not None:
        figure.set_size_inches(style.width, min(style.height or float("inf"), style.width * height / width))
    for part, points in (*texts, *ticks):
        _set_size(part, min(max(points, style.least or points), style.most or points))
    try:
        yield
    finally:
        figure.set_size_inches(width, height)
        for part, points in (*ticks, *texts):
            _set_size(part, points)


def _texts(figure):
    return [(text, text.get_fontsize()) for text in figure.findobj(Text)]


def _ticks(figure):
    """Return each axis with the size of its labels: ticks that a new size brings take it from there."""
    axes = [axis for axes in figure.findobj(Axes) for axis in (axes.xaxis, axes.yaxis)]
    return [(axis, axis.get_ticklabels()[0].get_fontsize()) for axis in axes if axis.get_ticklabels()]


def _set_size(part: Text | Axis, points: float) -> None:
    if isinstance(part, Text):
        part.set_fontsize(points)
    else:
        part.set_tick_params(labelsize=points)
