"""The state of a run: what all workers share, and what each has for itself.

Workers share no nets. A variable slot lies in the region of the worker that allocated it, and only the worker that
acts for the region (see `bend.runtime.kernel.regions`) writes to it; a node belongs to whoever holds the redex that
reaches it. Everything that crosses from one worker to another is a message, so that linking needs no atomic operation
(private deques and mailboxes: Acar, Charguéraud and Rainey, "Scheduling parallel programs by work stealing with
private deques", PPoPP 2013).
"""

from bend.runtime.kernel.lang import Array, Ptr, struct, u64

MAX_WORKERS = 64
RING_WORDS = 4096

STOP_NONE = 0
STOP_MEMORY = 1
STOP_INTERRUPTED = 2
STOP_DIVISION = 3
STOP_PAUSED = 4


@struct
class Shared:
    """One a run. The words that workers write often lie on cache lines of their own."""

    stop: u64
    stop_detail: u64
    workers: u64
    heap: Ptr[u64]
    region_words: u64
    memory_limit: u64
    book: Ptr[u64]
    rings: Ptr[u64]
    # A run that one thread makes alone: polls after which it stops when there are tasks to share; polls after which it
    # stops in any case, and how many of these are left (0: it is no such run).
    allowance: u64
    longest: u64
    budget: u64
    pad_0: Array[u64, 6]
    # Masks of workers: those that wait; those that wait and still act for their regions, since nobody else was active;
    # those that have tasks to give and nobody to give them to.
    idle: u64
    keepers: u64
    wanting: u64
    pad_1: Array[u64, 5]
    work: u64
    pad_2: Array[u64, 7]
    memory_used: u64
    pad_3: Array[u64, 7]
    # Eight words a worker, so that each has its own cache line: word 0 is the mask of senders with mail for it,
    # word 1 is 1 while it sleeps.
    mail: Array[u64, 512]
    # Who acts for each region (see `bend.runtime.kernel.regions`).
    steward: Array[u64, 64]


@struct
class Worker:
    """One a thread."""

    heap: Ptr[u64]
    owner_shift: u64
    id: u64
    # The regions that this worker acts for.
    regions: u64
    wait_mask: u64
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
    bag: Ptr[u64]
    top: u64
    bottom: u64
    tick: u64
    book: Ptr[u64]
    shared: Ptr[Shared]
    scratch: Ptr[u64]
    region_next: u64
    region_end: u64
    bag_words: u64
    bag_accounted: u64
    patience: u64
    gifts: u64
    # What it exchanged beyond what it computed; what it must compute before it gives again; its useless gifts in a row.
    exchange: u64
    debt: u64
    failures: u64
    settled_interactions: u64
    settled_messages: u64
    # Since it was given its first task: interactions and messages before that, who gave it, whom it sent messages to.
    begun_interactions: u64
    begun_messages: u64
    giver: u64
    partners: u64
    received: u64
    messages: u64
    unsent: u64
    unsent_to: u64
    second: u64
    # Where the fresh labels of this worker go on.
    next_label: u64
    waiting: Ptr[u64]
    waiting_top: u64
    # The workers are a ring.
    next: Ptr['Worker']
    # How often results did not fit, by the place of the operation.
    overflows: Ptr[u64]
    foreign_head: Array[u64, 64]
    foreign_tail: Array[u64, 64]
    foreign_count: Array[u64, 64]
