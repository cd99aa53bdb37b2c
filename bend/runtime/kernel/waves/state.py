"""The state of a run on a device: what all lanes share, and what each has for itself. A lane is a thread of the
device."""

from bend.runtime.kernel.direct.sizes import FREE_LISTS, LARGE_LISTS
from bend.runtime.kernel.lang import Array, Ptr, i32, struct, u32, u64

# How many free frames a lane keeps where it finds them at once.
KEPT_FRAMES = 8
# How many free frames of its lanes a block keeps in each of two lists.
BLOCK_FRAMES = 512

STOP_NONE = 0
STOP_MEMORY = 1
STOP_DIVISION = 3
STOP_SHAPE = 5
# Lanes of one block disagree about which barrier comes next: a fault of the kernel.
STOP_BARRIER = 8

# Cycles between two looks of a sequential run at what others do, about: some microseconds.
LOOK = 0x4000

# How a lane runs: in a wave of the device, or in rounds of its block, which is the only one or one of many.
DEVICE = 0
ALONE = 1
SHARE = 2


@struct
class Shared:
    """One a device. The words that lanes write often lie on cache lines of their own."""

    blocks: u64
    # How many lanes a block has, and the address of the first lane of all; they lie one after the other.
    threads: u64
    first: u64
    # The values of definitions without parameters: those known before this wave, those collected at its end, and those
    # known now.
    constants: Ptr[u64]
    settled: Ptr[u64]
    new_constants: Ptr[u64]
    constant_count: u64
    # Where operations that did not fit are counted, by place.
    overflows: Ptr[u64]
    # With so many ready frames, one block runs them alone; with fewer than `step_below`, all run them step by step;
    # with more, blocks run their shares in rounds, step by step with fewer than `rounds_below`.
    alone_below: u64
    step_below: u64
    rounds_below: u64
    # Two lists of ready frames, and how many each can hold, and each of a block.
    lists: Array[u64, 2]
    capacity: u64
    block_capacity: u64
    heap_end: u64
    # From this address on there is so little of the heap left that lanes ask others for free cells.
    scarce_from: u64
    result: u64
    # The number of the wave that is under way, for those who watch.
    wave: u64
    pad_0: Array[u64, 14]
    stop: u64
    stop_detail: u64
    pad_1: Array[u64, 14]
    # Whether there are constants that were not known before this wave, and whether some were collected at its end.
    has_news: u64
    is_settled: u64
    pad_6: Array[u64, 14]
    # How many frames are ready, for the wave of that number modulo 3.
    ready: Array[u64, 3]
    pad_2: Array[u64, 13]
    heap_next: u64
    pad_3: Array[u64, 15]
    # How many blocks have come to the barrier of the device, counted through the whole run.
    arrived: u64
    pad_4: Array[u64, 15]
    # In how many blocks half of the lanes have nothing left to do in a wave, modulo 3.
    idle: Array[u64, 3]
    # Whether a frame that is ready for a wave has begun a long run, modulo 3.
    is_long: Array[u64, 3]
    # How many lanes go on in a wave with what they did in the one before, and how many blocks have more lanes without
    # than with such work, modulo 3.
    held: Array[u64, 3]
    takers: Array[u64, 3]
    # When it was first seen that half of the blocks have nothing left to do in a wave.
    hungry_since: u64
    pad_5: Array[u64, 3]
    # Free cells that lanes gave away, by size, and the sizes that are wanted (`bend.runtime.kernel.direct.cells`).
    wanted: u64
    given: Array[u64, FREE_LISTS]


@struct
class Block:
    """One a block; on a GPU in its shared memory. It begins anew with each launch."""

    # How many lanes wait at a barrier, and how often all have come, where the target counts them here.
    arrived: u64
    generation: u64
    # Two lists of frames that are ready in the block, which come after this struct.
    lists: Array[u64, 2]
    # For the round of a number modulo 3: how many frames are ready, and how many lanes have nothing left to do.
    ready: Array[u32, 3]
    idle: Array[u32, 3]
    # How many frames of the list have been taken, and how many lanes go on with what they did in the round before.
    taken: Array[u32, 3]
    held: Array[u32, 3]
    # Free frames that lanes had too many of. In a round, frames are put into one of the two lists and taken from the
    # other one.
    frames: Array[u64, BLOCK_FRAMES * 2]
    frame_counts: Array[i32, 2]
    # Whether the rounds of the block end before this one: because others have nothing to do, modulo 2; because a lane
    # says so, modulo 3.
    ends: Array[u32, 2]
    is_over: Array[u32, 3]
    # How many lanes go on in the next wave with what they do, and which part of what is ready then is for this block.
    kept: u32
    place: u32
    # Which barrier the block has come to, where one thread plays all lanes.
    found: u32


@struct
class Worker:
    """One a lane; it belongs to it alone."""

    shared: Ptr[Shared]
    block: Ptr[Block]
    # The number of the lane on the device, and in its block.
    id: u64
    index: u64
    # Memory that was never used, free cells by size, and how much memory it takes next.
    next: u64
    end: u64
    free: Array[u64, FREE_LISTS]
    large: Array[u64, LARGE_LISTS]
    chunk: u64
    # How many cells it has taken, in programs that count them.
    allocations: u64
    # How many bytes of the stack of a sequential run may be in use where another entry begins.
    stack_room: u64
    # Frames that it has freed, which it takes again first.
    frames: Array[u64, KEPT_FRAMES]
    frame_count: u64
    # How many calls a sequential run makes between looks at what others do: so many at first, and then as many as take
    # the time of `LOOK`.
    budget: u64
    # How many lanes of its block had nothing to do in the round from the beginning.
    workless: u64
    # When it last looked, when its round began, and when half of the other lanes were first seen to have nothing left
    # to do in it (0: not yet).
    looked: u64
    began: u64
    hungry_since: u64
    # When the wave began, and how many lanes had been interrupted at the end of the one before.
    wave_began: u64
    is_restless: u64
    # How often it has looked, which is the time of an emulated device.
    looks: u64
    # What a sequential run gave, and whether it goes on with another frame at its end (`schedule.next_run`).
    results: Array[u64, 2]
    takes: u64
    # The stack of sequential runs, and where that of the current one begins: below are entries that became frames.
    stack: u64
    bottom: u64
    # A run that goes on in the next round: its frame, or 0; the end of its stack, and where the call begins there that
    # is next; how many calls there have not been begun.
    suspended: u64
    top: u64
    below: u64
    waiting: u64
    # How many waves and rounds have begun, and the number of the round modulo 3.
    wave: u64
    round: u64
    turn: u64
    mode: u64
    # What frames are stamped with that begin to wait here in this wave (`frames.arrive`).
    stamp: u64
