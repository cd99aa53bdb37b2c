"""Reference counts.

The lowest 32 bits of a cell's header count its references. Counts with bit 31 are those of immortal cells, and stay.
With several workers, a cell with one reference belongs to its owner alone, so that plain instructions serve there; all
other changes are atomic. Whoever frees a cell sees all that others did with it.

On a GPU, atomic loads cost as much as a miss of the cache, and those that acquire empty it. Plain ones may be served by
a cache that does not know of changes by others. Those only make counts smaller while this worker holds a reference, and
a count that seems too large costs an atomic operation, which finds out. References pass to other workers with what
makes caches forget what they hold, and whoever sees that the cell is its own has fetched what it reads there before.
"""

from bend.runtime.kernel.direct.cells import release
from bend.runtime.kernel.direct.sizes import PARALLEL, WEAK
from bend.runtime.kernel.lang import (
    ACQ_REL,
    ACQUIRE,
    RELAXED,
    RELEASE,
    Ptr,
    Worker,
    addr,
    atomic_add,
    atomic_load,
    atomic_or,
    atomic_sub,
    extern,
    fence,
    i32,
    inline,
    likely,
    noinline,
    u64,
)

TAG_MASK = 7
CELL = 0
COUNT_MASK = 0xFFFFFFFF
IMMORTAL = 0x80000000


@extern
def cell_words(header: u64) -> u64:
    """How many words follow a header; the compiled program provides this."""


@inline
def header_of(cell: u64) -> u64:
    """The header; who sees a count of 1 in it also sees all that other workers did with the cell before."""
    if PARALLEL != 0 and WEAK == 0:
        return atomic_load(Ptr[u64](cell), ACQUIRE)
    return Ptr[u64](cell)[0]


@inline
def is_unique(cell: u64) -> bool:
    """Whether a cell has one reference."""
    return header_of(cell) & COUNT_MASK == 1


@inline
def retain(value: u64) -> None:
    """One more reference to a value that the caller owns."""
    if value & TAG_MASK == CELL:
        retain_cell(value)


@inline
def retain_shared(value: u64) -> None:
    """One more reference to a value that others may own."""
    if value & TAG_MASK == CELL:
        retain_cell_shared(value)


@inline
def retain_cell(cell: u64) -> None:
    """One more reference to a cell that the caller owns."""
    if PARALLEL != 0 and not is_unique(cell):
        retain_cell_shared(cell)
    else:
        header = Ptr[u64](cell)[0]
        if likely(i32(header) > 0):
            Ptr[u64](cell)[0] = header + 1


@inline
def retain_cell_shared(cell: u64) -> None:
    """One more reference to a cell that others may own."""
    if PARALLEL != 0:
        header = Ptr[u64](cell)[0] if WEAK != 0 else atomic_load(Ptr[u64](cell), RELAXED)
        if likely(i32(header) > 0):
            atomic_add(Ptr[u64](cell), 1, RELAXED)
    else:
        retain_cell(cell)


@inline
def drop(w: Ptr[Worker], value: u64) -> None:
    """One reference to a value less."""
    if value & TAG_MASK == CELL:
        drop_known_cell(w, value)


@inline
def drop_known_cell(w: Ptr[Worker], cell: u64) -> None:
    """One reference to a cell less."""
    if i32(header_of(cell)) > 1:
        decrement(w, cell)
    else:
        drop_cell(w, cell)


@inline
def release_shared(w: Ptr[Worker], cell: u64) -> None:
    """One reference less to a cell that was seen to have several."""
    if likely(i32(header_of(cell)) > 0):
        decrement(w, cell)


@noinline
def leave0(w: Ptr[Worker], cell: u64) -> None:
    """One reference less to a cell that was seen to have several. The others also add one to each of its parts."""
    release_shared(w, cell)


@noinline
def leave1(w: Ptr[Worker], cell: u64, first: u64) -> None:
    """See `leave0`."""
    retain_shared(first)
    release_shared(w, cell)


@noinline
def leave2(w: Ptr[Worker], cell: u64, first: u64, second: u64) -> None:
    """See `leave0`."""
    retain_shared(first)
    retain_shared(second)
    release_shared(w, cell)


@noinline
def leave3(w: Ptr[Worker], cell: u64, first: u64, second: u64, third: u64) -> None:
    """See `leave0`."""
    retain_shared(first)
    retain_shared(second)
    retain_shared(third)
    release_shared(w, cell)


@noinline
def leave4(w: Ptr[Worker], cell: u64, first: u64, second: u64, third: u64, fourth: u64) -> None:
    """See `leave0`."""
    retain_shared(first)
    retain_shared(second)
    retain_shared(third)
    retain_shared(fourth)
    release_shared(w, cell)


@noinline
def leave_words(w: Ptr[Worker], cell: u64, words: u64) -> None:
    """See `leave0`; the parts are all words of the cell."""
    index: u64 = 1
    while index <= words:
        retain_shared(Ptr[u64](cell)[index])
        index += 1
    release_shared(w, cell)


@inline
def decrement(w: Ptr[Worker], cell: u64) -> None:
    """One reference less to a mortal cell that had several when its count was read."""
    if PARALLEL != 0:
        if is_last(cell):
            free_cells(w, cell)
    else:
        Ptr[u64](cell)[0] -= 1


@inline
def is_last(cell: u64) -> bool:
    """Drops a reference to a cell that others may drop, too; whether it was the last one."""
    if atomic_sub(Ptr[u64](cell), 1, RELEASE) & COUNT_MASK != 1:
        return False
    fence(ACQUIRE)
    return True


@noinline
def drop_cell(w: Ptr[Worker], cell: u64) -> None:
    """Frees a cell with its last reference, if it is not immortal."""
    if header_of(cell) & IMMORTAL == 0:
        free_cells(w, cell)


@inline
def dies(value: u64) -> bool:
    """Drops a reference that lies in a dead cell; whether it was the last one of a cell."""
    if value & TAG_MASK != CELL:
        return False
    header = header_of(value)
    if header & COUNT_MASK == 1:
        return True
    if header & IMMORTAL != 0:
        return False
    if PARALLEL != 0:
        return is_last(value)
    Ptr[u64](value)[0] = header - 1
    return False


@noinline
def free_cells(w: Ptr[Worker], dead: u64) -> None:
    """Frees a dead cell and all that dies with it, depth first.

    The way back up needs no memory of its own (after Schorr and Waite): in a cell that has words left to look at, the
    word that led down holds the cell above, and the count, which is of no use any more, says which word is next.
    """
    above: u64 = 0
    cell = Ptr[u64](dead)
    header = cell[0]
    words = cell_words(header)
    at: u64 = 1
    while True:
        if at <= words:
            value = cell[at]
            at += 1
            if dies(value):
                if at <= words:
                    cell[0] = header & ~u64(COUNT_MASK) | at
                    cell[at - 1] = above
                    above = u64(cell)
                else:
                    release(w, u64(cell), words + 1)
                cell = Ptr[u64](value)
                header = cell[0]
                words = cell_words(header)
                at = 1
            continue
        release(w, u64(cell), words + 1)
        if above == 0:
            return
        cell = Ptr[u64](above)
        header = cell[0]
        words = cell_words(header)
        at = header & COUNT_MASK
        above = cell[at - 1]


@inline
def make_immortal(value: u64) -> bool:
    """Makes the cell of a value immortal, if it is one; whether it was so before, or others may have seen it become
    so."""
    if value & TAG_MASK != CELL:
        return True
    return atomic_or(addr(Ptr[u64](value)[0]), IMMORTAL, ACQ_REL) & COUNT_MASK != 1
