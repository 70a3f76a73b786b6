"""What every check shares: notebooks run as nobody's, so that no journal on this computer is written; one thread."""

import os
import signal
import subprocess

import pytest
import torch
import train_once

# Asserts that explain themselves, as in a test file.
pytest.register_assert_rewrite("bad_input", "contracts", "exercise_tests", "explorer_tests", "homework_tests")

torch.set_num_threads(1)  # small networks, and a machine that may be busy: threads only wait for each other here
signal.signal(signal.SIGINT, signal.default_int_handler)  # some checks press Ctrl-C, which a shell's background ignores
os.environ.setdefault("PRUNING_LAB_UNATTENDED", "1")
os.environ.setdefault("TQDM_DISABLE", "1")  # a progress bar leaves other text on every run


TOGETHER = {
    "tests/homework/": "tests/homework",  # graders see each other
    "tests/browser/test_s": "decks",  # decks, and the site that takes their explorers: made once
}


def pytest_configure(config):
    """Let all notebooks and checks of this run share what they train; the workers inherit it."""
    if train_once.FOLDER not in os.environ:
        config.add_cleanup(train_once.begin())


# Two cores meet in the middle, where files are short. What fills the caches and the browser run beside each other:
# two lessons that train or time would take twice as long.
FIRST, LAST = ("notebooks/", "tests/homework/"), ("tests/browser/",)


def pytest_collection_modifyitems(items):
    """Put the lessons and their graders first, and the browser last."""
    items.sort(key=lambda item: item.nodeid.startswith(LAST) - item.nodeid.startswith(FIRST))


@pytest.hookimpl(optionalhook=True)  # pytest-xdist's
def pytest_xdist_make_scheduler(config, log):
    """Keep the checks of a file on one core, in order, and those of some files together."""
    from xdist.scheduler import LoadFileScheduling

    class SomeTogether(LoadFileScheduling):
        def _assign_work_unit(self, node):
            """Give the first core the first files, any other one the last."""
            if node is not self.nodes[0]:
                self.workqueue.move_to_end(next(reversed(self.workqueue)), last=False)
            super()._assign_work_unit(node)

        def _split_scope(self, nodeid):
            mine = (name for start, name in TOGETHER.items() if nodeid.startswith(start))
            return next(mine, super()._split_scope(nodeid))

    config.option.loadscopereorder = False  # not by the number of checks in a file
    return SomeTogether(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(call):
    """Show what a command said before it failed: its error names the exit status alone."""
    report = yield
    error = call.excinfo.value if call.excinfo else None
    if isinstance(error, subprocess.SubprocessError):
        for name in ("stdout", "stderr"):
            said = getattr(error, name, None) or ""
            report.sections.append((f"{name} of the command", said.decode() if isinstance(said, bytes) else said))
    return report


def pytest_addoption(parser):
    parser.addoption(
        "--all-lessons", action="store_true", help="run every lesson in the browser, not only the three quickest"
    )
