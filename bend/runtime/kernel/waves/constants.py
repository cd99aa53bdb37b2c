"""The values of definitions without parameters, each computed when it is first asked for and kept for the whole run.

Evaluating one may take long, so `make_constant` becomes states with those of the program (`bend.codegen.states`).

There are two tables. What was known before a wave of the device began is read with plain loads. Values that became
known in this one are in the other table, and reading there acquires what they are made of.
"""

from bend.runtime.kernel.direct.counts import COUNT_MASK, TAG_MASK, drop, make_immortal
from bend.runtime.kernel.lang import (
    ACQ_REL,
    ACQUIRE,
    RELAXED,
    Ptr,
    addr,
    atomic_cas,
    atomic_load,
    atomic_store,
    extern,
    inline,
    likely,
    noinline,
    u64,
    unlikely,
)
from bend.runtime.kernel.waves.state import Worker

# The tag of a folded constant.
CONSTANT = 4


@extern
def run_entry(w: Ptr[Worker], number: u64) -> u64:
    """Evaluates a definition without parameters; the compiled program provides this."""


@inline
def known_constant(w: Ptr[Worker], number: u64) -> u64:
    """The value of a definition without parameters, borrowed for ever; 0 if it is not known yet."""
    value = w.shared.constants[number]
    if likely(value != 0):
        return value
    return new_constant(w, number)


@noinline
def new_constant(w: Ptr[Worker], number: u64) -> u64:
    """The same if it was not known before this wave."""
    return atomic_load(addr(w.shared.new_constants[number]), ACQUIRE)


@inline
def collect_constants(w: Ptr[Worker]) -> None:
    """At the end of a wave, one lane collects what has become known in it."""
    shared = w.shared
    if unlikely(atomic_load(addr(shared.has_news), RELAXED) != 0):
        atomic_store(addr(shared.has_news), 0, RELAXED)
        for number in range(shared.constant_count):
            shared.settled[number] = atomic_load(addr(shared.new_constants[number]), ACQUIRE)
        shared.is_settled = 1


@inline
def settle_constants(w: Ptr[Worker]) -> None:
    """After the barrier, which has all lanes see what these values are made of, they can be read by plain loads."""
    shared = w.shared
    if unlikely(shared.is_settled != 0):
        shared.is_settled = 0
        for number in range(shared.constant_count):
            shared.constants[number] = shared.settled[number]


@noinline
def keep_constant(w: Ptr[Worker], number: u64, value: u64) -> u64:
    """Publishes a constant. If another lane was first, its value is the one."""
    stays = make_immortal(value)
    known = atomic_cas(addr(w.shared.new_constants[number]), 0, value, ACQ_REL)
    if known == 0:
        atomic_store(addr(w.shared.has_news), 1, RELAXED)
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
