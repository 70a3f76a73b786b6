"""`python -m pruning_lab doctor`: is this computer ready for the course?"""

import sys

from pruning_lab.lesson.frame import doctor

if __name__ == "__main__":
    if sys.argv[1:] != ["doctor"]:
        sys.exit("usage: python -m pruning_lab doctor")
    sys.exit(min(doctor.main(), 1))
