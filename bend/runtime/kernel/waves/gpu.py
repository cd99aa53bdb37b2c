"""A device that is a GPU: its blocks and threads are blocks and lanes."""

from bend.runtime.kernel.lang import (
    Ptr,
    block_index,
    cast,
    cycles,
    device_time,
    exit_thread,
    export,
    inline,
    noinline,
    noreturn,
    shared_memory,
    thread_index,
    trap,
    u64,
)
from bend.runtime.kernel.lang import block_barrier as barrier_of_block
from bend.runtime.kernel.waves.begin import Start, begin_lane, end_lane
from bend.runtime.kernel.waves.main import lane_main
from bend.runtime.kernel.waves.state import Block, Worker


@export
def gpu_main(start: u64, w: Ptr[Worker], stack: Ptr[u64]) -> None:
    """What each thread does, with memory of its own for its state and its stack."""
    memory = cast(Ptr[Block], shared_memory())
    s = Ptr[Start](start)
    begin_lane(s, w, memory, u64(block_index()), u64(thread_index()))
    w.stack = u64(stack)
    lane_main(w)
    end_lane(s, w)


@inline
def block_barrier(w: Ptr[Worker]) -> None:
    """Waits for the other lanes of the block."""
    barrier_of_block()


@inline
def clock(w: Ptr[Worker]) -> u64:
    """Cycles of the multiprocessor."""
    return cycles()


@inline
def time(w: Ptr[Worker]) -> u64:
    """Nanoseconds of the device."""
    return device_time()


@noinline
@noreturn
def leave() -> None:
    """Ends this lane."""
    exit_thread()
    trap()
