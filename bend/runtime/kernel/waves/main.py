"""What a lane does from the beginning of a launch to its end."""

from bend.runtime.kernel.direct.cells import WORD
from bend.runtime.kernel.lang import (
    ACQ_REL,
    ACQUIRE,
    Ptr,
    addr,
    atomic_add,
    atomic_load,
    export,
    inline,
    noinline,
    pause,
    sizeof,
    u64,
)
from bend.runtime.kernel.waves.frames import ROUNDS
from bend.runtime.kernel.waves.schedule import GRID, OVER, advance
from bend.runtime.kernel.waves.state import DEVICE, Block, Worker
from bend.runtime.kernel.waves.stop import check_loop
from bend.runtime.kernel.waves.target import block_barrier


@noinline
def begin(w: Ptr[Worker]) -> None:
    """Makes a lane, and one of a block its block, ready for a launch. All of a block do so before one of them runs."""
    w.wave = 0
    w.round = 0
    w.turn = 0
    w.mode = DEVICE
    w.suspended = 0
    if w.index == 0:
        block = w.block
        block.lists[0] = u64(block) + sizeof(Block)
        block.lists[1] = block.lists[0] + w.shared.block_capacity * WORD
        for number in range(ROUNDS):
            block.ready[number] = 0
            block.idle[number] = 0
            block.taken[number] = 0
            block.held[number] = 0
            block.is_over[number] = 0
        for number in range(2):
            block.frame_counts[number] = 0
        block.kept = 0


@export
@noinline
def lane_main(w: Ptr[Worker]) -> None:
    """Runs until there is nothing left to do."""
    begin(w)
    block_barrier(w)
    while True:
        barrier = advance(w)
        if barrier == OVER:
            return
        if barrier == GRID:
            grid_barrier(w)
        else:
            block_barrier(w)


@inline
def grid_barrier(w: Ptr[Worker]) -> None:
    """Waits until all lanes of the device have come here."""
    block_barrier(w)
    if w.index == 0:
        shared = w.shared
        arrived = atomic_add(addr(shared.arrived), 1, ACQ_REL)
        goal = (arrived // shared.blocks + 1) * shared.blocks
        while atomic_load(addr(shared.arrived), ACQUIRE) < goal:
            check_loop(w)
            pause()
    block_barrier(w)
