"""How long does an audit of a ResNet-50 at batch 1 take, and what is its budget spent on?"""

from importlib.util import find_spec

from benchmarks.table import Line, Skipped
from pruning_lab.audit import audit

SECONDS = 60


def rows() -> list[Line]:
    """Return one line: how often the audit fits into its budget, which it may overdraw by a fifth."""
    if not find_spec("torchvision"):
        raise Skipped("it needs torchvision (pip install -c constraints.txt torchvision)")
    from tests.library_networks import vision  # imported here: it brings three libraries along

    report = audit(*vision("resnet50", size=224)(), seconds=SECONDS)
    spent = report.facts["seconds spent"]
    took = sum(spent.values())
    note = f"{took:.0f} s: " + ", ".join(f"{name} {seconds:.0f} s" for name, seconds in spent.items())
    fits = SECONDS / took
    return [Line(f"an audit of a ResNet-50 at batch 1 in {SECONDS} s", fits, fits, fits, goal=1 / 1.2, note=note)]
