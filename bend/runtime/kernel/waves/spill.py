"""What sequential runs do for lanes that have nothing left to do: they stop, and give away what they have not begun.

In rounds of a block, a run *suspends*: it keeps its stack, and goes on in the next round, where others find new frames.
If there are too few of those, or the wave ends, it gives the oldest calls away that it has not begun, which most often
are the largest ones. Where the stack is full, it *spills*: all that is on its stack becomes frames.
"""

from bend.runtime.kernel.direct.cells import WORD
from bend.runtime.kernel.lang import (
    BLOCK,
    RELAXED,
    Ptr,
    addr,
    atomic_add,
    atomic_load,
    atomic_store,
    extern,
    inline,
    noinline,
    u64,
)
from bend.runtime.kernel.waves.frames import (
    ADDRESS_MASK,
    ALONE_BIT,
    FIRST,
    HEADER,
    MISSING_SHIFT,
    RETURN,
    ROUNDS,
    SLOT_SHIFT,
    following,
    free_frame,
    new_frame,
    push_frame,
    ready,
)
from bend.runtime.kernel.waves.state import LOOK, SHARE, Worker
from bend.runtime.kernel.waves.stop import check_loop
from bend.runtime.kernel.waves.target import clock, time

# What is known of an entry of the stack by its state: how many words are in front of its state, how many of these its
# frame begins with, which word the result goes to that it waits for, the number of the frame's state, how many calls
# are still to be begun, and where these are described.
SIZE = 0
KEPT = 1
SLOT = 2
CODE = 3
CALLS = 4
FIRST_CALL = 5
# At the bottom of a stack: the state that gives the result which is waited for.
END = 6
# What is known of a call that is still to be begun: its state, where in the entry its arguments are, how many words
# they are, and which word its result goes to.
CALLED = 0
AT = 1
WORDS = 2
INTO = 3
# What a run does that has looked at what others do.
GO_ON = 0
SPILL = 1
SUSPEND = 2
# What it gives if it goes on in the next round. It is no address, and no number of words.
SUSPENDED = 3
# Half of the blocks wait for the others for this part of the time that the wave had taken before.
WAVE_PATIENCE = 2
# Where that was in vain in the wave before, no more than this part of the blocks is left without work.
FEW = 8
# Nanoseconds that a wave takes at least before it is ended.
SHORTEST_WAVE = 100_000
# Calls between two looks at most, however fast they are.
MOST_CALLS = 64


@extern
def entry_fact(state: u64, fact: u64) -> u64:
    """Something known of entries of the stack; the compiled program provides this."""


@extern
def call_fact(call: u64, fact: u64) -> u64:
    """Something known of a call that is still to be begun; the compiled program provides this."""


@inline
def idle_blocks(w: Ptr[Worker]) -> u64:
    """How many blocks have nothing left to do in this wave."""
    return atomic_load(addr(w.shared.idle[w.wave % ROUNDS]), RELAXED)


@inline
def is_device_hungry(w: Ptr[Worker]) -> bool:
    """Whether half of the blocks have nothing left to do in this wave."""
    return idle_blocks(w) * 2 > w.shared.blocks


@inline
def idle_lanes(w: Ptr[Worker]) -> u64:
    """How many lanes of this block have nothing left to do in this round."""
    return u64(atomic_load(addr(w.block.idle[w.turn]), RELAXED, BLOCK))


@inline
def is_hungry(w: Ptr[Worker]) -> bool:
    """Whether half of the lanes of this block that had something to do in this round have done it."""
    return idle_lanes(w) * 2 > w.shared.threads + w.workless


@noinline
def judge(w: Ptr[Worker], is_full: bool, waiting: u64) -> u64:
    """What a sequential run does at a call: `GO_ON`, `SPILL` or `SUSPEND`. So many calls wait on its stack."""
    check_loop(w)
    now = look(w)
    if is_full:
        return SPILL
    if w.mode == SHARE:
        return SUSPEND if is_wanted(w, now, waiting) else GO_ON
    return SPILL if waiting != 0 and (is_hungry(w) or is_device_hungry(w)) else GO_ON


@inline
def is_wanted(w: Ptr[Worker], now: u64, waiting: u64) -> bool:
    """Whether half of the lanes, or of the blocks, have waited long enough for this one. The run is of no use to them
    if it has no call to give away, and nothing is ready that others will take when it has come to a barrier.

    Runs that begin together most often end soon after each other, and to end one before has its price. So lanes wait
    for a part of the time that the round had taken before, and blocks for one of the time that the wave had taken; what
    they wait for in vain is never more than that.
    """
    following_ready = addr(w.block.ready[following(w.turn)])
    is_useful = waiting != 0 or atomic_load(following_ready, RELAXED, BLOCK) != 0
    if is_useful and is_hungry(w):
        if w.hungry_since == 0:
            w.hungry_since = now
        # Of equal runs, some lanes may have one more than half of them.
        patience: u64 = 1 if w.is_restless == 0 else 2
        if (now - w.hungry_since) * patience >= w.hungry_since - w.began:
            return True
    if not is_device_waiting(w):
        return False
    if not is_useful and atomic_load(addr(w.shared.ready[(w.wave + 1) % ROUNDS]), RELAXED) == 0:
        return False
    end_rounds(w)
    return True


@inline
def is_device_waiting(w: Ptr[Worker]) -> bool:
    """Whether so many blocks have waited so long that this one should share out what it has.

    Blocks of regular programs most often end at about the same time, and are waited for. Where they did not in the wave
    before, they will not in this one.
    """
    idle = idle_blocks(w)
    if idle * FEW <= w.shared.blocks:
        return False
    now = time(w)
    if now - w.wave_began < SHORTEST_WAVE:
        return False
    if w.is_restless != 0:
        return True
    if idle * 2 <= w.shared.blocks:
        return False
    since = atomic_load(addr(w.shared.hungry_since), RELAXED)
    if since < w.wave_began:
        atomic_store(addr(w.shared.hungry_since), now, RELAXED)
        return False
    # Another block may have seen it after this one looked at the clock.
    return now > since and (now - since) * WAVE_PATIENCE >= since - w.wave_began


@inline
def end_rounds(w: Ptr[Worker]) -> None:
    """This round of the block is the last one of the wave."""
    atomic_store(addr(w.block.is_over[following(w.turn)]), 1, RELAXED, BLOCK)


@inline
def look(w: Ptr[Worker]) -> u64:
    """What time it is. From how long the last calls took follows how many are made until the next look."""
    now = clock(w)
    took = now - w.looked
    w.looked = now
    if took > LOOK * 2:
        w.budget = w.budget // 2 | 1
    elif took < LOOK // 2 and w.budget < MOST_CALLS:
        w.budget *= 2
    return now


@noinline
def suspend(w: Ptr[Worker], frame: u64, below: u64, top: u64, waiting: u64) -> u64:
    """Ends a run of a frame for this round. The call that was to be next is on the stack, from `below` to `top`, so
    that the run can go on with it."""
    block = w.block
    w.suspended = frame
    w.top = top
    w.below = below
    w.waiting = waiting
    if u64(atomic_load(addr(block.ready[following(w.turn)]), RELAXED, BLOCK)) < idle_lanes(w):
        give_oldest(w)
    atomic_add(addr(block.held[following(w.turn)]), 1, RELAXED, BLOCK)
    return SUSPENDED


@noinline
def give_oldest(w: Ptr[Worker]) -> None:
    """Makes ready what the oldest entry of the stack that has such calls has not begun, and frames of this entry and
    of those below it. The run that is suspended then gives its result to them."""
    if w.waiting == 0:
        return
    frame = w.suspended
    top = w.below
    lowest: u64 = 0
    while top > w.bottom + WORD:
        state = Ptr[u64](top - WORD)[0]
        if entry_fact(state, CALLS) != 0:
            lowest = top
        top -= WORD * (entry_fact(state, SIZE) + 1)
    place = Ptr[u64](lowest - WORD)
    state = place[0]
    Ptr[u64](frame)[RETURN] = unwind(w, frame, lowest)
    place[0] = entry_fact(state, END)
    w.bottom = lowest - WORD
    w.waiting -= entry_fact(state, CALLS)


@noinline
def spill(w: Ptr[Worker], frame: u64, task: u64, top: u64) -> u64:
    """Makes frames of all that is on the stack of a sequential run of a frame, which gives its place up. A task, which
    was to be next, and all calls that were not begun are ready. Where only the stack was full, this lane goes on with
    the task, which is given; otherwise 0."""
    Ptr[u64](task & ADDRESS_MASK)[RETURN] = unwind(w, frame, top)
    free_frame(w, frame)
    if is_hungry(w) or is_device_hungry(w):
        push_frame(w, task)
        return 0
    return task


@noinline
def unwind(w: Ptr[Worker], frame: u64, top: u64) -> u64:
    """Makes frames of the entries of a stack below `top`, and makes ready what they have not begun. Says where the
    result goes that the last of them waits for."""
    inner: u64 = 0
    child: u64 = 0
    while top > w.bottom + WORD:
        state = Ptr[u64](top - WORD)[0]
        base = top - WORD * (entry_fact(state, SIZE) + 1)
        waits = new_frame(w)
        copy_words(base, waits, entry_fact(state, KEPT))
        missing = entry_fact(state, CALLS) + 1
        Ptr[u64](waits)[HEADER] = entry_fact(state, CODE) | w.stamp | missing << MISSING_SHIFT
        begin_calls(w, state, base, waits)
        target = waits | entry_fact(state, SLOT) << SLOT_SHIFT
        if missing == 1:
            target |= ALONE_BIT
        if child == 0:
            inner = target
        else:
            Ptr[u64](child)[RETURN] = target
        child = waits
        top = base
    if child == 0:
        return Ptr[u64](frame)[RETURN]
    Ptr[u64](child)[RETURN] = Ptr[u64](frame)[RETURN]
    return inner


@noinline
def begin_calls(w: Ptr[Worker], state: u64, base: u64, waits: u64) -> None:
    """Makes ready what an entry of the stack has not begun; the results go to the frame that the entry becomes."""
    first = entry_fact(state, FIRST_CALL)
    for index in range(entry_fact(state, CALLS)):
        call = first + index
        made = new_frame(w)
        Ptr[u64](made)[RETURN] = waits | call_fact(call, INTO) << SLOT_SHIFT
        copy_words(base + WORD * call_fact(call, AT), made, call_fact(call, WORDS))
        push_frame(w, ready(made, call_fact(call, CALLED)))


@inline
def copy_words(source: u64, frame: u64, count: u64) -> None:
    """Copies the words of a frame."""
    for index in range(count):
        Ptr[u64](frame)[FIRST + index] = Ptr[u64](source)[index]
