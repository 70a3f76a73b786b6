"""Ask who notices each sabotage, and write it down: `python course.py knockout`.

What is known stays known, so a run that was stopped goes on; `--again` forgets what is said about a function.
"""

import argparse
import os
import signal
import sys

from knockouts.results import PATH


def main(arguments):
    """Ask; print the shares."""
    options = parsed(arguments)
    if not hasattr(os, "fork"):
        sys.exit("This system must be able to fork a process, as Linux and macOS can; got Windows. Use WSL.")
    os.environ.setdefault("PRUNING_LAB_UNATTENDED", "1")
    from knockouts import in_lessons, in_tests, matrix, results, table  # torch is not waited for to print --help

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what it has started ends with it
    wanted = table.pairs(options.only)
    known = results.Results(options.path)
    if options.check:
        sys.exit("\n".join(in_tests.check(known, options.workers)) or None)
    if options.again:
        known.forget({function for function, _ in wanted} | {""})  # the controls, too
    if "tests" in options.ask or "homework" in options.ask:
        trace = in_tests.Trace(results.Calls(), options.workers)
        kinds = [kind for kind in in_tests.KINDS if kind in options.ask]
        in_tests.ask_all(wanted, trace, known, options.workers, kinds, options.tests or in_tests.PLACES)
    if "lessons" in options.ask:
        in_lessons.ask_all(wanted, known, options.workers, options.notebooks)
    print(matrix.summary(known))


def parsed(arguments):
    """Return the options."""
    parser = argparse.ArgumentParser(prog="python course.py knockout", description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="+", metavar="NAME", help="functions or modules, such as masks.mask_global")
    parser.add_argument(
        "--ask", nargs="+", choices=("tests", "homework", "lessons"), default=["tests", "homework", "lessons"]
    )
    parser.add_argument("--notebooks", nargs="+", metavar="NAME", help="such as 'lesson 03' or hw2-storage; or all")
    parser.add_argument("--tests", nargs="+", metavar="FILE", help="files of tests to ask; all if none is named")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes at once; all cores")
    parser.add_argument("--path", default=PATH, help="file of results")
    parser.add_argument("--again", action="store_true", help="forget what is known of these functions first")
    parser.add_argument("--check", action="store_true", help="does each test still notice what it is said to?")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
