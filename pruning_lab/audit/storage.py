"""Bytes: each layer in every format at each sparsity, where a format stops paying, and the file that people save."""

import io
import zlib
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from pruning_lab.masks import mask_unstructured
from pruning_lab.prune import apply_masks_
from pruning_lab.scores import magnitude_scores
from pruning_lab.sparse import FORMATS, BlockCSR, Format, NOfM, RelativeIndex, TiledCSR, break_even_density

from .budget import Budget
from .findings import Finding
from .layers import Layer

BLOCK = (4, 1)
PIECE, MOST_ZIPPED = 2**16, 2**21  # bytes: a file is zipped in pieces, of at most so many in all


def n_of_m(sparsity: float, columns: int) -> tuple[int, int] | None:
    """Return the smallest n and m whose sparsity 1 - n / m is within 0.05 of the one wanted; None where none fits.

    >>> n_of_m(0.5, 64), n_of_m(0.7, 64), n_of_m(0.9, 64), n_of_m(0.9, 27)
    ((2, 4), (1, 4), (1, 8), None)
    """
    for m in (4, 8, 16):
        n = max(1, round((1 - sparsity) * m))
        if n < m and columns % m == 0 and abs(1 - n / m - sparsity) <= 0.05 + 1e-9:
            return n, m
    return None


def layer_bytes(layer: Layer, sparsities: Sequence[float]) -> Iterator[Finding]:
    """Yield the bytes of a weight in every format at each sparsity, pruned by magnitude, and where each breaks even.

    n:m has the sparsity nearest to each. The bytes are those of `measure.stored_bytes` of the formats, with values of
    the weight's own width.
    """
    matrix, width = layer.matrix, layer.weight.element_size()
    rows, columns = matrix.shape
    yield Finding("bytes", layer.name, "dense", layer.weight.nbytes, "bytes")
    for sparsity in sparsities:
        for name, form in FORMATS.items():
            size = _bytes(form, matrix, sparsity, width)
            if size is not None:
                pair = n_of_m(sparsity, columns) if form is NOfM else None
                level = 1 - pair[0] / pair[1] if pair else sparsity
                yield Finding("bytes", layer.name, name, size, "bytes", level=level)
    for name, form in FORMATS.items():
        if form is not NOfM and not (form is BlockCSR and rows % BLOCK[0]):
            density = break_even_density(form, (rows, columns), width)
            yield Finding("break-even", layer.name, name, density, "density")


def _bytes(form: type[Format], matrix: Tensor, sparsity: float, width: int) -> int | None:
    """Return the bytes of a pruned matrix in a format; None where its shape does not fit the format.

    Magnitude prunes zeros first, so what is stored is known without a mask: but for fillers.
    """
    rows, columns = matrix.shape
    shape = rows, columns
    if form in (RelativeIndex, TiledCSR):
        mask = mask_unstructured(magnitude_scores(matrix), sparsity)
        found = form.from_dense((matrix * mask).to(torch.float32).cpu().numpy())
        return found.nbytes + found.stored * (width - found.data.itemsize)
    if form is NOfM:
        pair = n_of_m(sparsity, columns)
        return pair and round(NOfM.bytes_at(shape, value_bytes=width, n=pair[0], m=pair[1]))
    if form is BlockCSR:
        if rows % BLOCK[0]:
            return None
        matrix = matrix.reshape(rows // BLOCK[0], BLOCK[0], columns).abs().amax(dim=1)
    kept = min(matrix.numel() - round(sparsity * matrix.numel()), int(matrix.count_nonzero()))
    return round(form.bytes_at(shape, kept / matrix.numel(), width))


def storage(layers: Sequence[Layer], sparsities: Sequence[float], budget: Budget, seconds: float) -> list[Finding]:
    """Return the bytes of all layers; those of the last layers are missing where `seconds` do not suffice."""
    findings: list[Finding] = []
    end = budget.left - seconds
    for layer in sorted(layers, key=lambda layer: -layer.weight.numel()):
        if budget.left < end:
            break
        findings += layer_bytes(layer, sparsities)
    return findings


def file_bytes(model: nn.Module, layers: Sequence[Layer], sparsities: Sequence[float]) -> Iterator[Finding]:
    """Yield the bytes of the state dict as `torch.save` writes it, and of that zipped, dense and at each sparsity.

    A large file is zipped in evenly spaced pieces, 2 MB of it, and the rest is taken to shrink alike. The weights are
    pruned by magnitude, one after the other and then more: the model given is a copy that nobody needs afterwards.
    """
    content = _saved(model)
    yield Finding("file", "", "state dict", len(content), "bytes")
    yield Finding("file", "", "zipped", _zipped(content), "bytes")
    for sparsity in sparsities:
        zero_smallest_(model, layers, sparsity)
        yield Finding("file", "", "zipped", _zipped(_saved(model)), "bytes", level=sparsity)


def zero_smallest_(model: nn.Module, layers: Sequence[Layer], sparsity: float) -> None:
    """Set each layer's smallest weights to zero, in place: the same shapes, the same dense kernels."""
    masks = {layer.parameter: mask_unstructured(magnitude_scores(layer.weight.detach()), sparsity) for layer in layers}
    apply_masks_(model, masks)


def _saved(model):
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    return file.getbuffer()


def _zipped(content):
    """Return the bytes of a file once it is zipped (deflate, level 6); of a large one, told from some of its pieces."""
    pieces = -(-len(content) // PIECE)
    chosen = np.unique(np.linspace(0, pieces - 1, min(pieces, MOST_ZIPPED // PIECE)).astype(int))
    parts = [content[start * PIECE : (start + 1) * PIECE] for start in chosen]
    if len(chosen) == pieces:
        return len(zlib.compress(content))
    return round(sum(len(zlib.compress(part)) for part in parts) / sum(map(len, parts)) * len(content))
