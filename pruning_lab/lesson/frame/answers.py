"""What a checker needs of an answer: it is called with copies, and its result is read in every form that is right."""

import copy
import inspect
import linecache
import math
import traceback
from decimal import Decimal
from numbers import Real

import numpy as np
import torch

IN_PLACE = ("sort", "append", "extend")  # methods whose result is often returned by mistake
SHOWN = 12  # entries of an array that a message still lists
LONGEST = 60  # letters of any other value


class WrongAnswer(AssertionError):
    """An answer is wrong. A notebook shows the message alone: the checker's traceback would only distract."""

    def _render_traceback_(self):  # IPython asks for this
        return [str(self)]


class NotStarted(Exception):
    """The answer is still a stub: it returns `...`, raises NotImplementedError, or its body is `pass`."""


def require(holds, message):
    """Raise WrongAnswer unless `holds`. Python drops an `assert` under -O, and a learner may write one, too.

    >>> require(2 > 3, "2 is not above 3")
    Traceback (most recent call last):
    pruning_lab.lesson.frame.answers.WrongAnswer: 2 is not above 3
    """
    if not holds:
        raise WrongAnswer(message)


def likely_slip(matches, slips, otherwise):
    """Return the reason of the first slip whose result is the one returned.

    Args:
        matches: a function of a result, true if that is what was returned.
        slips: {reason: the result that this slip leads to}.
        otherwise: the reason if no slip fits.

    >>> likely_slip(lambda result: result == 9, {"that is the square": 9, "that is twice as much": 6}, "add 1")
    'that is the square'
    """
    return next((reason for reason, result in slips.items() if matches(result)), otherwise)


class Answer:
    """A learner's function as a checker calls it: with copies of the arguments, and what it raises marked as its own.

    A forgotten return and an argument that was changed are told here, once for all exercises.

    >>> Answer(abs)(-2)
    2
    >>> Answer(print)()
    Traceback (most recent call last):
    pruning_lab.lesson.frame.answers.WrongAnswer: it returned None: is the return missing?
    """

    def __init__(self, function):
        if not callable(function):
            raise TypeError(f"answer must be a function; got {type(function).__name__}")
        self.function, self.name = function, name_of(function)
        self.error = self.traceback = None  # what the function raised, and from where
        self.returned = False  # whether an earlier call returned something

    def __call__(self, *arguments):
        """Return what the function makes of copies of the arguments."""
        given = copy.deepcopy(arguments)
        try:
            got = self.function(*given)
        except Exception as error:
            self._tell_where(error, arguments)
            raise
        if _untouched(got) or (got is None and _is_empty(self.function)):
            raise NotStarted
        require(got is not None, f"it returned None: {self._why_none()}")
        self.returned = True
        require(not inspect.iscoroutine(got), "it is an async function, which only promises a result: write def alone")
        if inspect.isgenerator(got):
            yields = inspect.isgeneratorfunction(self.function)
            what, instead = ("holds a yield", "them") if yields else ("returned a generator", "a list or an array")
            raise WrongAnswer(f"it {what}, which makes results one by one: return {instead} instead")
        for name, before, after in zip(self._names(arguments), arguments, given, strict=True):
            require(_same(before, after), f"{name} was changed in place: work on a copy, and leave the arguments alone")
        return got

    def _tell_where(self, error, arguments):
        frames = traceback.extract_tb(error.__traceback__.tb_next)
        if isinstance(error, NotImplementedError) and len(frames) == 1:
            raise NotStarted from None
        if isinstance(error, TypeError) and not frames:
            raise WrongAnswer(
                f"it does not take the arguments that it is given; keep its first line as it was ({error})"
            )
        self.error, self.traceback = error, error.__traceback__.tb_next
        given = zip(self._names(arguments), arguments, strict=True)
        called = ", ".join(f"{name} = {_shown(value)}" for name, value in given)
        error.add_note(f"This came from {self.name}{_line_of(frames)}\nIt was called with {called}.")

    def _why_none(self):
        if self.returned:
            return "does every branch return?"
        called = getattr(getattr(self.function, "__code__", None), "co_names", ())
        in_place = [f" (x.{name}() changes x, and returns None)" for name in IN_PLACE if name in called]
        return f"is the return missing?{in_place[0] if in_place else ''}"

    def _names(self, arguments):
        numbered = [f"argument {number}" for number in range(1, len(arguments) + 1)]
        try:
            names = list(inspect.signature(self.function).bind(*arguments).arguments)
        except (TypeError, ValueError):  # a function in C tells no names
            return numbered
        return names if len(names) == len(arguments) else numbered


def name_of(function):
    """Return a function's name; of a partial the name of what it calls, of an object that of its class.

    >>> name_of(abs)
    'abs'
    """
    inner = getattr(function, "func", function)
    return getattr(inner, "__name__", type(inner).__name__)


def number(got):
    """Return a result as a float: any real number that Python, NumPy or torch has, or an array without axes.

    >>> from fractions import Fraction
    >>> number(Fraction(2, 3)) == number(np.array(2 / 3))
    True
    """
    if isinstance(got, Real | Decimal) and not isinstance(got, bool):
        value = float(got)
    else:
        shown = _shown(got)
        got = np.asarray(_plain(got))
        require(got.ndim == 0 and got.dtype.kind in "iuf", f"return one number; got {shown}")
        value = float(got)
    require(np.isfinite(value), f"return a finite number; got {value}")
    return value


def array(got, name):
    """Return a result as a NumPy array of numbers or bools: it may be an array, a tensor, or a list of numbers."""
    try:
        read = np.asarray(_plain(got))
        read = np.asarray(read.tolist()) if read.dtype == object else read  # whole numbers as objects
        read = read.astype(float) if read.dtype == object else read  # Fractions, say
    except (TypeError, ValueError):
        read = None
    require(read is not None and read.dtype.kind in "biuf", f"{name} must be an array of numbers; got {_shown(got)}")
    return read


def indices(got, name):
    """Return a result as an int64 array with one axis; floats and masks are refused, as neither counts or picks."""
    read = array(got, name)
    require(read.dtype != bool, f"{name} must be indices, not a mask: np.flatnonzero turns one into the other")
    require(read.ndim == 1, f"{name} must be one row of whole numbers; got shape {read.shape}")
    whole = read.dtype.kind in "iu" or read.size == 0  # NumPy makes floats of an empty list
    require(whole, f"{name} must be whole numbers of an integer type; got {read.dtype}")
    return read.astype(np.int64)


def several(got, *names):
    """Return a result of as many parts as there are names: a tuple, a named one, a list, or an array of them."""
    wanted = f"return {', '.join(names[:-1])} and {names[-1]}"
    shown = _shown(got) if len(_shown(got)) <= LONGEST else f"one {type(got).__name__}"
    if isinstance(got, np.ndarray | torch.Tensor) and got.ndim > 1 and len(got) == len(names):
        return list(got)  # `a, b = answer` works
    require(isinstance(got, tuple | list), f"{wanted}, separated by commas; got {shown}")
    require(len(got) == len(names), f"{wanted}, {len(names)} results; got {len(got)}")
    return got


def close(got, right):
    """Return whether two results of one shape agree as far as float32 can tell."""
    return np.shape(got) == np.shape(right) and np.allclose(got, right, rtol=1e-5, atol=1e-6, equal_nan=True)


def as_near(got, right):
    """Return whether numbers agree as far as float32 can tell, relatively: a small one is as good as a large one.

    >>> as_near(3.0e-6, 3.1e-6), as_near([1e-9, np.nan], np.float32([1e-9, np.nan]))
    (False, True)
    """
    return np.allclose(got, right, rtol=1e-6, atol=0, equal_nan=True)


def nearest_rounding(got, right, most=6):
    """Return right numbers rounded to 1 to `most` decimals, as near to a result as that comes: a slip to look for.

    Args:
        got, right: numbers, or arrays of one shape.
        most: decimals.

    >>> float(nearest_rounding(0.667, 2 / 3)), nearest_rounding(np.array([0.7, 0.3]), np.array([2 / 3, 1 / 3]))
    (0.667, array([0.7, 0.3]))
    """
    tries = [np.round(right, digits) for digits in range(1, most + 1)]
    return min(tries, key=lambda rounded: np.abs(rounded - got).max(initial=0))


def told_apart(right, got):
    """Return two numbers as text, with four digits, or with as many more as it takes to tell them apart.

    >>> told_apart(0.28906, 0.28910)
    ('0.28906', '0.2891')
    """
    texts = [(f"{right:.{digits}g}", f"{got:.{digits}g}") for digits in (*range(4, 12), 17)]
    return next((pair for pair in texts if pair[0] != pair[1]), texts[-1])


def _line_of(frames):
    own = [frame for frame in frames if frame.filename == frames[0].filename]  # what it calls is elsewhere
    return f", line {own[-1].lineno}: {linecache.getline(own[-1].filename, own[-1].lineno).strip()}" if own else "."


def _untouched(got):
    return got is ... or (isinstance(got, tuple | list) and len(got) > 0 and all(part is ... for part in got))


def _nothing():
    pass


def _is_empty(function):
    code = getattr(function, "__code__", None)  # every second byte is an argument; the rest says what is done
    return code is not None and code.co_code[::2] == _nothing.__code__.co_code[::2]


def _same(before, after):
    if isinstance(before, dict):
        return before.keys() == after.keys() and all(_same(before[key], after[key]) for key in before)
    return np.shape(before) == np.shape(after) and np.array_equal(before, after, equal_nan=True)


def _plain(got):
    if isinstance(got, tuple | list):
        return [_plain(part) for part in got]
    if not isinstance(got, torch.Tensor):
        return got
    return (got.float() if got.dtype == torch.bfloat16 else got).detach().cpu().numpy()


def _shown(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {_shown(part)}" for key, part in value.items()) + "}"
    if isinstance(value, np.ndarray | torch.Tensor):
        kind = "a tensor" if isinstance(value, torch.Tensor) else "an array"
        return (
            f"{kind} {value.tolist()}"
            if 0 < math.prod(value.shape) <= SHOWN
            else f"{kind} of shape {tuple(value.shape)}"
        )
    if isinstance(value, int | float):
        return repr(value)
    text = f"{type(value).__name__} {value!r}"
    return text if len(text) <= LONGEST else f"a {type(value).__name__}"
