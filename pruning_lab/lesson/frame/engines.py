"""The engines to which some lessons show a network: they are an extra, since only a few cells need them."""


def engines():
    """Import and return (onnx, onnxruntime).

    Raises:
        ModuleNotFoundError: they are not installed; the error says how to have them.
    """
    try:
        import onnx.helper
        import onnx.numpy_helper
        import onnxruntime
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"This cell needs {error.name}, which is not installed: %pip install onnx onnxruntime brings it. "
            "The other cells run without."
        ) from error
    return onnx, onnxruntime
