"""What a thread of a GPU does from the beginning to the end."""

from bend.runtime.kernel.gpu.grid import Place, my_block, my_thread, wait_for_block, wait_for_grid
from bend.runtime.kernel.gpu_net.schedule import GRID, OVER, advance
from bend.runtime.kernel.gpu_net.start import enter
from bend.runtime.kernel.gpu_net.state import Net, Worker
from bend.runtime.kernel.lang import Ptr, cast, noinline, u64


@noinline
def run_lane(place: u64, w: Ptr[Worker]) -> None:
    """Runs a lane until the net is at rest, or the run was stopped. The `Launch` of its place is that of a `Net`, and
    `w` leads to memory that the lane has for itself."""
    p = Ptr[Place](place)
    enter(w, cast(Ptr[Net], p.launch), u64(my_block(p)), u64(my_thread(p)))
    while True:
        barrier = advance(w)
        if barrier == OVER:
            return
        if barrier == GRID:
            if not wait_for_grid(p):
                return
        else:
            wait_for_block(p)
