"""How many bits does a weight need? Formats against the least that any could take, and integers against zeros.

Everything here is bits for each weight of the dense matrix, so that a format, an integer and a pruned float compare.
"""

import numpy as np

from pruning_lab import sparse

DENSITIES = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9)
HALF = 16  # bits of a float16, in which survivors are kept where nothing else is said


def mask_entropy(density):
    """Return the bits that a place needs at least to say whether a weight is there, if weights lie at random.

    >>> mask_entropy(0.5), round(mask_entropy(0.1), 3), mask_entropy(1.0)
    (1.0, 0.469, 0.0)
    """
    shares = np.array([share for share in (density, 1 - density) if share > 0])
    return float(-(shares * np.log2(shares)).sum() + 0.0)


def code_entropy(codes):
    """Return the bits that a code needs at least on average, (n,) integers, if each is drawn by itself.

    >>> code_entropy(np.array([0, 0, 1, 2]))
    1.5
    """
    shares = np.unique(codes, return_counts=True)[1] / codes.size
    return float(-(shares * np.log2(shares)).sum() + 0.0)


def bits_by_format(density, value_bits=HALF):
    """Return {format: bits a weight} at a density; the last one is what no format can beat where zeros are random.

    >>> {name: round(bits, 2) for name, bits in bits_by_format(0.1).items()}
    {'dense': 16, 'CSR, 16-bit columns': 3.2, 'bitmask': 2.6, 'gaps of 4 bits': 2.45, 'floor': 2.07}
    """
    gap_bits = 4
    return {
        "dense": value_bits,
        "CSR, 16-bit columns": density * (value_bits + 16),
        "bitmask": density * value_bits + 1,
        f"gaps of {gap_bits} bits": density * (value_bits + gap_bits) * sparse.filler_factor(density, gap_bits),
        "floor": density * value_bits + mask_entropy(density),
    }


def snr(weights, approximation):
    """Return how far the error lies below the weights, in decibels: 10 dB more is a tenth of the squared error.

    >>> round(snr(np.array([3.0, 4.0]), np.array([3.0, 3.5])), 1)
    20.0
    """
    return float(10 * np.log10((weights**2).sum() / ((weights - approximation) ** 2).sum()))


def as_integers(weights, bits, lowest=None, tried=60):
    """Return weights as integers of so many bits times one scale; -2**(bits - 1) is one of the integers.

    What the largest integer stands for is searched from `lowest` to the largest weight, and what leaves the least
    squared error is taken; weights beyond are clipped.

    Args:
        lowest: None is half of the root mean square. A share of the largest weight would fail where one weight is a
            hundred times the others; the largest weight itself clips nothing.
    """
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    lowest = np.sqrt((weights**2).mean()) / 2 if lowest is None else lowest
    limits = np.geomspace(lowest, np.abs(weights).max(), tried)
    rounded = (np.clip(np.round(weights * (high / limit)), low, high) * (limit / high) for limit in limits)
    return min(rounded, key=lambda found: ((found - weights) ** 2).sum())


def unclipped_integers(weights, bits):
    """Return weights as integers of so many bits, the largest weight as the largest integer: no scale is searched.

    >>> unclipped_integers(np.array([7.0, -3.2, 0.4]), 4).tolist()
    [7.0, -3.0, 0.0]
    """
    return as_integers(weights, bits, np.abs(weights).max(), tried=1)


def as_survivors(weights, bits, index_is_free=False):
    """Return weights of which only the largest stay, in float16, as many as so many bits a weight pay for.

    Their places cost what a perfect code would need, or nothing if `index_is_free`.
    """
    densities = np.arange(1, 1001) / 1000
    costs = np.array([HALF * d + (0 if index_is_free else mask_entropy(d)) for d in densities])
    kept = round(float(densities[costs <= bits].max(initial=0)) * weights.size)
    pruned, order = np.zeros_like(weights), np.argsort(-np.abs(weights), kind="stable")[:kept]
    pruned[order] = weights[order].astype(np.float16)
    return pruned


RIVALS = {
    "integers": as_integers,
    "integers, largest weight as the limit": unclipped_integers,
    "pruned, places at the floor": as_survivors,
    "pruned, places for nothing": lambda weights, bits: as_survivors(weights, bits, index_is_free=True),
}


def zeros_against_bits(sources, bits=(8, 4, 3, 2)):
    """Return rows of {source, bits, and for each of RIVALS its SNR in dB}, at as many bits a weight for each.

    Args:
        sources: {name: (n,) array of weights}.
    """
    return [
        {"source": name, "bits": number}
        | {rival: snr(weights, make(weights, number)) for rival, make in RIVALS.items()}
        for name, weights in sources.items()
        for number in bits
    ]


def bell_curves(size=50_000, seed=0):
    """Return {name: weights}: a bell curve, and one with heavy tails (Student's t, three degrees of freedom)."""
    rng = np.random.default_rng(seed)
    return {"bell curve": rng.standard_normal(size), "heavy tails": rng.standard_t(3, size)}


def kurtosis(weights):
    """Return how heavy the tails are: the fourth moment over the square of the second; 3 for a bell curve.

    >>> kurtosis(np.array([-1.0, 1.0]))
    1.0
    """
    spread = weights - weights.mean()
    return float((spread**4).mean() / (spread**2).mean() ** 2)
