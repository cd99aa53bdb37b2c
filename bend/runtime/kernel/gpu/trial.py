"""A trial of a grid: all threads add their numbers, in rounds, and look at each other's sum.

It needs everything that schedulers on GPUs are made of: atomic operations on the memory of a block and of the device,
waiting for a block and for the grid, memory of the host, and that all blocks run at the same time.
"""

from bend.runtime.kernel.gpu.grid import (
    FIRST_FREE,
    Launch,
    Place,
    block_memory,
    my_block,
    my_thread,
    now,
    wait_for_block,
    wait_for_grid,
)
from bend.runtime.kernel.lang import (
    BLOCK,
    RELAXED,
    SYSTEM,
    Ptr,
    addr,
    atomic_add,
    atomic_load,
    atomic_store,
    cast,
    export,
    struct,
    u32,
    u64,
)


@struct
class Trial:
    """A launch, its rounds, and what came of it: the sum of all rounds, how often a thread saw another one, and the
    time. With `endless`, the rounds end when the host says so."""

    launch: Launch
    rounds: u32
    endless: u32
    wrong: u32
    total: u64
    nanoseconds: u64


@struct
class TrialRecord:
    """What a GPU needs for a trial."""

    place: Place
    trial: Trial


@export
def run_trial(place: u64) -> None:
    """What each thread does. The `Launch` of its place is that of a `Trial`."""
    p = Ptr[Place](place)
    trial = cast(Ptr[Trial], p.launch)
    launch = p.launch
    threads = u64(launch.blocks) * u64(launch.threads)
    mine = u64(my_block(p)) * u64(launch.threads) + u64(my_thread(p)) + 1
    block_sum = addr(block_memory(p)[FIRST_FREE])
    expected: u64 = 0
    begin = now(p)
    done: u32 = 0
    while trial.endless != 0 or done < trial.rounds:
        if my_thread(p) == 0:
            block_sum[0] = 0
        wait_for_block(p)
        atomic_add(block_sum, mine, RELAXED, BLOCK)
        wait_for_block(p)
        if my_thread(p) == 0:
            atomic_add(addr(trial.total), block_sum[0], RELAXED)
        if not wait_for_grid(p):
            return
        expected += threads * (threads + 1) // 2
        if atomic_load(addr(trial.total), RELAXED) != expected:
            atomic_add(addr(trial.wrong), 1, RELAXED)
        done += 1
        if mine == 1:
            atomic_store(launch.progress, u64(done), RELAXED, SYSTEM)
        if not wait_for_grid(p):
            return
    if mine == 1:
        trial.nanoseconds = now(p) - begin
