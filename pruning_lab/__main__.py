"""`python -m pruning_lab doctor`: is this computer ready for the course?"""

import sys

from pruning_lab.homework.frame import sandbox
from pruning_lab.lesson.frame import doctor


def grading():
    """Say how submissions are cut off here. It is no fault where they are not: only who grades needs it."""
    return doctor.Finding("grading homework", sandbox.described())


if __name__ == "__main__":
    if sys.argv[1:] != ["doctor"]:
        sys.exit("usage: python -m pruning_lab doctor")
    sys.exit(min(doctor.main(grading), 1))
