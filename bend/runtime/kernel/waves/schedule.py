"""Waves: each runs all frames that are ready, and makes those ready that the next one runs.

A wave of the device ends with a barrier for all lanes. How it runs depends on how many frames are ready:

* few: one block alone runs them in rounds, as long as there are no long runs;
* more, or long runs: each is run step by step, up to where several calls can be done at the same time, or to its end if
  that is far, by the lanes of all blocks;
* many: each block takes its share, and runs it in rounds until it has nothing left to do.

A round is a wave of one block, which has a list of its own and ends with a barrier of its own. With fewer frames than
lanes, each is run step by step, with more, each is run to its end by one lane. When half of the lanes of a block have
nothing to do, the others suspend what they do until the next round, and give calls away (`spill`). When half of the
blocks have none, all end their rounds: lanes give calls away that they have not begun, and go on in the next wave with
the rest; what is ready is shared out among the blocks that have lanes for it.

The work of a lane between two barriers is one call of `advance`; a GPU and the emulation on the CPU differ only in what
they do in between. All lanes of a block agree on which barrier comes next: they decide by what was written before the
last one.
"""

from bend.runtime.kernel.direct.cells import answer_wants
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
    u32,
    u64,
)
from bend.runtime.kernel.waves.constants import collect_constants, settle_constants
from bend.runtime.kernel.waves.frames import (
    ADDRESS_MASK,
    ROUNDS,
    following,
    give_one,
    give_two,
    keep_frames,
    push_frame,
    push_to_device,
    stamp_of,
)
from bend.runtime.kernel.waves.spill import SUSPENDED, end_rounds, give_oldest, is_device_waiting
from bend.runtime.kernel.waves.state import ALONE, DEVICE, SHARE, STOP_NONE, Worker
from bend.runtime.kernel.waves.stop import check_loop
from bend.runtime.kernel.waves.target import clock, time

# What a lane does after `advance`: it has done all its work, or waits for all lanes of the device, or of its block.
OVER = 0
GRID = 1
LOCAL = 2
# What a sequential run gives if it has come to its end: no address is that low.
ONE = 1
TWO = 2
# After so many steps without a fork a frame is run to its end.
MOST_STEPS = 32
# In one of how many rounds lanes look whether others lack free cells.
GIVING_ROUNDS = 16
# Lanes that a GPU runs together.
WARP = 32
# The block has enough to do, and takes nothing of what is ready.
NO_PLACE = 0xFFFFFFFF


@extern
def step(w: Ptr[Worker], frame: u64) -> u64:
    """Runs a ready frame up to the next call; gives the one that this lane should go on with, or 0. The compiled
    program provides this."""


@extern
def sequence(w: Ptr[Worker], frame: u64, start: u64) -> u64:
    """Runs a ready frame to its end; says how many words its result has, which are in `w.results`, or goes on with
    others (`next_run`) and gives 0. If it had to end before, made frames of what is left to do; gives the ready one
    that this lane should go on with, or 0; or it is suspended. `start` is the end of the stack if it was, or 0. The
    compiled program provides this."""


@inline
def advance(w: Ptr[Worker]) -> u64:
    """Runs a lane up to the next barrier; says which one."""
    if w.mode == DEVICE:
        return start_wave(w)
    return next_round(w)


# ---- waves of the device ----


@noinline
def start_wave(w: Ptr[Worker]) -> u64:
    """Begins a wave: runs it, or takes the share of the block."""
    shared = w.shared
    check_loop(w)
    answer_wants(w)
    wave = w.wave
    count = atomic_load(addr(shared.ready[wave % ROUNDS]), RELAXED)
    held = atomic_load(addr(shared.held[wave % ROUNDS]), RELAXED)
    if count + held == 0:
        keep_frames(w)
        return OVER
    if w.id == 0:
        shared.wave = wave
        settle_constants(w)
        begin_counters(w, (wave + 2) % ROUNDS)
    block = w.id // shared.threads
    w.stamp = stamp_of(wave, block, shared.blocks)
    w.wave_began = time(w)
    w.workless = 0
    w.is_restless = held
    is_long = atomic_load(addr(shared.is_long[wave % ROUNDS]), RELAXED) != 0
    if held == 0 and count <= shared.alone_below and not is_long:
        if block != 0:
            return end_wave(w, 0)
        w.mode = ALONE
        take_frames(w, 0, count)
        return LOCAL
    if held != 0 or count >= shared.step_below:
        w.mode = SHARE
        take_share(w, count, held)
        return LOCAL
    run_frames(w, shared.lists[wave & 1], spread_index(w), count, shared.blocks * shared.threads)
    if end_round(w) == shared.threads // 2:
        atomic_add(addr(shared.idle[wave % ROUNDS]), 1, RELAXED)
    return end_wave(w, 0)


@inline
def begin_counters(w: Ptr[Worker], number: u64) -> None:
    """The counters of a later wave begin anew."""
    shared = w.shared
    atomic_store(addr(shared.ready[number]), 0, RELAXED)
    atomic_store(addr(shared.idle[number]), 0, RELAXED)
    atomic_store(addr(shared.is_long[number]), 0, RELAXED)
    atomic_store(addr(shared.held[number]), 0, RELAXED)
    atomic_store(addr(shared.takers[number]), 0, RELAXED)


@inline
def spread_index(w: Ptr[Worker]) -> u64:
    """Which frame of the device is this lane's: as few as can be are in one block, and in one warp."""
    shared = w.shared
    block = w.id // shared.threads
    place = w.index
    if shared.threads % WARP == 0:
        place = w.index % WARP * (shared.threads // WARP) + w.index // WARP
    return place * shared.blocks + block


@inline
def end_wave(w: Ptr[Worker], held: u64) -> u64:
    """The next wave comes after a barrier of the device. So many lanes of the block go on then with what they do."""
    if w.id == 0:
        collect_constants(w)
    if w.index == 0:
        keep_place(w, held)
    w.mode = DEVICE
    w.wave += 1
    return GRID


@inline
def keep_place(w: Ptr[Worker], held: u64) -> None:
    """Says what the block has to do in the next wave already, and whether it takes more."""
    shared = w.shared
    number = (w.wave + 1) % ROUNDS
    w.block.kept = u32(held)
    w.block.place = NO_PLACE
    if held * 2 < shared.threads:
        w.block.place = u32(atomic_add(addr(shared.takers[number]), 1, RELAXED))
    if held != 0:
        atomic_add(addr(shared.held[number]), held, RELAXED)


@inline
def take_share(w: Ptr[Worker], count: u64, held: u64) -> None:
    """Takes the part of the frames of the device that is for this block. Where lanes go on with what they do, it is for
    those blocks that do not have enough of them, if there are any."""
    shared = w.shared
    place = w.id // shared.threads
    places = shared.blocks
    takers = atomic_load(addr(shared.takers[w.wave % ROUNDS]), RELAXED)
    if held != 0 and takers != 0:
        place = u64(w.block.place)
        places = takers
    if place == NO_PLACE:
        take_frames(w, 0, 0)
    else:
        take_frames(w, count * place // places, count * (place + 1) // places)


@noinline
def take_frames(w: Ptr[Worker], first: u64, end: u64) -> None:
    """Takes frames of the device for the first round of a block, as many as it has room for."""
    block = w.block
    source = Ptr[u64](w.shared.lists[w.wave & 1])
    target = Ptr[u64](block.lists[w.round & 1])
    count = end - first
    if count > w.shared.block_capacity:
        count = w.shared.block_capacity
    index = w.index
    while index < end - first:
        if index < count:
            target[index] = source[first + index]
        else:
            push_to_device(w, source[first + index])
        index += w.shared.threads
    if w.index == 0:
        block.ready[w.turn] = u32(count)
        block.taken[w.turn] = 0
        block.held[w.turn] = block.kept
        block.ends[w.round & 1] = 0
        block.is_over[w.turn] = 0


# ---- rounds of a block ----


@inline
def next_round(w: Ptr[Worker]) -> u64:
    """Runs a round, or ends the rounds of the block: it has nothing left to do, or too much."""
    shared = w.shared
    block = w.block
    threads = shared.threads
    if w.round % GIVING_ROUNDS == 0:
        answer_wants(w)
    count = u64(atomic_load(addr(block.ready[w.turn]), RELAXED, BLOCK))
    held = u64(atomic_load(addr(block.held[w.turn]), RELAXED, BLOCK))
    if count + held == 0:
        if w.index == 0:
            atomic_add(addr(shared.idle[w.wave % ROUNDS]), 1, RELAXED)
        return end_wave(w, 0)
    is_alone = w.mode == ALONE
    is_over = block.ends[w.round & 1] != 0 or atomic_load(addr(block.is_over[w.turn]), RELAXED, BLOCK) != 0
    if is_over or (is_alone and count > shared.alone_below):
        return give_back(w, block.lists[w.round & 1], count, held)
    w.workless = threads - count - held if count + held < threads else 0
    if held != 0 or w.index < count:
        run_share(w, count, held, not is_alone and is_much(w, count + held))
    if w.index == threads - 1:
        look_around(w)
    end_round(w)
    return LOCAL


@inline
def is_much(w: Ptr[Worker], count: u64) -> bool:
    """Whether there are enough runs for a round that runs them to their ends: one for half of the lanes, where another
    round to get more would take as long as it saves; or one for each, where their lengths differ."""
    return count >= (w.shared.rounds_below if w.is_restless != 0 else w.shared.rounds_below // 2)


@inline
def look_around(w: Ptr[Worker]) -> None:
    """The last lane, which has work more seldom than others, looks whether the next round should be: not if half of
    the blocks have nothing left to do, and have waited long enough for this one, or if the run was stopped."""
    is_stopped = atomic_load(addr(w.shared.stop), RELAXED) != STOP_NONE
    w.block.ends[w.round + 1 & 1] = 1 if is_stopped or is_device_waiting(w) else 0


@noinline
def give_back(w: Ptr[Worker], frames: u64, count: u64, held: u64) -> u64:
    """What is ready in the block is for all in the next wave, and so is what lanes have not begun."""
    w.mode = DEVICE
    if w.suspended != 0:
        give_oldest(w)
    index = w.index
    while index < count:
        push_to_device(w, Ptr[u64](frames)[index])
        index += w.shared.threads
    return end_wave(w, held)


@noinline
def run_share(w: Ptr[Worker], count: u64, held: u64, is_sequential: bool) -> None:
    """Goes on with what this lane has begun, and runs frames of the block's list. If there are no more than lanes, each
    knows its own: so those that were made together are run side by side. Otherwise each takes the next one when it is
    done with the one before; where it suspends that one, others may do the same before all frames have been taken."""
    frames = Ptr[u64](w.block.lists[w.round & 1])
    w.began = clock(w)
    w.hungry_since = 0
    is_dealt = held == 0 and count <= w.shared.threads
    if is_dealt:
        run(w, frames[w.index], is_sequential)
        return
    w.takes = 1 if is_sequential and w.is_restless != 0 else 0
    frame: u64 = 0
    while True:
        if w.suspended == 0:
            frame = take_next(w)
            if frame == 0:
                break
        run(w, frame, is_sequential)
        if w.suspended != 0:
            keep_rest_of_list(w, frames, count)
            break
    w.takes = 0


@inline
def take_next(w: Ptr[Worker]) -> u64:
    """The next frame of the block's list that nobody has taken, or 0."""
    block = w.block
    index = u64(atomic_add(addr(block.taken[w.turn]), 1, RELAXED, BLOCK))
    if index >= u64(atomic_load(addr(block.ready[w.turn]), RELAXED, BLOCK)):
        return 0
    return Ptr[u64](block.lists[w.round & 1])[index]


@noinline
def next_run(w: Ptr[Worker], frame: u64, words: u64) -> u64:
    """After the sequential run of a frame, which gave so many words: the ready frame that is run next, or 0. That is
    the one that waited for its result, or one of the block's list."""
    found = give(w, frame, words)
    return found if found != 0 else take_next(w)


@inline
def give(w: Ptr[Worker], frame: u64, words: u64) -> u64:
    """Passes on what a sequential run gave. Gives the ready frame that goes on, or 0."""
    if words == ONE:
        return give_one(w, frame, w.results[0])
    return give_two(w, frame, w.results[0], w.results[1])


@noinline
def keep_rest_of_list(w: Ptr[Worker], frames: Ptr[u64], count: u64) -> None:
    """Frames of the list that nobody has taken are ready in the next round, too."""
    taken = addr(w.block.taken[w.turn])
    while u64(atomic_load(taken, RELAXED, BLOCK)) < count:
        index = u64(atomic_add(taken, 1, RELAXED, BLOCK))
        if index < count:
            push_frame(w, frames[index])


@noinline
def run_frames(w: Ptr[Worker], frames: u64, first: u64, count: u64, lanes: u64) -> None:
    """Runs the frames of a list of the device that are this lane's, step by step."""
    index = first
    while index < count:
        run(w, Ptr[u64](frames)[index], False)
        index += lanes


@inline
def end_round(w: Ptr[Worker]) -> u64:
    """This lane has nothing left to do in a round; how many had none before. The counters of a later one begin anew."""
    block = w.block
    turn = w.turn
    w.turn = following(turn)
    w.round += 1
    if w.index == 0:
        later = following(w.turn)
        atomic_store(addr(block.ready[later]), 0, RELAXED, BLOCK)
        atomic_store(addr(block.idle[later]), 0, RELAXED, BLOCK)
        atomic_store(addr(block.taken[later]), 0, RELAXED, BLOCK)
        atomic_store(addr(block.held[later]), 0, RELAXED, BLOCK)
        atomic_store(addr(block.is_over[later]), 0, RELAXED, BLOCK)
    return u64(atomic_add(addr(block.idle[turn]), 1, RELAXED, BLOCK))


@noinline
def run(w: Ptr[Worker], frame: u64, is_sequential: bool) -> None:
    """Goes on with what is suspended; or runs a frame, to its end or step by step. Then it runs what that calls and
    what waits for it step by step, until several calls can be done at the same time or nothing is left to do here. Many
    steps in a row are a sequential run, which is for a wave of the device if one block runs alone."""
    steps: u64 = MOST_STEPS if is_sequential or w.suspended != 0 else 0
    while True:
        if steps == MOST_STEPS:
            if w.mode == ALONE:
                pass_on(w, frame)
                return
            frame = run_to_end(w, frame)
            steps = 0
        else:
            frame = step(w, frame)
            steps += 1
        if frame == 0:
            return


@noinline
def pass_on(w: Ptr[Worker], frame: u64) -> None:
    """A long run has begun: the rounds of the block that is alone end, and all that is ready is spread over the device.
    """
    push_to_device(w, frame)
    atomic_store(addr(w.shared.is_long[(w.wave + 1) % ROUNDS]), 1, RELAXED)
    end_rounds(w)


@inline
def run_to_end(w: Ptr[Worker], frame: u64) -> u64:
    """Runs a frame, or what is suspended, to its end; gives the frame that goes on, or 0. Or makes frames of what is
    left to do, or suspends it."""
    w.looked = clock(w)
    start: u64 = 0
    if w.suspended != 0:
        frame = w.suspended
        start = w.top
        w.suspended = 0
    ended = sequence(w, frame, start)
    if ended != 0 and ended < SUSPENDED:
        return give(w, frame & ADDRESS_MASK, ended)
    return 0 if ended == SUSPENDED else ended
