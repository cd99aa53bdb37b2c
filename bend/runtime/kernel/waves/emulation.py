"""A device on the CPU: one thread for all lanes, which take turns from barrier to barrier; or one thread for each.

What lanes do between two barriers must not depend on the order in which they do it, so one order is as good as another,
and the same each time. With threads of their own they show where that is not so.
"""

from bend.runtime.kernel.lang import (
    ACQ_REL,
    ACQUIRE,
    RELEASE,
    Ptr,
    addr,
    atomic_add,
    atomic_load,
    atomic_store,
    export,
    extern,
    inline,
    noinline,
    noreturn,
    trap,
    u32,
    u64,
)
from bend.runtime.kernel.waves.main import begin
from bend.runtime.kernel.waves.schedule import GRID, LOCAL, advance
from bend.runtime.kernel.waves.state import LOOK, STOP_BARRIER, Shared, Worker
from bend.runtime.kernel.waves.stop import check_loop, stop_run

# Parameters of the compilation: the numbers of system calls.
EXIT = 60
YIELD = 24


@extern
def syscall(number: u64, a: u64, b: u64, c: u64, d: u64, e: u64, f: u64) -> u64:
    """The C library's `syscall`."""


@noinline
@noreturn
def leave() -> None:
    """Ends this thread: with one for all lanes, a run that was stopped ends with it."""
    syscall(EXIT, 0, 0, 0, 0, 0, 0)
    trap()


@inline
def clock(w: Ptr[Worker]) -> u64:
    """From one look at the clock to the next, as much time passes as should."""
    w.looks += 1
    return w.looks * LOOK


@inline
def time(w: Ptr[Worker]) -> u64:
    """The same: lanes look about as often."""
    return clock(w)


@noinline
def block_barrier(w: Ptr[Worker]) -> None:
    """Waits for the other lanes of the block, which have threads of their own."""
    block = w.block
    generation = atomic_load(addr(block.generation), ACQUIRE)
    if atomic_add(addr(block.arrived), 1, ACQ_REL) + 1 == w.shared.threads:
        block.arrived = 0
        atomic_store(addr(block.generation), generation + 1, RELEASE)
        return
    while atomic_load(addr(block.generation), ACQUIRE) == generation:
        check_loop(w)
        syscall(YIELD, 0, 0, 0, 0, 0, 0)


@noinline
def advance_block(shared: Ptr[Shared], block: u64) -> u64:
    """Runs all lanes of a block up to the next barrier; says which one."""
    lanes = Ptr[Worker](shared.first)
    barrier: u64 = 0
    for index in range(shared.threads):
        lane = addr(lanes[block * shared.threads + index])
        found = advance(lane)
        if index == 0:
            barrier = found
        elif found != barrier:
            stop_run(lane, STOP_BARRIER, found)
    return barrier


@noinline
def run_wave(shared: Ptr[Shared]) -> u64:
    """Runs all lanes up to the next barrier of the device; says whether it is one, or the end. Blocks take turns round
    by round, as they run side by side on a GPU: so they see the same of each other."""
    lanes = Ptr[Worker](shared.first)
    barrier: u64 = LOCAL
    for block in range(shared.blocks):
        lanes[block * shared.threads].block.found = u32(LOCAL)
    running = shared.blocks
    while running != 0:
        for block in range(shared.blocks):
            state = lanes[block * shared.threads].block
            if state.found == LOCAL:
                found = advance_block(shared, block)
                state.found = u32(found)
                if found != LOCAL:
                    running -= 1
                    if barrier == LOCAL:
                        barrier = found
                    elif found != barrier:
                        stop_run(addr(lanes[block * shared.threads]), STOP_BARRIER, found)
    return barrier


@export
@noinline
def run_lanes(shared: Ptr[Shared]) -> None:
    """Runs all lanes until there is nothing left to do."""
    for index in range(shared.blocks * shared.threads):
        begin(addr(Ptr[Worker](shared.first)[index]))
    while True:
        barrier = run_wave(shared)
        if barrier != GRID:
            return
