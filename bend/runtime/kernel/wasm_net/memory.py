"""Memory: it grows at its end, where both chunks of the heap and larger areas for the bag are taken from."""

from bend.runtime.kernel.free_lists import CHUNK_WORDS
from bend.runtime.kernel.lang import Ptr, extern, noinline, noreturn, trap, u64
from bend.runtime.kernel.wasm_net.state import STOP_MEMORY, Worker

WORD = 8
# In an area that is used again: the one before it, and how many words of it are left.
LINK = 0
LEFT = 1


@extern
def more_memory(end: u64) -> u64:
    """Has memory up to an address, at least, if it can be; up to where it is there. The host provides this."""


@extern
def end_run(reason: u64, detail: u64) -> None:
    """Ends the run, by an exception. The host provides this."""


@noinline
@noreturn
def stop_run(w: Ptr[Worker], reason: u64, detail: u64) -> None:
    """Ends the run."""
    end_run(reason, detail)
    trap()


@noinline
def take_words(w: Ptr[Worker], count: u64) -> u64:
    """The first of so many words that were never used."""
    used = w.memory_used + count * WORD
    w.memory_used = used
    if used > w.memory_limit:
        stop_run(w, STOP_MEMORY, used)
    start = w.next
    w.next = start + count
    if w.next > w.end:
        w.end = more_memory(w.next * WORD) // WORD
        if w.next > w.end:
            stop_run(w, STOP_MEMORY, used)
    return start


@noinline
def take_chunk(w: Ptr[Worker]) -> u64:
    """The first word of a chunk: the last one of an area that is used again, or a fresh one."""
    area = w.areas
    if area == 0:
        return take_words(w, CHUNK_WORDS)
    left = w.heap[area + LEFT] - CHUNK_WORDS
    w.heap[area + LEFT] = left
    if left == 0:
        w.areas = w.heap[area + LINK]
    return area + left


@noinline
def use_again(w: Ptr[Worker], area: u64, words: u64) -> None:
    """Makes chunks of an area of whole chunks."""
    w.heap[area + LINK] = w.areas
    w.heap[area + LEFT] = words
    w.areas = area
