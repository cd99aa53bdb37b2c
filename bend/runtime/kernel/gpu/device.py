"""A grid on a GPU."""

from bend.runtime.kernel.gpu.grid import Place
from bend.runtime.kernel.lang import (
    Ptr,
    Shared,
    block_barrier,
    block_index,
    cast,
    device_time,
    inline,
    pause,
    shared_memory,
    thread_index,
    u32,
    u64,
)


@inline
def my_thread(p: Ptr[Place]) -> u32:
    return thread_index()


@inline
def my_block(p: Ptr[Place]) -> u32:
    return block_index()


@inline
def wait_for_block(p: Ptr[Place]) -> None:
    block_barrier()


@inline
def block_memory(p: Ptr[Place]) -> Shared[u64]:
    return cast(Shared[u64], shared_memory())


@inline
def now(p: Ptr[Place]) -> u64:
    return device_time()


@inline
def give_way(p: Ptr[Place]) -> None:
    pause()
