"""Allocation: last-in first-out free lists over regions that are committed as they are first written.

Memory is accounted by the chunk. Going over the limit raises the stop flag, which workers see at their next poll;
until then they may take a little more, so that no allocation inside a rule can fail.
"""

from bend.runtime.kernel.lang import (
    ACQ_REL,
    RELAXED,
    Ptr,
    addr,
    atomic_add,
    atomic_cas,
    atomic_load,
    inline,
    noinline,
    u64,
    unlikely,
)
from bend.runtime.kernel.state import STOP_MEMORY, STOP_NONE, Shared, Worker

CHUNK_WORDS = 8192


@noinline
def account(shared: Ptr[Shared], byte_count: u64) -> None:
    """Adds to the memory in use; over the limit, asks all workers to stop."""
    used = atomic_add(addr(shared.memory_used), byte_count, RELAXED) + byte_count
    if used > shared.memory_limit:
        request_stop(shared, STOP_MEMORY, used)


@noinline
def request_stop(shared: Ptr[Shared], reason: u64, detail: u64) -> None:
    """Asks all workers to stop; the first reason stands."""
    if atomic_cas(addr(shared.stop), STOP_NONE, reason, ACQ_REL) == STOP_NONE:
        shared.stop_detail = detail


@noinline
def take_chunk(w: Ptr[Worker]) -> u64:
    """The first word of a fresh chunk of this worker's region."""
    start = w.region_next
    if start + CHUNK_WORDS + CHUNK_WORDS > w.region_end:
        # The last chunk is handed out again and again; the run ends before anything is read from it.
        request_stop(w.shared, STOP_MEMORY, atomic_load(addr(w.shared.memory_used), RELAXED))
        return start
    w.region_next = start + CHUNK_WORDS
    account(w.shared, CHUNK_WORDS * 8)
    return start


@noinline
def fresh_node(w: Ptr[Worker]) -> u64:
    """A node from the bump area."""
    if w.node_next == w.node_end:
        w.node_next = take_chunk(w)
        w.node_end = w.node_next + CHUNK_WORDS
    index = w.node_next
    w.node_next = index + 2
    return index


@noinline
def fresh_variable(w: Ptr[Worker]) -> u64:
    """A variable slot from the bump area."""
    if w.variable_next == w.variable_end:
        w.variable_next = take_chunk(w)
        w.variable_end = w.variable_next + CHUNK_WORDS
    index = w.variable_next
    w.variable_next = index + 1
    return index


@inline
def alloc_node(w: Ptr[Worker]) -> u64:
    """The heap index of two words for a node; their content is whatever was there."""
    index = w.node_free
    if unlikely(index == 0):
        return fresh_node(w)
    w.node_free = w.heap[index]
    return index


@inline
def node_word(w: Ptr[Worker], index: u64) -> u64:
    """A word of a node."""
    return w.heap[index]


@inline
def free_node(w: Ptr[Worker], index: u64) -> None:
    """Gives a node back; nodes go to the worker that frees them."""
    w.heap[index] = w.node_free
    w.node_free = index


@noinline
def take_labels(w: Ptr[Worker], count: u64) -> u64:
    """So many fresh labels: gives where they begin. They are used again when all others have been used."""
    first = w.next_label
    w.next_label = first + count
    return first


@inline
def scratch_area(w: Ptr[Worker]) -> Ptr[u64]:
    """As many words as the largest definition has local names, for the worker to use."""
    return w.scratch


@inline
def alloc_slot(w: Ptr[Worker]) -> u64:
    """The heap index of a variable slot that the caller fills (with 0 for an empty one)."""
    index = w.variable_free
    if unlikely(index == 0):
        return fresh_variable(w)
    w.variable_free = w.heap[index]
    return index


@inline
def free_slot(w: Ptr[Worker], index: u64) -> None:
    """Gives back a variable slot of this worker."""
    w.heap[index] = w.variable_free
    w.variable_free = index
