"""What the sample says: how many sabotages lessons, homework and claims notice, and how sure that is."""

from math import sqrt

from knockouts import explained
from knockouts.in_lessons import claims_of
from knockouts.notebooks import watchers
from knockouts.swap import public_functions

SURE = 1.96  # standard deviations to both sides of the middle, for 95 %
STOPS = ("by what the cell asserts", "by another error", "in a cell above it")


def interval(seen, asked):
    """Return the 95 % interval of a share of which `seen` of `asked` is a sample, after Wilson.

    Source: Wilson 1927, "Probable Inference, the Law of Succession, and Statistical Inference"
    (https://doi.org/10.1080/01621459.1927.10502953).

    >>> [round(end, 3) for end in interval(9, 10)], [round(end, 3) for end in interval(10, 10)]
    ([0.596, 0.982], [0.722, 1.0])
    """
    share, widened = seen / asked, SURE**2 / asked
    middle = (share + widened / 2) / (1 + widened)
    half = SURE * sqrt(share * (1 - share) / asked + widened / (4 * asked)) / (1 + widened)
    return middle - half, middle + half


def rows_of(results, kind):
    """Return the rows of a kind, in the order in which they were asked."""
    return [row for row in results.rows if row.kind == kind]


def noticed(rows):
    """Return how many of some rows were noticed, in words, with the interval."""
    seen = sum(bool(row.noticed) for row in rows)
    low, high = interval(seen, len(rows))
    return f"{seen} of {len(rows)}: {seen / len(rows):.0%}, 95 % interval {low:.0%} to {high:.0%}"


def how_claims_stop(rows):
    """Return {one of STOPS: how many claims stop in that way}."""
    counted = dict.fromkeys(STOPS, 0)
    for row in filter(lambda row: row.noticed, rows):
        above = row.asked < row.of
        counted[STOPS[2] if above else STOPS[0] if row.how == "AssertionError" else STOPS[1]] += 1
    return counted


def summary(results):
    """Return what the sample says in a few lines."""
    kinds = {"lessons": "lessons and homework, a sample", "claims": "claims, a sample"}
    found = {words: rows_of(results, kind) for kind, words in kinds.items()}
    return "\n".join(f"noticed by {words} {noticed(rows)}" for words, rows in found.items() if rows)


def page(results):
    """Return the sample in Markdown: the controls, the shares, and what is not noticed, with the reason."""
    lessons, claims = rows_of(results, "lessons"), rows_of(results, "claims")
    parts = ["## The controls", controls_table(results)]
    if lessons:
        parts += ["## Lessons and homework: one sabotage of each function", told_of_lessons(lessons)]
        parts += [table([(f"`{row.function}`", row.sabotage, row.where, why_of(row)) for row in unnoticed(lessons)])]
    if claims:
        parts += ["## Claims: one sabotage for each", told_of_claims(claims)]
        parts += [table([(f"`{row.function}`", row.sabotage, row.where, why_of(row)) for row in unnoticed(claims)])]
    return "\n\n".join(filter(None, parts))


def controls_table(results):
    """Return what each notebook notices where nothing is wrong, as a table."""
    rows = {row.where: row for row in results.controls()}
    lines = ["| notebook | cells run | where nothing is wrong |", "|---|---|---|"]
    for name in watchers():
        row = rows.get(name)
        said = "it notices nothing, as it must" if row and not row.noticed else "not run yet, so it was not asked"
        if row and row.noticed:
            said = f"{row.noticed.partition(', ')[2]}: {row.how}; so it was not asked"
        lines.append(f"| {name} | {row.asked if row else ''} | {said} |")
    return "\n".join(lines)


def told_of_lessons(rows):
    """Return how many were asked and noticed, as a paragraph."""
    return (
        f"{len(rows)} of {len(public_functions())} functions were asked about; the others no notebook calls, or the "
        f"notebooks that do were not asked about them yet. Noticed were {noticed(rows)}. {not_noticed(rows)}"
    )


def told_of_claims(rows):
    """Return how many claims were asked, and how those stop that do, as a paragraph."""
    every = sum(len(claims_of(name)) for name in watchers())
    stops = ", ".join(f"{count} {how}" for how, count in how_claims_stop(rows).items())
    return (
        f"{len(rows)} of {every} claims were asked. No longer shown were {noticed(rows)}. Those that stop do so "
        f"{stops}. {not_noticed(rows)}"
    )


def not_noticed(rows):
    """Return what stands above the table of what is not noticed, or instead of it."""
    return "Not noticed were:" if unnoticed(rows) else "None is left that nobody noticed."


def unnoticed(rows):
    """Return the rows that nobody has noticed, notebook by notebook."""
    return sorted((row for row in rows if not row.noticed), key=lambda row: (row.where, row.function))


def why_of(row):
    """Return why it is all right that nobody notices."""
    return explained.SAMPLE.get((row.function, row.sabotage, row.where), "")


def table(rows):
    """Return what is not noticed, as a table."""
    lines = ["| function | sabotage | asked | why that is all right |", "|---|---|---|---|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) if rows else ""
