"""Where memory that was never used comes from: a region for each worker, committed as it is first written.

Memory is accounted for by the chunk, and is not given back before the end of the run. Chunks grow, so that small runs
need little and large ones account seldom.
"""

from bend.runtime.kernel.direct.cells import WORD, take_given
from bend.runtime.kernel.direct.sizes import MAX_CELL, PARALLEL
from bend.runtime.kernel.direct.state import STOP_MEMORY, Worker
from bend.runtime.kernel.direct.stop import stop_run
from bend.runtime.kernel.lang import RELAXED, Ptr, addr, atomic_add, atomic_load, noinline, u64

MAX_CHUNK = 0x100000


@noinline
def fresh(w: Ptr[Worker], size: u64) -> u64:
    """Memory that was never used, from another chunk; or a cell that another worker gave away."""
    if PARALLEL != 0 and size <= MAX_CELL * WORD and w.shared.workers > 1:
        cell = take_given(w, size // WORD)
        if cell != 0:
            return cell
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
