"""How much, when? Plain numbers: each sparsity is measured against the dense network, and never falls."""

from pruning_lab.checks import check_integer, check_sparsity


def cubic_sparsity(step: int, *, start: int, stop: int, target: float) -> float:
    """Return the sparsity due at a training step: 0 up to `start`, rising to `target`, fast at first, slow at last.

    Early on many weights are redundant; the last ones to go need time to be made up for. From `stop` on it is exactly
    `target`.

    Args:
        step: training step, at least 0.
        start: last step of the dense network, at least 0.
        stop: first step at `target`, after `start`.
        target: final sparsity, in [0, 1].

    Returns:
        float in [0, target].

    Raises:
        TypeError: a step, start or stop that is not an integer, a target that is not a number.
        ValueError: a step or start below 0, a stop not after `start`, a target outside [0, 1].

    Source: Zhu and Gupta 2017, arXiv 1710.01878, section 3, equation 1, with initial sparsity 0.

    >>> [cubic_sparsity(step, start=0, stop=4, target=0.64) for step in (0, 1, 2, 3, 4)]
    [0.0, 0.37, 0.56, 0.63, 0.64]
    """
    step = check_integer(step, "step", minimum=0)
    start = check_integer(start, "start", minimum=0)
    stop = check_integer(stop, "stop", minimum=0)
    target = check_sparsity(target, "target")
    if stop <= start:
        raise ValueError(f"stop must come after start; got start {start} and stop {stop}")
    left = (stop - min(max(step, start), stop)) / (stop - start)
    return target * (1 - left * left * left)


def iterative_sparsities(rounds: int, fraction: float) -> list[float]:
    """Return the sparsity after each round when every round prunes `fraction` of what is left: 1 - (1 - fraction)^k.

    One round is one-shot pruning. To end at a sparsity s after k rounds, take fraction = 1 - (1 - s)^(1/k).

    Args:
        rounds: number of rounds, at least 1.
        fraction: part of the surviving weights that a round prunes, in [0, 1].

    Returns:
        list of `rounds` floats in [0, 1]; the first is `fraction`.

    Raises:
        TypeError: rounds that is not an integer, a fraction that is not a number.
        ValueError: fewer than 1 round, a fraction outside [0, 1].

    Source: Frankle and Carbin 2018, arXiv 1803.03635, section 1 (iterative pruning).

    >>> iterative_sparsities(3, 0.5)
    [0.5, 0.75, 0.875]
    >>> iterative_sparsities(1, 0.9)
    [0.9]
    """
    rounds, fraction = check_integer(rounds, "rounds", minimum=1), check_sparsity(fraction, "fraction")
    sparsities = [fraction]
    while len(sparsities) < rounds:  # adding to the last one, so that rounding cannot make a later one smaller
        sparsities.append(sparsities[-1] + fraction * (1 - sparsities[-1]))
    return sparsities
