"""`python -m pruning_lab`: the command `pruning-lab`, wherever scripts are not on the path."""

import sys

from pruning_lab.command import main

if __name__ == "__main__":
    sys.exit(main())
