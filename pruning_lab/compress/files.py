"""The .pruned file: a model in Huffman codes, every byte of it accounted for, and nothing in it that could run.

All numbers are little-endian and unsigned.

    bytes       what
    8           the magic: 89 50 52 55 4E 45 44 0A, which is \\x89PRUNED and a new line
    2           version of the format, 1
    8           bytes of the whole file
    4           number of entries
    ...         the entries, one for each tensor of the model's state_dict(), in its order
    16          checksum: BLAKE2b, 128 bits, of all bytes before it

An entry:

    2, n        bytes of its name, and the name in UTF-8
    1           how it is stored: 0 plain, 1 coded, 2 as another entry (tied weights)
    1           dtype of the tensor in the model, its place in DTYPES
    1, 4 each   number of axes, and the size of each

    plain       1       dtype of the numbers here, its place in DTYPES
                ...     the numbers, row by row
    as another  4       number of that entry, counted from 0
    coded       1       order of the places: 0 row by row, 1 column by column
                1       k, bits of a gap before Huffman coding
                1       dtype of the codebook, its place in DTYPES
                4, 4    values in the codebook, survivors
                4       steps (see `coding.CodedWeights`)
                4, 4    bytes of the two streams
                ...     the codebook
                ...     code lengths of the 2**k + 1 steps, 5 bits each; 0 for a step that does not occur
                ...     code lengths of the values, 5 bits each
                ...     the steps in their canonical Huffman code
                ...     the survivors' values in theirs
"""

import hashlib
import math
import os
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from pruning_lab.compress.bits import pack_lengths, table_bytes, unpack_lengths
from pruning_lab.compress.coding import ORDERS, WIDEST_GAP, CodedWeights
from pruning_lab.files import replacing

MAGIC = b"\x89PRUNED\n"
VERSION = 1
CHECKSUM_BYTES = 16
DTYPES = (
    *(torch.float16, torch.bfloat16, torch.float32, torch.float64),
    *(torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.bool),
)
CODEBOOKS = {"<f2": torch.float16, "<f4": torch.float32, "<f8": torch.float64}
PLAIN, CODED, TIED = range(3)


class Entry(NamedTuple):
    """A tensor of a model as a file holds it: its numbers, or its codes, or the number of the entry that it equals."""

    name: str
    dtype: torch.dtype
    shape: tuple[int, ...]
    content: Tensor | CodedWeights | int


class Part(NamedTuple):
    """A piece of a file: `size` bytes from `offset` on, which are `what` of the tensor `name` ("" for the file)."""

    offset: int
    size: int
    name: str
    what: str


def write(path: str | os.PathLike, entries: list[Entry]) -> None:
    """Write entries to a file, which appears whole or not at all."""
    body = b"".join([_number(len(entries), 4), *(piece for entry in entries for piece in _entry_pieces(entry))])
    length = len(MAGIC) + 2 + 8 + len(body) + CHECKSUM_BYTES
    content = MAGIC + _number(VERSION, 2) + _number(length, 8) + body
    with replacing(path) as file:
        file.write(content + _checksum(content))


def read(path: str | os.PathLike) -> tuple[list[Entry], list[Part]]:
    """Return the entries of a file and what each of its bytes is; no tensor is decoded yet.

    Raises:
        ValueError: the file is not of this format, of a newer version, truncated or altered.
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path must be a text or a Path; got {type(path).__name__}")
    reader = _Reader(_whole(path))
    try:
        return _read_entries(reader), reader.parts
    except (ValueError, RuntimeError) as error:
        raise ValueError(f"path must be an undamaged .pruned file; got {path} ({error})") from error


def _whole(path):
    """Return the bytes of a file whose beginning, length and checksum are right."""
    with open(path, "rb") as file:
        start = file.read(len(MAGIC) + 10)  # a file that is none of ours may be larger than the memory
        size = os.fstat(file.fileno()).st_size
        if start[: len(MAGIC)] != MAGIC:
            raise ValueError(f"path must be a .pruned file; got {path}, which begins with {start[: len(MAGIC)]!r}")
        version, length = _integer(start[8:10]), _integer(start[10:18])
        if version > VERSION:
            got = f"version {version} in {path}, by a newer pruning_lab or damaged"
            raise ValueError(f"path must be a .pruned file of version {VERSION}; got {got}")
        if len(start) < 18 or length != size or size < len(start) + 4 + CHECKSUM_BYTES:
            raise ValueError(f"path must be an undamaged .pruned file; got {path} ({size} bytes, not {length})")
        content = start + file.read(size - len(start))
    if _checksum(content[:-CHECKSUM_BYTES]) != content[-CHECKSUM_BYTES:]:
        raise ValueError(f"path must be an undamaged .pruned file; got {path} (its checksum differs)")
    return content


class _Reader:
    """A place in the bytes of a file; each piece that is taken is noted with its name."""

    def __init__(self, content):
        self.content, self.at, self.parts, self.name = content, 0, [], ""
        self.take(8, "magic")
        self.take(2, "version")
        self.take(8, "bytes of the file")

    def take(self, size, what):
        if size > len(self.content) - CHECKSUM_BYTES - self.at:
            raise ValueError(f"{what} of {self.name or 'the file'} would go beyond its end")
        self.parts.append(Part(self.at, size, self.name, what))
        self.at += size
        return self.content[self.at - size : self.at]

    def number(self, size, what):
        return _integer(self.take(size, what))

    def choice(self, options, what):
        number = self.number(1, what)
        if number >= len(options):
            raise ValueError(f"{what} of {self.name} is {number}")
        return options[number]

    def begin(self, number):
        """Read the name of the next tensor, under which all of its pieces are noted."""
        self.name, first = number, len(self.parts)
        self.name = self.take(self.number(2, "bytes of the name"), "name").decode()
        self.parts[first:] = [part._replace(name=self.name) for part in self.parts[first:]]

    def finish(self):
        self.name = ""
        if len(self.content) - self.at != CHECKSUM_BYTES:
            raise ValueError("bytes are left over at its end")
        self.parts.append(Part(self.at, CHECKSUM_BYTES, "", "checksum"))


def _read_entries(reader):
    entries = []
    for number in range(reader.number(4, "number of entries")):
        reader.begin(f"entry {number}")
        stored = reader.choice((PLAIN, CODED, TIED), "how it is stored")
        dtype = reader.choice(DTYPES, "dtype")
        shape = tuple(reader.number(4, "shape") for _ in range(reader.number(1, "axes")))
        content = {PLAIN: _read_plain, CODED: _read_coded, TIED: _read_tied}[stored](reader, shape, number)
        entries.append(Entry(reader.name, dtype, shape, content))
    reader.finish()
    return entries


def _read_plain(reader, shape, _):
    dtype = reader.choice(DTYPES, "dtype of the numbers")
    numbers = bytearray(reader.take(math.prod(shape) * dtype.itemsize, "numbers"))
    return torch.frombuffer(numbers, dtype=dtype).reshape(shape) if numbers else torch.empty(shape, dtype=dtype)


def _read_tied(reader, _, number):
    other = reader.number(4, "entry that it equals")
    if other >= number:
        raise ValueError(f"{reader.name} equals entry {other}, which comes later")
    return other


def _read_coded(reader, _, __):
    order = reader.choice(ORDERS, "order of the places")
    index_bits = reader.choice(range(WIDEST_GAP + 1), "bits of a gap")
    codebook_dtype = _read_codebook_dtype(reader)
    values, kept = reader.number(4, "values in the codebook"), reader.number(4, "survivors")
    if values > 2**16:
        raise ValueError(f"the codebook of {reader.name} has {values} values")
    steps = reader.number(4, "steps")
    step_bytes, value_bytes = reader.number(4, "bytes of the steps"), reader.number(4, "bytes of the values")
    codebook = np.frombuffer(reader.take(values * codebook_dtype.itemsize, "codebook"), codebook_dtype)
    step_lengths = _read_lengths(reader, 2**index_bits + 1, "code lengths of the steps")
    value_lengths = _read_lengths(reader, values, "code lengths of the values")
    streams = reader.take(step_bytes, "steps in Huffman codes"), reader.take(value_bytes, "values in Huffman codes")
    return CodedWeights(order, index_bits, codebook, kept, steps, step_lengths, value_lengths, *streams)


def _read_codebook_dtype(reader):
    chosen = reader.choice(DTYPES, "dtype of the codebook")
    if chosen not in CODEBOOKS.values():
        raise ValueError(f"the codebook of {reader.name} is of {chosen}")
    return np.dtype(next(name for name, dtype in CODEBOOKS.items() if dtype == chosen))


def _read_lengths(reader, alphabet, what):
    return unpack_lengths(reader.take(table_bytes(alphabet), what), alphabet)


def _entry_pieces(entry):
    name = entry.name.encode()
    stored = TIED if isinstance(entry.content, int) else CODED if isinstance(entry.content, CodedWeights) else PLAIN
    yield from (_number(len(name), 2), name, _number(stored, 1), _number(DTYPES.index(entry.dtype), 1))
    yield from (_number(len(entry.shape), 1), *(_number(size, 4) for size in entry.shape))
    if stored == TIED:
        yield _number(entry.content, 4)
    elif stored == PLAIN:
        yield _number(DTYPES.index(entry.content.dtype), 1)
        yield entry.content.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
    else:
        yield from _coded_pieces(entry.content)


def _coded_pieces(coded):
    dtype = f"<f{coded.codebook.itemsize}"
    yield from (_number(ORDERS.index(coded.order), 1), _number(coded.index_bits, 1))
    yield _number(DTYPES.index(CODEBOOKS[dtype]), 1)
    sizes = coded.codebook.size, coded.kept, coded.steps, len(coded.step_stream), len(coded.value_stream)
    yield from (_number(size, 4) for size in sizes)
    yield coded.codebook.astype(dtype).tobytes()
    yield from (pack_lengths(coded.step_lengths), pack_lengths(coded.value_lengths))
    yield from (coded.step_stream, coded.value_stream)


def _number(value, size):
    return value.to_bytes(size, "little")


def _integer(content):
    return int.from_bytes(content, "little")


def _checksum(content):
    return hashlib.blake2b(content, digest_size=CHECKSUM_BYTES).digest()
