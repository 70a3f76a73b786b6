"""The table of contracts of the core: scores, masks, whole models, training, layers, sweeps."""

import tempfile
import warnings

import torch
from contracts import (
    COLUMNS,
    MODULES,
    TENSORS,
    Row,
    contract_tests,
    equal,
    first_of,
    gives,
    holding,
    layer,
    refuses,
    takes_none,
    weight_of,
    works,
)
from torch import Tensor, nn

from pruning_lab import (
    checks,
    files,
    layers,
    masks,
    models,
    modes,
    prune,
    radix_select,
    schedules,
    scores,
    sweep,
    train,
    weights,
)

# --- How each function is called with the argument of a column ---

IMAGES = torch.linspace(-1, 1, 32).reshape(8, 4)


def data_of(images):
    """Images, one a row, and a class for each."""
    return images, torch.arange(images.shape[0] if images.ndim else 1) % 2


def model_and_data(argument):
    """A module with fixed images; a tensor as the images of a fixed model."""
    if isinstance(argument, nn.Module):
        torch.manual_seed(0)
        return argument, data_of(IMAGES)
    return nn.Sequential(layer()), data_of(argument)


def evaluated(argument):
    return train.evaluate(*model_and_data(argument))


def fitted(argument):
    """The losses of two epochs, in steps of a thousandth."""
    losses = train.fit(*model_and_data(argument), epochs=2, learning_rate=0.01)
    return [round(loss, 3) for loss in losses]


def tuned(argument):
    model, data = model_and_data(argument)
    losses = train.fine_tune(model, data, {"0.weight": HALF}, epochs=2, learning_rate=0.01)
    assert not first_of(model).weight[~HALF].any()
    return [round(loss, 3) for loss in losses]


HALF = torch.tensor([[False, True, False, True]]).repeat(2, 1)


def half_of(weight):
    """A mask of the weight's shape, every other entry False; of a lazy weight of the shape that it will have."""
    if isinstance(weight, nn.parameter.UninitializedParameter):
        return HALF
    return (torch.arange(weight.shape.numel()) % 2 == 1).reshape(weight.shape)


def masked(argument):
    model = holding(argument)
    prune.apply_masks_(model, {"0.weight": half_of(first_of(model).weight)})
    return first_of(model).weight


def held(argument):
    model = holding(argument)
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.is_floating_point()], lr=0.5, momentum=0.9)
    with prune.hold_masks(model, {"0.weight": half_of(first_of(model).weight)}, optimizer):
        for parameter in model.parameters():
            parameter.grad = torch.ones_like(parameter) if parameter.is_floating_point() else None
        optimizer.step()
    return first_of(model).weight


def holds(weight):
    """Every other entry is zero, the rest is not."""
    return torch.equal(weight.isnan() | (weight != 0), half_of(weight))


def saved(mask):
    with tempfile.TemporaryDirectory() as folder:
        prune.save_masks({"a": mask}, f"{folder}/masks")
        return prune.load_masks(f"{folder}/masks")["a"]


def fits(argument):
    with tempfile.TemporaryDirectory() as folder:
        prune.save_masks({"0.weight": HALF}, f"{folder}/masks")
        return prune.load_masks(f"{folder}/masks", holding(argument))


def one_layer(argument, made):
    """The first layer of a module; a fixed layer with a tensor as its weight."""
    if isinstance(argument, nn.Module):
        return first_of(argument)
    made.weight = nn.Parameter(argument.detach(), requires_grad=argument.is_floating_point())
    nn.init.constant_(made.bias, 0.5)
    return made


def quietly(function):
    """The function, without what it says of weights left out: the cells ask for that by `left_out`."""

    def call(argument):
        with warnings.catch_warnings(action="ignore"):
            return function(argument)

    return call


def names(argument):
    return [weight.name for weight in weights.find_weights(holding(argument)) if not weight.left_out]


def attended(argument):
    """A tensor as query, key and value, one sentence; a module's weight as such."""
    torch.manual_seed(0)
    attention = layers.HeadAttention(4, 2, 3, batch_first=True)
    x = weight_of(argument)
    x = x[None] if x.ndim == 2 else x
    return attention(x, x, x)[0]


def fewer_heads(argument):
    torch.manual_seed(0)
    attention = nn.MultiheadAttention(4, 2)
    attention.out_proj = nn.Linear(4, 2)
    attention.out_proj = one_layer(argument, attention.out_proj)
    return layers.shrink_attention(attention, [1]).out_proj.weight


def joined(*cells):
    merged = {}
    for each in cells:
        merged |= {name.strip(): cell for names_, cell in each.items() for name in names_.split(",")}
    return merged


def everywhere(cell):
    return dict.fromkeys(COLUMNS, cell)


# --- What is said again and again ---

FLOATS = (
    "float16, bfloat16, float64, float8, infinities, denormals, strided, expanded, read-only, requires_grad, subclassed"
)
NO_FLOAT = {"integers, bool, complex": refuses(TypeError, "must be a floating-point tensor; got dtype")}
LAZY = {"lazy module": refuses(ValueError, "must be initialised (run its model once on example inputs)")}
OF_MODULES = "tied module, parametrized module, scripted module, subclassed module, shared modules"
A_NUMBER = everywhere(refuses(TypeError, "must be"))
NO_JSON = everywhere(refuses(TypeError, "grid must hold values that JSON can hold; got"))
NOT_A_MODULE = dict.fromkeys(TENSORS, refuses(TypeError, "must be a torch.nn.Module; got"))
PARAMETERS = "tied module, lazy module, scripted module, subclassed module, shared modules"
HAS_A_MASK = "meta device, which has a shape only"


def same_numbers(check):
    """Scores of a NaN, of infinities and of denormals are what float32 says of them, and cannot be ordinary ones."""
    return {
        "meta": gives(lambda result: result.is_meta),
        "NaN": gives(lambda result: result.isnan().any()),
        "infinities": gives(lambda result: result.isinf().any()),
        "denormals": gives(check),
    }


def close(first, second):
    return torch.allclose(first.double(), second.double(), rtol=1e-6)


SCORES = joined(
    {FLOATS: works, "empty": works, "0-d": works, OF_MODULES: works},
    NO_FLOAT,
    LAZY,
    same_numbers(lambda result: (result == 0).all()),  # products of denormals lie below the smallest float32
)
RANKED = joined(
    {FLOATS: works, "0-d": works},
    NO_FLOAT,
    {
        "meta": refuses(ValueError, "meta device"),
        "NaN": refuses(ValueError, "must not hold NaN"),
        "empty": refuses(ValueError, "must have at least one entry; got shape (0"),
        PARAMETERS: refuses(TypeError, "must be scores (a weight would rank by its sign"),
        "parametrized module": gives(lambda mask: not mask.all()),  # what it computes is a tensor like any other
    },
)
NO_MASK = joined(
    everywhere(refuses(TypeError, "must be a bool tensor (True keeps); got dtype")),
    {
        "bool": gives(
            lambda result: result == 0.375 if isinstance(result, float) else equal(result, COLUMNS["bool"]()[0])
        )
    },
)
FOUND = joined(
    {
        "float16, bfloat16, float64, float8, NaN, infinities, denormals": works,
        "strided, read-only, requires_grad, subclassed": works,
        "tied module, scripted module, subclassed module, shared modules": works,
    }
)
LEFT_OUT = {
    "integers, bool, complex": "not a real floating-point number",
    "meta": "meta device",
    "empty": "without entries",
    "0-d": "fewer than two axes",
    "expanded": ".clone()",
    "parametrized module": "remove_parametrizations",
    "lazy module": "run the model once",
}


def without(result_names):
    """The names without the layer of the column, which is the first."""
    return gives(lambda result: "0.weight" not in list(result) and result_names(result))


PRUNABLE = joined(
    FOUND,
    {"integers, bool, complex, meta, empty, 0-d, expanded": without(lambda result: list(result) == ["1.weight"])},
    {
        "parametrized module, lazy module": refuses(
            ValueError, "model must hold at least one weight of two axes or more"
        )
    },
)
ZEROED = {
    "float16, bfloat16, float64, float8, integers, bool, complex, 0-d": works,
    "NaN, infinities, denormals": gives(holds),
    "strided, read-only, requires_grad, subclassed": works,
    "meta": refuses(ValueError, "zeros can be written into; got '0.weight', on the meta device"),
    "expanded": refuses(ValueError, "zeros can be written into; got '0.weight', expanded"),
    "empty": refuses(ValueError, "mask for '0.weight' must have at least one entry; got shape (0, 4)"),
    "tied module, scripted module, subclassed module, shared modules": works,
    "parametrized module": refuses(ValueError, "got '0.weight', computed from other parameters"),
    "lazy module": refuses(ValueError, "zeros can be written into; got '0.weight', not initialised yet"),
}
FED = {
    "float16, bfloat16, float64, complex": None,
    "integers, bool": refuses(TypeError, "images must be a floating-point tensor"),
    "meta": refuses(ValueError, "images must hold numbers"),
    "NaN, infinities": refuses(ValueError, "images must be finite; got 1 NaN or infinite entries"),
    "empty": refuses(ValueError, "data must hold at least one image; got images of shape (0, 4)"),
    "0-d": refuses(ValueError, "labels must have 1 axis, as long as the first of images; got images ()"),
    "denormals": gives(lambda result: result is not None),
    "strided, expanded, read-only, requires_grad, subclassed": works,
    "tied module, shared modules, scripted module": works,
    "parametrized module, lazy module, subclassed module": gives(lambda result: result is not None),
}
FED |= {
    "float16, bfloat16, float64": refuses(TypeError, "images must be of the dtype of the model, torch.float32; got"),
    "float8": refuses(TypeError, "images must be of a dtype that networks compute in; got torch.float8_e4m3fn"),
    "complex": refuses(TypeError, "images must be a floating-point tensor; got dtype torch.complex64"),
}
del FED["float16, bfloat16, float64, complex"]
SHRUNK = {
    "float16, bfloat16, float64, float8, integers, bool": works,
    "complex": gives(lambda layer: layer.weight.is_complex()),
    "strided, expanded, read-only, requires_grad, subclassed": works,
    "meta": gives(lambda layer: layer.weight.is_meta),
    "NaN": gives(lambda layer: layer.weight.shape[0] == 1),
    "infinities, denormals": gives(lambda layer: layer.weight.shape[0] == 1),
    "empty, 0-d": refuses(ValueError, "layer must hold a weight of its own size"),
    "tied module, shared modules, subclassed module": works,
    "parametrized module": refuses(ValueError, "layer must hold its weight as a parameter; got one computed"),
    "lazy module": refuses(ValueError, "layer must be initialised"),
    "scripted module": refuses(TypeError, "layer must be an nn.Linear; got"),
}
INDICES = joined(
    everywhere(refuses(TypeError, "keep must hold integer indices; got dtype")),
    {
        "integers": refuses(ValueError, "keep must have 1 axis; got shape (2, 4)"),
        "meta": refuses(ValueError, "keep must hold numbers"),
        "empty": refuses(ValueError, "keep must hold at least one index"),
        "lazy module": refuses(ValueError, "keep must be initialised"),
    },
)


def row(function, call, *cells, same=None):
    return Row(function, call, joined(*cells), same)


def ranked(function, call, *cells):
    return row(function, lambda argument: call(weight_of(argument)), RANKED, *cells)


def half(ranks):
    return masks.mask_unstructured(ranks, 0.5)


WANDA = {
    "float64": gives(lambda result: close(result, scores.wanda_scores(*[COLUMNS["float64"]()[1]] * 2))),
    "empty": refuses(ValueError, "inputs must hold at least one sample"),
}
NO_AXES = {"0-d": refuses(ValueError, "weight must have")}
KEEPS = {
    "0-d": refuses(ValueError, "scores must have 1 axes; got shape ()"),
    "empty": refuses(ValueError, "must have at least one entry"),
    "lazy module": takes_none("no column of a weight without a shape"),
    "tied module, scripted module, subclassed module, shared modules": works,  # a column of a weight is not a weight
    "parametrized module": works,
}
GLOBAL = {
    "meta": refuses(ValueError, "scores_by_name must be on one device; got cpu and meta"),
    "denormals": gives(lambda result: sum(int((~mask).sum()) for mask in result.values()) == 8),
}
WEIGHTS_TOO = {OF_MODULES: works, **LAZY}
HELD = joined(
    ZEROED,
    {
        "integers, bool, complex": gives(lambda frozen: not frozen.detach()[~half_of(frozen)].any()),
        "float8": takes_none("no optimizer of torch trains float8"),
    },
)
TUNED = {
    "parametrized module": refuses(ValueError, "got '0.weight', computed from other parameters"),
}
ATTENDED = {
    "float16, bfloat16, float64, float8, integers, bool, complex": refuses(TypeError, "query must be of the dtype of"),
    "meta": refuses(ValueError, "query must be on the device of the attention, cpu; got meta"),
    "NaN, infinities": gives(lambda result: result.isnan().any()),
    "denormals": gives(lambda result: result.isfinite().all()),
    "empty": works,
    "0-d": refuses(ValueError, "query must have 3 axes, one of them the batch; got shape ()"),
    "strided, expanded, read-only, requires_grad, subclassed": works,
    OF_MODULES: works,
    "lazy module": takes_none("a weight without a shape is no sentence"),
}
CHANNELS = joined(everywhere(takes_none("the layer's own kind is the argument; tensors are those of shrink_linear")))


def fed_to_conv(argument):
    made = nn.Conv2d(4, 2, 1)
    made.weight = nn.Parameter(argument.detach()[:, :, None, None], requires_grad=argument.is_floating_point())
    nn.init.constant_(made.bias, 0.5)
    return layers.shrink_conv2d(made, keep_out=[1])


def fed_to_norm(argument):
    made = nn.BatchNorm2d(4)
    made.weight = nn.Parameter(argument.detach()[0], requires_grad=argument.is_floating_point())
    return layers.shrink_batchnorm2d(made, [1, 2])


OWN_KIND = {
    **dict.fromkeys(MODULES, takes_none("those are linear layers; shrink_linear has them")),
    "empty, 0-d": takes_none("no weight of such a layer has this shape"),
}
RESULT_IS_A_LAYER = {
    "meta": gives(lambda made: made.weight.is_meta),
    "NaN, infinities, denormals": gives(lambda made: made.weight.numel() > 0),
    "complex": gives(lambda made: made.weight.is_complex()),
}
TRAINED_NUMBERS = {
    "float16, bfloat16, float64, float8, integers, bool, strided, expanded, read-only, requires_grad, subclassed": works
}

TABLE = [
    row(
        "scores.magnitude_scores",
        lambda a: scores.magnitude_scores(weight_of(a)),
        SCORES,
        {"denormals": gives(lambda result: (result > 0).all())},
    ),
    row("scores.taylor_scores", lambda a: scores.taylor_scores(weight_of(a), weight_of(a)), SCORES),
    row("scores.obd_scores", lambda a: scores.obd_scores(weight_of(a), weight_of(a)), SCORES),
    row("scores.wanda_scores", lambda a: scores.wanda_scores(weight_of(a), weight_of(a)), SCORES, WANDA, NO_AXES),
    row(
        "scores.channel_scores",
        lambda a: scores.channel_scores(weight_of(a)),
        SCORES,
        NO_AXES,
        {"denormals": gives(lambda result: (result > 0).all())},
    ),
    ranked("masks.mask_unstructured", half),
    ranked(
        "masks.mask_global",
        lambda weight: masks.mask_global({"a": weight, "b": COLUMNS["strided"]()[1]}, 0.5),
        GLOBAL,
        {"parametrized module": gives(lambda result: not result["a"].all())},
    ),
    row(
        "masks.mask_global",
        lambda a: masks.mask_global({"a": weight_of(a), "b": COLUMNS["strided"]()[1]}, 0.5, by_magnitude=True),
        RANKED,
        GLOBAL,
        WEIGHTS_TOO,
    ),
    ranked(
        "masks.mask_n_of_m",
        lambda weight: masks.mask_n_of_m(weight, 1, 2),
        {"0-d": refuses(ValueError, "scores must have a last axis divisible by m = 2; got shape ()")},
    ),
    ranked(
        "masks.mask_blocks",
        lambda weight: masks.mask_blocks(weight, (1, 2), 0.5),
        {"0-d": refuses(ValueError, "scores must have 2 axes; got shape ()")},
    ),
    ranked(
        "masks.keep_channels",
        lambda weight: masks.keep_channels(weight[..., 1] if weight.ndim else weight, 0.5),
        KEEPS,
    ),
    row("masks.sparsity_of", lambda a: masks.sparsity_of(weight_of(a)), NO_MASK),
    row(
        "radix_select.mask_lowest",
        lambda a: radix_select.mask_lowest([weight_of(a)], 1, False),
        {
            "float16, bfloat16, float64, float8, integers, bool, complex, meta": refuses(
                TypeError, "tensors must be float32 on the CPU"
            ),
            "infinities, denormals, 0-d, strided, expanded, read-only, requires_grad, subclassed": works,
            "NaN": takes_none("masks.check_scores refuses it; another pass over the data for what is known"),
            "empty": refuses(ValueError, "pruned must be at least 1 and at most the number of all scores"),
            OF_MODULES: works,
            "lazy module": takes_none("masks.check_scores refuses it"),
        },
    ),
    row(
        "weights.find_weights",
        names,
        PRUNABLE,
        {"parametrized module, lazy module": gives(lambda result: result == [])},
    ),
    row(
        "weights.cannot_be_zeroed",
        lambda a: weights.cannot_be_zeroed(weight_of(a)),
        everywhere(works),
        {"meta, expanded, lazy module": gives(bool), "parametrized module": works},
    ),
    row(
        "weights.computed_names",
        lambda a: weights.computed_names(first_of(holding(a))),
        everywhere(works),
        {"parametrized module": gives(lambda result: list(result) == ["weight"])},
    ),
    row(
        "prune.left_out",
        quietly(lambda a: prune.left_out(holding(a))),
        FOUND,
        {
            columns: gives(lambda result, words=words: words in result["0.weight"])
            for columns, words in LEFT_OUT.items()
        },
    ),
    row("prune.prunable_weights", quietly(lambda a: list(prune.prunable_weights(holding(a)))), PRUNABLE),
    row(
        "prune.masks_for",
        quietly(lambda a: prune.masks_for(holding(a), scores.magnitude_scores, half)),
        PRUNABLE,
        {"NaN": refuses(ValueError, "scores must not hold NaN; got 1 NaN in 8 entries")},
    ),
    row("prune.apply_masks_", masked, ZEROED),
    row("prune.hold_masks", held, HELD),
    row("prune.save_masks", lambda a: saved(weight_of(a)), NO_MASK),
    row(
        "prune.load_masks",
        fits,
        ZEROED,
        {
            "NaN, infinities, denormals": works,
            "empty, 0-d": refuses(ValueError, "mask for '0.weight' must have the weight's shape"),
        },
    ),
    row("train.evaluate", evaluated, FED),
    row("train.fit", fitted, FED),
    row("train.fine_tune", tuned, FED, TUNED),
    row(
        "layers.shrink_linear",
        lambda a: layers.shrink_linear(one_layer(a, nn.Linear(4, 2)), keep_out=[1]),
        SHRUNK,
    ),
    row("layers.shrink_conv2d", fed_to_conv, TRAINED_NUMBERS, OWN_KIND, RESULT_IS_A_LAYER),
    row("layers.shrink_batchnorm2d", fed_to_norm, TRAINED_NUMBERS, OWN_KIND, RESULT_IS_A_LAYER),
    row(
        "layers.shrink_attention",
        fewer_heads,
        SHRUNK,
        {
            "complex": gives(Tensor.is_complex),
            "meta": gives(lambda weight: weight.is_meta),
            "NaN, infinities, denormals": gives(lambda weight: weight.shape == (2, 2)),
        },
    ),
    row("layers.HeadAttention", attended, ATTENDED),
    row(
        "weights.memory_of", lambda a: isinstance(weights.memory_of(weight_of(a)), int | tuple), everywhere(gives(bool))
    ),
    row("checks.check_keep", lambda a: checks.check_keep(weight_of(a), 4), INDICES),
    row("checks.check_mask", lambda a: checks.check_mask(weight_of(a)), NO_MASK),
    ranked(
        "checks.check_scores",
        checks.check_scores,
        {"infinities, denormals, parametrized module": gives(lambda weight: weight.ndim == 2)},
    ),
    row(
        "checks.check_float_tensor",
        lambda a: checks.check_float_tensor(weight_of(a), "weight"),
        SCORES,
        {"infinities, denormals": gives(lambda result: result.ndim == 2)},
    ),
    row(
        "checks.check_values",
        lambda a: checks.check_values(weight_of(a), "weight"),
        everywhere(gives(lambda result: result is not None)),
        {"meta": refuses(ValueError, HAS_A_MASK)},
    ),
    row(
        "checks.check_dense",
        lambda a: checks.check_dense(weight_of(a), "weight"),
        everywhere(gives(lambda result: result is not None)),
    ),
    row(
        "checks.check_initialised",
        lambda a: checks.check_initialised(weight_of(a), "weight"),
        everywhere(gives(lambda result: result is not None)),
        LAZY,
    ),
    row("checks.check_model", checks.check_model, NOT_A_MODULE, dict.fromkeys(MODULES, gives(lambda model: model))),
    row("checks.check_texts", checks.check_texts, everywhere(refuses(TypeError, "texts must be a list of texts"))),
    row("checks.check_sparsity", checks.check_sparsity, A_NUMBER),
    row("checks.check_integer", lambda a: checks.check_integer(a, "n", 1), A_NUMBER),
    row(
        "schedules.cubic_sparsity",
        lambda a: schedules.cubic_sparsity(1, start=0, stop=2, target=a),
        A_NUMBER,
    ),
    row("schedules.iterative_sparsities", lambda a: schedules.iterative_sparsities(2, a), A_NUMBER),
    row("sweep.run", lambda a: sweep.run(print, [{"x": a}]), NO_JSON),
    row("sweep.seed_of", lambda a: sweep.seed_of({"x": a}), NO_JSON),
    row("sweep.product", lambda a: sweep.product(x=[a]), everywhere(gives(lambda grid: len(grid) == 1))),
    row("sweep.outcomes", lambda a: dict(sweep.outcomes(str, {"x": a}, None)), everywhere(gives(lambda r: r["x"]))),
    row("files.check_path", files.check_path, A_NUMBER),
    row("files.replacing", lambda a: files.replacing(a).__enter__(), A_NUMBER),
    row(
        "modes.in_mode",
        lambda a: modes.in_mode(a, training=False).__enter__(),
        dict.fromkeys(TENSORS, takes_none("a module; its callers have checked that")),
        dict.fromkeys(MODULES, gives(lambda nothing: nothing is None)),
    ),
    *(
        row(f"models.{name}", call, A_NUMBER)
        for name, call in {
            "lenet_300_100": lambda a: models.lenet_300_100(widths=(a, 1)),
            "lenet5": lambda a: models.lenet5(hidden=a),
            "vgg16_cifar": lambda a: models.vgg16_cifar(hidden=a),
            "vgg_small": lambda a: models.vgg_small(classes=a),
            "resnet_cifar": models.resnet_cifar,
            "resnet_small": lambda a: models.resnet_small(inner=a),
            "ResidualBlock": lambda a: models.ResidualBlock(a, 1, 1, 1),
        }.items()
    ),
]

NOT_CALLED = {
    "sweep.SweepError": "what run raises",
    "weights.Weight": "what find_weights returns",
    "files.check_sha256": "takes bytes of a file; test_data and test_minilm hold its cases",
    "files.course_bytes": "reads a file of the course; test_data holds its cases, an altered and a missing one too",
    "models.minilm": "takes nothing",
    "models.efficientnet_lite0": "takes nothing",
    "models.EfficientNetLite0": "takes nothing; test_efficientnet holds what it does with pictures",
    "models.embed": "takes texts; test_minilm has its table",
    "models.MiniLM": "takes only numbers of its own making; minilm calls it",
    "models.WordPiece": "takes texts; test_minilm has its table",
}

test_each_cell, test_no_cell_is_left_out, test_every_public_function_has_a_row = contract_tests(
    TABLE,
    [checks, files, layers, masks, models, modes, prune, radix_select, schedules, scores, sweep, train, weights],
    NOT_CALLED,
)
