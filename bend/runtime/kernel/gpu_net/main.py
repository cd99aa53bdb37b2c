"""What a thread of a GPU does from the beginning to the end."""

from bend.runtime.kernel.gpu.grid import Place, my_block, my_thread, wait_for_block, wait_for_grid
from bend.runtime.kernel.gpu_net.schedule import GRID, OVER, advance
from bend.runtime.kernel.gpu_net.start import enter
from bend.runtime.kernel.gpu_net.state import Net, Worker
from bend.runtime.kernel.lang import Ptr, addr, cast, export, u64


@export
def reduce_net(place: u64) -> None:
    """Runs a lane until the net is at rest, or the run was stopped. The `Launch` of its place is that of a `Net`."""
    p = Ptr[Place](place)
    net = cast(Ptr[Net], p.launch)
    block = u64(my_block(p))
    thread = u64(my_thread(p))
    w = addr(Ptr[Worker](net.lanes)[block * u64(p.launch.threads) + thread])
    enter(w, net, block, thread)
    while True:
        barrier = advance(w)
        if barrier == OVER:
            return
        if barrier == GRID:
            if not wait_for_grid(p):
                return
        else:
            wait_for_block(p)
