"""The same products on a GPU: torch's dense one, and torch's sparse ones. Written, and not tried yet."""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from pruning_lab.masks import mask_n_of_m, mask_unstructured
from pruning_lab.scores import magnitude_scores


def gpu_products(
    matrix: Tensor, columns: int, sparsities: Sequence[float]
) -> Iterator[tuple[tuple[str, float | None], Callable[[], object]]]:
    """Yield ((kernel, its sparsity), product): dense first, then CSR, and 2:4 where the hardware multiplies it.

    Args:
        matrix: (out, in), on a GPU. 2:4 is multiplied in float16, as the hardware has it, and its dense rival too.
        columns: of what it is multiplied by.
    """
    x = torch.randn(matrix.shape[1], columns, device=matrix.device, dtype=matrix.dtype)
    yield ("torch dense", None), _waiting(lambda: matrix @ x)
    for sparsity in sparsities:
        csr = (matrix * mask_unstructured(magnitude_scores(matrix), sparsity)).to_sparse_csr()
        yield ("torch CSR", sparsity), _waiting(lambda csr=csr: csr @ x)
    fits = matrix.shape[0] % 64 == 0 and matrix.shape[1] % 64 == 0 and columns % 8 == 0
    if fits and torch.cuda.get_device_capability(matrix.device) >= (8, 0):
        half, narrow = (matrix * mask_n_of_m(matrix.abs(), 2, 4)).half(), x.half()
        packed = torch.sparse.to_sparse_semi_structured(half)
        yield ("torch dense, float16", None), _waiting(lambda: half @ narrow)
        yield ("2:4, float16", 0.5), _waiting(lambda: packed @ narrow)


def _waiting(call):
    """Return the call that ends when the GPU has ended."""

    def run():
        call()
        torch.cuda.synchronize()

    return run
