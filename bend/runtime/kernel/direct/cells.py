"""Cells: last-in first-out lists of free ones by size, over memory that was never used.

Free cells belong to the worker that frees them. Those of a stolen task's result are freed by its owner, so that cells
wander; a worker that has none asks for some, and others give away most of theirs where tasks pass between workers.

Where memory that was never used comes from depends on the engine that is compiled along, and so does `Worker`: it has
`next`, `end`, `free`, `large`, and `shared` with `wanted` and `given`.
"""

from bend.runtime.kernel.direct.sizes import COUNTING, MAX_CELL
from bend.runtime.kernel.lang import (
    ACQUIRE,
    RELAXED,
    RELEASE,
    Ptr,
    Worker,
    addr,
    atomic_and,
    atomic_cas,
    atomic_load,
    atomic_or,
    atomic_xchg,
    clz,
    ctz,
    extern,
    inline,
    likely,
    noinline,
    u64,
    unlikely,
)

WORD = 8
# A parameter of the compilation: how many free cells of a size a worker keeps when it gives the others away.
KEPT_CELLS = 256


@extern
def fresh(w: Ptr[Worker], size: u64) -> u64:
    """Memory that was never used, from another chunk; or a cell that another worker gave away. The engine provides
    this."""


@inline
def allocate(w: Ptr[Worker], words: u64) -> u64:
    """The address of a cell of so many words with its header, whatever they hold."""
    if words > MAX_CELL:
        return allocate_large(w, words)
    return allocate_small(w, words)


@inline
def allocate_small(w: Ptr[Worker], words: u64) -> u64:
    """The same for a size that has a list of its own."""
    if COUNTING != 0:
        w.allocations += 1
    cell = w.free[words]
    if likely(cell != 0):
        w.free[words] = Ptr[u64](cell)[0]
        return cell
    return bump(w, words * WORD)


@inline
def bump(w: Ptr[Worker], size: u64) -> u64:
    """Memory that was never used."""
    start = w.next
    if likely(start + size <= w.end):
        w.next = start + size
        return start
    return fresh(w, size)


@noinline
def take_given(w: Ptr[Worker], words: u64) -> u64:
    """A cell that another worker gave away, and with it the rest of its chain; 0 if there is none. More are wanted
    in any case."""
    shared = w.shared
    bit: u64 = 1 << words
    if atomic_load(addr(shared.wanted), RELAXED) & bit == 0:
        atomic_or(addr(shared.wanted), bit, RELAXED)
    place = addr(shared.given[words])
    if atomic_load(place, RELAXED) == 0:
        return 0
    cell = atomic_xchg(place, 0, ACQUIRE)
    if cell == 0:
        return 0
    chain = Ptr[u64](cell)
    rest = chain[1]
    while rest != 0:
        following = Ptr[u64](rest)[1]
        put_chain(place, rest)
        rest = following
    w.free[words] = chain[0]
    return cell


@noinline
def put_chain(place: Ptr[u64], first: u64) -> None:
    """Adds a chain of free cells to those given away."""
    known = atomic_load(place, RELAXED)
    while True:
        Ptr[u64](first)[1] = known
        found = atomic_cas(place, known, first, RELEASE)
        if found == known:
            return
        known = found


@inline
def answer_wants(w: Ptr[Worker]) -> None:
    """Gives free cells away if somebody wants some."""
    if unlikely(atomic_load(addr(w.shared.wanted), RELAXED) != 0):
        give_cells(w)


@noinline
def give_cells(w: Ptr[Worker]) -> None:
    """Gives away all but the newest free cells of the sizes that are wanted."""
    mask = atomic_load(addr(w.shared.wanted), RELAXED)
    while mask != 0:
        words = ctz(mask)
        mask &= mask - 1
        last = w.free[words]
        kept: u64 = 1
        while last != 0 and kept < KEPT_CELLS:
            last = Ptr[u64](last)[0]
            kept += 1
        if last != 0:
            first = Ptr[u64](last)[0]
            if first != 0:
                Ptr[u64](last)[0] = 0
                put_chain(addr(w.shared.given[words]), first)
                bit: u64 = 1 << words
                atomic_and(addr(w.shared.wanted), ~bit, RELAXED)


@inline
def size_class(words: u64) -> u64:
    """The logarithm of the size that a large cell is rounded up to."""
    return 64 - clz(words - 1)


@noinline
def allocate_large(w: Ptr[Worker], words: u64) -> u64:
    """A cell of a size that has no list of its own."""
    if COUNTING != 0:
        w.allocations += 1
    order = size_class(words)
    cell = w.large[order]
    if cell != 0:
        w.large[order] = Ptr[u64](cell)[0]
        return cell
    return bump(w, WORD << order)


@inline
def release(w: Ptr[Worker], cell: u64, words: u64) -> None:
    """Gives a cell back; it goes to the worker that gives it."""
    if words > MAX_CELL:
        order = size_class(words)
        Ptr[u64](cell)[0] = w.large[order]
        w.large[order] = cell
    else:
        release_small(w, cell, words)


@inline
def release_small(w: Ptr[Worker], cell: u64, words: u64) -> None:
    """The same for a size that has a list of its own."""
    Ptr[u64](cell)[0] = w.free[words]
    w.free[words] = cell
