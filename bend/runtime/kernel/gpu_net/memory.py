"""Memory: cells of two words from one heap that all lanes share.

Before each task a lane makes sure that it has all cells that the task can take (`reserve`), so that allocation inside
of rules is never more than a few plain loads and stores, and cannot fail. These are called, not written out each time:
the cache for instructions is small, and so are the registers of a lane when many run at once.

What a lane frees goes to a list of its own, which becomes a magazine when it is long enough (before the next task): the
lane keeps one, and leaves the next to others (Bonwick and Adams, "Magazines and vmem", 2001).
"""

from bend.runtime.kernel.gpu_net.depot import give_magazine, magazine_size, take_magazine
from bend.runtime.kernel.gpu_net.state import DEPOTS, Net, Worker
from bend.runtime.kernel.lang import (
    RELAXED,
    Ptr,
    addr,
    atomic_add,
    atomic_load,
    atomic_sub,
    cast,
    inline,
    noinline,
    u64,
    unlikely,
)
from bend.runtime.kernel.ports import VAR, make_port, value

# In how many stacks of the device a lane looks for a magazine before it takes memory that was never used.
NEAR_DEPOTS = 2
# How many labels a lane takes at once.
MANY_LABELS = 8
# Words of the largest chunk: small ones keep what many lanes hold small, large ones are asked for seldom.
MAX_CHUNK = 4096


@noinline
def alloc_node(w: Ptr[Worker]) -> u64:
    """The heap index of a cell; its content is whatever was there. `reserve` has seen to it that there is one."""
    index = w.free
    if unlikely(index == 0):
        index = w.next
        w.next = index + 2
        return index
    w.free = w.heap[index]
    w.free_count -= 1
    return index


@inline
def node_word(w: Ptr[Worker], index: u64) -> u64:
    """A word of a node, which another lane may have made: not one that the first-level cache still has."""
    return atomic_load(addr(w.heap[index]), RELAXED)


@inline
def slot_content(w: Ptr[Worker], index: u64) -> u64:
    """What the slot of a variable holds; 0 if it is empty."""
    return atomic_load(addr(w.heap[index]), RELAXED)


@noinline
def free_node(w: Ptr[Worker], index: u64) -> None:
    """Gives a cell back, to the lane that frees it."""
    w.heap[index] = w.free
    w.free = index
    w.free_count += 1


@inline
def alloc_variable(w: Ptr[Worker]) -> u64:
    """A fresh, empty variable, as a port."""
    index = alloc_node(w)
    w.heap[index] = 0
    return make_port(VAR, index)


@inline
def bound_variable(w: Ptr[Worker], port: u64) -> u64:
    """A fresh variable one end of which is joined with a port already."""
    index = alloc_node(w)
    w.heap[index] = port
    return make_port(VAR, index)


@inline
def free_variable(w: Ptr[Worker], variable: u64) -> None:
    """Frees the slot of a variable."""
    free_node(w, value(variable))


# ---- before a task ----


@inline
def reserve(w: Ptr[Worker], cells: u64) -> bool:
    """Makes sure that so many cells can be allocated; False if there is no memory for that."""
    if w.free_count >= w.magazine:
        put_aside(w)
    if w.free_count + ((w.end - w.next) >> 1) >= cells:
        return True
    return reserve_slow(w, cells)


@noinline
def put_aside(w: Ptr[Worker]) -> None:
    """The list of free cells has become a full magazine."""
    if w.spare != 0:
        give_magazine(w, w.spare, w.spare_count)
    w.spare = w.free
    w.spare_count = w.free_count
    w.free = 0
    w.free_count = 0


@noinline
def reserve_slow(w: Ptr[Worker], cells: u64) -> bool:
    """`reserve` in full: looks into the magazines before it takes memory that was never used."""
    if use_spare(w, cells, NEAR_DEPOTS) or take_chunk(w, cells * 2):
        return True
    return use_spare(w, cells, DEPOTS)


@noinline
def use_spare(w: Ptr[Worker], cells: u64, depots: u64) -> bool:
    """Makes the cells of a spare magazine, which comes from the block or so many stacks of the device, free ones; False
    if there are fewer than so many with them."""
    if w.spare == 0:
        w.spare = take_magazine(w, depots)
        if w.spare != 0:
            w.spare_count = magazine_size(w.heap, w.spare)
    if w.spare == 0 or w.free_count + w.spare_count + ((w.end - w.next) >> 1) < cells:
        return False
    while w.free != 0:
        index = w.free
        w.free = w.heap[index]
        w.heap[index] = w.spare
        w.spare = index
    w.free = w.spare
    w.free_count += w.spare_count
    w.spare = 0
    return True


@noinline
def take_chunk(w: Ptr[Worker], words: u64) -> bool:
    """Takes a chunk of at least so many words that were never used; what is left of the last one becomes free cells.
    False if there is none."""
    size = w.chunk
    if size < words:
        size = words
    start = take_words(w.net, size)
    if start == 0 and size > words:
        size = words
        start = take_words(w.net, size)
    if start == 0:
        return False
    if w.chunk < MAX_CHUNK:
        w.chunk *= 2
    if start == w.end:
        w.end = start + size
        return True
    while w.next != w.end:
        w.next += 2
        free_node(w, w.next - 2)
    w.next = start
    w.end = start + size
    return True


@noinline
def take_words(net: Ptr[Net], count: u64) -> u64:
    """The heap index of an even number of words that were never used; 0 if there are no more."""
    start = atomic_load(addr(net.heap_next), RELAXED)
    if start + count > net.heap_end:
        return 0
    start = atomic_add(addr(net.heap_next), count, RELAXED)
    if start + count > net.heap_end:
        atomic_sub(addr(net.heap_next), count, RELAXED)
        return 0
    return start


@noinline
def grow_scratch(w: Ptr[Worker], words: u64) -> bool:
    """Makes the scratch area larger; False if there is no memory for that."""
    size = words + (words & 1)
    start = take_words(w.net, size)
    if start == 0:
        return False
    w.scratch = cast(Ptr[u64], addr(w.heap[start]))
    w.scratch_words = size
    return True


# ---- for expansion ----


@inline
def scratch_area(w: Ptr[Worker]) -> Ptr[u64]:
    """The scratch area, which has been made large enough for what the task expands."""
    return w.scratch


@noinline
def take_labels(w: Ptr[Worker], count: u64) -> u64:
    """So many fresh labels: gives where they begin. They are used again when all others have been used. A lane takes
    some in advance, since one counter is too slow to be asked by all of them each time."""
    if w.labels < count:
        size: u64 = count if count > MANY_LABELS else MANY_LABELS
        w.next_label = atomic_add(addr(w.net.next_label), size, RELAXED)
        w.labels = size
    first = w.next_label
    w.next_label = first + count
    w.labels -= count
    return first
