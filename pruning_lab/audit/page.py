"""An audit as HTML: in a notebook, and as one page of its own."""

from html import escape
from typing import TYPE_CHECKING

from pruning_lab.plots.canvas import image_html
from pruning_lab.tables import page_html, table_html

from . import drawings
from .verdicts import fastest

if TYPE_CHECKING:
    from .report import Audit


def whole(audit: "Audit") -> str:
    """Return a page that needs no other file."""
    title = f"Audit of {audit.facts['network']}"
    return page_html(title, body(audit))


def body(audit: "Audit") -> str:
    """Return the verdicts, the figures and the tables."""
    parts = [f"<p>{escape(audit.conditions)}</p>", _list(audit.verdict)]
    if audit.find("share"):
        parts.append(_figure(*drawings.time_shares(audit.findings)))
    if audit.find("bytes"):
        parts.append(_figure(*drawings.bytes_against_density(audit.findings)))
    parts += [_layers(audit), _groups(audit), "<p><b>Not looked at</b></p>", _list(audit.unseen)]
    return "".join(parts)


def _list(sentences):
    return "<ul>" + "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences) + "</ul>"


def _figure(axes, words):
    return f"<p>{image_html(axes, words)}</p><details><summary>In words</summary>{escape(words)}</details>"


def _layers(audit):
    header = ["layer", "weights", "share of the time", "fastest sparse kernel", "against dense", "pays from density"]
    return table_html(
        header, [_layer(audit, name) for name in audit.layers], "Layers, those that take the most time first"
    )


def _layer(audit, name):
    source, batch = audit.facts["measured on"].get(name, name), audit.facts["batch sizes"][0]
    share, best = audit.find("share", where=name), fastest(audit.findings, source, batch)
    density = max((f.value for f in audit.find("pays from", where=source, batch=batch)), default=None)
    return [
        name,
        f"{audit.find('size', where=name)[0].value:,}",
        f"{100 * share[0].value:.1f} %" if share else "not seen",
        f"{best.what} at {best.level:g}" if best else "not timed",
        best.ratio if best else "",
        f"{density:.2g}" if density is not None else "none" if best else "",
    ]


def _groups(audit):
    units = {f.where: f for f in audit.find("group", what="units")}
    rows = []
    for name, unit in units.items():
        macs, parameters = (
            audit.find("group", where=name, what=f"{what} saved")[-1] for what in ("MACs", "parameters")
        )
        times = [f.ratio for f in audit.find("group", where=name, what="smaller")]
        counts = [f"{macs.level:g}", f"{macs.value:,.0f}", f"{parameters.value:,.0f}"]
        rows.append([name, f"{unit.value} x {unit.unit}", *counts, *(times or ["not timed"])])
    header = ["group", "units", "fraction cut", "multiply-accumulates saved", "parameters saved", "against dense"]
    return table_html(header, rows, "Groups of channels, largest saving first") if rows else ""
