"""What every check shares: notebooks run as nobody's, so that no journal on this computer is written; one thread."""

import os
import signal

import pytest
import torch

# Asserts that explain themselves, as in a test file.
pytest.register_assert_rewrite("bad_input", "contracts", "exercise_tests", "explorer_tests", "homework_tests")

torch.set_num_threads(1)  # small networks, and a machine that may be busy: threads only wait for each other here
signal.signal(signal.SIGINT, signal.default_int_handler)  # some checks press Ctrl-C, which a shell's background ignores
os.environ.setdefault("PRUNING_LAB_UNATTENDED", "1")
os.environ.setdefault("TQDM_DISABLE", "1")  # a progress bar leaves other text on every run


def pytest_collection_modifyitems(config, items):
    """Keep the checks of a file on one core, in order, and all of homework on one: graders see each other."""
    if config.pluginmanager.hasplugin("xdist"):
        for item in items:
            file = item.path.relative_to(config.rootpath).as_posix()
            group = "tests/homework" if file.startswith("tests/homework/") else file
            item.add_marker(pytest.mark.xdist_group(group))


def pytest_addoption(parser):
    parser.addoption(
        "--all-lessons", action="store_true", help="run every lesson in the browser, not only the three quickest"
    )
