"""The table of rules: what each operation of PyTorch does to colours. Every rule gets the canvas and the call."""

from collections.abc import Callable

from .call import Call, is_pointwise
from .paint import Canvas
from .picking import gather, like, nothing, pad, pick, reduce, spatial, unknown, windows
from .products import batch_norm, convolution, embedding, group_norm, layer_norm, matmul
from .rules import cat, copy, glu, move, pointwise, select, shuffle, slice_, split, stack

Rule = Callable[[Canvas, Call], None]


def table(families: dict[Rule, str]) -> dict[str, Rule]:
    """Return {operation: rule}; operations of a family are named in one text.

    >>> sorted(table({reduce: "mean sum"}))
    ['mean', 'sum']
    """
    return {name: rule for rule, names in families.items() for name in names.split()}


TABLE = table(
    {
        move: """
            view _unsafe_view _reshape_alias reshape permute t transpose unsqueeze squeeze expand flip roll
            repeat pixel_shuffle pixel_unshuffle unfold diagonal as_strided
            alias lift_fresh im2col
        """,
        slice_: "slice",
        shuffle: "channel_shuffle native_channel_shuffle",
        select: "select unbind",
        split: "split split_with_sizes unsafe_split unsafe_split_with_sizes",
        cat: "cat",
        stack: "stack",
        glu: "glu",
        reduce: """
            mean sum prod amax amin max min var var_mean std std_mean _softmax _log_softmax _safe_softmax cumsum
            cumprod logsumexp linalg_vector_norm norm any all argmax argmin topk sort
        """,
        spatial: """
            max_pool2d_with_indices avg_pool2d _adaptive_avg_pool2d adaptive_max_pool2d upsample_linear1d
            upsample_bilinear2d upsample_nearest2d upsample_bicubic2d _upsample_bilinear2d_aa _upsample_bicubic2d_aa
            _upsample_nearest_exact2d reflection_pad1d reflection_pad2d replication_pad1d replication_pad2d
            avg_pool3d max_pool3d_with_indices upsample_nearest1d upsample_nearest3d upsample_trilinear3d avg_pool1d
            _adaptive_avg_pool3d
        """,
        windows: "im2col col2im",
        pick: "index index_select",
        gather: "gather",
        like: "zero fill zeros_like ones_like empty_like full_like rand_like randn_like bernoulli",
        nothing: "new_zeros new_ones new_empty new_full new_empty_strided _local_scalar_dense",
        pad: "constant_pad_nd",
        copy: "copy",
        pointwise: "clone _to_copy detach masked_fill where native_dropout _prelu_kernel hardswish gelu",
        matmul: "mm bmm addmm baddbmm",
        convolution: "convolution",
        embedding: "embedding _embedding_bag",
        batch_norm: """
            native_batch_norm _native_batch_norm_legit _native_batch_norm_legit_no_training _batch_norm_with_update
            _batch_norm_no_update
        """,
        group_norm: "native_group_norm",
        layer_norm: "native_layer_norm _fused_rms_norm",
    }
)


def rule_for(name: str) -> Rule:
    """Return the rule of an operation. PyTorch itself says what is pointwise, so those need no list.

    >>> rule_for("tanh").__name__, rule_for("mm").__name__, rule_for("triu").__name__
    ('pointwise', 'matmul', 'unknown')
    """
    return TABLE.get(name) or (pointwise if is_pointwise(name) else unknown)
