"""A grid made of threads of the system: each has a place of its own, and blocks are in memory."""

from bend.runtime.kernel.gpu.grid import Place
from bend.runtime.kernel.lang import (
    ACQ_REL,
    ACQUIRE,
    RELAXED,
    RELEASE,
    Ptr,
    Shared,
    addr,
    atomic_add,
    atomic_load,
    atomic_store,
    extern,
    i32,
    noinline,
    u32,
    u64,
)


@extern
def sched_yield() -> i32:
    """Lets another thread run. This is the C library's."""


def my_thread(p: Ptr[Place]) -> u32:
    return p.thread_number


def my_block(p: Ptr[Place]) -> u32:
    return p.block_number


@noinline
def wait_for_block(p: Ptr[Place]) -> None:
    block = p.block
    turn = atomic_load(addr(block.turn), RELAXED)
    if atomic_add(addr(block.arrived), 1, ACQ_REL) + 1 == p.launch.threads:
        atomic_store(addr(block.arrived), 0, RELAXED)
        atomic_store(addr(block.turn), turn + 1, RELEASE)
    else:
        while atomic_load(addr(block.turn), ACQUIRE) == turn:
            sched_yield()


def block_memory(p: Ptr[Place]) -> Shared[u64]:
    return Shared[u64](p.block.memory)


def now(p: Ptr[Place]) -> u64:
    """There is no clock here: it is as late as there were turns."""
    return u64(atomic_load(addr(p.launch.turn), RELAXED)) + 1


def give_way(p: Ptr[Place]) -> None:
    sched_yield()
