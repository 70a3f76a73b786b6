"""Survivors that share a few values: k-means in one dimension, from any of the paper's three starts."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pruning_lab.arrays import FLOATS, check_array
from pruning_lab.checks import check_float_tensor, check_integer, check_mask, check_values
from pruning_lab.sparse import SharedRows
from pruning_lab.sparse.format import check_length, check_range

STARTS = ("linear", "density", "random")


@dataclass(frozen=True, eq=False)
class SharedWeights:
    """A pruned weight whose survivors take one of 2**bits values.

    Args:
        codebook: (2**bits,) float32 or float64, ascending when `share_weights` made it.
        codes: (kept,) uint8 or uint16, the place in the codebook of each survivor, in row-major order.
        mask: bool, the shape of the weight, True where a weight survives.

    Raises:
        TypeError: an array has another dtype.
        ValueError: the arrays contradict each other.

    >>> shared = SharedWeights(np.array([-1, 2], np.float32), np.array([1, 0], np.uint8), np.array([True, False, True]))
    >>> shared.to_dense().tolist()
    [2.0, 0.0, -1.0]
    """

    codebook: np.ndarray
    codes: np.ndarray
    mask: np.ndarray

    def __post_init__(self) -> None:
        arrays = {
            "codebook": check_array(self.codebook, "codebook", FLOATS, ndim=1),
            "codes": check_array(self.codes, "codes", (np.uint8, np.uint16), ndim=1),
            "mask": check_array(self.mask, "mask", (np.bool_,), ndim=np.ndim(self.mask)),
        }
        for name, array in arrays.items():
            object.__setattr__(self, name, array)
        check_length(self.codes, "codes", int(self.mask.sum()), "mask.sum()")
        check_range(self.codes, "codes", self.codebook.size)

    def to_dense(self) -> np.ndarray:
        """Return the weight, the shape of the mask: shared values where it is True, zero elsewhere."""
        weight = np.zeros(self.mask.shape, self.codebook.dtype)
        weight[self.mask] = self.codebook[self.codes]
        return weight

    def to_rows(self) -> SharedRows:
        """Return a weight of two axes as rows of codes and gaps, from which `kernels.shared_matvec` multiplies.

        >>> mask = np.array([[True, False, True]])
        >>> shared = SharedWeights(np.array([-1, 2], np.float32), np.array([1, 0], np.uint8), mask)
        >>> shared.to_rows().gaps.tolist()
        [0, 1]
        """
        return SharedRows.from_codes(self.codebook, self.codes, self.mask)

    @property
    def bits(self) -> int:
        """Bits of one code."""
        return (self.codebook.size - 1).bit_length()


def share_weights(weight: Tensor, mask: Tensor, bits: int, start: str = "linear", seed: int = 0) -> SharedWeights:
    """Let the survivors share 2**bits values: the means of their clusters, found by k-means.

    The first centroids are evenly spaced from the smallest survivor to the largest, so that the few large weights,
    which matter most, get some of their own; then Lloyd's rounds until no weight changes its cluster. A cluster that
    loses its last weight keeps its centroid. A weight midway between two centroids takes the lower.

    Args:
        weight: floating-point tensor of any shape, finite where the mask keeps.
        mask: bool tensor of the same shape, True keeps; at least one.
        bits: bits of a code, 1 to 16.
        start: where the centroids begin: "linear", evenly spaced in value; "density", evenly spaced in rank, so that
            most of them lie where most weights are; "random", survivors drawn by chance.
        seed: of the draw, at least 0; the other starts need none.

    Returns:
        SharedWeights with a codebook in the dtype of the weight (float32 for 16-bit floats).

    Raises:
        TypeError: weight, mask or bits has another type.
        ValueError: the shapes differ, nothing is kept, a survivor is not finite, bits is out of range, or there is no
            such start.

    Source: Han et al. 2016, Deep Compression (arXiv 1510.00149), sections 3.1 and 3.2.

    >>> weight = torch.tensor([2.0, -1.0, 0.25, 2.5, -0.5, 0.0])
    >>> shared = share_weights(weight, weight != 0, bits=2)
    >>> shared.codes.tolist(), shared.codebook.tolist()
    ([3, 0, 1, 3, 0], [-0.75, 0.25, 1.3333333730697632, 2.25])
    """
    check_values(check_float_tensor(weight, "weight"), "weight")
    _check_mask(mask, weight)
    bits, seed = check_bits(bits, "bits"), check_integer(seed, "seed", minimum=0)
    if start not in STARTS:
        raise ValueError(f"start must be one of {', '.join(STARTS)}; got {start!r}")
    survivors = _survivors(weight.detach(), mask)
    centroids = _lloyd(np.sort(survivors), _first_centroids(survivors, 2**bits, start, seed))
    codebook = centroids.astype(np.float64 if weight.dtype == torch.float64 else np.float32)
    codes = np.searchsorted(_middles(centroids), survivors)
    return SharedWeights(codebook, codes.astype(code_dtype(codebook.size)), mask.to("cpu", copy=True).numpy())


def shared_already(weight: Tensor, mask: Tensor, most: int) -> SharedWeights | None:
    """Return the survivors as they are if they take no more than `most` values, which are then the codebook; else None.

    Args:
        weight, mask: as for `share_weights`, though the mask may keep nothing.
        most: how many values a codebook may have, 1 to 65,536.

    >>> weight = torch.tensor([2.0, -1.0, 2.0, 0.0])
    >>> shared_already(weight, weight != 0, most=2).codebook.tolist()
    [-1.0, 2.0]
    """
    survivors = _survivors(weight.detach(), mask)
    values, codes = np.unique(survivors, return_inverse=True)
    if values.size > most:
        return None
    codebook = values.astype(np.float64 if weight.dtype == torch.float64 else np.float32)
    return SharedWeights(codebook, codes.astype(code_dtype(values.size)), mask.to("cpu", copy=True).numpy())


def code_dtype(values: int) -> type[np.unsignedinteger]:
    """Return the dtype of codes into a codebook of so many values.

    >>> code_dtype(256).__name__, code_dtype(257).__name__
    ('uint8', 'uint16')
    """
    return np.uint8 if values <= 256 else np.uint16


def check_bits(bits: int, name: str) -> int:
    """Return `bits`, those of a code or a gap, as an int from 1 to 16.

    >>> check_bits(17, "bits")
    Traceback (most recent call last):
    ValueError: bits must be at most 16; got 17
    """
    bits = check_integer(bits, name, minimum=1)
    if bits > 16:
        raise ValueError(f"{name} must be at most 16; got {bits}")
    return bits


def _first_centroids(survivors, count, start, seed):
    """Return where `count` centroids begin, ascending."""
    if start == "linear":
        return np.linspace(survivors.min(), survivors.max(), count)
    if start == "density":  # the middle of each of `count` equal shares of the ranking
        return np.quantile(survivors, (np.arange(count) + 0.5) / count, method="inverted_cdf")
    enough = survivors.size >= count
    return np.sort(np.random.default_rng(seed).choice(survivors, count, replace=not enough))


def _survivors(weight, mask):
    """Return what the mask keeps, (kept,) float64, if sums of it are numbers too."""
    numbers = weight.double() if weight.element_size() == 1 else weight  # torch picks nothing out of a float8
    survivors = numbers[mask.to(weight.device)].cpu().double().numpy()
    if not np.isfinite(survivors).all():
        raise ValueError(f"weight must be finite where mask keeps; got {survivors[~np.isfinite(survivors)][0]}")
    largest = np.abs(survivors).max(initial=0)
    if survivors.size and largest > np.finfo(np.float64).max / (2 * survivors.size):
        raise ValueError(f"weight must be small enough for its sum to be finite; got magnitudes up to {largest:.3g}")
    return survivors


def _lloyd(values, centroids):
    """Return where the ascending `centroids` of the ascending `values` come to rest."""
    # In one dimension a cluster is a run of the sorted values: a round moves the cuts, and running sums give the means.
    sums, lost = _running_sums(values)
    seen = set()  # a round that rounds otherwise could lead back to an earlier one, and so on without end
    while True:
        cuts = np.concatenate([[0], np.searchsorted(values, _middles(centroids), side="right"), [values.size]])
        if (state := hash(cuts.tobytes())) in seen:
            return centroids
        seen.add(state)
        first, last = values[np.minimum(cuts[:-1], values.size - 1)], values[cuts[1:] - 1]
        means = (np.diff(sums[cuts]) + np.diff(lost[cuts])) / np.maximum(np.diff(cuts), 1)
        centroids = np.where(np.diff(cuts) > 0, means.clip(first, last), centroids)


def _running_sums(values):
    """Return the sums of the first 0, 1, ... values, and what rounding took from each: large ones hide small ones."""
    sums = np.concatenate([[0], np.cumsum(values)])
    added = np.diff(sums)
    return sums, np.concatenate([[0], np.cumsum((sums[:-1] - (sums[1:] - added)) + (values - added))])


def _middles(centroids):
    return (centroids[1:] + centroids[:-1]) / 2


def _check_mask(mask, weight):
    check_values(check_mask(mask), "mask")
    if mask.shape != weight.shape:
        raise ValueError(f"mask must have the shape of weight, {tuple(weight.shape)}; got {tuple(mask.shape)}")
    if not mask.any():
        raise ValueError(f"mask must keep at least one weight; got none of {mask.numel()}")
