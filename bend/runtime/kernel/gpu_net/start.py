"""How a lane begins."""

from bend.runtime.kernel.gpu_net.bag import push_task
from bend.runtime.kernel.gpu_net.state import Net, Team, Worker
from bend.runtime.kernel.lang import Ptr, addr, cast, inline, noinline, sizeof, u64

# Words of the first chunk of a lane.
FIRST_CHUNK = 64


@inline
def clear_words(start: Ptr[u64], count: u64) -> None:
    """Sets words to 0."""
    for index in range(count):
        start[index] = 0


@noinline
def start_lane(w: Ptr[Worker]) -> None:
    """Fills in what `enter` has left out: the bag, the memory, and the block, if it is the first there. The very first
    lane gets what the run begins with."""
    net = w.net
    w.heap = net.heap
    w.book = net.book
    w.bag = addr(net.bags[w.id * net.bag_words])
    w.chunk = FIRST_CHUNK
    w.least = net.least
    if w.index == 0:
        clear_words(cast(Ptr[u64], w.team), sizeof(Team) // 8)
    if w.id == 0:
        push_task(w, addr(net.first[0]))


@noinline
def enter(w: Ptr[Worker], net: Ptr[Net], block: u64, thread: u64) -> None:
    """Tells a lane where it is."""
    clear_words(cast(Ptr[u64], w), sizeof(Worker) // 8)
    w.net = net
    w.id = block * u64(w.net.launch.threads) + thread
    w.index = thread
    w.team = addr(w.net.teams[block])
