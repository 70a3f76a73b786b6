"""Sabotages by the kind of what a function returns: scores, masks, counts, arrays, lists."""

from knockouts import particular
from knockouts import sabotages as ways
from knockouts.sabotages import argument, from_call, result

WRONG_SIGN = result("wrong sign", ways.negative)
CONSTANT = result("constant", ways.constant)
UNSORTED = result("unsorted", ways.backwards)
OPPOSITE = result("unsorted", ways.in_opposite_order)
HALF_SKIPPED = result("half skipped", ways.half_zero)
HALF_LEFT_OUT = result("half skipped", ways.half_left_out)
LAST_LEFT_OUT = result("last one left out", ways.last_left_out)
OFF_BY_ONE = result("off by one", ways.one_more)
DOUBLED = result("doubled", ways.doubled)
HALVED = result("halved", ways.halved)
COMPLEMENT = result("inverted", ways.complement)
UNCHANGED = from_call("input unchanged", ways.first)
EMPTY = result("empty", ways.empty)
ZERO = result("zero", ways.zeros)

SCORES = [UNCHANGED, WRONG_SIGN, CONSTANT, UNSORTED, HALF_SKIPPED]
MASK = [
    result("inverted", ways.negative),
    result("nothing pruned", ways.all_kept),
    result("off by one", ways.one_less_kept),
    result("half skipped", ways.half_kept),
    UNSORTED,
]
COUNT = [OFF_BY_ONE, DOUBLED, ZERO]
FRACTION = [COMPLEMENT, HALVED, ZERO]
ARRAY = [WRONG_SIGN, ZERO, UNSORTED, HALF_SKIPPED, OFF_BY_ONE]
SCIPY = [result("doubled", lambda matrix: matrix * 2), result("zero", lambda matrix: matrix * 0)]
LIST = [EMPTY, LAST_LEFT_OUT, OPPOSITE]
SIGN_OR_HALF = [("wrong sign", ways.negative), ("half skipped", ways.half_zero)]
RECONSTRUCTION = [from_call("input unchanged", particular.unadjusted), WRONG_SIGN, HALF_SKIPPED, UNSORTED]
PRODUCT = [result(name, particular.product_of(spoil)) for name, spoil in SIGN_OR_HALF]
PICTURE = [result("drawn empty", particular.picture_empty)]


def stored(parameter):
    """Return the sabotages of what stores an array: it stores another one."""
    return [
        argument("wrong sign", parameter, ways.negative),
        argument("unsorted", parameter, ways.backwards),
        argument("half skipped", parameter, ways.half_zero),
        argument("off by one", parameter, ways.one_more),
    ]


def cut(*parameters):
    """Return the sabotages of what keeps some channels: it keeps others, or computes something else with them."""
    return [
        UNCHANGED,
        WRONG_SIGN,
        HALF_SKIPPED,
        *(argument(f"{name} unsorted", name, ways.in_opposite_order) for name in parameters),
        *(argument(f"{name} without its last", name, ways.last_left_out) for name in parameters),
    ]


def each_keep(spoil):
    """Return `spoil` for every entry of {group: indices}."""
    return lambda keep: {name: spoil(indices) for name, indices in keep.items()}
