"""`python -m pruning_lab.audit module:function`: audit the network that a function returns."""

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence

from .auditing import audit


def main(arguments: Sequence[str]) -> int:
    """Audit, print what was found, and return 0; or print what is wrong with the arguments and return 2."""
    parser = argparse.ArgumentParser(prog="pruning-lab audit", description=__doc__)
    parser.add_argument("network", help="module:function, where function() returns (model, example_inputs)")
    parser.add_argument("--evaluate", help="module:function of a model that returns a number")
    parser.add_argument("--html", help="write one page to this file")
    parser.add_argument("--json", help="write every number to this file")
    parser.add_argument("--seconds", type=float, default=60, help="what the measurements may take (60)")
    parser.add_argument("--resume", help="file from which calls of --evaluate that were interrupted go on")
    asked = parser.parse_args(arguments)
    sys.path.insert(0, "")  # a module beside which the command is called
    try:
        made = named(asked.network)()
        if not isinstance(made, tuple) or len(made) != 2:
            raise TypeError(f"{asked.network} must return (model, example_inputs); got {type(made).__name__}")
        evaluate = named(asked.evaluate) if asked.evaluate else None
        found = audit(*made, evaluate=evaluate, seconds=asked.seconds, path=asked.resume)
    except (TypeError, ValueError, ImportError) as error:
        print(error, file=sys.stderr)
        return 2
    finally:
        sys.path.remove("")
    print(found)
    if asked.html:
        found.to_html(asked.html)
    if asked.json:
        found.save(asked.json)
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
    found = getattr(importlib.import_module(module), function, None)
    if not callable(found):
        raise ValueError(f"{module} must hold a function {function!r}; got {type(found).__name__}")
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
