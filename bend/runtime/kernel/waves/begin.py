"""How lanes of a device begin that the host does not fill in, since there are many; and what they leave to the next
launch of the run.

On a GPU, the state of a lane lies in memory that is its own (local memory): there the same word of all lanes of a warp
is one access, and stays in the nearest cache whatever others do. Between launches it is kept in the memory of the
device, word by word for all lanes, for the same reason.

What others access as fields is accessed as words here, in functions that stay functions: so nobody can assume that the
two do not meet.
"""

from bend.runtime.kernel.lang import Ptr, addr, cast, inline, noinline, sizeof, struct, u64
from bend.runtime.kernel.waves.state import Block, Shared, Worker


@struct
class Start:
    """What a launch gets: words that are the same in all lanes, as pairs of a place in `Worker` and what is there. In
    the first launch of a run all others are 0, and later as they were left, if lanes leave them: that takes a tenth of
    a millisecond, and pays only for programs that are launched again and again."""

    shared: Ptr[Shared]
    changes: Ptr[u64]
    change_count: u64
    is_first: u64
    leaves: u64


@inline
def begin_lane(s: Ptr[Start], w: Ptr[Worker], memory: Ptr[Block], block: u64, index: u64) -> None:
    """Makes the lane of a number in a block with its memory ready to run. Its state is at `w`."""
    shared = s.shared
    lane = block * shared.threads + index
    words = cast(Ptr[u64], w)
    if s.is_first != 0:
        clear_words(words, sizeof(Worker) // 8)
    else:
        load_words(words, addr(Ptr[u64](shared.first)[lane]), shared.blocks * shared.threads)
    change_words(words, s.changes, s.change_count)
    w.id = lane
    w.index = index
    w.block = memory


@inline
def end_lane(s: Ptr[Start], w: Ptr[Worker]) -> None:
    """Leaves the state of a lane to the next launch; that of the first lane also tells how many waves there were."""
    shared = w.shared
    if s.leaves != 0 or w.id == 0:
        save_words(cast(Ptr[u64], w), addr(Ptr[u64](shared.first)[w.id]), shared.blocks * shared.threads)


@noinline
def clear_words(words: Ptr[u64], count: u64) -> None:
    """Makes all words 0."""
    for number in range(count):
        words[number] = 0


@noinline
def change_words(words: Ptr[u64], changes: Ptr[u64], count: u64) -> None:
    """Stores words that are told."""
    for number in range(count):
        words[changes[2 * number]] = changes[2 * number + 1]


@noinline
def load_words(words: Ptr[u64], kept: Ptr[u64], lanes: u64) -> None:
    """Loads the words of a lane, which are as far from each other as there are lanes."""
    for number in range(sizeof(Worker) // 8):
        words[number] = kept[number * lanes]


@noinline
def save_words(words: Ptr[u64], kept: Ptr[u64], lanes: u64) -> None:
    """Stores the words of a lane."""
    for number in range(sizeof(Worker) // 8):
        kept[number * lanes] = words[number]
