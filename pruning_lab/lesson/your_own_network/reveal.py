"""What lesson 10's predictions measure: the work that is left, and the time."""

from pruning_lab.lesson.frame.predict import option_around
from pruning_lab.lesson.your_own_network.experiments import halves
from pruning_lab.tables import table_html


def work_reveal(reports, options, asked):
    """Return a reveal for `predict`: the share of multiply-accumulates left with half of the channels gone.

    Args:
        reports: {network: Audit}. asked: the network that the question is about.
        options: {option: (low, high)}, ranges of the share.
    """

    def reveal():
        shares = halves(reports)
        rows = [(name, f"{share:.2f}", _stay(reports[name])) for name, share in shares.items()]
        header = ["network", "work left with half of the channels", "weights whose outputs stay whole"]
        words = f"<p>{asked} keeps {shares[asked]:.2f} of its multiply-accumulates.</p>"
        return option_around(options, shares[asked]), [words, table_html(header, rows)]

    return reveal


def _stay(report):
    """Return how many weights keep all of their output channels, as the audit says."""
    lines = [line for line in report.unseen if line.startswith("channels of")]
    return str(sum(1 + _more(line) for line in lines))


def _more(line):
    before, _, _ = line.partition(" more stay whole")
    last = before.rpartition(" and ")[2]
    return int(last) if last.isdigit() else 0


def time_reveal(reports, options, asked):
    """Return a reveal for `predict`: how many times as fast a network with half of its channels is, beside its work.

    Args:
        reports, options, asked: as for `work_reveal`; ranges of the ratio.
    """

    def reveal():
        shares, rows, ratio = halves(reports), [], None
        for name, report in reports.items():
            for found in report.find("network", what="smaller", level=0.5):
                [zeros] = report.find("network", what="zeros in place")
                rows.append((name, f"{1 / shares[name]:.2f}", found.ratio, zeros.ratio))
                ratio = found.value if name == asked else ratio
        if ratio is None:
            raise ValueError(f"reports must hold the time of {asked}; got none: give its audit more seconds")
        header = ["network", "1 / work left", "half of the channels", "zeros in place"]
        words = f"<p>With half of its channels, {asked} is {ratio:.2f} times as fast here.</p>"
        return option_around(options, ratio), [words, table_html(header, rows)]

    return reveal
