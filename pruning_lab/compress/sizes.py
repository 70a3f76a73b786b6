"""What a pruned layer with shared weights takes, by the paper's count: no file is written."""

from dataclasses import dataclass

import numpy as np

from pruning_lab.compress.huffman import huffman_bits
from pruning_lab.compress.sharing import SharedWeights, check_bits
from pruning_lab.sparse.relative_index import RelativeIndex


@dataclass(frozen=True)
class CompressedSize:
    """Bytes of one layer, part by part; `stored` counts survivors and fillers."""

    weights: int
    kept: int
    stored: int
    value_bytes: int
    gap_bytes: int
    codebook_bytes: int
    value_bytes_huffman: int
    gap_bytes_huffman: int
    table_bytes: int

    @property
    def total(self) -> int:
        """Bytes before Huffman coding: values, gaps and codebook."""
        return self.value_bytes + self.gap_bytes + self.codebook_bytes

    @property
    def total_huffman(self) -> int:
        """Bytes after Huffman coding: values, gaps, codebook, and the code lengths that the decoder needs."""
        return self.value_bytes_huffman + self.gap_bytes_huffman + self.codebook_bytes + self.table_bytes


def compressed_size(shared: SharedWeights, index_bits: int) -> CompressedSize:
    """Return what a pruned layer with shared weights takes under a relative index, before and after Huffman coding.

    A filler stores a zero, one value more than the codebook has. Before Huffman it is counted with the bits of a code,
    as in the paper's tables (to decode, one code must be spared for it); after Huffman it is a symbol of its own.

    Args:
        shared: SharedWeights.
        index_bits: bits of a gap, 1 to 16.

    Returns:
        CompressedSize. Tables: one byte for the code length of every possible symbol.

    Source: Han et al. 2016, Deep Compression (arXiv 1510.00149), sections 2 to 4.

    >>> import torch
    >>> from pruning_lab.compress import share_weights
    >>> weight = torch.tensor([[1.0, 0, 0, 0, 0, 0, 1, 2]])
    >>> size = compressed_size(share_weights(weight, weight != 0, bits=1), index_bits=2)
    >>> size.stored, size.value_bytes, size.gap_bytes, size.codebook_bytes  # 4 of 1 bit, 4 of 2 bits, 2 of 4 bytes
    (4, 1, 1, 8)
    """
    if not isinstance(shared, SharedWeights):
        raise TypeError(f"shared must be SharedWeights; got {type(shared).__name__}")
    index_bits = check_bits(index_bits, "index_bits")
    relative = RelativeIndex.from_dense(shared.mask.reshape(1, -1).astype(np.float32), index_bits)
    filler = shared.codebook.size
    symbols = np.full(relative.stored, filler)
    symbols[relative.data != 0] = shared.codes
    return CompressedSize(
        weights=shared.mask.size,
        kept=shared.codes.size,
        stored=relative.stored,
        value_bytes=_whole_bytes(relative.stored * shared.bits),
        gap_bytes=_whole_bytes(relative.stored * index_bits),
        codebook_bytes=shared.codebook.nbytes,
        value_bytes_huffman=_whole_bytes(huffman_bits(symbols)),
        gap_bytes_huffman=_whole_bytes(huffman_bits(relative.gaps)),
        table_bytes=filler + 1 + 2**index_bits,
    )


def _whole_bytes(bits):
    return -(-bits // 8)
