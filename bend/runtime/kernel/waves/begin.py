"""How lanes of a device begin that the host does not fill in, since there are many.

It says what is the same in all, and each lane adds what is its own.
"""

from bend.runtime.kernel.lang import RELAXED, Ptr, addr, atomic_store, cast, inline, noinline, struct, u64
from bend.runtime.kernel.waves.state import Block, Shared, Worker


@struct
class Start:
    """What a launch gets: words of lanes that change, as pairs of a place in `Worker` and what is there now. In the
    first launch of a run lanes find out where they are."""

    shared: Ptr[Shared]
    changes: Ptr[u64]
    change_count: u64
    is_first: u64


@inline
def begin_lane(s: Ptr[Start], memory: Ptr[Block], block: u64, index: u64) -> Ptr[Worker]:
    """The lane of a number in a block with its memory, ready to run."""
    shared = s.shared
    lane = block * shared.threads + index
    w = addr(Ptr[Worker](shared.first)[lane])
    change_words(cast(Ptr[u64], w), s.changes, s.change_count)
    if s.is_first != 0:
        w.id = lane
        w.index = index
    w.block = memory
    return w


@noinline
def change_words(words: Ptr[u64], changes: Ptr[u64], count: u64) -> None:
    """Stores words. (By atomic operations, since others access them as fields.)"""
    for number in range(count):
        atomic_store(addr(words[changes[2 * number]]), changes[2 * number + 1], RELAXED)
