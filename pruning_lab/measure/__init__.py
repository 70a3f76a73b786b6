"""What does a network cost? `counts` adds up weights, bytes and multiply-accumulates; `timing` measures seconds."""

from .counts import count_weights, macs, stored_bytes
from .timing import Comparison, Row, compare, one_thread, stream_bandwidth

__all__ = ["Comparison", "Row", "compare", "count_weights", "macs", "one_thread", "stored_bytes", "stream_bandwidth"]
