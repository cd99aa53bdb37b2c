"""A grid of blocks of threads that all run at the same time: what a thread knows of it, and waiting for all others.

Where a thread is, what its block has for itself and the time come from whoever is compiled along: `device` for GPUs.
Elsewhere, threads of the system can stand for those of a grid; then each has a `Place` of its own.
"""

from bend.runtime.kernel.lang import (
    ACQ_REL,
    ACQUIRE,
    RELAXED,
    RELEASE,
    SYSTEM,
    Ptr,
    Shared,
    addr,
    atomic_add,
    atomic_load,
    atomic_or,
    atomic_store,
    extern,
    inline,
    noinline,
    struct,
    u32,
    u64,
)

# The first word of a block's memory, where its first thread says whether to go on. The others are for whoever runs.
GO_ON = 0
FIRST_FREE = 1
# How often the first block to arrive looks for the others before it asks the host. After so many barriers the last one
# does so as well, in case nobody ever waits for long.
PATIENCE = 64
# In the number of a barrier: the launch shall end.
ENDING = 0x80000000


@struct
class Launch:
    """What all threads share. The host writes `stop` and reads `progress`, which lie in its memory."""

    blocks: u32
    threads: u32
    arrived: u32
    turn: u32
    stop: Ptr[u32]
    progress: Ptr[u64]


@struct
class Block:
    """What stands for a block where there is none."""

    arrived: u32
    turn: u32
    memory: u64


@struct
class Place:
    """Where a thread is. All threads of a GPU have the same, and use only `launch`."""

    launch: Ptr[Launch]
    block: Ptr[Block]
    block_number: u32
    thread_number: u32


@extern
def my_thread(p: Ptr[Place]) -> u32:
    """The number of this thread in its block."""


@extern
def my_block(p: Ptr[Place]) -> u32:
    """The number of this thread's block."""


@extern
def wait_for_block(p: Ptr[Place]) -> None:
    """Waits until all threads of the block are here; each sees what the others stored."""


@extern
def block_memory(p: Ptr[Place]) -> Shared[u64]:
    """The memory that the threads of a block share."""


@extern
def votes(flag: bool) -> u32:
    """Which threads of the warp have a flag, each a bit. All of them must ask, here and in what follows."""


@extern
def value_of(value: u32, thread: u32) -> u32:
    """What a thread of the warp gives for this, by its number in the warp modulo their count."""


@extern
def wait_for_warp() -> None:
    """Waits until all threads of the warp are here; each sees what the others stored."""


@extern
def my_bit() -> u32:
    """The bit of this thread in `votes`."""


@extern
def now(p: Ptr[Place]) -> u64:
    """Nanoseconds of a clock."""


@extern
def give_way(p: Ptr[Place]) -> None:
    """Lets others go first, in a loop that waits for them."""


@inline
def asked_to_stop(p: Ptr[Place]) -> bool:
    """Whether the host wants this launch to end."""
    return atomic_load(p.launch.stop, RELAXED, SYSTEM) != 0


@noinline
def wait_for_grid(p: Ptr[Place]) -> bool:
    """Waits until all threads are here; each sees what the others stored. False, for all threads of a block, if the
    launch shall end. Then some may be gone already, and nobody may wait again."""
    wait_for_block(p)
    if my_thread(p) == 0:
        block_memory(p)[GO_ON] = u64(arrive(p))
    wait_for_block(p)
    return block_memory(p)[GO_ON] != 0


@noinline
def arrive(p: Ptr[Place]) -> bool:
    """Waits, as one of its block, for all other blocks; false if the launch shall end.

    One block at a time asks the host, and tells the others: accesses to its memory take their turns, and fences of
    working threads wait behind them (132 blocks that all ask make a barrier or a fence last up to 0.3 ms)."""
    launch = p.launch
    turn = atomic_load(addr(launch.turn), RELAXED)
    if turn >= ENDING:
        return False
    before = atomic_add(addr(launch.arrived), 1, ACQ_REL)
    if before + 1 == launch.blocks:
        atomic_store(addr(launch.arrived), 0, RELAXED)
        if turn % PATIENCE == 0 and asked_to_stop(p):
            atomic_or(addr(launch.turn), ENDING, RELEASE)
            return False
        atomic_add(addr(launch.turn), 1, RELEASE)
        return True
    tries: u32 = 0
    found = turn
    while found == turn:
        tries += 1
        if before == 0 and tries % PATIENCE == 0 and asked_to_stop(p):
            atomic_or(addr(launch.turn), ENDING, RELEASE)
        give_way(p)
        found = atomic_load(addr(launch.turn), ACQUIRE)
    return found < ENDING
