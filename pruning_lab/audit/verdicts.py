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
        yield from _channels(findings, batch, at)
        yield from _zeros(findings, facts, batch, at)
    yield from _bytes(findings)
    yield from _sensitivity(findings)


def of_layer(findings: Findings, layer: str, facts: dict) -> Iterator[str]:
    """Yield the verdict on one layer: its share of the time, its fastest sparse kernel, its smallest format."""
    for share in selected(findings, "share", where=layer):
        yield f"{_percent(share.value)} of the time, so that pruning it can give {_times(amdahl(share.value))} at most"
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


def paying(products: Findings) -> list[Finding]:
    """Return, of the sparse products, the fastest of each layer where even its lower quartile beats the dense one."""
    best: dict[str, Finding] = {}
    for finding in products:
        if finding.where not in best or finding.value > best[finding.where].value:
            best[finding.where] = finding
    return [finding for finding in best.values() if finding.pays]


def all_scattered(findings: Findings, facts: dict, level: float, batch: int) -> float | None:
    """Return how fast the network would be if every layer that was timed were multiplied by CSR, tiled or not.

    Told from the shares of the time and the ratios of the layers, not measured as a whole; None where none was timed.
    """
    share = {f.where: f.value for f in selected(findings, "share")}
    ratios: dict[str, float] = {}
    for finding in selected(findings, "product", level=level, batch=batch):
        if finding.what in SCATTERED:
            ratios[finding.where] = max(finding.value, ratios.get(finding.where, 0.0))
    ratios |= {layer: ratios[source] for layer, source in facts["measured on"].items() if source in ratios}
    ratios = {layer: ratio for layer, ratio in ratios.items() if layer in share}
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
        f"Time goes to {listed}{_more(layers)}. Pruning {most.where!r} alone can give {_times(amdahl(most.value))} at "
        f"most; all layers with weights take {_percent(together)} together, which allows {_times(amdahl(together))}."
    )


def _channels(findings, batch, at):
    for finding in selected(findings, "network", what="smaller", batch=batch):
        masked = selected(findings, "network", what="smaller against masked", level=finding.level, batch=batch)
        macs = [
            f"{f.value / dense.value:.2f}"
            for f in selected(findings, "cost", what="MACs", level=finding.level)
            for dense in selected(findings, "cost", what="MACs", level=0.0)
        ]
        against = f"; against the same network masked {masked[0].ratio}" if masked else ""
        left = f"; {macs[0]} of the multiply-accumulates are left" if macs else ""
        yield f"Cutting {_fraction(finding.level)} of the channels{at}: {_judged(finding)}{against}{left}."
    if groups := selected(findings, "group", what="MACs saved"):
        best = max(groups, key=lambda f: f.value)
        total = [f.value for f in selected(findings, "cost", what="MACs", level=0.0)]
        share = f", {_percent(best.value / total[0])} of all" if total and total[0] else ""
        yield (
            f"Of single groups, {best.where!r} saves most: {best.value:,.0f} multiply-accumulates{share}, "
            f"when {_fraction(best.level)} of it goes."
        )


def _zeros(findings, facts, batch, at):
    for finding in selected(findings, "network", what="zeros in place", batch=batch):
        where = f"Zeros left in place at {finding.level:g}{at}"
        yield f"{where}: {_judged(finding)}; a dense kernel multiplies them like any number."
    products = [f for f in selected(findings, "product", batch=batch) if f.level is not None]
    scattered = [f for f in products if f.what in SCATTERED]
    if scattered:
        level = max(f.level for f in scattered)
        ratio = all_scattered(findings, facts, level, batch)
        start = f"Scattered zeros at {level:g}{at}: "
        if ratio is not None:
            start += f"{ratio:.2f}x for the network by CSR in every layer that was timed (told from their ratios and "
            start += "shares, not measured as a whole). "
        yield start + _where_it_pays(findings, scattered, batch, "CSR")
    if patterns := [f for f in products if f.what not in SCATTERED]:
        yield f"Zeros in patterns{at}: " + _where_it_pays(findings, patterns, batch, "A kernel for 4x1 vectors or n:m")


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
            yield (
                f"Evaluated, one {name} at a time at {level:g}: {base[0].value:.4g} as it is; farthest from that with "
                f"{at[-1].where!r} pruned, {at[-1].value:.4g}; nearest with {at[0].where!r}, {at[0].value:.4g}."
            )


def _judged(finding):
    """Return a ratio with its quartiles, and what it means."""
    if finding.pays:
        return f"{finding.ratio}, faster"
    return f"{finding.ratio}, {'slower' if finding.loses else 'no difference that these rounds can tell'}"


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


def _times(ratio):
    return "any speed" if ratio == float("inf") else f"{ratio:.2f}x"


def _more(items):
    return f" and {len(items) - NAMED} more" if len(items) > NAMED else ""
