"""What a check may trust: plain copies of what an answer returned, and instances that nobody has seen before.

A check takes the student's function and a generator of instances; it raises AssertionError with a message for them.
"""

import io
import json
import os
import struct
import sys

import numpy as np

LARGEST = 64_000_000  # bytes of a packed value
SIZE = struct.Struct(">Q")
SCALARS = (bool, int, float, str, type(None))


def instances(seed=None):
    """Return a NumPy generator to draw a question's instances from.

    Args:
        seed: a number for the public checks, which then show everybody the same instances. None draws others: while a
            class is graded, those of the environment variable PRUNING_LAB_INSTANCES, the same for the whole class;
            elsewhere new ones on every call.
    """
    drawn = os.environ.get("PRUNING_LAB_INSTANCES")
    return np.random.default_rng(seed if seed is not None or drawn is None else int(drawn))


def plain(value):
    """Return a copy of an answer made of plain types alone: numbers, text, lists, tuples, dicts and NumPy arrays.

    An object that says it equals everything is none of these, so it cannot pass a comparison.

    Raises:
        TypeError: anything else, at any depth.

    >>> import torch
    >>> plain({"indptr": torch.tensor([0, 2])})
    {'indptr': array([0, 2])}
    """
    return unpack(pack(value))


def plain_answer(value, name):
    """Return a plain copy of an answer; where there cannot be one, tell the student so."""
    try:
        return plain(value)
    except TypeError as error:
        raise AssertionError(f"{name}: {error}") from None


def answered(answer, name, *arguments):
    """Call the student's function; return a plain copy of its answer, or say what is missing."""
    assert answer is not None, f"{name} is not defined: its cell is missing, or stopped with an error"
    assert callable(answer), f"{name} must be a function; something else has taken its name"
    got = plain_answer(answer(*arguments), name)
    assert got is not None, f"{name} returns nothing yet: replace the ... and return the answer"
    return got


def pack(value):
    """Return `value` as bytes that `unpack` reads without running any code: a .npz without pickle."""
    arrays = {}
    tree = json.dumps(_tree(value, arrays))
    content = io.BytesIO()
    np.savez(content, tree=np.array(tree), **arrays)
    if content.tell() > LARGEST:
        raise TypeError(f"an answer must take less than {LARGEST // 1_000_000} MB; got {content.tell() / 1e6:.0f} MB")
    return content.getvalue()


def unpack(content):
    """Return the value that `pack` was given, in plain types."""
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        return _value(json.loads(str(archive["tree"])), archive)


def send(file, value):
    """Write one value to a pipe."""
    content = pack(value)
    file.write(SIZE.pack(len(content)) + content)
    file.flush()


def receive(file):
    """Read one value from a pipe; struct.error where the other side has closed it."""
    (size,) = SIZE.unpack(file.read(SIZE.size))
    if size > LARGEST:
        raise ValueError(f"a value must take less than {LARGEST} bytes; got {size}")
    return unpack(file.read(size))


def _tree(value, arrays):
    if type(value) in SCALARS:
        return {"scalar": value}
    torch = sys.modules.get("torch")  # who has a tensor has imported it; others need not wait for that
    if torch and isinstance(value, torch.Tensor):
        value = value.detach().cpu()
        value = (value.float() if value.dtype == torch.bfloat16 else value).numpy()
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biufcU":
        name = f"array{len(arrays)}"
        arrays[name] = np.array(value, subok=False)
        return {"array": name, "number": isinstance(value, np.generic)}
    if type(value) in (list, tuple):
        return {type(value).__name__: [_tree(item, arrays) for item in value]}
    if type(value) is dict:
        return {"dict": [[_tree(key, arrays), _tree(item, arrays)] for key, item in value.items()]}
    if value is ...:
        raise TypeError("it is not filled in yet: replace the ...")
    if isinstance(value, range):
        return _tree(list(value), arrays)
    raise TypeError(f"an answer must be made of numbers, text, arrays, lists and dicts; got {type(value).__name__}")


def _value(tree, archive):
    ((kind, content), *_) = tree.items()
    if kind == "scalar":
        return content
    if kind == "array":
        return archive[content].item() if tree["number"] else archive[content]
    if kind == "dict":
        return {_value(key, archive): _value(item, archive) for key, item in content}
    items = [_value(item, archive) for item in content]
    return tuple(items) if kind == "tuple" else items
