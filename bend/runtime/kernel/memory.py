"""The memory of a run: regions that are committed as they are first written, from which workers take chunks.

Memory is accounted by the chunk. Going over the limit raises the stop flag, which workers see at their next poll;
until then they may take a little more, so that no allocation inside a rule can fail.
"""

from bend.runtime.kernel.free_lists import CHUNK_WORDS
from bend.runtime.kernel.lang import (
    ACQ_REL,
    RELAXED,
    Ptr,
    addr,
    atomic_add,
    atomic_cas,
    atomic_load,
    noinline,
    u64,
)
from bend.runtime.kernel.state import STOP_MEMORY, STOP_NONE, Shared, Worker


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
