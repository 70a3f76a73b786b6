"""Which program shows this notebook, as far as a kernel can tell, and what a learner there should know."""

import os
import sys
from importlib import import_module
from importlib.util import find_spec
from typing import NamedTuple

from pruning_lab.attendance import attended

NO_CONTROLS = "This program shows no controls: plain figures and folded answers take their place."


class Frontend(NamedTuple):
    """A program that shows notebooks.

    Attributes:
        controls: whether sliders and buttons can work in it. keeps: whether its disk is there the next time.
        brings_widgets: whether it has the browser's part of widgets itself, whatever is installed beside the kernel.
        advice: what a learner there should do, empty if nothing.
    """

    name: str
    controls: bool = True
    keeps: bool = True
    brings_widgets: bool = False
    advice: str = ""


def frontend():
    """Return the Frontend; what JupyterLab and Notebook show cannot be told apart, and is called Jupyter.

    Setting PRUNING_LAB_WIDGETS to 0 says of any other program that it shows no controls.

    >>> isinstance(frontend().name, str)
    True
    """
    found = next((frontend for is_it, frontend in KNOWN if is_it()), Frontend("Jupyter, or none"))
    return found._replace(controls=found.controls and os.environ.get("PRUNING_LAB_WIDGETS") != "0")


def has_controls():
    """Return whether somebody may be there who can use sliders and buttons."""
    return attended() and frontend().controls


def enable_controls():
    """Switch on, where a program asks for that, the controls that are none of its own."""
    if _is_colab():
        import_module("google.colab.output").enable_custom_widget_manager()  # it is on Colab's machines alone


def _is_colab():
    return find_spec("google") is not None and find_spec("google.colab") is not None


def _is_terminal():
    """Return whether IPython runs in a terminal, where nothing can be shown but text."""
    shell = sys.modules.get("IPython") and sys.modules["IPython"].get_ipython()
    return type(shell).__name__ == "TerminalInteractiveShell"


def _is_set(*names):
    return lambda: any(name in os.environ for name in names)


SAVE = "Its disk goes with the session: call lesson.export_journal() before you leave."
KERNEL = "Choose the kernel of the course's .venv (Select Kernel → Python Environments)."
KNOWN = (
    (_is_colab, Frontend("Google Colab", keeps=False, brings_widgets=True, advice=SAVE)),
    (_is_set("KAGGLE_KERNEL_RUN_TYPE"), Frontend("Kaggle", keeps=False, brings_widgets=True, advice=SAVE)),
    (_is_set("BINDER_SERVICE_HOST", "BINDER_LAUNCH_HOST"), Frontend("Binder", keeps=False, advice=SAVE)),
    (_is_set("CODESPACES"), Frontend("GitHub Codespaces", brings_widgets=True, advice=KERNEL)),
    (_is_set("VSCODE_PID", "VSCODE_CWD"), Frontend("VS Code", brings_widgets=True, advice=KERNEL)),
    (_is_set("JUPYTERHUB_USER"), Frontend("JupyterHub")),
    (
        _is_terminal,
        Frontend("IPython in a terminal", controls=False, advice="Figures need a notebook: pruning-lab lab"),
    ),
)
