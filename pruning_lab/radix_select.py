"""How the lowest scores are found fast, without sorting or copying them: a radix select over float32 on the CPU.

The bits of a float32, read as an integer, sort as the float does once the sign is taken care of. So two histograms
find the score of any rank exactly: one over the upper 16 bits, to find the bucket that holds the rank, and one over
the lower 16 bits of the scores in that bucket. A last pass compares each score with the one found. All of it compares
integers: a processor that flushes denormals would take the smallest floats for equal.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numba import njit
from torch import Tensor

CHUNK = 64  # scores that one vectorised look can dismiss; few enough that most chunks hold none of the bucket


def mask_lowest(tensors: Sequence[Tensor], pruned: int, by_magnitude: bool) -> list[Tensor]:
    """Return one mask for each tensor: False for the `pruned` lowest scores of all tensors together.

    Equal scores go in the order of the tensors, then in row-major order. NaN is not looked for here.

    Args:
        tensors: float32 on the CPU, each of any shape, without NaN. Only a tensor that is not contiguous is copied.
        pruned: at least 1, at most the number of all scores.
        by_magnitude: rank |score| instead of the score.

    Returns:
        Contiguous bool tensors of the same shapes, True keeps.

    >>> mask_lowest([torch.tensor([3.0, -1.0]), torch.tensor([[-2.0]])], 2, by_magnitude=True)
    [tensor([ True, False]), tensor([[False]])]
    """
    if strangers := [scores for scores in tensors if scores.dtype != torch.float32 or scores.device.type != "cpu"]:
        got = f"{strangers[0].dtype} on {strangers[0].device.type}"
        raise TypeError(f"tensors must be float32 on the CPU, whose bits are read as integers; got {got}")
    if not 1 <= pruned <= sum(scores.numel() for scores in tensors):
        raise ValueError(f"pruned must be at least 1 and at most the number of all scores; got {pruned}")
    flats = [np.ascontiguousarray(scores.reshape(-1).numpy(force=True)).view(np.int32) for scores in tensors]
    masks = [torch.empty(scores.shape, dtype=torch.bool, device="cpu") for scores in tensors]
    threshold, ties = _select(flats, pruned - 1, by_magnitude)
    for flat, mask in zip(flats, masks, strict=True):
        ties -= _fill_mask(flat, threshold, ties, by_magnitude, mask.view(-1).numpy())
    return masks


def _select(flats, rank, by_magnitude):
    """Return the key at `rank` in ascending order (0 is the lowest), and how many equal to it go, itself included."""
    upper_counts = np.zeros((4, 1 << 16), np.int64)
    for flat in flats:
        _count_upper_bits(flat, by_magnitude, upper_counts)
    bucket, rank = _bucket_of(upper_counts.sum(axis=0), rank)
    low = bucket - (1 << 15) << 16
    lower_counts = np.zeros(1 << 16, np.int64)
    for flat in flats:
        _count_lower_bits(flat, np.int32(low), np.int32(low | 0xFFFF), by_magnitude, lower_counts)
    lower, rank = _bucket_of(lower_counts, rank)
    return np.int32(low | lower), rank + 1


def _bucket_of(counts, rank):
    """Return the bucket that holds the entry at `rank`, and the entry's rank within it."""
    ends = counts.cumsum()
    bucket = int(ends.searchsorted(rank, side="right"))
    return bucket, int(rank - (ends[bucket] - counts[bucket]))


@njit(cache=True, inline="always")
def _key(bits, by_magnitude):
    """Map the bits of a float32 to an int32 that sorts as the float does, or as its magnitude."""
    if by_magnitude:
        return np.int32(bits & np.int32(0x7FFFFFFF))
    key = np.int32(bits ^ ((bits >> np.int32(31)) & np.int32(0x7FFFFFFF)))
    return np.int32(key + np.int32(key == -1))  # -0.0 is the 0.0 that it equals


@njit(cache=True)
def _count_upper_bits(flat, by_magnitude, counts):
    # Four histograms in turn: a run of equal scores need not wait for its own last count.
    for i in range(flat.size):
        counts[i & 3, (_key(flat[i], by_magnitude) >> 16) + 32768] += 1


@njit(cache=True)
def _count_between(part, low, high, by_magnitude):
    """Return how many keys lie in [low, high]; written so that it vectorises."""
    count = np.uint32(0)
    for i in range(part.size):
        key = _key(part[i], by_magnitude)
        count = np.uint32(count + np.uint32((key >= low) & (key <= high)))
    return count


@njit(cache=True)
def _count_lower_bits(flat, low, high, by_magnitude, counts):
    for start in range(0, flat.size, CHUNK):
        part = flat[start : start + CHUNK]
        if _count_between(part, low, high, by_magnitude):
            for i in range(part.size):
                key = _key(part[i], by_magnitude)
                if low <= key <= high:
                    counts[key & 0xFFFF] += 1


@njit(cache=True)
def _fill_mask(flat, threshold, ties, by_magnitude, mask):
    """Write `key >= threshold`, then clear the first `ties` that equal it; return how many were cleared."""
    for i in range(flat.size):
        mask[i] = _key(flat[i], by_magnitude) >= threshold
    cleared = 0
    for start in range(0, flat.size, CHUNK):
        part = flat[start : start + CHUNK]
        if cleared < ties and _count_between(part, threshold, threshold, by_magnitude):
            for i in range(part.size):
                if cleared < ties and _key(part[i], by_magnitude) == threshold:
                    mask[start + i] = False
                    cleared += 1
    return cleared
