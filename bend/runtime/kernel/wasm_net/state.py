"""The state of a run: its only worker."""

from bend.runtime.kernel.lang import Ptr, struct, u64

STOP_MEMORY = 1
STOP_DIVISION = 3


@struct
class Worker:
    """It lies where the host says."""

    # All of memory, so that the index of a word is an eighth of its address.
    heap: Ptr[u64]
    book: Ptr[u64]
    scratch: Ptr[u64]
    # Interactions by rule, and those that compiled definitions do not tell apart.
    calls: u64
    voids: u64
    erasures: u64
    annihilations: u64
    commutations: u64
    operations: u64
    switches: u64
    mixed: u64
    node_free: u64
    node_next: u64
    node_end: u64
    variable_free: u64
    variable_next: u64
    variable_end: u64
    # Tasks, how many words they take, where the oldest begins (always 0), and for how many words there is room.
    bag: Ptr[u64]
    top: u64
    bottom: u64
    bag_words: u64
    # Words that were never used, up to where memory ends; how many bytes have been taken, and may be.
    next: u64
    end: u64
    memory_used: u64
    memory_limit: u64
    # Where the newest of the areas lies in which the bag had been before it grew, which become chunks; 0 for none.
    areas: u64
    second: u64
    next_label: u64
