"""The values of definitions without parameters, each computed when it is first asked for and kept for the whole run.

Evaluating one may take long, so these functions become states with those of the program (`bend.codegen.states`).
"""

from bend.runtime.kernel.direct.counts import COUNT_MASK, TAG_MASK, drop, make_immortal
from bend.runtime.kernel.lang import ACQ_REL, ACQUIRE, Ptr, addr, atomic_cas, atomic_load, extern, inline, noinline, u64
from bend.runtime.kernel.waves.state import Worker

# The tag of a folded constant.
CONSTANT = 4


@extern
def run_entry(w: Ptr[Worker], number: u64) -> u64:
    """Evaluates a definition without parameters; the compiled program provides this."""


@inline
def known_constant(w: Ptr[Worker], number: u64) -> u64:
    """The value of a definition without parameters, borrowed for ever; 0 if it is not known yet."""
    return atomic_load(addr(w.shared.constants[number]), ACQUIRE)


@noinline
def keep_constant(w: Ptr[Worker], number: u64, value: u64) -> u64:
    """Publishes a constant. If another lane was first, its value is the one."""
    stays = make_immortal(value)
    known = atomic_cas(addr(w.shared.constants[number]), 0, value, ACQ_REL)
    if known == 0:
        return value
    if not stays:
        cell = Ptr[u64](value)
        cell[0] = cell[0] & ~u64(COUNT_MASK) | 1
        drop(w, value)
    return known


def make_constant(w: Ptr[Worker], number: u64) -> u64:
    """Computes and publishes a constant."""
    value = run_entry(w, number)
    while value & TAG_MASK == CONSTANT:
        behind = value >> 32
        value = known_constant(w, behind)
        if value == 0:
            value = make_constant(w, behind)
    return keep_constant(w, number, value)
