"""`python -m pruning_lab.lesson.frame.slides [FOLDER]` makes all decks."""

import sys
from pathlib import Path

from pruning_lab.lesson.frame.slides import build

build(*map(Path, sys.argv[1:]))
