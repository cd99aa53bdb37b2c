"""Where memory that was never used comes from: all lanes take chunks of one heap, each for itself.

Free cells stay with the lane that freed them as long as there is plenty of the heap: to pass them on, tens of thousands
of lanes would have to look through their lists at each wave. That is done only when memory gets scarce.
"""

from bend.runtime.kernel.direct.cells import WORD, release, take_given
from bend.runtime.kernel.direct.sizes import MAX_CELL
from bend.runtime.kernel.lang import RELAXED, Ptr, addr, atomic_add, atomic_load, noinline, u64
from bend.runtime.kernel.waves.state import STOP_MEMORY, Worker
from bend.runtime.kernel.waves.stop import stop_run

# Bytes of the largest chunk: small ones keep what many lanes hold small, large ones are asked for seldom.
MAX_CHUNK = 0x4000


@noinline
def fresh(w: Ptr[Worker], size: u64) -> u64:
    """Memory that was never used, from another chunk; or a cell that another lane gave away."""
    if size <= MAX_CELL * WORD and atomic_load(addr(w.shared.heap_next), RELAXED) > w.shared.scarce_from:
        cell = take_given(w, size // WORD)
        if cell != 0:
            return cell
    step = w.chunk
    if step < MAX_CHUNK:
        w.chunk = step * 2
    if step < size:
        step = size
    begin = atomic_add(addr(w.shared.heap_next), step, RELAXED)
    if begin + step > w.shared.heap_end:
        stop_run(w, STOP_MEMORY, begin)
    if begin == w.end:
        begin = w.next
        step += w.end - w.next
    else:
        keep_rest(w)
    w.next = begin + size
    w.end = begin + step
    return begin


@noinline
def keep_rest(w: Ptr[Worker]) -> None:
    """Makes a free cell of what is left of a chunk."""
    words = (w.end - w.next) // WORD
    if words > 1 and words <= MAX_CELL:
        release(w, w.next, words)
