"""A grid on a GPU: what `bend.runtime.kernel.gpu.grid` declares."""

from bend.runtime.kernel.gpu.grid import Place
from bend.runtime.kernel.lang import (
    Ptr,
    Shared,
    ballot,
    block_barrier,
    block_index,
    cast,
    device_time,
    inline,
    noinline,
    pause,
    popcount,
    shared_memory,
    shuffle,
    thread_index,
    u32,
    u64,
    warp_barrier,
)


@inline
def my_thread(p: Ptr[Place]) -> u32:
    """The number of this thread in its block."""
    return thread_index()


@inline
def my_block(p: Ptr[Place]) -> u32:
    """The number of this thread's block."""
    return block_index()


@inline
def wait_for_block(p: Ptr[Place]) -> None:
    """Waits until all threads of the block are here."""
    block_barrier()


@inline
def block_memory(p: Ptr[Place]) -> Shared[u64]:
    """The memory that the threads of a block share."""
    return cast(Shared[u64], shared_memory())


@inline
def lanes_with(flag: bool) -> u32:
    """How many threads of this warp have a flag."""
    return popcount(ballot(flag))


@noinline
def pass_on(gives: bool, takes: bool, value: u64) -> u64:
    """Passes values on between threads of this warp."""
    givers = ballot(gives)
    takers = ballot(takes)
    if givers == 0 or takers == 0:
        return value if gives else 0
    below: u32 = (1 << (thread_index() & 31)) - 1
    rank = popcount((givers if gives else takers) & below)
    giver = set_bit(givers, rank)
    low = shuffle(u32(value), giver)
    high = shuffle(u32(value >> 32), giver)
    warp_barrier()
    if gives:
        return value if rank >= popcount(takers) else 0
    if takes and rank < popcount(givers):
        return (u64(high) << 32) | u64(low)
    return 0


@inline
def set_bit(mask: u32, rank: u32) -> u32:
    """Where a mask has its set bit of that rank, counted from 0; anything if it has fewer."""
    rest = rank
    found: u32 = 0
    width: u32 = 16
    while width != 0:
        count = popcount((mask >> found) & ((1 << width) - 1))
        if rest >= count:
            rest -= count
            found += width
        width >>= 1
    return found


@inline
def now(p: Ptr[Place]) -> u64:
    """Nanoseconds of the device's clock."""
    return device_time()


@inline
def give_way(p: Ptr[Place]) -> None:
    """Lets others go first."""
    pause()
