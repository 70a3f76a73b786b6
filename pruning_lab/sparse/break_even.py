"""At what density does a format stop paying off?"""

from scipy.optimize import brentq

from pruning_lab.sparse.format import Format, check_pair, check_value_bytes
from pruning_lab.sparse.n_of_m import NOfM


def break_even_density(form: type[Format], shape: tuple[int, int], value_bytes: float = 4, **options: object) -> float:
    """Return the density at which `form` takes as many bytes as the dense matrix; below it the format is smaller.

    It solves `form.bytes_at(shape, density, value_bytes, **options) == rows * columns * value_bytes`: indices cost what
    they cost, so the smaller the values the earlier a format stops paying off. NOfM has one size whatever the density.

    Args:
        form: COO, CSR, CSC, BlockCSR, Bitmask or RelativeIndex.
        shape: (rows, columns).
        value_bytes: bytes of one value, over 0; 5 / 8 for a code of 5 bits.
        options: what that format's `bytes_at` takes: index_dtype, block, index_bits.

    Returns:
        The density in [0, 1]; 0 where the format never pays off, 1 where it always does.

    >>> from pruning_lab.sparse import CSR, Bitmask
    >>> round(break_even_density(CSR, (4096, 4096), index_dtype="int32"), 3)  # index as large as the value: a half
    0.5
    >>> round(break_even_density(CSR, (4096, 4096)), 3), round(break_even_density(Bitmask, (4096, 4096)), 3)
    (0.667, 0.969)
    """
    shape, value_bytes = check_pair(shape, "shape", minimum=1), check_value_bytes(value_bytes)
    if not value_bytes:
        raise ValueError(f"value_bytes must be over 0, as a dense matrix has no size else; got {value_bytes}")
    if form is NOfM or not hasattr(form, "bytes_at"):
        raise TypeError(f"form must be a format whose size depends on the density; got {form!r}")
    dense_bytes = shape[0] * shape[1] * value_bytes

    def excess(density):
        return form.bytes_at(shape, density=density, value_bytes=value_bytes, **options) - dense_bytes

    lowest = 1e-9  # not 0: a relative index of nothing but zeros has no defined filler factor
    if excess(lowest) >= 0:
        return 0.0
    return 1.0 if excess(1.0) <= 0 else brentq(excess, lowest, 1.0)
