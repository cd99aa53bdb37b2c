"""What a lane does from the beginning to the end."""

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
)
from bend.runtime.kernel.waves.schedule import GRID, OVER, advance
from bend.runtime.kernel.waves.state import Worker
from bend.runtime.kernel.waves.stop import check_loop
from bend.runtime.kernel.waves.target import block_barrier


@export
@noinline
def lane_main(w: Ptr[Worker]) -> None:
    """Runs until there is nothing left to do."""
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
