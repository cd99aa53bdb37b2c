"""The state of a run on a device: what all lanes share, what a block has, and what each lane has for itself.

A lane is a thread of the device. All lanes work on one net in one heap of cells, each of two words: a node, or a
variable and a word that is not used.
"""

from bend.runtime.kernel.gpu.grid import Launch
from bend.runtime.kernel.lang import Array, Global, Ptr, struct, u32, u64

STOP_NONE = 0
STOP_MEMORY = 1
STOP_DIVISION = 3

RULES = 8
# Stacks of magazines that the device keeps, each on a cache line of its own.
DEPOTS = 16
DEPOT_WORDS = 16


@struct
class Team:
    """One a block."""

    # Full magazines, and how many there are.
    depot: u64
    kept: u64
    pad_0: Array[u64, 6]
    # For the round of that number modulo 3: lanes without tasks; tasks that others offer.
    idle: Array[u64, 3]
    offered: Array[u64, 3]
    # Whether the turn is over after this round, and how many rounds it has had.
    is_over: u64
    rounds: u64
    # At the end of a turn: lanes without tasks, tasks that others offer, tasks that were run, and where those of this
    # block begin among those of the device.
    turn_idle: u64
    turn_offered: u64
    ran: u64
    idle_base: u64
    offer_base: u64
    pad_1: Array[u64, 3]
    totals: Array[u64, RULES]


@struct
class Net:
    """One a launch. The words that lanes write often lie on cache lines of their own."""

    launch: Launch
    heap: Global[u64]
    heap_end: u64
    book: Ptr[u64]
    # The bags of all lanes, one after the other, and how many tasks each has a place for.
    bags: Ptr[u64]
    bag_places: u64
    teams: Ptr[Team]
    # Tasks on their way from one lane to another: slots for each lane of the device, and once more for blocks.
    slots: Ptr[u64]
    team_slots: Ptr[u64]
    overflows: Ptr[u64]
    # How many tasks a lane runs before it looks whether others have none, at first and at most; how many rounds there
    # are in a turn; how many cells a magazine has, and how many magazines a block keeps.
    least: u64
    most: u64
    rounds: u64
    magazine: u64
    kept: u64
    # What the launch begins with, as in a slot.
    first: Array[u64, 10]
    # Where lanes leave their state at the end if the run may go on (0: nowhere), and whether it does so now.
    saved: u64
    is_resumed: u64
    pad_0: Array[u64, 14]
    stop: u64
    stop_detail: u64
    pad_1: Array[u64, 14]
    heap_next: u64
    pad_2: Array[u64, 15]
    next_label: u64
    pad_3: Array[u64, 15]
    depots: Array[u64, 256]
    # For the turn of that number modulo 3: lanes without tasks; tasks that others offer; tasks that were run; whether
    # the run ends; blocks that have come to the end of the turn.
    idle: Array[u64, 3]
    pad_5: Array[u64, 13]
    offered: Array[u64, 3]
    pad_6: Array[u64, 13]
    ran: Array[u64, 3]
    ending: Array[u64, 3]
    pad_7: Array[u64, 10]
    came: Array[u64, 3]
    pad_8: Array[u64, 13]
    # Interactions by rule, in the order of the worker's fields, when the run is over; turns and tasks so far.
    totals: Array[u64, RULES]
    turns: u64
    tasks: u64


@struct
class Worker:
    """One a lane, to which it belongs alone. On a GPU it lies in the memory of the block: what a lane stores on its own
    stack goes to the second-level cache each time."""

    heap: Global[u64]
    book: Ptr[u64]
    net: Ptr[Net]
    team: Ptr[Team]
    # The number of the lane on the device, and in its block.
    id: u64
    index: u64
    # Interactions by rule, and those that compiled definitions do not tell apart.
    calls: u64
    voids: u64
    erasures: u64
    annihilations: u64
    commutations: u64
    operations: u64
    switches: u64
    mixed: u64
    # Free cells, how many there are, and how many make a magazine; a full one, if not 0, and its size; cells that were
    # never used, and the words that are taken next.
    free: u64
    free_count: u64
    magazine: u64
    spare: u64
    spare_count: u64
    next: u64
    end: u64
    chunk: u64
    # Where all tasks lie; free places at hand and how many there are, a list of others, how many there are of both, and
    # one that another lane reads; how many tasks; classes that have some, each a bit; of each
    # class the newest one (0: none) and the oldest one.
    bag: Ptr[u64]
    places: Array[u32, 8]
    places_at_hand: u64
    room: u64
    room_count: u64
    lent: u64
    tasks: u64
    classes: u64
    newest: Array[u32, 16]
    oldest: Array[u32, 16]
    # Labels that are its own: the first one, and how many there are.
    next_label: u64
    labels: u64
    scratch: Ptr[u64]
    scratch_words: u64
    second: u64
    # Pairs of ports that are to be joined at the end of the task, and the words of these.
    joins: Array[u64, 8]
    join_words: u64
    # Where the lane goes on after a barrier, and what it carries over.
    phase: u64
    round: u64
    turn: u64
    # Its number among the lanes without tasks; its first task and how many it offers among those of its block.
    rank: u64
    first_offer: u64
    offers: u64
    ran: u64
    # How many tasks it runs before it looks whether others have none; whether it lacks memory; turns in which nobody
    # ran a task.
    least: u64
    is_starved: u64
    stuck: u64
