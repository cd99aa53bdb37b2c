"""Full magazines: chains of free cells that lanes hand to each other.

A block keeps some, the device the rest. Each is a stack of magazines, linked through the second words of their first
cells, which tell their sizes as well. The word that leads to the topmost has a number above its index that changes with
each change, so that a lane that was slow does not take what has come and gone in between (Treiber, "Systems
programming: coping with parallelism", 1986).
"""

from bend.runtime.kernel.gpu_net.state import DEPOT_WORDS, DEPOTS, Worker
from bend.runtime.kernel.lang import (
    ACQ_REL,
    ACQUIRE,
    RELAXED,
    Global,
    Ptr,
    addr,
    atomic_add,
    atomic_cas,
    atomic_load,
    atomic_store,
    atomic_sub,
    inline,
    noinline,
    u64,
)

INDEX_BITS = 40
INDEX_MASK = 0xFFFFFFFFFF


@inline
def changed(old: u64, index: u64) -> u64:
    """The word of a stack after a change: its number goes on, and wraps around."""
    return (((old >> INDEX_BITS) + 1) << INDEX_BITS) | index


@noinline
def push_on(heap: Global[u64], stack: Ptr[u64], magazine: u64, size: u64) -> None:
    """Puts a magazine of so many cells on a stack."""
    old: u64 = atomic_load(stack, RELAXED)
    while True:
        atomic_store(addr(heap[magazine + 1]), (old & INDEX_MASK) | (size << INDEX_BITS), RELAXED)
        seen: u64 = atomic_cas(stack, old, changed(old, magazine), ACQ_REL)
        if seen == old:
            return
        old = seen


@noinline
def pop_from(heap: Global[u64], stack: Ptr[u64]) -> u64:
    """Takes a magazine from a stack; 0 if it is empty."""
    if atomic_load(stack, RELAXED) & INDEX_MASK == 0:
        return 0
    old: u64 = atomic_load(stack, ACQUIRE)
    while old & INDEX_MASK != 0:
        magazine = old & INDEX_MASK
        below = atomic_load(addr(heap[magazine + 1]), RELAXED)
        seen: u64 = atomic_cas(stack, old, changed(old, below & INDEX_MASK), ACQ_REL)
        if seen == old:
            return magazine
        old = seen
    return 0


@inline
def magazine_size(heap: Global[u64], magazine: u64) -> u64:
    """How many cells a magazine has that comes from a stack."""
    return atomic_load(addr(heap[magazine + 1]), RELAXED) >> INDEX_BITS


@inline
def depot_of(w: Ptr[Worker], number: u64) -> Ptr[u64]:
    """One of the stacks of the device."""
    return addr(w.net.depots[number % DEPOTS * DEPOT_WORDS])


@noinline
def give_magazine(w: Ptr[Worker], magazine: u64, size: u64) -> None:
    """Leaves a magazine of so many cells to the block, or to the device where the block has enough."""
    team = w.team
    if atomic_add(addr(team.kept), 1, RELAXED) < w.net.kept:
        push_on(w.heap, addr(team.depot), magazine, size)
        return
    atomic_sub(addr(team.kept), 1, RELAXED)
    push_on(w.heap, depot_of(w, w.id // u64(w.net.launch.threads)), magazine, size)


@noinline
def take_magazine(w: Ptr[Worker], count: u64) -> u64:
    """A magazine of the block, or of so many of the stacks of the device; 0 if there is none."""
    magazine = pop_from(w.heap, addr(w.team.depot))
    if magazine != 0:
        atomic_sub(addr(w.team.kept), 1, RELAXED)
        return magazine
    first = w.id // u64(w.net.launch.threads)
    for number in range(first, first + count):
        magazine = pop_from(w.heap, depot_of(w, number))
        if magazine != 0:
            return magazine
    return 0
