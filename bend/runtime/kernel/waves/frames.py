"""Frames: calls that wait to be run, and functions that wait for what calls give (docs/waves.md).

A frame is a cell: its header, where its result goes, and words. The header of one that waits holds the number of the
state in which it goes on, the stamp of the block and wave in which it began to wait, and how many results are still
missing. A result goes to a word of a frame, whose number is in the upper 15 bits; address 0 is that of the run. The bit
below these says that the frame waits for this result only.

A *ready* frame is a word: its address, and the number of its state in the upper 16 bits. So who runs it knows the state
before memory has given anything of the frame.
"""

from bend.runtime.kernel.direct.cells import allocate, release
from bend.runtime.kernel.lang import (
    ACQ_REL,
    ACQUIRE,
    BLOCK,
    RELAXED,
    RELEASE,
    Ptr,
    addr,
    atomic_add,
    atomic_load,
    atomic_sub,
    extern,
    inline,
    noinline,
    u64,
)
from bend.runtime.kernel.waves.state import BLOCK_FRAMES, DEVICE, KEPT_FRAMES, SHARE, STOP_MEMORY, Worker
from bend.runtime.kernel.waves.stop import stop_run

HEADER = 0
RETURN = 1
FIRST = 2
STAMP_SHIFT = 16
MISSING_SHIFT = 52
STAMP_MASK = (1 << MISSING_SHIFT) - (1 << STAMP_SHIFT)
SLOT_SHIFT = 49
ALONE_BIT = 1 << 48
ADDRESS_MASK = 0xFFFFFFFFFFFF
STATE_SHIFT = 48
ROUNDS = 3


@extern
def frame_words() -> u64:
    """How many words a frame has; the compiled program provides this."""


@inline
def following(turn: u64) -> u64:
    """The number after a number modulo 3."""
    return 0 if turn == ROUNDS - 1 else turn + 1


@inline
def new_frame(w: Ptr[Worker]) -> u64:
    """A frame, whatever it holds."""
    if w.frame_count != 0:
        w.frame_count -= 1
        return w.frames[w.frame_count]
    return another_frame(w)


@inline
def free_frame(w: Ptr[Worker], frame: u64) -> None:
    """Gives a frame back. The next one that the lane needs is found without a look at the one before."""
    if w.frame_count < KEPT_FRAMES:
        w.frames[w.frame_count] = frame
        w.frame_count += 1
    else:
        leave_frame(w, frame)


@noinline
def another_frame(w: Ptr[Worker]) -> u64:
    """A frame of those that other lanes of the block had too many of, or new memory. Who makes frames is not who frees
    them; without this, frames would be in ever more memory, and far from each other."""
    frame = take_frame(w, w.round + 1 & 1)
    return frame if frame != 0 else allocate(w, frame_words())


@inline
def take_frame(w: Ptr[Worker], number: u64) -> u64:
    """A frame from a list of the block, or 0."""
    block = w.block
    count = addr(block.frame_counts[number])
    if atomic_load(count, RELAXED, BLOCK) <= 0:
        return 0
    left = atomic_sub(count, 1, RELAXED, BLOCK)
    if left > 0:
        return block.frames[number * BLOCK_FRAMES + u64(left) - 1]
    atomic_add(count, 1, RELAXED, BLOCK)
    return 0


@noinline
def leave_frame(w: Ptr[Worker], frame: u64) -> None:
    """Leaves a frame to other lanes of the block, if there is room for it."""
    block = w.block
    number = w.round & 1
    count = addr(block.frame_counts[number])
    if atomic_load(count, RELAXED, BLOCK) < BLOCK_FRAMES:
        index = atomic_add(count, 1, RELAXED, BLOCK)
        if index < BLOCK_FRAMES:
            block.frames[number * BLOCK_FRAMES + u64(index)] = frame
            return
        atomic_sub(count, 1, RELAXED, BLOCK)
    release(w, frame, frame_words())


@noinline
def keep_frames(w: Ptr[Worker]) -> None:
    """At the end of a launch, the lanes keep the free frames of their block."""
    for number in range(2):
        frame = take_frame(w, number)
        while frame != 0:
            release(w, frame, frame_words())
            frame = take_frame(w, number)


@noinline
def push_frame(w: Ptr[Worker], frame: u64) -> None:
    """Has a ready frame run in the next round of the block, if it has room, or the next wave."""
    if w.mode != DEVICE:
        block = w.block
        index = u64(atomic_add(addr(block.ready[following(w.turn)]), 1, RELAXED, BLOCK))
        if index < w.shared.block_capacity:
            Ptr[u64](block.lists[w.round + 1 & 1])[index] = frame
            return
        atomic_sub(addr(block.ready[following(w.turn)]), 1, RELAXED, BLOCK)
    push_to_device(w, frame)


@noinline
def push_two(w: Ptr[Worker], first: u64, second: u64) -> None:
    """The same for two, side by side."""
    if w.mode != DEVICE:
        block = w.block
        index = u64(atomic_add(addr(block.ready[following(w.turn)]), 2, RELAXED, BLOCK))
        if index + 1 < w.shared.block_capacity:
            places = addr(Ptr[u64](block.lists[w.round + 1 & 1])[index])
            places[0] = first
            places[1] = second
            return
        atomic_sub(addr(block.ready[following(w.turn)]), 2, RELAXED, BLOCK)
    push_to_device(w, first)
    push_to_device(w, second)


@noinline
def push_four(w: Ptr[Worker], first: u64, second: u64, third: u64, fourth: u64) -> None:
    """The same for four."""
    if w.mode != DEVICE:
        block = w.block
        index = u64(atomic_add(addr(block.ready[following(w.turn)]), 4, RELAXED, BLOCK))
        if index + 3 < w.shared.block_capacity:
            places = addr(Ptr[u64](block.lists[w.round + 1 & 1])[index])
            places[0] = first
            places[1] = second
            places[2] = third
            places[3] = fourth
            return
        atomic_sub(addr(block.ready[following(w.turn)]), 4, RELAXED, BLOCK)
    push_to_device(w, first)
    push_to_device(w, second)
    push_to_device(w, third)
    push_to_device(w, fourth)


@noinline
def push_to_device(w: Ptr[Worker], frame: u64) -> None:
    """Has a ready frame run in the next wave."""
    shared = w.shared
    index = atomic_add(addr(shared.ready[(w.wave + 1) % ROUNDS]), 1, RELAXED)
    if index >= shared.capacity:
        stop_run(w, STOP_MEMORY, index)
    Ptr[u64](shared.lists[w.wave + 1 & 1])[index] = frame


@inline
def put_word(w: Ptr[Worker], target: u64, index: u64, value: u64) -> None:
    """Puts a word of a result where it belongs."""
    frame = target & ADDRESS_MASK
    if frame == 0:
        w.shared.result = value
    else:
        Ptr[u64](frame)[FIRST + (target >> SLOT_SHIFT) + index] = value


@inline
def ready(frame: u64, header: u64) -> u64:
    """A frame that is ready, with the state that its header tells, or that is one."""
    return frame | header << STATE_SHIFT


@inline
def stamp_of(wave: u64, block: u64, blocks: u64) -> u64:
    """What frames are stamped with that begin to wait in a wave in a block; 0 for all once there are no more stamps."""
    number = wave * blocks + block + 1
    return 0 if number > STAMP_MASK >> STAMP_SHIFT else number << STAMP_SHIFT


@inline
def arrive(w: Ptr[Worker], target: u64) -> u64:
    """A result is where it belongs. If it was the last one that was missing, gives the frame that waited for it, which
    is ready now, or 0.

    What a block makes ready in a wave, no other block runs in that wave. So all that arrive at a frame in the wave, and
    at the block, of its stamp are lanes of this block, and need an order among themselves only: that costs a GPU much
    less than one for all blocks.

    Where blocks have shared out what is ready, a frame that is older than that is for all in the next wave: so what
    goes on above the shares of blocks is shared out anew, and calls that are made together stay together. That is for
    regular programs; where waves have to be ended, it goes on at once.
    """
    frame = target & ADDRESS_MASK
    if frame == 0:
        return 0
    if target & ALONE_BIT != 0:
        return ready(frame, Ptr[u64](frame)[HEADER])
    header = addr(Ptr[u64](frame)[HEADER])
    stamp = w.stamp
    if stamp != 0 and atomic_load(header, RELAXED, BLOCK) & STAMP_MASK == stamp:
        found = atomic_sub(header, 1 << MISSING_SHIFT, ACQ_REL, BLOCK)
        return ready(frame, found) if found >> MISSING_SHIFT == 1 else 0
    found = atomic_sub(header, 1 << MISSING_SHIFT, RELEASE)
    if found >> MISSING_SHIFT != 1:
        return 0
    # What this reads is what all of them have changed, one after the other: so all that they did before is seen. On a
    # GPU it costs half of what a fence does, and only the last one pays it.
    atomic_load(header, ACQUIRE)
    if w.mode == SHARE and w.is_restless == 0:
        push_to_device(w, ready(frame, found))
        return 0
    return ready(frame, found)


@noinline
def give_one(w: Ptr[Worker], frame: u64, value: u64) -> u64:
    """What a frame was made for is known, and the frame is needed no more. Gives the ready one that goes on, or 0."""
    target = Ptr[u64](frame)[RETURN]
    free_frame(w, frame)
    put_word(w, target, 0, value)
    return arrive(w, target)


@noinline
def give_two(w: Ptr[Worker], frame: u64, first: u64, second: u64) -> u64:
    """The same for a result of two words."""
    target = Ptr[u64](frame)[RETURN]
    free_frame(w, frame)
    put_word(w, target, 0, first)
    put_word(w, target, 1, second)
    return arrive(w, target)
