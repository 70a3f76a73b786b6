"""What would pay in this network, on this machine? Measured layer by layer, and said in words with their numbers.

`pruning-lab audit module:function` does the same from the command line. What runs on a GPU is written
for one, and was not tried on any.
"""

from .auditing import audit
from .findings import Finding
from .report import Audit

__all__ = ["Audit", "Finding", "audit"]
