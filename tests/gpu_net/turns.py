"""A device of which one thread plays all lanes: they take turns from barrier to barrier, always in the same order."""

from bend.runtime.kernel.gpu.grid import Place
from bend.runtime.kernel.gpu_net.schedule import GRID, advance
from bend.runtime.kernel.gpu_net.start import enter
from bend.runtime.kernel.gpu_net.state import Net, Worker
from bend.runtime.kernel.lang import Ptr, Shared, addr, cast, export, noinline, u32, u64

# What a block gives whose lanes do not agree on the barrier that comes next.
DISAGREE = 9
INTERRUPTED = 10


def my_thread(p: Ptr[Place]) -> u32:
    return 0


def my_block(p: Ptr[Place]) -> u32:
    return 0


def wait_for_block(p: Ptr[Place]) -> None:
    pass


def block_memory(p: Ptr[Place]) -> Shared[u64]:
    return Shared[u64](0)


def now(p: Ptr[Place]) -> u64:
    return 0


def give_way(p: Ptr[Place]) -> None:
    pass


@noinline
def advance_block(lanes: Ptr[Worker], threads: u64) -> u64:
    """Runs the lanes of a block up to the next barrier; says which one."""
    barrier = advance(lanes)
    for index in range(u64(1), threads):
        if advance(addr(lanes[index])) != barrier:
            barrier = DISAGREE
    return barrier


@export
def run_lanes(place: u64, lanes: Ptr[Worker]) -> u64:
    """Runs all lanes to the end; OVER, or what went wrong."""
    launch = Ptr[Place](place).launch
    net = cast(Ptr[Net], launch)
    threads = u64(launch.threads)
    blocks = u64(launch.blocks)
    for lane in range(blocks * threads):
        enter(addr(lanes[lane]), net, lane // threads, lane % threads)
    while True:
        met: u64 = GRID
        for block in range(blocks):
            barrier = advance_block(addr(lanes[block * threads]), threads)
            while barrier > GRID and barrier < DISAGREE:
                barrier = advance_block(addr(lanes[block * threads]), threads)
            if block == 0:
                met = barrier
            elif barrier != met:
                return DISAGREE
        if met != GRID:
            return met
        if launch.stop[0] != 0:
            return INTERRUPTED
