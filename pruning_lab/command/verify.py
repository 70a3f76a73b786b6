"""`pruning-lab verify [LESSON]`: hold the course's claims against this machine."""

import sys
from argparse import Namespace

from pruning_lab.files import replacing
from pruning_lab.lesson.frame import verify
from pruning_lab.lesson.frame.lessons import lesson, lessons


def run(given: Namespace) -> int:
    """Print what becomes of each claim, a lesson at a time; return 0, 1 where one differs, 2 for a bad argument."""
    try:
        wanted = [lesson(given.lesson)] if given.lesson else lessons()
        found = []
        for each in wanted:
            here = verify.findings(each, given.runs)
            print(verify.as_text(here), flush=True)
            found += here
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    print(verify.summary(found))
    if given.html:
        with replacing(given.html) as file:
            file.write(verify.as_page(found).encode())
    return int(any(finding.verdict == verify.DIFFERS for finding in found))
