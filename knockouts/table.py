"""Which sabotages each public function gets, and why what nothing notices is no fault.

A row of `TABLE` names functions that give the same kind of result, and the ways in which that can be wrong.
"""

import difflib

from knockouts import particular
from knockouts import sabotages as ways
from knockouts.kinds import (
    ARRAY,
    COMPLEMENT,
    CONSTANT,
    COUNT,
    DOUBLED,
    EMPTY,
    FRACTION,
    HALF_LEFT_OUT,
    HALF_SKIPPED,
    HALVED,
    LAST_LEFT_OUT,
    LIST,
    MASK,
    OFF_BY_ONE,
    OPPOSITE,
    PICTURE,
    PRODUCT,
    RECONSTRUCTION,
    SCIPY,
    SCORES,
    UNCHANGED,
    UNSORTED,
    WRONG_SIGN,
    ZERO,
    cut,
    each_keep,
    stored,
)
from knockouts.sabotages import argument, from_call, never_done, result

_FORMS = ("COO", "CSC", "CSR", "Bitmask", "BlockCSR", "NOfM", "RelativeIndex", "TiledCSR")
_MATVECS = ("csr_matvec", "csr_matmul", "block_matmul", "n_of_m_matmul", "tiled_matmul", "shared_matvec")
_NETWORKS = ("lenet5", "lenet_300_100", "resnet_cifar", "resnet_small", "vgg16_cifar", "vgg_small")

TABLE = {
    # What is a weight worth?
    "scores.magnitude_scores": SCORES,
    "scores.taylor_scores": SCORES,
    "scores.obd_scores": SCORES,
    "scores.wanda_scores": SCORES,
    "scores.channel_scores": SCORES[1:],
    "channels.channel_scores": SCORES[1:],
    "reconstruct.obs_scores": SCORES,
    # Which ones stay?
    **dict.fromkeys(["masks.mask_unstructured", "masks.mask_global", "masks.mask_n_of_m", "masks.mask_blocks"], MASK),
    "masks.keep_channels": [
        from_call("inverted", particular.others_kept),
        from_call("constant", particular.lowest_kept),
        OPPOSITE,
        LAST_LEFT_OUT,
    ],
    "masks.sparsity_of": FRACTION,
    # How much, when?
    "schedules.cubic_sparsity": [*FRACTION, argument("off by one", "step", ways.one_more)],
    "schedules.iterative_sparsities": [*LIST[1:], HALVED, COMPLEMENT],
    # Masks on a whole model
    "prune.masks_for": [*MASK, LAST_LEFT_OUT],
    "prune.apply_masks_": [
        argument("does nothing", "masks", ways.all_kept),
        argument("inverted", "masks", ways.negative),
        argument("half skipped", "masks", ways.half_left_out),
        argument("off by one", "masks", ways.one_less_kept),
    ],
    "prune.hold_masks": [
        argument("does nothing", "masks", ways.all_kept),
        argument("half skipped", "masks", ways.half_left_out),
        argument("inverted", "masks", ways.negative),
    ],
    "prune.left_out": [EMPTY, LAST_LEFT_OUT, OPPOSITE],
    "prune.prunable_weights": [LAST_LEFT_OUT, HALF_LEFT_OUT, OPPOSITE],
    "prune.load_masks": [MASK[0], MASK[1], UNSORTED, LAST_LEFT_OUT],
    "prune.save_masks": [
        argument("inverted", "masks", ways.negative),
        argument("half skipped", "masks", ways.half_left_out),
    ],
    # How are the survivors stored?
    **{f"sparse.{form}.from_dense": stored("array") for form in _FORMS},
    **{f"sparse.{form}.to_dense": ARRAY for form in (*_FORMS, "SharedRows")},
    **{f"sparse.{form}.to_scipy": SCIPY for form in ("COO", "CSC", "CSR", "BlockCSR")},
    **{f"sparse.{form}.bytes_at": COUNT for form in _FORMS},
    **{f"sparse.Format.{name}": COUNT for name in ("stored", "nnz", "nbytes")},
    **{f"sparse.{name}.nbytes": COUNT for name in ("NOfM", "RelativeIndex", "SharedRows")},
    "sparse.SharedRows.stored": COUNT,
    "sparse.TiledCSR.tiles": COUNT[:2],
    "sparse.SharedRows.from_codes": [
        argument("wrong sign", "codebook", ways.negative),
        argument("unsorted", "codes", ways.backwards),
        argument("inverted", "mask", ways.negative),
    ],
    "sparse.break_even_density": FRACTION,
    "sparse.filler_factor": [OFF_BY_ONE, DOUBLED, ZERO],
    "sparse.save": [argument("half skipped", "formats", ways.half_left_out), never_done()],
    "sparse.load": [HALF_LEFT_OUT, EMPTY],
    **{f"kernels.{name}": ARRAY for name in _MATVECS},
    "kernels.quickest": [
        argument("wrong sign", "weight", ways.negative),
        argument("unsorted", "weight", ways.backwards),
    ],
    # One layer, fewer channels
    "layers.shrink_linear": [*cut("keep_in", "keep_out"), result("bias forgotten", particular.bias_forgotten)],
    "layers.shrink_conv2d": [*cut("keep_in", "keep_out"), result("bias forgotten", particular.bias_forgotten)],
    "layers.shrink_batchnorm2d": [*cut("keep"), result("bias forgotten", particular.bias_forgotten)],
    "layers.shrink_attention": cut("keep_heads"),
    "layers.HeadAttention.forward": [WRONG_SIGN, ZERO, UNSORTED],
    "channels.OpenAttention.forward": [WRONG_SIGN, ZERO, UNSORTED],
    # Which channels move together?
    "channels.channel_groups": [
        result("last one left out", particular.ungrouped),
        result("nothing refused", particular.nothing_refused),
        result("multiplications doubled", particular.macs_doubled),
    ],
    "channels.ChannelGroup.kind": [EMPTY],
    "channels.ChannelGroups.names": LIST,
    "channels.shrink": [
        UNCHANGED,
        WRONG_SIGN,
        HALF_SKIPPED,
        argument("unsorted", "keep", each_keep(ways.in_opposite_order)),
        argument("last one left out", "keep", each_keep(ways.last_left_out)),
        argument("half skipped groups", "keep", ways.half_left_out),
    ],
    "channels.mask_channels": [
        UNCHANGED,
        WRONG_SIGN,
        HALF_SKIPPED,
        argument("last one left out", "keep", each_keep(ways.last_left_out)),
    ],
    "channels.inexactness": [ZERO, DOUBLED, WRONG_SIGN],
    "channels.save_shrunk": [never_done(), argument("unsorted", "keep", each_keep(ways.in_opposite_order))],
    "channels.load_shrunk": [WRONG_SIGN, HALF_SKIPPED, from_call("input unchanged", ways.first)],
    # What is left makes up for what went
    "reconstruct.adjust_survivors": RECONSTRUCTION,
    "reconstruct.obs": RECONSTRUCTION,
    "reconstruct.sparsegpt": RECONSTRUCTION,
    "reconstruct.input_hessian": [WRONG_SIGN, HALVED, ZERO, UNSORTED, OFF_BY_ONE],
    # Weight sharing, Huffman, the .pruned file
    "compress.share_weights": [
        argument("wrong sign", "weight", ways.negative),
        argument("inverted", "mask", ways.negative),
        argument("off by one", "bits", ways.one_more),
        argument("unsorted", "weight", ways.backwards),
    ],
    "compress.SharedWeights.to_dense": ARRAY,
    "compress.SharedWeights.to_rows": [
        result("wrong sign", particular.part_spoilt("codebook", ways.negative)),
        result("unsorted", particular.part_spoilt("codes", ways.backwards)),
    ],
    "compress.SharedWeights.bits": COUNT[:2],
    "compress.compressed_size": [DOUBLED, OFF_BY_ONE, HALVED],
    "compress.CompressedSize.total": COUNT,
    "compress.CompressedSize.total_huffman": COUNT,
    "compress.huffman_code_lengths": [
        result("off by one", particular.longer_codes),
        result("constant", particular.equal_codes),
        OPPOSITE,
    ],
    "compress.huffman_codes": [OPPOSITE, LAST_LEFT_OUT],
    "compress.file_parts": LIST,
    "compress.hold_shared": [never_done(context=True), argument("half skipped", "shared", ways.half_left_out)],
    "compress.save_compressed": [
        argument("inverted", "masks", ways.negative),
        argument("half skipped", "masks", ways.half_left_out),
        argument("off by one", "bits", ways.one_more),
    ],
    "compress.load_compressed": [WRONG_SIGN, HALF_SKIPPED, ZERO, UNSORTED],
    # Counting and timing
    "measure.count_weights": COUNT,
    "measure.macs": COUNT,
    "measure.stored_bytes": COUNT,
    "measure.compare": [result("inverted", particular.slower_first), result("unsorted", particular.rows_backwards)],
    "measure.speed": [result("inverted", particular.slower_first), result("unsorted", particular.rows_backwards)],
    "measure.Row.ratio_text": [EMPTY],
    "measure.best_dense": [result("the slower one", particular.slower_rival)],
    "measure.dense_products": [result("wrong sign", particular.products_of(ways.negative)), LAST_LEFT_OUT, OPPOSITE],
    **dict.fromkeys(["measure.numpy_product", "measure.torch_product"], PRODUCT),
    "measure.one_thread": [never_done(context=True)],
    "measure.processor_name": [EMPTY],
    "measure.stream_bandwidth": [DOUBLED, ZERO],
    # Training, and many runs
    "train.fit": [
        from_call("does nothing", particular.untrained),
        argument("one epoch", "epochs", particular.fewer_epochs),
        argument("labels shifted", "data", particular.labels_shifted),
    ],
    "train.fine_tune": [
        from_call("does nothing", particular.untrained),
        argument("masks ignored", "masks", ways.all_kept),
        argument("labels shifted", "data", particular.labels_shifted),
    ],
    "train.evaluate": [*FRACTION, argument("half skipped", "data", particular.half_of_data)],
    "sweep.product": LIST,
    "sweep.seed_of": [CONSTANT, OFF_BY_ONE],
    "sweep.run": LIST,
    "sweep.outcomes": [result("last one left out", lambda ended: iter(list(ended)[:-1]))],
    # What would pay?
    "audit.audit": [
        result("doubled", particular.findings_spoilt(ways.doubled)),
        result("half skipped", particular.half_of_findings),
        result("nothing unseen", particular.nothing_unseen),
    ],
    **{f"audit.Audit.{name}": LIST for name in ("rows", "layers", "verdict", "layer", "find")},
    "audit.Audit.conditions": [EMPTY],
    "audit.Audit.to_html": [never_done()],
    "audit.Audit.save": [never_done()],
    "audit.Audit.load": [
        result("half skipped", particular.half_of_findings),
        result("doubled", particular.findings_spoilt(ways.doubled)),
    ],
    "audit.Finding.ratio": [EMPTY],
    "audit.Finding.pays": [result("inverted", ways.negative)],
    "audit.Finding.loses": [result("inverted", ways.negative)],
    "audit.Finding.reaches": [result("inverted", ways.negative)],
    "audit.Finding.farthest": COUNT[:2],
    # Networks and data
    **{
        f"models.{name}": [
            result("last layer skipped", particular.last_layer_skipped),
            result("activations skipped", particular.activations_skipped),
            ZERO,
        ]
        for name in _NETWORKS
    },
    **{
        f"models.{name}.forward": [WRONG_SIGN, ZERO, UNSORTED]
        for name in ("EfficientNetLite0", "MiniLM", "ResidualBlock")
    },
    "models.minilm": [ZERO, HALF_SKIPPED],
    "models.efficientnet_lite0": [ZERO, HALF_SKIPPED],
    "models.embed": [WRONG_SIGN, ZERO, UNSORTED, HALF_SKIPPED],
    "models.WordPiece.words": LIST,
    "models.WordPiece.pieces": LIST,
    "models.wordpiece": [result("off by one", particular.vocabulary_shifted)],
    "data.fashion_mnist": [
        result("labels shifted", particular.labels_shifted),
        result("half skipped", particular.half_of_data),
        result("negatives", particular.images_negative),
    ],
    "data.definitions": [
        result("classes shifted", particular.classes_shifted),
        result("times unsorted", particular.times_backwards),
    ],
    # Pictures
    **{
        f"plots.{name}": PICTURE
        for name in (
            "accuracy_curve",
            "crossover_map",
            "latency_bars",
            "mask_picture",
            "weight_histogram",
            "weight_picture",
        )
    },
    **{f"plots.{name}": [never_done()] for name in ("draw_cells", "draw_letter", "draw_numbers", "show")},
    "channels.groups_picture": [
        argument("last one left out", "groups", particular.ungrouped),
        argument("nothing refused", "groups", particular.nothing_refused),
    ],
    "plots.magnitude_histogram": [HALF_SKIPPED, OFF_BY_ONE, UNSORTED],
    "plots.mean_and_range": [WRONG_SIGN, OFF_BY_ONE, UNSORTED],
    "plots.new_axes": [result("small", particular.axes_small)],
    "plots.page_size": [DOUBLED, OPPOSITE],
    "plots.png": [EMPTY],
}


def pairs(only=None):
    """Return every (function, Sabotage); with `only`, those of these functions and modules.

    >>> [sabotage.name for _, sabotage in pairs(["masks.sparsity_of"])]
    ['inverted', 'halved', 'zero']
    """
    for name in only or []:
        if not any(_belongs(function, name) for function in TABLE):
            close = difflib.get_close_matches(name, [*TABLE, *{each.partition(".")[0] for each in TABLE}], n=3)
            hint = f" (near: {', '.join(close)})" if close else ""
            raise SystemExit(
                f"only must name public functions or modules, such as masks.mask_global; got {name!r}{hint}"
            )
    chosen = [f for f in TABLE if not only or any(_belongs(f, name) for name in only)]
    return [(function, sabotage) for function in chosen for sabotage in TABLE[function]]


def _belongs(function, name):
    return function == name or function.startswith(f"{name}.")
