"""One network deployed in eight ways: how often it is right, what its file takes, its time, an estimate of its energy.

Every way runs one picture at a time: `product(x)` takes (784,) float32 and returns (10,) logits.
"""

import logging
import tempfile
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from pruning_lab import kernels, masks, measure, scores, sparse, train
from pruning_lab.compress.sharing import shared_already
from pruning_lab.layers import shrink_linear
from pruning_lab.lesson.deep_compression.experiments import BATCH, bits_by_name, images
from pruning_lab.lesson.deep_compression.stages import SHORT, accuracy, others, through_a_file
from pruning_lab.lesson.frame.engines import engines

# Picojoules in a 45 nm chip, after Horowitz 2014 (doi 10.1109/ISSCC.2014.6757323): 32 bits from DRAM; a multiplication
# and an addition of float32; the same of 8-bit integers.
DRAM, FLOAT, INT8 = 640 / 4, 3.7 + 0.9, 0.2 + 0.03
LAYERS = ("fc1", "fc2", "fc3")
OPSET, IR_VERSION = 17, 8  # of the ONNX file; old enough for every engine in use


class Way(NamedTuple):
    """A way to deploy: its name, its accuracy, the bytes of its file, what it reads and multiplies, how it runs.

    Attributes:
        read: bytes of weights that one picture reads. macs: multiplications of one picture. pj: of one, with its sum.
    """

    name: str
    accuracy: float
    bytes: int
    read: int
    macs: int
    pj: float
    product: object


def energy(way):
    """Return an estimate of the microjoules of one picture: every weight is read from DRAM once, and multiplied once.

    >>> round(energy(Way("dense", 0.9, 1_066_440, 1_066_440, 266_200, FLOAT, None)), 1)
    171.9
    """
    return (way.read * DRAM + way.macs * way.pj) / 1e6


def all_ways(dense, small, pruned, kept, shared, bits):
    """Return every Way to deploy a network.

    Args:
        dense, small, pruned: networks with as much training each; kept: the masks of the pruned one.
        shared: the pruned one with shared values of so many bits.
    """
    size, _, loaded = through_a_file(shared, kept, bits)
    rounded = quantized(dense)
    forms = {name: sparse.CSR.from_dense(_weight(pruned, name), "uint16") for name in LAYERS}
    coded = {name: coded_rows(loaded, kept, name, bits) for name in LAYERS}
    full, left, macs = _bytes(dense), sum(int(mask.sum()) for mask in kept.values()), _macs(dense)
    right, right_pruned = accuracy(dense), accuracy(pruned)
    rest = 4 * others(dense, kept)
    csr_bytes, row_bytes = (
        measure.stored_bytes(list(forms.values())) + rest,
        sum(r.nbytes for r in coded.values()) + rest,
    )
    eight, int8_bytes = engine_int8(dense), sum(mask.numel() for mask in kept.values()) + rest
    return [
        Way("dense", right, full, full, macs, FLOAT, _in_torch(dense)),
        Way("masked", right_pruned, full, full, macs, FLOAT, _in_torch(pruned)),
        Way("CSR", right_pruned, csr_bytes, csr_bytes, left, FLOAT, _by_hand(pruned, forms, kernels.csr_matvec)),
        Way("shrunk", accuracy(small), _bytes(small), _bytes(small), _macs(small), FLOAT, _in_torch(small)),
        Way(
            "compressed", accuracy(loaded), size, row_bytes, left, FLOAT, _by_hand(loaded, coded, kernels.shared_matvec)
        ),
        Way("int8, torch", accuracy(rounded), int8_bytes, int8_bytes, macs, INT8, _in_torch(rounded)),
        Way("ONNX Runtime", right, full, full, macs, FLOAT, engine(onnx_model(dense))),
        Way("int8, ONNX Runtime", _engine_accuracy(eight), int8_bytes, int8_bytes, macs, INT8, eight),
    ]


def coded_rows(model, kept, layer, bits):
    """Return the weight of one layer as rows of codes and gaps, from which `kernels.shared_matvec` multiplies.

    Args:
        model: a network whose survivors share 2**bits values a layer already; kept: its masks, by name.
        layer: its name, such as "fc1".
    """
    name = f"{layer}.weight"
    return shared_already(model.get_parameter(name), kept[name], 2 ** bits_by_name(kept, bits)[name]).to_rows()


def frontier_rows(ways, repeats=100):
    """Time the ways in turns, one picture each; return rows for `lesson.frontier`, and a Comparison with a control."""
    x = images("validation")[0][0].numpy().ravel()
    products = {way.name: lambda way=way: way.product(x) for way in ways}
    timed = measure.compare(products | {"control: dense again": lambda: ways[0].product(x)}, repeats=repeats)
    dense = timed["dense"].median
    rows = [
        {
            "name": way.name,
            "accuracy": way.accuracy,
            "bytes": way.bytes,
            "time": timed[way.name].median / dense,
            "energy": energy(way),
        }
        for way in ways
    ]
    return rows, timed


def shrunk(model):
    """Return a network with the half of `model`'s hidden units that has large norms, trained as pruned ones."""
    keep = {name: masks.keep_channels(scores.channel_scores(getattr(model, name).weight), 0.5) for name in LAYERS[:2]}
    small = nn.Sequential(
        nn.Flatten(),
        shrink_linear(model.fc1, keep_out=keep["fc1"]),
        nn.ReLU(),
        shrink_linear(model.fc2, keep_in=keep["fc1"], keep_out=keep["fc2"]),
        nn.ReLU(),
        shrink_linear(model.fc3, keep_in=keep["fc2"]),
    )
    train.fit(small, images("train"), epochs=SHORT["pruning"], batch_size=BATCH, progress=False)
    return small


def quantized(model):
    """Return a copy of `model` with weights of 8 bits, inputs rounded as they come: PyTorch's dynamic quantization."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is to move to a package of its own
        return torch.ao.quantization.quantize_dynamic(model.eval(), {nn.Linear}, dtype=torch.qint8)


def onnx_model(model):
    """Return a network of three linear layers as an ONNX model, its weights as they are: zeros are written out."""
    onnx, _ = engines()
    helper, numpy_helper = onnx.helper, onnx.numpy_helper
    nodes, numbers, before = [], [], "x"
    for place, name in enumerate(LAYERS):
        layer = getattr(model, name)
        numbers.append(numpy_helper.from_array(layer.weight.detach().numpy().T.copy(), f"{name}.weight"))
        numbers.append(numpy_helper.from_array(layer.bias.detach().numpy(), f"{name}.bias"))
        nodes.append(helper.make_node("MatMul", [before, f"{name}.weight"], [f"{name}.product"]))
        nodes.append(helper.make_node("Add", [f"{name}.product", f"{name}.bias"], [f"{name}.sum"]))
        before = f"{name}.sum"
        if place < len(LAYERS) - 1:
            nodes.append(helper.make_node("Relu", [before], [f"{name}.out"]))
            before = f"{name}.out"
    ends = [
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, size])
        for name, size in (("x", model.fc1.in_features), (before, model.fc3.out_features))
    ]
    graph = helper.make_graph(nodes, "network", ends[:1], ends[1:], numbers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)


def engine(model):
    """Return `product(x)` of an ONNX model in ONNX Runtime, on one thread."""
    return _session(model.SerializeToString())


def engine_int8(model):
    """Return `product(x)` with weights of 8 bits in ONNX Runtime."""
    model = onnx_model(model)
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "int8.onnx"
        logging.disable(logging.WARNING)  # it advises a step that this network does not need
        try:
            quantize_dynamic(model, path, weight_type=QuantType.QInt8)
        finally:
            logging.disable(logging.NOTSET)
        return _session(path.read_bytes())


def _session(model):
    _, onnxruntime = engines()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return lambda x: session.run(None, {"x": x[None]})[0][0]


def _in_torch(model):
    model = model.eval()

    def product(x):
        with torch.inference_mode():
            return model(torch.from_numpy(x)[None])[0].numpy()

    return product


def _by_hand(model, forms, matvec):
    """Return `product(x)` that multiplies each layer's form with a kernel, and adds biases in NumPy."""
    biases = {name: getattr(model, name).bias.detach().numpy() for name in forms}

    def product(x):
        for name, form in forms.items():
            x = matvec(form, x) + biases[name]
            x = np.maximum(x, 0) if name != LAYERS[-1] else x
        return x

    return product


def _engine_accuracy(product):
    pictures, labels = images("validation")
    said = [int(product(picture.numpy().ravel()).argmax()) for picture in pictures]
    return float(np.mean(np.array(said) == labels.numpy()))


def _weight(model, name):
    return getattr(model, name).weight.detach().numpy()


def _bytes(model):
    return 4 * sum(tensor.numel() for tensor in model.state_dict().values())


def _macs(model):
    return measure.macs(model.eval(), images("validation")[0][:1])
