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
    pause,
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
def votes(flag: bool) -> u32:
    """Which threads of this warp have a flag."""
    return ballot(flag)


@inline
def value_of(value: u32, thread: u32) -> u32:
    """What a thread of this warp gives."""
    return shuffle(value, thread)


@inline
def wait_for_warp() -> None:
    """Waits until all threads of the warp are here."""
    warp_barrier()


@inline
def my_bit() -> u32:
    """The bit of this thread in `votes`."""
    one: u32 = 1
    return one << (thread_index() & 31)


@inline
def now(p: Ptr[Place]) -> u64:
    """Nanoseconds of the device's clock."""
    return device_time()


@inline
def give_way(p: Ptr[Place]) -> None:
    """Lets others go first."""
    pause()
