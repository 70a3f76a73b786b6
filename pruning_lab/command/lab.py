"""JupyterLab on a folder of lessons: started for a learner, or tried until it answers."""

import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from importlib.util import find_spec

MISSING = (
    'JupyterLab is not installed here: pip install "pruning-lab[lab]" brings it. '
    "Or open the lessons in {folder} with the notebook program that you have."
)
PATIENCE = 120  # seconds until a JupyterLab that does not answer is given up


def command(folder):
    """Return the command that opens the first lesson in `folder`.

    Raises:
        RuntimeError: JupyterLab is not installed beside this Python.
    """
    if find_spec("jupyterlab") is None:
        raise RuntimeError(MISSING.format(folder=folder))
    # In a container everything runs as root, where Jupyter wants to be told that this is meant; it listens to this
    # machine only.
    root = ["--allow-root"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
    first = min(path.name for path in folder.glob("[0-9]*.ipynb"))
    places = [f"--ServerApp.root_dir={folder.resolve()}", f"--LabApp.default_url=/lab/tree/{first}"]
    return [sys.executable, "-m", "jupyterlab", *root, *places]


def run(folder):
    """Run JupyterLab until it ends; return its exit status."""
    print("Opening the first lesson in JupyterLab (Ctrl-C here ends it).", flush=True)
    try:
        return subprocess.call(command(folder))
    except KeyboardInterrupt:
        return 0


def check(folder):
    """Start JupyterLab without a browser, wait until it answers, and end it.

    Raises:
        RuntimeError: it ended or stayed silent; the error holds its last words.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(8)
    options = ["--no-browser", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}"]
    environment = {**os.environ, "JUPYTER_TOKEN": token}
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen([*command(folder), *options], stdout=log, stderr=log, env=environment)
        started = time.monotonic()
        try:
            _wait(f"http://127.0.0.1:{port}/api/status?token={token}", server, log)
        finally:
            server.terminate()
            server.wait(timeout=30)
    print(f"JupyterLab answered after {time.monotonic() - started:.0f} s.")


def _wait(url, server, log):
    for _ in range(2 * PATIENCE):
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            if server.poll() is not None:
                break
            time.sleep(0.5)
    log.seek(0)
    last = log.read().decode(errors="replace").strip().splitlines()[-3:]
    raise RuntimeError(f"JupyterLab did not answer. Its last words: {' / '.join(last) or 'none'}")
