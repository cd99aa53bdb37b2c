"""The values of definitions without parameters, each computed when it is first asked for and kept for the whole run."""

from bend.runtime.kernel.direct.counts import COUNT_MASK, TAG_MASK, drop, make_immortal, retain_shared
from bend.runtime.kernel.direct.sizes import PARALLEL
from bend.runtime.kernel.direct.state import Worker
from bend.runtime.kernel.lang import (
    ACQ_REL,
    ACQUIRE,
    Ptr,
    addr,
    atomic_cas,
    atomic_load,
    extern,
    inline,
    likely,
    noinline,
    u64,
)

# The tag of a folded constant.
CONSTANT = 4


@extern
def run_entry(w: Ptr[Worker], number: u64) -> u64:
    """Evaluates a definition without parameters; the compiled program provides this."""


@inline
def constant(w: Ptr[Worker], number: u64) -> u64:
    """The value of a definition without parameters, borrowed for ever."""
    if PARALLEL != 0:
        value = atomic_load(addr(w.shared.constants[number]), ACQUIRE)
    else:
        value = w.shared.constants[number]
    if likely(value != 0):
        return value
    return make_constant(w, number)


@noinline
def unfolded(w: Ptr[Worker], number: u64) -> u64:
    """The same, where that is seldom asked for."""
    return constant(w, number)


@noinline
def unfolded_owned(w: Ptr[Worker], number: u64) -> u64:
    """The same with a reference of its own."""
    value = constant(w, number)
    retain_shared(value)
    return value


@noinline
def make_constant(w: Ptr[Worker], number: u64) -> u64:
    """Computes and publishes a constant. If another worker was first, its value is the one."""
    value = run_entry(w, number)
    while value & TAG_MASK == CONSTANT:
        value = constant(w, value >> 32)
    stays = make_immortal(value)
    known = atomic_cas(addr(w.shared.constants[number]), 0, value, ACQ_REL)
    if known == 0:
        return value
    if not stays:
        cell = Ptr[u64](value)
        cell[0] = cell[0] & ~u64(COUNT_MASK) | 1
        drop(w, value)
    return known
