"""Allocation of nodes and variables on CPUs: last-in first-out free lists over chunks of the heap."""

from bend.runtime.kernel.lang import Ptr, Worker, extern, inline, noinline, u64, unlikely

CHUNK_WORDS = 8192


@extern
def take_chunk(w: Ptr[Worker]) -> u64:
    """The first word of a fresh chunk; whoever has the memory provides this."""


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
