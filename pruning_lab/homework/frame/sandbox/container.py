"""A container as the second way to cut a process off: podman or docker, on Linux and macOS, where one answers.

An image is made once from what is installed here: the same Python, the same versions of the packages that a notebook
may import, and the files of `inside`. Of this package it has nothing, but for the second image, which measures files
and runs no code of a submission.
"""

import contextlib
import hashlib
import io
import secrets
import shutil
import subprocess
import sys
import tarfile
from functools import cache
from importlib import metadata

from pruning_lab.homework.frame.sandbox import view

ANSWERS = 20  # seconds
MAKES = 1800  # seconds: the first time, Python and packages are downloaded
PACKAGES = ("numpy", "scipy", "torch", "matplotlib", "ipython", "pandas", "safetensors", "tqdm")
MEASURES = ("otter-grader", "nbformat", "filelock", "platformdirs", "threadpoolctl", "numba", "onnx", "onnxruntime")
PATH = "/usr/local/bin:/usr/bin:/bin"  # Python's own image has Python in the first
LIMITS = (
    "--memory=4g",
    "--memory-swap=4g",
    "--pids-limit=64",
    "--cpus=1",
    "--ulimit=core=0",
    "--ulimit=nofile=1024:1024",
    "--ulimit=nproc=1024:1024",
)
ALONE = ("--network=none", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--user=65534:65534")
TMP = "--tmpfs=/tmp:rw,mode=1777,size=100m"
OWN = {  # podman cannot limit the number of files (memory ends it), and makes more folders that can be written
    "docker": [f"{TMP},nr_inodes=20000"],
    "podman": [TMP, "--read-only-tmpfs=false"],
}
LIFETIME = "600"  # seconds: a container whose grader is gone ends then


@cache
def engine():
    """Return "podman" or "docker", the first that answers; None where neither does."""
    return next((name for name in ("podman", "docker") if shutil.which(name) and _answers(name)), None)


def _answers(name):
    try:
        return subprocess.run([name, "info"], capture_output=True, timeout=ANSWERS, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def command(name, container, python, environment, package=False):
    """Return the command that runs `python` in a container.

    Args:
        name: of the engine.
        container: the name that the container gets.
        python: what comes after the interpreter.
        environment: dict.
        package: True takes the image that has this package.
    """
    given = [f"--env={key}={value}" for key, value in environment.items()]
    run = [name, "run", "--rm", "--interactive", f"--name={container}", *ALONE, *LIMITS, "--workdir=/tmp", *given]
    run += OWN[name]
    return [*run, image(name, package), "timeout", "--signal=KILL", LIFETIME, "python", *python]


def kill(name, container):
    """End a container that is still there."""
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run([name, "kill", container], capture_output=True, timeout=ANSWERS, check=False)


def new_name():
    """Return a name for a container."""
    return f"submission-{secrets.token_hex(6)}"


@cache
def image(name, package=False):
    """Return the tag of the image, which is made where it is not there yet.

    Raises:
        OSError: it cannot be made; the message is what the engine says.
    """
    content = _context(package)
    tag = f"pruning-lab-homework:{hashlib.blake2b(content, digest_size=8).hexdigest()}"
    if subprocess.run([name, "image", "inspect", tag], capture_output=True, check=False).returncode:
        print(f"{name} makes an image for submissions, once; it downloads Python and packages.", file=sys.stderr)
        _make([name, "build", "--tag", tag, "-"], content)
    return tag


def _make(build, content):
    try:
        done = subprocess.run(build, input=content, capture_output=True, timeout=MAKES, check=False)
    except subprocess.TimeoutExpired:
        raise OSError(f"no image after {MAKES // 60} minutes") from None
    if done.returncode:
        raise OSError(f"no image: {done.stderr.decode(errors='replace').strip()[-300:]}")


def recipe(package=False):
    """Return the Containerfile, with the versions that are installed here."""
    version = ".".join(map(str, sys.version_info[:2]))
    names = [*PACKAGES, *(MEASURES if package else ())]
    installed = {found.metadata["Name"].lower(): found.version.partition("+")[0] for found in metadata.distributions()}
    pinned = " ".join(f"{each}=={installed[each]}" for each in names if each in installed)
    lines = [f"FROM docker.io/library/python:{version}-slim", f"RUN pip install --no-cache-dir {pinned}"]
    return "\n".join([*lines, f"COPY {'package' if package else 'inside'} {view.PLACE}/", ""])


def _context(package):
    """Return a tar of the Containerfile and the files that it copies; the same files give the same bytes."""
    content, source = io.BytesIO(), view.PACKAGE if package else view.INSIDE
    with tarfile.open(fileobj=content, mode="w") as archive:
        _add(archive, "Dockerfile", recipe(package).encode())
        for path in sorted(path for path in source.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
            top = "package" if package else "inside"
            _add(archive, f"{top}/{source.name}/{path.relative_to(source).as_posix()}", path.read_bytes())
    return content.getvalue()


def _add(archive, name, content):
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o644
    archive.addfile(entry, io.BytesIO(content))
