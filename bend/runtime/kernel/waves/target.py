"""What the kernel asks of the machine that it runs on.

A device has blocks of lanes. On a GPU these are its blocks and threads; on the CPU one thread can stand for all lanes,
or one for each (`emulation`). All pointers are generic ones: the memory that they lead to may be global, shared or
local to a lane. Before the first lane starts the host fills `Shared` and all `Worker`s (`bend.runtime.waves.host`).

A GPU provides `leave` (the instruction `exit`; blocks do not wait for threads that have left), `block_barrier`,
`clock`, `time` and `pause`, and starts `lane_main` of `main` with the address of its `Worker` in each thread. All
blocks have to be resident at the same time. Lanes of a block must agree on each barrier.
"""

from bend.runtime.kernel.lang import Ptr, Worker, extern, noreturn, u64


@extern
@noreturn
def leave() -> None:
    """Ends this lane, wherever it is."""


@extern
def block_barrier(w: Ptr[Worker]) -> None:
    """Waits until all lanes of the block have come here, but for those that have left. What they did before is seen by
    all afterwards."""


@extern
def clock(w: Ptr[Worker]) -> u64:
    """Cycles of a clock that only this lane need agree with. The same work takes the same time on an emulated device:
    it is one look at the clock."""


@extern
def time(w: Ptr[Worker]) -> u64:
    """Nanoseconds of a clock that all lanes agree with."""
