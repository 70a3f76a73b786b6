"""What does a network cost? `counts` adds up weights and bytes, `products` the multiply-accumulates of a run.

`timing` measures seconds. `rivals` are the dense products that a sparse one is measured against.
"""

from .counts import count_weights, stored_bytes
from .products import macs
from .rivals import Rival, best_dense, dense_products, numpy_product, torch_product
from .timing import Comparison, Row, compare, one_thread, processor_name, speed, stream_bandwidth

__all__ = [
    "Comparison",
    "Rival",
    "Row",
    "best_dense",
    "compare",
    "count_weights",
    "dense_products",
    "macs",
    "numpy_product",
    "one_thread",
    "processor_name",
    "speed",
    "stored_bytes",
    "stream_bandwidth",
    "torch_product",
]
