"""`pruning-lab audit module:function`: audit the network that a function returns."""

import importlib
import sys
from argparse import Namespace
from collections.abc import Callable

from pruning_lab.audit import audit
from pruning_lab.audit.arguments import check_file


def run(given: Namespace) -> int:
    """Audit, print what was found, and return 0; or print what is wrong with the arguments and return 2, or 130."""
    sys.path.insert(0, "")  # a module beside which the command is called
    try:
        for option in ("html", "json", "resume"):
            if getattr(given, option) is not None:
                check_file(getattr(given, option), f"--{option}")
        made = named(given.network)()
        if not isinstance(made, tuple) or len(made) != 2:
            got = f"{len(made)} things" if isinstance(made, tuple) else type(made).__name__
            raise TypeError(f"{given.network} must return (model, example_inputs); got {got}")
        evaluate = named(given.evaluate) if given.evaluate else None
        found = audit(*made, evaluate=evaluate, seconds=given.seconds, path=given.resume)
    except (TypeError, ValueError, ImportError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        kept = f"; {given.resume} keeps the calls of --evaluate that were made" if given.resume else ""
        print(f"interrupted, with no report{kept}", file=sys.stderr)
        return 130
    finally:
        sys.path.remove("")
    print(found)
    if given.html is not None:
        found.to_html(given.html)
    if given.json is not None:
        found.save(given.json)
    return 0


def named(name: str) -> Callable:
    """Return what `module:function` names.

    >>> named("math:sqrt")(4)
    2.0
    >>> named("math")
    Traceback (most recent call last):
    ValueError: a function must be named as module:function; got 'math'
    """
    module, colon, function = name.partition(":")
    if not (module and colon and function):
        raise ValueError(f"a function must be named as module:function; got {name!r}")
    if module.endswith(".py"):
        raise ValueError(f"a module must be named without .py; got {name!r}")
    found = getattr(importlib.import_module(module), function, None)
    if not callable(found):
        raise ValueError(f"{module} must hold a function {function!r}; got {type(found).__name__}")
    return found
