"""What the numbers say, in plain words, each sentence with the number that carries it."""

from collections.abc import Iterator, Sequence

from .findings import Finding, selected

Findings = Sequence[Finding]
SCATTERED = ("CSR", "tiled CSR")  # kernels for zeros that lie anywhere
NAMED = 3  # layers that a sentence lists before it says how many more


def whole(findings: Findings, facts: dict) -> Iterator[str]:
    """Yield the verdict on the whole network, a sentence for each kind of pruning."""
    yield from _where_time_goes(findings)
    for batch in facts["batch sizes"]:
        at = f" at batch {batch}" if len(facts["batch sizes"]) > 1 else ""
        yield from _noise(findings, batch, at)
        yield from _channels(findings, batch, at)
        yield from _single_groups(findings, batch, at)
        yield from _zeros(findings, facts, batch, at)
    yield from _bytes(findings)
    yield from _sensitivity(findings)


def of_layer(findings: Findings, layer: str, facts: dict) -> Iterator[str]:
    """Yield the verdict on one layer: its share of the time, its fastest sparse kernel, its smallest format."""
    for share in selected(findings, "share", where=layer):
        yield f"{_percent(share.value)} of the time, {_limit(share.value)}"
    source = facts["measured on"].get(layer, layer)
    as_other = f" (measured on {source!r}, of the same shape)" if source != layer else ""
    for batch in facts["batch sizes"]:
        if best := fastest(findings, source, batch):
            yield f"{_at(best)}: {_judged(best)}{_from(findings, best, batch)}{as_other}"
    for dense in selected(findings, "bytes", where=layer, what="dense"):
        for level in _levels(selected(findings, "bytes", where=layer, what="CSR"))[-1:]:
            best = min(selected(findings, "bytes", where=layer, level=level), key=lambda f: f.value)
            yield f"{best.what} at {level:g}: {_percent(best.value / dense.value)} of its bytes"


def amdahl(share: float, faster: float = float("inf")) -> float:
    """Return how many times as fast the whole becomes when a share of its time is made `faster` times as fast.

    Source: Amdahl 1967, "Validity of the single processor approach to achieving large scale computing capabilities".

    >>> amdahl(0.5), round(amdahl(0.9, 3), 2)
    (2.0, 2.5)
    """
    left = 1 - share + share / faster
    return 1 / left if left > 1e-9 else float("inf")


def fastest(findings: Findings, layer: str, batch: int) -> Finding | None:
    """Return the sparse product of a layer that is fastest against the dense one; None where none was timed."""
    found = [f for f in selected(findings, "product", where=layer, batch=batch) if f.level is not None]
    return max(found, key=lambda f: f.value, default=None)


def told_from_noise(findings: Findings, batch: int) -> float:
    """Return how far from 1 the ratio of two networks must be, quartiles and all, to be told from none.

    That is what dense against itself shows. Zeros left in place do the same work: they count too, unless they differ
    twice as much.

    >>> same = [("dense again", 0.98, 1.02), ("zeros in place", 1.02, 1.04), ("zeros in place", 1.5, 1.6)]
    >>> again, alike, other = (Finding("network", "", what, 1, "x", low, high, batch=8) for what, low, high in same)
    >>> [told_from_noise(found, 8) for found in ([again], [again, alike], [again, other], [])]
    [1.0204081632653061, 1.04, 1.0204081632653061, 1.0]
    """
    again, zeros = (selected(findings, "network", what=what, batch=batch) for what in ("dense again", "zeros in place"))
    least = max((f.farthest for f in again), default=1.0)
    alike = [f for f in zeros if again and f.reaches(2 * least - 1)]
    return max([least, *(f.farthest for f in alike)])


def paying(products: Findings) -> list[Finding]:
    """Return, of the sparse products, the fastest of each layer where even its lower quartile beats the dense one."""
    best: dict[str, Finding] = {}
    for finding in products:
        if finding.where not in best or finding.value > best[finding.where].value:
            best[finding.where] = finding
    return [finding for finding in best.values() if finding.pays]


def all_scattered(
    findings: Findings, facts: dict, level: float, batch: int, only_where_faster: bool = False
) -> float | None:
    """Return how fast the network would be if every layer that was timed were multiplied by CSR, tiled or not.

    Told from the shares of the time and the ratios of the layers, not measured as a whole; None where none was timed.

    Args:
        only_where_faster: leave those layers dense in which CSR is slower.
    """
    share = {f.where: f.value for f in selected(findings, "share")}
    ratios: dict[str, float] = {}
    for finding in selected(findings, "product", level=level, batch=batch):
        if finding.what in SCATTERED:
            ratios[finding.where] = max(finding.value, ratios.get(finding.where, 0.0))
    ratios |= {layer: ratios[source] for layer, source in facts["measured on"].items() if source in ratios}
    least = 1.0 if only_where_faster else 0.0
    ratios = {layer: max(ratio, least) for layer, ratio in ratios.items() if layer in share}
    if not ratios:
        return None
    return 1 / (1 + sum(share[layer] * (1 / ratio - 1) for layer, ratio in ratios.items()))


def _where_time_goes(findings):
    layers = sorted((f for f in selected(findings, "share") if not f.where.startswith("(")), key=lambda f: -f.value)
    if not layers:
        return
    listed = ", ".join(f"{f.where!r} {_percent(f.value)}" for f in layers[:NAMED])
    most, together = layers[0], min(1.0, sum(f.value for f in layers))
    yield (
        f"Time goes to {listed}{_more(layers)}. Pruning {most.where!r} alone {_at_most(most.value)}; all layers with "
        f"weights take {_percent(together)} together: pruning them {_at_most(together)}."
    )


def _limit(share):
    if amdahl(share) == float("inf"):
        return "which sets no limit to what pruning it can give"
    return f"so that pruning it {_at_most(share)}"


def _at_most(share):
    limit = amdahl(share)
    return "has no such limit" if limit == float("inf") else f"can give {limit:.2f}x at most"


def _noise(findings, batch, at):
    for again in selected(findings, "network", what="dense again", batch=batch):
        least = told_from_noise(findings, batch)
        yield (
            f"Dense against itself{at}: {again.ratio}. What reaches into {1 / least:.2f}x to {least:.2f}x is not "
            "distinguishable from noise here."
        )


def _channels(findings, batch, at):
    for finding in selected(findings, "network", what="smaller", batch=batch):
        masked = selected(findings, "network", what="smaller against masked", level=finding.level, batch=batch)
        macs = [
            f"{f.value / dense.value:.2f}"
            for f in selected(findings, "cost", what="MACs", level=finding.level)
            for dense in selected(findings, "cost", what="MACs", level=0.0)
            if dense.value
        ]
        against = f"; against the same network masked {masked[0].ratio}" if masked else ""
        left = f"; {macs[0]} of the multiply-accumulates are left" if macs else ""
        judged = _judged(finding, told_from_noise(findings, batch))
        yield f"Cutting {_fraction(finding.level)} of the channels{at}: {judged}{against}{left}."


def _single_groups(findings, batch, at):
    """Say what single groups save: those that were cut and timed, or else the one that saves most work."""
    saved = selected(findings, "group", what="MACs saved")
    largest = [f for f in saved if f.level == max(f.level for f in saved)]
    total = next((f.value for f in selected(findings, "cost", what="MACs", level=0.0)), 0)
    if times := selected(findings, "group", what="smaller", batch=batch):
        again = selected(findings, "group", what="dense again", batch=batch)
        least = max([told_from_noise(findings, batch), *(f.farthest for f in again)])
        work = {f.where: f" with {_percent(f.value / total)} of the work gone" for f in largest if total}
        listed = "; ".join(f"{f.where!r} {_judged(f, least)}{work.get(f.where, '')}" for f in times)
        rest = len(largest) - len(times)
        others = f"; {rest} more save{'s' if rest == 1 else ''} less work, not timed" if rest else ""
        yield f"Cutting {_fraction(times[0].level)} of one group alone{at}: {listed}{others}."
    elif largest and largest[0].value and not selected(findings, "group", what="smaller"):
        share = f", {_percent(largest[0].value / total)} of all" if total else ""
        yield (
            f"Of single groups, {largest[0].where!r} saves the most work, {largest[0].value:,.0f} multiply-accumulates"
            f"{share}, when {_fraction(largest[0].level)} of it goes; none was timed."
        )


def _zeros(findings, facts, batch, at):
    for finding in selected(findings, "network", what="zeros in place", batch=batch):
        judged = _judged(finding, told_from_noise(findings, batch))
        where = f"Zeros left in place at {finding.level:g}{at}"
        yield f"{where}: {judged}; a dense kernel multiplies them like any number."
    products = [f for f in selected(findings, "product", batch=batch) if f.level is not None]
    scattered = [f for f in products if f.what in SCATTERED]
    if scattered:
        level = max(f.level for f in scattered)
        ratio = all_scattered(findings, facts, level, batch)
        start = f"Scattered zeros at {level:g}{at}: "
        if ratio is not None:
            chosen = all_scattered(findings, facts, level, batch, only_where_faster=True)
            only = f", {chosen:.2f}x by CSR only where it is faster" if chosen and chosen > 1 else ""
            start += f"{ratio:.2f}x for the network by CSR in every layer that was timed{only} "
            start += "(worked out from the layers' ratios and shares, not measured as a whole). "
        yield start + _where_it_pays(findings, scattered, batch, "CSR")
    if patterns := [f for f in products if f.what not in SCATTERED]:
        yield f"Zeros in patterns{at}: " + _where_it_pays(findings, patterns, batch, "a kernel for 4x1 vectors or n:m")


def _where_it_pays(findings, products, batch, kernel):
    """Return in which layers the fastest of some products beats the dense one, and from which density on."""
    best = sorted(paying(products), key=lambda f: -f.value)
    if not best:
        return f"{kernel} beats the dense product in no layer that was timed."
    listed = ", ".join(f"{f.where!r} ({_at(f)}: {f.ratio}{_from(findings, f, batch)})" for f in best[:NAMED])
    layers = len(dict.fromkeys(f.where for f in products))
    return f"{kernel} pays in {listed}{_more(best)}{' only' if len(best) == 1 < layers else ''}."


def _at(finding):
    return f"{finding.what} at {finding.level:g}"


def _bytes(findings):
    dense = sum(f.value for f in selected(findings, "bytes", what="dense"))
    levels = _levels(selected(findings, "bytes", what="CSR"))
    for level in levels[-1:]:
        by_format: dict[str, list[float]] = {}
        for finding in selected(findings, "bytes", level=level):
            by_format.setdefault(finding.what, []).append(finding.value)
        count = max(map(len, by_format.values()))
        sums = {name: sum(values) for name, values in by_format.items() if len(values) == count}
        best = min(sums, key=sums.__getitem__)
        share = _percent(sums[best] / dense)
        yield f"Storage at {level:g}: as {best} the pruned layers take {share} of their {dense:,.0f} bytes."
        before = selected(findings, "file", what="state dict")
        after = selected(findings, "file", what="zipped", level=level)
        zipped = selected(findings, "file", what="zipped", level=None)
        if before and after and zipped:
            size = before[0].value
            yield (
                f"The saved file of {size:,.0f} bytes, zipped: {_percent(after[0].value / size)} with those zeros, "
                f"{_percent(zipped[0].value / size)} without."
            )


def _sensitivity(findings):
    base = selected(findings, "sensitivity", what="as it is")
    for what, name in (("scattered", "layer"), ("channels", "group")):
        found = selected(findings, "sensitivity", what=what)
        for level in _levels(found)[-1:]:
            at = sorted((f for f in found if f.level == level), key=lambda f: abs(f.value - base[0].value))
            start = f"Evaluated, one {name} at a time at {level:g}: {base[0].value:.4g} as it is"
            if at[0].value == at[-1].value:
                yield f"{start}; {at[0].value:.4g} with {f'any of {len(at)}' if at[1:] else repr(at[0].where)} pruned."
            else:
                yield (
                    f"{start}; farthest from that with {at[-1].where!r} pruned, {at[-1].value:.4g}; "
                    f"nearest with {at[0].where!r}, {at[0].value:.4g}."
                )


def _judged(finding, least=1.0):
    """Return a ratio with its quartiles, and what it means; `least` is of `told_from_noise`."""
    if not (finding.pays or finding.loses):
        return f"{finding.ratio}, no difference that these rounds can tell"
    if finding.reaches(least):
        return f"{finding.ratio}, not distinguishable from noise"
    return f"{finding.ratio}, {'faster' if finding.pays else 'slower'}"


def _from(findings, product, batch):
    """Return from which density on a kernel pays in a layer, in words; "" where that is not known."""
    found = selected(findings, "pays from", where=product.where, what=product.what, batch=batch)
    if not found:
        return ""
    [limit] = found
    if limit.unit.endswith("the highest measured") and not product.pays:
        return ""
    if limit.unit.endswith("the highest measured"):
        return f", at every density measured, up to {limit.value:.2g}"
    return f", from density {limit.value:.2g} down{' (extrapolated)' if limit.unit.endswith('extrapolated') else ''}"


def _levels(findings: Findings) -> list[float]:
    return sorted({f.level for f in findings if f.level is not None})


def _fraction(level):
    return {0.25: "a quarter", 0.5: "half", 0.75: "three quarters"}.get(level, f"{level:g}")


def _percent(share):
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.1f} %"


def _more(items):
    return f" and {len(items) - NAMED} more" if len(items) > NAMED else ""
