"""Allocation: last-in first-out lists of free cells by size, over a region that is committed as it is first written.

Memory is accounted for by the chunk, and is not given back before the end of the run. Chunks grow, so that small runs
need little and large ones account seldom.
"""

from bend.runtime.kernel.direct.state import MAX_CELL, STOP_MEMORY, Worker
from bend.runtime.kernel.direct.stop import stop_run
from bend.runtime.kernel.lang import (
    RELAXED,
    Ptr,
    addr,
    atomic_add,
    atomic_load,
    clz,
    inline,
    likely,
    noinline,
    u64,
)

WORD = 8
MAX_CHUNK = 0x100000


@inline
def allocate(w: Ptr[Worker], words: u64) -> u64:
    """The address of a cell of so many words with its header, whatever they hold."""
    if words > MAX_CELL:
        return allocate_large(w, words)
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
def fresh(w: Ptr[Worker], size: u64) -> u64:
    """Memory that was never used, from another chunk."""
    start = w.next
    step = w.chunk
    if step < MAX_CHUNK:
        w.chunk = step * 2
    while step < size:
        step *= 2
    if w.end + step > w.region_end:
        stop_run(w, STOP_MEMORY, atomic_load(addr(w.shared.memory_used), RELAXED))
    w.end += step
    account(w, step)
    w.next = start + size
    return start


@noinline
def account(w: Ptr[Worker], size: u64) -> None:
    """Adds to the memory in use; over the limit, stops the run."""
    used = atomic_add(addr(w.shared.memory_used), size, RELAXED) + size
    if used > w.shared.memory_limit:
        stop_run(w, STOP_MEMORY, used)


@inline
def size_class(words: u64) -> u64:
    """The logarithm of the size that a large cell is rounded up to."""
    return 64 - clz(words - 1)


@noinline
def allocate_large(w: Ptr[Worker], words: u64) -> u64:
    """A cell of a size that has no list of its own."""
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
        Ptr[u64](cell)[0] = w.free[words]
        w.free[words] = cell
