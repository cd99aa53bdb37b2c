"""Frames: calls that wait to be run, and functions that wait for what calls give (docs/waves.md).

A frame is a cell: its header, where its result goes, and words. The header holds the number of a state in its lower
half, and how many results are still missing in its upper half. A result goes to a word of a frame, whose number is in
the upper 15 bits; address 0 is that of the run. The bit below these says that the frame waits for this result only.
"""

from bend.runtime.kernel.direct.cells import allocate, release
from bend.runtime.kernel.lang import (
    ACQUIRE,
    BLOCK,
    RELAXED,
    RELEASE,
    Ptr,
    addr,
    atomic_add,
    atomic_sub,
    extern,
    fence,
    inline,
    noinline,
    u64,
)
from bend.runtime.kernel.waves.state import DEVICE, STOP_MEMORY, Worker
from bend.runtime.kernel.waves.stop import stop_run

HEADER = 0
RETURN = 1
FIRST = 2
MISSING_SHIFT = 32
SLOT_SHIFT = 49
ALONE_BIT = 1 << 48
ADDRESS_MASK = 0xFFFFFFFFFFFF
ROUNDS = 3


@extern
def frame_words() -> u64:
    """How many words a frame has; the compiled program provides this."""


@inline
def new_frame(w: Ptr[Worker]) -> u64:
    """A frame, whatever it holds."""
    return allocate(w, frame_words())


@inline
def free_frame(w: Ptr[Worker], frame: u64) -> None:
    """Gives a frame back."""
    release(w, frame, frame_words())


@noinline
def push_frame(w: Ptr[Worker], frame: u64) -> None:
    """Makes a frame ready for the next round of the block, if it has room, or the next wave."""
    if w.mode != DEVICE:
        block = w.block
        index = u64(atomic_add(addr(block.ready[(w.round + 1) % ROUNDS]), 1, RELAXED, BLOCK))
        if index < w.shared.block_capacity:
            Ptr[u64](block.lists[w.round + 1 & 1])[index] = frame
            return
        atomic_sub(addr(block.ready[(w.round + 1) % ROUNDS]), 1, RELAXED, BLOCK)
    push_to_device(w, frame)


@noinline
def push_to_device(w: Ptr[Worker], frame: u64) -> None:
    """Makes a frame ready for the next wave."""
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
def arrive(target: u64) -> u64:
    """A result is where it belongs. Gives the frame that waited for it, if it was the last one that was missing, or 0.
    """
    frame = target & ADDRESS_MASK
    if frame == 0 or target & ALONE_BIT != 0:
        return frame
    before = atomic_sub(addr(Ptr[u64](frame)[HEADER]), 1 << MISSING_SHIFT, RELEASE)
    if before >> MISSING_SHIFT != 1:
        return 0
    fence(ACQUIRE)
    return frame


@noinline
def give_one(w: Ptr[Worker], frame: u64, value: u64) -> u64:
    """What a frame was made for is known, and the frame is needed no more. Gives the frame that goes on, or 0."""
    target = Ptr[u64](frame)[RETURN]
    free_frame(w, frame)
    put_word(w, target, 0, value)
    return arrive(target)


@noinline
def give_two(w: Ptr[Worker], frame: u64, first: u64, second: u64) -> u64:
    """The same for a result of two words."""
    target = Ptr[u64](frame)[RETURN]
    free_frame(w, frame)
    put_word(w, target, 0, first)
    put_word(w, target, 1, second)
    return arrive(target)
