"""How a lane begins, and how it leaves its state for a launch that goes on."""

from bend.runtime.kernel.gpu_net.bag import PLACE_WORDS, add_places, push_task
from bend.runtime.kernel.gpu_net.state import Net, Team, Worker
from bend.runtime.kernel.lang import Ptr, addr, cast, inline, noinline, sizeof, u64

# Words of the first chunk of a lane.
FIRST_CHUNK = 64


@inline
def clear_words(target: Ptr[u64], count: u64) -> None:
    """Sets words to 0."""
    for index in range(count):
        target[index] = 0


@inline
def copy_words(source: Ptr[u64], target: Ptr[u64], count: u64) -> None:
    """Copies words."""
    for index in range(count):
        target[index] = source[index]


@inline
def saved_lane(w: Ptr[Worker], net: Ptr[Net], lane: u64) -> Ptr[u64]:
    """Where the state of a lane is kept between launches."""
    return Ptr[u64](net.saved + lane * sizeof(Worker))


@noinline
def enter(w: Ptr[Worker], net: Ptr[Net], block: u64, thread: u64) -> None:
    """Tells a lane where it is."""
    lane = block * u64(net.launch.threads) + thread
    words = cast(Ptr[u64], w)
    if net.is_resumed != 0:
        copy_words(saved_lane(w, net, lane), words, sizeof(Worker) // 8)
    else:
        clear_words(words, sizeof(Worker) // 8)
        w.heap = net.heap
        w.book = net.book
        w.bag = net.bags
        add_places(w, (lane * net.bag_places + 1) * PLACE_WORDS, net.bag_places)
        w.chunk = FIRST_CHUNK
        w.magazine = net.magazine
        w.net = net
        w.team = addr(net.teams[block])
        w.id = lane
        w.index = thread
    w.least = net.least
    w.phase = 0
    w.round = 0
    w.turn = 0
    w.ran = 0
    w.stuck = 0


@noinline
def start_lane(w: Ptr[Worker]) -> None:
    """The first lane of a block makes the block ready. The very first lane gets what the launch begins with."""
    net = w.net
    if w.index == 0:
        depot = w.team.depot
        kept = w.team.kept
        clear_words(cast(Ptr[u64], w.team), sizeof(Team) // 8)
        if net.is_resumed != 0:
            w.team.depot = depot
            w.team.kept = kept
    if w.id == 0:
        push_task(w, addr(net.first[0]))


@noinline
def save_lane(w: Ptr[Worker]) -> None:
    """Leaves the state of a lane for a launch that goes on, if there may be one. Its interactions have been added to
    those of the run."""
    if w.net.saved != 0:
        clear_words(addr(w.calls), 8)
        copy_words(cast(Ptr[u64], w), saved_lane(w, w.net, w.id), sizeof(Worker) // 8)
