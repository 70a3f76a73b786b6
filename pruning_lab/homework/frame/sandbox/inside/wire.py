"""How values cross between a grader and a submission: plain types alone, and bounded before they are unpacked.

A message is its length (8 bytes), the length of a text (4 bytes), that text (JSON: the tree of the value, with the type
and the shape of each array), and the bytes of the arrays, one after the other. Nothing is compressed, so what a message
says it holds is what it takes.
"""

import json
import math
import os
import re
import struct
import sys

import numpy as np

LARGEST = 64_000_000  # bytes of a message
LARGEST_TEXT = 8_000_000  # bytes of its text
MOST_PARTS, DEEPEST = 200_000, 50  # of lists and dicts
MOST_AXES = 16  # of an array
WIDEST = 64  # bits of a whole number
SIZE, TEXT_SIZE = struct.Struct(">Q"), struct.Struct(">I")
CONTAINERS = (list, tuple, dict)
SCALARS = (bool, int, float, str, type(None))
ARRAYS = (np.ndarray, np.matrix, np.memmap)  # a subclass of a submission's own would answer as it likes
NUMBERS = frozenset(np.sctypeDict.values())  # NumPy's own, one by one
KINDS = "biufc"  # NumPy's letters for truth values, numbers and complex numbers


def pack(value):
    """Return `value` as bytes that `unpack` reads without running any code.

    Raises:
        TypeError: it is not plain, or too large; the message is for the student.
    """
    packer = _Packer()
    tree = packer.tree(value, 0)
    shapes = [[array.dtype.str, list(array.shape)] for array in packer.arrays]
    text = json.dumps([tree, shapes], separators=(",", ":")).encode()
    size = TEXT_SIZE.size + len(text) + sum(array.nbytes for array in packer.arrays)
    if size > LARGEST or len(text) > LARGEST_TEXT:
        raise TypeError(
            f"an answer must take less than {LARGEST // 1_000_000} MB; got {max(size, len(text)) / 1e6:.0f} MB"
        )
    return b"".join([TEXT_SIZE.pack(len(text)), text, *(array.tobytes() for array in packer.arrays)])


def unpack(content):
    """Return the value that `pack` was given, in plain types.

    Raises:
        ValueError: `content` is not what `pack` writes, whatever else it is.
    """
    try:
        (length,) = TEXT_SIZE.unpack_from(content)
        if length > LARGEST_TEXT:
            raise ValueError(f"the text of a message must take less than {LARGEST_TEXT} bytes; got {length}")
        tree, shapes = json.loads(content[TEXT_SIZE.size : TEXT_SIZE.size + length])
        unpacker = _Unpacker(_arrays(memoryview(content)[TEXT_SIZE.size + length :], shapes))
        return unpacker.value(tree, 0)
    except (struct.error, TypeError, KeyError, IndexError, AttributeError, RecursionError, OverflowError) as error:
        raise ValueError(f"a message must be as `pack` writes it; got {type(error).__name__}: {error}") from None


def message(value):
    """Return the bytes that `receive` reads a value from; TypeError as `pack`."""
    content = pack(value)
    return SIZE.pack(len(content)) + content


def pipes():
    """Return (requests, replies) of the process that is cut off, once its grader knows that it has begun.

    Nothing is asked before. So where a grader is killed while the layers around this process are put up, which are not
    yet sure to end with it, there is nothing to run: the pipe is empty and closed.
    """
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    send(replies, True)
    return requests, replies


def send(file, value):
    """Write one value to a pipe."""
    file.write(message(value))
    file.flush()


def receive(file):
    """Read one value from a pipe; EOFError where the other side has closed it."""
    start = file.read(SIZE.size)
    if len(start) < SIZE.size:
        raise EOFError("the other side has closed the pipe")
    (size,) = SIZE.unpack(start)
    if size > LARGEST:
        raise ValueError(f"a message must take less than {LARGEST} bytes; got {size}")
    return unpack(file.read(size))


def whole_text(text):
    """Return text that every file and terminal takes: half a pair of a letter beyond 16 bits becomes a "?".

    >>> whole_text("a" + chr(0xD83D))
    'a?'
    """
    return text.encode("utf-8", "replace").decode("utf-8")


class _Packer:
    """Walks through a value once; `arrays` are those met on the way."""

    def __init__(self):
        self.arrays, self.parts, self.bytes = [], 0, 0

    def tree(self, value, depth):
        self.parts += 1
        if self.parts > MOST_PARTS or depth > DEEPEST:
            raise TypeError(
                f"an answer must have less than {MOST_PARTS:,} parts, at most {DEEPEST} deep: does a list hold itself?"
            )
        kind = type(value)
        if kind in SCALARS:
            return ["scalar", _scalar(value)]
        if kind is range:
            return self.tree(list(value[: MOST_PARTS + 1]), depth)
        base = next((base for base in CONTAINERS if issubclass(kind, base)), None)  # a NamedTuple, an OrderedDict too
        if base is dict:
            pairs = dict.items(value)  # as dict itself has them, whatever a class made from it says
            return ["dict", [[self.tree(key, depth + 1), self.tree(item, depth + 1)] for key, item in pairs]]
        if base:
            return [base.__name__, [self.tree(item, depth + 1) for item in base.__iter__(value)]]
        return ["array", self.array(value, kind)]

    def array(self, value, kind):
        array = _array(value, kind)
        self.bytes += array.nbytes
        if self.bytes > LARGEST:
            raise TypeError(f"an answer must take less than {LARGEST // 1_000_000} MB")
        self.arrays.append(np.array(array, order="C", subok=False))
        return kind in NUMBERS


def _scalar(value):
    if type(value) is str:
        return whole_text(value)
    if type(value) is int and value.bit_length() > WIDEST:
        raise TypeError(f"a whole number must have at most {WIDEST} bits; got {value.bit_length():,}")
    return value


def _array(value, kind):
    """Return an array of an array, a NumPy number or a tensor; it may share memory with it."""
    torch = sys.modules.get("torch")  # who has a tensor has imported it; others need not wait for that
    if torch and kind in (torch.Tensor, torch.nn.Parameter):
        value = value.detach().cpu()
        value = (value.float() if value.dtype == torch.bfloat16 else value).resolve_conj().resolve_neg().numpy()
    elif value is ...:
        raise TypeError("it is not filled in yet: replace the ...")
    elif kind not in ARRAYS and kind not in NUMBERS:
        raise TypeError(f"an answer must be made of numbers, text, arrays, lists and dicts; got {kind.__name__}")
    array = np.asarray(value)
    if array.dtype.kind not in KINDS or array.ndim > MOST_AXES:
        raise TypeError(f"an answer must be made of numbers, text, arrays, lists and dicts; got {array.dtype}")
    return array


def _arrays(content, shapes):
    """Return the arrays in `content`; their sizes must add up to its own before any of them is made."""
    kinds = [(_kind(kind), _shape(shape)) for kind, shape in shapes]
    sizes = [kind.itemsize * math.prod(shape) for kind, shape in kinds]
    if sum(sizes) != len(content):
        raise ValueError(f"arrays must take what the message holds, {len(content)} bytes; got {sum(sizes)}")
    found, begins = [], 0
    for (kind, shape), size in zip(kinds, sizes, strict=True):
        found.append(np.frombuffer(content[begins : begins + size], kind).reshape(shape).copy())
        begins += size
    return found


def _kind(letters):
    if not re.fullmatch(f"[<>|=]?[{KINDS}][0-9]{{1,2}}", letters):  # NumPy reads more, and some of it as Python
        raise ValueError("an array must hold numbers")
    return np.dtype(letters)


def _shape(sizes):
    if len(sizes) > MOST_AXES or any(type(size) is not int or not 0 <= size <= LARGEST for size in sizes):
        raise ValueError(f"an array's shape must be at most {MOST_AXES} whole numbers in [0, {LARGEST}]")
    return tuple(sizes)


class _Unpacker:
    """Builds a value from its tree; each array is handed out once."""

    def __init__(self, arrays):
        self.arrays, self.parts = arrays[::-1], 0

    def value(self, tree, depth):
        kind, content = tree
        self.parts += 1
        if self.parts > MOST_PARTS or depth > DEEPEST:
            raise ValueError(f"a message must have less than {MOST_PARTS} parts, at most {DEEPEST} deep")
        if kind == "scalar" and type(content) in SCALARS:
            return _scalar(content)
        if kind == "array":
            array = self.arrays.pop()
            return array.item() if content is True else array
        if kind == "dict":
            return {self.value(key, depth + 1): self.value(item, depth + 1) for key, item in content}
        items = [self.value(item, depth + 1) for item in content]
        return {"list": list, "tuple": tuple}[kind](items)
