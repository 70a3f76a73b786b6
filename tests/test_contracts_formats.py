"""The table of contracts of formats, kernels, codes, counts and pictures."""

import io
import tempfile

import numpy as np
import torch
from contracts import Row, contract_tests, gives, holding, layer, refuses, takes_none, weight_of, works
from torch import nn
from torch.nn.parameter import is_lazy

from pruning_lab import arrays, compress, kernels, measure, plots, sparse

# --- How each function is called with the argument of a column ---


def array_of(argument):
    """The numbers of a tensor, or of a module's first weight, as a NumPy array on the same memory."""
    return weight_of(argument).detach().numpy()


OPTIONS = {sparse.BlockCSR: {"block": (2, 1)}, sparse.NOfM: {"n": 4, "m": 4}}


def stored(form):
    """Return the call of a format: whether it gives back what it was given, to the bit, and what it counts."""

    def call(argument):
        array = array_of(argument)
        made = form.from_dense(array, **OPTIONS.get(form, {}))
        back = made.to_dense()
        return back.dtype == array.dtype, back.tobytes() == array.tobytes(), made.nnz, made.shape

    return call


def multiplied(multiply, matrix):
    """A fixed float32 matrix times the argument."""
    return lambda argument: multiply(matrix, array_of(argument))


def quickest(argument):
    array = array_of(argument)
    x = np.ones(array.shape[-1:], array.dtype)
    return kernels.quickest(array, x).form.to_dense().tobytes() == array.tobytes()


def saved(argument):
    with tempfile.TemporaryDirectory() as folder:
        sparse.save(f"{folder}/layer.npz", sparse.CSR.from_dense(array_of(argument)))
        return sparse.load(f"{folder}/layer.npz").to_dense().tobytes() == array_of(argument).tobytes()


def written(argument):
    """Whether every tensor of a model comes back from a .pruned file as it was, to the bit."""
    model = holding(argument)
    with tempfile.TemporaryDirectory() as folder:
        compress.save_compressed(model, {}, f"{folder}/model.pruned", half=False)
        loaded = compress.load_compressed(f"{folder}/model.pruned", model).state_dict()
    return {name: bits_of(tensor) for name, tensor in loaded.items()} == {
        name: bits_of(tensor) for name, tensor in model.state_dict().items()
    }


def bits_of(tensor):
    return tensor.dtype, tensor.shape, tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()


def shared(argument):
    weight = weight_of(argument)
    shape = (2, 4) if is_lazy(weight) else weight.shape
    return compress.share_weights(weight, torch.ones(shape, dtype=torch.bool), bits=12)


def sized(argument):
    size = compress.compressed_size(shared(argument), index_bits=4)
    return size.weights, size.kept, size.stored, size.gap_bytes


def drawn(axes):
    """What a picture shows, once it is drawn."""
    axes.figure.savefig(io.BytesIO())
    return np.ma.getdata(axes.images[0].get_array()), axes.get_xlabel()


def histogram(argument):
    return tuple(plots.magnitude_histogram(weight_of(argument), 0.5, bins=4))


def numbers_drawn(argument):
    axes = plots.new_axes()
    plots.draw_numbers(axes, weight_of(argument), None)
    axes.figure.savefig(io.BytesIO())
    return len(axes.artists or axes.patches)


def cells_drawn(argument):
    axes = plots.new_axes()
    plots.draw_cells(axes, array_of(argument))
    axes.figure.savefig(io.BytesIO())
    return axes.collections[0].get_array()


def images_of(argument):
    """A tensor as the inputs of a fixed model, a module with fixed inputs."""
    if isinstance(argument, nn.Module):
        return measure.macs(argument, torch.ones(3, 4))
    return measure.macs(nn.Sequential(layer()).to(argument.device, argument.dtype), argument)


# --- Cells that several rows share ---

LAYOUTS = "strided, expanded, read-only, requires_grad, subclassed"
PLAIN_MODULES = "tied module, parametrized module, scripted module, subclassed module, shared modules"
EVERY = (
    f"float16, bfloat16, float64, integers, bool, complex, float8, meta, NaN, infinities, denormals, empty, 0-d, "
    f"{LAYOUTS}, lazy module, {PLAIN_MODULES}"
)
NO_ARRAY = takes_none("NumPy has no such array, and torch says so when it is to make one")
NO_WEIGHT = takes_none("there is no weight yet to take an array of")
NOT_ARRAYS = {"bfloat16, float8, meta": NO_ARRAY, "lazy module": NO_WEIGHT}


def matrix_named(name):
    """The cells of a function that takes a matrix of either precision."""
    return {
        **NOT_ARRAYS,
        f"float64, NaN, infinities, denormals, empty, {LAYOUTS}, {PLAIN_MODULES}": works,
        "float16, integers, bool, complex": refuses(TypeError, f"{name} must be float32 or float64; got dtype"),
        "0-d": refuses(ValueError, f"{name} must have 2 axes; got shape ()"),
    }


MATRIX = matrix_named("array")
NOT_FLOATING = {"integers, bool, complex": refuses(TypeError, "weight must be a floating-point tensor; got dtype")}
NO_NUMBERS = {"meta": refuses(ValueError, "weight must hold numbers; got a tensor on the meta device")}
LAZY = {"lazy module": refuses(ValueError, "weight must be initialised")}
SHARED = {
    f"float16, bfloat16, float64, float8, 0-d, {LAYOUTS}, {PLAIN_MODULES}": works,
    **NOT_FLOATING,
    **NO_NUMBERS,
    **LAZY,
    "NaN, infinities": refuses(ValueError, "weight must be finite where mask keeps"),
    "empty": refuses(ValueError, "mask must have at least one entry"),
}
HISTOGRAM = {
    f"float16, bfloat16, float64, float8, 0-d, {LAYOUTS}, {PLAIN_MODULES}": works,
    **NOT_FLOATING,
    **NO_NUMBERS,
    **LAZY,
    "NaN, infinities, empty": refuses(ValueError, "weight must hold finite entries, at least one"),
}


def but(columns):
    """Every column but some."""
    left_out = columns.split(", ")
    return ", ".join(column for column in EVERY.split(", ") if column not in left_out)


WRITTEN = {
    but("complex, float8, meta, subclassed, lazy module"): works,
    "subclassed": takes_none("torch copies no module that holds such a tensor, and says so"),
    "complex, float8": refuses(TypeError, "model must hold tensors of float16, bfloat16, float32"),
    "meta": refuses(ValueError, "0.weight must hold numbers; got a tensor on the meta device"),
    "lazy module": refuses(ValueError, "0.weight must be initialised"),
}


def takes(what):
    return {EVERY: takes_none(f"it takes {what}: neither tensors nor arrays nor modules")}


def times(name, multiply, matrix, vector_only=False):
    """The row of a kernel: `matrix` has two columns, as the ordinary argument has two rows."""
    shape = refuses(ValueError, "x must have shape (in,)")
    ordinary, finite = (shape, shape) if vector_only else (works, gives(lambda y: np.isfinite(y).all() and y.any()))
    cells = {
        **NOT_ARRAYS,
        f"{LAYOUTS}, {PLAIN_MODULES}": ordinary,
        "float16, float64, integers, bool, complex": refuses(TypeError, "x must have the dtype of"),
        "empty, 0-d": shape,
        "denormals": finite,
        "NaN": shape if vector_only else gives(lambda y: np.isnan(y[:, 1]).any() and not np.isnan(y[:, 0]).any()),
        "infinities": shape if vector_only else gives(lambda y: np.isinf(y[:, 1]).any() and np.isfinite(y[:, 0]).all()),
    }
    return Row(f"kernels.{name}", multiplied(multiply, matrix), cells)


def rival(name, call):
    cells = {
        **NOT_ARRAYS,
        f"float64, empty, {LAYOUTS}, {PLAIN_MODULES}": works,
        "float16, integers, bool, complex": refuses(TypeError, "weight must be float32 or float64; got dtype"),
        "0-d": refuses(ValueError, "weight must have 2 axes; got shape ()"),
        "NaN": gives(lambda y: np.isnan(y[0]) and np.isfinite(y[1])),
        "infinities": gives(lambda y: np.isinf(y[0]) and np.isfinite(y[1])),
        "denormals": gives(lambda y: y.all()),
    }
    return Row(f"measure.{name}", call, cells)


def ones_for(array):
    return np.ones(array.shape[-1] if array.ndim else 1, array.dtype)


def raced(array):
    """The product by the faster of the two, whichever that is."""
    return np.asarray(measure.best_dense(array, ones_for(array), repeats=1).make(array, ones_for(array))())


def share_of(argument):
    """The argument; where it is real and floating, brought into [0, 1]."""
    tensor = weight_of(argument)
    if is_lazy(tensor) or not tensor.is_floating_point() or tensor.itemsize == 1:
        return tensor
    return tensor.detach().abs() / 8


def measured(argument, above_zero=False):
    """The row of a picture of numbers: accuracies in [0, 1], or ratios above 0."""
    beyond = refuses(ValueError, f"{argument} must be {'finite and above 0' if above_zero else 'in [0, 1]'}; got")
    shape = refuses(ValueError, f"{argument} must have shape")
    return {
        f"float16, bfloat16, float64, {LAYOUTS}, {PLAIN_MODULES}": works,
        "bool": beyond if above_zero else gives(lambda result: np.max(result) == 1),
        "integers, float8, NaN, infinities": beyond,
        "denormals": gives(lambda result: True),
        "complex": refuses(TypeError, f"{argument} must be real numbers"),
        "meta": refuses(ValueError, f"{argument} must hold numbers"),
        "lazy module": refuses(ValueError, f"{argument} must be initialised"),
        "empty, 0-d": shape,
    }


def curve(argument):
    axes = plots.accuracy_curve({"one": ([0.1, 0.5, 0.8, 0.9], share_of(argument))}, dense=0.5)
    return axes.containers[0].lines[0].get_ydata()


def map_of(argument):
    return np.ma.getdata(plots.crossover_map([0.1, 0.5], [1, 2, 3, 4], share_of(argument)).images[0].get_array())


def labels(argument):
    axes = plots.weight_histogram(weight_of(argument), 0.5)
    return [text.get_text() for text in axes.get_legend().get_texts()][:2]


def symbols_of(argument):
    return compress.huffman_code_lengths(array_of(argument).ravel())


PROBE = np.array([[1, 0], [0, 2], [3, 0], [0, 0]], np.float32)
SMALLER = {
    "float16, bfloat16": gives(lambda size: size == 8 * 2 + 4 * (8 + 2)),
    "float64, complex, integers": gives(lambda size: size == 8 * 8 + 4 * (8 + 2)),
    "bool, float8": gives(lambda size: size == 8 + 4 * (8 + 2)),
}

# --- The table ---

TABLE = [
    *(Row(f"sparse.{name}", stored(form), MATRIX) for name, form in sparse.FORMATS.items()),
    Row("sparse.save", saved, MATRIX),
    Row("sparse.load", saved, MATRIX),
    Row("sparse.break_even_density", None, takes("a format and a shape")),
    Row("sparse.filler_factor", None, takes("a density and a number of bits")),
    times("csr_matvec", kernels.csr_matvec, sparse.CSR.from_dense(PROBE), vector_only=True),
    times(
        "shared_matvec",
        kernels.shared_matvec,
        sparse.SharedRows.from_codes(np.array([1, 2, 3], np.float32), np.arange(3, dtype=np.uint8), PROBE != 0),
        vector_only=True,
    ),
    times("csr_matmul", kernels.csr_matmul, sparse.CSR.from_dense(PROBE)),
    times("tiled_matmul", kernels.tiled_matmul, sparse.TiledCSR.from_dense(PROBE)),
    Row("kernels.quickest", quickest, matrix_named("weight")),
    times("block_matmul", kernels.block_matmul, sparse.BlockCSR.from_dense(PROBE)),
    times("n_of_m_matmul", kernels.n_of_m_matmul, sparse.NOfM.from_dense(PROBE, 1, 2)),
    Row(
        "compress.share_weights",
        lambda argument: shared(argument).to_dense(),
        {**SHARED, "denormals": gives(lambda dense: np.count_nonzero(dense) == 8)},
    ),
    Row("compress.SharedWeights", lambda argument: shared(argument).codes, {**SHARED, "denormals": works}),
    Row("compress.compressed_size", sized, {**SHARED, "denormals": works}),
    Row(
        "compress.huffman_code_lengths",
        symbols_of,
        {
            **NOT_ARRAYS,
            "integers": gives(lambda lengths: sum(2.0**-bits for bits in lengths.values()) == 1),
            but("integers, bfloat16, float8, meta, lazy module"): refuses(
                TypeError, "symbols must be a NumPy array of integers; got dtype"
            ),
        },
    ),
    Row("compress.save_compressed", written, WRITTEN),
    Row("compress.load_compressed", written, WRITTEN),
    Row("compress.file_parts", None, takes("a path")),
    Row("compress.hold_shared", None, takes("a module and shared weights, which have rows of their own")),
    Row("sparse.SharedRows", None, takes("arrays of codes and gaps")),
    Row("compress.huffman_codes", None, takes("a dict of symbol: bits")),
    Row(
        "measure.count_weights",
        lambda argument: measure.count_weights(holding(argument)),
        {
            but("empty, 0-d, lazy module"): works,
            "empty": gives(lambda count: count == 8),  # the ordinary layer beside it
            "0-d": gives(lambda count: count == 8),
            "lazy module": refuses(ValueError, "model must hold weights that can be counted; got '0.weight'"),
        },
    ),
    Row(
        "measure.stored_bytes",
        lambda argument: measure.stored_bytes(holding(argument)),
        {
            f"meta, NaN, infinities, denormals, empty, 0-d, {LAYOUTS.replace('expanded, ', '')}": works,
            **SMALLER,
            "expanded": gives(lambda size: size == 4 * 4 + 4 * (8 + 2)),
            f"{PLAIN_MODULES.replace('parametrized module, ', '')}": works,
            "parametrized module": gives(lambda size: size == 4 * (8 + 2 + 2)),  # two gains besides
            "lazy module": refuses(ValueError, "model must have run once"),
        },
    ),
    Row(
        "measure.macs",
        images_of,
        {
            f"float16, bfloat16, float64, meta, NaN, infinities, denormals, empty, {LAYOUTS}": works,
            "integers, bool, complex, float8, 0-d": takes_none(
                "the model itself takes no such input, and torch says so"
            ),
            PLAIN_MODULES.replace("scripted module, ", ""): works,
            "lazy module": refuses(ValueError, "model must have run once"),
            "scripted module": refuses(ValueError, "model must be made of Python modules"),
        },
    ),
    rival("numpy_product", lambda argument: measure.numpy_product(array_of(argument), ones_for(array_of(argument)))()),
    rival(
        "torch_product",
        lambda argument: measure.torch_product(array_of(argument), ones_for(array_of(argument)))().numpy(),
    ),
    rival(
        "dense_products",
        lambda argument: measure.dense_products(array_of(argument), ones_for(array_of(argument)))["NumPy dense"](),
    ),
    rival("best_dense", lambda argument: raced(array_of(argument))),
    Row("measure.compare", None, takes("functions")),
    Row("measure.speed", None, takes("networks")),
    Row("measure.one_thread", None, takes("nothing")),
    Row("measure.stream_bandwidth", None, takes("nothing")),
    Row("measure.processor_name", None, takes("nothing")),
    Row(
        "plots.mask_picture",
        lambda argument: drawn(plots.mask_picture(weight_of(argument))),
        {
            "bool": gives(lambda picture: picture[0].dtype == bool and picture[0].sum() == 5),
            but("bool"): refuses(TypeError, "mask must be a bool tensor (True keeps); got dtype"),
        },
    ),
    Row(
        "plots.weight_picture",
        lambda argument: drawn(plots.weight_picture(weight_of(argument))),
        {
            **{columns.replace("0-d, ", ""): cell for columns, cell in HISTOGRAM.items()},
            "denormals": gives(lambda picture: picture[0].all()),
            "0-d": refuses(ValueError, "weight must have 2 axes; got shape ()"),
        },
    ),
    Row(
        "plots.magnitude_histogram",
        histogram,
        {**HISTOGRAM, "denormals": gives(lambda h: (h[1].sum(), h[2].sum()) == (4, 4))},
    ),
    Row("plots.weight_histogram", labels, {**HISTOGRAM, "denormals": works}),
    Row(
        "plots.draw_numbers",
        numbers_drawn,
        {
            but("complex, meta, empty, 0-d, lazy module"): works,
            "complex": refuses(TypeError, "values must be a torch.Tensor of real numbers"),
            "meta": refuses(ValueError, "values must hold numbers"),
            "empty, 0-d": refuses(ValueError, "values must have 2 axes and at least one entry"),
            "lazy module": refuses(ValueError, "values must be initialised"),
        },
    ),
    Row(
        "plots.draw_cells",
        cells_drawn,
        {
            **NOT_ARRAYS,
            "bool": gives(lambda cells: np.sum(cells) == 5),
            but("bool, bfloat16, float8, meta, lazy module"): refuses(TypeError, "mask must be a NumPy array of bool"),
        },
    ),
    Row(
        "plots.mean_and_range",
        lambda argument: tuple(plots.mean_and_range(share_of(argument), 4)),
        measured("accuracy"),
    ),
    Row("plots.accuracy_curve", curve, measured("accuracy")),
    Row("plots.crossover_map", map_of, measured("ratios", above_zero=True)),
    Row("plots.draw_letter", None, takes("a letter and a place")),
    Row("plots.latency_bars", None, takes("rows of times")),
    Row("plots.new_axes", None, takes("a size")),
    Row("plots.page_size", None, takes("axes")),
    Row("plots.png", None, takes("axes")),
    Row("plots.show", None, takes("axes and words")),
    Row(
        "arrays.check_array",
        lambda argument: arrays.check_array(array_of(argument), "array", arrays.FLOATS, ndim=2).shape,
        MATRIX,
    ),
    Row(
        "arrays.check_plain",
        lambda argument: arrays.check_plain(array_of(argument), "array"),
        {
            **NOT_ARRAYS,
            but("bfloat16, float8, meta, lazy module"): works,
        },
    ),
]
NOT_CALLED = {
    "sparse.Format": "abstract: its formats have rows",
    "compress.CompressedSize": "what compressed_size returns",
    "compress.Part": "a line of what file_parts returns",
    "measure.Comparison": "what compare returns",
    "measure.Row": "a line of what compare returns",
    "measure.Rival": "what best_dense returns",
    "kernels.Product": "what quickest returns",
}
test_each_cell, test_no_cell_is_left_out, test_every_public_function_has_a_row = contract_tests(
    TABLE, [sparse, kernels, compress, measure, plots, arrays], NOT_CALLED
)
