"""Deep Compression's times and watts, as printed: what lesson 04 compares this machine with."""

import math

import numpy as np

# Machine and batch: microseconds for one input, dense and pruned, layers in the order of DEEP_COMPRESSION_LAYERS in
# pruning_lab.sparse.published. Han et al. 2015 (arXiv 1510.00149), table 8.
PUBLISHED = {
    ("Core i7-5930K", 1): (
        (7516.2, 6187.1, 1134.9, 35022.8, 5372.8, 774.2),
        (3066.5, 1282.1, 890.5, 3774.3, 545.1, 777.3),
    ),
    ("Titan X", 1): ((541.5, 243.0, 80.5, 1467.8, 243.0, 80.5), (134.8, 65.8, 54.6, 167.0, 39.8, 48.0)),
    ("Tegra K1", 1): (
        (12437.2, 5765.0, 2252.1, 35427.0, 5544.3, 2243.1),
        (2879.3, 1256.5, 837.0, 4377.2, 626.3, 745.1),
    ),
    ("Core i7-5930K", 64): (
        (318.4, 188.9, 45.8, 1056.0, 188.3, 45.7),
        (1417.6, 682.1, 407.7, 1780.3, 274.9, 363.1),
    ),
    ("Titan X", 64): ((19.8, 8.9, 5.9, 53.6, 8.9, 5.9), (94.6, 51.5, 23.2, 121.5, 24.4, 22.0)),
    ("Tegra K1", 64): (
        (1663.6, 2056.8, 298.0, 2001.4, 2050.7, 483.9),
        (4003.9, 1372.8, 576.7, 8024.8, 660.2, 544.1),
    ),
}
# Machine: watts at batch 1, dense and pruned. The same paper, table 9.
WATTS = {
    "Core i7-5930K": ((83.5, 72.8, 77.6, 70.6, 74.6, 77.0), (42.3, 37.4, 36.5, 38.0, 37.4, 36.0)),
    "Titan X": ((157, 159, 159, 166, 163, 159), (181, 183, 162, 189, 166, 162)),
    "Tegra K1": ((5.1, 5.1, 5.4, 5.3, 5.3, 5.4), (5.9, 6.1, 5.8, 5.6, 6.3, 5.8)),
}
MACHINES = tuple(WATTS)


def geometric_mean(ratios):
    """Return the mean that suits ratios: twice as fast and half as fast give 1.

    >>> geometric_mean([2, 0.5])
    1.0
    """
    return math.exp(np.log(ratios).mean())


def published_speed_ups(machine, batch):
    """Return dense over pruned time as published, one number per layer.

    >>> [round(ratio, 2) for ratio in published_speed_ups("Core i7-5930K", 64)]
    [0.22, 0.28, 0.11, 0.59, 0.68, 0.13]
    """
    dense, pruned = PUBLISHED[machine, batch]
    return tuple(np.divide(dense, pruned).tolist())


def published_energy_ratios(machine):
    """Return dense over pruned energy at batch 1, watts times seconds, one number per layer.

    >>> round(geometric_mean(published_energy_ratios("Tegra K1")), 2)
    4.23
    """
    dense, pruned = WATTS[machine]
    return tuple((np.divide(dense, pruned) * published_speed_ups(machine, 1)).tolist())
