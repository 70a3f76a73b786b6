"""Small networks as dicts of arrays: asked for, and compared by their shapes and by what they compute."""

import numpy as np

from pruning_lab.homework.frame.answers import answered

CLOSE = {"rtol": 1e-3, "atol": 1e-3}  # float32 is close enough; a wrong channel is off by about 1


def draw(rng, shapes):
    """Return a net of random arrays of some shapes, by name; variances are positive."""
    return {
        name: rng.random(shape) + 0.5 if "var" in name else rng.standard_normal(shape) for name, shape in shapes.items()
    }


def asked_net(answer, name, net, *arguments):
    """Ask for a net; say so if the argument was changed in place, or if arrays are missing or something else."""
    given = {key: array.copy() for key, array in net.items()}
    got = answered(answer, name, given, *(list(part) if isinstance(part, list) else part for part in arguments))
    changed = [key for key in net if not np.array_equal(given.get(key, ()), net[key])]
    assert not changed, f"{name} changed {changed} of its argument: work on copies"
    assert isinstance(got, dict), f"return a dict of arrays like the one that came in; got {type(got).__name__}"
    assert got.keys() == net.keys(), f"the dict must have the names {list(net)}; got {list(got)}"
    strange = [key for key, array in got.items() if not isinstance(array, np.ndarray) or array.dtype.kind != "f"]
    assert not strange, f"{strange} must be arrays of floats"
    return got


def check_shapes(got, net, cut, where):
    """`cut`: {name: lengths of the first axes}, None where an axis keeps its length; other arrays keep their shape."""
    for name, array in net.items():
        lengths = cut.get(name, ())
        wanted = tuple(new or old for new, old in zip(lengths, array.shape, strict=False)) + array.shape[len(lengths) :]
        hint = "is not to be cut" if wanted == array.shape else "is to be cut"
        assert got[name].shape == wanted, f"{where}: {name} {hint}: must have shape {wanted}; got {got[name].shape}"


def check_same(got, right, where, reason):
    assert np.allclose(got, right, **CLOSE), (
        f"{where}: the result differs from the masked network's by up to {np.abs(got - right).max():.2g}: {reason}"
    )
