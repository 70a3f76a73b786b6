"""Multiply-accumulates, counted from a run: what reaches torch's kernels is added up, or refused by name."""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from inspect import signature

import torch
from torch import Tensor, nn
from torch._ops import HigherOrderOperator
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.parameter import is_lazy
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only

from pruning_lab.checks import check_model
from pruning_lab.modes import in_mode


def macs(model: nn.Module, example_inputs: Tensor | tuple | Mapping[str, object]) -> int:
    """Return the multiply-accumulates of one run of a model in evaluation mode, counted from the products it executes.

    Linear, convolution, attention, recurrent layers, `F.linear` and `@` count, each as often as it runs; biases,
    normalisation, activations and elementwise products do not. Masked zeros count as well: the dense kernel multiplies
    them. A sparse tensor of torch counts the values it stores. FLOPs are twice this number.

    An operation that hides its products, or that torch knows nothing about, is refused by name. What a model computes
    outside of torch (in NumPy, say) cannot be seen, and does not count.

    Args:
        model: nn.Module; its training flags, buffers and parameters are left as they were.
        example_inputs: a Tensor, a tuple of positional arguments, or a dict of arguments by name (a dict that is itself
            an argument: in a tuple); left as they were. A batch of 1 gives the cost of one example.

    Returns:
        int, for the whole batch.

    Raises:
        TypeError: `model` is not an nn.Module. ValueError: it has lazy layers that never ran, it is scripted, or it
            runs an operation that hides its products (quantized convolutions, FFTs, `torch.cdist`, solvers).

    >>> macs(nn.Linear(784, 300), torch.zeros(1, 784))
    235200
    >>> macs(nn.Conv2d(8, 16, 3, padding=1, groups=2), torch.zeros(1, 8, 32, 32))  # 16 x 32 x 32 sums over 4 x 3 x 3
    589824
    >>> macs(nn.LSTM(8, 16), {"input": torch.zeros(5, 1, 8)})  # 5 steps, 4 gates
    7680
    """
    _check_can_be_watched(model)
    buffers = {name: buffer.clone() for name, buffer in model.named_buffers()}  # a run may write to these instead
    with torch.no_grad(), _evaluating(model), _in_plain_products():
        args, kwargs = _arguments(model, example_inputs)
        with _MacCounter(model) as counter:
            torch.func.functional_call(model, buffers, args, kwargs)
    return counter.macs


def _check_can_be_watched(model):
    for name, module in check_model(model).named_modules():
        if isinstance(module, nn.DataParallel):
            raise ValueError(f"model must be a network of one device (take .module); got {type(module).__name__}")
        if isinstance(module, torch.jit.ScriptModule):
            what = f"{name!r}, " if name else ""
            raise ValueError(
                "model must be made of Python modules, whose products can be seen (count before scripting it); "
                f"got {what}a {type(module).__name__}"
            )
    lazy = [name for name, tensor in [*model.named_parameters(), *model.named_buffers()] if is_lazy(tensor)]
    if lazy:
        raise ValueError(f"model must have run once, so that its lazy layers have weights; got lazy {', '.join(lazy)}")


@contextmanager
def _evaluating(model) -> Iterator[None]:
    """Put the model into evaluation mode; an exported one has no modes, and stays in the one it was exported in."""
    with ExitStack() as stack:
        with suppress(NotImplementedError):
            stack.enter_context(in_mode(model, training=False))
        yield


def _arguments(model, example_inputs):
    """Return copies of the arguments by place and by name: a model may write into what it is given."""
    inputs = tree_map_only(Tensor, torch.clone, example_inputs)
    if not isinstance(inputs, Mapping):
        return (inputs if isinstance(inputs, tuple) else (inputs,)), {}
    names = dict(inputs)
    try:
        signature(model.forward).bind(**names)
    except TypeError as error:
        what = "example_inputs must name the arguments of the model's forward (a dict that is one argument: in a tuple)"
        raise TypeError(f"{what}; got {list(names)}, {error}") from error
    return (), names


@contextmanager
def _in_plain_products() -> Iterator[None]:
    """Run attention and recurrent layers as plain products, which can be counted, instead of one fused kernel."""
    was_enabled = torch.backends.mha.get_fastpath_enabled()
    with ExitStack() as stack:
        stack.callback(torch.backends.mha.set_fastpath_enabled, was_enabled)
        torch.backends.mha.set_fastpath_enabled(False)
        stack.enter_context(sdpa_kernel(SDPBackend.MATH))
        stack.callback(torch._C._set_mkldnn_enabled, torch._C._get_mkldnn_enabled())  # its flags() would warn of TF32
        torch._C._set_mkldnn_enabled(False)
        stack.enter_context(torch.backends.cudnn.flags(enabled=False))
        if "torch._dynamo" in sys.modules:  # a compiled model runs the Python that it was compiled from
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        yield


class _MacCounter(TorchDispatchMode):
    """Sees every operation that reaches torch's kernels, and adds up those in `PRODUCTS`.

    A parameter that the model writes to gets its numbers back at the end; so much is copied, no more.
    """

    supports_higher_order_operators = True

    def __init__(self, model):
        super().__init__()
        self.macs = 0
        self.parameters = {p.untyped_storage().data_ptr(): p for p in model.parameters() if p.layout == torch.strided}
        self.before = {}

    def __exit__(self, *error):
        super().__exit__(*error)
        for parameter, numbers in self.before.items():
            parameter.detach().copy_(numbers)

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        if isinstance(operation, HigherOrderOperator):
            raise ValueError(_refusal(operation.name()))
        if any(_has_own_operations(kind) for kind in types):
            return NotImplemented  # a tensor made of others: the operations on those come by here
        kwargs = kwargs or {}
        space, name = operation.namespace, operation.overloadpacket.__name__
        if any(isinstance(value, Tensor) and value.is_nested for value in args):
            rule = "run on whole tensors, or on nested ones of the layout torch.jagged"
            raise ValueError(f"model must {rule}; got {name} of a nested one of the layout torch.strided")
        self._keep(operation, args)
        product = PRODUCTS.get((space, name.rstrip("_")))
        if product is None:
            with self:  # an operation made of others (a model in inference_mode hands over F.linear whole)
                parts = operation.decompose(*args, **kwargs)
            if parts is not NotImplemented:
                return parts
            if space not in KNOWN or (HIDDEN.search(name) and not HARMLESS.search(name)):
                raise ValueError(_refusal(f"{space}::{name}" if space != "aten" else name))
        result = operation(*args, **kwargs)
        self.macs += product(name, args, result) if product else 0
        return result

    def _keep(self, operation, args):
        """Copy a parameter that the operation is about to write to, if it is the first to do so."""
        for argument, value in zip(operation._schema.arguments, args, strict=False):
            if argument.alias_info is not None and argument.alias_info.is_write and isinstance(value, Tensor):
                parameter = self.parameters.get(value.untyped_storage().data_ptr())
                if parameter is not None and parameter not in self.before:
                    self.before[parameter] = parameter.detach().clone()


def _refusal(name):
    return f"model must run products that can be counted; got the fused operation {name}"


def _has_own_operations(kind):
    return kind.__torch_dispatch__ is not torch._C._disabled_torch_dispatch_impl


def _stored(matrix):
    """Return how many values of a sparse tensor there are to be multiplied."""
    return (matrix._values() if matrix.layout == torch.sparse_coo else matrix.values()).numel()


def _matrix_product(position):
    """The product of the arguments at `position` and after it: each entry of the result sums over their common axis."""

    def count(name, args, result):
        left, right = args[position : position + 2]
        if left.layout == right.layout == torch.strided:
            return result.numel() * left.shape[-1]
        if torch.strided not in (left.layout, right.layout):
            raise ValueError(f"model must multiply a sparse tensor by a dense one; got two sparse ones in {name}")
        if right.layout == torch.strided:
            return _stored(left) * (right.shape[-1] if right.ndim > 1 else 1)
        return _stored(right) * (left.shape[-2] if left.ndim > 1 else 1)

    return count


def _rows_times_weight(name, args, result):
    """A layer whose weight is packed: each entry of the result sums over the last axis of the input."""
    return result.numel() * args[0].shape[-1]


def _summed_batch(name, args, result):
    """addbmm: (b, n, k) by (b, k, m), of which the b results are summed into one."""
    return args[1].numel() * args[2].shape[-1]


def _convolution(name, args, result):
    """Each entry of the result (of the input, where transposed) meets one filter: weight is (out, in / groups, ...)."""
    images, weight, transposed = args[0], args[1], args[6]
    return (images if transposed else result).numel() * weight[0].numel()


def _convolution_in_time(name, args, result):
    """conv_tbc: weight is (width, in, out)."""
    return result.numel() * args[1].shape[0] * args[1].shape[1]


Product = Callable[[str, tuple, Tensor], int]  # of the operation's name, its arguments and its result
_ATEN: dict[str, Product] = {
    **dict.fromkeys(("mm", "bmm", "mv", "dot", "vdot", "_sparse_mm"), _matrix_product(0)),
    **dict.fromkeys(("addmm", "baddbmm", "addmv", "_addmm_activation", "_sparse_addmm"), _matrix_product(1)),
    **dict.fromkeys(("_int_mm", "_scaled_mm", "_weight_int8pack_mm", "mkldnn_linear"), _rows_times_weight),
    "addbmm": _summed_batch,
    "convolution": _convolution,
    "conv_tbc": _convolution_in_time,
}
_QUANTIZED = ("linear", "linear_relu", "linear_dynamic", "linear_relu_dynamic", "linear_dynamic_fp16")
PRODUCTS: dict[tuple[str, str], Product] = {("aten", name): product for name, product in _ATEN.items()}
PRODUCTS |= {("quantized", name): _rows_times_weight for name in _QUANTIZED}

KNOWN = {"aten", "prim", "prims", "quantized", "profiler"}  # whose operations are known by name
# Whatever is called so multiplies matrices inside, in a way that cannot be told from its arguments alone.
HIDDEN = re.compile(
    r"mm(_|$)|matmul|conv(?!ert)|linear|attention|transformer|lstm|gru|rnn|trilin|gemm|cdist|pdist|euclidean"
    r"|fft|linalg|cholesky|(^|_)solve|(^|_)qr($|_)|geqrf|orgqr|ormqr|spsolve|svd|(^|_)eig|matrix_exp|householder|semi_structured|lu_with_info"
)
HARMLESS = re.compile(r"upsample|thnn_fused|is_acceptable|linalg_(cross|diagonal|vector_norm|check|_powsum)|available")
