import pytest
from bad_input import bad_input_test
from hypothesis import given, settings
from hypothesis import strategies as st

from pruning_lab.schedules import cubic_sparsity, iterative_sparsities

seldom = settings(max_examples=50, deadline=None)
fractions = st.floats(0, 1)


@pytest.mark.parametrize(
    ("step", "expected"),
    [(0, 0), (100, 0), (150, 0.8 * (1 - 1 / 8)), (199, 0.8 * (1 - 1e-6)), (200, 0.8), (10**9, 0.8)],
)
def test_cubic_by_hand(step, expected):
    assert cubic_sparsity(step, start=100, stop=200, target=0.8) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("rounds", "fraction", "expected"),
    [
        (1, 0.9, [0.9]),
        (3, 0.2, [0.2, 0.36, 0.488]),
        (4, 0.5, [0.5, 0.75, 0.875, 0.9375]),
        (2, 0, [0, 0]),
        (3, 1, [1, 1, 1]),
    ],
)
def test_iterative_by_hand(rounds, fraction, expected):
    assert iterative_sparsities(rounds, fraction) == pytest.approx(expected, rel=1e-12)


@seldom
@given(start=st.integers(0, 50), length=st.integers(1, 300), target=fractions)
def test_cubic_never_falls_and_ends_exactly(start, length, target):
    steps = range(start + length + 3)
    sparsities = [cubic_sparsity(step, start=start, stop=start + length, target=target) for step in steps]
    assert sparsities == sorted(sparsities)
    assert all(sparsity == 0 for sparsity in sparsities[: start + 1])
    assert all(sparsity == target for sparsity in sparsities[start + length :])


@seldom
@given(rounds=st.integers(1, 200), fraction=fractions)
def test_iterative_never_falls_and_starts_exactly(rounds, fraction):
    sparsities = iterative_sparsities(rounds, fraction)
    assert len(sparsities) == rounds
    assert sparsities == sorted(sparsities)
    assert sparsities[0] == fraction
    assert sparsities[-1] <= 1
    assert sparsities[-1] == pytest.approx(1 - (1 - fraction) ** rounds, abs=1e-12)


@pytest.mark.parametrize("rounds", [1, 2, 5, 20])
def test_the_fraction_for_a_target(rounds):
    """The formula that the docstring gives for ending at a chosen sparsity."""
    assert iterative_sparsities(rounds, 1 - (1 - 0.95) ** (1 / rounds))[-1] == pytest.approx(0.95)


IN_RANGE = "must be in [0, 1] (0.9 prunes 90 %)"
BAD_INPUT = [
    (
        "a step that is not an integer",
        lambda: cubic_sparsity(0.5, start=0, stop=1, target=0.5),
        TypeError,
        "step must be an integer; got 0.5",
    ),
    (
        "a step below 0",
        lambda: cubic_sparsity(-1, start=0, stop=1, target=0.5),
        ValueError,
        "step must be at least 0; got -1",
    ),
    (
        "a start below 0",
        lambda: cubic_sparsity(0, start=-1, stop=1, target=0.5),
        ValueError,
        "start must be at least 0; got -1",
    ),
    (
        "a stop that is not an integer",
        lambda: cubic_sparsity(0, start=0, stop="9", target=0.5),
        TypeError,
        "stop must be an integer; got '9'",
    ),
    (
        "no step between start and stop",
        lambda: cubic_sparsity(0, start=5, stop=5, target=0.5),
        ValueError,
        "stop must come after start; got start 5 and stop 5",
    ),
    (
        "a target in percent",
        lambda: cubic_sparsity(0, start=0, stop=1, target=90),
        ValueError,
        f"target {IN_RANGE}; got 90",
    ),
    ("no rounds", lambda: iterative_sparsities(0, 0.5), ValueError, "rounds must be at least 1; got 0"),
    ("rounds that are true", lambda: iterative_sparsities(True, 0.5), TypeError, "rounds must be an integer; got True"),
    ("a fraction of NaN", lambda: iterative_sparsities(2, float("nan")), ValueError, f"fraction {IN_RANGE}; got nan"),
    (
        "a fraction as text",
        lambda: iterative_sparsities(2, "0.5"),
        TypeError,
        "fraction must be a number in [0, 1] (0.9 prunes 90 %); got '0.5'",
    ),
]


test_bad_input = bad_input_test(BAD_INPUT)
