"""Put something else in the place of a public function, wherever it has been imported already."""

import inspect
from contextlib import ExitStack, contextmanager
from functools import cache
from importlib import import_module
from types import FunctionType

MODULES = (
    *("scores", "masks", "schedules", "prune", "sparse", "kernels", "layers", "channels", "reconstruct", "compress"),
    *("measure", "train", "sweep", "audit", "models", "data", "plots"),
)


@cache
def public_functions():
    """Return {dotted name: function} of what lessons and homework may call: functions, methods, properties.

    >>> list(public_functions())[:2]
    ['scores.magnitude_scores', 'scores.taylor_scores']
    """
    found = {}
    for module in map(import_module, (f"pruning_lab.{name}" for name in MODULES)):
        short = module.__name__.partition(".")[2]
        for name in getattr(module, "__all__", vars(module)):
            value = getattr(module, name)
            if name.startswith("_") or not getattr(value, "__module__", "").startswith(module.__name__):
                continue
            if inspect.isclass(value):
                found |= {f"{short}.{name}.{member}": each for member, each in _methods(value)}
            elif callable(value):
                found[f"{short}.{name}"] = _plain(value)
    return found


def _methods(kind):
    for name, value in vars(kind).items():
        function = _plain(value)
        ours = inspect.isfunction(function) and function.__module__.startswith("pruning_lab")
        if ours and not name.startswith("_") and not getattr(function, "__isabstractmethod__", False):
            yield name, function


def _plain(value):
    """Return the function inside of a property, a class method or a cache."""
    if isinstance(value, property):
        return value.fget
    return value if inspect.isfunction(value) else getattr(value, "__wrapped__", value)


@contextmanager
def swapped(function, answer):
    """Inside the `with`, a call of `function` gives `answer(original, args, kwargs)`.

    The function stays the same object, and gets other code: so each name that it has been imported under, in whatever
    module, calls that.

    >>> from pruning_lab.masks import sparsity_of
    >>> with swapped(sparsity_of, lambda original, args, kwargs: 0.25):
    ...     sparsity_of("anything")
    0.25
    """
    code, signature = function.__code__, inspect.signature(function)
    original = FunctionType(code, function.__globals__, function.__name__, function.__defaults__, function.__closure__)
    original.__kwdefaults__, original.__signature__ = function.__kwdefaults__, signature
    name = f"_swapped_{id(function)}"
    function.__globals__[name] = lambda *args, **kwargs: answer(original, args, kwargs)
    function.__code__ = _calling(name, code)
    function.__signature__ = signature
    try:
        yield
    finally:
        function.__code__ = code
        del function.__signature__, function.__globals__[name]


def _calling(name, code):
    """Return code that calls the global `name`. Python wants as many names from around it as the old code has."""
    around = ", ".join(code.co_freevars)
    source = f"def outer({around}):\n def inner(*args, **kwargs):\n  {around}\n  return {name}(*args, **kwargs)\n"
    made = {}
    exec(source, made)
    inner = next(each for each in made["outer"].__code__.co_consts if inspect.iscode(each))
    return inner.replace(co_filename=code.co_filename, co_firstlineno=code.co_firstlineno, co_name=code.co_name)


@contextmanager
def recorded():
    """Inside the `with`, calls of public functions are written down: yields the set of their names.

    A call that is refused does not count: who makes no other looks at errors alone, and a sabotage leaves those be.

    >>> from pruning_lab.masks import mask_n_of_m
    >>> import torch
    >>> with recorded() as calls:
    ...     _ = mask_n_of_m(torch.ones(1, 4), n=2, m=4)
    >>> sorted(calls)
    ['masks.mask_n_of_m']
    """
    calls = set()

    def noting(name):
        def answer(original, args, kwargs):
            result = original(*args, **kwargs)
            calls.add(name)
            return result

        return answer

    with ExitStack() as swaps:
        for name, function in public_functions().items():
            swaps.enter_context(swapped(function, noting(name)))
        yield calls
