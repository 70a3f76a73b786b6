"""A layer as ONNX Runtime runs it: the engine to which lesson 04 shows a weight full of zeros."""

import numpy as np

from pruning_lab.lesson.frame.engines import engines

OPSET, IR_VERSION = 17, 8  # of the file format; old enough for every engine in use


def layer_model(weight, batch):
    """Return `weight @ x` as the bytes of an ONNX model.

    Args:
        weight: (out, in) float32 array, stored in the model as it is.
        batch: the number of columns of x, which is (in, batch).

    >>> len(layer_model(np.zeros((4, 8), np.float32), 2)) > 4 * 8 * 4  # zeros are written out
    True
    """
    onnx, _ = engines()
    helper, float32 = onnx.helper, onnx.TensorProto.FLOAT
    rows, columns = weight.shape
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["weight", "x"], ["y"])],
        "layer",
        [helper.make_tensor_value_info("x", float32, [columns, batch])],
        [helper.make_tensor_value_info("y", float32, [rows, batch])],
        [onnx.numpy_helper.from_array(weight, "weight")],
    )
    opset = helper.make_opsetid("", OPSET)
    return helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION).SerializeToString()


def engine_product(weight, x):
    """Return a function without arguments that multiplies with ONNX Runtime on one thread; its answer is checked first.

    Args:
        weight: (out, in) float32 array. x: (in, batch) float32 array.
    """
    _, onnxruntime = engines()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    model = layer_model(weight, x.shape[1])
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(session.run(None, {"x": x})[0], weight @ x, rtol=1e-3, atol=1e-3)
    return lambda: session.run(None, {"x": x})[0]
