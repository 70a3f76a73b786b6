"""Two figures: where the time goes and what that allows; and bytes against density."""

from collections import defaultdict
from collections.abc import Sequence

from matplotlib.axes import Axes

from pruning_lab.plots import COLOURS, MARKERS, SERIES, new_axes

from .findings import Finding, selected
from .verdicts import amdahl

SHOWN = 10  # bars; what is left is one more


def time_shares(findings: Sequence[Finding]) -> tuple[Axes, str]:
    """Draw the share of the time of each layer, with the most that pruning it could give; return it and its words."""
    shares = sorted(selected(findings, "share"), key=lambda f: -f.value)
    bars = [(f.where, f.value, not f.where.startswith("(")) for f in shares[:SHOWN]]
    if shares[SHOWN:]:
        bars.append((f"the other {len(shares) - SHOWN}", sum(f.value for f in shares[SHOWN:]), False))
    ax = new_axes(7.2, 1.0 + 0.3 * len(bars))
    colours = [COLOURS["kept"] if prunable else COLOURS["pruned"] for *_, prunable in bars]
    ax.barh([name for name, *_ in bars], [100 * share for _, share, _ in bars], color=colours)
    for place, (_, share, prunable) in enumerate(bars):
        ax.text(100 * share + 0.5, place, f" at most {amdahl(share):.2f}x" if prunable else "", va="center", fontsize=9)
    ax.invert_yaxis()
    ax.spines[["top", "right"]].set_visible(False)
    ax.margins(x=0.2)
    ax.set(xlabel="share of the time [%]\nblue: a layer to prune, and what the network would gain without it")
    parts = ", ".join(
        f"{name} {100 * share:.0f} %{f' (at most {amdahl(share):.2f}x)' if prunable else ''}"
        for name, share, prunable in bars[:6]
    )
    return ax, f"Bars of the share of the time, longest first: {parts}."


def bytes_against_density(findings: Sequence[Finding]) -> tuple[Axes, str]:
    """Draw the bytes of all layers in each format against the density; return it and its words."""
    dense = sum(f.value for f in selected(findings, "bytes", what="dense"))
    sums: dict[str, dict[float, float]] = defaultdict(lambda: defaultdict(float))
    counts: dict[str, int] = defaultdict(int)
    for finding in selected(findings, "bytes"):
        if finding.level is not None:
            sums[finding.what][1 - finding.level] += finding.value
            counts[finding.what] += 1
    whole = {name: curve for name, curve in sums.items() if counts[name] == max(counts.values())}
    ax = new_axes(7.2, 3.8)
    ax.axhline(100, color=COLOURS["dense"], linestyle=":", label="dense")
    for number, (name, curve) in enumerate(whole.items()):
        densities = sorted(curve)
        shares = [100 * curve[density] / dense for density in densities]
        again, place = divmod(number, len(SERIES))
        line = "--" if again else "-"
        ax.plot(densities, shares, label=name, color=SERIES[place], marker=MARKERS[place], linestyle=line)
    ax.spines[["top", "right"]].set_visible(False)
    ax.set(xlabel="density (fraction of weights kept)", ylabel="bytes [% of dense]", ylim=(0, None))
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    low = min((density for curve in whole.values() for density in curve), default=0)
    parts = ", ".join(f"{name} {100 * curve[low] / dense:.0f} %" for name, curve in whole.items())
    return ax, f"Bytes of all layers against density, in percent of the dense ones. At density {low:.2g}: {parts}."
