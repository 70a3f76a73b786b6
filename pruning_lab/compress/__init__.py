"""After pruning: survivors that share a few values, codes that are short where they are frequent, and the file.

Deep Compression in three steps: prune (`masks`), share (`share_weights`, with codebooks retrained under `hold_shared`),
code (`huffman_code_lengths`). `compressed_size` adds up what a layer takes by the paper's count; `save_compressed`
writes a whole model to a file, `file_parts` says what each byte of it is, and `load_compressed` reads it.
"""

from pruning_lab.compress.files import Part
from pruning_lab.compress.huffman import huffman_code_lengths, huffman_codes
from pruning_lab.compress.saving import file_parts, load_compressed, save_compressed
from pruning_lab.compress.sharing import SharedWeights, share_weights
from pruning_lab.compress.sizes import CompressedSize, compressed_size
from pruning_lab.compress.training import hold_shared

__all__ = [
    "CompressedSize",
    "Part",
    "SharedWeights",
    "compressed_size",
    "file_parts",
    "hold_shared",
    "huffman_code_lengths",
    "huffman_codes",
    "load_compressed",
    "save_compressed",
    "share_weights",
]
