"""The bag of a lane: a stack of tasks (`bend.runtime.kernel.tasks`), of one kind besides:

    BOOT        a definition to expand, and the port to join it with

Before each task a lane makes room for all that the task can push. Where the bag is too small for that, the oldest half
of it goes to a segment of the heap, which comes back when the bag is empty.
"""

from bend.runtime.kernel.gpu_net.memory import take_words
from bend.runtime.kernel.gpu_net.state import Worker
from bend.runtime.kernel.lang import Ptr, addr, inline, noinline, u64
from bend.runtime.kernel.tasks import COUNT_SHIFT, REDEX, task_length

BOOT = 1
# In a segment: the one that was filled before it, how many words it holds, and these.
LINK = 0
FILLED = 1
CONTENT = 2
# The longest task, both headers included.
LONGEST = 10


@inline
def claim_words(w: Ptr[Worker], count: u64) -> u64:
    """Where so many words of a task, both headers included, are to be written on the top."""
    top = w.top
    w.top = top + count
    return top


@inline
def push_redex(w: Ptr[Worker], a: u64, b: u64) -> None:
    """Puts an active pair on the top."""
    bag = w.bag
    top = claim_words(w, 4)
    header: u64 = (2 << COUNT_SHIFT) | REDEX
    bag[top] = header
    bag[top + 1] = a
    bag[top + 2] = b
    bag[top + 3] = header


@inline
def push_task(w: Ptr[Worker], source: Ptr[u64]) -> None:
    """Puts a task of a slot on the top: its header and its words."""
    header = source[0]
    count = header >> COUNT_SHIFT
    target = addr(w.bag[claim_words(w, count + 2)])
    for index in range(count + 1):
        target[index] = source[index]
    target[count + 1] = header


@inline
def take_oldest(w: Ptr[Worker], slot: Ptr[u64]) -> None:
    """Moves the oldest task to a slot."""
    source = addr(w.bag[w.bottom])
    count = source[0] >> COUNT_SHIFT
    for index in range(count + 1):
        slot[index] = source[index]
    w.bottom += count + 2


@inline
def make_room(w: Ptr[Worker], words: u64) -> bool:
    """Makes sure that so many words can be pushed; False if there is no memory for that."""
    if w.top + words <= w.net.bag_words:
        return True
    return make_room_slow(w, words)


@noinline
def make_room_slow(w: Ptr[Worker], words: u64) -> bool:
    """`make_room` in full."""
    if w.top - w.bottom + words > w.net.bag_words and not spill(w):
        return False
    move_down(w)
    return True


@noinline
def move_down(w: Ptr[Worker]) -> None:
    """Moves all tasks to the beginning of the bag."""
    size = w.top - w.bottom
    for index in range(size):
        w.bag[index] = w.bag[w.bottom + index]
    w.bottom = 0
    w.top = size


@noinline
def spill(w: Ptr[Worker]) -> bool:
    """Moves the oldest half of the tasks to a segment; False if there is no memory for one."""
    segment = w.segments
    if segment != 0:
        w.segments = w.heap[segment + LINK]
    else:
        segment = take_words(w.net, CONTENT + ((w.net.bag_words >> 2) + 1) * 2 + LONGEST)
        if segment == 0:
            return False
    half = (w.top - w.bottom) >> 1
    count: u64 = 0
    while count < half:
        count += task_length(w.bag[w.bottom + count])
    for index in range(count):
        w.heap[segment + CONTENT + index] = w.bag[w.bottom + index]
    w.bottom += count
    w.heap[segment + FILLED] = count
    w.heap[segment + LINK] = w.spilled
    w.spilled = segment
    return True


@noinline
def fetch_spilled(w: Ptr[Worker]) -> None:
    """Fills the empty bag with the tasks of the segment that was filled last."""
    segment = w.spilled
    count = w.heap[segment + FILLED]
    for index in range(count):
        w.bag[index] = w.heap[segment + CONTENT + index]
    w.bottom = 0
    w.top = count
    w.spilled = w.heap[segment + LINK]
    w.heap[segment + LINK] = w.segments
    w.segments = segment


@inline
def has_tasks(w: Ptr[Worker]) -> bool:
    """Whether there is a task on the bag, once what was spilled has come back to an empty one."""
    if w.top == w.bottom:
        w.top = 0
        w.bottom = 0
        if w.spilled == 0:
            return False
        fetch_spilled(w)
    return True
