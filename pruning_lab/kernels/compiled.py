"""How Numba compiles the loops of `loops`: what it may assume, and what is compiled into what.

- **No overlap.** If the result might overlap the inputs, each sum must be stored at once, in case it is read again as
  an input. `NoOverlap` promises that it does not; C calls this `restrict`.
- **Side by side.** Sums that lie side by side can share a register, as two values can share a load. LLVM sees such
  pairs if asked to; Numba asks only where `SideBySide` says so.

Numba keeps what it compiled until the file of a loop changes. A change in this file it does not see: save `loops` anew.
"""

from functools import partial

import numba
from numba.core import config
from numba.core.compiler import Compiler


class NoOverlap(Compiler):
    """Numba's compiler, promised that no two arrays of a call overlap in memory."""

    def __init__(self, *args):
        super().__init__(*args)
        self.state.flags.noalias = True


class SideBySide(NoOverlap):
    """The same, and sums that lie side by side share a register (LLVM's "superword-level parallelism")."""

    def compile_extra(self, func):
        before, config.SLP_VECTORIZE = config.SLP_VECTORIZE, 1
        try:
            return super().compile_extra(func)
        finally:
            config.SLP_VECTORIZE = before


# Sums may be reordered, since a vector register holds 8 partial sums, and a * b + c may be fused. Numba's fastmath=True
# would assume as well that NaN and infinity never occur, and compute anything where they do.
_njit = partial(numba.njit, cache=True, nogil=True, fastmath={"reassoc", "contract"}, pipeline_class=NoOverlap)
compiled = _njit()
# A call for each row of a small matrix would take a third of the time, so LLVM has to inline the loops over a row. What
# walks through the rows is pasted into its caller by Numba, before anything is compiled: so it is compiled only once.
inlined = _njit(cache=False, forceinline=True)
pasted = _njit(cache=False, inline="always")
side_by_side = _njit(fastmath={"contract"}, pipeline_class=SideBySide, forceinline=True)
